//! A coding agent at work.

pub mod acp;
pub mod claude;
pub mod codex;
mod process;
mod program;
pub mod stub;
mod surroundings;

pub use surroundings::Surroundings;

use crate::rpc::lock;
use async_trait::async_trait;
use poco_core::setup::Usage;
use poco_core::words::{lobby, setup as words};
use poco_core::{
    ApprovalId, Choices, Lang, Nature, Settings, Step, TaskId, Text, ThreadId, TurnId, Verdict,
};
use poco_io::config::Config;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The agents there are, by name.
#[derive(Clone)]
pub struct Agents {
    /// The one for tasks that name none.
    pub usual: String,
    /// Why the usual one is not the one that was asked for, and what to do.
    pub instead: Option<Text>,
    /// What of PoCo's environment they do not find in theirs, unless the operator says so.
    pub withheld: Vec<String>,
    pub by_name: BTreeMap<String, Arc<dyn Agent>>,
    /// How the usual one was when it was asked last.
    pub(crate) verdict: Arc<Mutex<Option<Result<String, Text>>>>,
}

/// Makes every agent: those PoCo brings, those that are asked for, and those whose program is on
/// this machine. None is started yet. The usual one is the configured one; without its program it is
/// the stub.
pub fn open(config: &Config) -> Agents {
    let (settings, home) = (&config.agents, &config.home);
    let around = &Surroundings::of_process(config);
    let codex = codex::Codex::new(&settings.codex, home, around);
    let claude = claude::Claude::new(&settings.claude, home, around);
    let cursor = acp::cursor::Cursor::new(&settings.cursor, home, around);
    let coco = acp::Acp::coco(&settings.coco, home, around);
    let acp = settings.acp.as_ref().map(|acp| acp::Acp::new(acp, home, around));
    let is_usual = |name: &str| settings.usual == name;
    let instead = match settings.usual.as_str() {
        codex::NAME => codex.find_program().err(),
        claude::NAME => claude.find_program().err(),
        acp::cursor::NAME => cursor.find_program().err(),
        acp::COCO => coco.find_program().err(),
        acp::NAME => acp.as_ref().and_then(|acp| acp.find_program().err()),
        _ => None,
    };
    let usual = instead.as_ref().map_or(settings.usual.as_str(), |_| stub::NAME).to_owned();
    let mut by_name: BTreeMap<String, Arc<dyn Agent>> = BTreeMap::new();
    let mut add = |name: &str, agent: Arc<dyn Agent>| by_name.insert(name.to_owned(), agent);
    if is_usual(acp::cursor::NAME) || cursor.find_program().is_ok() {
        add(acp::cursor::NAME, Arc::new(cursor));
    }
    if is_usual(acp::COCO) || coco.find_program().is_ok() {
        add(acp::COCO, Arc::new(coco));
    }
    if let Some(acp) = acp {
        add(acp::NAME, Arc::new(acp));
    }
    add(codex::NAME, Arc::new(codex));
    add(claude::NAME, Arc::new(claude));
    add(stub::NAME, Arc::new(stub::Stub::default()));
    let withheld = around.withheld().to_vec();
    Agents { usual, instead, withheld, by_name, verdict: Arc::default() }
}

impl Agents {
    /// Returns the names, the usual one first.
    pub fn names(&self) -> Vec<String> {
        let others = self.by_name.keys().filter(|name| **name != self.usual);
        std::iter::once(&self.usual).chain(others).cloned().collect()
    }

    pub fn get(&self, name: &str) -> Option<&Arc<dyn Agent>> {
        self.by_name.get(name)
    }

    /// Asks the usual one how it is, which may start it, and keeps what it says.
    pub async fn look(&self) -> Result<String, Text> {
        let verdict = match self.get(&self.usual) {
            Some(agent) => agent.ready().await,
            None => Err(lobby::no_agent(&self.usual, self.names().join(", "))),
        };
        *lock(&self.verdict) = Some(verdict.clone());
        verdict
    }

    /// Returns how the usual one was when it was asked last.
    pub fn last_look(&self) -> Option<Result<String, Text>> {
        lock(&self.verdict).clone()
    }

    /// Ends whatever was started for any of them.
    pub async fn shutdown(&self) {
        for agent in self.by_name.values() {
            agent.shutdown().await;
        }
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("names", &self.names()).finish_non_exhaustive()
    }
}

/// One agent, serving many chats. What it says about a task comes out of the task's [`Turn`].
#[async_trait]
pub trait Agent: Send + Sync {
    /// Whether a task can be given to it now, and if not, why and what to do.
    async fn ready(&self) -> Result<String, Text>;

    /// Finds or makes the conversation a prompt belongs to, and says its name. Nothing is told to
    /// the model yet. [`AgentError::Forgotten`] if the conversation is lost.
    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError>;

    /// Gives it a prompt. Must be called once for a task: it does not know repeats.
    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError>;

