//! The codex program: where it is, and with what it is started.

use crate::agent::program::{self, runs};
use crate::agent::surroundings::Surroundings;
use poco_core::Text;
use poco_core::words::agent as words;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The folder levels of an npm package that are searched for the native program.
const DEPTH_MAX: usize = 8;

pub(super) struct Program(program::Program);

impl Program {
    pub(super) fn new(words: &[String], surroundings: &Surroundings) -> Self {
        Self(program::Program::new(words, surroundings))
    }

    /// Finds the program, or says why not and what to do.
    pub(super) fn find(&self) -> Result<PathBuf, Text> {
        let Some(found) = self.0.find() else {
            return Err(words::codex_missing(self.0.name()));
        };
        Ok(native(&found).unwrap_or(found))
    }

    /// Prepares to start `codex app-server`.
    pub(super) fn app_server(
        &self,
        arguments: &[&OsStr],
        folder: &Path,
        log: std::fs::File,
    ) -> Result<Command, Text> {
        let mut command = self.0.command(&self.find()?);
        command
            .arg("app-server")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }

    /// Tells one way of starting codex from another: the program file, its arguments, its home and
    /// what of AWS it is given.
    pub(super) fn signature(&self) -> String {
        let program = self.find().unwrap_or_default();
        let file = program.metadata().ok();
        let size = file.as_ref().map_or(0, std::fs::Metadata::len);
        let changed = file.and_then(|file| file.modified().ok());
        let changed = changed.and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
        let home = self.0.var("CODEX_HOME").unwrap_or_default();
        let text = format!(
            "{program:?} {size} {:?} {:?} {home:?} {:?}",
            changed.map(|it| it.as_secs()),
            self.0.arguments(),
            self.0.passed()
        );
        format!("{:016x}", poco_core::hash(&text))
    }
}

/// Finds the native program behind npm's launcher, which is slower and can't be killed as one.
fn native(launcher: &Path) -> Option<PathBuf> {
    let script = launcher.canonicalize().ok()?;
    if script.extension()? != "js" {
        return None;
    }
    let package = script.parent()?.parent()?;
    // Its platform package lies in it or, more often, beside it.
    [package, package.parent()?].into_iter().find_map(|folder| search(folder, DEPTH_MAX))
}

fn search(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut folders = vec![];
    for entry in folder.read_dir().ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            folders.push(path);
        } else if entry.file_name() == "codex" && in_vendor(&path) && runs(&path) {
            return Some(path);
        }
    }
    if depth == 0 {
        return None;
    }
    folders.sort();
    folders.iter().find_map(|folder| search(folder, depth - 1))
}

fn in_vendor(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "vendor")
}
