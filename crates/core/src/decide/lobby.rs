//! The direct chat, where projects are made and listed.

use super::{Scene, on, words};
use crate::{
    Card, CardRef, ChatId, Command, Effect, Event, EventId, Fact, Kind, Listing, Lobby, Making,
    NAME_CHARS_MAX, PROJECTS_MAX, Room, Settings, Terms, UserId, view,
};

pub(super) fn welcomed(room: &mut Room, event: &Event, _by: &UserId) -> Vec<Effect> {
    if matches!(room.kind, Kind::Fresh) {
        room.kind = Kind::Lobby(Lobby::default());
    }
    let Kind::Lobby(lobby) = &room.kind else { return vec![] };
    let card =
        view::home(lobby, Some("Welcome. You are the owner now; nobody else can make me act."));
    vec![Effect::Post { chat: event.chat.clone(), card }]
}

pub(super) fn home(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &room.kind else { return words::help(scene, room) };
    vec![scene.show(view::home(lobby, None))]
}

pub(super) fn form(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    if !matches!(room.kind, Kind::Lobby(_)) {
        return scene.reply("Projects are made in a direct chat with me.");
    }
    vec![scene.show(view::form(scene.terms, None, None))]
}

pub(super) fn manage(scene: &Scene<'_>, room: &mut Room, page: usize) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else {
        return scene.reply("Projects are listed in a direct chat with me.");
    };
    lobby.list_card = scene.card().cloned();
    lobby.list_page = page;
    vec![scene.show(view::manage(lobby))]
}

pub(super) fn create(
    scene: &Scene<'_>,
    room: &mut Room,
    name: &str,
    agent: &str,
    workdir: &str,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else {
        return scene.reply("Projects are made in a direct chat with me.");
    };
    let Terms { agents, settings: usual, .. } = scene.terms;
    let agent = Some(agent).filter(|agent| !agent.is_empty()).unwrap_or(&usual.agent).to_owned();
    let workdir = Some(workdir).filter(|dir| !dir.is_empty()).unwrap_or(&usual.workdir).to_owned();
    let settings = Settings { agent, workdir, ..usual.clone() };
    let making = Making {
        name: name.to_owned(),
        by: scene.by.clone(),
        settings,
        card: scene.card().cloned(),
    };
    if let Some(wrong) = mistake(lobby, agents, &making) {
        return vec![scene.show(view::form(scene.terms, Some(&making), Some(&wrong)))];
    }
    let card = view::making(&making);
    let workdir = making.settings.workdir.clone();
    lobby.making.insert(scene.event.id.clone(), making);
    let command = Command::Look { request: scene.event.id.clone(), workdir };
    vec![scene.show(card), Effect::Send { command }]
}

fn mistake(lobby: &Lobby, agents: &[String], making: &Making) -> Option<String> {
    let Making { name, settings, .. } = making;
    if name.is_empty() {
        return Some("A project needs a name.".to_owned());
    }
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Some(format!("A name has at most {NAME_CHARS_MAX} characters, on one line."));
    }
    if !agents.contains(&settings.agent) {
        let known = agents.join(", ");
        return Some(format!("There is no agent “{}” here. There is: {known}.", settings.agent));
    }
    let listed = lobby.projects.iter().any(|project| project.name == *name);
    if listed || lobby.making.values().any(|making| making.name == *name) {
        return Some(format!("There is a project “{name}” already."));
    }
    if lobby.projects.len() + lobby.making.len() >= PROJECTS_MAX {
        return Some(format!("You have {PROJECTS_MAX} projects already. Delete one first."));
    }
    None
}

pub(super) fn looked(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    request: &EventId,
    result: &Result<String, String>,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let Some(making) = lobby.making.get_mut(request) else { return vec![] };
    match result {
        Ok(path) => {
            making.settings.workdir.clone_from(path);
            let Making { name, by, settings, .. } = making.clone();
            vec![Effect::Open { request: request.clone(), name, by, settings }]
        }
        Err(wrong) => {
            let Some(making) = lobby.making.remove(request) else { return vec![] };
            let card = view::form(terms, Some(&making), Some(wrong));
            vec![place(event, making.card.as_ref(), card)]
        }
    }
}

pub(super) fn listed(
    _terms: &Terms,
    room: &mut Room,
    event: &Event,
    request: &EventId,
    project: &Listing,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let Some(making) = lobby.making.remove(request) else { return vec![] };
    lobby.projects.push(project.clone());
    let news = format!("“{}” is ready. Go to its group and say what to do.", project.name);
    vec![place(event, making.card.as_ref(), view::home(lobby, Some(&news)))]
}

pub(super) fn open_failed(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    request: &EventId,
    reason: &str,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let Some(making) = lobby.making.remove(request) else { return vec![] };
    let wrong = format!("The group could not be made, so there is no project. {reason}");
    let card = view::form(terms, Some(&making), Some(&wrong));
    vec![place(event, making.card.as_ref(), card)]
}

pub(super) fn delete(scene: &Scene<'_>, room: &mut Room, project: &ChatId) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else {
        return scene.reply("Projects are deleted in a direct chat with me.");
    };
    let Some(listing) = lobby.projects.iter_mut().find(|it| it.chat == *project) else {
        return scene.reply("That project is gone already.");
    };
    if listing.leaving {
        return scene.reply("That project is being deleted already.");
    }
    listing.leaving = true;
    lobby.list_card = scene.card().cloned();
    let fact = Fact::Removed { by: scene.by.clone(), lobby: scene.event.chat.clone() };
    let card = view::manage(lobby);
    vec![scene.show(card), Effect::Tell { chat: project.clone(), fact }]
}

pub(super) fn unlisted(room: &mut Room, project: &ChatId) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    lobby.projects.retain(|it| it.chat != *project);
    let card = view::manage(lobby);
    lobby.list_card.iter().map(|pressed| on(pressed, card.clone())).collect()
}

fn place(event: &Event, pressed: Option<&CardRef>, card: Card) -> Effect {
    match pressed {
        Some(pressed) => on(pressed, card),
        None => Effect::Post { chat: event.chat.clone(), card },
    }
}
