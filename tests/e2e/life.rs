//! PoCo comes and goes, and so does codex; people are told what became of their tasks.

use crate::stage::{OWNER, Stage, until};
use poco_sim::feishu::{Fault, Trouble};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_brings_what_runs_to_a_safe_point() {
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "afterwards");
    stage.titled(&group, "[Queued] Task:", "afterwards").await;
    let said = stage.command(&["shutdown"]).output().await.unwrap();
    assert!(said.status.success(), "{said:?}");
    let told = stage.card(&group, |it| it.id == card.id && it.text.contains("shut down")).await;
    assert!(told.text.starts_with("[Interrupted]"), "{}", told.text);
    assert!(told.text.contains("piece 0"), "what it said stays: {}", told.text);
    assert_eq!(told.labels(), ["Resume", "Run again", "Discard"]);
    until("codex is gone", || stage.codex_pids().is_empty()).await;
    stage.ended().await;
    stage.start().await;
    stage.titled(&group, "[Complete]", "Model answer to: afterwards").await;
    stage.press(&card.id, "Resume", &[]).await;
    stage.titled(&group, "[Complete]", "go on where you left off").await;
    assert!(stage.last_request().contains("slow: 3"), "in the same conversation");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_leaves_the_turn_to_the_next_process() {
    let mut stage = Stage::owned().await;
    stage.start_behind().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    let (codex, address) = (stage.codex_pids(), stage.url(""));
    let said = stage.command(&["restart", "--json"]).output().await.unwrap();
    assert!(said.status.success(), "{said:?}\n{}", stage.log());
    assert_eq!((stage.codex_pids(), stage.url("")), (codex, address), "all is where it was");
    stage.connected().await;
    stage.model.go(2);
    let done = stage.titled(&group, "[Complete]", "piece 0 piece 1 piece 2").await;
    assert_eq!(done.id, card.id);
    assert_eq!(stage.model.turns("slow: 3"), 1);
    assert!(stage.command(&["shutdown"]).status().await.unwrap().success());
    until("codex is gone", || stage.codex_pids().is_empty()).await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_poco_on_one_state() {
    let mut stage = Stage::owned().await;
    stage.start_behind().await;
    let said = stage.command(&["start", "--port", "0"]).output().await.unwrap();
    assert_eq!(said.status.code(), Some(1));
    let told = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(told.contains("PoCo already runs here"), "{told}");
    let status = stage.command(&["status", "--json"]).output().await.unwrap();
    assert!(status.status.success());
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["state"], "running", "{status}");
    let group = stage.project("api").await;
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    assert!(stage.command(&["shutdown"]).status().await.unwrap().success());
    until("codex is gone", || stage.codex_pids().is_empty()).await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_codex_that_dies_is_told_and_what_waits_goes_on() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "afterwards");
    stage.titled(&group, "[Queued] Task:", "afterwards").await;
    stage.kill_codex();
    let told =
        stage.card(&group, |it| it.id == card.id && it.text.starts_with("[Interrupted]")).await;
    assert!(told.text.contains("piece 0"), "{}", told.text);
    stage.titled(&group, "[Complete]", "Model answer to: afterwards").await;
    stage.press(&card.id, "Run again", &[]).await;
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.model.go(2);
    stage.titled(&group, "[Complete]", "piece 2").await;
    assert_eq!(stage.model.turns("slow: 3"), 2);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_outlives_poco() {
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    stage.restart().await;
    stage.press(&card.id, "Allow once", &[]).await;
    let done = stage.titled(&group, "[Complete]", "Tools said").await;
    assert_eq!(done.id, card.id);
    assert!(stage.work().join("api/made.txt").exists());
    assert_eq!(stage.model.turns("escalate: touch made.txt"), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_codex_that_is_gone_or_logged_out_is_told_with_the_next_step() {
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    stage.kill().await;
    stage.kill_codex();
    stage.set("POCO_CODEX_COMMAND", "/nowhere/codex");
    stage.start().await;
    let health = stage.get("/health").await;
    assert!(health.to_string().contains("/nowhere/codex"), "{health}");
    stage.say(&group, "hello there");
    let told = stage.titled(&group, "[Error]", "/nowhere/codex").await;
    assert!(told.text.contains("npm install"), "it says what to do: {}", told.text);

    stage.kill().await;
    stage.unset("POCO_CODEX_COMMAND");
    let config = "cli_auth_credentials_store = \"file\"\n[features]\nplugins = false\n";
    std::fs::write(stage.folder.join("codex/config.toml"), config).unwrap();
    stage.start().await;
    stage.say(&group, "hello once more");
    stage.titled(&group, "[Error]", "Codex is not logged in").await;

    // Without a restart of PoCo, once somebody has logged in.
    stage.model.codex_home(&stage.folder.join("codex")).unwrap();
    stage.say(&group, "hello at last");
    stage.titled(&group, "[Complete]", "Model answer to: hello at last").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_while_feishu_is_down() {
    work_goes_on(Trouble::Gateway { status: 503, body: "<html>down</html>".to_owned() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_while_every_connection_breaks() {
    work_goes_on(Trouble::Cut).await;
}

async fn work_goes_on(down: Trouble) {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.fault(Fault::on("*", "/open-apis/", down));
    // Events still come in; nothing can be shown.
    stage.say(&group, "first");
    stage.say(&group, "second");
    let done = |prompt: &str, seen: &[poco_sim::model::Seen]| {
        seen.iter().any(|it| it.prompt == prompt && it.done)
    };
    stage.model.until(|seen| done("first", seen) && done("second", seen)).await;
    stage.over(2).await;
    stage.feishu.clear_faults();
    stage.titled(&group, "[Complete]", "Model answer to: first").await;
    stage.titled(&group, "[Complete]", "Model answer to: second").await;
    let cards = stage.feishu.messages(&group);
    assert_eq!(cards.iter().filter(|card| card.text.contains("Task:")).count(), 2);
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    stage.say(&chat, "/help");
    stage.titled(&chat, "PoCo", "/run <prompt>").await;
    assert_eq!(stage.feishu.complaints(), Vec::<String>::new());
}
