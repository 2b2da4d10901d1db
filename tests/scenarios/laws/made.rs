//! Things the world brings, of every kind.

use poco_core::{Approval, ApprovalId, Ask, Outcome, Pages, Question, RunnerId, Settings, Text};

pub(super) fn settings() -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "codex".into(),
        workdir: "/srv".into(),
        model: None,
        effort: None,
        mode: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
    }
}

pub(super) fn approval(kind: usize) -> Approval {
    let text = || Pages { count: 1 + kind % 3, ..Pages::one(format!("p{kind}"), "ls") };
    let ask = match kind % 4 {
        0 => Ask::Command { command: text(), cwd: "/".into(), reason: Text::verbatim("why") },
        1 => Ask::Patch { diff: text(), files: vec!["a".into()], reason: Text::default() },
        2 => Ask::Permission { what: text(), reason: Text::default() },
        _ => {
            let options = if kind.is_multiple_of(8) { vec!["a".to_owned()] } else { vec![] };
            Ask::Questions(vec![Question { id: "q".into(), text: "What?".into(), options }])
        }
    };
    Approval { id: ApprovalId::new(format!("a{}", kind % 7)), ask }
}

pub(super) fn outcome(kind: usize) -> Outcome {
    let text = || Pages { count: 1 + kind % 3, ..Pages::one(format!("p{kind}"), "ok") };
    let (reason, partial) = (Text::verbatim("it broke"), kind.is_multiple_of(2).then(text));
    match kind % 6 {
        0 => Outcome::Answered { answer: text() },
        1 => Outcome::Failed { reason, partial },
        2 => Outcome::Stopped { partial },
        3 => Outcome::Interrupted { reason, partial, begun: Some(true) },
        4 => Outcome::Interrupted { reason, partial, begun: Some(false) },
        _ => Outcome::Interrupted { reason, partial, begun: None },
    }
}
