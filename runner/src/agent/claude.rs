//! Claude Code, by the streams of its headless mode.
//!
//! One process runs one turn. It reads from a named pipe and writes to a file, so that it outlives
//! PoCo: a restart of PoCo neither cuts off a turn nor loses a question, for the file is read again.
//! The file is also the proof of what became of a prompt: Claude Code says there that it begins
//! before it asks the model, and writes its own transcript only after that.

mod ask;
mod failure;
mod grants;
mod hello;
mod notes;
mod run;
mod tail;
mod transcript;
mod turn;
mod wire;

use super::program::Program;
use super::{Agent, AgentError, Choices, Found, Prompt, Surroundings, Turn, check_folder};
use crate::files::picture;
use crate::rpc::lock;
use async_trait::async_trait;
use hello::Hello;
use poco_core::words::agent as words;
use poco_core::{Settings, TaskId, Text, ThreadId, TurnId};
use poco_io::config;
use run::{Folder, Run, Stand};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use turn::ClaudeTurn;

/// What people call this agent.
pub const NAME: &str = "claude_code";

/// The mode in which nobody is asked: only where the operator's own settings say so.
pub(super) const BYPASS: &str = "bypassPermissions";

/// What Claude Code may be told of the session it is started from.
const OF_OUTER_SESSION: [&str; 3] =
    ["CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE_PORT"];

#[expect(missing_debug_implementations, reason = "it holds an environment, which may have secrets")]
pub struct Claude {
    program: Program,
    config: config::Claude,
    folder: Folder,
    hello: tokio::sync::Mutex<Option<Hello>>,
    /// The sessions whose turns are watched by somebody.
    watched: Watched,
}

/// Reads pictures, each with its media type.
async fn look_at(pictures: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, AgentError> {
    let pictures = pictures.to_vec();
    let read = move || -> std::io::Result<Vec<_>> {
        let read = |file: &PathBuf| {
            let bytes = std::fs::read(file)?;
            let kind = picture(&bytes).unwrap_or("png").replace("jpg", "jpeg");
            Ok((format!("image/{kind}"), bytes))
        };
        pictures.iter().map(read).collect()
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(pictures)) => Ok(pictures),
        Ok(Err(error)) => Err(AgentError::Later(format!("cannot read a picture: {error}"))),
        Err(error) => Err(AgentError::Later(format!("cannot read a picture: {error}"))),
    }
}

type Watched = Arc<Mutex<HashSet<String>>>;

/// Watches a session alone, until it is dropped.
pub(super) struct Watch {
    session: String,
    watched: Watched,
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.watched).remove(&self.session);
    }
}

impl Claude {
    /// Prepares a Claude Code whose files are kept in a folder of `state_dir`. Starts nothing.
    pub fn new(config: &config::Claude, state_dir: &Path, surroundings: &Surroundings) -> Self {
        let mut program = Program::new(&config.command, surroundings);
        OF_OUTER_SESSION.iter().for_each(|name| program.unset(name));
        Self {
            program,
            config: config.clone(),
            folder: Folder::new(state_dir.join("claude")),
            hello: tokio::sync::Mutex::default(),
            watched: Watched::default(),
        }
    }

    /// Finds the program, or says why not and what to do.
    pub fn find_program(&self) -> Result<PathBuf, Text> {
        let found = self.program.find().map(|found| hello::native(&found).unwrap_or(found));
        found.ok_or_else(|| words::claude_missing(self.program.name()))
    }

    /// Asks the program what it is, and who is logged in; not again for a while.
    async fn hello(&self) -> Result<Hello, AgentError> {
        let mut known = self.hello.lock().await;
        let program = self.find_program().map_err(AgentError::Refused)?;
        if let Some(hello) = known.as_ref().filter(|hello| hello.is_fresh(&program)) {
            return Ok(hello.clone());
        }
        *known = None;
        self.folder.make()?;
        let hello = hello::ask(&self.program, &program, self.folder.path()).await?;
        hello.check_login()?;
        *known = Some(hello.clone());
        Ok(hello)
    }

    fn transcript(&self, session: &str) -> Option<PathBuf> {
        transcript::find(&transcript::config_folder(&self.program)?, session)
    }

    fn watch(&self, session: &str) -> Result<Watch, AgentError> {
        if !lock(&self.watched).insert(session.to_owned()) {
            return Err(busy());
        }
        Ok(Watch { session: session.to_owned(), watched: self.watched.clone() })
    }

