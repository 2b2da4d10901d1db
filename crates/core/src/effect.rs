//! What should follow. Every effect is safe to perform twice.

use crate::setup::FolderQuery;
use crate::{
    ApprovalId, Archive, Card, CardRef, ChatId, Enclosed, EventId, Fact, Lang, MessageRef, Pages,
    RunnerId, Settings, TaskId, Text, ThreadId, Timestamp, Topic, TurnId, UserId, Verdict,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Make this card look like this: post it if it is new, update it if not.
    Show { key: CardKey, card: Card },
    /// Post a card once, in whichever chat; nothing updates it but a press on it.
    Post { chat: ChatId, card: Card },
    /// Tell the person who pressed, and nobody else.
    Toast { text: Text },
    /// Hand a runner a command.
    Send {
        #[serde(default = "RunnerId::local")]
        runner: RunnerId,
        command: Command,
    },
    /// Open a chat for a new project. It hears [`Fact::Opened`]; this one [`Fact::Listed`], or
    /// [`Fact::OpenFailed`] if that can't be done.
    Open {
        request: EventId,
        name: String,
        by: UserId,
        settings: Settings,
        /// What the new chat is to speak, if that was chosen.
        #[serde(default)]
        lang: Option<Lang>,
    },
    /// Let another chat know.
    Tell { chat: ChatId, fact: Fact },
    /// Keep a task that is over, under its id.
    Keep { archive: Archive },
    /// Note for ever that something was done that counts.
    Audit { entry: Entry },
    /// Show a kept task again, at a page: on the card that was pressed, or on a new one.
    Recall {
        task: TaskId,
        page: usize,
        on: Option<CardRef>,
        #[serde(default)]
        part: Part,
        /// Put a new card below this message.
        #[serde(default)]
        under: Option<MessageRef>,
        #[serde(default)]
        lang: Lang,
    },
}

/// Something that was done that lets an agent act, or changes who may act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What happened to bring it about.
    pub event: EventId,
    pub at: Timestamp,
    pub by: UserId,
    /// `message`, `press`, `machine`, or `fact` for what nobody did here.
    pub via: String,
    /// The card that was pressed.
    pub card: Option<CardRef>,
    pub did: String,
    /// By which line of the policy.
    pub rule: String,
    pub task: Option<TaskId>,
    /// To whom or what; the whole of it stands for its digest.
    pub what: What,
}

/// What something was done to or with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    Text(String),
    Pages(Pages),
}

/// Which part of a task that is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// What the agent said.
    #[default]
    Answer,
    /// What it changed.
    Changes,
}

/// Which card; the shell knows which message it became.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CardKey {
    Workspace,
    Task(TaskId),
    /// One that was opened to choose something, by the event that did.
    Page(EventId),
    /// Files that wait for words, by what brought the first of them.
    Held(EventId),
    /// The card that was pressed.
    This(CardRef),
}

/// What the runner is told. Carries all it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Give the agent a prompt.
    Start {
        task: TaskId,
        prompt: String,
        thread: Option<ThreadId>,
        /// In a copy of that conversation.
        #[serde(default)]
        fork: bool,
        settings: Settings,
        /// What goes with the prompt.
        #[serde(default)]
        enclosed: Enclosed,
    },
    /// Answer what the agent asked.
    Answer { task: TaskId, approval: ApprovalId, verdict: Verdict },
    /// Add text to the running turn; `id` names this text, for it must not be added twice.
    Steer { task: TaskId, id: String, by: UserId, text: String },
    /// Interrupt the turn. `turn` is `None` if it has not been heard to start.
    Stop { task: TaskId, thread: Option<ThreadId>, turn: Option<TurnId> },
    /// Pay what the chat owes: whoever should have had no time to.
    Settle,
    /// Look whether a folder can be worked in, and report its full path.
    Look { request: EventId, workdir: String },
    /// List the folders in a folder, and report them.
    Browse { request: EventId, query: FolderQuery },
    /// Send a file of a project into its chat, once. Refusals are told with [`Fact::NotSent`].
    Deliver {
        request: EventId,
        path: String,
        workdir: String,
        topic: Option<Topic>,
        /// When it was asked for.
        at: Timestamp,
    },
    /// Stands for what this version cannot read. Never sent.
    Unreadable,
}
