//! What was asked of the model, and what became of it.

use super::script::Request;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// What a person said last.
    pub prompt: String,
    /// The agent's name for the turn.
    pub turn: String,
    /// The whole answer was sent.
    pub done: bool,
    /// The agent went away before that.
    pub cut: bool,
    pub body: Value,
}

#[derive(Debug, Default)]
pub(super) struct Records {
    seen: Mutex<Vec<Seen>>,
    changed: Notify,
}

impl Records {
    /// Notes a request, and returns its number.
    pub(super) fn begin(&self, request: &Request, body: Value) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen {
            prompt: request.prompt.clone(),
            turn: request.turn.clone(),
            done: false,
            cut: false,
            body,
        });
        self.changed.notify_waiters();
        seen.len() - 1
    }

    /// Notes how an answer ended.
    pub(super) fn end(&self, number: usize, cut: bool) {
        let seen = &mut self.seen.lock().unwrap()[number];
        seen.cut = cut;
        seen.done = !cut;
        self.changed.notify_waiters();
    }

    pub(super) fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Counts requests, and those whose answer has ended.
    pub(super) fn counts(&self) -> (usize, usize) {
        let seen = self.seen.lock().unwrap();
        (seen.len(), seen.iter().filter(|it| it.done || it.cut).count())
    }

    pub(super) async fn until_counts(&self, fits: impl Fn(usize, usize) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (asked, ended) = self.counts();
            if fits(asked, ended) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn turns(&self, prompt: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        let turns = seen.iter().filter(|it| it.prompt == prompt).map(|it| it.turn.as_str());
        turns.collect::<BTreeSet<_>>().len()
    }

    pub(super) async fn until(&self, fits: impl Fn(&[Seen]) -> bool, limit: Duration) -> Vec<Seen> {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let all = self.all();
                if fits(&all) {
                    return all;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(limit, waiting).await {
            Ok(all) => all,
            Err(_) => panic!("the model was not asked so: {:?}", prompts(&self.all())),
        }
    }
}

fn prompts(seen: &[Seen]) -> Vec<(&str, bool, bool)> {
    seen.iter().map(|it| (it.prompt.as_str(), it.done, it.cut)).collect()
}
