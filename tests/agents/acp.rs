//! What is peculiar to agents that speak ACP: what they offer, what they can't, and how they fail.

use crate::conformance::opencode::OnOpencode;
use crate::conformance::peer::{Anyone, OfCoco, OfCursor, OldCursor, Peer};
use crate::conformance::{Fixture, Play};
use crate::stage::{asked, finish, keeps_our_secrets, next, wrote};
use poco_core::{Lang, Verdict};
use poco_runner::agent::{AgentError, End, Found, Note, Question};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test]
async fn what_opencode_offers_can_be_chosen_and_nothing_else() {
    let mut stage = OnOpencode::new().await;
    let choices = stage.agent().choices().await.unwrap();
    let models: Vec<_> = choices.models.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(models, ["fake/m", "fake/n"]);
    assert_eq!(choices.modes, ["build", "plan"]);
    stage.settings().model = Some("fake/n".to_owned());
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Command { reason, .. } = ask else { panic!("{ask:?}") };
    assert!(reason.of(Lang::En).contains("what the agent calls “Always allow”"), "{reason:?}");
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    let steps = transcript.steps();
    assert!(steps.iter().any(|it| it.of(Lang::En) == "✓ touch made.txt"), "{steps:?}");
    assert_eq!(stage.model().seen().last().unwrap().body["model"], "n");
    drop(turn);
    stage.settings().model = Some("fake/x".to_owned());
    let settings = stage.settings().clone();
    let opened = stage.agent().open(None, &settings).await;
    let Err(AgentError::Refused(why)) = opened else { panic!("{opened:?}") };
    assert!(
        why.of(Lang::En).contains("no model “fake/x”")
            && why.of(Lang::En).contains("fake/m, fake/n"),
        "{why:?}"
    );
    stage.settings().model = None;
    a_change_is_shown_as_a_diff(&mut stage).await;
}

#[tokio::test]
async fn it_does_not_see_our_secrets() {
    let mut peer = Peer::<Anyone>::new().await;
    let thread = peer.open().await;
    let mut turn = peer.start(&thread, "t", "escalate: env | sort").await;
    let (approval, _) = asked(turn.as_mut()).await;
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    keeps_our_secrets(&finish(turn.as_mut()).await.1.answer());
}

/// In the same process: it takes seconds to start.
async fn a_change_is_shown_as_a_diff(stage: &mut OnOpencode) {
    let thread = stage.open().await;
    let file = stage.work("in.txt");
    let prompt = format!("patch: {} hello", file.display());
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Patch { diff, files, .. } = ask else { panic!("{ask:?}") };
    assert!(diff.contains("+hello"), "{diff}");
    assert_eq!(files, [file.to_str().unwrap()]);
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "hello\n");
    drop(turn);
    // A project that only looks has it in a mode that does.
    stage.settings().sandbox = "read-only".to_owned();
    let settings = stage.settings().clone();
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    stage.run(&thread, "t2", "look").await;
    let told = stage.model().seen().last().unwrap().body.to_string().to_lowercase();
    assert!(told.contains("plan mode"), "{told}");
}

#[tokio::test]
async fn options_that_are_no_plain_yes_and_no_are_put_by_their_names() {
    let mut stage = Peer::<Anyone>::with("odd").await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Questions(questions) = ask else { panic!("{ask:?}") };
    assert!(questions[0].text.contains("touch made.txt"));
    assert_eq!(questions[0].options, ["Always this command", "Always all commands", "Reject"]);
    let answers = BTreeMap::from([(questions[0].id.clone(), "Always this command".to_owned())]);
    turn.answer(&approval, &Verdict::Answers(answers)).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
}

#[tokio::test]
async fn without_a_way_to_reopen_a_conversation_a_fresh_one_is_begun_and_said() {
    let mut stage = Peer::<Anyone>::new().await;
    stage.traits = String::new();
    stage.restart();
    let thread = stage.open().await;
    stage.run(&thread, "t1", "remember").await;
    stage.restart();
    let settings = stage.settings().clone();
    let opened = stage.agent().open(Some(&thread), &settings).await;
    let Err(AgentError::Forgotten(why)) = opened else { panic!("{opened:?}") };
    assert!(why.of(Lang::En).contains("remembers nothing"), "{why:?}");
}

