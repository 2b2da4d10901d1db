//! Cursor Agent as a program that is run once for each prompt. It asks nobody: what needs leave it
//! does not do, and says so.

use super::stream::Reader;
use crate::agent::acp::Acp;
use crate::agent::acp::child::Child;
use crate::agent::acp::failure::short;
use crate::agent::acp::journal::Journal;
use crate::agent::acp::launch::Launch;
use crate::agent::acp::preset::Preset;
use crate::agent::acp::turn::{Record, name};
use crate::agent::{Agent, AgentError, Choices, End, Found, Note, Prompt, Turn, check_folder};
use crate::rpc::lines::Lines;
use crate::rpc::lock;
use async_trait::async_trait;
use poco_core::words::acp as words;
use poco_core::{ApprovalId, Settings, Step, TaskId, Text, ThreadId, Transcript, TurnId, Verdict};
use poco_io::config;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::process::ChildStdout;
use tokio::time::{Instant, sleep_until, timeout};

/// The longest it may take to make a conversation.
const CREATE_MAX: Duration = Duration::from_secs(30);

/// The longest prompt: it is an argument of a program.
const PROMPT_BYTES_MAX: usize = 120_000;

/// Words by which it says that nobody is logged in.
const LOGGED_OUT: [&str; 3] = ["not logged in", "authentication required", "cursor_api_key"];

/// Turns at work, by the conversation they are in.
type Work = Arc<Mutex<HashMap<String, Arc<Child>>>>;

pub(super) struct Cli {
    launch: Arc<Launch>,
    journal: Arc<Journal>,
    model: Option<String>,
    mode: Option<String>,
    sandbox: Option<String>,
    silence_max: Duration,
    work: Work,
}

impl Cli {
    /// Prepares what is left where `acp` is not spoken.
    pub(super) fn new(config: &config::Cursor, acp: &Acp, preset: Option<&'static Preset>) -> Self {
        let launch = Launch {
            setting: acp.pool.launch.setting,
            preset,
            program: acp.pool.launch.program.named(&config.acp.command),
            folder: acp.pool.launch.folder.clone(),
        };
        Self {
            launch: Arc::new(launch),
            journal: acp.journal.clone(),
            model: config.acp.model.clone(),
            mode: config.acp.mode.clone(),
            sandbox: config.sandbox.clone(),
            silence_max: config.acp.timeout,
            work: Work::default(),
        }
    }

    /// Makes a conversation, and returns its name.
    async fn create(&self, workdir: &Path) -> Result<String, AgentError> {
        let command = self.launch.command(&[OsStr::new("create-chat")], workdir);
        let mut command = command.map_err(AgentError::Refused)?;
        let made = timeout(CREATE_MAX, command.stdin(Stdio::null()).output()).await;
        let late = || AgentError::Later("Cursor Agent made no conversation in time.".to_owned());
        let made = made.map_err(|_| late())?;
        let made = made.map_err(|error| self.refused(&error.to_string()))?;
        let text = String::from_utf8_lossy(&made.stdout).into_owned();
        let id = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if made.status.success() && !id.is_empty() && id.chars().all(is_name) {
            return Ok(id.to_owned());
        }
        Err(self.refused(&format!("{text} {}", String::from_utf8_lossy(&made.stderr))))
    }

    fn refused(&self, said: &str) -> AgentError {
        AgentError::Refused(worded(&self.launch, said))
    }

    fn arguments(&self, thread: &str, prompt: &str, settings: &Settings) -> Vec<String> {
        let mut words =
            ["-p", "--output-format", "stream-json", "--stream-partial-output", "--trust"]
                .map(str::to_owned)
                .to_vec();
        let looks_only = settings.sandbox == "read-only";
        let set = settings.mode.clone().or_else(|| self.mode.clone());
        let mode = if looks_only { Some("plan".to_owned()) } else { set };
        let model = settings.model.as_ref().or(self.model.as_ref()).cloned();
        let given = [
            ("--workspace", Some(settings.workdir.clone())),
            ("--resume", Some(thread.to_owned())),
            ("--model", model),
            ("--mode", mode.filter(|mode| mode != "agent")),
            ("--sandbox", self.sandbox.clone()),
        ];
        for (name, value) in given {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        }
        // What follows is no option, however it begins.
        words.extend(["--".to_owned(), prompt.to_owned()]);
        words
    }
}

/// Words what it says of a failure.
fn worded(launch: &Launch, said: &str) -> Text {
    let lower = said.to_lowercase();
    match (LOGGED_OUT.iter().any(|it| lower.contains(it)), launch.preset) {
        (true, Some(preset)) => words::not_logged_in(launch.title(), preset.how_to_log_in()),
        _ => words::failed(launch.title(), short(said)),
    }
}

