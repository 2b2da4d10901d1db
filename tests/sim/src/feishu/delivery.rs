//! Events on their way to the app: sent, acknowledged, sent again.

use super::Feishu;
use super::clock::{HOUR, MINUTE, SECOND};
use super::state::State;
use super::webhook::Webhook;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long after a failed attempt the next one follows.
const AGAIN_AFTER: [u64; 4] = [15 * SECOND, 5 * MINUTE, HOUR, 6 * HOUR];

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) events: BTreeMap<String, Sent>,
    pub(crate) due: Vec<Due>,
    /// Where events go instead of the long connection.
    pub(crate) webhook: Option<Webhook>,
    /// Where callbacks go, if not where events do.
    pub(crate) callbacks: Option<String>,
    /// Whether every event is sent twice at once.
    pub(crate) twice: bool,
    /// How long each answer took to come, in the order of the answers.
    pub(crate) took: Vec<Duration>,
}

/// An event, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) payload: Value,
    pub(crate) attempts: u32,
    pub(crate) acknowledged: bool,
}

/// An attempt that will be made.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    event: String,
    attempt: usize,
    at: u64,
}

impl Feishu {
    /// Sends an event of any kind to the app; returns its id.
    pub fn emit(&self, kind: &str, event: &Value) -> String {
        let (id, twice) = self.change(|state| {
            let id = state.id("");
            let payload = json!({
                "schema": "2.0",
                "header": {
                    "event_id": id,
                    "event_type": kind,
                    "create_time": state.now().to_string(),
                    "token": state.options.verification_token,
                    "app_id": state.options.app_id,
                    "tenant_key": state.options.tenant_key,
                },
                "event": event,
            });
            let sent = Sent { payload, attempts: 0, acknowledged: false };
            state.outbox.events.insert(id.clone(), sent);
            (id, state.outbox.twice)
        });
        for _ in 0..=usize::from(twice) {
            self.attempt(&id, 0);
        }
        id
    }

    /// Sends an event once more, now, as the platform does when an acknowledgement was lost.
    pub fn redeliver(&self, event_id: &str) {
        // The last attempt: it causes no more.
        self.attempt(event_id, AGAIN_AFTER.len());
    }

    /// Sets whether every event from now on is sent twice at once.
    pub fn deliver_twice(&self, twice: bool) {
        self.change(|state| state.outbox.twice = twice);
    }

    /// Returns the ids of events that nobody has acknowledged.
    pub fn unacknowledged(&self) -> Vec<String> {
        self.look(|state| {
            let open = state.outbox.events.iter().filter(|(_, sent)| !sent.acknowledged);
            open.map(|(id, _)| id.clone()).collect()
        })
    }

    /// Tells how often an event was sent.
    pub fn attempts(&self, event_id: &str) -> u32 {
        self.look(|state| state.outbox.events.get(event_id).map_or(0, |sent| sent.attempts))
    }

    /// Tells in how many milliseconds an event is sent again, if it is.
    pub fn due(&self, event_id: &str) -> Option<u64> {
        self.look(|state| {
            let due = state.outbox.due.iter().find(|due| due.event == event_id)?;
            Some(due.at.saturating_sub(state.now()))
        })
    }

    /// Pushes the test clock; what falls due is sent.
    pub fn advance(&self, by: Duration) {
        self.change(|state| state.clock.push(by));
    }

    /// Returns the test clock, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.look(State::now)
    }

    fn attempt(&self, event_id: &str, attempt: usize) {
        let (feishu, event) = (self.clone(), event_id.to_owned());
        self.runtime().spawn(async move { feishu.deliver(event, attempt).await });
    }

    async fn deliver(self, event: String, attempt: usize) {
        let payload = self.change(|state| {
            let sent = state.outbox.events.get_mut(&event)?;
            sent.attempts += 1;
            Some((sent.payload.clone(), state.now()))
        });
        let Some((payload, began)) = payload else { return };
        let answered = self.ask(&payload, "event").await.is_ok();
        self.change(|state| {
            let Some(sent) = state.outbox.events.get_mut(&event) else { return };
            sent.acknowledged |= answered;
            if let Some(after) = AGAIN_AFTER.get(attempt).filter(|_| !answered) {
                state.outbox.due.push(Due { event, attempt: attempt + 1, at: began + after });
            }
        });
    }

    /// Sends a payload the way the app has chosen and returns its answer, or the code a person
    /// would see.
    pub(crate) async fn ask(&self, payload: &Value, frame: &'static str) -> Result<Value, i64> {
        let asked = Instant::now();
        let answer = match self.look(|state| webhook_for(state, payload)) {
            Some(webhook) => self.post(&webhook, payload).await,
            None => self.frame(payload, frame).await,
        };
        let took = asked.elapsed();
        if answer.is_ok() {
            self.change(|state| state.outbox.took.push(took));
        }
        answer
    }

    /// Tells how long answers to events and callbacks took, in the order of the answers and
    /// without the first `skip` of them.
    pub fn answered_in(&self, skip: usize) -> Vec<Duration> {
        self.look(|state| state.outbox.took.iter().skip(skip).copied().collect())
    }
}

fn webhook_for(state: &State, payload: &Value) -> Option<Webhook> {
    let mut webhook = state.outbox.webhook.clone()?;
    if payload["header"]["event_type"] == "card.action.trigger"
        && let Some(url) = &state.outbox.callbacks
    {
        webhook.url.clone_from(url);
    }
    Some(webhook)
}

/// Sends again what fell due, for as long as the simulator runs.
pub(crate) async fn redeliver_when_due(feishu: Feishu) {
    let mut changes = feishu.changes();
    loop {
        changes.borrow_and_update();
        let wait = feishu.look(|state| {
            let next = state.outbox.due.iter().map(|due| due.at).min()?;
            Some(next.saturating_sub(state.now()))
        });
        if wait == Some(0) {
            let due = feishu.change(|state| {
                let now = state.now();
                let all = std::mem::take(&mut state.outbox.due);
                let (due, later) = all.into_iter().partition(|due: &Due| due.at <= now);
                state.outbox.due = later;
                due
            });
            due.iter().for_each(|due: &Due| feishu.attempt(&due.event, due.attempt));
            continue;
        }
        let pause = Duration::from_millis(wait.unwrap_or(DAY_OFF));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// How long to sleep when nothing is due.
const DAY_OFF: u64 = super::clock::DAY;
