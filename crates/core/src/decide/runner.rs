//! The machines that run agents: whether they are there, and which one a project is on.

use super::{Scene, dir};
use crate::words::{project as project_words, runner as words, task as task_words};
use crate::{
    Away, Effect, Event, Kind, Phase, Project, Room, RunnerId, Terms, Text, Timestamp, view,
};

/// Notes whether the machine of a project takes anything.
pub(super) fn check(terms: &Terms, room: &mut Room, at: Timestamp) {
    let Kind::Project(project) = &mut room.kind else { return };
    let runner = terms.runners.iter().find(|it| it.id == project.settings.runner);
    project.away = runner.and_then(|runner| runner.away(at));
}

/// Whether a machine takes what is asked of it now.
pub(super) fn is_taking(terms: &Terms, id: &RunnerId, at: Timestamp) -> bool {
    terms.runners.iter().any(|it| it.id == *id && it.away(at).is_none())
}

/// Returns the agents of a machine that takes something now, or says why there are none.
pub(super) fn find<'a>(scene: &'a Scene<'_>, id: &RunnerId) -> Result<&'a [String], Text> {
    let terms = scene.terms;
    if terms.runners.is_empty() {
        return Ok(&terms.agents);
    }
    let Some(runner) = terms.runners.iter().find(|it| it.id == *id) else {
        let known: Vec<_> = terms.runners.iter().map(|it| it.id.as_str()).collect();
        return Err(words::unknown(id, known.join(", ")));
    };
    match runner.away(scene.event.at) {
        Some(Away::Asleep { .. }) => Err(words::not_there(id)),
        Some(Away::Draining) => Err(words::is_draining(id)),
        None => Ok(&runner.agents),
    }
}

/// Says that a machine put something aside that it could not read. What that was is not known: it may
/// have been to start a task, or to stop one.
pub(super) fn unreadable(room: &Room, event: &Event, runner: &RunnerId) -> Vec<Effect> {
    match &room.kind {
        Kind::Project(_) | Kind::Lobby(_) => {
            vec![Effect::Post { chat: event.chat.clone(), card: view::unreadable(runner) }]
        }
        // Nobody there asked for anything.
        Kind::Fresh | Kind::Gone | Kind::House(_) => vec![],
    }
}

pub(super) fn machines(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else {
        return scene.reply(project_words::none_here());
    };
    if scene.terms.runners.len() < 2 {
        return scene.reply(words::no_other());
    }
    vec![scene.show(view::machines(scene.terms, project, scene.event.at))]
}

/// Has a project go on on another machine. What runs is not taken away from under its agent.
pub(super) fn relocate(scene: &Scene<'_>, room: &mut Room, to: &str) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else {
        return scene.reply(project_words::none_here());
    };
    let to = RunnerId::new(to);
    if project.settings.runner == to {
        return scene.reply(words::there_already(&to));
    }
    match find(scene, &to) {
        Err(wrong) => return scene.reply(wrong),
        Ok(agents) if !agents.contains(&project.settings.agent) => {
            let Project { settings, .. } = project;
            return scene.reply(words::no_agent(&settings.agent, &to));
        }
        Ok(_) => {}
    }
    let at_work = room.desk.current.as_ref().is_some_and(|task| match task.phase {
        Phase::Claimed { .. } | Phase::Running | Phase::Stopping => true,
        Phase::Waiting | Phase::Confirming | Phase::Starting => false,
    });
    if at_work {
        return scene.reply(task_words::runs_now());
    }
    project.settings.runner = to.clone();
    project.away = None;
    // Its folders are another machine's; what was asked of that is out of date.
    project.recent.clear();
    let mut effects = dir::put_away(project);
    // The agent's memory of this chat stays where it was.
    (room.desk.thread, room.desk.picked) = (None, None);
    for task in room.desk.current.iter_mut().chain(&mut room.desk.waiting) {
        task.settings.runner = to.clone();
        (task.thread, task.picked) = (None, None);
    }
    if let Some(task) = room.desk.current.take_if(|task| task.phase == Phase::Starting) {
        effects.extend(super::task::start(&mut room.desk, scene.event, task));
    }
    effects.extend(scene.reply(words::moved(&to)));
    effects
}
