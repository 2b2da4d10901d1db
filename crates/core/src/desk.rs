//! Where tasks are worked on, one at a time, in one chat.

use crate::setup::{Picked, Usage};
use crate::{
    Approval, ApprovalId, CardKey, ChatId, Command, Effect, Outcome, RunnerId, TaskId, Text,
    ThreadId, Timestamp, TurnId, UserId, Verdict,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The most prompts that may wait behind the current one.
pub const WAITING_MAX: usize = 10;

/// The longest prompt, in bytes.
pub const PROMPT_BYTES_MAX: usize = 24 * 1024;

/// The most interrupted tasks that can be taken up again.
pub const BROKEN_MAX: usize = 5;

/// The most turning points remembered of one task.
pub const HISTORY_MAX: usize = 24;

/// The most answered questions remembered of one task.
pub const ANSWERED_MAX: usize = 64;

/// The most answers of past tasks that are remembered.
const LATE_MAX: usize = 16;

/// The number of the question whether a task may start. It has one, so that a second press on its
/// button never answers what the agent asks then.
pub(crate) const CONFIRMATION: usize = 0;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// The agent's memory of this chat, once it has one.
    pub thread: Option<ThreadId>,
    /// The agent whose memory that is, if it is known.
    #[serde(default)]
    pub thread_agent: Option<String>,
    /// The next prompt starts a new conversation.
    pub fresh: bool,
    /// The one task the agent is at.
    pub current: Option<Task>,
    /// Those behind it, first come first served.
    pub waiting: VecDeque<Task>,
    /// Those cut off, which people may take up again.
    pub broken: VecDeque<Archive>,
    /// The conversation that was picked for the task that comes next.
    #[serde(default)]
    pub picked: Option<Picked>,
    /// What was answered of tasks that are over, for presses that come late.
    #[serde(default)]
    pub answered: VecDeque<(TaskId, Answered)>,
}

/// How the agent is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The machine it runs on.
    #[serde(default = "RunnerId::local")]
    pub runner: RunnerId,
    pub agent: String,
    pub workdir: String,
    pub model: Option<String>,
    /// How long the model thinks; `None` leaves it to the agent.
    #[serde(default)]
    pub effort: Option<String>,
    /// What the agent may do without asking, in its own words; `None` leaves it to the machine's
    /// settings.
    #[serde(default)]
    pub mode: Option<String>,
    /// `read-only`, `workspace-write` or `danger-full-access`.
    pub sandbox: String,
    /// `untrusted`, `on-request` or `never`.
    pub approval_policy: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub by: UserId,
    /// Where the task came from: `feishu` or `demo`.
    pub source: String,
    pub prompt: String,
    /// It starts a new conversation.
    pub fresh: bool,
    /// A person must say so before it starts (`confirm:`).
    pub confirm: bool,
    pub settings: Settings,
    pub since: Timestamp,
    pub phase: Phase,
    /// Its machine took nothing new when its turn came: it is given to it again when it does.
    #[serde(default)]
    pub held: bool,
    /// What the agent waits for, oldest first.
    pub pending: Vec<Pending>,
    /// What was answered, and by whom.
    pub answered: Vec<Answered>,
    pub thread: Option<ThreadId>,
    pub turn: Option<TurnId>,
    /// The conversation that was picked for it.
    #[serde(default)]
    pub picked: Option<Picked>,
    /// What it took of the model, as far as the agent says.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// What has happened to it, oldest first.
    pub history: Vec<Moment>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    /// Behind another.
    Waiting,
    /// Waits for a person to let it start (`confirm:`).
    Confirming,
    /// The runner is to start it.
    Starting,
    /// The runner is handing the prompt to the agent; `claim` names the attempt.
    Claimed {
        claim: String,
    },
    Running,
    Stopping,
}

/// A question of the agent's that nobody answered yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Its place among the questions of its task, from 1: people name it so.
    pub number: usize,
    pub approval: Approval,
    /// The page shown of what it asks.
    pub page: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub number: usize,
    pub id: ApprovalId,
    pub verdict: Verdict,
    pub by: UserId,
}

/// A turning point, as `GET /tasks/{id}` lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub kind: String,
    pub at: Timestamp,
}

/// A task that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    pub chat: ChatId,
    pub task: Task,
    pub outcome: Outcome,
    pub steps: Vec<Text>,
    pub ended: Timestamp,
    /// What people made of it after it was cut off, in a sentence.
    pub settled: Option<Text>,
}

impl Task {
    pub fn card(&self) -> CardKey {
        CardKey::Task(self.id.clone())
    }

    /// Hands the machine the task runs on a command.
    pub(crate) fn send(&self, command: Command) -> Effect {
        Effect::Send { runner: self.settings.runner.clone(), command }
    }

    /// How people name a question of this task.
    pub(crate) fn question(&self, number: usize) -> String {
        self.id.question(number)
    }

    pub(crate) fn run(&mut self, at: Timestamp) {
        self.phase = Phase::Running;
        self.note("task_started", at);
    }

    pub(crate) fn note(&mut self, kind: &str, at: Timestamp) {
        if self.history.len() < HISTORY_MAX {
            self.history.push(Moment { kind: kind.to_owned(), at });
        }
    }
}

impl Desk {
    /// Remembers who answered what of a task that is over.
    pub(crate) fn remember_answers(&mut self, task: &Task) {
        self.answered.extend(task.answered.iter().map(|it| (task.id.clone(), it.clone())));
        let spare = self.answered.len().saturating_sub(LATE_MAX);
        self.answered.drain(..spare);
    }

    /// Returns the current task if it is this one.
    pub(crate) fn current(&mut self, id: &TaskId) -> Option<&mut Task> {
        self.current.as_mut().filter(|task| task.id == *id)
    }

    /// Returns a task that is not over.
    pub fn find(&self, id: &TaskId) -> Option<&Task> {
        self.current.iter().chain(&self.waiting).find(|task| task.id == *id)
    }
}
