//! Any agent that speaks the Agent Client Protocol, over the standard streams of a process.
//!
//! The process ends with PoCo, and the protocol has no way to ask what became of a prompt. So PoCo
//! writes down which prompts it gave, before it gives them: what is not in that list never began,
//! and of what is the card says that nobody knows.

mod ask;
mod child;
mod client;
pub mod cursor;
mod failure;
mod inbox;
mod journal;
mod launch;
mod nature;
mod notes;
mod pool;
mod preset;
mod session;
mod turn;

use super::program::Program;
use super::{Agent, AgentError, Choices, Found, Prompt, Surroundings, Turn, check_folder};
use crate::rpc::CallError;
use async_trait::async_trait;
use client::{Client, Unreached};
use journal::{Journal, Standing};
use launch::Launch;
use poco_core::words::acp as words;
use poco_core::{Lang, Settings, TaskId, Text, ThreadId, Transcript};
use poco_io::config;
use pool::{Pool, unreached};
use serde_json::{Value, json};
use session::{Choice, Dial, Session, Way};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;
use turn::{AcpTurn, Record};

/// What people call the agent whose command they set themselves.
pub const NAME: &str = "acp";

/// What people call Coco, the Trae CLI.
pub const COCO: &str = "coco";

/// Modes that keep an agent from changing anything, in the words of several.
const LOOKING: [&str; 3] = ["read-only", "plan", "ask"];

/// The most choices named when one is refused.
const NAMED_MAX: usize = 12;

#[expect(missing_debug_implementations, reason = "it holds connections and child processes")]
pub struct Acp {
    pool: Pool,
    journal: Arc<Journal>,
    tidied: Once,
    workdir: PathBuf,
    model: Option<String>,
    mode: Option<String>,
    silence_max: Duration,
}

/// How an agent is found and told from others.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Its name in PoCo.
    pub name: &'static str,
    /// The setting that says how it is started.
    pub setting: &'static str,
    /// The name under which PoCo knows more of it; `None` to tell by the command.
    pub preset: Option<&'static str>,
}

impl Acp {
    /// Prepares the agent that `POCO_ACP_COMMAND` names: by a known name, or a command line.
    pub fn new(config: &config::Acp, state_dir: &Path, surroundings: &Surroundings) -> Self {
        let identity = Identity { name: NAME, setting: "POCO_ACP_COMMAND", preset: None };
        Self::known_as(identity, config, state_dir, surroundings)
    }

    /// Prepares Coco.
    pub fn coco(config: &config::Acp, state_dir: &Path, surroundings: &Surroundings) -> Self {
        let identity = Identity { name: COCO, setting: "POCO_COCO_COMMAND", preset: Some("coco") };
        let mut config = config.clone();
        config.command.extend(["acp", "serve"].map(str::to_owned));
        Self::known_as(identity, &config, state_dir, surroundings)
    }

    /// Prepares an agent. Starts nothing.
    pub fn known_as(
        identity: Identity,
        config: &config::Acp,
        state_dir: &Path,
        surroundings: &Surroundings,
    ) -> Self {
        let known = match config.command.as_slice() {
            [name] => preset::named(name),
            _ => None,
        };
        let words = known.map_or_else(|| config.command.clone(), preset::Preset::words);
        let of_program = || words.first().and_then(|program| preset::of_program(program));
        let folder = state_dir.join("acp").join(identity.name);
        let program = Program::new(&words, surroundings);
        let launch = Launch {
            setting: identity.setting,
            preset: identity.preset.and_then(preset::named).or_else(of_program),
            program,
            folder: folder.clone(),
        };
        Self {
            pool: Pool::new(launch),
            journal: Arc::new(Journal::new(folder.join("given"))),
            tidied: Once::new(),
            workdir: config.workdir.clone(),
            model: config.model.clone(),
            mode: config.mode.clone(),
            silence_max: config.timeout,
        }
    }

    /// Finds the program, or says why not and what to do.
    pub fn find_program(&self) -> Result<PathBuf, Text> {
        self.pool.launch.find()
    }

