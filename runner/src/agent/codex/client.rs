//! One connection to a codex app-server, and which thread hears what comes over it.

use super::inbox::{Inbox, Incoming};
use crate::rpc::{CallError, Dialect, Router, Rpc, Transport, lock};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest a request may take.
pub(super) const CALL_MAX: Duration = Duration::from_secs(30);

/// The longest a server may take to show that it is alive.
pub(super) const ALIVE_MAX: Duration = Duration::from_secs(10);

/// The longest an answer to an approval may take to have an effect.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The most threads of sub-agents known at a time.
const CHILDREN_MAX: usize = 1_024;

/// The most questions held for nobody.
const HELD_MAX: usize = 256;

/// Codex brings one of its own and warns that there is none on the PATH: nothing to act on.
const BUBBLEWRAP: &str = "bubblewrap";

/// The most warnings kept.
const WARNINGS_MAX: usize = 4;

/// What PoCo does not use, and codex need not send.
const UNUSED: &[&str] = &[
    "account/rateLimits/updated",
    "item/commandExecution/outputDelta",
    "item/fileChange/outputDelta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
];

pub(super) struct Client {
    rpc: Rpc,
    hub: Arc<Hub>,
    /// As the server says it, such as `0.169.0`.
    pub(super) version: String,
    /// The server was started for this connection, and was given no prompt yet.
    pub(super) newborn: AtomicBool,
    /// Threads opened over this connection, with the sandbox they have.
    loaded: Mutex<HashMap<String, Value>>,
    /// Somebody was seen to be logged in.
    pub(super) logged_in: AtomicBool,
}

impl Client {
    pub(super) async fn connect(
        transport: Box<dyn Transport>,
        newborn: bool,
    ) -> Result<Self, CallError> {
        let hub = Arc::new(Hub::default());
        let rpc = Rpc::start(transport, hub.clone(), Dialect::Bare);
        let who = json!({ "name": "poco", "title": "PoCo", "version": env!("CARGO_PKG_VERSION") });
        let can = json!({ "experimentalApi": true, "requestAttestation": false, "optOutNotificationMethods": UNUSED });
        let params = json!({ "clientInfo": who, "capabilities": can });
        let hello = rpc.call("initialize", params, ALIVE_MAX).await?;
        rpc.tell("initialized");
        let version = version(hello["userAgent"].as_str().unwrap_or_default());
        Ok(Self {
            rpc,
            hub,
            version,
            newborn: AtomicBool::new(newborn),
            loaded: Mutex::default(),
            logged_in: AtomicBool::new(false),
        })
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, CallError> {
        self.rpc.call(method, params, CALL_MAX).await
    }

    /// Lists the models codex knows.
    pub(super) async fn models(&self) -> Result<Value, CallError> {
        self.call("model/list", json!({})).await
    }

    /// Asks for something that any live server answers at once.
    pub(super) async fn alive(&self) -> Result<Value, CallError> {
        self.rpc.call("thread/loaded/list", json!({}), ALIVE_MAX).await
    }

    /// Answers a question, and waits until codex says that it is settled.
    pub(super) async fn answer(&self, id: &Value, result: &Value) -> Result<(), CallError> {
        let settled = self.hub.expect(id);
        self.rpc.answer(id, result);
        match tokio::time::timeout(ANSWER_MAX, settled).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(CallError::Unanswered("the connection was closed".to_owned())),
            Err(_) => Err(CallError::Unanswered("codex did not take the answer".to_owned())),
        }
    }

    pub(super) fn answer_at_once(&self, id: &Value, result: &Value) {
        self.rpc.answer(id, result);
    }

    pub(super) fn refuse(&self, id: &Value, reason: &str) {
        self.rpc.refuse(id, reason);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.rpc.is_closed()
    }

    /// Gives up a server that hangs: everybody who listens is told.
    pub(super) fn give_up(&self, reason: &str) {
        self.rpc.fail(self.hub.as_ref(), reason);
    }

    /// Begins to listen to a thread; `None` if somebody does already.
    pub(super) fn listen(self: &Arc<Self>, thread: &str) -> Option<Ear> {
        let mut ears = lock(&self.hub.ears);
        if ears.inboxes.contains_key(thread) {
            return None;
        }
        let inbox = Arc::new(Inbox::default());
        ears.inboxes.insert(thread.to_owned(), inbox.clone());
        ears.hand_over();
        if self.rpc.is_closed() {
            inbox.push(Incoming::Closed { reason: "the connection was closed".to_owned() });
        }
        Some(Ear { client: self.clone(), thread: thread.to_owned(), inbox })
    }

    /// Remembers a thread as opened, with the sandbox it was given.
    pub(super) fn keep(&self, thread: &str, sandbox: &Value) {
        lock(&self.loaded).insert(thread.to_owned(), sandbox.clone());
    }

    /// Returns the sandbox of a thread that was opened over this connection.
    pub(super) fn kept(&self, thread: &str) -> Option<Value> {
        lock(&self.loaded).get(thread).cloned()
    }

    /// What codex says is wrong with its settings.
    pub(super) fn warnings(&self) -> String {
        lock(&self.hub.ears).warnings.join(" ")
    }

    /// How many notifications nobody listened to.
    pub(super) fn unheard(&self) -> u64 {
        self.hub.unheard.load(Ordering::Relaxed)
    }
}

