//! The first one who has the code becomes the owner.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::Options;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_the_code_becomes_the_owner() {
    let mut stage = Stage::empty(Options::default()).await;
    stage.start().await;
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    stage.feishu.say(OWNER, &chat, "hello").unwrap();
    stage.titled(&chat, "PoCo", "has no owner yet").await;
    stage.feishu.say(OWNER, &chat, "ABCD-EFGH").unwrap();
    stage.titled(&chat, "PoCo", "That is not the code. You have 4 more tries.").await;
    // In a group it is nothing but a word.
    let group = stage.feishu.group("coffee", &[OWNER, "bob"]).unwrap();
    let code = code(&stage).await;
    stage.feishu.say(OWNER, &group, &code).unwrap();
    stage.feishu.say(OWNER, &chat, &code.to_lowercase()).unwrap();
    let home = stage.card(&chat, |card| card.labels().contains(&"New".to_owned())).await;
    assert!(home.text.contains("You are the owner now"), "{}", home.text);
    // It worked once.
    let other = stage.feishu.direct_chat("bob").unwrap();
    stage.feishu.say("bob", &other, &code).unwrap();
    stage.titled(&other, "PoCo", "works for its owner only").await;
    let paired = stage.command(&["pair"]).output().await.unwrap();
    assert!(!paired.status.success());
    assert!(String::from_utf8_lossy(&paired.stderr).contains("already has an owner"));
    // It is known after a restart, too.
    stage.restart().await;
    let group = stage.project("api").await;
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    stage.is_well();
}

/// Asks for a code as people do, at the machine.
async fn code(stage: &Stage) -> String {
    let said = stage.command(&["pair", "--json"]).output().await.unwrap();
    assert!(said.status.success(), "{said:?}");
    let said: Value = serde_json::from_slice(&said.stdout).unwrap();
    said["code"].as_str().unwrap().to_owned()
}
