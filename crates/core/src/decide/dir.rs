//! Where a project works. Folders are on its machine: they are looked at there, and what is found
//! comes back as a fact that names the question.

use super::{Scene, shelf};
use crate::setup::{
    Dir, Folder, FolderQuery, LOOKING_MAX, Looking, PATH_BYTES_MAX, PRESETS_MAX, RECENT_MAX, Why,
};
use crate::words::{project as project_words, setup as words};
use crate::{CardKey, Command, Effect, Event, EventId, Kind, Project, Room, Text, view};

pub(super) fn act(scene: &Scene<'_>, room: &mut Room, dir: &Dir) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else {
        return scene.reply(words::in_its_group());
    };
    if project.leaving {
        return scene.reply(project_words::leaving());
    }
    let here = scene.place();
    match dir {
        // A list is opened beside the card it is opened from.
        Dir::Browse(query) if query.path.is_empty() => {
            let path = project.settings.workdir.clone();
            let query = FolderQuery { path, ..query.clone() };
            ask(scene, project, scene.new_place(), Why::Browse, query)
        }
        Dir::Browse(query) => ask(scene, project, here, Why::Browse, query.clone()),
        Dir::Type { path } => {
            let path = if path.is_empty() { &project.settings.workdir } else { path };
            vec![scene.here(view::typed(project, path, None))]
        }
        Dir::Apply { path } if path.is_empty() => scene.reply(words::needs_path()),
        Dir::Apply { path } => ask(scene, project, here, Why::Work, query(path)),
        Dir::UseDefault => {
            let path = project.default_dir().to_owned();
            ask(scene, project, here, Why::Work, query(&path))
        }
        Dir::Presets => vec![scene.here(view::presets(project, None))],
        Dir::ApplyPreset { path } if !project.presets.contains(path) => {
            scene.reply(words::no_preset(path))
        }
        Dir::ApplyPreset { path } => ask(scene, project, here, Why::Preset, query(path)),
        Dir::Recent => vec![scene.here(view::recent(project))],
        Dir::Default => vec![scene.here(view::default_dir(project, None, None))],
        Dir::SetDefault { path } if path.is_empty() => scene.reply(words::needs_path()),
        Dir::SetDefault { path } => ask(scene, project, here, Why::Default, query(path)),
        Dir::ManagePresets => vec![scene.here(view::kept(project, None))],
        Dir::AddPreset { path } if path.is_empty() => scene.reply(words::needs_path()),
        Dir::AddPreset { .. } if project.presets.len() >= PRESETS_MAX => {
            scene.reply(words::too_many_presets(PRESETS_MAX))
        }
        Dir::AddPreset { path } => ask(scene, project, here, Why::Keep, query(path)),
        Dir::RemovePreset { path } => {
            project.presets.retain(|it| it != path);
            vec![scene.here(view::kept(project, None))]
        }
    }
}

fn query(path: &str) -> FolderQuery {
    FolderQuery { path: path.to_owned(), ..FolderQuery::default() }
}

/// Asks the project's machine about a folder. What was asked before on the same card is out of date.
fn ask(
    scene: &Scene<'_>,
    project: &mut Project,
    card: CardKey,
    why: Why,
    query: FolderQuery,
) -> Vec<Effect> {
    if query.path.len() > PATH_BYTES_MAX || query.filter.len() > PATH_BYTES_MAX {
        return scene.reply(words::path_too_long(PATH_BYTES_MAX));
    }
    let (request, path) = (scene.event.id.clone(), query.path.clone());
    project.looking.retain(|it| it.card != card);
    let mut effects = vec![];
    if project.looking.len() >= LOOKING_MAX {
        // Its machine has not answered for long, or nobody would have so many open.
        let key = project.looking.remove(0).card;
        effects.push(Effect::Show { key, card: view::closed() });
    }
    let shown = view::looking(project, &request, &path);
    effects.push(Effect::Show { key: card.clone(), card: shown });
    project.looking.push(Looking { request: request.clone(), card, why, path });
    let command = match why {
        Why::Browse => Command::Browse { request, query },
        Why::Work | Why::Preset | Why::Keep | Why::Default => {
            Command::Look { request, workdir: query.path }
        }
    };
    effects.push(Effect::Send { runner: project.settings.runner.clone(), command });
    effects
}

/// Puts a card away. What it waited for is out of date.
pub(super) fn close(scene: &Scene<'_>, room: &mut Room, looking: Option<&EventId>) -> Vec<Effect> {
    if let Kind::Project(project) = &mut room.kind {
        project.looking.retain(|it| Some(&it.request) != looking);
    }
    vec![scene.here(view::closed())]
}

/// Finds the question that was answered, and the project that asked it.
fn answered<'a>(room: &'a mut Room, request: &EventId) -> Option<(&'a mut Project, Looking)> {
    let Kind::Project(project) = &mut room.kind else { return None };
    let at = project.looking.iter().position(|it| it.request == *request)?;
    let looking = project.looking.remove(at);
    (!project.leaving).then_some((project, looking))
}

pub(super) fn browsed(
    room: &mut Room,
    request: &EventId,
    result: &Result<Folder, Text>,
) -> Vec<Effect> {
    let Some((project, Looking { card: key, path, .. })) = answered(room, request) else {
        return vec![];
    };
    let card = match result {
        Ok(folder) => view::browser(project, folder),
        Err(wrong) => view::typed(project, &path, Some(wrong.clone())),
    };
    vec![Effect::Show { key, card }]
}

pub(super) fn looked(
    room: &mut Room,
    event: &Event,
    request: &EventId,
    result: &Result<String, Text>,
) -> Vec<Effect> {
    let Some((project, Looking { card: key, why, path: named, .. })) = answered(room, request)
    else {
        return vec![];
    };
    let mut effects = vec![];
    let card = match (why, result) {
        (Why::Work | Why::Preset, Ok(path)) => {
            work_in(project, path);
            effects.extend(shelf::relist(project, event));
            view::works_in(project)
        }
        (Why::Keep, Ok(path)) => {
            if !project.presets.contains(path) && project.presets.len() < PRESETS_MAX {
                project.presets.push(path.clone());
            }
            view::kept(project, None)
        }
        (Why::Default, Ok(path)) => {
            project.default_dir = Some(path.clone());
            view::default_dir(project, None, None)
        }
        (Why::Work | Why::Browse, Err(wrong)) => view::typed(project, &named, Some(wrong.clone())),
        (Why::Preset, Err(wrong)) => view::presets(project, Some(wrong.clone())),
        (Why::Keep, Err(wrong)) => view::kept(project, Some((&named, wrong.clone()))),
        (Why::Default, Err(wrong)) => view::default_dir(project, Some(&named), Some(wrong.clone())),
        (Why::Browse, Ok(_)) => return vec![],
    };
    effects.insert(0, Effect::Show { key, card });
    effects
}

fn work_in(project: &mut Project, path: &str) {
    if project.default_dir.is_none() {
        project.default_dir = Some(project.settings.workdir.clone());
    }
    let before = std::mem::replace(&mut project.settings.workdir, path.to_owned());
    project.recent.retain(|it| *it != before);
    project.recent.insert(0, before);
    project.recent.retain(|it| it != path);
    project.recent.truncate(RECENT_MAX);
}

/// Puts every card away that waits for the machine.
pub(super) fn put_away(project: &mut Project) -> Vec<Effect> {
    let waiting = std::mem::take(&mut project.looking);
    waiting.into_iter().map(|it| Effect::Show { key: it.card, card: view::closed() }).collect()
}
