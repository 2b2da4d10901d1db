//! Asks for leave, and abides by the answer.

use crate::stage::{BOTH, Stage, asked, finish, next};
use poco_core::{Lang, Verdict};
use poco_io::config::Transport;
use poco_runner::agent::{End, Note, Question};
use std::collections::BTreeMap;

#[tokio::test]
async fn a_command_that_is_allowed_runs() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
        let (approval, ask) = asked(turn.as_mut()).await;
        let Question::Command { command, cwd, reason } = ask else { panic!("{ask:?}") };
        assert!(command.contains("touch made.txt"), "{command}");
        assert_eq!(
            (cwd, reason.of(Lang::En)),
            (stage.settings.workdir.clone(), "The script wants it.")
        );
        assert!(!stage.work("made.txt").exists());
        assert!(turn.answer(&approval, &Verdict::AllowOnce).await.unwrap());
        assert!(!turn.answer(&approval, &Verdict::AllowOnce).await.unwrap(), "asked once");
        assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
        assert!(stage.work("made.txt").exists());
    }
}

#[tokio::test]
async fn leave_for_the_session_is_not_asked_for_again() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let prompt = "escalate: touch made.txt";
    let mut turn = stage.start(&thread, "t1", prompt).await;
    let (approval, _) = asked(turn.as_mut()).await;
    turn.answer(&approval, &Verdict::AllowSession).await.unwrap();
    finish(turn.as_mut()).await;
    std::fs::remove_file(stage.work("made.txt")).unwrap();
    assert_eq!(stage.run(&thread, "t2", prompt).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
}

#[tokio::test]
async fn a_command_that_is_denied_does_not_run_and_the_turn_goes_on() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
        let (approval, _) = asked(turn.as_mut()).await;
        turn.answer(&approval, &Verdict::Deny { why: None }).await.unwrap();
        let (end, transcript) = finish(turn.as_mut()).await;
        assert_eq!(end, End::Completed);
        assert!(transcript.answer().contains("rejected by user"), "{}", transcript.answer());
        assert!(transcript.steps().iter().any(|step| step.of(Lang::En).starts_with("⊘")));
        assert!(!stage.work("made.txt").exists());
    }
}

#[tokio::test]
async fn the_model_is_told_why_it_was_denied() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (approval, _) = asked(turn.as_mut()).await;
    let why = Verdict::Deny { why: Some("use a branch instead".to_owned()) };
    turn.answer(&approval, &why).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    let last = stage.model.seen().last().unwrap().body.to_string();
    assert_eq!(last.matches("use a branch instead").count(), 1);
    assert!(last.contains("rejected by user") && !stage.work("made.txt").exists());
}

#[tokio::test]
async fn several_questions_wait_side_by_side() {
    for transport in BOTH {
        let stage = Stage::new(transport).await;
        let thread = stage.open().await;
        let mut turn = stage.start(&thread, "t", "two: touch one ; touch other").await;
        let (first, _) = asked(turn.as_mut()).await;
        let (second, ask) = asked(turn.as_mut()).await;
        assert_ne!(first, second);
        let Question::Command { command, .. } = ask else { panic!("{ask:?}") };
        turn.answer(&second, &Verdict::AllowOnce).await.unwrap();
        turn.answer(&first, &Verdict::Deny { why: None }).await.unwrap();
        assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
        let made = [stage.work("one").exists(), stage.work("other").exists()];
        assert_eq!(made, [command.contains("one"), command.contains("other")]);
    }
}

#[tokio::test]
async fn a_change_outside_is_shown_as_a_diff() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let inside = stage.work("in.txt");
    let prompt = format!("patch: {} hello", inside.display());
    assert_eq!(stage.run(&thread, "t1", &prompt).await.0, End::Completed);
    assert_eq!(std::fs::read_to_string(inside).unwrap(), "hello\n");

    let outside = stage.folder.join("out.txt");
    let prompt = format!("patch: {} secret-of-the-diff", outside.display());
    let mut turn = stage.start(&thread, "t2", &prompt).await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Patch { diff, files, .. } = ask else { panic!("{ask:?}") };
    assert!(diff.contains("secret-of-the-diff"), "{diff}");
    assert_eq!(files, [outside.to_str().unwrap()]);
    turn.answer(&approval, &Verdict::AllowOnce).await.unwrap();
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(outside.exists());
}

#[tokio::test]
async fn a_question_is_answered_with_a_choice() {
    let stage = Stage::new(Transport::Unix).await;
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
async fn stopping_settles_what_was_asked() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "escalate: touch made.txt").await;
    let (approval, _) = asked(turn.as_mut()).await;
    turn.interrupt().await.unwrap();
    loop {
        match next(turn.as_mut()).await {
            Note::Ended(end) => break assert_eq!(end, End::Stopped),
            Note::Settled { approval: it } => assert_eq!(it, approval),
            Note::Step(_) | Note::Used(_) => {}
            Note::Asked { ask, .. } => panic!("{ask:?}"),
        }
    }
    assert!(!stage.work("made.txt").exists());
}
