//! Starts, streams, steers, stops, goes on.

use crate::stage::{BOTH, Stage, asked, collect, finish, keeps_our_secrets, next, wrote};
use poco_core::{Lang, Step, Text, Verdict};
use poco_io::config::Transport;
use poco_runner::agent::{Agent, End, Note};
use poco_sim::model::codex_launcher;

#[tokio::test]
async fn it_is_ready_and_says_its_version() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let ready = stage.agent.ready().await.unwrap();
        assert!(ready.contains("0.169.0") && !ready.contains("tested"), "{ready}");
        stage.agent.shutdown().await;
    }
}

#[tokio::test]
async fn it_streams_an_answer_and_remembers_the_conversation() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let prompt = "Tell me a story of a fox, and make it long enough for a few pieces.";
        let mut turn = stage.start(&thread, "t1", prompt).await;
        let (end, steps) = collect(turn.as_mut()).await;
        assert_eq!(end, End::Completed);
        assert!(steps.iter().any(|step| matches!(step, Step::Wrote { .. })));
        let said = format!("Model answer to: {prompt}");
        assert!(steps.iter().any(|step| matches!(step, Step::Said { text, .. } if *text == said)));
        stage.run(&thread, "t2", "and on").await;
        let body = stage.model.seen().last().unwrap().body.to_string();
        assert!(body.contains("story of a fox"), "the first prompt is in the second request");
        assert_eq!((stage.model.turns(prompt), stage.model.turns("and on")), (1, 1));
    }
}

#[tokio::test]
async fn it_says_what_can_be_chosen() {
    let stage = Stage::new(Transport::Unix).await;
    let choices = stage.agent.choices().await.unwrap();
    assert!(!choices.models.is_empty(), "{choices:?}");
    assert!(choices.models.iter().any(|it| !it.efforts.is_empty()), "{choices:?}");
    assert!(choices.sandboxes.contains(&stage.settings.sandbox));
    assert!(choices.approval_policies.contains(&stage.settings.approval_policy));
    stage.agent.shutdown().await;
}

#[tokio::test]
async fn a_copy_of_a_conversation_knows_what_was_said_in_it() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    stage.run(&thread, "t1", "remember the fox").await;
    let copy = stage.agent.fork(&thread, &stage.settings).await.unwrap();
    assert_ne!(copy, thread);
    stage.run(&copy, "t2", "go on").await;
    let body = stage.model.seen().last().unwrap().body.to_string();
    assert!(body.contains("remember the fox"), "it is a copy");
    stage.run(&thread, "t3", "back here").await;
    let body = stage.model.seen().last().unwrap().body.to_string();
    assert!(!body.contains("go on"), "the first one stays as it is");
}

#[tokio::test]
async fn it_counts_what_a_turn_takes() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t1", "count this").await;
    let mut used = None;
    loop {
        match next(turn.as_mut()).await {
            Note::Used(usage) => used = Some(usage),
            Note::Ended(end) => break assert_eq!(end, End::Completed),
            Note::Step(_) | Note::Asked { .. } | Note::Settled { .. } => {}
        }
    }
    let usage = used.expect("codex says what the model took");
    assert!(usage.turn.input > 0 && usage.total.input >= usage.turn.input, "{usage:?}");
}

#[tokio::test]
async fn it_takes_any_prompt_as_a_prompt() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    for prompt in ["--help", "-c model=x", "/compact", "$(touch pwned)", "ünï\u{1F98A}\n\"quoted\""]
    {
        let (end, answer) = stage.run(&thread, prompt, prompt).await;
        assert_eq!((end, answer), (End::Completed, format!("Model answer to: {prompt}")));
    }
    assert!(!stage.work("pwned").exists());
}

#[tokio::test]
async fn it_runs_commands_in_its_sandbox_and_tells_of_them() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "run: echo made > inside.txt; exit 3").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(stage.work("inside.txt").exists());
    let steps = transcript
        .steps()
        .iter()
        .map(|step| step.of(Lang::En).to_owned())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(steps.contains("▸ ") && steps.contains("✗ ") && steps.contains("exit 3"), "{steps}");
    let mut turn = stage.start(&thread, "t2", "plan: look ; leap").await;
    let (_, transcript) = finish(turn.as_mut()).await;
    assert!(transcript.steps().contains(&Text::verbatim("☰ 0/2 look")), "{:?}", transcript.steps());
}

#[tokio::test]
async fn it_stops_at_once_and_keeps_what_was_written() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let mut turn = stage.start(&thread, "t", "slow: 3").await;
        wrote(turn.as_mut(), "piece 0").await;
        turn.interrupt().await.unwrap();
        assert_eq!(finish(turn.as_mut()).await.0, End::Stopped);
        stage.model.until(|seen| seen[0].cut).await;
        assert_eq!(stage.run(&thread, "t2", "go on").await.0, End::Completed);
    }
}

