//! What comes with a person's words and what goes with an agent's: names only, for the bytes are
//! fetched and sent by the machine the task runs on.

use crate::{EventId, MessageRef, PagesId, TaskId, Text, Timestamp, Topic, UserId};
use serde::{Deserialize, Serialize};

/// The most files that go with one prompt.
pub const FILES_MAX: usize = 10;

/// The most messages that are quoted in one prompt.
pub const QUOTES_MAX: usize = 5;

/// How long files that came without words wait for some, in milliseconds.
pub const HOLD_FOR: u64 = 10 * 60 * 1_000;

/// The most people whose files wait for words in one chat.
pub const HELD_MAX: usize = 8;

/// The most files that a final card offers to send.
pub const OFFERED_MAX: usize = 5;

/// The name of a picture that has none of its own.
pub const PICTURE: &str = "picture";

/// What goes with a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Enclosed {
    #[serde(default)]
    pub files: Vec<Attachment>,
    #[serde(default)]
    pub quotes: Vec<Quote>,
}

/// A file in a message, as the chat platform keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    pub message: MessageRef,
    pub key: String,
    pub media: Media,
    /// What people call it. Anybody chose it: it is no path.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Media {
    /// An agent can look at it.
    Picture,
    File,
}

/// A message whose text goes with a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pub message: MessageRef,
    /// It is a bundle of forwarded messages.
    pub bundle: bool,
}

/// Files of one person that came without words, and wait for some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// What brought the first of them.
    pub id: EventId,
    pub by: UserId,
    pub topic: Option<Topic>,
    pub enclosed: Enclosed,
    /// When the last of them came.
    pub at: Timestamp,
}

/// Something that goes with a prompt and could not be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// The key of an attachment, or the message of a quote.
    pub key: String,
    pub name: Text,
    pub why: Text,
}

/// What a turn brought beside its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Brought {
    /// Full paths of files that the answer names.
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub changes: Option<Changes>,
}

/// What a turn changed, kept in pages of a diff that folds by file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    pub id: PagesId,
    /// At least 1.
    pub pages: usize,
    pub files: usize,
    pub added: usize,
    pub removed: usize,
}

impl Enclosed {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.quotes.is_empty()
    }

    /// Adds what came later.
    pub(crate) fn extend(&mut self, later: Self) {
        self.files.extend(later.files);
        for quote in later.quotes {
            if !self.quotes.contains(&quote) {
                self.quotes.push(quote);
            }
        }
    }

    /// Whether it is more than may go with one prompt.
    pub(crate) fn is_too_much(&self) -> bool {
        self.files.len() > FILES_MAX || self.quotes.len() > QUOTES_MAX
    }

    /// Leaves out what could not be had.
    pub(crate) fn without(&self, missing: &[Missing]) -> Self {
        let is_there = |key: &str| missing.iter().all(|it| it.key != key);
        let files = self.files.iter().filter(|it| is_there(&it.key)).cloned().collect();
        let quotes = self.quotes.iter().filter(|it| is_there(it.message.as_str()));
        Self { files, quotes: quotes.cloned().collect() }
    }
}

impl Held {
    /// Whether it is this person's, in this place.
    pub(crate) fn is_of(&self, by: &UserId, topic: Option<&Topic>) -> bool {
        self.by == *by && self.topic.as_ref().map(|it| &it.id) == topic.map(|it| &it.id)
    }

    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        now.since(self.at) > HOLD_FOR
    }
}

/// What became of files that waited for words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    Went {
        task: TaskId,
    },
    Dropped,
    Late,
    /// The project was deleted.
    Gone,
}
