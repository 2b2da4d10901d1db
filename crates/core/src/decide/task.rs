//! A task from prompt to outcome.

use super::{Scene, broken, held, project, runner};
use crate::desk::MACHINE;
use crate::policy::{self, Right};
use crate::setup::Usage;
use crate::words::{
    file as file_words, people as people_words, project as project_words, runner as runner_words,
    setup as setup_words, task as words,
};
use crate::{
    Archive, Brought, Command, Desk, Effect, Enclosed, Event, FILES_MAX, Kind, Outcome,
    PROMPT_BYTES_MAX, Phase, QUOTES_MAX, Room, RunnerId, Settings, Task, TaskId, Terms, Text,
    ThreadId, Topic, TurnId, UserId, Via, WAITING_MAX, view,
};

/// How far apart the clocks of the platform and of a machine may be, in milliseconds.
const CLOCKS_APART: u64 = 60_000;

/// What is noted of a task whose turn comes.
const DEQUEUED: &str = "task_dequeued";

/// A prompt that begins so waits for a person's word before it starts.
const CONFIRM: &str = "confirm:";

pub(super) fn ask(
    scene: &Scene<'_>,
    room: &mut Room,
    prompt: &str,
    enclosed: Enclosed,
) -> Vec<Effect> {
    let source = source(scene);
    let enclosed = held::gather(scene, room, enclosed);
    if enclosed.is_too_much() {
        return scene.reply(file_words::too_many(FILES_MAX, QUOTES_MAX));
    }
    let topic = scene.topic();
    match new_task(scene.terms, room, scene.event, scene.by, source, prompt, topic) {
        Ok(task) => {
            // The form it was written in must not send it twice.
            let taken = scene.card().map(|_| scene.here(view::composed(&task)));
            let mut effects: Vec<Effect> = taken.into_iter().collect();
            effects.extend(held::went(room, scene.by, topic, &task.id));
            effects.extend(line_up(room, scene.event, Task { enclosed, ..task }));
            effects
        }
        Err(wrong) => scene.reply(wrong),
    }
}

/// Shows a form for a prompt, and one to add to the running turn if there is one.
pub(super) fn compose(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    match &room.kind {
        Kind::Project(project) => {
            vec![scene.open(view::composer(project, running(&room.desk)))]
        }
        Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => {
            scene.reply(setup_words::in_its_group())
        }
    }
}

/// Has a waiting task be next. A fresh conversation that an earlier one was to begin begins with it.
pub(super) fn hasten(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    let waiting = &mut room.desk.waiting;
    match waiting.iter().position(|task| task.id == *id) {
        None => scene.reply(words::waits_no_more()),
        Some(0) => scene.reply(words::is_next()),
        Some(at) => {
            let Some(mut task) = waiting.remove(at) else { return vec![] };
            // What begins afresh in another topic stays so.
            let place = task.place();
            let before = waiting.iter_mut().take(at).find(|it| it.fresh && it.place() == place);
            if let Some(before) = before.filter(|_| !task.fresh) {
                (before.fresh, task.fresh) = (false, true);
            }
            waiting.push_front(task);
            vec![]
        }
    }
}

/// Notes what a task took of the model so far.
pub(super) fn used(room: &mut Room, id: &TaskId, usage: Usage) -> Vec<Effect> {
    room.desk.current(id).into_iter().for_each(|task| task.usage = Some(usage));
    vec![]
}

/// Makes a task of a prompt, or says why not.
fn new_task(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    by: &UserId,
    source: &str,
    prompt: &str,
    topic: Option<&Topic>,
) -> Result<Task, Text> {
    let (confirm, prompt) = match prompt.get(..CONFIRM.len()) {
        Some(start) if start.eq_ignore_ascii_case(CONFIRM) => (true, &prompt[CONFIRM.len()..]),
        Some(_) | None => (false, prompt),
    };
    let prompt = prompt.trim();
    if prompt.is_empty() {
        return Err(words::say_what());
    }
    if prompt.len() > PROMPT_BYTES_MAX {
        let most = PROMPT_BYTES_MAX / 1024;
        return Err(words::too_long(most));
    }
    if room.desk.waiting.len() >= WAITING_MAX {
        return Err(words::line_is_full(WAITING_MAX));
    }
    match &room.kind {
        Kind::Project(project) if project.leaving => return Err(project_words::leaving()),
        Kind::Project(project) if project.archived => return Err(setup_words::is_archived()),
        Kind::Project(_) | Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => {}
    }
    let fresh = std::mem::take(room.desk.talk(topic).1);
    let mut task = Task {
        id: TaskId::of(&event.id, event.at),
        by: by.clone(),
        source: source.to_owned(),
        prompt: prompt.to_owned(),
        fresh,
        confirm,
        settings: settings(terms, room),
        since: event.at,
        phase: Phase::Waiting,
        held: false,
        pending: vec![],
        answered: vec![],
        asked: 0,
        thread: None,
        turn: None,
        picked: None,
        usage: None,
        history: vec![],
        enclosed: Enclosed::default(),
        topic: topic.cloned(),
        brought: Brought::default(),
    };
    task.note("task_created", event.at);
    Ok(task)
}

