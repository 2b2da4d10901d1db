//! Questions people ask PoCo itself; answering them changes nothing.

use super::Scene;
use crate::words::{command as words, file as file_words, task as task_words};
use crate::{Action, Button, Card, Effect, Kind, Lang, Part, Room, TaskId, Text, Tone, view};

pub(super) fn help(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    vec![scene.post(help_card(scene, room))]
}

fn help_card(scene: &Scene<'_>, room: &Room) -> Card {
    let place = match &room.kind {
        Kind::Project(project) => words::in_project(&project.name),
        Kind::Lobby(_) => words::in_lobby(),
        Kind::Fresh | Kind::Gone | Kind::House(_) => Text::default(),
    };
    let other = Action::Speak { lang: Some(room.lang(scene.terms).other()) };
    Card::new(Tone::Plain, Text::verbatim("PoCo"))
        .text(place)
        .text(words::commands(Action::help(scene.terms.runners.len())))
        .buttons(vec![Button::new(words::lang_switch(), other)])
}

/// Speaks another language in this chat from now on. The cards that follow the room are shown in it.
pub(super) fn speak(scene: &Scene<'_>, room: &mut Room, lang: Option<Lang>) -> Vec<Effect> {
    let lang = lang.unwrap_or(room.lang(scene.terms).other());
    room.lang = Some(lang);
    let mut effects = scene.reply(match lang {
        Lang::En => words::now_english(),
        Lang::Zh => words::now_chinese(),
    });
    if scene.card().is_some() {
        // The button is on the help.
        effects.push(scene.show(help_card(scene, room)));
    }
    effects
}

pub(super) fn unknown(scene: &Scene<'_>, what: &str) -> Vec<Effect> {
    let what: String = what.chars().take(40).filter(|c| !c.is_control()).collect();
    scene.reply(words::unknown(what))
}

pub(super) fn unsupported(scene: &Scene<'_>, what: &Text) -> Vec<Effect> {
    scene.reply(words::unsupported(what))
}

pub(super) fn queue(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let line = |(at, task): (usize, &crate::Task)| {
        let prompt = view::escape(&view::brief(&task.prompt));
        format!("{}. `{}` {prompt}", at + 1, task.id)
    };
    let lines: Vec<_> = room.desk.waiting.iter().enumerate().map(line).collect();
    scene.reply(if lines.is_empty() {
        task_words::nothing_waits()
    } else {
        Text::verbatim(lines.join("\n"))
    })
}

pub(super) fn status(scene: &Scene<'_>, room: &Room, id: Option<&TaskId>) -> Vec<Effect> {
    let Some(id) = id else { return vec![scene.post(view::standing(room))] };
    if !id.is_plausible() {
        return scene.reply(task_words::none_here());
    }
    match view::looks(room).remove(&crate::CardKey::Task(id.clone())) {
        Some(card) => vec![scene.post(Card { typing: crate::Typing::No, ..card })],
        None => {
            let (task, under, lang) = (id.clone(), scene.below(), Lang::default());
            vec![Effect::Recall { task, page: 0, on: None, part: Part::Answer, under, lang }]
        }
    }
}

pub(super) fn page(scene: &Scene<'_>, room: &Room, id: &TaskId, page: usize) -> Vec<Effect> {
    if !id.is_plausible() {
        return scene.reply(task_words::none_here());
    }
    if room.desk.find(id).is_some() {
        return scene.reply(task_words::is_not_over());
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
        return scene.reply(file_words::no_changes());
    };
    if !id.is_plausible() {
        return scene.reply(task_words::none_here());
    }
    if room.desk.find(id).is_some() {
        return scene.reply(task_words::is_not_over());
    }
    vec![recall(scene, id, page, Part::Changes)]
}

fn recall(scene: &Scene<'_>, task: &TaskId, page: usize, part: Part) -> Effect {
    let (task, on, under) = (task.clone(), scene.card().cloned(), scene.below());
    Effect::Recall { task, page, on, part, under, lang: Lang::default() }
}
