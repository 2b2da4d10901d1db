//! Codex dies, or hangs, or was started otherwise.

use crate::stage::{BOTH, Stage, asked, finish, wrote};
use poco_core::{ApprovalId, Lang, TaskId, Verdict};
use poco_io::config::Transport;
use poco_runner::agent::{Agent, AgentError, End, Found, Note, Turn};
use std::time::Duration;

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
            assert!(reason.of(Lang::En).contains("signal"), "{reason:?}");
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

#[tokio::test]
async fn a_broken_connection_is_made_anew_and_nothing_is_lost() {
    let stage = Stage::new(Transport::Unix).await;
    let (one, other) = (stage.open().await, stage.open().await);
    let mut slow = stage.start(&one, "t1", "slow: 3").await;
    let mut asking = stage.start(&other, "t2", "two: touch one ; touch other").await;
    wrote(slow.as_mut(), "piece 0").await;
    let (first, _) = asked(asking.as_mut()).await;
    let (second, _) = asked(asking.as_mut()).await;
    let pid = stage.agent.pid().await;
    stage.agent.disconnect().await;
    stage.model.go(2);
    assert!(finish(slow.as_mut()).await.1.answer().ends_with("piece 2 "));
    answer_when_rejoined(asking.as_mut(), &second, &Verdict::AllowOnce).await;
    answer_when_rejoined(asking.as_mut(), &first, &Verdict::Deny { why: None }).await;
    assert_eq!(finish(asking.as_mut()).await.0, End::Completed);
    assert_eq!(stage.agent.pid().await, pid);
    assert_ne!(stage.work("one").exists(), stage.work("other").exists());
    assert_eq!(stage.model.turns("two: touch one ; touch other"), 1);
}

async fn answer_when_rejoined(turn: &mut dyn Turn, approval: &ApprovalId, verdict: &Verdict) {
    loop {
        match turn.answer(approval, verdict).await {
            Ok(taken) => return assert!(taken),
            Err(AgentError::Later(_)) => {}
            Err(error) => panic!("{error}"),
        }
        // What is heard meanwhile lets it rejoin; none of it may be a second question.
        let heard = tokio::time::timeout(Duration::from_millis(50), turn.next()).await;
        assert!(!matches!(heard, Ok(Note::Asked { .. } | Note::Ended(_))), "{heard:?}");
    }
}

#[tokio::test]
async fn the_server_has_a_session_of_its_own() {
    let stage = Stage::new(Transport::Unix).await;
    stage.agent.ready().await.unwrap();
    let pid = stage.agent.pid().await.unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let words: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let pid = pid.to_string();
    assert_eq!((words[2], words[3]), (pid.as_str(), pid.as_str()), "its group and session");
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_will_do() {
    let mut stage = Stage::new(Transport::Unix).await;
    let top = stage.folder.clone();
    stage.folder = top.join("deep".repeat(40));
    stage.model.codex_home(&stage.folder.join("home")).unwrap();
    stage.restart();
    stage.agent.ready().await.unwrap();
    let pid = stage.agent.pid().await;
    stage.restart();
    stage.agent.ready().await.unwrap();
    assert_eq!(stage.agent.pid().await, pid);
    drop(stage);
    std::fs::remove_dir_all(top).unwrap();
}
