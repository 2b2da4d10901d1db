//! How often the store and the queue are called for an event: that is what it costs.

use crate::stage::{ACTIONS, EVENTS, Stage};
use serde_json::Value;
use std::collections::BTreeMap;

/// Counts the calls for an event, in a process that knows the machines already.
async fn counted(stage: &Stage, path: &str, event: &Value) -> BTreeMap<String, usize> {
    let before = stage.faults().fired().len();
    assert_eq!(stage.send(path, event).await.status, 200);
    let mut calls = BTreeMap::new();
    for call in stage.faults().fired().split_off(before) {
        *calls.entry(call).or_default() += 1;
    }
    calls
}

fn calls<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_costs_few_calls() {
    let stage = Stage::new().await;
    stage.faults().count();
    let first = counted(&stage, EVENTS, &stage.message("e0", "/help")).await;
    eprintln!("first {first:?}");
    let starts = counted(&stage, EVENTS, &stage.message("e1", "/run one")).await;
    eprintln!("starts {starts:?}");
    let waits = counted(&stage, EVENTS, &stage.message("e2", "/run two")).await;
    eprintln!("waits {waits:?}");
    let again = counted(&stage, EVENTS, &stage.message("e2", "/run two")).await;
    eprintln!("again {again:?}");
    let help = counted(&stage, EVENTS, &stage.message("e3", "/help")).await;
    eprintln!("help {help:?}");
    counted(&stage, ACTIONS, &stage.message("e4", "/help")).await;
    let pressed = counted(&stage, ACTIONS, &stage.press("e5")).await;
    eprintln!("pressed {pressed:?}");
    assert_eq!(calls([]), BTreeMap::new());
}
