//! What people set up in a project: where it works, with which agent, in which conversation.

use crate::{CardKey, ChatId, EventId, RunnerId, ThreadId, Timestamp};
use serde::{Deserialize, Serialize};

/// The most folders people may keep for a project to choose from.
pub const PRESETS_MAX: usize = 20;

/// The most folders remembered that a project worked in.
pub const RECENT_MAX: usize = 8;

/// The most conversations remembered of a project.
pub const PAST_MAX: usize = 20;

/// The most folders looked at in one project at a time.
pub const LOOKING_MAX: usize = 8;

/// The longest path people may give, in bytes.
pub const PATH_BYTES_MAX: usize = 1024;

/// The most folders on one page of a list.
pub const FOLDERS_SHOWN: usize = 30;

/// Where a project works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dir {
    /// FolderQuery through folders, from the present one if the path is empty.
    Browse(FolderQuery),
    /// Show the field for a path.
    Type {
        path: String,
    },
    /// Work there.
    Apply {
        path: String,
    },
    /// Work where the project did at first, or in the folder that was set as its usual one.
    UseDefault,
    /// List the folders that are kept, to work in one.
    Presets,
    /// Work in one of those.
    ApplyPreset {
        path: String,
    },
    /// List the folders it worked in lately.
    Recent,
    /// Show the project's usual folder, and the field to change it.
    Default,
    /// Make this the usual folder.
    SetDefault {
        path: String,
    },
    /// List the folders that are kept, to add and remove.
    ManagePresets,
    AddPreset {
        path: String,
    },
    RemovePreset {
        path: String,
    },
}

/// What to see of the folders in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderQuery {
    pub path: String,
    /// From 0.
    pub page: usize,
    /// Only folders whose name has this in it, whatever the case.
    pub filter: String,
    /// Those whose name begins with a dot too.
    pub hidden: bool,
}

/// The folders in a folder, a page of them, as the machine found them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// As it was looked at: its path is the full one.
    pub query: FolderQuery,
    /// The folder around it, if one may go there.
    pub parent: Option<String>,
    /// Names, in order.
    pub names: Vec<String>,
    /// At least 1.
    pub pages: usize,
}

/// Which agent a project has, and how it is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tune {
    /// Show what can be chosen for an agent; for the present one if none is named.
    Choose { agent: Option<String> },
    /// Choose. What is not given stays as it is.
    Apply(Tuning),
}

/// What somebody chose for an agent. [`USUAL`] leaves it to the agent; nothing leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tuning {
    pub agent: Option<String>,
    pub model: Option<String>,
    pub effort: Option<String>,
    pub sandbox: Option<String>,
    pub approval_policy: Option<String>,
    pub mode: Option<String>,
}

/// Stands for the agent's own choice.
pub const USUAL: &str = "usual";

/// Which conversation comes next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Session {
    /// List those that are known.
    Choose,
    /// Go on in one, or in a copy of it.
    Apply { thread: ThreadId, fork: bool },
    /// Show the field for the id of one.
    Enter,
    /// Start a fresh one.
    Fresh,
}

/// A project among others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shelf {
    /// Show what there is to do with a project; with this chat's if none is named.
    Open {
        project: Option<ChatId>,
    },
    Rename {
        project: Option<ChatId>,
        name: String,
    },
    /// Have it take no tasks any more, or take them again.
    Archive {
        project: Option<ChatId>,
        archived: bool,
    },
    /// Where its repository is.
    Repo,
    /// Have a project live in another group.
    Bind,
}

/// Something of a project that its lobby changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    Rename(String),
    Archive(bool),
}

/// A folder the machine was asked about, and the card that waits for the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looking {
    /// Names the question: an answer to another one is out of date.
    pub request: EventId,
    pub card: CardKey,
    pub why: Why,
    /// As people named it.
    pub path: String,
}

/// What a folder is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// To see what is in it.
    Browse,
    /// To work in it.
    Work,
    /// To work in it and, being one of those kept, to drop it if it is gone.
    Preset,
    /// To keep it among the presets.
    Keep,
    /// To be the usual one.
    Default,
}

/// A conversation a project has had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub thread: ThreadId,
    pub agent: String,
    pub runner: RunnerId,
    /// The beginning of its first prompt known of.
    pub words: String,
    /// When a task last began in it.
    pub used: Timestamp,
}

/// What the next task goes on with instead of the conversation before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picked {
    pub thread: ThreadId,
    pub fork: bool,
}

/// What a turn and its conversation took of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub turn: Tokens,
    pub total: Tokens,
}

/// Tokens, as the agent counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub input: u64,
    /// Of the input, what the model had seen before.
    pub cached: u64,
    pub output: u64,
    /// Of the output, what the model thought to itself.
    pub reasoning: u64,
}
