//! What codex says about one thread, until the turn takes it. A slow turn never holds up the
//! reader: pieces of one message are joined, and nothing grows without bound.

use crate::rpc::lock;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Notify;

pub(super) const DELTA: &str = "item/agentMessage/delta";

/// All that a turn has changed so far; each takes the place of the one before.
pub(super) const DIFF: &str = "turn/diff/updated";

/// The longest diff that is kept, in bytes; what changed more is not told.
const DIFF_BYTES_MAX: usize = 4 << 20;

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
    if method == DIFF {
        queue.retain(|it| !matches!(it, Incoming::Told { method, .. } if method == DIFF));
        let fits = params["diff"].as_str().is_some_and(|diff| diff.len() <= DIFF_BYTES_MAX);
        return fits.then_some(incoming);
    }
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
            "turn/completed" | "item/completed" | "serverRequest/resolved" | DIFF
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
    fn the_last_diff_counts() {
        let inbox = Inbox::default();
        for diff in ["one", "two"] {
            let params = json!({ "diff": diff });
            inbox.push(Incoming::Told { method: DIFF.to_owned(), params });
        }
        let queue = lock(&inbox.queue);
        let [Incoming::Told { params, .. }] = queue.iter().collect::<Vec<_>>()[..] else {
            panic!("one diff is kept")
        };
        assert_eq!(params["diff"], "two");
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