    /// Asks the agent's own record what became of a prompt that may have been given before.
    async fn find(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        settings: &Settings,
    ) -> Result<Found, AgentError>;

    /// Makes a copy of a conversation, and says its name. Nothing is told to the model yet.
    async fn fork(&self, _thread: &ThreadId, settings: &Settings) -> Result<ThreadId, AgentError> {
        Err(AgentError::Refused(words::no_fork(&settings.agent)))
    }

    /// Asks what can be chosen for it. That may take seconds: fetch it in the background.
    async fn choices(&self) -> Result<Choices, AgentError>;

    /// Ends whatever was started for it, within a bounded time.
    async fn shutdown(&self);
}

/// What an agent is given to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    pub text: String,
    /// Pictures to look at: files of this machine, in PNG, JPEG, GIF or WebP. The text names them
    /// too, for an agent that can't.
    pub pictures: Vec<PathBuf>,
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), pictures: vec![] }
    }
}

/// Writes the fields of a tool's input that are not shown otherwise: what is asked must be shown whole.
fn other_fields(input: &serde_json::Value, shown: &[&str]) -> Text {
    let fields = input.as_object().into_iter().flatten();
    let others = fields.filter(|(name, value)| {
        let is_empty = value.is_null() || *value == "" || *value == false;
        !is_empty && !shown.contains(&name.as_str())
    });
    let others: Vec<_> = others.map(|(name, value)| format!("{name}: {value}")).collect();
    Text::verbatim(others.join("\n"))
}

/// Refuses a folder in which nothing can be done.
fn check_folder(workdir: &str) -> Result<(), AgentError> {
    let folder = Path::new(workdir);
    if folder.is_absolute() && folder.is_dir() {
        return Ok(());
    }
    Err(AgentError::Refused(poco_core::words::agent::no_folder(workdir)))
}

/// One turn: what the agent does with one prompt.
#[async_trait]
pub trait Turn: Send + Sync {
    fn thread(&self) -> ThreadId;

    fn id(&self) -> TurnId;

    /// Waits for what comes next. Cancel safe. After [`Note::Ended`] it is not called again.
    async fn next(&mut self) -> Note;

    /// Answers what was asked. `false` if the agent does not wait for it (any more).
    async fn answer(
        &mut self,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> Result<bool, AgentError>;

    /// Adds text to the turn. `id` names the text: given again, it is not added again. `false` if
    /// the turn was over.
    async fn steer(&mut self, id: &str, text: &str) -> Result<bool, AgentError>;

    /// Interrupts the turn; it then ends, and says so.
    async fn interrupt(&mut self) -> Result<(), AgentError>;
}

/// What an agent says about a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// Worth a glance.
    Step(Step),
    /// It waits for a person. Long texts are still whole in it.
    Asked {
        approval: ApprovalId,
        ask: Question,
        /// What the agent's protocol says of it.
        nature: Nature,
    },
    /// It no longer waits for this.
    Settled {
        approval: ApprovalId,
    },
    /// What the turn has taken of the model so far.
    Used(Usage),
    Ended(End),
}

/// What the agent asks, with texts of any length.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Command { command: String, cwd: String, reason: Text },
    Patch { diff: String, files: Vec<String>, reason: Text },
    Permission { what: String, reason: Text },
    Questions(Vec<poco_core::Question>),
}

/// How a turn ended. What was said by then is in the steps before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Completed,
    Failed {
        reason: Text,
    },
    /// Interrupted because [`Turn::interrupt`] was called.
    Stopped,
    /// Cut off: the agent died, or somebody else interrupted it.
    Lost {
        reason: Text,
    },
}

/// What the agent's own record says of a prompt.
#[expect(missing_debug_implementations, reason = "a turn is a trait object")]
pub enum Found {
    /// It is still at it; the turn goes on here.
    Running(Box<dyn Turn>),
    /// It is over. `answer` is what the agent said.
    Over { turn: TurnId, end: End, answer: String, steps: Vec<Text> },
    /// It surely never saw the prompt.
    Never,
    /// That can't be known.
    Unknown { reason: Text },
}

/// Why an agent could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It will not work however often it is tried; says why and what to do.
    #[error("{}", .0.of(Lang::En))]
    Refused(Text),
    /// The conversation is gone from the agent's record. A fresh one can be opened, and whoever
    /// goes on there must be told that the agent remembers nothing.
    #[error("{}", .0.of(Lang::En))]
    Forgotten(Text),
    /// It did not happen, and may work later. The reason is for the log; people see it quoted.
    #[error("{0}")]
    Later(String),
    /// It may have happened or not.
    #[error("{0}")]
    Unclear(String),
}

impl AgentError {
    /// Returns the reason as people are told it.
    pub fn reason(self) -> Text {
        match self {
            Self::Refused(reason) | Self::Forgotten(reason) => reason,
            Self::Later(reason) | Self::Unclear(reason) => Text::verbatim(reason),
        }
    }
}
