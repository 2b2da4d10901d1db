//! What can happen.

use crate::people::Named;
use crate::setup::{Change, Folder, Usage};
use crate::{
    Action, ApprovalId, Brought, CardRef, ChatId, EventId, Lang, Listing, MessageRef, Missing,
    Nature, PagesId, RunnerId, Settings, TaskId, Text, ThreadId, Timestamp, TopicId, TurnId,
    UserId, hash,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact, with where and when it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The same delivery always carries the same id.
    pub id: EventId,
    pub chat: ChatId,
    pub at: Timestamp,
    /// The language of whoever acted, if the platform says so.
    #[serde(default)]
    pub lang: Option<Lang>,
    pub fact: Fact,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A person said or pressed something.
    Acted { by: UserId, via: Via, action: Action },
    /// Somebody who has no leave to act tried to. Told to the house only (see [`admit`]).
    ///
    /// [`admit`]: crate::admit
    Knocked { by: UserId, via: Via, chat: ChatId, text: String },
    /// The operator, at the machine itself, offers a pairing code.
    PairingOffered { code: String, until: Timestamp },
    /// Somebody became the owner, in this chat.
    Welcomed { by: UserId },
    /// The agent reported on a task.
    Reported { task: TaskId, report: Report },
    /// The runner looked at a folder to work in.
    Looked { request: EventId, result: Result<String, Text> },
    /// The runner listed the folders in a folder.
    Browsed { request: EventId, result: Result<Folder, Text> },
    /// The lobby of this project changes something about it.
    Changed { change: Change },
    /// A project of this lobby is like this now.
    Relisted { project: Listing },
    /// This chat was opened for a project that was made in `lobby`.
    Opened {
        name: String,
        by: UserId,
        settings: Settings,
        lobby: ChatId,
        /// What its lobby speaks, if that was chosen.
        #[serde(default)]
        lang: Option<Lang>,
    },
    /// A project of an earlier PoCo lives in this chat: it is to go on here, with the agent's memory
    /// of it if there is one.
    TakenOver {
        name: String,
        by: UserId,
        settings: Settings,
        thread: Option<ThreadId>,
        /// Folders that were kept to choose from.
        #[serde(default)]
        presets: Vec<String>,
    },
    /// Projects that were taken over are to be listed here; the house keeps the list until the
    /// owner has a lobby.
    Adopted { projects: Vec<Listing> },
    /// The owner talks to the bot in this direct chat from now on.
    Settled { lobby: ChatId },
    /// A project was opened for the owner of this lobby.
    Listed { request: EventId, project: Listing },
    /// The chat for a new project could not be opened.
    OpenFailed { request: EventId, reason: Text },
    /// The project in this chat is to be deleted; `lobby` wants to know when it is.
    Removed { by: UserId, lobby: ChatId },
    /// Somebody looked whether the runner of this project is there; see [`Terms::runners`].
    ///
    /// [`Terms::runners`]: crate::Terms::runners
    Checked,
    /// People are no longer in this chat.
    Left { people: Vec<UserId> },
    /// Somebody wants to see the people of the project in this chat.
    PeopleWanted { by: UserId },
    /// The owner offers somebody to be the owner instead. Told to the house.
    Offered { by: UserId, to: Named, until: Timestamp, lobby: ChatId, chat: ChatId },
    /// Somebody says yes to that, in this chat. Told to the house.
    Accepted { by: UserId, via: Via, chat: ChatId },
    /// The owner whose lobby this is became a former one; `chat` is the lobby of the new one.
    HandedOver { from: UserId, to: UserId, chat: ChatId },
    /// The projects of a former owner.
    Inherited { projects: Vec<Listing> },
    /// This project's owner is another, who keeps it in this lobby.
    Rehomed { from: UserId, to: UserId, lobby: ChatId },
    /// A project of this lobby is gone.
    Unlisted { project: ChatId },
    /// A file that was asked for could not be sent, and why.
    NotSent { path: String, why: Text, topic: Option<Topic> },
    /// The machine of this chat could not read what it was asked, and put it aside.
    Unreadable { runner: RunnerId },
}

/// How a person acted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Via {
    /// A message in a direct chat with the bot.
    Direct,
    /// A message in a group.
    Group,
    /// A message in a topic of a group. `root` is the message the topic began with, if this is a
    /// reply to it.
    Topic { topic: Topic, root: Option<MessageRef> },
    /// A press on this card.
    Press { card: CardRef },
    /// From the machine PoCo runs on, which needs no leave.
    Local { card: Option<CardRef> },
}

impl Via {
    /// The topic it was done in, if it was in one.
    pub(crate) fn topic(&self) -> Option<&Topic> {
        match self {
            Self::Topic { topic, .. } => Some(topic),
            Self::Direct | Self::Group | Self::Press { .. } | Self::Local { .. } => None,
        }
    }
}

