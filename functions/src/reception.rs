//! Answers Feishu in time: what cannot be done by then is handed over.

use anyhow::Context;
use async_trait::async_trait;
use poco_io::app::{App, Debt};
use poco_io::feishu::door::{Door, Handler, Reply, Seen};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How long an event may take until its state is saved. Feishu waits three seconds.
const TAKE_IN_WITHIN: Duration = Duration::from_millis(2_000);

/// How long after an event came in what follows from it is still performed here.
const SETTLE_WITHIN: Duration = Duration::from_millis(1_800);

/// How long handing over the rest may take.
const HAND_OVER_WITHIN: Duration = Duration::from_millis(600);

/// Takes in what Feishu sends, within the time it gives.
#[derive(Debug)]
pub struct Reception {
    app: App,
    door: Door,
}

impl Reception {
    pub fn new(app: App) -> Self {
        Self { door: Door::new(app.clone()), app }
    }

    /// Performs what follows from an event while there is time, and hands over the rest.
    async fn follow(&self, seen: &Seen, until: Instant) {
        let (chat, taken) = (&seen.taken.chat, &seen.taken);
        let performed = async {
            match seen.pressed || taken.is_crowded() {
                // A pressed card must not change before the answer to the press is out.
                true => self.app.send_jobs_after(taken, &seen.id).await,
                false => self.app.settle_after(taken).await,
            }
        };
        match timeout_at(until, performed).await {
            Ok(Ok(Debt::Clear)) => return,
            // The job that was sent has its machine look after the rest.
            Ok(Ok(Debt::Owing)) if taken.starts() => return,
            Ok(Ok(Debt::Owing)) | Err(_) => {}
            Ok(Err(error)) => {
                tracing::warn!(event.id = seen.id, chat.id = %chat, "not settled yet: {error:#}");
            }
        }
        let handed = self.app.hand_over(taken, &seen.id);
        let handed = timeout(HAND_OVER_WITHIN, handed).await.context("wait for the queue");
        if let Err(error) = handed.flatten() {
            // Nothing is lost: runners look once a minute for what is owed.
            tracing::error!(event.id = seen.id, chat.id = %chat, "not handed over: {error:#}");
        }
    }
}

#[async_trait]
impl Handler for Reception {
    async fn take(&self, payload: &Value) -> anyhow::Result<Reply> {
        let begun = Instant::now();
        let taken = timeout(TAKE_IN_WITHIN, self.door.take(payload)).await;
        let answer = taken.context("save an event in time")??;
        if let Some(seen) = &answer.event {
            self.follow(seen, begun + SETTLE_WITHIN).await;
            let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(event.id = seen.id, chat.id = %seen.taken.chat, kind = seen.kind, took_ms, "taken in");
        }
        Ok(answer.body.into())
    }
}
