//! What came in and went out lately, and how the listener is: for people who look for a fault.

use poco_io::config::Config;
use poco_io::feishu::{Feishu, Outbound};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of each kind is remembered.
const KEPT: usize = 50;

/// The longest text of an error, in characters.
const TEXT_CHARS: usize = 500;

/// The latest traffic with the chat platform. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    feishu: Option<Arc<Feishu>>,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    inbound: VecDeque<Inbound>,
    errors: VecDeque<Mishap>,
    last_event_at: Option<u64>,
    listener: Listener,
}

/// How the way in from the platform is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listener {
    pub(crate) ready: bool,
    pub(crate) detail: String,
}

/// An event that came in: what kind, from whom and where, not what it said.
#[derive(Clone, Debug)]
pub(crate) struct Inbound {
    /// When it came, in milliseconds since the Unix epoch.
    pub(crate) recorded_at: u64,
    pub(crate) event_id: String,
    pub(crate) kind: String,
    pub(crate) user_id: String,
    pub(crate) chat_id: String,
    pub(crate) took_ms: u64,
    /// What became of it.
    pub(crate) result: String,
}

/// Something that went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Mishap {
    pub(crate) recorded_at: u64,
    pub(crate) stage: &'static str,
    pub(crate) message: String,
}

impl Traffic {
    pub(crate) fn new(feishu: Option<Arc<Feishu>>) -> Self {
        Self { feishu, memory: Arc::default() }
    }

    pub(crate) fn came(&self, inbound: Inbound) {
        let mut memory = self.memory();
        memory.last_event_at = Some(inbound.recorded_at);
        keep(&mut memory.inbound, inbound);
    }

    pub(crate) fn failed(&self, mishap: Mishap) {
        keep(&mut self.memory().errors, mishap);
    }

    pub(crate) fn listens(&self, listener: Listener) {
        self.memory().listener = listener;
    }

    pub(crate) fn listener(&self) -> Listener {
        self.memory().listener.clone()
    }

    /// Everything, newest first, in the fields of the Python PoCo where there are such.
    pub(crate) fn recent(&self, config: &Config) -> Value {
        let outbound = self.feishu.as_ref().map(|it| it.recent()).unwrap_or_default();
        let outbound: Vec<_> = outbound.iter().rev().map(sent).collect();
        let memory = self.memory();
        let last_error = memory.errors.front().map(|error| &error.message);
        json!({
            "inbound_events": memory.inbound.iter().map(came).collect::<Vec<_>>(),
            "outbound_attempts": outbound,
            "errors": memory.errors.iter().map(failed).collect::<Vec<_>>(),
            "listener": {
                "enabled": config.feishu.is_set(),
                "delivery_mode": config.feishu.delivery.as_str(),
                "ready": memory.listener.ready,
                "detail": memory.listener.detail,
                "running": memory.listener.ready,
                "last_event_at": memory.last_event_at.map(iso),
                "last_error": last_error.map(|text| clip(text)),
            },
        })
    }

    /// When the last message came, if one did lately.
    pub(crate) fn heard(&self) -> Option<u64> {
        let memory = self.memory();
        memory.inbound.iter().find(|event| event.kind == "message").map(|event| event.recorded_at)
    }

    /// Who pressed when, newest first.
    pub(crate) fn presses(&self) -> Vec<(u64, String)> {
        let memory = self.memory();
        let presses = memory.inbound.iter().filter(|event| event.kind == "press");
        presses.map(|press| (press.recorded_at, press.user_id.clone())).collect()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn came(event: &Inbound) -> Value {
    json!({
        "recorded_at": iso(event.recorded_at),
        "event_id": event.event_id,
        "kind": event.kind,
        "user_id": event.user_id,
        "reply_receive_id": event.chat_id,
        "reply_receive_id_type": "chat_id",
        "took_ms": event.took_ms,
        "result": event.result,
    })
}

fn sent(call: &Outbound) -> Value {
    json!({
        "recorded_at": iso(call.at),
        "source": call.call,
        "code": call.code,
        "took_ms": call.took_ms,
        "error": call.error.as_deref().map(clip),
    })
}

fn failed(mishap: &Mishap) -> Value {
    json!({
        "recorded_at": iso(mishap.recorded_at),
        "stage": mishap.stage,
        "message": clip(&mishap.message),
    })
}

fn clip(text: &str) -> &str {
    text.char_indices().nth(TEXT_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// Writes a time as the Python PoCo did: UTC with microseconds.
pub(crate) fn iso(at: u64) -> String {
    let millis = i64::try_from(at).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

fn keep<T>(line: &mut VecDeque<T>, item: T) {
    line.truncate(KEPT - 1);
    line.push_front(item);
}
