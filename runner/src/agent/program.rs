//! A program that people install, and the environment it is started in.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// PoCo's own settings begin so; secrets among them are none of an agent's business.
const OURS: &str = "POCO_";

#[derive(Clone)]
pub(in crate::agent) struct Program {
    words: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Program {
    /// Takes the program and its first arguments, and the environment of this process.
    pub(in crate::agent) fn new(words: &[String]) -> Self {
        Self {
            words: words.iter().map(OsString::from).collect(),
            env: std::env::vars_os().collect(),
        }
    }

    /// Returns another program in the same environment.
    pub(in crate::agent) fn named(&self, words: &[String]) -> Self {
        Self { words: words.iter().map(OsString::from).collect(), env: self.env.clone() }
    }

    pub(in crate::agent) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.retain(|(it, _)| it != name);
        self.env.push((name.into(), value.into()));
    }

    pub(in crate::agent) fn unset(&mut self, name: &str) {
        self.env.retain(|(it, _)| it != name);
    }

    pub(in crate::agent) fn var(&self, name: &str) -> Option<&OsStr> {
        self.env.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_os_str())
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
    /// and without our secrets.
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
        let ours = |name: &OsStr| name.to_string_lossy().starts_with(OURS);
        let theirs = self.env.iter().filter(|(name, _)| !ours(name));
        command.args(self.arguments()).env_clear().envs(theirs.map(|(name, value)| (name, value)));
        command
    }
}

/// Whether this is a file that can be started.
pub(in crate::agent) fn runs(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
}