/// Hears one thread, until it is dropped.
pub(super) struct Ear {
    pub(super) client: Arc<Client>,
    pub(super) thread: String,
    inbox: Arc<Inbox>,
}

impl Ear {
    /// Waits for what comes next. Cancel safe.
    pub(super) async fn next(&self) -> Incoming {
        self.inbox.next().await
    }

    /// Stops listening, so that somebody else can.
    pub(super) fn close(&self) {
        let mut ears = lock(&self.client.hub.ears);
        if ears.inboxes.get(&self.thread).is_some_and(|it| Arc::ptr_eq(it, &self.inbox)) {
            ears.inboxes.remove(&self.thread);
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.close();
    }
}

fn version(user_agent: &str) -> String {
    let product = user_agent.split(' ').next().unwrap_or_default();
    product.rsplit_once('/').map_or("unknown", |(_, version)| version).to_owned()
}

/// Hands on what comes in.
#[derive(Default)]
struct Hub {
    ears: Mutex<Ears>,
    unheard: AtomicU64,
}

#[derive(Default)]
struct Ears {
    inboxes: HashMap<String, Arc<Inbox>>,
    /// Threads of sub-agents, and the thread whose turn they work for.
    parents: HashMap<String, String>,
    /// Answers that are to be settled, by the question's id.
    expected: HashMap<String, oneshot::Sender<()>>,
    /// Questions about turns nobody listens to at the moment: somebody may soon again.
    held: Vec<Held>,
    /// What is wrong with codex's settings.
    warnings: Vec<String>,
    /// Kinds of notification that were told once to the log.
    odd: HashSet<String>,
}

struct Held {
    id: Value,
    method: String,
    params: Value,
}

impl Ears {
    /// Gives what was held to those who listen now.
    fn hand_over(&mut self) {
        for Held { id, method, params } in std::mem::take(&mut self.held) {
            match Hub::inbox(self, &params) {
                Some(inbox) => inbox.push(Incoming::Asked { id, method, params }),
                None => self.held.push(Held { id, method, params }),
            }
        }
    }
}

impl Hub {
    fn expect(&self, id: &Value) -> oneshot::Receiver<()> {
        let (settle, settled) = oneshot::channel();
        lock(&self.ears).expected.insert(id.to_string(), settle);
        settled
    }

    fn inbox(ears: &Ears, params: &Value) -> Option<Arc<Inbox>> {
        let mut thread = params["threadId"].as_str()?;
        if let Some(inbox) = ears.inboxes.get(thread) {
            return Some(inbox.clone());
        }
        // Sub-agents may have sub-agents.
        for _ in 0..8 {
            thread = ears.parents.get(thread)?;
            if let Some(inbox) = ears.inboxes.get(thread) {
                return Some(inbox.clone());
            }
        }
        None
    }
}

impl Router for Hub {
    fn told(&self, method: &str, params: Value) {
        let mut ears = lock(&self.ears);
        if method == "thread/started" {
            let thread = &params["thread"];
            if let (Some(id), Some(parent)) =
                (thread["id"].as_str(), thread["parentThreadId"].as_str())
                && ears.parents.len() < CHILDREN_MAX
            {
                ears.parents.insert(id.to_owned(), parent.to_owned());
            }
        }
        if method == "serverRequest/resolved"
            && let Some(settle) = ears.expected.remove(&params["requestId"].to_string())
        {
            let _ = settle.send(());
            return;
        }
        if method == "serverRequest/resolved" {
            ears.held.retain(|held| held.id != params["requestId"]);
        }
        if method == "configWarning"
            && let Some(summary) = params["summary"].as_str().filter(|it| !it.contains(BUBBLEWRAP))
            && ears.warnings.len() < WARNINGS_MAX
        {
            ears.warnings.push(summary.to_owned());
        }
        if let Some(inbox) = Self::inbox(&ears, &params) {
            drop(ears);
            inbox.push(Incoming::Told { method: method.to_owned(), params });
            return;
        }
        self.unheard.fetch_add(1, Ordering::Relaxed);
        if ears.odd.len() < 64 && ears.odd.insert(method.to_owned()) {
            tracing::debug!(method, "codex tells something nobody listens to");
        }
    }

    fn asked(&self, id: Value, method: &str, params: Value) -> Result<(), String> {
        let mut ears = lock(&self.ears);
        let Some(inbox) = Self::inbox(&ears, &params) else {
            if !method.starts_with("item/") || ears.held.len() >= HELD_MAX {
                return Err(format!("PoCo can't answer {method}"));
            }
            ears.held.push(Held { id, method: method.to_owned(), params });
            return Ok(());
        };
        drop(ears);
        inbox.push(Incoming::Asked { id, method: method.to_owned(), params });
        Ok(())
    }

    fn closed(&self, reason: &str) {
        let mut ears = lock(&self.ears);
        ears.expected.clear();
        for inbox in ears.inboxes.values() {
            inbox.push(Incoming::Closed { reason: reason.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_is_in_the_user_agent() {
        assert_eq!(super::version("poco/0.169.0 (Debian 12.0.0; x86_64) x"), "0.169.0");
        assert_eq!(super::version(""), "unknown");
    }
}