#[tokio::test]
async fn an_agent_that_does_not_stop_is_ended() {
    let mut stage = Peer::<Anyone>::with("deaf").await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "hang").await;
    turn.interrupt().await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Stopped);
    drop(turn);
    stage.gone().await;
    assert_eq!(stage.run(&thread, "t2", "next").await.0, End::Completed);
}

#[tokio::test]
async fn a_silent_turn_is_given_up_and_a_silent_command_is_not() {
    let mut stage = Peer::<Anyone>::new().await;
    stage.config.timeout = Duration::from_millis(300);
    stage.restart();
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t1", "hang").await;
    let End::Failed { reason } = finish(turn.as_mut()).await.0 else { panic!("it did not fail") };
    assert!(reason.of(Lang::En).contains("said nothing"), "{reason:?}");
    drop(turn);
    let command = "while [ ! -e stop ]; do sleep 0.01; done";
    let mut turn = stage.start(&thread, "t2", &format!("escalate: {command}")).await;
    let (approval, _) = asked(turn.as_mut()).await;
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    assert!(matches!(next(turn.as_mut()).await, Note::Step(_)));
    let silent = tokio::time::timeout(Duration::from_secs(1), turn.next()).await;
    assert!(silent.is_err(), "{silent:?}");
    std::fs::write(stage.work("stop"), "").unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
}

#[tokio::test]
async fn an_agent_that_dies_is_told_with_what_it_ended_with() {
    let mut stage = Peer::<Anyone>::new().await;
    let thread = stage.open().await;
    let End::Lost { reason } = stage.run(&thread, "t", "die: now").await.0 else {
        panic!("not lost")
    };
    assert!(reason.of(Lang::En).contains("exit status: 3"), "{reason:?}");
    let found = stage.find(&thread, "t").await;
    assert!(matches!(found, Found::Over { end: End::Lost { .. }, .. }));
}

#[tokio::test]
async fn what_is_no_agent_is_told_so() {
    let mut stage = Peer::<Anyone>::with("mute").await;
    let why = stage.agent().ready().await.unwrap_err();
    assert!(
        why.of(Lang::En).contains("could not be started")
            && why.of(Lang::En).contains("unknown command"),
        "{why:?}"
    );
    stage.config.command = vec!["cat".to_owned()];
    stage.restart();
    let settings = stage.settings().clone();
    let opened = stage.agent().open(None, &settings).await;
    assert!(matches!(opened, Err(AgentError::Refused(_))), "{opened:?}");
}

#[tokio::test]
async fn a_poco_that_was_killed_leaves_no_agent_at_work() {
    let mut stage = Peer::<Anyone>::new().await;
    let thread = stage.open().await;
    let prompt = "slow: 3";
    let mut turn = stage.start(&thread, "t", prompt).await;
    wrote(turn.as_mut(), "piece 0").await;
    // Nobody is left to end it.
    let pid = stage.role().pid(&stage.config.workdir).await.unwrap();
    let label = stage.folder.join(format!("poco/acp/acp/processes/{pid}"));
    let kept = std::fs::read_to_string(&label).unwrap();
    let mut orphan = std::process::Command::new("sleep").arg("300").spawn().unwrap();
    drop(turn);
    stage.restart();
    let since = kept.replace(&pid.to_string(), &orphan.id().to_string());
    std::fs::write(label, since).unwrap();
    let Found::Unknown { reason } = stage.find(&thread, "t").await else { panic!("not unknown") };
    assert!(reason.of(Lang::En).contains("does not tell"), "{reason:?}");
    assert_eq!(stage.run(&thread, "t2", "next").await.0, End::Completed);
    assert!(orphan.try_wait().unwrap().is_none(), "another process with its number is let be");
    orphan.kill().unwrap();
    orphan.wait().unwrap();
    assert_eq!(stage.turns(prompt), 1);
}

