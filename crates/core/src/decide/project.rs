//! A project's own group, from its opening to its end.

use super::{Scene, broken, held, task};
use crate::setup::{PATH_BYTES_MAX, PRESETS_MAX};
use crate::words::{file as file_words, project as words, setup as setup_words};
use crate::{
    Card, CardKey, ChatId, Command, Desk, Effect, Event, Fact, Kind, Project, Room, Settings,
    Terms, ThreadId, Tone, UserId, view,
};

pub(super) fn opened(
    room: &mut Room,
    name: &str,
    by: &UserId,
    settings: &Settings,
    lobby: &ChatId,
) -> Vec<Effect> {
    if matches!(room.kind, Kind::Fresh) {
        room.desk = Desk::default();
        let (name, by, lobby) = (name.to_owned(), by.clone(), lobby.clone());
        room.kind = Kind::Project(Project::new(name, by, settings.clone(), lobby));
    }
    vec![]
}

/// What is known of a project of an earlier PoCo.
pub(super) struct Past<'a> {
    pub(super) name: &'a str,
    pub(super) by: &'a UserId,
    pub(super) settings: &'a Settings,
    pub(super) thread: Option<&'a ThreadId>,
    pub(super) presets: &'a [String],
}

/// Has a project of an earlier PoCo go on in a chat where no project of ours lives. The house stands
/// in for its lobby until the owner deletes it from theirs.
pub(super) fn taken_over(terms: &Terms, room: &mut Room, past: &Past<'_>) -> Vec<Effect> {
    if !matches!(room.kind, Kind::Fresh) {
        return vec![];
    }
    let effects = opened(room, past.name, past.by, past.settings, &terms.house);
    room.desk.thread = past.thread.cloned();
    if let Kind::Project(project) = &mut room.kind {
        project.presets = past.presets.iter().take(PRESETS_MAX).cloned().collect();
    }
    effects
}

pub(super) fn workspace(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    match view::workspace(room) {
        Some(card) => vec![scene.show(card)],
        None => scene.reply(words::none_here()),
    }
}

/// Has the machine of the project send a file of it.
pub(super) fn deliver(scene: &Scene<'_>, room: &Room, path: &str) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else {
        return scene.reply(file_words::sends_project_files());
    };
    if path.len() > PATH_BYTES_MAX {
        return scene.reply(setup_words::path_too_long(PATH_BYTES_MAX));
    }
    if path.chars().any(char::is_control) {
        return scene.reply(file_words::no_path());
    }
    let command = Command::Deliver {
        request: scene.event.id.clone(),
        path: path.to_owned(),
        workdir: project.settings.workdir.clone(),
        topic: scene.topic().cloned(),
        at: scene.event.at,
    };
    let send = Effect::Send { runner: project.settings.runner.clone(), command };
    let toast = scene.card().map(|_| {
        let name = path.rsplit('/').next().unwrap_or(path);
        Effect::Toast { text: file_words::sending(name) }
    });
    std::iter::once(send).chain(toast).collect()
}

/// Ends what runs, drops what waits, and then lets go of the group.
pub(super) fn removed(room: &mut Room, event: &Event, by: &UserId, lobby: &ChatId) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else {
        return vec![unlisted(event, lobby)];
    };
    project.leaving = true;
    project.lobby.clone_from(lobby);
    let mut effects = broken::forget(&mut room.desk);
    effects.extend(task::cancel_waiting(room, event, by));
    effects.extend(task::stop_current(room, event, by));
    effects.extend(leave(room, event));
    effects
}

/// Lets go of the group if it is to go and nothing runs in it any more.
pub(super) fn leave(room: &mut Room, event: &Event) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return vec![] };
    if !project.leaving || room.desk.current.is_some() {
        return vec![];
    }
    let card = Card::new(Tone::Ended, words::deleted(&project.name));
    let card = card.text(words::deleted_what_stays());
    let unlisted = unlisted(event, &project.lobby);
    let mut effects = broken::forget(&mut room.desk);
    effects.extend(held::forget(room));
    *room = Room { kind: Kind::Gone, lang: room.lang, ..Room::default() };
    let last = Effect::Show { key: CardKey::Workspace, card: card.clone() };
    effects.extend([last, Effect::Post { chat: event.chat.clone(), card }, unlisted]);
    effects
}

fn unlisted(event: &Event, lobby: &ChatId) -> Effect {
    let fact = Fact::Unlisted { project: event.chat.clone() };
    Effect::Tell { chat: lobby.clone(), fact }
}
