//! JSON-RPC between two sides that may both ask.

pub(crate) mod lines;
pub(crate) mod websocket;

use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// A way to the other side: whole messages in, whole messages out.
pub(crate) trait Transport: Send {
    fn split(self: Box<Self>) -> (Box<dyn Source>, Box<dyn Sink>);
}

#[async_trait]
pub(crate) trait Source: Send {
    /// Waits for the next message; `None` at the end.
    async fn next(&mut self) -> anyhow::Result<Option<String>>;
}

#[async_trait]
pub(crate) trait Sink: Send {
    async fn send(&mut self, message: String) -> anyhow::Result<()>;
}

/// Takes what the other side says by itself. Must not block: the one reader calls it.
pub(crate) trait Router: Send + Sync {
    fn told(&self, method: &str, params: Value);

    /// Takes a question, or refuses it with a reason that is sent back at once.
    fn asked(&self, id: Value, method: &str, params: Value) -> Result<(), String>;

    fn closed(&self, reason: &str);
}

/// How messages are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As codex speaks it: without a `jsonrpc` member.
    Bare,
    /// By the book: JSON-RPC 2.0.
    Two,
}

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The other side answered with an error.
    #[error("{message}")]
    Refused { code: i64, message: String },
    /// It surely did not reach the other side.
    #[error("{0}")]
    NotSent(String),
    /// It may have reached the other side; no answer came.
    #[error("{0}")]
    Unanswered(String),
}

/// One end of a connection. The connection ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Rpc {
    inner: Arc<Inner>,
    _tasks: Arc<Tasks>,
}

struct Inner {
    /// Holds one message per caller that waits, and answers: bounded by those who send.
    out: mpsc::UnboundedSender<Outgoing>,
    next: AtomicU64,
    calls: Mutex<Calls>,
    dialect: Dialect,
}

#[derive(Default)]
struct Calls {
    waiting: HashMap<u64, oneshot::Sender<Result<Value, CallError>>>,
    closed: Option<String>,
}

struct Outgoing {
    message: String,
    /// The call it belongs to, to be told if it could not be sent.
    call: Option<u64>,
    /// Who waits until it was sent.
    sent: Option<oneshot::Sender<()>>,
}

/// An answer that is on its way, however long it takes. Cancel safe: waited for again, it comes.
pub(crate) struct Awaited(oneshot::Receiver<Result<Value, CallError>>);

impl Awaited {
    pub(crate) async fn answer(&mut self) -> Result<Value, CallError> {
        let closed = || Err(CallError::Unanswered("the connection was closed".to_owned()));
        (&mut self.0).await.unwrap_or_else(|_| closed())
    }

    /// Returns the answer if it is there.
    pub(crate) fn ready(&mut self) -> Option<Result<Value, CallError>> {
        self.0.try_recv().ok()
    }
}

struct Tasks([AbortHandle; 2]);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Rpc {
    pub(crate) fn start(
        transport: Box<dyn Transport>,
        router: Arc<dyn Router>,
        dialect: Dialect,
    ) -> Self {
        let (source, sink) = transport.split();
        let (out, outgoing) = mpsc::unbounded_channel();
        let (next, calls) = (AtomicU64::new(1), Mutex::default());
        let inner = Arc::new(Inner { out, next, calls, dialect });
        let reader = tokio::spawn(read(source, inner.clone(), router)).abort_handle();
        let writer = tokio::spawn(write(sink, outgoing, inner.clone())).abort_handle();
        Self { inner, _tasks: Arc::new(Tasks([reader, writer])) }
    }

    /// Asks, and waits for the answer for at most `limit`.
    pub(crate) async fn call(
        &self,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let (id, mut awaited) = self.ask(method, &params, None)?;
        tokio::time::timeout(limit, awaited.answer()).await.unwrap_or_else(|_| {
            lock(&self.inner.calls).waiting.remove(&id);
            let seconds = limit.as_secs();
            Err(CallError::Unanswered(format!("no answer to {method} within {seconds} s")))
        })
    }

    /// Asks what takes its time, and returns once the question was sent, within `limit`.
    pub(crate) async fn begin(
        &self,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Awaited, CallError> {
        let (sent, was_sent) = oneshot::channel();
        let (_, mut awaited) = self.ask(method, &params, Some(sent))?;
        match tokio::time::timeout(limit, was_sent).await {
            Ok(Ok(())) => Ok(awaited),
            // Why it was not, or what was answered so soon, is there.
            Ok(Err(_)) => Err(awaited.answer().await.err().unwrap_or_else(|| {
                CallError::Unanswered(format!("{method} was answered and not sent"))
            })),
            Err(_) => Err(CallError::Unanswered(format!("{method} was not taken"))),
        }
    }

    /// Asks what takes its time, without waiting until the question was sent.
    pub(crate) fn begin_now(&self, method: &str, params: &Value) -> Result<Awaited, CallError> {
        self.ask(method, params, None).map(|(_, awaited)| awaited)
    }

    fn ask(
        &self,
        method: &str,
        params: &Value,
        sent: Option<oneshot::Sender<()>>,
    ) -> Result<(u64, Awaited), CallError> {
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut calls = lock(&self.inner.calls);
            if let Some(reason) = &calls.closed {
                return Err(CallError::NotSent(reason.clone()));
            }
            calls.waiting.insert(id, answer);
        }
        let message = self.inner.worded(json!({ "id": id, "method": method, "params": params }));
        tracing::trace!(method, "asks");
        if self.inner.out.send(Outgoing { message, call: Some(id), sent }).is_err() {
            lock(&self.inner.calls).waiting.remove(&id);
            return Err(CallError::NotSent("the connection is closed".to_owned()));
        }
        Ok((id, Awaited(answered)))
    }

