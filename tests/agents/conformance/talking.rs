//! Starts, streams, steers, stops.

use super::{Fixture, Play};
use crate::stage::{collect, finish, wrote};
use poco_core::{Step, TaskId};
use poco_runner::agent::{AgentError, End};
use std::time::Duration;

pub(super) async fn streams<F: Fixture>() {
    let mut stage = F::new().await;
    stage.agent().ready().await.unwrap();
    let thread = stage.open().await;
    let prompt = "Tell me a story of a fox, and make it long enough for a few pieces.";
    let mut turn = stage.start(&thread, "t1", prompt).await;
    assert_eq!(turn.thread(), thread);
    let (end, steps) = collect(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(steps.iter().any(|step| matches!(step, Step::Wrote { .. })), "{steps:?}");
    let answer = stage.answer(prompt);
    assert!(steps.iter().any(|step| matches!(step, Step::Said { text, .. } if *text == answer)));
    assert_eq!(stage.turns(prompt), 1);
}

pub(super) async fn any_prompt_is_a_prompt<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    for prompt in
        ["--help", "-c model=x", "- a list", "$(touch pwned)", "ünï\u{1F98A}\n\"quoted\" \\ 'so'"]
    {
        let (end, answer) = stage.run(&thread, prompt, prompt).await;
        assert_eq!((end, answer), (End::Completed, stage.answer(prompt)));
    }
    assert!(!stage.work("pwned").exists());
}

pub(super) async fn stops<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    turn.interrupt().await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Stopped);
    turn.interrupt().await.unwrap();
    drop(turn);
    assert_eq!(stage.run(&thread, "t2", "go on").await, (End::Completed, stage.answer("go on")));
}

pub(super) async fn stops_a_command<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    // Not to be taken for harmless, so that it is the same for all.
    let prompt = stage.asks("touch begun; sleep 300");
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (approval, _) = crate::stage::asked(turn.as_mut()).await;
    turn.answer(&approval, &poco_core::Verdict::AllowOnce).await.unwrap();
    let begun = stage.work("begun");
    let begun = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = begun => {}
        _ = finish(turn.as_mut()) => panic!("it ended by itself"),
    }
    turn.interrupt().await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Stopped);
    let folder = stage.work("").to_str().unwrap().trim_end_matches('/').to_owned();
    let gone = async {
        while sleeping_in(&folder) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::GONE_MAX, gone).await.expect("the command still runs");
}

/// Counts the `sleep`s that run in a folder: a sandbox may hide everything else about them.
fn sleeping_in(folder: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let here =
        entries.filter(|it| std::fs::read_link(it.join("cwd")).is_ok_and(|it| it == *folder));
    here.filter(|it| std::fs::read_to_string(it.join("comm")).is_ok_and(|it| it.trim() == "sleep"))
        .count()
}

pub(super) async fn tells_a_long_answer_whole<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let prompt = stage.long(1_000_000);
    let (end, answer) = stage.run(&thread, "t", &prompt).await;
    assert_eq!(end, End::Completed);
    assert!(answer.len() >= 1_000_000, "{}", answer.len());
}

/// Whether at once or as soon as the agent listens: what was said reaches the model, and once.
pub(super) async fn is_steered_once<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    assert!(turn.steer("s1", "turn left").await.unwrap());
    assert!(turn.steer("s1", "turn left").await.unwrap());
    stage.go_on();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(transcript.answer().contains("turn left"), "{}", transcript.answer());
    assert!(!turn.steer("s2", "too late").await.unwrap());
    assert_eq!(stage.turns("turn left"), 1);
    assert_eq!(stage.turns("too late"), 0);
}

pub(super) async fn two_conversations_at_once<F: Fixture>() {
    let mut stage = F::new().await;
    let (one, other) = (stage.open().await, stage.open().await);
    let slow = stage.slowly();
    let mut turn = stage.start(&one, "t1", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    assert_eq!(stage.run(&other, "t2", "quick").await.1, stage.answer("quick"));
    stage.go_on();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(transcript.answer().ends_with("piece 2 "));
}

pub(super) async fn one_turn_at_a_time<F: Fixture>() {
    let mut stage = F::new().await;
    let thread = stage.open().await;
    let slow = stage.slowly();
    let mut turn = stage.start(&thread, "t1", &slow).await;
    wrote(turn.as_mut(), "piece 0").await;
    let settings = stage.settings().clone();
    let second =
        stage.agent().start(&thread, &TaskId::new("t2"), &"me too".into(), &settings).await;
    assert!(matches!(second, Err(AgentError::Later(_))));
    stage.go_on();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    drop(turn);
    assert_eq!(stage.run(&thread, "t2", "me too").await.0, End::Completed);
    assert_eq!(stage.turns("me too"), 1);
}