/// Where what somebody gives the agent to do comes from.
pub(super) fn source(scene: &Scene<'_>) -> &'static str {
    if scene.is_at_machine() { MACHINE } else { "feishu" }
}

pub(super) fn settings(terms: &Terms, room: &Room) -> Settings {
    match &room.kind {
        Kind::Project(project) => project.settings.clone(),
        Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => terms.settings.clone(),
    }
}

/// Starts a task, or has it wait behind the others.
pub(super) fn line_up(room: &mut Room, event: &Event, mut task: Task) -> Vec<Effect> {
    if room.desk.current.is_none() {
        return start(&mut room.desk, event, task);
    }
    task.note("task_queued", event.at);
    room.desk.waiting.push_back(task);
    vec![]
}

/// Makes a task the current one.
pub(super) fn start(desk: &mut Desk, event: &Event, mut task: Task) -> Vec<Effect> {
    if task.confirm {
        task.phase = Phase::Confirming;
        task.note("confirmation_required", event.at);
        desk.current = Some(task);
        return vec![];
    }
    if task.fresh {
        *desk.talk(task.topic.as_ref()).0 = None;
    } else if task.topic.is_none() && task.thread.is_none() && task.picked.is_none() {
        task.picked = desk.picked.take();
    }
    task.phase = Phase::Starting;
    task.held = false;
    let effects = vec![give(&task, desk)];
    desk.current = Some(task);
    effects
}

/// Gives a task to its machine.
fn give(task: &Task, desk: &mut Desk) -> Effect {
    let (picked, topic) = (task.picked.as_ref(), task.topic.as_ref());
    // What another agent remembers is of no use to this one.
    let ours = desk.thread_agent.as_ref().is_none_or(|it| *it == task.settings.agent);
    let (last, _) = desk.talk(topic);
    let last = last.as_ref().filter(|_| (ours || topic.is_some()) && !task.fresh);
    task.send(Command::Start {
        task: task.id.clone(),
        prompt: task.prompt.clone(),
        // One that is resumed goes on in its own conversation, whatever came since.
        thread: task.thread.as_ref().or(picked.map(|it| &it.thread)).or(last).cloned(),
        fork: task.thread.is_none() && picked.is_some_and(|it| it.fork),
        settings: task.settings.clone(),
        enclosed: task.enclosed.clone(),
    })
}

/// Its machine takes nothing new at this time.
pub(super) fn held(room: &mut Room, id: &TaskId) -> Vec<Effect> {
    let task = room.desk.current(id).filter(|task| task.phase == Phase::Starting);
    task.into_iter().for_each(|task| task.held = true);
    vec![]
}

/// Gives a task that was held to its machine again, once that takes something.
pub(super) fn release(terms: &Terms, room: &mut Room, event: &Event) -> Vec<Effect> {
    let desk = &mut room.desk;
    let Some(mut task) = desk
        .current
        .take_if(|task| task.held && runner::is_taking(terms, &task.settings.runner, event.at))
    else {
        return vec![];
    };
    task.held = false;
    let effects = vec![give(&task, desk)];
    desk.current = Some(task);
    effects
}

pub(super) fn stop(scene: &Scene<'_>, room: &mut Room, id: Option<&TaskId>) -> Vec<Effect> {
    if let Some(at) = room.desk.waiting.iter().position(|task| Some(&task.id) == id) {
        return cancel(room, scene.event, scene.by, at);
    }
    let current = room.desk.current.as_ref();
    match current.filter(|task| id.is_none_or(|id| task.id == *id)) {
        None if id.is_some() => scene.reply(words::is_over()),
        None => scene.reply(words::nothing_runs()),
        Some(task) if id.is_none() && came_late(scene.event, task) => scene.reply(words::is_over()),
        Some(task) if task.phase == Phase::Stopping && !runner::is_lost(room) => {
            scene.reply(words::stopping_already())
        }
        Some(_) => stop_current(room, scene.event, scene.by),
    }
}

/// Whether something that names no task was said before the turn of this one came: platforms may
/// deliver late, and it was meant for another.
fn came_late(event: &Event, task: &Task) -> bool {
    let turn_came = task.history.iter().find(|it| it.kind == DEQUEUED);
    event.at < task.since || turn_came.is_some_and(|it| it.at.since(event.at) > CLOCKS_APART)
}

/// Whether no machine has taken a task yet.
pub(super) fn has_not_begun(task: &Task) -> bool {
    matches!(task.phase, Phase::Confirming | Phase::Starting)
}

/// Stops the current task, if there is one: at once if no agent has it yet, or if its machine was
/// told before and is lost.
pub(super) fn stop_current(room: &mut Room, event: &Event, by: &UserId) -> Vec<Effect> {
    let is_lost = runner::is_lost(room);
    let Some(task) = &mut room.desk.current else { return vec![] };
    match &task.phase {
        Phase::Waiting | Phase::Confirming | Phase::Starting => {
            let outcome = Outcome::Cancelled { by: by.clone() };
            let Some(task) = room.desk.current.take() else { return vec![] };
            pass_on_fresh(&mut room.desk, &task, 0);
            let mut effects = over(event, task, outcome);
            effects.extend(next(room, event));
            effects
        }
        Phase::Claimed { .. } | Phase::Running => {
            task.phase = Phase::Stopping;
            task.pending.clear();
            let command = Command::Stop {
                task: task.id.clone(),
                thread: task.thread.clone(),
                turn: task.turn.clone(),
            };
            vec![task.send(command)]
        }
        Phase::Stopping if is_lost => give_up(room, event),
        Phase::Stopping => vec![],
    }
}

/// Ends the current task without its machine, which may never come back. What became of it nobody
/// here knows; what that machine says of it later counts no more.
fn give_up(room: &mut Room, event: &Event) -> Vec<Effect> {
    let Some(task) = room.desk.current.take() else { return vec![] };
    let reason = runner_words::lost(&task.settings.runner);
    let begun = task.turn.is_some().then_some(true);
    finish(room, event, task, Outcome::Interrupted { reason, partial: None, begun }, vec![])
}

/// Takes a task that waits out of the line for good.
pub(super) fn cancel(room: &mut Room, event: &Event, by: &UserId, at: usize) -> Vec<Effect> {
    let task = leave_line(&mut room.desk, at);
    let outcome = Outcome::Cancelled { by: by.clone() };
    task.map(|task| over(event, task, outcome)).unwrap_or_default()
}

pub(super) fn cancel_waiting(room: &mut Room, event: &Event, by: &UserId) -> Vec<Effect> {
    let waiting = std::mem::take(&mut room.desk.waiting);
    let cancelled = |task| over(event, task, Outcome::Cancelled { by: by.clone() });
    waiting.into_iter().flat_map(cancelled).collect()
}

pub(super) fn steer(scene: &Scene<'_>, room: &mut Room, text: &str) -> Vec<Effect> {
    if text.trim().is_empty() {
        return scene.reply(words::say_what());
    }
    if text.len() > PROMPT_BYTES_MAX {
        return scene.reply(words::too_long_to_add());
    }
    match running(&room.desk) {
        Some(task) if came_late(scene.event, task) => scene.reply(words::is_over()),
        Some(task) => {
            let id = named(scene, scene.event.id.as_str());
            let mut effects = scene.reply(words::steered());
            effects.push(add(task, id, scene.by, text));
            effects
        }
        None => scene.reply(words::nothing_to_steer()),
    }
}

pub(super) fn merge(scene: &Scene<'_>, room: &mut Room, id: &TaskId) -> Vec<Effect> {
    let Some(at) = room.desk.waiting.iter().position(|task| task.id == *id) else {
        return scene.reply(words::waits_no_more());
    };
    if !room.desk.waiting[at].enclosed.is_empty() {
        return scene.reply(file_words::not_added());
    }
    let Some(into) = running(&room.desk).cloned() else {
        return scene.reply(words::nothing_to_merge_into());
    };
    let Some(task) = leave_line(&mut room.desk, at) else { return vec![] };
    let mut effects = vec![add(&into, named_of(&task), &task.by, &task.prompt)];
    effects.extend(over(scene.event, task, Outcome::Merged { into: into.id }));
    effects
}

/// Begins the names of texts from whoever sits at the machine, who needs no leave.
const AT_MACHINE: &str = "machine-";

fn named(scene: &Scene<'_>, id: &str) -> String {
    match scene.via {
        Via::Local { .. } => format!("{AT_MACHINE}{id}"),
        Via::Direct | Via::Group | Via::Topic { .. } | Via::Press { .. } => id.to_owned(),
    }
}

fn named_of(task: &Task) -> String {
    if task.is_from_machine() { format!("{AT_MACHINE}{}", task.id) } else { task.id.to_string() }
}

/// Takes a task out of the line.
fn leave_line(desk: &mut Desk, at: usize) -> Option<Task> {
    let task = desk.waiting.remove(at)?;
    pass_on_fresh(desk, &task, at);
    Some(task)
}

/// A fresh conversation that was asked for begins with whichever prompt comes next, if this one
/// does not begin it.
fn pass_on_fresh(desk: &mut Desk, task: &Task, next: usize) {
    // A conversation that was picked is for whichever comes next, too.
    desk.picked = desk.picked.take().or_else(|| task.picked.clone());
    if !task.fresh {
        return;
    }
    let mut behind = desk.waiting.iter_mut().skip(next);
    match behind.find(|it| it.place() == task.place()) {
        Some(next) => next.fresh = true,
        None => *desk.talk(task.topic.as_ref()).1 = true,
    }
}

fn running(desk: &Desk) -> Option<&Task> {
    desk.current.as_ref().filter(|task| task.phase == Phase::Running)
}

fn add(task: &Task, id: String, by: &UserId, text: &str) -> Effect {
    let (by, text) = (by.clone(), text.to_owned());
    task.send(Command::Steer { task: task.id.clone(), id, by, text })
}

/// The turn was over when the text came, so it becomes a task: it must not be lost.
pub(super) fn steer_missed(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    (task, id): (&TaskId, &str),
    by: &UserId,
    text: &str,
) -> Vec<Effect> {
    // It was meant for the conversation that goes on.
    let topic = room.desk.topic_of(task);
    let fresh = std::mem::take(room.desk.talk(topic.as_ref()).1);
    let (at_machine, may) = (id.starts_with(AT_MACHINE), may_run(terms, room, by));
    let source = if at_machine { MACHINE } else { "feishu" };
    let task = match at_machine || may {
        true => new_task(terms, room, event, by, source, text, topic.as_ref()),
        false => Err(people_words::not_any_more()),
    };
    *room.desk.talk(topic.as_ref()).1 = fresh;
    match task {
        Ok(task) => line_up(room, event, task),
        Err(wrong) => {
            let card = crate::Card::new(crate::Tone::Bad, words::not_added());
            let card = card.text(words::over_before_added(wrong));
            let card = card.text(Text::verbatim(view::fenced("", text)));
            vec![Effect::Post { chat: event.chat.clone(), card }]
        }
    }
}

fn may_run(terms: &Terms, room: &Room, by: &UserId) -> bool {
    policy::may(terms, room, by, Right::Run)
}

pub(super) fn fresh(scene: &Scene<'_>, room: &mut Room) -> Vec<Effect> {
    let topic = scene.topic();
    *room.desk.talk(topic).1 = true;
    if topic.is_none() {
        room.desk.picked = None;
    }
    scene.reply(words::fresh_next())
}

pub(super) fn claimed(
    room: &mut Room,
    id: &TaskId,
    claim: &str,
    runner: &RunnerId,
    thread: Option<&ThreadId>,
) -> Vec<Effect> {
    let Some(task) = room.desk.current(id) else { return vec![] };
    if task.phase == Phase::Starting && task.settings.runner == *runner {
        task.phase = Phase::Claimed { claim: claim.to_owned() };
        task.held = false;
        task.thread = thread.cloned();
    }
    vec![]
}

pub(super) fn unclaimed(room: &mut Room, event: &Event, id: &TaskId) -> Vec<Effect> {
    let Some(task) = room.desk.current(id) else { return vec![] };
    match &task.phase {
        Phase::Claimed { .. } => {
            task.phase = Phase::Starting;
            task.thread = None;
            match &room.kind {
                // Nothing new begins there.
                Kind::Project(project) if project.archived => {
                    let by = project.by.clone();
                    stop_current(room, event, &by)
                }
                Kind::Project(_) | Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => {
                    vec![]
                }
            }
        }
        // A person stopped it before the agent had it, and now the agent will never have it.
        Phase::Stopping if task.turn.is_none() => {
            let Some(task) = room.desk.current.take() else { return vec![] };
            pass_on_fresh(&mut room.desk, &task, 0);
            let mut effects = over(event, task, Outcome::Stopped { partial: None });
            effects.extend(next(room, event));
            effects
        }
        Phase::Waiting | Phase::Confirming | Phase::Starting | Phase::Running | Phase::Stopping => {
            vec![]
        }
    }
}

pub(super) fn started(
    room: &mut Room,
    event: &Event,
    id: &TaskId,
    thread: &ThreadId,
    turn: &TurnId,
) -> Vec<Effect> {
    let Some(task) = room.desk.current(id) else { return vec![] };
    match task.phase {
        Phase::Waiting | Phase::Confirming | Phase::Starting => return vec![],
        Phase::Claimed { .. } => task.run(event.at),
        Phase::Running | Phase::Stopping => {}
    }
    task.thread = Some(thread.clone());
    task.turn = Some(turn.clone());
    let task = task.clone();
    *room.desk.talk(task.topic.as_ref()).0 = Some(thread.clone());
    if task.topic.is_none() {
        room.desk.thread_agent = Some(task.settings.agent.clone());
        super::session::remember(room, &task, thread, event.at);
    }
    vec![]
}

/// Notes what a turn brings beside its answer.
pub(super) fn brought(room: &mut Room, id: &TaskId, brought: &Brought) -> Vec<Effect> {
    let in_project = matches!(room.kind, Kind::Project(_));
    let Some(task) = room.desk.current(id) else { return vec![] };
    if matches!(task.phase, Phase::Running | Phase::Stopping) {
        task.brought = brought.clone();
        // Outside of projects nothing says which files may leave.
        task.brought.files.retain(|_| in_project);
    }
    vec![]
}

pub(super) fn ended(
    room: &mut Room,
    event: &Event,
    id: &TaskId,
    outcome: &Outcome,
    steps: &[Text],
) -> Vec<Effect> {
    let Some(task) = room.desk.current.take_if(|task| task.id == *id) else { return vec![] };
    if task.turn.is_none() && view::text(outcome).is_some() {
        // It went by so fast that its beginning was not heard of.
        let (thread, _) = room.desk.talk(task.topic.as_ref());
        *thread = task.thread.clone().or_else(|| thread.take());
        if task.topic.is_none() {
            room.desk.thread_agent = Some(task.settings.agent.clone());
        }
    }
    let outcome = if let Outcome::Interrupted { partial, .. } = outcome
        && task.phase == Phase::Stopping
    {
        // Whatever cut it off, a person had asked for it.
        Outcome::Stopped { partial: partial.clone() }
    } else {
        outcome.clone()
    };
    finish(room, event, task, outcome, steps.to_vec())
}

/// Puts away a task that an agent had, and goes on with what comes next.
fn finish(
    room: &mut Room,
    event: &Event,
    task: Task,
    outcome: Outcome,
    steps: Vec<Text>,
) -> Vec<Effect> {
    room.desk.remember_answers(&task);
    room.desk.last = task.topic.clone().map(|topic| (task.id.clone(), topic));
    if task.brought.changes.is_some() {
        room.desk.changed = Some(task.id.clone());
    }
    let archive = archive(event, task, outcome, steps);
    let mut effects = kept(archive.clone());
    if matches!(archive.outcome, Outcome::Interrupted { .. } | Outcome::Lacking { .. }) {
        effects.extend(broken::remember(&mut room.desk, archive));
    }
    effects.extend(next(room, event));
    effects
}

/// Starts whoever is first in line.
fn next(room: &mut Room, event: &Event) -> Vec<Effect> {
    let mut effects = project::leave(room, event);
    if let Some(mut task) = room.desk.waiting.pop_front() {
        task.note(DEQUEUED, event.at);
        effects.extend(start(&mut room.desk, event, task));
    }
    effects
}

/// Shows the end of a task that never began, and keeps it.
fn over(event: &Event, task: Task, outcome: Outcome) -> Vec<Effect> {
    kept(archive(event, task, outcome, vec![]))
}

fn archive(event: &Event, mut task: Task, outcome: Outcome, steps: Vec<Text>) -> Archive {
    task.pending.clear();
    task.note(kind(&outcome), event.at);
    let (chat, ended) = (event.chat.clone(), event.at);
    Archive { chat, task, outcome, steps, ended, settled: None }
}

/// Shows and keeps a task as it is now.
pub(super) fn kept(archive: Archive) -> Vec<Effect> {
    let (key, card) = (archive.task.card(), view::recalled(&archive, 0));
    vec![Effect::Show { key, card }, Effect::Keep { archive }]
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answered { .. } => "task_completed",
        Outcome::Failed { .. } => "task_failed",
        Outcome::Stopped { .. } | Outcome::Cancelled { .. } => "task_cancelled",
        Outcome::Interrupted { .. } => "task_interrupted",
        Outcome::Lacking { .. } => "task_lacking",
        Outcome::Merged { .. } => "task_steered",
    }
}