/// A topic of a group: a conversation of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    pub id: TopicId,
    /// The message that came in it: what answers it is put below.
    pub message: MessageRef,
}

/// A turning point in a task; running output is not one (see `Transcript`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The runner is about to hand the prompt to the agent. `claim` names this one attempt.
    Claimed {
        claim: String,
        /// Who is about to: no other machine's claim counts than of the one the task is for.
        #[serde(default = "RunnerId::local")]
        runner: RunnerId,
        thread: Option<ThreadId>,
    },
    /// The agent surely never saw the prompt of the claim before; it may be claimed again.
    Unclaimed,
    /// The machine takes nothing new: the task waits there until it does.
    Held,
    /// The agent took the prompt.
    Started { thread: ThreadId, turn: TurnId },
    /// The agent asks for leave.
    Asked(Approval),
    /// The agent no longer waits for this answer.
    Settled { approval: ApprovalId },
    /// Text for the running turn came too late for it.
    SteerMissed { id: String, by: UserId, text: String },
    /// What it took of the model so far.
    Used { usage: Usage },
    /// The turn that is about to end brought something beside its answer.
    Brought(Brought),
    /// The turn is over.
    Ended { outcome: Outcome, steps: Vec<Text> },
}

/// What the agent wants leave for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub id: ApprovalId,
    pub ask: Ask,
    /// What is known of it besides.
    #[serde(default)]
    pub nature: Nature,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Run a command, shown exactly, in a directory.
    Command { command: Pages, cwd: String, reason: Text },
    /// Change files, as the diff says.
    Patch { diff: Pages, files: Vec<String>, reason: Text },
    /// Have more rights: `what` in markdown.
    Permission { what: Pages, reason: Text },
    /// Be told something.
    Questions(Vec<Question>),
}

impl Ask {
    /// Stands for all of it: two questions that differ have two of these.
    pub(crate) fn sum(&self) -> String {
        let what = match self {
            Self::Command { cwd, .. } => format!("command\n{cwd}"),
            Self::Patch { files, .. } => format!("patch\n{}", files.join("\n")),
            Self::Permission { .. } => "permission".to_owned(),
            Self::Questions(questions) => format!("{questions:?}"),
        };
        let whole = self.long().map(|pages| match pages.digest.as_str() {
            "" => format!("{}\n{}", pages.count, pages.first),
            digest => digest.to_owned(),
        });
        format!("{:016x} {}", hash(&what), whole.map_or_else(String::new, short))
    }

    /// Returns the part that may go over several pages.
    pub(crate) fn long(&self) -> Option<&Pages> {
        match self {
            Self::Command { command: pages, .. }
            | Self::Patch { diff: pages, .. }
            | Self::Permission { what: pages, .. } => Some(pages),
            Self::Questions(_) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub id: String,
    pub text: String,
    /// Labels to choose from; none means free text.
    pub options: Vec<String>,
}

/// What a person says to an [`Ask`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    AllowOnce,
    AllowSession,
    /// The agent goes on without; it is told why if there is a why.
    Deny {
        why: Option<String>,
    },
    /// Answers by question id.
    Answers(BTreeMap<String, String>),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Answered {
        answer: Pages,
    },
    Failed {
        reason: Text,
        partial: Option<Pages>,
    },
    /// A person stopped it.
    Stopped {
        partial: Option<Pages>,
    },
    /// It was cut off. `begun` is `None` if it can't be known whether the agent saw the prompt.
    Interrupted {
        reason: Text,
        partial: Option<Pages>,
        begun: Option<bool>,
    },
    /// It did not begin, because what goes with the prompt could not be had.
    Lacking {
        missing: Vec<Missing>,
    },
    /// It never began, because a person said so.
    Cancelled {
        by: UserId,
    },
    /// It never began: its text went into the running turn of this task.
    Merged {
        into: TaskId,
    },
}

/// A text of any length. All pages but the first are kept in documents of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pages {
    pub id: PagesId,
    pub first: String,
    /// At least 1.
    pub count: usize,
    /// The SHA-256 of the text as the agent gave it, in hex; empty if it was not taken.
    #[serde(default)]
    pub digest: String,
}

/// A digest is short enough; a text is made so.
fn short(text: String) -> String {
    if text.len() == 64 { text } else { format!("{:016x}", hash(&text)) }
}

impl Pages {
    /// Makes a text of one page.
    pub fn one(id: impl Into<String>, text: impl Into<String>) -> Self {
        let (id, first) = (PagesId::new(id), text.into());
        Self { id, first, count: 1, digest: String::new() }
    }
}
