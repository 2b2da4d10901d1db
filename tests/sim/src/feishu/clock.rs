//! The clock the platform goes by: real time, which a test can push forward.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that runs like the real one and can be pushed forward, never back.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    epoch: Duration,
    pushed: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), epoch, pushed: Duration::ZERO }
    }

    /// Returns the platform's time in milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        millis(self.epoch + self.started.elapsed() + self.pushed)
    }

    /// Returns milliseconds that no test can push: for limits a client meets in real time.
    pub(crate) fn real(&self) -> u64 {
        millis(self.started.elapsed())
    }

    pub(crate) fn push(&mut self, by: Duration) {
        self.pushed += by;
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) const SECOND: u64 = 1000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;
