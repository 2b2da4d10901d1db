//! The direct chat, where projects are made and listed.

use super::{Scene, on, runner, words};
use crate::setup::PATH_BYTES_MAX;
use crate::words::{lobby as say, setup as setup_words};
use crate::{
    Card, CardRef, ChatId, Command, Effect, Event, EventId, Fact, Heir, Kind, Listing, Lobby,
    Making, NAME_CHARS_MAX, PROJECTS_MAX, Room, RunnerId, Settings, Terms, Text, UserId, view,
};

pub(super) fn welcomed(terms: &Terms, room: &mut Room, event: &Event, _by: &UserId) -> Vec<Effect> {
    if matches!(room.kind, Kind::Fresh) {
        room.kind = Kind::Lobby(Lobby::default());
        room.lang = room.lang.or(event.lang);
    }
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    lobby.heir = None;
    let card = view::home(lobby, Some(say::welcome()));
    vec![Effect::Post { chat: event.chat.clone(), card }, settled(terms, &event.chat)]
}

/// Lets the house know where projects are listed: it may keep some that were taken over.
pub(super) fn settled(terms: &Terms, lobby: &ChatId) -> Effect {
    let fact = Fact::Settled { lobby: lobby.clone() };
    Effect::Tell { chat: terms.house.clone(), fact }
}

/// Lists projects that were taken over.
pub(super) fn adopted(room: &mut Room, event: &Event, projects: &[Listing]) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let before = lobby.projects.len();
    add(&mut lobby.projects, projects);
    if lobby.projects.len() == before {
        return vec![];
    }
    let card = view::home(lobby, Some(say::adopted(lobby.projects.len() - before)));
    vec![Effect::Post { chat: event.chat.clone(), card }]
}

/// Adds those that are not listed yet, as far as there is room.
pub(super) fn add(listed: &mut Vec<Listing>, more: &[Listing]) {
    for project in more {
        if listed.len() < PROJECTS_MAX && !listed.iter().any(|it| it.chat == project.chat) {
            listed.push(project.clone());
        }
    }
}

pub(super) fn home(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &room.kind else { return words::help(scene, room) };
    vec![scene.show(view::home(lobby, None))]
}

pub(super) fn form(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    if !matches!(room.kind, Kind::Lobby(_)) {
        return scene.reply(say::made_in_direct());
    }
    vec![scene.show(view::form(scene.terms, None, None, scene.event.at))]
}

pub(super) fn manage(scene: &Scene<'_>, room: &mut Room, page: usize) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else {
        return scene.reply(say::listed_in_direct());
    };
    lobby.list_card = scene.card().cloned();
    lobby.list_page = page;
    vec![scene.show(view::manage(lobby))]
}

/// What somebody wants a project to be; what is empty is as usual.
pub(super) struct Wish<'a> {
    pub(super) name: &'a str,
    pub(super) agent: &'a str,
    pub(super) workdir: &'a str,
    pub(super) runner: &'a str,
}

pub(super) fn create(scene: &Scene<'_>, room: &mut Room, wish: &Wish<'_>) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else {
        return scene.reply(say::made_in_direct());
    };
    let usual = &scene.terms.settings;
    let or = |wish: &str, usual: &str| if wish.is_empty() { usual } else { wish }.to_owned();
    let mut settings = Settings {
        runner: RunnerId::new(or(wish.runner, usual.runner.as_str())),
        agent: or(wish.agent, &usual.agent),
        workdir: or(wish.workdir, &usual.workdir),
        ..usual.clone()
    };
    if settings.agent != usual.agent {
        // One agent's models mean nothing to another.
        (settings.model, settings.effort, settings.mode) = (None, None, None);
    }
    let making = Making {
        name: wish.name.to_owned(),
        by: scene.by.clone(),
        settings,
        card: scene.card().cloned(),
    };
    if let Some(wrong) = mistake(scene, lobby, &making) {
        return vec![scene.show(view::form(
            scene.terms,
            Some(&making),
            Some(wrong),
            scene.event.at,
        ))];
    }
    let card = view::making(&making);
    let Settings { runner, workdir, .. } = making.settings.clone();
    lobby.making.insert(scene.event.id.clone(), making);
    let command = Command::Look { request: scene.event.id.clone(), workdir };
    vec![scene.show(card), Effect::Send { runner, command }]
}

fn mistake(scene: &Scene<'_>, lobby: &Lobby, making: &Making) -> Option<Text> {
    let Making { name, settings, .. } = making;
    if let Some(wrong) = bad_name(name) {
        return Some(wrong);
    }
    if settings.workdir.len() > PATH_BYTES_MAX {
        return Some(setup_words::path_too_long(PATH_BYTES_MAX));
    }
    let agents = match runner::find(scene, &settings.runner) {
        Ok(agents) => agents,
        Err(wrong) => return Some(wrong),
    };
    if !agents.contains(&settings.agent) {
        let known = agents.join(", ");
        return Some(say::no_agent(&settings.agent, known));
    }
    let listed = lobby.projects.iter().any(|project| project.name == *name);
    if listed || lobby.making.values().any(|making| making.name == *name) {
        return Some(say::name_taken(name));
    }
    if lobby.projects.len() + lobby.making.len() >= PROJECTS_MAX {
        return Some(say::too_many(PROJECTS_MAX));
    }
    None
}

