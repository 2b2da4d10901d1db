//! What PoCo needs from the world. Each trait is as small as its use.

use async_trait::async_trait;
use poco_core::{
    Attachment, Card, CardRef, ChatId, Command, Lang, Media, MessageRef, RunnerId, Text, UserId,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A shelf of versioned documents.
#[async_trait]
pub trait Store: Send + Sync {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>>;

    /// Writes `document`, provided the stored version is the one before it: 1 for a new one.
    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError>;

    /// Lists keys that start with `prefix`, in byte order, from the one behind `after` on: a page
    /// of at most [`KEYS_MAX`]. Fewer than that means there are no more.
    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>>;

    /// Like [`Store::keys`], backwards: from the one before `before` down.
    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>>;

    /// Like [`Store::keys`], of documents that are [`Document::due`]: it costs what there is to
    /// list, however many others there are. `None` if this shelf cannot tell.
    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>>;
}

/// The most keys in a page.
pub const KEYS_MAX: usize = 100;

/// A JSON text with its place in the line of versions; the first is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub version: u64,
    pub body: String,
    /// Something is to be done about it: it can be found without looking at all others.
    pub due: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error("another writer came first")]
    Conflict,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// The way to the runner: at least once, and in order within a chat.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends a job. Sending the same id again within five minutes sends nothing.
    async fn send(&self, job: &Job) -> anyhow::Result<()>;

    /// Waits a while for jobs; none is no error. A job whose chat has an earlier one under way is
    /// held back until that one is done.
    async fn receive(&self) -> anyhow::Result<Vec<Delivery>>;

    /// Strikes a job off: its command has taken effect.
    async fn done(&self, delivery: &Delivery) -> anyhow::Result<()>;

    /// Gives a job back, to be delivered again after a while.
    async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()>;

    /// How often it delivers a job before it takes it out by itself; `None` if it never does.
    async fn deliveries_max(&self) -> Option<u32> {
        None
    }

    /// Takes out a job that failed every time, for its operator to look at where a queue keeps such
    /// jobs. Until it is out it may be delivered again.
    async fn put_aside(&self, delivery: &Delivery) -> anyhow::Result<()> {
        self.done(delivery).await
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The same job always carries the same id.
    pub id: String,
    pub chat: ChatId,
    /// The machine it is for.
    #[serde(default = "RunnerId::local")]
    pub runner: RunnerId,
    pub command: Command,
}

/// A job as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub job: Job,
    /// Names this delivery to the queue.
    pub receipt: String,
    /// How often the job has been delivered, this time included.
    pub tries: u32,
}

/// A place where cards are shown.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Posts a card. Posting again under the same `once` posts nothing and returns the first.
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError>;

    /// Makes a posted card look like `card`, unless a later `order` already has.
    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError>;

    /// Shows output as it comes. May be skipped, and never replaces a later `order`.
    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError>;

    /// Opens a chat with one member. Opening again under the same `once` returns the first.
    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError>;
}

/// What people send beside words, and what they are sent beside cards.
#[async_trait]
pub trait Files: Send + Sync {
    /// Fetches a file. Refused if it has more than `limit` bytes.
    async fn fetch(&self, file: &Attachment, limit: usize) -> Result<Vec<u8>, ChatError>;

    /// Reads a message; of a bundle of forwarded ones, each of them, oldest first. None if it is
    /// one of our own cards, which can't be read back.
    async fn read(&self, message: &MessageRef) -> Result<Vec<Said>, ChatError>;

    /// Sends a file into a chat, below a message if one is named. Sending again under the same
    /// `once` within an hour sends nothing.
    async fn send(
        &self,
        chat: &ChatId,
        under: Option<&MessageRef>,
        parcel: &Parcel,
        once: &str,
    ) -> Result<(), ChatError>;
}

/// What somebody said in a message, in markdown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    pub text: String,
    pub files: Vec<Attachment>,
}

/// A file to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub name: String,
    pub media: Media,
    pub bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The message can no longer be changed; a new one must be posted.
    #[error("the message is gone: {}", .0.of(Lang::En))]
    Gone(Text),
    /// It will never work like this; the text says why and what to do.
    #[error("{}", .0.of(Lang::En))]
    Refused(Text),
    /// It may work later.
    #[error(transparent)]
    Later(#[from] anyhow::Error),
}

/// What the chat platform calls a posted card. Only the platform's adapter reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub String);

impl MessageId {
    /// Says whether this is the message of a card that was pressed. The first word of an id is what
    /// the platform itself calls the message; an adapter may put more behind it.
    pub fn is(&self, card: &CardRef) -> bool {
        self.0.split(' ').next() == Some(card.as_str())
    }
}