    /// Returns the number of the process that serves a folder, if there is one.
    pub async fn pid(&self, folder: &Path) -> Option<i32> {
        Some(self.pool.found(folder).await?.pid())
    }

    /// Returns a process in which a session was opened.
    async fn proven(&self) -> Option<Arc<Client>> {
        self.pool.any(|client| client.any_session().is_some()).await
    }

    /// Opens a session to see whether that can be done: only then an agent says that nobody is
    /// logged in.
    async fn prove(&self, workdir: &Path) -> Result<Arc<Client>, AgentError> {
        let client = self.pool.client(workdir).await.map_err(unreached)?;
        let session = match self.create(&client, workdir).await {
            Ok(session) => session,
            Err(error) => {
                give_up(&client).await;
                return Err(error);
            }
        };
        if client.hello.agent_capabilities.session_capabilities.close.is_some() {
            let closed = client.query("session/close", json!({ "sessionId": session })).await;
            if let Err(error) = closed {
                tracing::debug!("a session was not closed: {error}");
            }
        }
        Ok(client)
    }

    /// Whether it speaks the protocol: `Err` says why it could not be told to.
    async fn speaks(&self) -> Result<bool, AgentError> {
        self.find_program().map_err(AgentError::Refused)?;
        match self.pool.client(&self.workdir).await {
            Ok(_) => Ok(true),
            Err(Unreached::Speechless(reason)) => {
                tracing::warn!("{}", reason.of(Lang::En));
                Ok(false)
            }
            Err(Unreached::Other(error)) => Err(error),
        }
    }

    async fn create(&self, client: &Client, workdir: &Path) -> Result<String, AgentError> {
        let opened = client.query("session/new", place(workdir)).await?;
        let Some(id) = opened["sessionId"].as_str() else {
            let reason = words::unnamed_session(self.pool.launch.title());
            return Err(AgentError::Refused(reason));
        };
        let session = Session::read(&opened);
        if session.lacks_models() && !client.hello.auth_methods.is_empty() {
            let reason = failure::not_logged_in(&client.launch, &client.hello);
            return Err(AgentError::Refused(reason));
        }
        client.keep(id, session);
        Ok(id.to_owned())
    }

    /// Opens a session that was begun before, in a process that does not know it.
    async fn reopen(&self, client: &Client, id: &str, workdir: &Path) -> Result<(), AgentError> {
        let title = self.pool.launch.title();
        let can = &client.hello.agent_capabilities;
        let method = match (can.session_capabilities.resume.is_some(), can.load_session) {
            (true, _) => "session/resume",
            (false, true) => "session/load",
            (false, false) => {
                return Err(AgentError::Forgotten(words::no_reopening(title)));
            }
        };
        let mut params = place(workdir);
        params["sessionId"] = json!(id);
        match client.rpc.call(method, params, client::CALL_MAX).await {
            Ok(opened) => {
                let mut session = Session::read(&opened);
                // The agent may remember what was chosen last.
                session.usual = self.journal.usual(id).unwrap_or(session.usual);
                self.keep_usual(id, &session);
                client.keep(id, session);
                Ok(())
            }
            Err(CallError::Refused { message, code }) => {
                let error = CallError::Refused { code, message: message.clone() };
                if failure::is_not_logged_in(&error) {
                    return Err(failure::of_query(&client.launch, &client.hello, error));
                }
                let why = failure::short(&message);
                Err(AgentError::Forgotten(words::not_reopened(title, why)))
            }
            Err(error) => Err(failure::of_query(&client.launch, &client.hello, error)),
        }
    }

