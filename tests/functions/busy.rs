//! Many events at once, each in a process of its own.

use crate::stage::{EVENTS, Stage};
use futures_util::future::join_all;
use poco_core::Command;
use std::collections::BTreeSet;

/// How many come at once.
const EVENTS_AT_ONCE: usize = 20;

/// How often Feishu sends what was not answered well.
const DELIVERIES: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_events_for_one_chat_none_is_lost_and_none_counts_twice() {
    let stage = Stage::new().await;
    let events: Vec<_> = (0..EVENTS_AT_ONCE)
        .map(|n| stage.message(&format!("e{n}"), &format!("/run p{n}")))
        .collect();
    let mut left: Vec<_> = events.iter().collect();
    for delivery in 0.. {
        assert!(delivery < DELIVERIES, "{} are left", left.len());
        let answers = join_all(left.iter().map(|event| stage.send(EVENTS, event))).await;
        let failed = left.iter().zip(&answers).filter(|(_, answer)| answer.status != 200);
        left = failed.map(|(event, _)| *event).collect();
        if left.is_empty() {
            break;
        }
    }
    // All of them once more: their answers may have been lost.
    join_all(events.iter().map(|event| stage.send(EVENTS, event))).await;
    let chat = stage.direct();
    let desk = stage.room(&chat).await.desk;
    let prompts = desk.current.iter().chain(&desk.waiting).map(|task| task.prompt.clone());
    let mut prompts: Vec<_> = prompts.collect();
    assert_eq!(prompts.len(), desk.waiting.len() + 1);
    prompts.sort();
    let mut expected: Vec<_> = (0..EVENTS_AT_ONCE).map(|n| format!("p{n}")).collect();
    expected.sort();
    // A line is only so long; whoever did not fit was told so.
    let kept: BTreeSet<_> = prompts.iter().collect();
    assert_eq!(kept.len(), prompts.len(), "none twice: {prompts:?}");
    assert!(prompts.iter().all(|prompt| expected.contains(prompt)), "{prompts:?}");
    let jobs = stage.jobs(1).await;
    let starts = jobs.iter().filter(|it| matches!(it.command, Command::Start { .. })).count();
    assert_eq!(starts, 1, "{jobs:?}");
    // Whatever the functions had no time for, a machine does.
    stage.settled(&chat).await;
    assert!(stage.functions.events.started() > 1, "it was more than one process");
    let cards = stage.feishu.messages(&chat);
    let cards = cards.iter().filter(|it| it.from_bot()).count();
    assert_eq!(cards, EVENTS_AT_ONCE, "each has one card, or one word that the line is full");
}
