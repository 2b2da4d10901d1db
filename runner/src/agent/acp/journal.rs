//! Which prompts an agent was given: written down before they are, for the protocol has no way to
//! ask the agent afterwards.

use anyhow::Context;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a conversation that nobody goes on with is remembered.
const KEPT: Duration = Duration::from_secs(60 * 60 * 24 * 90);

/// One file for each conversation: a line for each prompt.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

impl Journal {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes down that a prompt is about to be given. It is on the disk afterwards.
    pub(super) fn give(&self, thread: &str, task: &str) -> anyhow::Result<()> {
        self.append(thread, &format!("given {task}\n"))
    }

    /// Writes down that it was not given after all.
    pub(super) fn take_back(&self, thread: &str, task: &str) -> anyhow::Result<()> {
        self.append(thread, &format!("not {task}\n"))
    }

    /// Whether a prompt may have been given.
    pub(super) fn was_given(&self, thread: &str, task: &str) -> anyhow::Result<bool> {
        let text = match std::fs::read_to_string(self.file(thread)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).context("read which prompts were given"),
        };
        let of_task = |line: &&str| line.split_once(' ').is_some_and(|(_, it)| it == task);
        let last = text.lines().rfind(of_task);
        Ok(last.is_some_and(|line| line.starts_with("given ")))
    }

    /// Forgets conversations that nobody went on with for long.
    pub(super) fn tidy(&self) {
        let Ok(entries) = self.folder.read_dir() else { return };
        for entry in entries.flatten() {
            let changed = entry.metadata().and_then(|it| it.modified()).ok();
            let age = changed.and_then(|it| SystemTime::now().duration_since(it).ok());
            if age.is_some_and(|age| age > KEPT) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn append(&self, thread: &str, line: &str) -> anyhow::Result<()> {
        make(&self.folder)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.file(thread))
            .context("open the list of prompts")?;
        file.write_all(line.as_bytes()).context("write down a prompt")?;
        file.sync_data().context("keep a prompt")
    }

    fn file(&self, thread: &str) -> PathBuf {
        self.folder.join(format!("{:016x}", poco_core::hash(thread)))
    }
}

/// Makes a folder for this user's eyes only.
pub(super) fn make(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("make the folder {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_known_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("given"));
        assert!(!journal.was_given("s", "t1").unwrap());
        journal.give("s", "t1").unwrap();
        journal.give("s", "t2").unwrap();
        journal.take_back("s", "t2").unwrap();
        let again = Journal::new(dir.path().join("given"));
        assert!(again.was_given("s", "t1").unwrap());
        assert!(!again.was_given("s", "t2").unwrap());
        assert!(!again.was_given("s", "t").unwrap() && !again.was_given("other", "t1").unwrap());
        again.give("s", "t2").unwrap();
        again.tidy();
        assert!(again.was_given("s", "t2").unwrap());
    }
}
