//! One agent process, the connection to it, and which session hears what comes over it.

use super::ask;
use super::child::Child;
use super::failure;
use super::inbox::{Inbox, Incoming};
use super::launch::Launch;
use super::session::Session;
use crate::agent::AgentError;
use crate::rpc::lines::Pipes;
use crate::rpc::{Awaited, CallError, Dialect, Router, Rpc, lock};
use agent_client_protocol_schema::ProtocolVersion;
use agent_client_protocol_schema::v1::{
    ClientCapabilities, ClientSessionCapabilities, CompactionCapabilities, Implementation,
    InitializeRequest, InitializeResponse, NoticeCapabilities, SessionUpdate,
};
use poco_core::words::acp as words;
use poco_core::{Lang, Text};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// The longest an agent may take from its start to its first word.
const START_MAX: Duration = Duration::from_secs(40);

/// The longest a request may take. Opening a session may start other programs.
pub(super) const CALL_MAX: Duration = Duration::from_secs(60);

/// The longest an agent may take to show that it is alive.
const ALIVE_MAX: Duration = Duration::from_secs(10);

/// The longest an agent may take to say that somebody is logged in: it may open a browser instead.
const LOGIN_MAX: Duration = Duration::from_secs(20);

/// A method that nobody has: any live agent says so at once.
const NOBODYS: &str = "_poco/alive";

/// Why an agent could not be reached.
#[derive(Debug)]
pub(super) enum Unreached {
    /// It ended by itself, or said something else, before it said hello: it may not speak the
    /// protocol.
    Speechless(Text),
    Other(AgentError),
}

pub(super) struct Client {
    pub(super) launch: Arc<Launch>,
    pub(super) rpc: Rpc,
    hub: Arc<Hub>,
    child: Arc<Child>,
    pub(super) hello: InitializeResponse,
}

impl Client {
    /// Starts the agent in a folder and says hello.
    pub(super) async fn start(launch: Arc<Launch>, folder: &Path) -> Result<Self, Unreached> {
        let refused = |reason: Text| Unreached::Other(AgentError::Refused(reason));
        let could_not = |why: String| words::could_not_start(launch.title(), why);
        let mut command = launch.command(&[], folder).map_err(refused)?;
        let log = launch.log().map_err(|error| refused(could_not(format!("{error:#}"))))?;
        let log_end = launch.log_end();
        let mut process = command
            .stderr(Stdio::from(log))
            .spawn()
            .map_err(|error| refused(could_not(error.to_string())))?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let Some((stdin, stdout)) = pipes else {
            return Err(refused(could_not("no pipes".into())));
        };
        let child = Child::new(process, &launch.folder.join("processes"));
        let child = child.map_err(|error| {
            Unreached::Speechless(could_not(format!("{error:#} {}", launch.last_words(log_end))))
        })?;
        let hub = Arc::new(Hub::default());
        let rpc = Rpc::start(Box::new(Pipes { stdin, stdout }), hub.clone(), Dialect::Two);
        let hello = match greet(&rpc).await {
            Ok(hello) => hello,
            Err(error) => {
                let status = child.bury().await.unwrap_or_default();
                // One that hangs, or is killed, may speak it the next time.
                let by_itself = status.starts_with("exit status");
                let is_clear = by_itself || matches!(error, CallError::Refused { .. });
                let words = launch.last_words(log_end);
                let why = [error.to_string(), status, words];
                let why =
                    why.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; ");
                let why = could_not(why);
                return Err(match is_clear {
                    true => Unreached::Speechless(why),
                    false => Unreached::Other(AgentError::Later(why.of(Lang::En).to_owned())),
                });
            }
        };
        let client = Self { launch, rpc, hub, child: Arc::new(child), hello };
        client.log_in().await.map_err(Unreached::Other)?;
        Ok(client)
    }

