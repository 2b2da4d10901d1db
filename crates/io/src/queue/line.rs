//! The order in which jobs are handed out, to the receivers of one process.

use crate::port::{Delivery, Job};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long a receiver may be at a job before another gets it.
const LEASE: Duration = Duration::from_secs(120);

/// How long a receiver waits for jobs at a time.
const WAIT: Duration = Duration::from_secs(20);

/// The most jobs handed out at once.
const BATCH_MAX: usize = 10;

/// Jobs by their numbers, the earliest first.
#[derive(Debug)]
pub(crate) struct Line {
    jobs: Mutex<BTreeMap<u64, Waiting>>,
    changed: Notify,
    lease: Duration,
}

#[derive(Debug)]
struct Waiting {
    job: Job,
    tries: u32,
    /// When it can be handed out next; `None` is at once.
    not_before: Option<Instant>,
}

impl Line {
    pub(crate) fn new(lease: Duration) -> Self {
        Self { jobs: Mutex::default(), changed: Notify::new(), lease }
    }

    pub(crate) fn add(&self, number: u64, job: Job, tries: u32) {
        self.jobs().insert(number, Waiting { job, tries, not_before: None });
        self.changed.notify_waiters();
    }

    pub(crate) fn remove(&self, number: u64) {
        self.jobs().remove(&number);
        self.changed.notify_waiters();
    }

    /// Waits a while for jobs. Nothing is taken if the caller stops waiting.
    pub(crate) async fn receive(&self) -> Vec<Delivery> {
        let end = Instant::now() + WAIT;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // A job that comes from here on is not missed.
            let (taken, next) = self.take(Instant::now());
            if !taken.is_empty() || Instant::now() >= end {
                return taken;
            }
            tokio::select! {
                () = changed => {}
                () = sleep_until(next.unwrap_or(end).min(end)) => {}
            }
        }
    }

    /// Takes the first job of each chat, if nobody is at it, and says when to look again.
    fn take(&self, now: Instant) -> (Vec<Delivery>, Option<Instant>) {
        let (mut taken, mut next, mut chats) = (vec![], None, BTreeSet::new());
        for (number, waiting) in self.jobs().iter_mut() {
            if !chats.insert(waiting.job.chat.clone()) {
                continue;
            }
            match waiting.not_before.filter(|at| *at > now) {
                Some(at) => next = Some(next.map_or(at, |next: Instant| next.min(at))),
                None => {
                    waiting.tries += 1;
                    waiting.not_before = Some(now + self.lease);
                    let (job, tries) = (waiting.job.clone(), waiting.tries);
                    taken.push(Delivery { job, receipt: format!("{number}.{tries}"), tries });
                }
            }
            if taken.len() == BATCH_MAX {
                break;
            }
        }
        (taken, next)
    }

    /// Gives a job back, unless somebody else is at it by now.
    pub(crate) fn retry(&self, delivery: &Delivery, after: Duration) {
        let Some(number) = number(delivery) else { return };
        if let Some(waiting) = self.jobs().get_mut(&number)
            && waiting.tries == delivery.tries
        {
            waiting.not_before = Some(Instant::now() + after);
        }
        self.changed.notify_waiters();
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<u64, Waiting>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new(LEASE)
    }
}

/// Returns the number of the job that was delivered.
pub(crate) fn number(delivery: &Delivery) -> Option<u64> {
    delivery.receipt.split('.').next()?.parse().ok()
}
