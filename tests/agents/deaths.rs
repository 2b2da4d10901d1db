//! Codex dies, or hangs, or was started otherwise.

use crate::stage::{BOTH, Stage, asked, finish, wrote};
use poco_core::TaskId;
use poco_io::config::Transport;
use poco_runner::agent::{Agent, End, Found};

#[tokio::test]
async fn a_killed_codex_loses_its_turns_and_the_next_one_works() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let (one, other) = (stage.open().await, stage.open().await);
        let mut first = stage.start(&one, "t1", "slow: 3").await;
        let mut second = stage.start(&other, "t2", "escalate: touch made.txt").await;
        wrote(first.as_mut(), "piece 0").await;
        asked(second.as_mut()).await;
        stage.kill().await;
        for turn in [&mut first, &mut second] {
            let end = finish(turn.as_mut()).await.0;
            let End::Lost { reason } = end else { panic!("{end:?}") };
            assert!(reason.contains("signal"), "{reason}");
        }
        assert_eq!(stage.run(&one, "t3", "go on").await.1, "Model answer to: go on");
        assert!(!stage.work("made.txt").exists());
        assert_eq!(stage.model.turns("slow: 3"), 1);
    }
}

/// Were the prompt not written down before the model sees it, it might be run twice.
#[tokio::test]
async fn a_prompt_the_model_saw_is_found_even_if_codex_was_killed_then() {
    for round in 0..5 {
        let mut stage = Stage::new(Transport::Unix).await;
        let thread = stage.open().await;
        if round % 2 == 1 {
            stage.run(&thread, "t0", "before").await;
        }
        let turn = stage.start(&thread, "t", "hang").await;
        stage.model.until(|seen| seen.iter().any(|it| it.prompt == "hang")).await;
        stage.kill().await;
        drop(turn);
        stage.restart();
        let found = stage.agent.find(&thread, &TaskId::new("t"), &stage.settings).await.unwrap();
        assert!(matches!(found, Found::Over { end: End::Lost { .. }, .. }), "round {round}");
    }
}

#[tokio::test]
async fn a_server_that_was_started_otherwise_is_replaced_when_idle() {
    let mut stage = Stage::new(Transport::Unix).await;
    stage.agent.ready().await.unwrap();
    let pid = stage.agent.pid().await;
    stage.restart();
    stage.agent.ready().await.unwrap();
    assert_eq!(stage.agent.pid().await, pid, "the same server serves the next PoCo");

    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "slow: 2").await;
    wrote(turn.as_mut(), "piece 0").await;
    drop(turn);
    stage.config.command.extend(["-c".to_owned(), "model_verbosity=\"low\"".to_owned()]);
    stage.restart();
    let found = stage.agent.find(&thread, &TaskId::new("t"), &stage.settings).await.unwrap();
    let Found::Running(mut turn) = found else { panic!("not running") };
    assert_eq!(stage.agent.pid().await, pid, "it is at work");
    stage.model.go(1);
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    drop(turn);
    stage.restart();
    stage.agent.ready().await.unwrap();
    assert_ne!(stage.agent.pid().await, pid);
}

#[tokio::test]
async fn shutting_down_ends_the_server() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        stage.agent.ready().await.unwrap();
        let pid = stage.agent.pid().await.unwrap();
        stage.agent.shutdown().await;
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_replaced() {
    let mut stage = Stage::new(Transport::Unix).await;
    stage.agent.ready().await.unwrap();
    let pid = stage.agent.pid().await.unwrap();
    let stop = std::process::Command::new("kill").args(["-STOP", &pid.to_string()]).status();
    assert!(stop.unwrap().success());
    stage.restart();
    stage.agent.ready().await.unwrap();
    assert_ne!(stage.agent.pid().await, Some(pid));
}
