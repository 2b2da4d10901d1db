//! A project among others: renamed, archived and restored, from its lobby or in its own group.

use super::{Scene, lobby, task};
use crate::setup::{Change, Shelf};
use crate::words::{lobby as lobby_words, project as project_words, setup as words};
use crate::{ChatId, Effect, Event, Fact, Kind, Listing, Lobby, Project, Room, view};

pub(super) fn act(scene: &Scene<'_>, room: &mut Room, shelf: &Shelf) -> Vec<Effect> {
    match &mut room.kind {
        Kind::Lobby(lobby) => in_lobby(scene, lobby, shelf),
        Kind::Project(project) if project.leaving => scene.reply(project_words::leaving()),
        Kind::Project(_) => in_group(scene, room, shelf),
        Kind::Fresh | Kind::Gone | Kind::House(_) => scene.reply(project_words::none_here()),
    }
}

fn in_lobby(scene: &Scene<'_>, lobby: &mut Lobby, shelf: &Shelf) -> Vec<Effect> {
    let (project, change) = match shelf {
        Shelf::Open { project } => (project, None),
        Shelf::Rename { project, name } => (project, Some(Change::Rename(name.clone()))),
        Shelf::Archive { project, archived } => (project, Some(Change::Archive(*archived))),
        Shelf::Repo => return scene.reply(words::in_its_group()),
        Shelf::Bind => return scene.reply(words::no_binding()),
    };
    let of = |it: &&mut Listing| Some(&it.chat) == project.as_ref();
    let taken = match &change {
        Some(Change::Rename(name)) => {
            lobby.projects.iter().any(|it| it.name == *name && Some(&it.chat) != project.as_ref())
                || lobby.making.values().any(|it| it.name == *name)
        }
        Some(Change::Archive(_)) | None => false,
    };
    let Some(listing) = lobby.projects.iter_mut().find(of) else {
        return scene.reply(lobby_words::gone_already());
    };
    if listing.leaving {
        return scene.reply(lobby_words::leaving_already());
    }
    let Some(change) = change else { return vec![scene.show(view::shelf(listing, None))] };
    match &change {
        Change::Rename(name) => {
            let taken = || taken.then(|| lobby_words::name_taken(name));
            if let Some(wrong) = lobby::bad_name(name).or_else(taken) {
                return vec![scene.show(view::shelf(listing, Some(wrong)))];
            }
            listing.name.clone_from(name);
        }
        Change::Archive(archived) => listing.archived = *archived,
    }
    let chat = listing.chat.clone();
    let card = view::shelf(listing, None);
    vec![scene.show(card), Effect::Tell { chat, fact: Fact::Changed { change } }]
}

fn in_group(scene: &Scene<'_>, room: &mut Room, shelf: &Shelf) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return vec![] };
    match shelf {
        Shelf::Open { .. } => {
            vec![scene.open(view::project(&scene.event.chat, project))]
        }
        Shelf::Rename { .. } => scene.reply(words::renamed_in_direct()),
        Shelf::Archive { archived, .. } => {
            let archived = *archived;
            if project.archived == archived {
                return scene.reply(if archived {
                    words::archived_already()
                } else {
                    words::restored_already()
                });
            }
            let mut effects = changed(room, scene.event, &Change::Archive(archived));
            effects.extend(scene.reply(if archived {
                words::archived()
            } else {
                words::restored()
            }));
            effects
        }
        Shelf::Repo => vec![scene.here(view::repo(project))],
        Shelf::Bind => scene.reply(words::no_binding()),
    }
}

/// Changes a project as its lobby says, and tells the lobby how it is then.
pub(super) fn changed(room: &mut Room, event: &Event, change: &Change) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else { return vec![] };
    let by = project.by.clone();
    match change {
        Change::Rename(name) => project.name.clone_from(name),
        Change::Archive(archived) => project.archived = *archived,
    }
    let mut effects = relist(project, event);
    if matches!(change, Change::Archive(true)) {
        // What runs may end; nothing new begins.
        effects.extend(task::cancel_waiting(room, event, &by));
        if room.desk.current.as_ref().is_some_and(task::has_not_begun) {
            effects.extend(task::stop_current(room, event, &by));
        }
    }
    effects
}

/// Tells the lobby how a project is now.
pub(super) fn relist(project: &Project, event: &Event) -> Vec<Effect> {
    let project_listing = listing(project, &event.chat);
    let fact = Fact::Relisted { project: project_listing };
    vec![Effect::Tell { chat: project.lobby.clone(), fact }]
}

fn listing(project: &Project, chat: &ChatId) -> Listing {
    Listing {
        chat: chat.clone(),
        name: project.name.clone(),
        agent: project.settings.agent.clone(),
        workdir: project.settings.workdir.clone(),
        leaving: project.leaving,
        archived: project.archived,
    }
}

/// Lists a project as it is now.
pub(super) fn relisted(room: &mut Room, project: &Listing) -> Vec<Effect> {
    let Kind::Lobby(lobby) = &mut room.kind else { return vec![] };
    if let Some(listing) = lobby.projects.iter_mut().find(|it| it.chat == project.chat) {
        // Whether it goes, only the lobby knows.
        *listing = Listing { leaving: listing.leaving, ..project.clone() };
    }
    vec![]
}