    /// Makes sure that a session is open, and set as it should be.
    async fn opened(
        &self,
        client: &Client,
        thread: Option<&str>,
        settings: &Settings,
    ) -> Result<String, AgentError> {
        let workdir = Path::new(&settings.workdir);
        let id = match thread {
            Some(thread) => {
                if client.session(thread).is_none() {
                    self.reopen(client, thread, workdir).await?;
                }
                thread.to_owned()
            }
            None => {
                let id = self.create(client, workdir).await?;
                self.keep_usual(&id, &client.session(&id).unwrap_or_default());
                id
            }
        };
        match settings.model.as_ref().or(self.model.as_ref()) {
            Some(model) => self.dial(client, &id, Dial::Model, model).await?,
            None => self.dial_back(client, &id, Dial::Model).await?,
        }
        match self.wanted_mode(client, &id, settings)? {
            Some(mode) => self.dial(client, &id, Dial::Mode, &mode).await?,
            None => self.dial_back(client, &id, Dial::Mode).await?,
        }
        let effort_is_offered = client.session(&id).and_then(|it| it.way(Dial::Effort)).is_some();
        match settings.effort.as_ref().filter(|_| effort_is_offered) {
            Some(effort) => self.dial(client, &id, Dial::Effort, effort).await?,
            None => self.dial_back(client, &id, Dial::Effort).await?,
        }
        Ok(id)
    }

    /// Sets back what an earlier task chose, for the session outlives it.
    async fn dial_back(&self, client: &Client, id: &str, dial: Dial) -> Result<(), AgentError> {
        let session = client.session(id).unwrap_or_default();
        let (Some(usual), Some((_, now))) = (session.usual.of(dial), session.way(dial)) else {
            return Ok(());
        };
        // Models come and go, and efforts with them; how much is asked is never left to chance.
        let is_offered = session.offered(dial).iter().any(|it| it.value == *usual);
        if now == *usual || (dial != Dial::Mode && !is_offered) {
            return Ok(());
        }
        self.dial(client, id, dial, usual).await
    }

    fn keep_usual(&self, id: &str, session: &Session) {
        if let Err(error) = self.journal.keep_usual(id, &session.usual) {
            tracing::warn!("what a conversation was begun with was not kept: {error:#}");
        }
    }

    /// Returns the mode a task needs, if not any will do.
    fn wanted_mode(
        &self,
        client: &Client,
        id: &str,
        settings: &Settings,
    ) -> Result<Option<String>, AgentError> {
        if settings.sandbox != "read-only" {
            return Ok(settings.mode.clone().or_else(|| self.mode.clone()));
        }
        let modes = client.session(id).unwrap_or_default().offered(Dial::Mode);
        let offered = |mode: &&str| modes.iter().any(|it| it.value == *mode);
        match LOOKING.into_iter().find(|mode| offered(mode)) {
            Some(mode) => Ok(Some(mode.to_owned())),
            None => Err(AgentError::Refused(words::cant_only_look(self.pool.launch.title()))),
        }
    }

    /// Sets one of the things that can be chosen, unless it is set so already.
    async fn dial(
        &self,
        client: &Client,
        id: &str,
        dial: Dial,
        value: &str,
    ) -> Result<(), AgentError> {
        let session = client.session(id).unwrap_or_default();
        let offered = session.offered(dial);
        let way = session.way(dial).filter(|_| offered.iter().any(|it| it.value == value));
        let Some((way, current)) = way else {
            return Err(AgentError::Refused(not_offered(&self.pool.launch, dial, value, &offered)));
        };
        if current == value {
            return Ok(());
        }
        match way {
            Way::Option(option) => {
                let params = json!({ "sessionId": id, "configId": option, "value": value });
                let set = client.query("session/set_config_option", params).await?;
                let mut session = session;
                session.learn(&set["configOptions"]);
                client.keep(id, session);
            }
            Way::Method(method) => {
                let key = if dial == Dial::Model { "modelId" } else { "modeId" };
                client.query(method, json!({ "sessionId": id, key: value })).await?;
                let mut session = session;
                session.chosen(dial, value);
                client.keep(id, session);
            }
        }
        Ok(())
    }

    fn busy(&self) -> AgentError {
        let title = self.pool.launch.title();
        AgentError::Later(format!("{title} is still at another task in this conversation."))
    }

