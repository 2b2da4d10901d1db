//! Cards to choose a conversation with.

use super::dir::close;
use super::{escape, task::count};
use crate::setup::{Conversation, Session, Usage};
use crate::words::{runner as runner_words, setup as words};
use crate::{
    Action, Block, Button, Card, Field, Form, Project, Room, Text, ThreadId, Timestamp, Tone,
};

/// The most conversations on the card.
const SHOWN: usize = 8;

fn shell(project: &Project) -> Card {
    Card::new(Tone::Plain, words::session_title(&project.name))
}

/// What the next task goes on with, and what else there is.
pub(crate) fn sessions(room: &Room, project: &Project, now: Timestamp) -> Card {
    let desk = &room.desk;
    let next = desk.picked.as_ref().map(|it| &it.thread).or(desk.thread.as_ref());
    let name = |thread: &ThreadId| project.past.iter().find(|it| it.thread == *thread);
    let next = match next.filter(|_| !desk.fresh) {
        None => words::session_none(),
        Some(thread) => match name(thread) {
            Some(it) => words::session_now(escape(&it.words)),
            None => words::session_unknown(),
        },
    };
    let ours: Vec<_> = project.past.iter().filter(|it| project.can_go_on(it)).collect();
    let card = ours.iter().take(SHOWN).fold(shell(project).text(next), |card, it| {
        let minutes = now.since(it.used) / 60_000;
        let ago = words::ago(runner_words::span(minutes));
        let apply = |fork| Action::Session(Session::Apply { thread: it.thread.clone(), fork });
        card.text(words::conversation(escape(&it.words), ago)).buttons(vec![
            Button::new(words::go_on(), apply(false)),
            Button::new(words::fork(), apply(true)),
        ])
    });
    let card = match ours.len().saturating_sub(SHOWN) {
        0 => card,
        more => card.note(words::more_sessions(more)),
    };
    card.block(Block::Rule).buttons(vec![
        Button::new(words::start_fresh(), Action::Session(Session::Fresh)),
        Button::new(words::enter_session(), Action::Session(Session::Enter)),
        close(),
    ])
}

/// A field for the id of a conversation.
pub(crate) fn session_id(project: &Project) -> Card {
    let apply = Session::Apply { thread: ThreadId::new(""), fork: false };
    shell(project)
        .block(Block::Form(Form {
            name: "session_form".to_owned(),
            fields: vec![Field::Input {
                name: "backend_session_id".to_owned(),
                label: words::session_id(),
                placeholder: Text::verbatim("0199-…"),
                value: String::new(),
                required: true,
            }],
            submit: Button::new(words::apply(), Action::Session(apply)).primary(),
            others: vec![close()],
        }))
        .note(words::session_id_hint(&project.settings.agent))
}

/// Says which conversation was picked.
pub(crate) fn session_picked(
    project: &Project,
    thread: &ThreadId,
    known: Option<&Conversation>,
    fork: bool,
) -> Card {
    let words = escape(known.map_or(thread.as_str(), |it| &it.words));
    let text = if fork { words::picked_fork(words) } else { words::picked(words) };
    Card::new(Tone::Good, words::session_title(&project.name)).text(text)
}

/// Says that a fresh one is next.
pub(crate) fn session_fresh(project: &Project) -> Card {
    Card::new(Tone::Good, words::session_title(&project.name)).text(words::session_none())
}

/// What a task took of the model, in a line.
pub(super) fn usage(usage: &Usage) -> Text {
    let counts = |it: &crate::setup::Tokens| {
        words::counts(count(it.input), count(it.cached), count(it.output), count(it.reasoning))
    };
    words::tokens(counts(&usage.turn), counts(&usage.total))
}