    /// The arguments of a turn. No prompt is ever among them: others could read it there.
    fn arguments(&self, session: &str, settings: &Settings) -> Result<Vec<OsString>, AgentError> {
        let mode = settings.mode.as_deref().unwrap_or(&self.config.permission_mode);
        if mode == BYPASS && self.config.permission_mode != BYPASS {
            return Err(AgentError::Refused(words::claude_bypass(BYPASS)));
        }
        let mut arguments = wire::arguments();
        let mut add = |name: &str, value: &str| arguments.extend([name.into(), value.into()]);
        match self.transcript(session) {
            Some(_) => add("--resume", session),
            None => add("--session-id", session),
        }
        add("--permission-mode", mode);
        if let Some(model) = settings.model.as_ref().or(self.config.model.as_ref()) {
            add("--model", model);
        }
        if let Some(effort) = &settings.effort {
            add("--effort", effort);
        }
        if let Some(file) = grants::file(&self.folder.of(session)) {
            arguments.extend(["--settings".into(), file.into()]);
        }
        Ok(arguments)
    }

    fn turn(&self, run: Run, watch: Watch, task: &TaskId, workdir: &str) -> ClaudeTurn {
        ClaudeTurn::new(run, watch, task, workdir, self.config.timeout)
    }
}

#[async_trait]
impl Agent for Claude {
    async fn ready(&self) -> Result<String, Text> {
        let hello = self.hello().await.map_err(AgentError::reason)?;
        Ok(hello.to_string())
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        check_folder(&settings.workdir)?;
        self.hello().await?;
        let Some(thread) = thread else { return Ok(ThreadId::new(wire::fresh_uuid()?)) };
        let known = wire::is_uuid(thread.as_str()) && self.transcript(thread.as_str()).is_some();
        if !known {
            return Err(AgentError::Forgotten(words::claude_lost_thread()));
        }
        Ok(thread.clone())
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        check_folder(&settings.workdir)?;
        let session = session(thread)?;
        let watch = self.watch(session)?;
        let folder = self.folder.of(session);
        run::clear_way(&folder).await?;
        let program = self.find_program().map_err(AgentError::Refused)?;
        let mut command = self.program.command(&program);
        command.args(self.arguments(session, settings)?).current_dir(&settings.workdir);
        let id = wire::uuid_of(task.as_str());
        let pictures = look_at(&prompt.pictures).await?;
        let run = Run::start(&folder, &id, command)?;
        run.pipe().give(&wire::prompt(&id, &prompt.text, &pictures)).await?;
        let mut turn = self.turn(run, watch, task, &settings.workdir);
        turn.begun().await?;
        Ok(Box::new(turn))
    }

    async fn find(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        settings: &Settings,
    ) -> Result<Found, AgentError> {
        let session = session(thread)?;
        let watch = self.watch(session)?;
        let id = wire::uuid_of(task.as_str());
        let Some(run) = Run::find(&self.folder.of(session), &id)? else {
            // What PoCo's own files do not tell, if they were lost, the transcript may.
            return Ok(match self.transcript(session) {
                Some(file) => transcript::look(&file, &id).unwrap_or(Found::Never),
                None => Found::Never,
            });
        };
        let mut turn = self.turn(run, watch, task, &settings.workdir);
        match turn.catch_up().await? {
            Stand::Running => Ok(Found::Running(Box::new(turn))),
            Stand::Never => Ok(Found::Never),
            Stand::Over => {
                let (end, answer, steps) = turn.sum_up();
                Ok(Found::Over { turn: TurnId::new(id), end, answer, steps })
            }
        }
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        let mut choices = self.hello().await?.choices();
        if self.config.permission_mode == BYPASS {
            choices.modes.push(BYPASS.to_owned());
        }
        Ok(choices)
    }

    async fn shutdown(&self) {
        self.folder.end_all().await;
    }
}

/// Reads the name of a session. It becomes part of paths, so that nothing else may be in it.
fn session(thread: &ThreadId) -> Result<&str, AgentError> {
    if wire::is_uuid(thread.as_str()) {
        return Ok(thread.as_str());
    }
    Err(AgentError::Forgotten(words::claude_no_thread()))
}

fn busy() -> AgentError {
    let reason = "Claude Code is still at another task in this conversation.";
    AgentError::Later(reason.to_owned())
}

/// How long a process may take to say that it begins.
const BEGIN_MAX: Duration = Duration::from_secs(60);
