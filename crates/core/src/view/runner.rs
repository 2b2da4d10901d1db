//! What people see of the machines that run agents.

use super::escape;
use crate::{
    Action, Away, Block, Button, Card, Choice, Field, Form, Kind, Project, Room, Runner, Task,
    Terms, Timestamp, Tone,
};

/// Says that the machine of a project takes nothing now, if it is so.
pub(super) fn away(room: &Room) -> Option<String> {
    let Kind::Project(project) = &room.kind else { return None };
    let runner = escape(project.settings.runner.as_str());
    Some(match project.away? {
        Away::Asleep { minutes } => format!(
            "**{runner} is asleep** (not heard for {}). What is asked of it waits until it is back.",
            span(minutes)
        ),
        Away::Draining => {
            format!("**{runner} is draining:** it takes nothing new. What is asked of it waits.")
        }
    })
}

/// Says that a task waits for a machine that takes nothing new, wherever that task is.
pub(super) fn held(task: &Task) -> Option<String> {
    let runner = escape(task.settings.runner.as_str());
    task.held.then(|| format!("**{runner} is draining:** it takes nothing new. This waits for it."))
}

/// The machines to choose from, and how each is.
pub(crate) fn machines(terms: &Terms, project: &Project, now: Timestamp) -> Card {
    let here = &project.settings.runner;
    let card = Card::new(Tone::Plain, format!("Machine: {}", project.name));
    let card = terms.runners.iter().fold(card, |card, runner| {
        let mark = if runner.id == *here { " (this project)" } else { "" };
        card.text(format!("**{}**{mark}: {}", escape(runner.id.as_str()), condition(runner, now)))
    });
    card.block(Block::Form(Form {
        name: "runner_form".to_owned(),
        fields: vec![field(terms, here.as_str(), now)],
        submit: Button::new("Move the project", Action::Move { runner: String::new() }).primary(),
        others: vec![Button::new("Cancel", Action::Workspace)],
    }))
    .note("The project's folder must be on the other machine too. The conversation starts afresh.")
}

/// A list of the machines, one of them chosen.
pub(super) fn field(terms: &Terms, chosen: &str, now: Timestamp) -> Field {
    let option = |runner: &Runner| Choice {
        label: format!("{} ({})", runner.id, condition(runner, now)),
        value: runner.id.to_string(),
    };
    let known = terms.runners.iter().any(|runner| runner.id.as_str() == chosen);
    Field::Select {
        name: "runner".to_owned(),
        label: "Machine".to_owned(),
        options: terms.runners.iter().map(option).collect(),
        value: known.then(|| chosen.to_owned()),
    }
}

fn condition(runner: &Runner, now: Timestamp) -> String {
    match runner.away(now) {
        Some(Away::Asleep { minutes }) => format!("asleep for {}", span(minutes)),
        Some(Away::Draining) if runner.turns == 0 => "draining: takes nothing new".to_owned(),
        Some(Away::Draining) => {
            format!("draining: takes nothing new, {} running", runner.turns)
        }
        None if runner.turns == 0 => "idle".to_owned(),
        None if runner.seats == 0 => format!("{} running", runner.turns),
        None => format!("{} of {} seats taken", runner.turns, runner.seats),
    }
}

fn span(minutes: u64) -> String {
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        _ => "more than a day".to_owned(),
    }
}