#[async_trait]
impl Agent for Cli {
    async fn ready(&self) -> Result<String, Text> {
        let program = self.launch.find()?;
        Ok(format!(
            "{} at {}, without approvals: it speaks no ACP",
            self.launch.title(),
            program.display()
        ))
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        check_folder(&settings.workdir)?;
        match thread {
            Some(thread) => Ok(thread.clone()),
            None => self.create(Path::new(&settings.workdir)).await.map(ThreadId::new),
        }
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        check_folder(&settings.workdir)?;
        let prompt = prompt.text.as_str();
        if prompt.len() > PROMPT_BYTES_MAX || prompt.contains('\0') {
            return Err(AgentError::Refused(words::prompt_too_long()));
        }
        let id = thread.as_str();
        if lock(&self.work).contains_key(id) {
            let reason = "Cursor Agent is still at another task in this conversation.";
            return Err(AgentError::Later(reason.to_owned()));
        }
        let arguments = self.arguments(id, prompt, settings);
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let command = self.launch.command(&arguments, Path::new(&settings.workdir));
        let mut command = command.map_err(AgentError::Refused)?;
        let later = |error: anyhow::Error| AgentError::Later(format!("{error:#}"));
        let log = self.launch.log().map_err(later)?;
        let log_end = self.launch.log_end();
        self.journal.give(id, task.as_str()).map_err(later)?;
        let mut process = match command.stdin(Stdio::null()).stderr(log).spawn() {
            Ok(process) => process,
            Err(error) => {
                self.journal.take_back(id, task.as_str()).map_err(later)?;
                return Err(self.refused(&error.to_string()));
            }
        };
        let unclear = || AgentError::Unclear("Cursor Agent ended at once.".to_owned());
        let stdout = process.stdout.take().ok_or_else(unclear)?;
        let child = Child::new(process, &self.launch.folder.join("processes"));
        let child = Arc::new(child.map_err(|_| unclear())?);
        lock(&self.work).insert(id.to_owned(), child.clone());
        Ok(Box::new(CliTurn {
            thread: thread.clone(),
            record: Record {
                journal: self.journal.clone(),
                task: task.clone(),
                transcript: Transcript::default(),
            },
            launch: self.launch.clone(),
            log_end,
            child,
            lines: Lines::of(stdout),
            reader: Reader::default(),
            ready: VecDeque::new(),
            stopping: false,
            heard: Instant::now(),
            silence_max: self.silence_max,
            ending: None,
            work: self.work.clone(),
        }))
    }

    async fn find(
        &self,
        _thread: &ThreadId,
        _task: &TaskId,
        _settings: &Settings,
    ) -> Result<Found, AgentError> {
        Ok(Found::Unknown { reason: words::unknown_fate(self.launch.title()) })
    }

    /// It has no way to ask that takes less than a person's patience.
    async fn choices(&self) -> Result<Choices, AgentError> {
        let modes = ["agent", "plan", "ask"].map(str::to_owned).to_vec();
        Ok(Choices { modes, ..Choices::default() })
    }

    async fn shutdown(&self) {
        let children: Vec<_> = lock(&self.work).values().cloned().collect();
        let end = |child: Arc<Child>| async move { child.end().await };
        futures_util::future::join_all(children.into_iter().map(end)).await;
    }
}

struct CliTurn {
    thread: ThreadId,
    record: Record,
    launch: Arc<Launch>,
    log_end: u64,
    child: Arc<Child>,
    lines: Lines<ChildStdout>,
    reader: Reader,
    ready: VecDeque<Note>,
    stopping: bool,
    heard: Instant,
    silence_max: Duration,
    /// How it ends, once it has let go of the process.
    ending: Option<End>,
    work: Work,
}

impl CliTurn {
    fn take(&mut self, line: Option<String>) {
        self.heard = Instant::now();
        let Some(line) = line else {
            let steps = self.reader.whole();
            self.show(steps);
            let none = End::Lost { reason: Text::default() };
            self.ending.get_or_insert(none);
            return;
        };
        let read = self.reader.take(&line);
        self.show(read.steps);
        if read.end.is_some() {
            self.ending = read.end;
        }
    }

    fn show(&mut self, steps: Vec<Step>) {
        for step in steps {
            self.record.transcript.apply(step.clone());
            self.ready.push_back(Note::Step(step));
        }
    }

    fn alarm(&mut self) {
        let minutes = self.silence_max.as_secs().div_ceil(60);
        let reason = words::silent(self.launch.title(), minutes);
        self.child.kill();
        self.ending = Some(End::Failed { reason });
    }

    /// Sees the process off, and says how the turn ended.
    async fn finish(&mut self) -> End {
        let status = self.child.bury().await;
        lock(&self.work).remove(self.thread.as_str());
        let end = match self.ending.clone() {
            _ if self.stopping => End::Stopped,
            Some(End::Lost { .. }) | None => {
                let said = self.launch.last_words(self.log_end);
                let status = status.unwrap_or_default();
                match said.is_empty() {
                    true => End::Lost { reason: words::ended(self.launch.title(), status) },
                    false => End::Failed { reason: worded(&self.launch, &said) },
                }
            }
            Some(end) => end,
        };
        self.record.finish(self.thread.as_str(), &end);
        end
    }
}

#[async_trait]
impl Turn for CliTurn {
    fn thread(&self) -> ThreadId {
        self.thread.clone()
    }

    fn id(&self) -> TurnId {
        name(&self.record.task)
    }

    async fn next(&mut self) -> Note {
        loop {
            if let Some(note) = self.ready.pop_front() {
                return note;
            }
            if self.ending.is_some() {
                return Note::Ended(self.finish().await);
            }
            let deadline = self.heard + self.silence_max;
            tokio::select! {
                line = self.lines.next_line() => {
                    let line = line.unwrap_or_else(|error| {
                        tracing::warn!("what an agent says can't be read: {error:#}");
                        None
                    });
                    self.take(line);
                }
                () = sleep_until(deadline) => self.alarm(),
            }
        }
    }

    async fn answer(&mut self, _: &ApprovalId, _: &Verdict) -> Result<bool, AgentError> {
        Ok(false)
    }

    async fn steer(&mut self, _id: &str, _text: &str) -> Result<bool, AgentError> {
        Ok(false)
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        self.stopping = true;
        self.child.end().await;
        Ok(())
    }
}

impl Drop for CliTurn {
    fn drop(&mut self) {
        // Nothing runs that nobody watches.
        self.child.kill();
        lock(&self.work).remove(self.thread.as_str());
    }
}
