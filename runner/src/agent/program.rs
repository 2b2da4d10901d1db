//! A program that people install, and the environment it is started in.

use super::process::{MARK, fresh_mark};
use super::surroundings::Surroundings;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use tokio::process::Command;

#[derive(Clone)]
pub(in crate::agent) struct Program {
    words: Vec<OsString>,
    surroundings: Surroundings,
}

impl Program {
    /// Takes the program and its first arguments, and the environment it is started in.
    pub(in crate::agent) fn new(words: &[String], surroundings: &Surroundings) -> Self {
        let words = words.iter().map(OsString::from).collect();
        Self { words, surroundings: surroundings.clone() }
    }

    /// Returns another program in the same environment.
    pub(in crate::agent) fn named(&self, words: &[String]) -> Self {
        Self::new(words, &self.surroundings)
    }

    pub(in crate::agent) fn unset(&mut self, name: &str) {
        self.surroundings.unset(name);
    }

    pub(in crate::agent) fn var(&self, name: &str) -> Option<&OsStr> {
        self.surroundings.get(name)
    }

    /// Names what of AWS it finds in its environment.
    pub(in crate::agent) fn passed(&self) -> &[String] {
        self.surroundings.passed()
    }

    /// What people call it, as it was set.
    pub(in crate::agent) fn name(&self) -> String {
        self.words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The first arguments it is always given.
    pub(in crate::agent) fn arguments(&self) -> &[OsString] {
        &self.words[1.min(self.words.len())..]
    }

    /// Finds the file that is started.
    pub(in crate::agent) fn find(&self) -> Option<PathBuf> {
        self.on_path(self.words.first()?)
    }

    fn on_path(&self, name: &OsStr) -> Option<PathBuf> {
        if name.is_empty() {
            return None;
        }
        if Path::new(name).components().count() > 1 {
            return runs(Path::new(name)).then(|| name.into());
        }
        let path = self.var("PATH")?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|it| runs(it))
    }

    /// Prepares to start a program file with the first arguments, in a process group of its own
    /// and in its surroundings.
    pub(in crate::agent) fn command(&self, program: &Path) -> Command {
        let mut command = match self.on_path(OsStr::new("setsid")) {
            // A session of its own: no terminal of ours can end it. It replaces itself.
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
        command.args(self.arguments()).env_clear().envs(self.surroundings.iter());
        command.env(MARK, fresh_mark());
        command
    }
}

/// Whether this is a file that can be started.
pub(in crate::agent) fn runs(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
}
