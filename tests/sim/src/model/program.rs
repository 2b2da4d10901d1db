//! The real codex that tests run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the native codex program, installed first if it is missing.
///
/// # Panics
/// If it can't be installed; the installer says why.
pub fn codex_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(install).clone()
}

/// Returns npm's launcher of the same codex, which is what people have on their PATH.
pub fn codex_launcher() -> PathBuf {
    codex_program();
    root().join(".tools/codex/node_modules/.bin/codex")
}

fn install() -> PathBuf {
    let script = root().join("tests/tools/install-codex.sh");
    let status = Command::new(&script).status().unwrap();
    assert!(status.success(), "codex could not be installed by {}", script.display());
    let packages = root().join(".tools/codex/node_modules/@openai");
    search(&packages).unwrap_or_else(|| panic!("there is no codex under {}", packages.display()))
}

/// Looks for it: where it lies within its package has changed before.
fn search(folder: &Path) -> Option<PathBuf> {
    let entries: Vec<_> = folder.read_dir().ok()?.flatten().map(|entry| entry.path()).collect();
    let in_vendor = folder.components().any(|part| part.as_os_str() == "vendor");
    let program = |path: &&PathBuf| in_vendor && path.ends_with("codex") && path.is_file();
    let found = entries.iter().find(program).cloned();
    found.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| search(path)))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
