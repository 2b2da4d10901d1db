//! What Feishu gets to hear, and what comes of it.

use crate::stage::{ACTIONS, EVENTS, FEISHU_WAITS, Protection, RUNNER, Stage, WORKDIR};
use poco_core::{Command, Phase};
use serde_json::json;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_message_becomes_a_job_for_the_machine_and_a_card() {
    let stage = Stage::new().await;
    let chat = stage.direct();
    stage.feishu.verify_url().await.unwrap();
    stage.feishu.say("ada", &chat, "/run hello").unwrap();
    let jobs = stage.jobs(1).await;
    assert_eq!(jobs[0].runner.as_str(), RUNNER);
    let Command::Start { prompt, settings, .. } = &jobs[0].command else { panic!("{jobs:?}") };
    assert_eq!((prompt.as_str(), settings.workdir.as_str()), ("hello", WORKDIR));
    let is_task = |message: &poco_sim::feishu::Message| message.plain().contains("hello");
    stage.feishu.wait_for_message(&chat, WITHIN, |it| it.from_bot() && is_task(it)).await.unwrap();
    assert_eq!(stage.waiting().await, 0, "nothing was left to hand over");
    assert_eq!(stage.feishu.complaints(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_answered_at_once_and_its_cards_are_left_to_the_machine() {
    let stage = Stage::new().await;
    let chat = stage.direct();
    stage.feishu.say("ada", &chat, "/run hello").unwrap();
    let stop = |it: &poco_sim::feishu::Message| it.labels().contains(&"Stop".to_owned());
    let card = stage.feishu.wait_for_message(&chat, WITHIN, stop).await.unwrap();
    stage.jobs(1).await;
    let pressed = stage.feishu.press("ada", &card.id, "Stop", &[]).await.unwrap();
    assert_eq!(pressed.error, None);
    let jobs = stage.jobs(1).await;
    assert_eq!((&jobs[0].command, jobs[0].runner.as_str()), (&Command::Settle, RUNNER));
    stage.settled(&chat).await;
    let cancelled = stage.feishu.message(&card.id).unwrap();
    assert!(cancelled.plain().contains("Cancelled"), "{}", cancelled.plain());
    let again = stage.feishu.press_on("ada", &card.id, card.card.as_ref().unwrap(), "Stop", &[]);
    let again = again.await.unwrap();
    assert_eq!(again.toast.unwrap().content, "That task is over.");
    assert_eq!(stage.waiting().await, 0, "a word to whoever pressed leaves nothing to do");
    // A press that has an agent work sends its job itself: that must not wait for cards.
    let answer = stage.send(ACTIONS, &stage.press("e-press")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.took < FEISHU_WAITS, "{answer:?}");
    let jobs = stage.jobs(2).await;
    assert!(matches!(jobs[0].command, Command::Start { .. }), "{jobs:?}");
    assert_eq!(jobs[1].command, Command::Settle);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_request_is_understood() {
    let stage = Stage::protected(Protection::Token).await;
    let challenge = json!({ "challenge": "c-1", "token": "wrong", "type": "url_verification" });
    assert_eq!(stage.send(EVENTS, &challenge).await.status, 401);
    stage.feishu.verify_url().await.unwrap();
    let message = stage.message("e1", "/run one");
    // API Gateway hands over in base64 what is not said to be text.
    let body = message.to_string();
    let odd = stage.request(EVENTS).header("content-type", "application/octet-stream").body(body);
    let answer = crate::stage::answer(odd).await;
    assert_eq!((answer.status, &answer.body["delivered"]), (200, &json!(true)), "{answer:?}");
    for _ in 0..3 {
        assert_eq!(stage.send(EVENTS, &message).await.status, 200, "Feishu sends it again");
    }
    assert_eq!(stage.jobs(1).await.len(), 1);
    assert_eq!(stage.waiting().await, 0);
    let room = stage.room(&stage.direct()).await;
    assert_eq!(room.desk.current.unwrap().phase, Phase::Starting);
    assert!(room.desk.waiting.is_empty());
    let health = stage.get("/health").await;
    assert_eq!((health.status, &health.body["queue"]), (200, &json!("sqs")), "{health:?}");
    assert_eq!(stage.get("/").await.status, 404);
    assert_eq!(stage.get(EVENTS).await.status, 405);
    assert_eq!(stage.functions.events.started(), 1, "one process took them all");
}
