//! A hundred moments at which something dies or a connection is cut, and then all that else goes
//! wrong between processes: nothing lost, nothing run twice, no card that lies.

use crate::found::Found;
use crate::history::{DICE, History};
use crate::stage::Stage;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_killed_at_thirty_moments() {
    let history = played(11, 30, async |stage, _| stage.place.kill_functions()).await;
    nothing_was_cut_off(&history).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machine_is_killed_at_twenty_five_moments() {
    let history = played(12, 25, async |stage, _| stage.restart().await).await;
    nothing_was_cut_off(&history).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_cut_at_twenty_five_moments() {
    let history = played(13, 25, async |stage, _| stage.place.line.cut()).await;
    nothing_was_cut_off(&history).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codex_and_all_the_others_are_killed_at_twenty_moments() {
    let any = async |stage: &mut Stage, dice: usize| {
        if dice.is_multiple_of(2) {
            stage.kill_codex();
        }
        match dice % 5 {
            0 => stage.place.kill_functions(),
            1 => stage.place.line.cut(),
            2 => stage.restart().await,
            _ => {}
        }
    };
    let history = played(14, 20, any).await;
    let found = Found::of(&history).await;
    found.nothing_is_lost_or_doubled(&history);
    found.answers_are_whole(&history);
}

/// Answers get lost after what was asked for was done, calls are throttled, jobs come again long
/// after they were done, and those of one chat overtake those of another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_and_the_queue_misbehave() {
    const CALLS: [(&str, &str); 6] = [
        ("PutItem", "ProvisionedThroughputExceededException"),
        ("SendMessage", "RequestThrottled"),
        ("DeleteMessage", "ThrottlingException"),
        ("GetItem", "ThrottlingException"),
        ("ReceiveMessage", "InternalError"),
        ("Query", "InternalServerError"),
    ];
    let mut stage = Stage::owned().await;
    for (key, value) in stage.place.for_trouble().await {
        stage.set(&key, &value);
    }
    stage.start().await;
    let mut history = History::on(stage, 15).await;
    let meddler = history.stage.place.meddle();
    let any = async |stage: &mut Stage, dice: usize| {
        let (faults, (call, busy)) = (stage.place.cloud.faults(), CALLS[dice % CALLS.len()]);
        match dice / (DICE / 3) {
            0 => faults.lose_answers(call, 2),
            1 => faults.refuse(call, busy, 3),
            _ => faults.add(json!({ "operation": call, "latency": 400, "times": 3 })),
        }
    };
    history.run(40, any).await;
    assert!(meddler.met() > 0, "no job was met");
    drop(meddler);
    history.end().await;
    assert!(history.stage.place.cloud.faults().fired().len() > 20, "few calls went wrong");
    nothing_was_cut_off(&history).await;
}

async fn played(seed: u64, strikes: usize, strike: impl AsyncFn(&mut Stage, usize)) -> History {
    let mut history = History::new(seed).await;
    history.run(strikes, strike).await;
    history.end().await;
    history
}

/// Codex lived: all was found again.
async fn nothing_was_cut_off(history: &History) {
    let found = Found::of(history).await;
    found.nothing_is_lost_or_doubled(history);
    found.all_ran_in_order(history);
    found.all_was_found_again(history);
    found.answers_are_whole(history);
}
