//! What came in and went out lately, and how the listener is: for people who look for a fault.

use poco_io::config::Config;
use poco_io::feishu::Feishu;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of each kind is remembered.
const KEPT: usize = 50;

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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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

    /// Everything, newest first.
    pub(crate) fn recent(&self, config: &Config) -> Value {
        let mut outbound = self.feishu.as_ref().map(|it| it.recent()).unwrap_or_default();
        outbound.reverse();
        let memory = self.memory();
        json!({
            "inbound_events": memory.inbound,
            "outbound_attempts": outbound,
            "errors": memory.errors,
            "listener": {
                "enabled": config.feishu.is_set(),
                "delivery_mode": config.feishu.delivery.as_str(),
                "ready": memory.listener.ready,
                "detail": memory.listener.detail,
                "last_event_at": memory.last_event_at,
            },
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep<T>(line: &mut VecDeque<T>, item: T) {
    line.truncate(KEPT - 1);
    line.push_front(item);
}
