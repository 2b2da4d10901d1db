//! What people see of the machines that run agents.

use super::escape;
use crate::words::runner as words;
use crate::{
    Action, Away, Block, Button, Card, Choice, Field, Form, Kind, Project, Room, Runner, RunnerId,
    Task, Terms, Text, Timestamp, Tone,
};

/// Says that the machine of a project takes nothing now, if it is so.
pub(super) fn away(room: &Room) -> Option<Text> {
    let Kind::Project(project) = &room.kind else { return None };
    away_of(project)
}

/// The same, for whoever has the project at hand.
pub(super) fn away_of(project: &Project) -> Option<Text> {
    let runner = escape(project.settings.runner.as_str());
    Some(match project.away? {
        Away::Asleep { minutes } => words::asleep(runner, words::span(minutes)),
        Away::Draining => words::draining(runner),
    })
}

/// Says that a task waits for a machine that takes nothing new, wherever that task is.
pub(super) fn held(task: &Task) -> Option<Text> {
    task.held.then(|| words::held(escape(task.settings.runner.as_str())))
}

/// Says that a machine could not read what it was asked.
pub(crate) fn unreadable(runner: &RunnerId) -> Card {
    let runner = escape(runner.as_str());
    Card::new(Tone::Bad, words::put_aside()).text(words::unreadable(runner))
}

/// The machines to choose from, and how each is.
pub(crate) fn machines(terms: &Terms, project: &Project, now: Timestamp) -> Card {
    let here = &project.settings.runner;
    let card = Card::new(Tone::Plain, words::title(&project.name));
    let card = terms.runners.iter().fold(card, |card, runner| {
        let mark = if runner.id == *here { words::this_one() } else { Text::default() };
        let name = escape(runner.id.as_str());
        card.text(words::line(name, mark, condition(runner, now)))
    });
    card.block(Block::Form(Form {
        name: "runner_form".to_owned(),
        fields: vec![field(terms, here.as_str(), now)],
        submit: Button::new(words::relocate(), Action::Move { runner: String::new() }).primary(),
        others: vec![Button::new(words::cancel(), Action::Workspace)],
    }))
    .note(words::folder_too())
}

/// A list of the machines, one of them chosen.
pub(super) fn field(terms: &Terms, chosen: &str, now: Timestamp) -> Field {
    let option = |runner: &Runner| Choice {
        label: words::option(&runner.id, condition(runner, now)),
        value: runner.id.to_string(),
    };
    let known = terms.runners.iter().any(|runner| runner.id.as_str() == chosen);
    Field::Select {
        name: "runner".to_owned(),
        label: words::label(),
        options: terms.runners.iter().map(option).collect(),
        value: known.then(|| chosen.to_owned()),
    }
}

fn condition(runner: &Runner, now: Timestamp) -> Text {
    match runner.away(now) {
        Some(Away::Asleep { minutes }) => words::asleep_for(words::span(minutes)),
        Some(Away::Draining) if runner.turns == 0 => words::takes_nothing(),
        Some(Away::Draining) => words::takes_nothing_but(runner.turns),
        None if runner.turns == 0 => words::idle(),
        None if runner.seats == 0 => words::running(runner.turns),
        None => words::seats(runner.turns, runner.seats),
    }
}
