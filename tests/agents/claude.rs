//! What only Claude Code does, or does in its own way.

use crate::conformance::claude::OnClaude;
use crate::conformance::{Fixture, Play};
use crate::stage::{asked, collect, finish, keeps_our_secrets, wrote};
use poco_core::{Lang, Step, Verdict};
use poco_runner::agent::{Agent, AgentError, End, Found, Question};
use std::collections::BTreeMap;
use std::time::Duration;

#[tokio::test]
async fn it_says_its_version_and_what_can_be_chosen() {
    let stage = OnClaude::new().await;
    let ready = stage.claude.ready().await.unwrap();
    assert!(ready.contains("2.1.330") && !ready.contains("tested"), "{ready}");
    let choices = stage.claude.choices().await.unwrap();
    let opus = choices.models.iter().find(|model| model.id == "opus").unwrap();
    assert!(opus.efforts.contains(&"high".to_owned()), "{opus:?}");
    assert!(choices.modes.contains(&"acceptEdits".to_owned()));
    assert!(!choices.modes.contains(&"bypassPermissions".to_owned()), "{choices:?}");
}

#[tokio::test]
async fn it_works_with_the_model_and_effort_it_is_told() {
    let mut stage = OnClaude::with(|config| config.model = Some("haiku".to_owned())).await;
    let thread = stage.open().await;
    stage.run(&thread, "t1", "hello").await;
    stage.settings.model = Some("claude-sonnet-5".to_owned());
    stage.settings.effort = Some("low".to_owned());
    stage.run(&thread, "t2", "and now").await;
    let seen = stage.model.seen();
    assert!(seen[0].body["model"].as_str().unwrap().contains("haiku"), "{}", seen[0].body["model"]);
    assert_eq!(seen[1].body["model"], "claude-sonnet-5");
    assert_eq!(seen[1].body["output_config"]["effort"], "low");
}

#[tokio::test]
async fn a_failing_model_is_tried_again_and_that_is_told() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "fail: 500").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    let End::Failed { reason } = end else { panic!("{end:?}") };
    assert!(reason.of(Lang::En).contains("trouble"), "{reason:?}");
    let steps = transcript.steps();
    assert!(
        steps
            .iter()
            .any(|it| it.of(Lang::En).starts_with('↻') && it.of(Lang::En).contains("try 1 of 1")),
        "{steps:?}"
    );
    assert_eq!(stage.turns("fail: 500"), 1);
}

#[tokio::test]
async fn a_broken_answer_is_not_shown_twice() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "fail: cut").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    let shown = transcript.answer().matches("This will be cut").count();
    // It asks again, for the whole at once, and that goes well.
    assert_eq!((end, shown), (End::Completed, 1), "{}", transcript.answer());
}

#[tokio::test]
async fn a_question_is_answered_with_a_choice() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "question: Which colour?").await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Questions(questions) = ask else { panic!("{ask:?}") };
    assert_eq!(questions[0].text, "Which colour?");
    assert_eq!(questions[0].options, ["Red", "Blue"]);
    let answers = BTreeMap::from([(questions[0].id.clone(), "Blue".to_owned())]);
    turn.answer(&approval, &Verdict::Answers(answers)).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(transcript.answer().contains("Blue"), "{}", transcript.answer());
}

#[tokio::test]
async fn a_change_is_shown_as_a_diff_and_can_be_allowed_for_its_file() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let file = stage.work("new.txt");
    let prompt = format!("patch: {} the-new-line", file.display());
    let mut turn = stage.start(&thread, "t1", &prompt).await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Patch { diff, files, .. } = ask else { panic!("{ask:?}") };
    assert!(diff.contains("+the-new-line"), "{diff}");
    assert_eq!(files, [file.to_str().unwrap()]);
    turn.answer(&approval, &Verdict::AllowSession).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(transcript.steps().iter().any(|step| step.of(Lang::En).starts_with('✓')));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(stage.run(&thread, "t2", &prompt).await.0, End::Completed);
    assert!(file.exists());
    let other = format!("patch: {} x", stage.work("other.txt").display());
    let mut turn = stage.start(&thread, "t3", &other).await;
    asked(turn.as_mut()).await;
}