#[tokio::test]
async fn stopping_ends_a_command_too() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let command = "echo $$ > pid; sleep 300";
    let mut turn = stage.start(&thread, "t", &format!("run: {command}")).await;
    let pid = stage.work("pid");
    let begun = async {
        while std::fs::read_to_string(&pid).map_or(true, |it| it.trim().is_empty()) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = begun => {}
        _ = finish(turn.as_mut()) => panic!("it ended by itself"),
    }
    turn.interrupt().await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Stopped);
    // The sandbox numbers processes anew, so look for the command itself.
    let mark = stage.work("").to_str().unwrap().trim_end_matches('/').to_owned();
    let gone = async {
        while processes_in(&mark) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("it still runs");
}

/// Counts the processes that work in a folder.
fn processes_in(folder: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let cwd = entries.filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok());
    cwd.filter(|cwd| cwd.to_str() == Some(folder)).count()
}

#[tokio::test]
async fn it_is_steered_once_for_each_text() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let mut turn = stage.start(&thread, "t", "slow: 3").await;
        wrote(turn.as_mut(), "piece 0").await;
        assert!(turn.steer("s1", "turn left").await.unwrap());
        assert!(turn.steer("s1", "turn left").await.unwrap());
        let (end, transcript) = finish(turn.as_mut()).await;
        assert_eq!(end, End::Completed);
        assert!(transcript.answer().contains("Model answer to: turn left"));
        assert!(!turn.steer("s2", "too late").await.unwrap());
        let last = stage.model.seen().last().unwrap().body.to_string();
        assert_eq!(last.matches("turn left").count(), 1);
    }
}

#[tokio::test]
async fn it_tells_a_long_answer_whole() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let (end, answer) = stage.run(&thread, "t", "long: 1000000").await;
    assert_eq!(end, End::Completed);
    assert!(answer.len() >= 1_000_000 && answer.trim_end().ends_with("```"));
}

#[tokio::test]
async fn two_threads_work_at_once() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let (one, other) = (stage.open().await, stage.open().await);
        let mut slow = stage.start(&one, "t1", "slow: 3").await;
        wrote(slow.as_mut(), "piece 0").await;
        assert_eq!(stage.run(&other, "t2", "quick").await.1, "Model answer to: quick");
        stage.model.go(2);
        let (end, transcript) = finish(slow.as_mut()).await;
        assert_eq!(end, End::Completed);
        assert!(transcript.answer().ends_with("piece 2 "));
    }
}

#[tokio::test]
async fn a_second_prompt_never_slips_into_a_running_turn() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t1", "slow: 2").await;
    wrote(turn.as_mut(), "piece 0").await;
    let second = stage
        .agent
        .start(&thread, &poco_core::TaskId::new("t2"), &"me too".into(), &stage.settings)
        .await;
    assert!(matches!(second, Err(poco_runner::agent::AgentError::Later(_))));
    stage.model.go(1);
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert_eq!(stage.run(&thread, "t2", "me too").await.0, End::Completed);
    assert_eq!(stage.model.turns("me too"), 1);
}

#[tokio::test]
async fn the_launcher_of_npm_is_stepped_over() {
    let launcher = codex_launcher().to_str().unwrap().to_owned();
    let stage =
        Stage::with(Transport::Unix, |config| config.command = vec![launcher.clone()]).await;
    let program = stage.agent.find_program().unwrap();
    assert!(program.to_str().unwrap().contains("vendor"), "{}", program.display());
    stage.agent.ready().await.unwrap();
}

#[tokio::test]
async fn commands_do_not_see_our_secrets() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let (_, answer) = stage.run(&thread, "t", "run: env | sort").await;
    keeps_our_secrets(&answer);
    // Codex keeps some from its commands by itself; its own process has none to keep.
    let pid = stage.agent.pid().await.unwrap();
    let own = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    keeps_our_secrets(&String::from_utf8_lossy(&own));
}

#[tokio::test]
async fn the_model_and_effort_of_one_task_do_not_hold_for_the_next() {
    let mut stage = Stage::new(Transport::Unix).await;
    let last = |stage: &Stage| {
        let body = stage.model.seen().last().unwrap().body.clone();
        (body["model"].clone(), body["reasoning"]["effort"].clone())
    };
    let thread = stage.open().await;
    stage.run(&thread, "t1", "as usual").await;
    let usual = last(&stage);
    for effort in [Some("high"), None] {
        stage.settings.model = Some("gpt-6.1-sol".to_owned());
        stage.settings.effort = effort.map(str::to_owned);
        stage.run(&thread, effort.unwrap_or("none"), "as chosen").await;
        let (model, is) = last(&stage);
        assert_eq!((model, is == "high"), ("gpt-6.1-sol".into(), effort.is_some()));
    }
    stage.settings.model = None;
    stage.restart();
    stage.run(&thread, "t4", "as usual again").await;
    assert_eq!(last(&stage).0, usual.0);
}

#[tokio::test]
async fn a_model_in_code_mode_does_the_same() {
    let mut stage = Stage::new(Transport::Unix).await;
    stage.settings.model = Some("gpt-6.1-sol".to_owned());
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (approval, _) = asked(turn.as_mut()).await;
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
}
