//! Tasks that were cut off: people say what becomes of them.

use super::{Scene, task};
use crate::words::{
    file as file_words, project as project_words, setup as setup_words, task as words,
};
use crate::{
    Archive, BROKEN_MAX, Desk, Effect, Enclosed, Kind, Outcome, Phase, Room, Settings, Task,
    TaskId, Text, ThreadId, WAITING_MAX,
};

/// Notes a task that was cut off. The oldest one makes way.
pub(super) fn remember(desk: &mut Desk, archive: Archive) -> Vec<Effect> {
    desk.broken.push_back(archive);
    if desk.broken.len() <= BROKEN_MAX {
        return vec![];
    }
    let oldest = desk.broken.pop_front();
    oldest.map(|archive| settled(archive, words::made_way())).unwrap_or_default()
}

/// Leaves all of them as they are, because their project goes.
pub(super) fn forget(desk: &mut Desk) -> Vec<Effect> {
    let broken = std::mem::take(&mut desk.broken);
    let left = |archive| settled(archive, words::project_went());
    broken.into_iter().flat_map(left).collect()
}

/// Has the agent go on, in the same conversation, before anything that waits.
pub(super) fn resume(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    let lang = room.lang(scene.terms);
    take_up(scene, room, id, words::resumed_as, |archive @ Archive { task, outcome, .. }| {
        match outcome {
            Outcome::Interrupted { begun: Some(false), .. } | Outcome::Lacking { .. } => {
                Anew::from_the_start(archive)
            }
            Outcome::Interrupted { begun: None, .. } => Anew {
                prompt: words::go_on_with(&task.prompt).of(lang).to_owned(),
                enclosed: task.enclosed.clone(),
                thread: task.thread.clone(),
            },
            Outcome::Interrupted { begun: Some(true), .. }
            | Outcome::Answered { .. }
            | Outcome::Failed { .. }
            | Outcome::Stopped { .. }
            | Outcome::Cancelled { .. }
            | Outcome::Merged { .. } => Anew {
                prompt: words::go_on().of(lang).to_owned(),
                enclosed: Enclosed::default(),
                thread: task.thread.clone(),
            },
        }
    })
}

/// Gives the agent the same prompt again.
pub(super) fn again(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    take_up(scene, room, id, words::run_again_as, Anew::from_the_start)
}

/// Runs a task that did not begin, without what could not be had.
pub(super) fn without(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    let found = room.desk.broken.iter().find(|archive| archive.task.id == *id);
    if found.is_some_and(|archive| !matches!(archive.outcome, Outcome::Lacking { .. })) {
        return scene.reply(file_words::nothing_missing());
    }
    take_up(scene, room, id, file_words::run_without_as, |archive| {
        let mut anew = Anew::from_the_start(archive);
        if let Outcome::Lacking { missing } = &archive.outcome {
            anew.enclosed = anew.enclosed.without(missing);
        }
        anew
    })
}

/// What a task is taken up with.
struct Anew {
    prompt: String,
    enclosed: Enclosed,
    thread: Option<ThreadId>,
}

impl Anew {
    fn from_the_start(archive: &Archive) -> Self {
        let Archive { task, .. } = archive;
        Self { prompt: task.prompt.clone(), enclosed: task.enclosed.clone(), thread: None }
    }
}

pub(super) fn discard(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    match take(&mut room.desk, id) {
        Some(archive) => settled(archive, words::discarded()),
        None => scene.reply(words::settled_before()),
    }
}

fn take_up(
    scene: &Scene<'_>,
    room: &mut Room,
    id: &TaskId,
    word: fn(TaskId) -> Text,
    what: impl Fn(&Archive) -> Anew,
) -> Vec<Effect> {
    if matches!(&room.kind, Kind::Project(project) if project.leaving) {
        return scene.reply(project_words::leaving());
    }
    if matches!(&room.kind, Kind::Project(project) if project.archived) {
        return scene.reply(setup_words::is_archived());
    }
    if room.desk.waiting.len() >= WAITING_MAX {
        return scene.reply(words::line_is_full_now());
    }
    let Some(archive) = take(&mut room.desk, id) else {
        return scene.reply(words::settled_before());
    };
    let Anew { prompt, enclosed, thread } = what(&archive);
    let settings = bounded(&archive.task.settings, task::settings(scene.terms, room));
    let mut task = Task {
        id: TaskId::of(&scene.event.id, scene.event.at),
        by: scene.by.clone(),
        source: task::source(scene).to_owned(),
        settings,
        prompt,
        enclosed,
        brought: Default::default(),
        fresh: false,
        confirm: false,
        since: scene.event.at,
        phase: Phase::Waiting,
        held: false,
        pending: vec![],
        answered: vec![],
        asked: 0,
        thread,
        turn: None,
        picked: None,
        usage: None,
        history: vec![],
        ..archive.task.clone()
    };
    task.note("task_created", scene.event.at);
    let mut effects = settled(archive, word(task.id.clone()));
    if room.desk.current.is_some() {
        room.desk.waiting.push_front(task);
    } else {
        effects.extend(task::start(&mut room.desk, scene.event, task));
    }
    effects
}

/// A task goes on with the agent it had, and may do what a task may do now: what was allowed when it
/// was given may have been forbidden since.
fn bounded(then: &Settings, now: Settings) -> Settings {
    let same = then.agent == now.agent;
    Settings {
        sandbox: now.sandbox,
        approval_policy: now.approval_policy,
        mode: now.mode.filter(|_| same),
        ..then.clone()
    }
}

fn take(desk: &mut Desk, id: &TaskId) -> Option<Archive> {
    let at = desk.broken.iter().position(|archive| archive.task.id == *id)?;
    desk.broken.remove(at)
}

fn settled(archive: Archive, how: Text) -> Vec<Effect> {
    task::kept(Archive { settled: Some(how), ..archive })
}
