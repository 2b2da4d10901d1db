//! What codex says about one thread, until the turn takes it. A slow turn never holds up the
//! reader: pieces of one message are joined, and nothing grows without bound.

use crate::rpc::lock;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Notify;

pub(super) const DELTA: &str = "item/agentMessage/delta";

/// The most of one message that is kept before the turn takes it; the whole message comes later.
const DELTA_BYTES_MAX: usize = 1 << 20;

/// The most notifications kept. Beyond it only those that end something are.
const NOTES_MAX: usize = 4_096;

/// How far back the piece before is looked for: a few messages may be written at once.
const LOOK_BACK: usize = 8;

#[derive(Debug)]
pub(super) enum Incoming {
    Told { method: String, params: Value },
    Asked { id: Value, method: String, params: Value },
    Closed { reason: String },
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    queue: Mutex<VecDeque<Incoming>>,
    bell: Notify,
}

impl Inbox {
    pub(super) fn push(&self, incoming: Incoming) {
        let mut queue = lock(&self.queue);
        if let Some(incoming) = joined(&mut queue, incoming)
            && (queue.len() < NOTES_MAX || !may_be_missed(&incoming))
        {
            queue.push_back(incoming);
        }
        drop(queue);
        self.bell.notify_one();
    }

    /// Waits for what comes next. Cancel safe.
    pub(super) async fn next(&self) -> Incoming {
        loop {
            if let Some(incoming) = lock(&self.queue).pop_front() {
                return incoming;
            }
            self.bell.notified().await;
        }
    }
}

/// Joins a piece of a message to the piece before it; returns what could not be joined.
fn joined(queue: &mut VecDeque<Incoming>, incoming: Incoming) -> Option<Incoming> {
    let Incoming::Told { method, params } = &incoming else { return Some(incoming) };
    let (DELTA, Some(more)) = (method.as_str(), params["delta"].as_str()) else {
        return Some(incoming);
    };
    for before in queue.iter_mut().rev().take(LOOK_BACK) {
        if let Incoming::Told { method, params: earlier } = before
            && method == DELTA
            && earlier["itemId"] == params["itemId"]
            && let Value::String(text) = &mut earlier["delta"]
        {
            if text.len() + more.len() <= DELTA_BYTES_MAX {
                text.push_str(more);
            }
            return None;
        }
    }
    Some(incoming)
}

fn may_be_missed(incoming: &Incoming) -> bool {
    match incoming {
        Incoming::Told { method, .. } => !matches!(
            method.as_str(),
            "turn/completed" | "item/completed" | "serverRequest/resolved"
        ),
        Incoming::Asked { .. } | Incoming::Closed { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn delta(item: &str, text: &str) -> Incoming {
        let params = json!({ "itemId": item, "delta": text });
        Incoming::Told { method: DELTA.to_owned(), params }
    }

    #[test]
    fn pieces_of_a_message_are_joined_and_bounded() {
        let inbox = Inbox::default();
        for _ in 0..100 {
            inbox.push(delta("a", "12"));
            inbox.push(delta("b", &"x".repeat(DELTA_BYTES_MAX / 10)));
        }
        let queue = lock(&inbox.queue);
        assert_eq!(queue.len(), 2);
        let Incoming::Told { params, .. } = &queue[0] else { panic!("not a notification") };
        assert_eq!(params["delta"].as_str().map(str::len), Some(200));
    }
}