    async fn client(&self, settings: &Settings) -> Result<Arc<Client>, AgentError> {
        self.tidied.call_once(|| self.journal.tidy());
        let workdir = Path::new(&settings.workdir);
        check_folder(&settings.workdir)?;
        self.pool.client(workdir).await.map_err(unreached)
    }
}

#[async_trait]
impl Agent for Acp {
    async fn ready(&self) -> Result<String, Text> {
        let program = self.find_program()?;
        let client = match self.proven().await {
            Some(client) => client,
            None => self.prove(&self.workdir).await.map_err(AgentError::reason)?,
        };
        let version = match &client.hello.agent_info {
            Some(info) => format!("{} {}", info.title.as_ref().unwrap_or(&info.name), info.version),
            None => format!("{} ({})", self.pool.launch.title(), program.display()),
        };
        Ok(format!("{version}, over ACP"))
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        let client = self.client(settings).await?;
        let opened = self.opened(&client, thread.map(ThreadId::as_str), settings).await;
        if let Err(AgentError::Refused(_)) = &opened {
            give_up(&client).await;
        }
        opened.map(ThreadId::new)
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        let client = self.client(settings).await?;
        let id = thread.as_str();
        let ear = client.listen(id).ok_or_else(|| self.busy())?;
        if client.session(id).is_none() {
            self.opened(&client, Some(id), settings).await?;
        }
        let written = |error: anyhow::Error| AgentError::Later(format!("{error:#}"));
        self.journal.give(id, task.as_str()).map_err(written)?;
        // Pictures are named in the text; the agent opens them as files.
        match ear.give(&prompt.text).await {
            Ok(awaited) => {
                let (journal, transcript) = (self.journal.clone(), Transcript::default());
                let record = Record { journal, task: task.clone(), transcript };
                let workdir = &settings.workdir;
                Ok(Box::new(AcpTurn::new(ear, awaited, record, workdir, self.silence_max)))
            }
            Err(CallError::NotSent(reason)) => {
                self.journal.take_back(id, task.as_str()).map_err(written)?;
                Err(AgentError::Later(reason))
            }
            Err(error) => Err(AgentError::Unclear(error.to_string())),
        }
    }

    async fn find(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        _settings: &Settings,
    ) -> Result<Found, AgentError> {
        let standing = self.journal.standing(thread.as_str(), task.as_str());
        match standing.map_err(|error| AgentError::Later(format!("{error:#}")))? {
            Standing::Never => Ok(Found::Never),
            Standing::Over(over) => Ok(Found::Over {
                turn: turn::name(task),
                end: over.end(),
                answer: over.answer,
                steps: over.steps,
            }),
            Standing::Given => {
                let reason = words::unknown_fate(self.pool.launch.title());
                Ok(Found::Unknown { reason })
            }
        }
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        let client = match self.proven().await {
            Some(client) => client,
            None => self.prove(&self.workdir).await?,
        };
        Ok(client.any_session().unwrap_or_default().choices())
    }

    async fn shutdown(&self) {
        self.pool.shutdown().await;
    }
}

/// Ends a process that refuses, unless it is at work: a login by hand is seen by one that is started
/// after it.
async fn give_up(client: &Client) {
    if client.idle() > Duration::ZERO {
        client.end("it refused").await;
    }
}

fn place(workdir: &Path) -> Value {
    json!({ "cwd": workdir, "mcpServers": [] })
}

fn not_offered(launch: &Launch, dial: Dial, value: &str, offered: &[Choice]) -> Text {
    let title = launch.title();
    let what = match dial {
        Dial::Model => words::model(),
        Dial::Mode => words::mode(),
        Dial::Effort => words::effort(),
    };
    if offered.is_empty() {
        return words::no_choice(title, what, value);
    }
    let mut names: Vec<_> = offered.iter().take(NAMED_MAX).map(|it| it.value.as_str()).collect();
    if offered.len() > NAMED_MAX {
        names.push("…");
    }
    words::not_offered(title, what, value, names.join(", "))
}