    /// Says something that needs no answer.
    pub(crate) fn tell(&self, method: &str) {
        self.post(json!({ "method": method }));
    }

    /// Says something that needs no answer, about something.
    pub(crate) fn tell_of(&self, method: &str, params: &Value) {
        self.post(json!({ "method": method, "params": params }));
    }

    /// Answers a question.
    pub(crate) fn answer(&self, id: &Value, result: &Value) {
        self.post(json!({ "id": id, "result": result }));
    }

    /// Answers a question with an error.
    pub(crate) fn refuse(&self, id: &Value, reason: &str) {
        self.inner.refuse(id, reason);
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.inner.calls).closed.is_some()
    }

    /// Gives the connection up: whoever waits is told why.
    pub(crate) fn fail(&self, router: &dyn Router, reason: &str) {
        self.inner.close(reason, router);
    }

    fn post(&self, message: Value) {
        self.inner.post(message);
    }
}

impl Inner {
    fn worded(&self, mut message: Value) -> String {
        if self.dialect == Dialect::Two {
            message["jsonrpc"] = json!("2.0");
        }
        message.to_string()
    }

    fn post(&self, message: Value) {
        let message = self.worded(message);
        // A closed connection is seen by the reader.
        let _ = self.out.send(Outgoing { message, call: None, sent: None });
    }

    fn refuse(&self, id: &Value, reason: &str) {
        self.post(json!({ "id": id, "error": { "code": -32601, "message": reason } }));
    }

    fn settle(&self, call: u64, result: Result<Value, CallError>) {
        if let Some(waiting) = lock(&self.calls).waiting.remove(&call) {
            // The caller may have gone.
            let _ = waiting.send(result);
        }
    }

    fn close(&self, reason: &str, router: &dyn Router) {
        let waiting = {
            let mut calls = lock(&self.calls);
            if calls.closed.is_some() {
                return;
            }
            calls.closed = Some(reason.to_owned());
            std::mem::take(&mut calls.waiting)
        };
        for answer in waiting.into_values() {
            let _ = answer.send(Err(CallError::Unanswered(reason.to_owned())));
        }
        router.closed(reason);
    }
}

async fn read(mut source: Box<dyn Source>, inner: Arc<Inner>, router: Arc<dyn Router>) {
    let reason = loop {
        match source.next().await {
            Ok(Some(message)) => take(&message, &inner, router.as_ref()),
            Ok(None) => break "the connection was closed".to_owned(),
            Err(error) => break format!("the connection broke: {error:#}"),
        }
    };
    inner.close(&reason, router.as_ref());
}

/// Tells the four kinds of message apart by their keys.
fn take(message: &str, inner: &Inner, router: &dyn Router) {
    let Ok(Value::Object(mut message)) = serde_json::from_str(message) else {
        tracing::debug!(bytes = message.len(), "a message that is no JSON object was ignored");
        return;
    };
    let id = message.remove("id");
    let params = message.remove("params").unwrap_or_default();
    match (message.get("method").and_then(Value::as_str), id) {
        (Some(method), Some(id)) => {
            if let Err(reason) = router.asked(id.clone(), method, params) {
                tracing::debug!(method, reason, "a question was refused");
                inner.refuse(&id, &reason);
            }
        }
        (Some(method), None) => router.told(method, params),
        (None, Some(id)) => {
            let Some(call) = id.as_u64() else { return };
            let result = match message.remove("error") {
                Some(error) => Err(refused(&error)),
                None => Ok(message.remove("result").unwrap_or_default()),
            };
            inner.settle(call, result);
        }
        (None, None) => tracing::debug!("a message of no known kind was ignored"),
    }
}

fn refused(error: &Value) -> CallError {
    let message = error["message"].as_str().unwrap_or("an error without a message");
    // What matters may be said in the data only.
    let data = &error["data"];
    let more = [&data["details"], &data["message"], data].into_iter().find_map(Value::as_str);
    let message = match more.filter(|more| !message.contains(more)) {
        Some(more) => format!("{message}: {more}"),
        None => message.to_owned(),
    };
    CallError::Refused { code: error["code"].as_i64().unwrap_or_default(), message }
}

async fn write(
    mut sink: Box<dyn Sink>,
    mut outgoing: mpsc::UnboundedReceiver<Outgoing>,
    inner: Arc<Inner>,
) {
    while let Some(Outgoing { message, call, sent }) = outgoing.recv().await {
        let Err(error) = sink.send(message).await else {
            // Whoever wanted to know may have gone.
            let _ = sent.map(|sent| sent.send(()));
            continue;
        };
        // The other side takes whole messages only, so this one it never had.
        tracing::debug!("could not send: {error:#}");
        let Some(call) = call else { continue };
        inner.settle(call, Err(CallError::NotSent(format!("could not send: {error:#}"))));
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
