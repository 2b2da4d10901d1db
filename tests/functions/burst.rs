//! Many events at once: all are acknowledged in time or delivered again, and none is lost.

use crate::stage::{EVENTS, Stage};
use futures_util::future::join_all;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::sleep_until;

/// As long as it takes to send all of a burst.
const WITHIN: Duration = Duration::from_secs(1);

/// How many requests are answered at once: each takes a process of its own, as in Lambda, and this
/// machine has few processors. The others wait.
const PLACES: usize = 24;

/// How long an event that was not acknowledged is delivered again. Feishu does so for hours.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many events there are. `tests/bench/cloud/burst.rs` sends more, and says how long it takes.
const COUNT: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_loses_nothing() {
    for chats in [1, 6] {
        assert_eq!(lost_of_a_burst(chats).await, 0, "over {chats} chats");
    }
}

async fn lost_of_a_burst(chats: usize) -> usize {
    let stage = Stage::new().await;
    // One event makes the chat known to both sides.
    assert_eq!(stage.send(EVENTS, &stage.message("e0", "/help")).await.status, 200);
    let (begun, places) = (Instant::now(), &Semaphore::new(PLACES));
    let step = WITHIN / u32::try_from(COUNT).unwrap();
    let events = (0..COUNT).map(|n| {
        let at = begun + step * u32::try_from(n).unwrap();
        deliver(&stage, places, at, event(&stage, n, chats))
    });
    join_all(events).await;
    lost(&stage, chats).await
}

/// Delivers an event until it is acknowledged.
async fn deliver(stage: &Stage, places: &Semaphore, at: Instant, event: Value) {
    sleep_until(at.into()).await;
    loop {
        assert!(at.elapsed() < PATIENCE, "{event} was never acknowledged");
        let _place = places.acquire().await.unwrap();
        if stage.send(EVENTS, &event).await.status == 200 {
            return;
        }
    }
}

/// Each chat gets its share of tasks, which wait in line there.
fn event(stage: &Stage, n: usize, chats: usize) -> Value {
    let mut event = stage.message(&format!("b{n}"), &format!("/run task {n}"));
    event["event"]["message"]["chat_id"] = chat(n, chats).into();
    event
}

fn chat(n: usize, chats: usize) -> String {
    format!("oc_burst_{}", n % chats)
}

/// Counts events that are not remembered: delivered once more they would do something.
async fn lost(stage: &Stage, chats: usize) -> usize {
    let mut lost = 0;
    for n in 0..COUNT {
        let answer = stage.send(EVENTS, &event(stage, n, chats)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        lost += usize::from(answer.body["reply_preview"] != "");
    }
    lost
}
