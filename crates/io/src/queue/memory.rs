//! Jobs that are gone when the process is.

use super::Line;
use super::line::number;
use crate::port::{Delivery, Job, Queue};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a job's id is known, from when it was sent.
const KNOWN: Duration = Duration::from_secs(60 * 60);

/// A queue in memory.
#[derive(Debug, Default)]
pub struct Memory {
    line: Line,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    last: u64,
    at: HashMap<String, Instant>,
}

impl Memory {
    /// Makes a queue in which a job that was received and not heard of again is delivered anew
    /// after `lease`.
    pub fn with_lease(lease: Duration) -> Self {
        Self { line: Line::new(lease), sent: Mutex::default() }
    }
}

impl Sent {
    /// Gives a new id a number.
    fn number(&mut self, id: &str) -> Option<u64> {
        let now = Instant::now();
        self.at.retain(|_, at| now.duration_since(*at) < KNOWN);
        if self.at.contains_key(id) {
            return None;
        }
        self.at.insert(id.to_owned(), now);
        self.last += 1;
        Some(self.last)
    }
}

#[async_trait]
impl Queue for Memory {
    async fn send(&self, job: &Job) -> anyhow::Result<()> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = sent.number(&job.id) {
            self.line.add(number, job.clone(), 0);
        }
        Ok(())
    }

    async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        Ok(self.line.receive().await)
    }

    async fn done(&self, delivery: &Delivery) -> anyhow::Result<()> {
        if let Some(number) = number(delivery) {
            self.line.remove(number);
        }
        Ok(())
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        self.line.retry(delivery, after);
        Ok(())
    }
}