#[tokio::test]
async fn its_mode_decides_what_is_asked_and_nothing_lifts_all_limits_but_the_operator() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let file = stage.work("new.txt");
    let prompt = format!("patch: {} hello", file.display());
    stage.settings.mode = Some("acceptEdits".to_owned());
    assert_eq!(stage.run(&thread, "t1", &prompt).await.0, End::Completed);
    assert!(file.exists());
    stage.settings.mode = Some("bypassPermissions".to_owned());
    let settings = stage.settings.clone();
    let task = poco_core::TaskId::new("t2");
    let started = stage.claude.start(&thread, &task, &"hello".into(), &settings).await;
    let Err(AgentError::Refused(why)) = started else { panic!("it was started") };
    assert!(why.of(Lang::En).contains("POCO_CLAUDE_PERMISSION_MODE"), "{why:?}");
    assert_eq!(stage.turns("hello"), 0);
    assert!(matches!(stage.find(&thread, "t2").await, Found::Never));
}

#[tokio::test]
async fn what_it_can_not_start_with_is_told() {
    let mut stage = OnClaude::with(|config| config.command.push("--no-such-flag".to_owned())).await;
    let why = stage.claude.ready().await.unwrap_err();
    assert!(why.of(Lang::En).contains("--no-such-flag"), "{why:?}");
    stage.config.command.pop();
    stage.restart();
    stage.claude.ready().await.unwrap();
}

#[tokio::test]
async fn words_while_a_tool_runs_are_read_with_its_result() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let prompt = stage.asks("touch made.txt");
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (approval, _) = asked(turn.as_mut()).await;
    assert!(turn.steer("s", "turn left").await.unwrap());
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!((end, transcript.answer()), (End::Completed, stage.answer("turn left")));
    assert!(!turn.steer("s2", "too late").await.unwrap());
}

#[tokio::test]
async fn neither_prompts_nor_our_secrets_are_where_others_see_them() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    let prompt = stage.asks("env | sort");
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (approval, _) = asked(turn.as_mut()).await;
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    let lines: Vec<_> = lines.map(|it| String::from_utf8_lossy(&it).into_owned()).collect();
    assert!(lines.iter().any(|line| line.contains(thread.as_str())), "it runs");
    assert!(!lines.iter().any(|line| line.contains(&prompt)));
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    let answer = finish(turn.as_mut()).await.1.answer();
    keeps_our_secrets(&answer);
}

#[tokio::test]
async fn its_own_transcript_tells_what_our_files_do_not() {
    let mut stage = OnClaude::new().await;
    let thread = stage.open().await;
    stage.run(&thread, "t1", "remember").await;
    stage.claude.shutdown().await;
    std::fs::remove_dir_all(stage.folder.join("state")).unwrap();
    let Found::Over { end, answer, .. } = stage.find(&thread, "t1").await else {
        panic!("not found")
    };
    assert_eq!((end, answer), (End::Completed, stage.answer("remember")));
    assert!(matches!(stage.find(&thread, "t2").await, Found::Never));
}

#[tokio::test]
async fn a_process_that_hangs_ends_the_turn_and_a_silent_one_does_not() {
    let mut stage = OnClaude::with(|config| config.timeout = Duration::from_millis(100)).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t1", "slow: 3").await;
    wrote(turn.as_mut(), "piece 0").await;
    let silent = tokio::time::timeout(Duration::from_millis(600), turn.next()).await;
    assert!(silent.is_err(), "{silent:?}");
    stage.go_on();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    drop(turn);
    let mut turn = stage.start(&thread, "t2", "slow: 3").await;
    wrote(turn.as_mut(), "piece 0").await;
    stage.signal(rustix::process::Signal::STOP);
    let (end, steps) = collect(turn.as_mut()).await;
    let End::Lost { reason } = end else { panic!("{end:?}") };
    assert!(reason.of(Lang::En).contains("did not answer"), "{reason:?}");
    assert!(!steps.iter().any(|step| matches!(step, Step::Said { .. })));
    stage.gone().await;
}
