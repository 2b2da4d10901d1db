//! Puts together what comes in several frames.

use crate::feishu::frame::Frame;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The most parts of one message.
const PARTS_MAX: usize = 1_024;

/// The most messages that are incomplete at once; beyond them the oldest go.
const MESSAGES_MAX: usize = 64;

/// The most bytes of all incomplete messages together.
const BYTES_MAX: usize = 16 << 20;

/// How long a message may be incomplete. It comes again if it is given up.
const AGE_MAX: Duration = Duration::from_secs(10);

/// Messages of which not all parts are here.
#[derive(Debug, Default)]
pub(super) struct Parts {
    messages: BTreeMap<String, Incomplete>,
}

#[derive(Debug)]
struct Incomplete {
    parts: Vec<Option<Vec<u8>>>,
    since: Instant,
}

impl Incomplete {
    fn bytes(&self) -> usize {
        self.parts.iter().flatten().map(Vec::len).sum()
    }
}

impl Parts {
    /// Takes in a frame. Returns the payload of its message once that is whole.
    pub(super) fn add(&mut self, frame: &mut Frame, now: Instant) -> Option<Vec<u8>> {
        let number = |key| frame.header(key).and_then(|text| text.parse::<usize>().ok());
        let sum = number("sum").unwrap_or(1);
        let at = number("seq").unwrap_or_default();
        if sum <= 1 {
            return Some(frame.payload.take().unwrap_or_default());
        }
        let id = frame.header("message_id").unwrap_or_default().to_owned();
        if at >= sum || sum > PARTS_MAX {
            tracing::warn!(at, sum, "a part of a message makes no sense");
            return None;
        }
        self.forget(now);
        let message = self
            .messages
            .entry(id.clone())
            .or_insert_with(|| Incomplete { parts: vec![None; sum], since: now });
        if message.parts.len() != sum {
            tracing::warn!(sum, "the parts of a message do not agree how many there are");
            return None;
        }
        message.parts[at] = Some(frame.payload.take().unwrap_or_default());
        if message.parts.iter().all(Option::is_some) {
            let whole = self.messages.remove(&id)?;
            return Some(whole.parts.into_iter().flatten().flatten().collect());
        }
        None
    }

    /// Gives up what is too old, and the oldest of what is too much.
    fn forget(&mut self, now: Instant) {
        self.messages.retain(|_, message| now.duration_since(message.since) < AGE_MAX);
        while self.messages.len() >= MESSAGES_MAX || self.sum() > BYTES_MAX {
            let oldest = self.messages.iter().min_by_key(|(_, message)| message.since);
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { return };
            self.messages.remove(&oldest);
        }
    }

    fn sum(&self) -> usize {
        self.messages.values().map(Incomplete::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, at: usize, sum: usize, payload: &[u8]) -> Frame {
        Frame { payload: Some(payload.to_vec()), ..Frame::default() }
            .with("message_id", id)
            .with("sum", sum.to_string())
            .with("seq", at.to_string())
    }

    #[test]
    fn parts_come_in_any_order_and_more_than_once() {
        let (mut parts, now) = (Parts::default(), Instant::now());
        let mut add = |mut frame: Frame| parts.add(&mut frame, now);
        assert_eq!(add(part("a", 2, 3, b"c")), None);
        assert_eq!(add(part("b", 0, 2, b"x")), None);
        assert_eq!(add(part("a", 2, 3, b"c")), None);
        assert_eq!(add(part("a", 0, 3, b"a")), None);
        assert_eq!(add(part("a", 1, 3, b"b")), Some(b"abc".to_vec()));
        assert_eq!(add(part("b", 1, 2, b"y")), Some(b"xy".to_vec()));
        assert!(parts.messages.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let (mut parts, now) = (Parts::default(), Instant::now());
        let mut add = |mut frame: Frame| parts.add(&mut frame, now);
        assert_eq!(add(part("a", 3, 3, b"c")), None);
        assert_eq!(add(part("a", 0, usize::MAX, b"c")), None);
        assert_eq!(add(part("a", 0, 2, b"a")), None);
        assert_eq!(add(part("a", 1, 3, b"b")), None);
        assert_eq!(add(part("a", 1, 2, b"b")), Some(b"ab".to_vec()));
        assert_eq!(add(Frame::default()), Some(vec![]));
    }

    #[test]
    fn what_is_incomplete_is_bounded() {
        let (mut parts, now) = (Parts::default(), Instant::now());
        for n in 0..1_000 {
            parts.add(&mut part(&n.to_string(), 0, 2, &vec![0; 1 << 20]), now);
        }
        assert!(parts.messages.len() <= MESSAGES_MAX && parts.sum() <= BYTES_MAX + (1 << 20));
        parts.add(&mut part("late", 0, 2, b"a"), now + AGE_MAX);
        assert_eq!(parts.messages.len(), 1);
    }
}
