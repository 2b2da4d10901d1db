//! Where tasks are worked on, one at a time, in one chat.

use crate::setup::{Picked, Usage};
use crate::{
    Approval, ApprovalId, Brought, CardKey, ChatId, Command, Effect, Enclosed, Held, Outcome,
    RunnerId, TaskId, Text, ThreadId, Timestamp, Topic, TopicId, TurnId, UserId, Verdict,
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

/// The most topics whose conversations are remembered; the ones least lately used are forgotten.
pub const TOPICS_MAX: usize = 50;

/// The most answers of past tasks that are remembered.
const LATE_MAX: usize = 16;

/// The number of the question whether a task may start. It has one, so that a second press on its
/// button never answers what the agent asks then.
pub(crate) const CONFIRMATION: usize = 0;

/// Where a task is from that somebody at the machine itself gave.
pub(crate) const MACHINE: &str = "demo";

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
    /// Files that came without words, oldest first.
    #[serde(default)]
    pub held: Vec<Held>,
    /// The conversations of topics, the one least lately used first.
    #[serde(default)]
    pub topics: VecDeque<Talk>,
    /// The last task that ended, if it was in a topic: what came too late for it goes there.
    #[serde(default)]
    pub last: Option<(TaskId, Topic)>,
    /// The last task that changed files.
    #[serde(default)]
    pub changed: Option<TaskId>,
}

/// The conversation of one topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    pub topic: TopicId,
    /// The agent's memory of it, once it has one.
    pub thread: Option<ThreadId>,
    /// The next prompt starts a new one.
    pub fresh: bool,
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
    /// `read-only`, `workspace-write` or `danger-full-access`.
    pub sandbox: String,
    /// `untrusted`, `on-request` or `never`.
    pub approval_policy: String,
    /// What the agent may do without asking, in its own words; `None` leaves it to the machine's
    /// settings.
    #[serde(default)]
    pub mode: Option<String>,
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
    /// The highest number that a question of its has had. None is given twice: a card that is out of
    /// date must not answer what is asked now.
    #[serde(default)]
    pub asked: usize,
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
    /// What goes with the prompt.
    #[serde(default)]
    pub enclosed: Enclosed,
    /// The topic it was given in, if it was in one.
    #[serde(default)]
    pub topic: Option<Topic>,
    /// What its turn brought beside its answer.
    #[serde(default)]
    pub brought: Brought,
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
    /// Who allowed it, where that takes two.
    #[serde(default)]
    pub allowed: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub number: usize,
    pub id: ApprovalId,
    pub verdict: Verdict,
    pub by: UserId,
    /// Who had allowed it before, where that took two.
    #[serde(default)]
    pub with: Option<UserId>,
    /// It was answered at the machine itself, which needs no leave.
    #[serde(default)]
    pub at_machine: bool,
    /// Stands for what was asked, so that the answer is given to nothing else.
    #[serde(default)]
    pub about: String,
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

    /// Numbers a question that is new.
    pub(crate) fn next_number(&mut self) -> usize {
        // Records of before do not say what was asked.
        let numbers = self.pending.iter().map(|it| it.number);
        let numbers = numbers.chain(self.answered.iter().map(|it| it.number));
        self.asked = numbers.max().unwrap_or_default().max(self.asked) + 1;
        self.asked
    }

    /// How people name a question of this task.
    pub(crate) fn question(&self, number: usize) -> String {
        self.id.question(number)
    }

    /// Says whether it was given at the machine itself, which needs no leave.
    pub(crate) fn is_from_machine(&self) -> bool {
        self.source == MACHINE
    }

    /// Says whether it waits for an answer that people call so.
    pub(crate) fn is_asked(&self, what: &str) -> bool {
        let confirming = self.phase == Phase::Confirming
            && (self.id.as_str() == what || self.question(CONFIRMATION) == what);
        confirming || self.pending.iter().any(|it| self.names(it, what))
    }

    /// A question is named by its id, by its task and number, or by its task if it is the only one.
    pub(crate) fn names(&self, pending: &Pending, what: &str) -> bool {
        pending.approval.id.as_str() == what
            || self.question(pending.number) == what
            || self.id.as_str() == what
    }

    /// The conversation it belongs to: that of a topic, or that of the chat itself.
    pub(crate) fn place(&self) -> Option<&TopicId> {
        self.topic.as_ref().map(|topic| &topic.id)
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

    /// Returns the conversation of a place: that of a topic, or that of the chat itself.
    pub(crate) fn talk(&mut self, topic: Option<&Topic>) -> (&mut Option<ThreadId>, &mut bool) {
        let Some(topic) = topic else { return (&mut self.thread, &mut self.fresh) };
        let known = self.topics.iter().position(|talk| talk.topic == topic.id);
        let talk = known.and_then(|at| self.topics.remove(at));
        let new = || Talk { topic: topic.id.clone(), thread: None, fresh: false };
        if self.topics.len() == TOPICS_MAX {
            self.topics.pop_front();
        }
        self.topics.push_back(talk.unwrap_or_else(new));
        let talk = self.topics.back_mut().expect("one was just put there");
        (&mut talk.thread, &mut talk.fresh)
    }

    /// Returns the topic of a task that is not over, or was the last to end.
    pub(crate) fn topic_of(&self, id: &TaskId) -> Option<Topic> {
        let ended = self.last.as_ref().filter(|(last, _)| last == id).map(|(_, topic)| topic);
        self.find(id).map_or(ended, |task| task.topic.as_ref()).cloned()
    }

    /// Whether a topic has been talked in before.
    pub(crate) fn knows(&self, topic: &Topic) -> bool {
        self.topics.iter().any(|talk| talk.topic == topic.id)
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