#[tokio::test]
async fn a_question_of_cursors_is_answered() {
    let mut stage = Peer::<OfCursor>::new().await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "question: Which colour?").await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Questions(questions) = ask else { panic!("{ask:?}") };
    assert_eq!((questions[0].text.as_str(), questions[0].options.len()), ("Which colour?", 2));
    let answers = BTreeMap::from([(questions[0].id.clone(), "Blue".to_owned())]);
    turn.answer(&approval, &Verdict::Answers(answers)).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(transcript.answer().contains(r#""selectedOptionIds": ["b"]"#), "{transcript:?}");
}

#[tokio::test]
async fn the_modes_and_models_of_older_words_are_set() {
    let mut stage = Peer::<OfCoco>::new().await;
    stage.config.mode = Some("bypass_permissions".to_owned());
    stage.config.model = Some("fast".to_owned());
    stage.restart();
    let thread = stage.open().await;
    assert_eq!(stage.run(&thread, "t", "hello").await.0, End::Completed);
    let expected = [json!({ "model": "fast" }), json!({ "mode": "bypass_permissions" })];
    assert_eq!(stage.remembered("set"), expected);
    assert!(stage.remembered("started").contains(&json!(["acp", "serve"])));
}

#[tokio::test]
async fn what_one_task_chose_does_not_hold_for_the_next() {
    let mut stage = Peer::<Anyone>::with("keeps").await;
    let thread = stage.open().await;
    let chosen = |stage: &mut Peer<Anyone>, mode: Option<&str>, model: Option<&str>| {
        stage.settings().mode = mode.map(str::to_owned);
        stage.settings().model = model.map(str::to_owned);
        stage.settings().clone()
    };
    let settings = chosen(&mut stage, Some("bypass_permissions"), Some("fast"));
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    let settings = chosen(&mut stage, None, None);
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    let (fast, auto) = (json!({ "model": "fast" }), json!({ "model": "auto" }));
    let (unasking, usual) = (json!({ "mode": "bypass_permissions" }), json!({ "mode": "default" }));
    assert_eq!(stage.remembered("set"), [fast, unasking.clone(), auto, usual.clone()]);
    // Nor if another process opens the conversation as it was left.
    let settings = chosen(&mut stage, Some("bypass_permissions"), None);
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    stage.restart();
    let settings = chosen(&mut stage, None, None);
    stage.agent().open(Some(&thread), &settings).await.unwrap();
    assert_eq!(stage.remembered("set")[4..], [unasking, usual]);
}

#[tokio::test]
async fn a_cursor_that_did_not_get_to_speak_once_still_asks() {
    let mut stage = Peer::<OfCursor>::with("stumbles").await;
    let settings = stage.settings().clone();
    let opened = stage.agent().open(None, &settings).await;
    assert!(matches!(opened, Err(AgentError::Later(_))), "{opened:?}");
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    asked(turn.as_mut()).await;
}

#[tokio::test]
async fn an_old_cursor_is_run_with_its_settings_and_asks_nobody() {
    let mut stage = Peer::<OldCursor>::new().await;
    stage.config.model = Some("auto".to_owned());
    stage.restart();
    let ready = stage.agent().ready().await.unwrap();
    assert!(ready.contains("without approvals"), "{ready}");
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(
        transcript.steps().iter().any(|it| it.of(Lang::En) == "⊘ touch made.txt · not allowed")
    );
    assert!(!stage.work("made.txt").exists());
    let started = stage.remembered("started");
    let words: Vec<_> =
        started.last().unwrap().as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let given = |name: &str, value: &str| words.windows(2).any(|it| it == [name, value]);
    assert!(given("--model", "auto") && given("--resume", thread.as_str()), "{words:?}");
    assert!(given("--", "escalate: touch made.txt"), "{words:?}");
    drop(turn);
    let End::Failed { reason } = stage.run(&thread, "t2", "fail: hard").await.0 else {
        panic!("not failed")
    };
    assert!(reason.of(Lang::En).contains("scripted failure hard"), "{reason:?}");
}
