//! The programs of agents: found as a shell finds them, and started without our secrets.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// PoCo's own settings begin so; secrets among them are none of an agent's business.
const OURS: &str = "POCO_";

/// Looks for a program on a search path, or where its name says that it is.
pub(crate) fn find(name: &OsStr, path: Option<&OsStr>) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if Path::new(name).components().count() > 1 {
        return runs(Path::new(name)).then(|| name.into());
    }
    std::env::split_paths(path?).map(|folder| folder.join(name)).find(|it| runs(it))
}

pub(crate) fn runs(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
}

/// Returns what agents may see of an environment.
pub(crate) fn theirs(env: &[(OsString, OsString)]) -> impl Iterator<Item = (&OsString, &OsString)> {
    let ours = |name: &OsStr| name.to_string_lossy().starts_with(OURS);
    env.iter().filter(move |(name, _)| !ours(name)).map(|(name, value)| (name, value))
}