    /// Names the way of logging in, where the agent wants that before anything else.
    async fn log_in(&self) -> Result<(), AgentError> {
        let wanted = self.launch.preset.and_then(|preset| preset.authenticate);
        let offered =
            |id: &&str| self.hello.auth_methods.iter().any(|it| it.id().0.as_ref() == *id);
        let Some(method) = wanted.filter(offered) else { return Ok(()) };
        let params = json!({ "methodId": method });
        match self.rpc.call("authenticate", params, LOGIN_MAX).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused { .. } | CallError::Unanswered(_)) => {
                Err(AgentError::Refused(failure::not_logged_in(&self.launch, &self.hello)))
            }
            Err(CallError::NotSent(reason)) => Err(AgentError::Later(reason)),
        }
    }

    /// Asks for something that can be asked for again.
    pub(super) async fn query(&self, method: &str, params: Value) -> Result<Value, AgentError> {
        let answer = self.rpc.call(method, params, CALL_MAX).await;
        answer.map_err(|error| failure::of_query(&self.launch, &self.hello, error))
    }

    /// Whether any answer comes.
    pub(super) async fn is_alive(&self) -> bool {
        let answer = self.rpc.call(NOBODYS, json!({}), ALIVE_MAX).await;
        matches!(answer, Ok(_) | Err(CallError::Refused { .. }))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.rpc.is_closed()
    }

    pub(super) fn pid(&self) -> i32 {
        self.child.pid()
    }

    /// Ends the agent. Everybody who listens is told.
    pub(super) async fn end(&self, reason: &str) {
        self.rpc.fail(self.hub.as_ref(), reason);
        self.child.end().await;
    }

    /// Like [`Client::end`], without waiting for it.
    pub(super) fn end_soon(&self, reason: &str) {
        self.rpc.fail(self.hub.as_ref(), reason);
        let child = self.child.clone();
        tokio::spawn(async move { child.end().await });
    }

    /// Says how it ended, once its connection is closed.
    pub(super) async fn last_words(self: Arc<Self>) -> Text {
        let status = self.child.bury().await;
        let title = self.launch.title();
        match status {
            Some(status) => words::ended(title, status),
            None => words::ended_so(title),
        }
    }

    /// Begins to listen to a session; `None` if somebody does already.
    pub(super) fn listen(self: &Arc<Self>, session: &str) -> Option<Ear> {
        let mut state = lock(&self.hub.state);
        if state.inboxes.contains_key(session) {
            return None;
        }
        let inbox = Arc::new(Inbox::default());
        state.inboxes.insert(session.to_owned(), inbox.clone());
        if self.rpc.is_closed() {
            inbox.push(Incoming::Closed { reason: "the connection was closed".to_owned() });
        }
        Some(Ear { client: self.clone(), session: session.to_owned(), inbox })
    }

    pub(super) fn keep(&self, session: &str, state: Session) {
        lock(&self.hub.state).sessions.insert(session.to_owned(), state);
    }

    pub(super) fn session(&self, session: &str) -> Option<Session> {
        lock(&self.hub.state).sessions.get(session).cloned()
    }

    /// Returns any session that is open.
    pub(super) fn any_session(&self) -> Option<Session> {
        lock(&self.hub.state).sessions.values().next().cloned()
    }

    /// How long nobody has listened.
    pub(super) fn idle(&self) -> Duration {
        let state = lock(&self.hub.state);
        if state.inboxes.is_empty() { state.since.elapsed() } else { Duration::ZERO }
    }

    pub(super) fn touch(&self) {
        lock(&self.hub.state).since = Instant::now();
    }

    /// Whether it can go on with a session after it was started anew.
    pub(super) fn reloads(&self) -> bool {
        let can = &self.hello.agent_capabilities;
        can.load_session || can.session_capabilities.resume.is_some()
    }
}

/// Says hello. Files and terminals are the agent's own affair: its sandbox and its questions are
/// what keeps it within bounds, so PoCo offers none of its own.
async fn greet(rpc: &Rpc) -> Result<InitializeResponse, CallError> {
    let who = Implementation::new("poco", env!("CARGO_PKG_VERSION")).title("PoCo".to_owned());
    let session = ClientSessionCapabilities::new()
        .compaction(CompactionCapabilities::new())
        .notices(NoticeCapabilities::new());
    let can = ClientCapabilities::new().session(session);
    let request =
        InitializeRequest::new(ProtocolVersion::V1).client_info(who).client_capabilities(can);
    let params = serde_json::to_value(request).unwrap_or_default();
    let hello = rpc.call("initialize", params, START_MAX).await?;
    let odd = |why: String| CallError::Refused { code: 0, message: why };
    let hello: InitializeResponse = serde_json::from_value(hello)
        .map_err(|error| odd(format!("its first answer is odd: {error}")))?;
    match hello.protocol_version == ProtocolVersion::V1 {
        true => Ok(hello),
        false => Err(odd(format!("it speaks version {} of the protocol", hello.protocol_version))),
    }
}

