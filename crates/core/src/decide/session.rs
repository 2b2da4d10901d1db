//! Which conversation comes next.

use super::{Scene, task};
use crate::setup::{Conversation, PAST_MAX, Picked, Session};
use crate::words::{project as project_words, setup as words};
use crate::{Effect, Kind, Room, Task, ThreadId, Timestamp, view};

/// The longest id of a conversation, in characters.
const ID_CHARS_MAX: usize = 120;

pub(super) fn act(scene: &Scene<'_>, room: &mut Room, session: &Session) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return scene.reply(words::in_its_group()) };
    if project.leaving {
        return scene.reply(project_words::leaving());
    }
    match session {
        Session::Choose => vec![scene.open(view::sessions(room, project, scene.event.at))],
        Session::Enter => vec![scene.here(view::session_id(project))],
        Session::Apply { thread, fork } => apply(scene, room, thread, *fork),
        Session::Fresh => {
            if scene.card().is_none() {
                return task::fresh(scene, room);
            }
            let card = view::session_fresh(project);
            (room.desk.fresh, room.desk.picked) = (true, None);
            vec![scene.here(card)]
        }
    }
}

fn apply(scene: &Scene<'_>, room: &mut Room, thread: &ThreadId, fork: bool) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return vec![] };
    let id = thread.as_str();
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if id.is_empty() || id.chars().count() > ID_CHARS_MAX || id.contains(odd) || id.starts_with('-')
    {
        return scene.reply(words::odd_session());
    }
    let known = project.past.iter().find(|it| it.thread == *thread);
    if let Some(other) = known.filter(|it| !project.can_go_on(it)) {
        return scene.reply(words::others_session(&other.agent));
    }
    let card = view::session_picked(project, thread, known, fork);
    room.desk.fresh = false;
    room.desk.picked = Some(Picked { thread: thread.clone(), fork });
    vec![scene.here(card)]
}

/// Remembers the conversation a task began in.
pub(super) fn remember(room: &mut Room, task: &Task, thread: &ThreadId, at: Timestamp) {
    let Kind::Project(project) = &mut room.kind else { return };
    let before = project.past.iter().position(|it| it.thread == *thread);
    let words = match before.map(|at| project.past.remove(at)) {
        Some(known) => known.words,
        None => view::brief(&task.prompt),
    };
    let (agent, runner) = (task.settings.agent.clone(), task.settings.runner.clone());
    let conversation = Conversation { thread: thread.clone(), agent, runner, words, used: at };
    project.past.insert(0, conversation);
    project.past.truncate(PAST_MAX);
}

/// Goes on where the project's agent was last, when it has another one than before.
pub(super) fn take_up_last(room: &mut Room) {
    let Kind::Project(project) = &room.kind else { return };
    let last = project.past.iter().find(|it| project.can_go_on(it));
    room.desk.thread = last.map(|it| it.thread.clone());
    room.desk.thread_agent = Some(project.settings.agent.clone());
    room.desk.picked = None;
    // Topics begin anew: what they remember is the other agent's.
    room.desk.topics.iter_mut().for_each(|talk| talk.thread = None);
}
