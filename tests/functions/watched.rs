//! The programs as they are deployed, under `cargo lambda watch`: another hand at Lambda than ours.

use crate::stage::{ACTIONS, EVENTS, Protection, Stage, answer};
use poco_core::Command;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_and_signed_is_taken_in_once_cold_and_warm() {
    let mut stage = Stage::watched(Protection::Encryption).await;
    stage.feishu.verify_url().await.unwrap();
    let message = stage.message("e1", "/run one");
    assert_eq!(stage.send(EVENTS, &message).await.status, 200);
    assert_eq!(stage.send(EVENTS, &message).await.status, 200, "it is delivered again");
    assert!(matches!(stage.jobs(1).await[0].command, Command::Start { .. }));
    let press = stage.press("e2");
    assert_eq!(stage.send(ACTIONS, &press).await.status, 200);
    assert_eq!(stage.jobs(1).await[0].command, Command::Settle);
    // Another process knows what the one before it took in.
    stage.cold().await;
    for (path, payload) in [(EVENTS, &message), (ACTIONS, &press)] {
        assert_eq!(stage.send(path, payload).await.status, 200);
    }
    // The look of the pressed card is owed still, so a machine may be told to settle once more.
    let more = stage.waiting().await;
    let more = stage.jobs(more).await;
    assert!(more.iter().all(|job| job.command == Command::Settle), "{more:?}");
    let room = stage.room(&stage.direct()).await;
    assert_eq!(room.desk.waiting.len(), 1, "the press made a task, and the message another");
    let (forged, _) = stage.sealed(&stage.message("e3", "/run forged"), poco_io::clock::now());
    let forged = stage.request(EVENTS).header("content-type", "application/json").body(forged);
    assert_eq!(answer(forged).await.status, 401, "not signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_odd_and_broken_requests_get_their_answers() {
    let stage = Stage::watched(Protection::Token).await;
    stage.feishu.verify_url().await.unwrap();
    let challenge = json!({ "challenge": "c", "token": "wrong", "type": "url_verification" });
    assert_eq!(stage.send(EVENTS, &challenge).await.status, 401);
    let broken = [("no JSON", 400), ("{}", 401), ("", 400), ("[1]", 400)];
    for (body, status) in broken {
        let request = stage.request(EVENTS).header("content-type", "application/json").body(body);
        assert_eq!(answer(request).await.status, status, "{body}");
    }
    let long = stage.message("long", &"x".repeat(600 * 1_024));
    assert_eq!(stage.send(EVENTS, &long).await.status, 413);
    // What is not said to be text comes in base64.
    let message = stage.message("e1", "/run one").to_string();
    let odd = stage.request(EVENTS).header("content-type", "application/octet-stream");
    assert_eq!(answer(odd.body(message)).await.status, 200);
    assert_eq!(stage.send(ACTIONS, &stage.press("e2")).await.status, 200);
    assert!(matches!(stage.jobs(2).await[0].command, Command::Start { .. }));
    let health = stage.get("/health").await;
    assert_eq!((health.status, &health.body["queue"]), (200, &json!("sqs")), "{health:?}");
    assert_eq!(stage.get("/").await.status, 404);
    assert_eq!(stage.get(EVENTS).await.status, 405);
}
