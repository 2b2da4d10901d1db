//! What waits, what is added, what is stopped, and what is remembered.

use crate::stage::{Stage, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_has_a_place_and_runs_in_order() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 2");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "first");
    let first = stage.titled(&group, "[Queued] Task:", "first").await;
    assert!(first.text.contains("Place 1 in line"), "{}", first.text);
    stage.say(&group, "second");
    let second = stage.titled(&group, "[Queued] Task:", "second").await;
    assert!(second.text.contains("Place 2 in line"), "{}", second.text);
    stage.say(&group, "third");
    let third = stage.titled(&group, "[Queued] Task:", "third").await;
    stage.say(&group, "/queue");
    let list =
        |card: &poco_sim::feishu::Message| card.text.contains("1. ") && card.text.contains("third");
    stage.card(&group, list).await;
    stage.press(&first.id, "Cancel", &[]).await;
    stage.card(&group, |card| card.id == first.id && card.text.starts_with("[Stopped]")).await;
    // Those behind move up.
    stage.card(&group, |card| card.id == second.id && card.text.contains("Place 1 in line")).await;
    stage.model.go(9);
    stage.card(&group, |card| card.id == third.id && card.text.starts_with("[Complete]")).await;
    let seen: Vec<_> = stage.model.seen().into_iter().map(|seen| seen.prompt).collect();
    assert_eq!(seen, ["slow: 2", "second", "third"]);
    assert_eq!(stage.threads().len(), 1, "one conversation");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_has_an_end() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 2");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    for n in 1..=10 {
        stage.say(&group, &format!("prompt {n}"));
        stage.titled(&group, "[Queued] Task:", &format!("Place {n} in line")).await;
    }
    stage.say(&group, "one too many");
    stage.titled(&group, "PoCo", "10 prompts are waiting already").await;
    stage.say(&group, "/stop");
    stage.model.go(9);
    stage.titled(&group, "[Complete]", "Model answer to: prompt 10").await;
    assert_eq!(stage.model.turns("one too many"), 0);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_can_be_added_to_the_running_turn() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "and be brief");
    let waiting = stage.titled(&group, "[Queued] Task:", "and be brief").await;
    stage.press(&waiting.id, "Add to the running turn", &[]).await;
    stage.card(&group, |card| card.id == waiting.id && card.text.starts_with("[Added]")).await;
    stage.titled(&group, "[Complete]", "Model answer to: and be brief").await;
    stage.say(&group, "slow: 3");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "/steer with words");
    stage.titled(&group, "[Complete]", "Model answer to: with words").await;
    let turns: std::collections::BTreeSet<_> =
        stage.model.seen().into_iter().map(|seen| seen.turn).collect();
    assert_eq!(turns.len(), 2, "both words went into turns that ran");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_keeps_what_was_said() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.press(&card.id, "Stop", &[]).await;
    let stopped = stage.titled(&group, "[Stopped] Task:", "piece 0").await;
    assert_eq!(stopped.id, card.id);
    assert!(!stopped.labels().contains(&"Stop".to_owned()));
    stage.model.until(|seen| seen.iter().any(|it| it.prompt == "slow: 3" && it.cut)).await;
    assert_eq!(stage.codex_pids().len(), 1, "the turn was interrupted, not codex");
    stage.say(&group, "go on");
    stage.titled(&group, "[Complete]", "Model answer to: go on").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_what_a_command_left_running() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "run: exec sleep 86399.25");
    let runs = || stage.runs("86399.25");
    until("the command runs", runs).await;
    let card = stage.titled(&group, "[Running] Task:", "").await;
    stage.press(&card.id, "Stop", &[]).await;
    stage.titled(&group, "[Stopped] Task:", "").await;
    until("the command is gone", || !stage.runs("86399.25")).await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_goes_on_until_somebody_wants_a_new_one() {
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "my name is Ada");
    stage.titled(&group, "[Complete]", "my name is Ada").await;
    stage.restart().await;
    stage.say(&group, "who am I");
    stage.titled(&group, "[Complete]", "who am I").await;
    assert!(stage.last_request().contains("my name is Ada"), "it goes on after a restart");
    stage.kill_codex();
    stage.say(&group, "who am I now");
    stage.titled(&group, "[Complete]", "who am I now").await;
    assert!(stage.last_request().contains("my name is Ada"), "and after codex was killed");
    assert_eq!(stage.threads().len(), 1);
    stage.say(&group, "/new");
    stage.titled(&group, "PoCo", "fresh conversation").await;
    stage.say(&group, "and who now");
    stage.titled(&group, "[Complete]", "and who now").await;
    assert!(!stage.last_request().contains("my name is Ada"), "it was asked to forget");
    assert_eq!(stage.threads().len(), 2);
    stage.is_well();
}
