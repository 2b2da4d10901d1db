//! Things the world brings, of every kind.

use poco_core::{
    Approval, ApprovalId, Ask, Attachment, Enclosed, Media, MessageRef, Missing, Nature, Outcome,
    Pages, Question, Quote, RunnerId, Settings, Text,
};

pub(super) fn settings() -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "codex".into(),
        workdir: "/srv".into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
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
    let nature = Nature { leave: kind.is_multiple_of(5), ..Nature::default() };
    Approval { id: ApprovalId::new(format!("a{}", kind % 7)), ask, nature }
}

pub(super) fn enclosed(kind: usize) -> Enclosed {
    let message = MessageRef::new(format!("m{kind}"));
    let file = |n| Attachment {
        message: message.clone(),
        key: format!("k{n}"),
        media: Media::Picture,
        name: format!("{n}.png"),
    };
    let quote = Quote { message: message.clone(), bundle: kind.is_multiple_of(2) };
    let quotes = kind.is_multiple_of(3).then_some(quote).into_iter().collect();
    Enclosed { files: (0..kind % 5).map(file).collect(), quotes }
}

pub(super) fn outcome(kind: usize) -> Outcome {
    let text = || Pages { count: 1 + kind % 3, ..Pages::one(format!("p{kind}"), "ok") };
    let (reason, partial) = (Text::verbatim("it broke"), kind.is_multiple_of(2).then(text));
    match kind % 7 {
        0 => Outcome::Answered { answer: text() },
        1 => Outcome::Failed { reason, partial },
        2 => Outcome::Stopped { partial },
        3 => Outcome::Interrupted { reason, partial, begun: Some(true) },
        4 => Outcome::Interrupted { reason, partial, begun: Some(false) },
        5 => Outcome::Interrupted { reason, partial, begun: None },
        _ => {
            let (key, name) = ("k0".to_owned(), Text::verbatim("0.png"));
            Outcome::Lacking { missing: vec![Missing { key, name, why: reason }] }
        }
    }
}
