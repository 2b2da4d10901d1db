//! Remembers the latest calls to the platform, for whoever looks for a fault.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many calls that went well are remembered, and how many that did not: typing makes many calls,
/// and must not push out what went wrong.
const KEPT: usize = 50;

/// One call: neither what was sent nor what came back, but how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outbound {
    /// When it was made, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Method and kind of path.
    pub call: &'static str,
    /// The platform's code; 0 is success, or no answer if there is an error.
    pub code: i64,
    pub took_ms: u64,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    good: VecDeque<Outbound>,
    bad: VecDeque<Outbound>,
}

impl Recent {
    pub(super) fn note(&self, call: Outbound) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = if call.error.is_none() { &mut calls.good } else { &mut calls.bad };
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Returns the calls, oldest first.
    pub(super) fn list(&self) -> Vec<Outbound> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = calls.good.iter().chain(&calls.bad).cloned().collect();
        all.sort_by_key(|call| call.at);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_good_calls_do_not_push_out_a_bad_one() {
        let recent = Recent::default();
        let call = |at, error| Outbound { at, call: "c", code: 0, took_ms: 1, error };
        recent.note(call(0, Some("no answer".to_owned())));
        (1..1_000).for_each(|at| recent.note(call(at, None)));
        let list = recent.list();
        assert_eq!(list.len(), KEPT + 1);
        assert!(list[0].error.is_some() && list.is_sorted_by_key(|call| call.at));
    }
}
