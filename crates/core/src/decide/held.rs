//! Files that come without words: they wait for some, and say so.

use super::{Scene, task};
use crate::enclosed::Fate;
use crate::words::file as words;
use crate::{
    CardKey, Effect, Enclosed, Event, EventId, FILES_MAX, HELD_MAX, Held, Kind, QUOTES_MAX, Quote,
    Room, TaskId, Text, Timestamp, Topic, UserId, Via, view,
};

/// Takes a message that brings something along.
pub(super) fn attached(
    scene: &Scene<'_>,
    room: &mut Room,
    text: &str,
    run: bool,
    enclosed: &Enclosed,
) -> Vec<Effect> {
    let in_project = matches!(room.kind, Kind::Project(_));
    if !in_project && !run {
        // Whoever answers a card in the direct chat just says something.
        let said = enclosed.files.is_empty() && !text.is_empty();
        return if said {
            super::said(scene, room, text)
        } else {
            scene.reply(words::only_in_projects())
        };
    }
    if text.trim().is_empty() && !run {
        return hold(scene, room, enclosed);
    }
    task::ask(scene, room, text, enclosed.clone())
}

fn hold(scene: &Scene<'_>, room: &mut Room, enclosed: &Enclosed) -> Vec<Effect> {
    let (at, topic) = (scene.event.at, scene.topic());
    let known = room.desk.held.iter_mut().find(|held| held.is_of(scene.by, topic));
    let mut all = known.as_ref().map(|held| held.enclosed.clone()).unwrap_or_default();
    all.extend(enclosed.clone());
    if all.is_too_much() {
        return scene.reply(words::too_many(FILES_MAX, QUOTES_MAX));
    }
    if let Some(held) = known {
        (held.enclosed, held.at) = (all, at);
        return vec![];
    }
    if room.desk.held.len() >= HELD_MAX {
        return scene.reply(words::too_many_wait());
    }
    room.desk.held.push(Held {
        id: scene.event.id.clone(),
        by: scene.by.clone(),
        topic: topic.cloned(),
        enclosed: all,
        at,
    });
    vec![]
}

/// Returns all that would go with a prompt now.
pub(super) fn gather(scene: &Scene<'_>, room: &Room, given: Enclosed) -> Enclosed {
    let topic = scene.topic();
    let mut all = Enclosed::default();
    if let Some(held) = room.desk.held.iter().find(|held| held.is_of(scene.by, topic)) {
        all = held.enclosed.clone();
    }
    all.extend(given);
    // A topic that somebody opens on a message is about that message.
    if let Via::Topic { topic, root: Some(root) } = scene.via
        && !room.desk.knows(topic)
    {
        let quote = Quote { message: root.clone(), bundle: false };
        all.extend(Enclosed { quotes: vec![quote], ..Enclosed::default() });
    }
    all
}

/// What waited has gone with a task.
pub(super) fn went(
    room: &mut Room,
    by: &UserId,
    topic: Option<&Topic>,
    task: &TaskId,
) -> Vec<Effect> {
    let fate = Fate::Went { task: task.clone() };
    let gone = room.desk.held.extract_if(.., |held| held.is_of(by, topic));
    gone.map(|held| show(&held, &fate)).collect()
}

pub(super) fn drop(scene: &Scene<'_>, room: &mut Room, id: &EventId) -> Vec<Effect> {
    let mut gone = room.desk.held.extract_if(.., |held| held.id == *id);
    match gone.next() {
        Some(held) => vec![show(&held, &Fate::Dropped)],
        None => scene.reply(words::settled()),
    }
}

/// Lets go of what waited too long.
pub(super) fn expire(room: &mut Room, now: Timestamp) -> Vec<Effect> {
    let gone = room.desk.held.extract_if(.., |held| held.is_late(now));
    gone.map(|held| show(&held, &Fate::Late)).collect()
}

/// Lets go of everything, because the project goes.
pub(super) fn forget(room: &mut Room) -> Vec<Effect> {
    let held = std::mem::take(&mut room.desk.held);
    held.iter().map(|held| show(held, &Fate::Gone)).collect()
}

fn show(held: &Held, fate: &Fate) -> Effect {
    Effect::Show { key: CardKey::Held(held.id.clone()), card: view::held(held, Some(fate)) }
}

/// A file could not be sent.
pub(super) fn not_sent(
    event: &Event,
    path: &str,
    why: &Text,
    topic: Option<&Topic>,
) -> Vec<Effect> {
    let under = topic.map(|topic| topic.message.clone());
    let card = view::not_sent(path, why).under(under);
    vec![Effect::Post { chat: event.chat.clone(), card }]
}
