//! Remembers the latest calls to the platform, for whoever looks for a fault.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many calls are remembered.
const KEPT: usize = 100;

/// One call: neither what was sent nor what came back, but how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outbound {
    /// When it was made, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Method and kind of path.
    pub call: &'static str,
    /// The platform's code; 0 is success.
    pub code: i64,
    pub took_ms: u64,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Outbound>>);

impl Recent {
    pub(super) fn note(&self, call: Outbound) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Returns the calls, oldest first.
    pub(super) fn list(&self) -> Vec<Outbound> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
