//! How often the store and the queue are called for an event: that is what it costs.

use crate::stage::{ACTIONS, EVENTS, Stage};
use serde_json::Value;
use std::collections::BTreeMap;

/// Counts the calls for an event, but for those that ask once in a while what machines there are.
async fn steady(stage: &Stage, path: &str, event: &Value) -> BTreeMap<String, usize> {
    let mut calls = counted(stage, path, event).await;
    if calls.remove("Query").is_some() {
        *calls.get_mut("GetItem").unwrap() -= 1;
    }
    calls
}

/// Counts the calls for an event.
async fn counted(stage: &Stage, path: &str, event: &Value) -> BTreeMap<String, usize> {
    let before = stage.faults().fired().len();
    assert_eq!(stage.send(path, event).await.status, 200);
    let mut calls = BTreeMap::<_, usize>::new();
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
    assert_eq!(first, calls([("Query", 1), ("GetItem", 2), ("PutItem", 2)]));
    let starts = calls([("GetItem", 1), ("PutItem", 2), ("SendMessage", 1)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e1", "/run one")).await, starts);
    let shows = calls([("GetItem", 1), ("PutItem", 2)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e2", "/run two")).await, shows);
    let nothing = calls([("GetItem", 1)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e2", "/run two")).await, nothing);
    steady(&stage, ACTIONS, &stage.press("e3")).await;
    let hands_over = calls([("GetItem", 1), ("PutItem", 1), ("SendMessage", 1)]);
    assert_eq!(steady(&stage, ACTIONS, &stage.press("e4")).await, hands_over);
}
