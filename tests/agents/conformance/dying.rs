//! Whoever dies, and when: nothing runs twice, and what became of a prompt is found.

use super::{Fixture, Play};
use crate::stage::{asked, finish, wrote};
use poco_core::{Lang, TaskId, Verdict};
use poco_runner::agent::{End, Found};
use std::time::Duration;

/// Moments at which PoCo is killed while it hands over a prompt, this far apart.
const MOMENTS: u32 = 6;
const MOMENTS_APART: Duration = Duration::from_millis(80);

/// A prompt that the model was given and that was not finished: cut off, or not known.
fn assert_cut_off(found: &Found) {
    match found {
        Found::Over { end: End::Lost { .. }, .. } | Found::Unknown { .. } => {}
        Found::Over { end, .. } => panic!("it is over: {end:?}"),
        Found::Running(_) => panic!("it is running"),
        Found::Never => panic!("never: it would be run twice"),
    }
}

pub(super) async fn goes_on_in_a_new_process<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    stage.run(&thread, "t1", "remember the fox").await;
    stage.agent().shutdown().await;
    stage.gone().await;
    stage.restart();
    let Found::Over { end, answer, .. } = stage.find(&thread, "t1").await else {
        panic!("what is over is not found")
    };
    assert_eq!((end, answer), (End::Completed, stage.answer("remember the fox")));
    let settings = stage.settings().clone();
    assert_eq!(stage.agent().open(Some(&thread), &settings).await.unwrap(), thread);
    assert_eq!(stage.run(&thread, "t2", "and on").await, (End::Completed, stage.answer("and on")));
    assert!(stage.was_told("remember the fox"));
    assert_eq!((stage.turns("remember the fox"), stage.turns("and on")), (1, 1));
}

pub(super) async fn killed_in_mid_turn<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    stage.kill().await;
    let end = finish(turn.as_mut()).await.0;
    let End::Lost { reason } = end else { panic!("{end:?}") };
    assert!(
        reason.of(Lang::En).contains("signal") || reason.of(Lang::En).contains("killed"),
        "{reason:?}"
    );
    drop(turn);
    assert_cut_off(&stage.find(&thread, "t").await);
    assert_eq!(stage.run(&thread, "t2", "go on").await, (End::Completed, stage.answer("go on")));
    assert_eq!(stage.turns(&slow), 1);
}

pub(super) async fn killed_with_poco<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    drop(turn);
    stage.restart();
    stage.kill().await;
    assert_cut_off(&stage.find(&thread, "t").await);
    assert_eq!(stage.run(&thread, "t2", "go on").await.0, End::Completed);
    assert_eq!(stage.turns(&slow), 1);
}

/// The agent may write down late what it was given.
pub(super) async fn killed_as_the_model_is_asked<F: Fixture>() {
    for round in 0..3 {
        let mut stage = F::new().await;
        let thread = stage.open().await;
        if round == 1 {
            stage.run(&thread, "t0", "before").await;
        }
        let turn = stage.start(&thread, "t", "hang").await;
        stage.model().until(|seen| seen.iter().any(|it| it.prompt == "hang")).await;
        stage.kill().await;
        drop(turn);
        stage.restart();
        assert_cut_off(&stage.find(&thread, "t").await);
    }
}

/// The agent, or its record, has the whole answer; the model is asked once.
pub(super) async fn poco_killed_in_mid_turn<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    let id = turn.id();
    drop(turn);
    stage.restart();
    let Found::Running(mut turn) = stage.find(&thread, "t").await else { panic!("not running") };
    assert_eq!(turn.id(), id);
    stage.go_on();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!((end, transcript.answer().as_str()), (End::Completed, "piece 0 piece 1 piece 2 "));
    assert_eq!(stage.turns(&slow), 1);
}

pub(super) async fn poco_killed_while_it_asks<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let prompt = stage.asks("touch made.txt");
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (before, ask) = asked(turn.as_mut()).await;
    drop(turn);
    stage.restart();
    let Found::Running(mut turn) = stage.find(&thread, "t").await else { panic!("not running") };
    let (after, again) = asked(turn.as_mut()).await;
    assert_eq!((&before, ask), (&after, again), "an answer given meanwhile counts");
    assert!(turn.answer(&before, &Verdict::AllowOnce).await.unwrap());
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
    assert_eq!(stage.turns(&prompt), 1);
}

/// Whatever PoCo had sent when it was killed: if `find` says never, it is never.
pub(super) async fn never_means_never<F: Fixture>() {
    let mut stage = F::new().await;
    let mut thread = stage.open().await;
    for round in 0..MOMENTS {
        if round % 2 == 0 {
            // Not even the conversation is written down yet.
            thread = stage.open().await;
        }
        let prompt = format!("prompt of round {round}");
        let settings = stage.settings().clone();
        let task = TaskId::new(&prompt);
        let given = prompt.as_str().into();
        let start = stage.agent().start(&thread, &task, &given, &settings);
        drop(tokio::time::timeout(MOMENTS_APART * round, start).await);
        stage.restart();
        let expected = match stage.find(&thread, &prompt).await {
            Found::Running(mut turn) => {
                assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
                1
            }
            Found::Over { end, .. } => {
                assert_eq!(end, End::Completed);
                1
            }
            Found::Never => 0,
            // Whoever can't tell must not run it again.
            Found::Unknown { .. } => continue,
        };
        // Whatever was under way has come to its end by the time that another prompt has.
        let next = stage.open().await;
        stage.run(&next, &format!("after {round}"), "after").await;
        assert_eq!(stage.turns(&prompt), expected, "round {round}");
    }
}

pub(super) async fn leaves_nothing_behind<F: Fixture>() {
    let mut stage = F::new().await;
    let (one, other) = (stage.open().await, stage.open().await);
    stage.run(&one, "t1", "done").await;
    let slow = stage.slowly();
    let mut turn = stage.start(&other, "t2", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    stage.agent().shutdown().await;
    stage.gone().await;
    let end = finish(turn.as_mut()).await.0;
    assert!(matches!(end, End::Lost { .. }), "{end:?}");
    drop(turn);
    assert_cut_off(&stage.find(&other, "t2").await);
}
