//! Many events at once: all are acknowledged in time or delivered again, and none is lost.

use crate::stage::{EVENTS, FEISHU_WAITS, Stage};
use futures_util::future::join_all;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::sleep_until;

/// As long as it takes to send all of a burst.
const WITHIN: Duration = Duration::from_secs(1);

/// How many requests are answered at once: each takes a process of its own, as in Lambda, and this
/// machine has few processors. The others wait, and that counts.
const PLACES: usize = 24;

/// How long an event that was not acknowledged is delivered again. Feishu does so for hours.
const PATIENCE: Duration = Duration::from_secs(120);

/// With `POCO_TEST_FUNCTIONS` it is as large as the figures want, which `--nocapture` shows.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "figures are for people")]
async fn a_burst_loses_nothing() {
    let (count, chats): (_, &[usize]) = match std::env::var_os("POCO_TEST_FUNCTIONS") {
        Some(_) => (500, &[1, 64, 500]),
        None => (24, &[1, 6]),
    };
    for chats in chats {
        let burst = Burst::send(count, *chats).await;
        eprintln!("{count} events over {chats} chats: {burst:?}");
        assert_eq!(burst.lost, 0);
    }
}

/// How a burst went.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed")]
struct Burst {
    /// Acknowledged the first time, within the time Feishu gives.
    in_time: usize,
    median: Duration,
    p95: Duration,
    longest: Duration,
    /// Deliveries beyond the first.
    again: usize,
    /// Processes there were.
    processes: usize,
    /// Events that are not remembered.
    lost: usize,
}

impl Burst {
    async fn send(count: usize, chats: usize) -> Self {
        let stage = Stage::new().await;
        // One event makes the chat known to both sides.
        assert_eq!(stage.send(EVENTS, &stage.message("e0", "/help")).await.status, 200);
        let (begun, places) = (Instant::now(), &Semaphore::new(PLACES));
        let step = WITHIN / u32::try_from(count).unwrap();
        let events = (0..count).map(|n| {
            let at = begun + step * u32::try_from(n).unwrap();
            deliver(&stage, places, at, event(&stage, n, chats))
        });
        let mut took: Vec<(Duration, usize)> = join_all(events).await;
        took.sort_unstable();
        let in_time = took.iter().filter(|(took, again)| *again == 0 && *took < FEISHU_WAITS);
        let at = |percent: usize| took[(count - 1) * percent / 100].0;
        Self {
            in_time: in_time.count(),
            median: at(50),
            p95: at(95),
            longest: at(100),
            again: took.iter().map(|(_, again)| again).sum(),
            processes: stage.functions.events.started(),
            lost: lost(&stage, count, chats).await,
        }
    }
}

/// Delivers an event until it is acknowledged; says how long the first answer took, and how often
/// it was delivered again.
async fn deliver(
    stage: &Stage,
    places: &Semaphore,
    at: Instant,
    event: Value,
) -> (Duration, usize) {
    sleep_until(at.into()).await;
    let mut first = None;
    for again in 0.. {
        assert!(at.elapsed() < PATIENCE, "{event} was never acknowledged");
        let _place = places.acquire().await.unwrap();
        let answer = stage.send(EVENTS, &event).await;
        let first = *first.get_or_insert(at.elapsed());
        if answer.status == 200 {
            return (first, again);
        }
    }
    unreachable!("it is acknowledged or was given up")
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
async fn lost(stage: &Stage, count: usize, chats: usize) -> usize {
    let mut lost = 0;
    for n in 0..count {
        let answer = stage.send(EVENTS, &event(stage, n, chats)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        lost += usize::from(answer.body["reply_preview"] != "");
    }
    lost
}
