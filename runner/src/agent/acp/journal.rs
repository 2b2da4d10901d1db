//! Which prompts an agent was given, and how they ended: the protocol has no way to ask afterwards.
//! A prompt is written down before it is given.

use super::session::Usual;
use crate::agent::End;
use anyhow::Context;
use poco_core::Text;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a conversation that nobody goes on with is remembered.
const KEPT: Duration = Duration::from_secs(60 * 60 * 24 * 90);

/// One list for each conversation, with a line for each prompt, and what came of the last one.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

/// What is known of a prompt.
#[derive(Debug, PartialEq)]
pub(super) enum Standing {
    Never,
    /// It may have been given, and how it ended is not known.
    Given,
    Over(Over),
}

/// What came of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Over {
    task: String,
    end: Word,
    /// Why, if it is no good end.
    reason: Text,
    pub(super) answer: String,
    pub(super) steps: Vec<Text>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Completed,
    Failed,
    Stopped,
    Lost,
}

impl Over {
    pub(super) fn new(task: &str, end: &End, answer: String, steps: Vec<Text>) -> Self {
        let (end, reason) = match end {
            End::Completed => (Word::Completed, Text::default()),
            End::Failed { reason } => (Word::Failed, reason.clone()),
            End::Stopped => (Word::Stopped, Text::default()),
            End::Lost { reason } => (Word::Lost, reason.clone()),
        };
        Self { task: task.to_owned(), end, reason, answer, steps }
    }

    pub(super) fn end(&self) -> End {
        let reason = self.reason.clone();
        match self.end {
            Word::Completed => End::Completed,
            Word::Failed => End::Failed { reason },
            Word::Stopped => End::Stopped,
            Word::Lost => End::Lost { reason },
        }
    }
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

    /// Keeps what came of the last prompt.
    pub(super) fn finish(&self, thread: &str, over: &Over) -> anyhow::Result<()> {
        let text = serde_json::to_string(over).context("write down what came of a prompt")?;
        replace(&self.file(thread).with_extension("json"), &text).context("keep an answer")
    }

    /// Keeps what a conversation was begun with, for whoever opens it again.
    pub(super) fn keep_usual(&self, thread: &str, usual: &Usual) -> anyhow::Result<()> {
        make(&self.folder)?;
        let text = serde_json::to_string(usual).context("word it")?;
        replace(&self.file(thread).with_extension("usual"), &text).context("write it")
    }

    pub(super) fn usual(&self, thread: &str) -> Option<Usual> {
        let kept = std::fs::read(self.file(thread).with_extension("usual")).ok()?;
        serde_json::from_slice(&kept).ok()
    }

    pub(super) fn standing(&self, thread: &str, task: &str) -> anyhow::Result<Standing> {
        let text = match std::fs::read_to_string(self.file(thread)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Standing::Never),
            Err(error) => return Err(error).context("read which prompts were given"),
        };
        let of_task = |line: &&str| line.split_once(' ').is_some_and(|(_, it)| it == task);
        if !text.lines().rfind(of_task).is_some_and(|line| line.starts_with("given ")) {
            return Ok(Standing::Never);
        }
        let kept = std::fs::read_to_string(self.file(thread).with_extension("json")).ok();
        let over: Option<Over> = kept.and_then(|text| serde_json::from_str(&text).ok());
        Ok(over.filter(|over| over.task == task).map_or(Standing::Given, Standing::Over))
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

/// Writes a file as a whole, for this user's eyes only.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    let mut options = OpenOptions::new();
    let opened = options.create(true).write(true).truncate(true).mode(0o600).open(&draft);
    opened.and_then(|mut it| it.write_all(text.as_bytes()))?;
    std::fs::rename(draft, file)
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
    fn what_was_given_and_what_came_of_it_is_known_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path().join("given"));
        assert_eq!(journal.standing("s", "t1").unwrap(), Standing::Never);
        journal.give("s", "t1").unwrap();
        journal.give("s", "t2").unwrap();
        journal.take_back("s", "t2").unwrap();
        let again = Journal::new(dir.path().join("given"));
        assert_eq!(again.standing("s", "t1").unwrap(), Standing::Given);
        for (thread, task) in [("s", "t2"), ("s", "t"), ("other", "t1")] {
            assert_eq!(again.standing(thread, task).unwrap(), Standing::Never);
        }
        again.give("s", "t2").unwrap();
        let end = End::Failed { reason: Text::verbatim("offline") };
        let over = Over::new("t2", &end, "So far".to_owned(), vec![]);
        again.finish("s", &over).unwrap();
        again.tidy();
        assert_eq!(over.end(), end);
        assert_eq!(again.standing("s", "t2").unwrap(), Standing::Over(over));
        assert_eq!(again.standing("s", "t1").unwrap(), Standing::Given);
    }
}
