//! The real agents that tests run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the native codex program, installed first if it is missing.
///
/// # Panics
/// If it can't be installed; the installer says why.
pub fn codex_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| install("codex", "@openai")).clone()
}

/// Returns the native program of Claude Code, installed first if it is missing.
///
/// # Panics
/// If it can't be installed; the installer says why.
pub fn claude_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| install("claude", "@anthropic-ai")).clone()
}

/// Returns the native program of opencode, installed first if it is missing.
///
/// # Panics
/// If it can't be installed; the installer says why.
pub fn opencode_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| install("opencode", "")).clone()
}

/// Returns npm's launcher of the same codex, which is what people have on their PATH.
pub fn codex_launcher() -> PathBuf {
    codex_program();
    root().join(".tools/codex/node_modules/.bin/codex")
}

fn install(name: &str, scope: &str) -> PathBuf {
    let script = root().join(format!("tests/tools/install-{name}.sh"));
    let status = Command::new(&script).status().unwrap();
    assert!(status.success(), "{name} could not be installed by {}", script.display());
    let packages = root().join(format!(".tools/{name}/node_modules/{scope}"));
    search(&packages, name)
        .unwrap_or_else(|| panic!("there is no {name} under {}", packages.display()))
}

/// Looks for it in its package for this platform: where it lies there has changed before.
fn search(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<_> = folder.read_dir().ok()?.flatten().map(|entry| entry.path()).collect();
    let marks = ["vendor", "claude-code-", "opencode-"].map(OsStr::new);
    let is_native = |part: &OsStr| {
        let part = part.as_encoded_bytes();
        marks.iter().any(|mark| part.starts_with(mark.as_encoded_bytes()))
    };
    let native = folder.components().any(|part| is_native(part.as_os_str()));
    let program = |path: &&PathBuf| native && path.ends_with(name) && path.is_file();
    let found = entries.iter().find(program).cloned();
    let folders = entries.iter().filter(|path| path.is_dir());
    found.or_else(|| folders.into_iter().find_map(|path| search(path, name)))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
