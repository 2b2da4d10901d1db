//! What became of a prompt is found again, whoever died.

use crate::stage::{BOTH, Stage, asked, finish, wrote};
use poco_core::{Lang, TaskId, ThreadId, Verdict};
use poco_io::config::Transport;
use poco_runner::agent::{Agent, AgentError, End, Found, Question, Turn};
use std::time::Duration;

async fn find(stage: &Stage, thread: &ThreadId, task: &str) -> Found {
    stage.agent.find(thread, &TaskId::new(task), &stage.settings).await.unwrap()
}

async fn running(stage: &Stage, thread: &ThreadId, task: &str) -> Box<dyn Turn> {
    match find(stage, thread, task).await {
        Found::Running(turn) => turn,
        Found::Over { end, .. } => panic!("it is over: {end:?}"),
        Found::Never => panic!("it was never there"),
        Found::Unknown { reason } => panic!("{reason:?}"),
    }
}

#[tokio::test]
async fn a_restarted_poco_rejoins_a_turn_and_its_question() {
    let mut stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let prompt = "escalate: touch made.txt";
    let mut turn = stage.start(&thread, "t", prompt).await;
    let (before, ask) = asked(turn.as_mut()).await;
    let pid = stage.agent.pid().await;
    let id = turn.id();
    drop(turn);
    stage.restart();
    let mut turn = running(&stage, &thread, "t").await;
    assert_eq!((turn.id(), stage.agent.pid().await), (id, pid));
    let (after, again) = asked(turn.as_mut()).await;
    assert_eq!((&before, ask), (&after, again));
    assert!(turn.answer(&after, &Verdict::AllowOnce).await.unwrap());
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
    assert_eq!(stage.model.turns(prompt), 1);
}

#[tokio::test]
async fn a_restarted_poco_shows_the_diff_of_a_pending_change() {
    let mut stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let outside = stage.folder.join("out.txt");
    let prompt = format!("patch: {} hello", outside.display());
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (before, _) = asked(turn.as_mut()).await;
    drop(turn);
    stage.restart();
    let mut turn = running(&stage, &thread, "t").await;
    let (after, ask) = asked(turn.as_mut()).await;
    let Question::Patch { diff, files, .. } = ask else { panic!("{ask:?}") };
    assert_eq!((after, files), (before.clone(), vec![outside.to_str().unwrap().to_owned()]));
    assert!(diff.contains("+hello"), "{diff}");
    turn.answer(&before, &Verdict::AllowOnce).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(outside.exists());
}

#[tokio::test]
async fn a_restarted_poco_hears_the_rest_of_an_answer() {
    let mut stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "slow: 3").await;
    wrote(turn.as_mut(), "piece 0").await;
    drop(turn);
    stage.restart();
    let mut turn = running(&stage, &thread, "t").await;
    stage.model.go(2);
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!((end, transcript.answer().as_str()), (End::Completed, "piece 0 piece 1 piece 2 "));
    assert_eq!(stage.model.turns("slow: 3"), 1);
}

#[tokio::test]
async fn what_is_over_is_found_with_its_answer() {
    for transport in BOTH {
        let mut stage = Stage::new(transport).await;
        let thread = stage.open().await;
        stage.run(&thread, "t1", "run: echo found").await;
        stage.run(&thread, "t2", "later").await;
        stage.restart();
        let Found::Over { end, answer, steps, .. } = find(&stage, &thread, "t1").await else {
            panic!("not over")
        };
        assert_eq!(end, End::Completed);
        assert!(
            answer.contains("found")
                && steps.iter().any(|it| it.of(Lang::En).contains("echo found"))
        );
        assert!(matches!(find(&stage, &thread, "never").await, Found::Never));
    }
}

#[tokio::test]
async fn a_thread_without_a_turn_never_saw_a_prompt() {
    let mut stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    assert!(matches!(find(&stage, &thread, "t").await, Found::Never));
    stage.restart();
    assert!(matches!(find(&stage, &thread, "t").await, Found::Never));
}

#[tokio::test]
async fn a_lost_conversation_is_told() {
    let stage = Stage::new(Transport::Unix).await;
    let gone = ThreadId::new("01a00000-0000-7000-8000-000000000000");
    let opened = stage.agent.open(Some(&gone), &stage.settings).await;
    assert!(matches!(opened, Err(AgentError::Forgotten(_))), "{opened:?}");
}

#[tokio::test]
async fn a_stopped_turn_is_found_cut_off() {
    let mut stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "slow: 3").await;
    wrote(turn.as_mut(), "piece 0").await;
    turn.interrupt().await.unwrap();
    finish(turn.as_mut()).await;
    drop(turn);
    stage.restart();
    let found = find(&stage, &thread, "t").await;
    assert!(matches!(found, Found::Over { end: End::Lost { .. }, .. }));
}

/// Whatever PoCo had sent when it was killed: if `find` says never, it is never.
#[tokio::test]
async fn never_means_never_at_whatever_moment_poco_was_killed() {
    let mut stage = Stage::new(Transport::Unix).await;
    let mut thread = stage.open().await;
    for round in 0..16 {
        if round % 2 == 0 {
            // Not even the conversation is written down yet.
            thread = stage.open().await;
        }
        let prompt = format!("prompt of round {round}");
        let task = TaskId::new(&prompt);
        let given = prompt.as_str().into();
        let start = stage.agent.start(&thread, &task, &given, &stage.settings);
        let begun = tokio::time::timeout(Duration::from_millis(round), start).await;
        drop(begun);
        stage.restart();
        let expected = match find(&stage, &thread, &prompt).await {
            Found::Running(mut turn) => {
                assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
                1
            }
            Found::Over { end, .. } => {
                assert_eq!(end, End::Completed);
                1
            }
            Found::Never => 0,
            Found::Unknown { reason } => panic!("{reason:?}"),
        };
        // Whatever was under way has come to its end by the time that another prompt has.
        let next = stage.open().await;
        stage.run(&next, &format!("after {round}"), "after").await;
        assert_eq!(stage.model.turns(&prompt), expected, "round {round}");
    }
}
