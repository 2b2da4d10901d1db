//! Faults of the Python PoCo that show only when all of it runs.

use crate::stage::{ENCRYPT_KEY, OWNER, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhook_settings_do_not_touch_the_long_connection() {
    let mut stage = Stage::owned().await;
    stage.set("POCO_FEISHU_ENCRYPT_KEY", ENCRYPT_KEY);
    stage.set("POCO_FEISHU_VERIFICATION_TOKEN", "another-token-than-that-of-events");
    stage.start().await;
    let group = stage.project("api").await;
    stage.feishu.mention(OWNER, &group, "say hello").unwrap();
    stage.titled(&group, "[Complete] Task:", "say hello").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_for_the_first_task_goes_on_in_its_conversation() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 2");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "and then?");
    stage.titled(&group, "[Queued] Task:", "and then?").await;
    stage.model.go(1);
    stage.titled(&group, "[Complete] Task:", "and then?").await;
    assert_eq!(stage.threads().len(), 1, "one conversation");
    assert!(stage.last_request().contains("slow: 2"), "which the model is told of");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_codex_serves_task_after_task() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    for n in 1..=4 {
        stage.say(&group, &format!("number {n}"));
        stage.titled(&group, "[Complete] Task:", &format!("number {n}")).await;
    }
    assert_eq!(stage.codex_pids().len(), 1);
    stage.is_well();
}
