//! Asks for leave, and abides by the answer.

use super::{Fixture, Play};
use crate::stage::{asked, finish, next};
use poco_core::{ApprovalId, Verdict};
use poco_runner::agent::{End, Note, Question, Turn};

const COMMAND: &str = "touch made.txt";

async fn asking<F: Fixture>(stage: &mut F) -> (Box<dyn Turn>, ApprovalId) {
    let thread = stage.open().await;
    let prompt = stage.asks(COMMAND);
    let mut turn = stage.start(&thread, "t", &prompt).await;
    let (approval, ask) = asked(turn.as_mut()).await;
    let Question::Command { command, cwd, .. } = ask else { panic!("{ask:?}") };
    assert!(command.contains(COMMAND), "{command}");
    assert_eq!(cwd, stage.settings().workdir);
    (turn, approval)
}

pub(super) async fn allowed<F: Fixture>() {
    let mut stage = F::new().await;
    let (mut turn, approval) = asking(&mut stage).await;
    assert!(!stage.work("made.txt").exists());
    assert!(turn.answer(&approval, &Verdict::AllowOnce).await.unwrap());
    assert!(!turn.answer(&approval, &Verdict::AllowOnce).await.unwrap(), "asked once");
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
}

pub(super) async fn allowed_for_the_session<F: Fixture>() {
    let mut stage = F::new().await;
    let (mut turn, approval) = asking(&mut stage).await;
    turn.answer(&approval, &Verdict::AllowSession).await.unwrap();
    finish(turn.as_mut()).await;
    let thread = turn.thread();
    drop(turn);
    std::fs::remove_file(stage.work("made.txt")).unwrap();
    let prompt = stage.asks(COMMAND);
    assert_eq!(stage.run(&thread, "t2", &prompt).await.0, End::Completed);
    assert!(stage.work("made.txt").exists());
    // That was leave for this command, in this conversation.
    let other = stage.asks("touch other.txt");
    let mut turn = stage.start(&thread, "t3", &other).await;
    asked(turn.as_mut()).await;
    drop(turn);
    asking(&mut stage).await;
}

pub(super) async fn denied<F: Fixture>() {
    let mut stage = F::new().await;
    let (mut turn, approval) = asking(&mut stage).await;
    assert!(turn.answer(&approval, &Verdict::Deny { why: None }).await.unwrap());
    assert!(!turn.answer(&approval, &Verdict::AllowOnce).await.unwrap(), "the first answer wins");
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert!(!transcript.answer().is_empty(), "it goes on without");
    assert!(!stage.work("made.txt").exists());
}

pub(super) async fn denied_with_a_reason<F: Fixture>() {
    let mut stage = F::new().await;
    let (mut turn, approval) = asking(&mut stage).await;
    let why = Verdict::Deny { why: Some("use a branch instead".to_owned()) };
    turn.answer(&approval, &why).await.unwrap();
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    let heard = transcript.answer().contains("use a branch instead");
    assert!(heard || stage.was_told("use a branch instead"));
    assert!(!stage.work("made.txt").exists());
}

pub(super) async fn stopped_while_it_asks<F: Fixture>() {
    let mut stage = F::new().await;
    let (mut turn, approval) = asking(&mut stage).await;
    turn.interrupt().await.unwrap();
    loop {
        match next(turn.as_mut()).await {
            Note::Ended(end) => break assert_eq!(end, End::Stopped),
            Note::Settled { approval: it } => assert_eq!(it, approval),
            Note::Step(_) | Note::Used(_) => {}
            Note::Asked { ask, .. } => panic!("{ask:?}"),
        }
    }
    assert!(!turn.answer(&approval, &Verdict::AllowOnce).await.unwrap_or_default());
    assert!(!stage.work("made.txt").exists());
}