/// Says what is wrong with the name of a project.
pub(super) fn bad_name(name: &str) -> Option<Text> {
    if name.is_empty() {
        return Some(say::needs_name());
    }
    let is_bad = name.chars().count() > NAME_CHARS_MAX
        || name.chars().any(char::is_control)
        || crate::plain::unturned(name) != name;
    is_bad.then(|| say::bad_name(NAME_CHARS_MAX))
}

pub(super) fn looked(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    request: &EventId,
    result: &Result<String, Text>,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let Some(making) = lobby.making.get_mut(request) else { return vec![] };
    match result {
        Ok(path) => {
            making.settings.workdir.clone_from(path);
            let Making { name, by, settings, .. } = making.clone();
            vec![Effect::Open { request: request.clone(), name, by, settings, lang: room.lang }]
        }
        Err(wrong) => {
            let Some(making) = lobby.making.remove(request) else { return vec![] };
            let card = view::form(terms, Some(&making), Some(wrong.clone()), event.at);
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
    let news = say::ready(&project.name);
    let mut effects = vec![place(event, making.card.as_ref(), view::home(lobby, Some(news)))];
    effects.extend(pass_on(lobby));
    effects
}

pub(super) fn open_failed(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    request: &EventId,
    reason: &Text,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let Some(making) = lobby.making.remove(request) else { return vec![] };
    let wrong = say::open_failed(reason);
    let card = view::form(terms, Some(&making), Some(wrong), event.at);
    vec![place(event, making.card.as_ref(), card)]
}

pub(super) fn delete(scene: &Scene<'_>, room: &mut Room, project: &ChatId) -> Vec<Effect> {
    let lobby = match &mut room.kind {
        Kind::Lobby(lobby) => lobby,
        // In its own group it can be only this one.
        Kind::Project(here) if *project == scene.event.chat => {
            if here.leaving {
                return scene.reply(say::leaving_already());
            }
            let lobby = here.lobby.clone();
            return super::project::removed(room, scene.event, scene.by, &lobby);
        }
        Kind::Project(_) | Kind::Fresh | Kind::Gone | Kind::House(_) => {
            return scene.reply(say::deleted_in_direct());
        }
    };
    let Some(listing) = lobby.projects.iter_mut().find(|it| it.chat == *project) else {
        return scene.reply(say::gone_already());
    };
    if listing.leaving {
        return scene.reply(say::leaving_already());
    }
    listing.leaving = true;
    lobby.list_card = scene.card().cloned();
    let fact = Fact::Removed { by: scene.by.clone(), lobby: scene.event.chat.clone() };
    let card = view::manage(lobby);
    vec![scene.show(card), Effect::Tell { chat: project.clone(), fact }]
}

/// The owner whose lobby this is became a former one: the projects go to the new one's.
pub(super) fn handed_over(
    room: &mut Room,
    from: &UserId,
    to: &UserId,
    chat: &ChatId,
) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    lobby.heir = Some(Heir { from: from.clone(), to: to.clone(), lobby: chat.clone() });
    pass_on(lobby)
}

/// Gives what is listed to whoever is the owner instead.
fn pass_on(lobby: &mut Lobby) -> Vec<Effect> {
    let Some(Heir { from, to, lobby: heir }) = lobby.heir.clone() else { return vec![] };
    let projects = std::mem::take(&mut lobby.projects);
    let rehomed = |it: &Listing| {
        let (from, to, lobby) = (from.clone(), to.clone(), heir.clone());
        Effect::Tell { chat: it.chat.clone(), fact: Fact::Rehomed { from, to, lobby } }
    };
    let mut effects: Vec<_> = projects.iter().map(rehomed).collect();
    if !projects.is_empty() {
        effects.push(Effect::Tell { chat: heir, fact: Fact::Inherited { projects } });
    }
    effects
}

/// Takes over the projects of a former owner.
pub(super) fn inherited(room: &mut Room, event: &Event, projects: &[Listing]) -> Vec<Effect> {
    if matches!(room.kind, Kind::Fresh) {
        room.kind = Kind::Lobby(Lobby::default());
    }
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    let is_new = |it: &&Listing| lobby.projects.iter().all(|known| known.chat != it.chat);
    let new: Vec<_> = projects.iter().filter(is_new).cloned().collect();
    let news = crate::words::people::inherited(new.len());
    lobby.projects.extend(new);
    let card = view::home(lobby, Some(news));
    vec![Effect::Post { chat: event.chat.clone(), card }]
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