/// Hears one session, until it is dropped.
pub(super) struct Ear {
    pub(super) client: Arc<Client>,
    pub(super) session: String,
    inbox: Arc<Inbox>,
}

impl Ear {
    /// Waits for what comes next. Cancel safe.
    pub(super) async fn next(&self) -> Incoming {
        self.inbox.next().await
    }

    /// Gives a prompt, and returns once it was sent.
    pub(super) async fn give(&self, prompt: &str) -> Result<Awaited, CallError> {
        self.client.rpc.begin("session/prompt", self.prompt(prompt), CALL_MAX).await
    }

    /// Gives a prompt at once.
    pub(super) fn give_now(&self, prompt: &str) -> Result<Awaited, CallError> {
        self.client.rpc.begin_now("session/prompt", &self.prompt(prompt))
    }

    fn prompt(&self, text: &str) -> Value {
        json!({ "sessionId": self.session, "prompt": [{ "type": "text", "text": text }] })
    }

    pub(super) fn cancel(&self) {
        self.client.rpc.tell_of("session/cancel", &json!({ "sessionId": self.session }));
    }

    /// Stops listening, so that somebody else can.
    pub(super) fn close(&self) {
        let mut state = lock(&self.client.hub.state);
        if state.inboxes.get(&self.session).is_some_and(|it| Arc::ptr_eq(it, &self.inbox)) {
            state.inboxes.remove(&self.session);
            state.since = Instant::now();
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.close();
    }
}

/// Hands on what comes in.
#[derive(Default)]
struct Hub {
    state: Mutex<State>,
}

struct State {
    inboxes: HashMap<String, Arc<Inbox>>,
    sessions: HashMap<String, Session>,
    /// When somebody listened last.
    since: Instant,
}

impl Default for State {
    fn default() -> Self {
        Self { inboxes: HashMap::new(), sessions: HashMap::new(), since: Instant::now() }
    }
}

impl State {
    /// Finds who listens to a session; extensions may not say to which.
    fn inbox(&self, params: &Value) -> Option<Arc<Inbox>> {
        match params["sessionId"].as_str() {
            Some(session) => self.inboxes.get(session).cloned(),
            None if self.inboxes.len() == 1 => self.inboxes.values().next().cloned(),
            None => None,
        }
    }
}

impl Router for Hub {
    fn told(&self, method: &str, mut params: Value) {
        if method != "session/update" {
            tracing::debug!(method, "an agent tells something PoCo does not know");
            return;
        }
        let update = params["update"].take();
        let inbox = {
            let mut state = lock(&self.state);
            let session = params["sessionId"].as_str().unwrap_or_default();
            if let Some(session) = state.sessions.get_mut(session) {
                session.learn(&update["configOptions"]);
                if let Some(mode) = update["currentModeId"].as_str() {
                    session.switched(mode);
                }
            }
            state.inbox(&params)
        };
        let Some(inbox) = inbox else { return };
        match serde_json::from_value::<SessionUpdate>(update) {
            Ok(update) => inbox.push(Incoming::Updated(Box::new(update))),
            Err(error) => tracing::debug!("an update could not be read: {error}"),
        }
    }

    fn asked(&self, id: Value, method: &str, params: Value) -> Result<(), String> {
        let inbox = lock(&self.state).inbox(&params);
        let unknown = || format!("PoCo can't answer {method}");
        let inbox = inbox.ok_or_else(unknown)?;
        let request = ask::read(method, params).ok_or_else(unknown)?;
        inbox.push(Incoming::Asked { id, request: Box::new(request) });
        Ok(())
    }

    fn closed(&self, reason: &str) {
        for inbox in lock(&self.state).inboxes.values() {
            inbox.push(Incoming::Closed { reason: reason.to_owned() });
        }
    }
}
