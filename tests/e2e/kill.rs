//! `kill -9` at any moment: nothing lost, nothing run twice, no card that lies.

use crate::found::Found;
use crate::history::History;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poco_is_killed_at_fifty_moments() {
    poco_is_killed(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poco_is_killed_at_fifty_more() {
    poco_is_killed(2).await;
}

async fn poco_is_killed(seed: u64) {
    let mut history = History::new(seed).await;
    history.run(50, async |stage, _| stage.restart().await).await;
    history.end().await;
    let found = Found::of(&history).await;
    found.nothing_is_lost_or_doubled(&history);
    found.all_ran_in_order(&history);
    found.all_was_found_again(&history);
    found.answers_are_whole(&history);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codex_is_killed_at_thirty_moments() {
    codex_is_killed(3, 30, async |stage, _| stage.kill_codex()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_are_killed_at_twenty_moments() {
    let both = async |stage: &mut Stage, _| {
        stage.kill().await;
        stage.kill_codex();
        stage.start().await;
    };
    codex_is_killed(4, 20, both).await;
}

async fn codex_is_killed(seed: u64, deaths: usize, strike: impl AsyncFn(&mut Stage, usize)) {
    let mut history = History::new(seed).await;
    history.run(deaths, strike).await;
    history.end().await;
    let found = Found::of(&history).await;
    found.nothing_is_lost_or_doubled(&history);
    found.answers_are_whole(&history);
}
