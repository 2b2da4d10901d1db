//! The stub does what the others do, without a process.

use crate::stage::{asked, finish, next};
use poco_core::{RunnerId, Settings, TaskId, ThreadId, Verdict};
use poco_runner::agent::stub::Stub;
use poco_runner::agent::{Agent, End, Found, Note, Turn};

pub(crate) fn settings() -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "stub".to_owned(),
        workdir: "/".to_owned(),
        model: None,
        effort: None,
        sandbox: "read-only".to_owned(),
        approval_policy: "on-request".to_owned(),
        mode: None,
    }
}

async fn start(stub: &Stub, task: &str, prompt: &str) -> (ThreadId, Box<dyn Turn>) {
    let thread = stub.open(None, &settings()).await.unwrap();
    let turn = stub.start(&thread, &TaskId::new(task), &prompt.into(), &settings()).await.unwrap();
    (thread, turn)
}

#[tokio::test]
async fn it_echoes_and_is_found() {
    let stub = Stub::default();
    let (thread, mut turn) = start(&stub, "t", "a prompt of words").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    assert_eq!(end, End::Completed);
    assert_eq!(transcript.answer(), "Stub result for: a prompt of words");
    let found = stub.find(&thread, &TaskId::new("t"), &settings()).await.unwrap();
    assert!(matches!(found, Found::Over { end: End::Completed, .. }));
    let found = Stub::default().find(&thread, &TaskId::new("t"), &settings()).await.unwrap();
    assert!(matches!(found, Found::Unknown { .. }));
}

#[tokio::test]
async fn it_asks_when_told_to() {
    let stub = Stub::default();
    for (verdict, words) in [
        (Verdict::AllowOnce, "Stub result"),
        (Verdict::Deny { why: Some("not now".to_owned()) }, "not now"),
    ] {
        let (_, mut turn) = start(&stub, "t", "ask: rm -r target").await;
        let (approval, _) = asked(turn.as_mut()).await;
        assert!(turn.answer(&approval, &verdict).await.unwrap());
        assert!(!turn.answer(&approval, &verdict).await.unwrap());
        let (end, transcript) = finish(turn.as_mut()).await;
        assert_eq!(end, End::Completed);
        assert!(transcript.answer().contains(words), "{}", transcript.answer());
    }
}

#[tokio::test]
async fn it_is_steered_and_stopped() {
    let stub = Stub::default();
    let (_, mut turn) = start(&stub, "t", "echo this").await;
    assert!(turn.steer("s", "more").await.unwrap());
    assert!(turn.steer("s", "more").await.unwrap());
    assert_eq!(
        finish(turn.as_mut()).await.1.answer(),
        "Stub result for: echo this\n\nAnd for: more"
    );
    let (_, mut turn) = start(&stub, "t2", "echo this").await;
    assert!(matches!(next(turn.as_mut()).await, Note::Step(_)));
    turn.interrupt().await.unwrap();
    assert_eq!(next(turn.as_mut()).await, Note::Ended(End::Stopped));
}
