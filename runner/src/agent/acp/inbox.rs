//! What an agent says about one session, until its turn takes it. A slow turn never holds up the
//! reader: pieces of one message are joined, and nothing grows without bound.

use super::ask::Request;
use crate::rpc::lock;
use agent_client_protocol_schema::v1::{ContentBlock, ContentChunk, SessionUpdate};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::sync::Notify;

/// The most of a message that is kept before the turn takes it. What goes beyond is lost: the
/// protocol never tells a message twice.
const PIECE_BYTES_MAX: usize = 32 << 20;

/// The most updates kept.
const UPDATES_MAX: usize = 4_096;

#[derive(Debug)]
pub(super) enum Incoming {
    Updated(Box<SessionUpdate>),
    Asked { id: Value, request: Box<Request> },
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
            && (queue.len() < UPDATES_MAX || !matches!(incoming, Incoming::Updated(_)))
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

/// Joins a piece of a message to the piece just before it; returns what could not be joined.
fn joined(queue: &mut VecDeque<Incoming>, incoming: Incoming) -> Option<Incoming> {
    let Incoming::Updated(update) = &incoming else { return Some(incoming) };
    let Some(more) = said(update) else { return Some(incoming) };
    let Some(Incoming::Updated(before)) = queue.back_mut() else { return Some(incoming) };
    let SessionUpdate::AgentMessageChunk(before) = before.as_mut() else { return Some(incoming) };
    if before.message_id != more.message_id {
        return Some(incoming);
    }
    let (ContentBlock::Text(text), ContentBlock::Text(more)) = (&mut before.content, &more.content)
    else {
        return Some(incoming);
    };
    if text.text.len() + more.text.len() <= PIECE_BYTES_MAX {
        text.text.push_str(&more.text);
    }
    None
}

fn said(update: &SessionUpdate) -> Option<&ContentChunk> {
    if let SessionUpdate::AgentMessageChunk(chunk) = update { Some(chunk) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chunk(message: &str, text: &str) -> Incoming {
        let content = json!({ "type": "text", "text": text });
        let update = json!({ "sessionUpdate": "agent_message_chunk", "messageId": message, "content": content });
        Incoming::Updated(Box::new(serde_json::from_value(update).unwrap()))
    }

    #[test]
    fn pieces_of_a_message_are_joined_and_none_is_lost() {
        let inbox = Inbox::default();
        (0..100).for_each(|_| inbox.push(chunk("a", "12")));
        inbox.push(chunk("b", "x"));
        let queue = lock(&inbox.queue);
        assert_eq!(queue.len(), 2);
        let Incoming::Updated(update) = &queue[0] else { panic!("no update") };
        let ContentBlock::Text(text) = &said(update).unwrap().content else { panic!("no text") };
        assert_eq!(text.text.len(), 200);
    }
}
