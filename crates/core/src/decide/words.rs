//! Questions people ask PoCo itself; answering them changes nothing.

use super::Scene;
use crate::{Action, Card, Effect, Kind, Part, Room, TaskId, Tone, prose, view};

pub(super) fn help(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let place = match &room.kind {
        Kind::Project(project) => {
            format!("This group is the project “{}”. Just say what to do.", project.name)
        }
        Kind::Lobby(_) => "Here you make projects; each gets a group of its own.".to_owned(),
        Kind::Fresh | Kind::Gone | Kind::House(_) => String::new(),
    };
    let card = Card::new(Tone::Plain, "PoCo")
        .text(place)
        .text(format!("**Commands**\n{}", Action::help(scene.terms.runners.len())));
    vec![scene.post(card)]
}

pub(super) fn unknown(scene: &Scene<'_>, what: &str) -> Vec<Effect> {
    let what: String = what.chars().take(40).filter(|c| !c.is_control()).collect();
    scene.reply(format!("I do not know how to do “{what}” like this. `/help` lists the commands."))
}

pub(super) fn unsupported(scene: &Scene<'_>, what: &str) -> Vec<Effect> {
    scene.reply(format!("I can't make anything of {what}. Please write what you need, or send a file or a picture."))
}

pub(super) fn queue(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let line = |(at, task): (usize, &crate::Task)| {
        format!("{}. `{}` {}", at + 1, task.id, view::brief(&task.prompt))
    };
    let lines: Vec<_> = room.desk.waiting.iter().enumerate().map(line).collect();
    scene.reply(if lines.is_empty() { "Nothing waits.".to_owned() } else { lines.join("\n") })
}

pub(super) fn status(scene: &Scene<'_>, room: &Room, id: Option<&TaskId>) -> Vec<Effect> {
    let Some(id) = id else { return vec![scene.post(view::standing(room))] };
    match view::looks(room).remove(&crate::CardKey::Task(id.clone())) {
        Some(card) => vec![scene.post(Card { typing: crate::Typing::No, ..card })],
        None => {
            let (task, under) = (id.clone(), scene.below());
            vec![Effect::Recall { task, page: 0, on: None, part: Part::Answer, under }]
        }
    }
}

pub(super) fn page(scene: &Scene<'_>, room: &Room, id: &TaskId, page: usize) -> Vec<Effect> {
    if room.desk.find(id).is_some() {
        return scene.reply("That task is not over yet.");
    }
    vec![recall(scene, id, page, Part::Answer)]
}

/// Shows what a task changed: the last one that changed anything if none is named.
pub(super) fn changes(
    scene: &Scene<'_>,
    room: &Room,
    id: Option<&TaskId>,
    page: usize,
) -> Vec<Effect> {
    let Some(id) = id.or(room.desk.changed.as_ref()) else {
        return scene.reply(prose::no_changes());
    };
    if room.desk.find(id).is_some() {
        return scene.reply("That task is not over yet.");
    }
    vec![recall(scene, id, page, Part::Changes)]
}

fn recall(scene: &Scene<'_>, task: &TaskId, page: usize, part: Part) -> Effect {
    let (task, on, under) = (task.clone(), scene.card().cloned(), scene.below());
    Effect::Recall { task, page, on, part, under }
}
