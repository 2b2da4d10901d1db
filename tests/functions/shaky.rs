//! Feishu is answered in time though Feishu or AWS are not as they should be.

use crate::stage::{ACTIONS, EVENTS, FEISHU_WAITS, Stage};
use poco_core::{ChatId, Command};
use poco_io::port::Job;
use poco_sim::feishu::{Fault, Trouble};
use serde_json::json;
use std::time::Duration;

fn is_start(job: &Job) -> bool {
    matches!(job.command, Command::Start { .. })
}

/// Starts both functions, so that no process start is in what is measured.
async fn warm(stage: &Stage) {
    for path in [EVENTS, ACTIONS] {
        let mut other = stage.message("warm", "");
        other["header"]["event_type"] = "unknown".into();
        assert_eq!(stage.send(path, &other).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feishu_is_answered_though_nothing_can_be_shown_there() {
    let minute = Duration::from_secs(60);
    let troubles = [
        Trouble::Refuse { status: 500, code: 1_500, message: "down".to_owned() },
        Trouble::Cut,
        Trouble::Late(minute),
        Trouble::Delay(minute),
    ];
    let stage = Stage::new().await;
    warm(&stage).await;
    for (n, trouble) in troubles.into_iter().enumerate() {
        stage.feishu.clear_faults();
        stage.feishu.fault(Fault::on("*", "", trouble.clone()));
        let message = stage.message(&format!("e{n}"), "/run hello");
        let answer = stage.send(EVENTS, &message).await;
        assert_eq!(answer.status, 200, "{trouble:?}");
        assert!(answer.took < FEISHU_WAITS, "{trouble:?} {answer:?}");
        // The first one starts, those behind it wait in line; all leave cards to be shown.
        let jobs = stage.jobs(if n == 0 { 2 } else { 1 }).await;
        assert_eq!(jobs.iter().filter(|it| is_start(it)).count(), usize::from(n == 0), "{jobs:?}");
        assert_eq!(jobs.last().unwrap().command, Command::Settle, "{trouble:?}");
    }
    // The machine shows it all as soon as that can be done.
    stage.feishu.clear_faults();
    let chat = ChatId::new(stage.direct());
    assert_eq!(stage.app.owing().await.unwrap(), std::slice::from_ref(&chat));
    stage.settled(chat.as_str()).await;
    let cards = stage.feishu.messages(chat.as_str());
    assert_eq!(
        cards.iter().filter(|it| it.from_bot()).count(),
        4,
        "one card for each, and no more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_loses_answers_or_is_busy_changes_nothing() {
    let stage = Stage::new().await;
    warm(&stage).await;
    let faults = stage.faults();
    faults.lose_answers("PutItem", 1);
    assert_eq!(stage.send(EVENTS, &stage.message("e1", "/run one")).await.status, 200);
    faults.lose_answers("SendMessage", 1);
    faults.refuse("GetItem", "ThrottlingException", 1);
    faults.refuse("PutItem", "ThrottlingException", 1);
    assert_eq!(stage.send(ACTIONS, &stage.press("e2")).await.status, 200);
    faults.lose_answers("GetItem", 1);
    assert_eq!(stage.send(EVENTS, &stage.message("e1", "/run one")).await.status, 200);
    let room = stage.room(&stage.direct()).await;
    assert_eq!(room.desk.waiting.len(), 1, "the second waits for the first");
    let jobs = stage.jobs(1).await;
    assert_eq!(jobs.iter().filter(|it| is_start(it)).count(), 1, "{jobs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_there_is_told_in_time_and_the_event_may_come_again() {
    let stage = Stage::new().await;
    warm(&stage).await;
    for (operation, slow) in [("PutItem", false), ("PutItem", true), ("GetItem", true)] {
        let faults = stage.faults();
        let event = format!("{operation}-{slow}");
        match slow {
            true => faults.add(json!({ "operation": operation, "latency": 5_000, "times": 20 })),
            false => faults.refuse(operation, "InternalServerError", 20),
        }
        let message = stage.message(&event, "/run one");
        let answer = stage.send(EVENTS, &message).await;
        assert_eq!(answer.status, 502, "{event} {answer:?}");
        assert!(answer.took < FEISHU_WAITS, "{event} {answer:?}");
        faults.clear();
        assert_eq!(stage.send(EVENTS, &message).await.status, 200, "{event}");
        assert_eq!(stage.send(EVENTS, &message).await.status, 200, "{event}");
    }
    let room = stage.room(&stage.direct()).await;
    assert_eq!(room.desk.waiting.len(), 2, "three came, each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_not_there_holds_up_nobody() {
    let stage = Stage::new().await;
    warm(&stage).await;
    let faults = stage.faults();
    faults.add(json!({ "operation": "SendMessage", "latency": 5_000, "times": 20 }));
    let answer = stage.send(EVENTS, &stage.message("e1", "/run one")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.took < FEISHU_WAITS, "{answer:?}");
    faults.clear();
    // Nobody could be told; whoever sweeps finds it.
    assert_eq!(stage.app.owing().await.unwrap(), [ChatId::new(stage.direct())]);
    stage.app.send_jobs(&ChatId::new(stage.direct())).await.unwrap();
    let jobs = stage.jobs(1).await;
    assert!(jobs.iter().any(is_start), "{jobs:?}");
}
