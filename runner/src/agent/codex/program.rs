//! The codex program: where it is, and with what it is started.

use crate::agent::program::{self, runs};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The folder levels of an npm package that are searched for the native program.
const DEPTH_MAX: usize = 8;

pub(super) struct Program {
    words: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Program {
    pub(super) fn new(words: &[String]) -> Self {
        Self {
            words: words.iter().map(OsString::from).collect(),
            env: std::env::vars_os().collect(),
        }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.retain(|(it, _)| it != name);
        self.env.push((name.into(), value.into()));
    }

    fn var(&self, name: &str) -> Option<&OsStr> {
        self.env.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_os_str())
    }

    /// Finds the program, or says why not and what to do.
    pub(super) fn find(&self) -> Result<PathBuf, String> {
        let name = self.words.first().map(OsString::as_os_str).unwrap_or_default();
        let Some(found) = self.on_path(name) else {
            let name = name.to_string_lossy();
            return Err(format!(
                "codex was not found: there is no program `{name}`. Install it with `npm install \
                 -g @openai/codex`, or set POCO_CODEX_COMMAND to where it is."
            ));
        };
        Ok(native(&found).unwrap_or(found))
    }

    fn on_path(&self, name: &OsStr) -> Option<PathBuf> {
        program::find(name, self.var("PATH"))
    }

    /// Prepares to start `codex app-server`, in its own process group and without our secrets.
    pub(super) fn app_server(
        &self,
        arguments: &[&OsStr],
        folder: &Path,
        log: std::fs::File,
    ) -> Result<Command, String> {
        let program = self.find()?;
        let mut command = match self.on_path(OsStr::new("setsid")) {
            // A session of its own: no terminal of ours can end it. It replaces itself with codex.
            Some(setsid) => {
                let mut command = Command::new(setsid);
                command.arg(program);
                command
            }
            None => {
                let mut command = Command::new(program);
                command.process_group(0);
                command
            }
        };
        command
            .args(self.words.iter().skip(1))
            .arg("app-server")
            .args(arguments)
            .env_clear()
            .envs(program::theirs(&self.env))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Ok(command)
    }

    /// Tells one way of starting codex from another: the program file, its arguments and its home.
    pub(super) fn signature(&self) -> String {
        let program = self.find().unwrap_or_default();
        let file = program.metadata().ok();
        let size = file.as_ref().map_or(0, std::fs::Metadata::len);
        let changed = file.and_then(|file| file.modified().ok());
        let changed = changed.and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
        let home = self.var("CODEX_HOME").unwrap_or_default();
        let text = format!(
            "{program:?} {size} {:?} {:?} {home:?}",
            changed.map(|it| it.as_secs()),
            &self.words[1.min(self.words.len())..]
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
