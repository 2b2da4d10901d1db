//! Rate limits: at most so many calls in any stretch of a second or a minute.
//!
//! The stretch slides, as strictly as it can be read; a client needs a margin for the network.

use std::collections::{BTreeMap, VecDeque};

/// A call that came too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What the limit counts: an API, a chat, a message or a card.
    pub what: String,
    /// The code the call was refused with.
    pub code: i64,
    /// The test clock, in milliseconds since 1970.
    pub at: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    off: bool,
    taken: BTreeMap<String, VecDeque<u64>>,
}

impl Limits {
    pub(crate) fn new(on: bool) -> Self {
        Self { off: !on, taken: BTreeMap::new() }
    }

    /// Takes one of `most` places in the last `window` milliseconds, or returns how long to wait.
    pub(crate) fn take(
        &mut self,
        key: &str,
        most: usize,
        window: u64,
        now: u64,
    ) -> Result<(), u64> {
        if self.off {
            return Ok(());
        }
        let taken = self.taken.entry(key.to_owned()).or_default();
        while taken.front().is_some_and(|first| first + window <= now) {
            taken.pop_front();
        }
        if let Some(first) = taken.front().filter(|_| taken.len() >= most) {
            return Err(first + window - now);
        }
        taken.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sixth_call_in_a_second_waits_for_the_first_to_age() {
        let mut limits = Limits::new(true);
        for now in 0..5 {
            assert_eq!(limits.take("chat", 5, 1000, now * 10), Ok(()));
        }
        assert_eq!(limits.take("chat", 5, 1000, 500), Err(500));
        assert_eq!(limits.take("other", 5, 1000, 500), Ok(()));
        assert_eq!(limits.take("chat", 5, 1000, 1000), Ok(()));
    }
}
