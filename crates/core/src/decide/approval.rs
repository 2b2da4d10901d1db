//! The agent asks; a person answers, once.

use super::{Scene, people, task};
use crate::policy;
use crate::words::{approval as words, people as w, task as task_words};
use crate::{
    ANSWERED_MAX, Answered, Approval, ApprovalId, Ask, CONFIRMATION, Command, Effect, Event,
    PROMPT_BYTES_MAX, Pending, Phase, Room, Rules, Task, TaskId, Terms, Text, UserId, Verdict,
};
use std::collections::BTreeMap;

/// The longest answer or reason in words, in bytes: it goes to the machine in one job.
const WORDS_BYTES_MAX: usize = 8 * 1024;

pub(super) fn asked(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    id: &TaskId,
    approval: &Approval,
) -> Vec<Effect> {
    let known = room
        .desk
        .current(id)
        .and_then(|task| task.answered.iter().find(|answered| answered.id == approval.id).cloned());
    let stands = known.as_ref().is_some_and(|known| stands(terms, room, approval, known));
    let Some(task) = room.desk.current(id) else { return vec![] };
    match task.phase {
        Phase::Waiting | Phase::Confirming | Phase::Starting | Phase::Stopping => return vec![],
        // Who asks has begun, and must not be given the prompt again.
        Phase::Claimed { .. } => task.run(event.at),
        Phase::Running => {}
    }
    if let Some(answered) = known {
        if stands {
            // The agent asks again what was answered: the answer never reached it.
            return vec![send(task, approval.id.clone(), answered.verdict)];
        }
        task.answered.retain(|it| it.id != approval.id);
    }
    if let Some(pending) = task.pending.iter_mut().find(|it| it.approval.id == approval.id) {
        if pending.approval.ask.sum() != approval.ask.sum() {
            // What was allowed so far was something else.
            (pending.approval, pending.page) = (approval.clone(), 0);
            pending.allowed.clear();
        }
        return vec![];
    }
    let (number, allowed) = (task.next_number(), vec![]);
    task.pending.push(Pending { number, approval: approval.clone(), page: 0, allowed });
    vec![]
}

/// Whether an answer still holds that may not have come through. Whoever gave it may have lost the
/// right to since, and the rules may be others.
fn stands(terms: &Terms, room: &Room, approval: &Approval, answered: &Answered) -> bool {
    if answered.about != approval.ask.sum() {
        return false;
    }
    let rules = policy::rules(room);
    let two = policy::takes_two(&rules, approval);
    let holds = match &answered.verdict {
        Verdict::Deny { .. } => return true,
        Verdict::AllowOnce => !two || answered.with.is_some(),
        Verdict::AllowSession => rules.two.is_empty(),
        Verdict::Answers(_) => !two,
    };
    let counts = |id: &UserId| people::counts(terms, room, id);
    holds
        && (answered.at_machine || counts(&answered.by))
        && answered.with.as_ref().is_none_or(counts)
}

pub(super) fn settled(room: &mut Room, id: &TaskId, approval: &ApprovalId) -> Vec<Effect> {
    if let Some(task) = room.desk.current(id) {
        task.pending.retain(|it| it.approval.id != *approval);
    }
    vec![]
}

pub(super) fn approve(
    scene: &Scene<'_>,
    room: &mut Room,
    what: &str,
    session: bool,
) -> Vec<Effect> {
    if confirming(room, what) {
        let Some(mut task) = room.desk.current.take() else { return vec![] };
        task.confirm = false;
        task.answered.push(Answered {
            number: CONFIRMATION,
            id: ApprovalId::new(task.question(CONFIRMATION)),
            verdict: Verdict::AllowOnce,
            by: scene.by.clone(),
            with: None,
            at_machine: scene.is_at_machine(),
            about: String::new(),
        });
        task.note("confirmation_approved", scene.event.at);
        return task::start(&mut room.desk, scene.event, task);
    }
    let verdict = if session { Verdict::AllowSession } else { Verdict::AllowOnce };
    decide(scene, room, what, &verdict)
}

pub(super) fn deny(
    scene: &Scene<'_>,
    room: &mut Room,
    what: &str,
    why: Option<&str>,
) -> Vec<Effect> {
    if why.is_some_and(|why| why.len() > WORDS_BYTES_MAX) {
        return scene.reply(task_words::too_long_to_add());
    }
    if confirming(room, what) {
        return task::stop_current(room, scene.event, scene.by);
    }
    decide(scene, room, what, &Verdict::Deny { why: why.map(str::to_owned) })
}

pub(super) fn answer(
    scene: &Scene<'_>,
    room: &mut Room,
    approval: &ApprovalId,
    answers: &BTreeMap<String, String>,
) -> Vec<Effect> {
    let pending = room.desk.current.iter().flat_map(|task| &task.pending);
    let asked =
        pending.filter(|it| it.approval.id == *approval).find_map(|it| match &it.approval.ask {
            Ask::Questions(questions) => Some(questions.clone()),
            Ask::Command { .. } | Ask::Patch { .. } | Ask::Permission { .. } => None,
        });
    let Some(questions) = asked else {
        return decide(scene, room, approval.as_str(), &Verdict::Answers(BTreeMap::new()));
    };
    let mut said = BTreeMap::new();
    for (at, question) in questions.iter().enumerate() {
        let text = answers.get(&at.to_string()).map(String::as_str).unwrap_or_default();
        if text.is_empty() {
            return scene.reply(words::answer_too(&question.text));
        }
        if text.len() > WORDS_BYTES_MAX {
            return scene.reply(task_words::too_long_to_add());
        }
        said.insert(question.id.clone(), text.to_owned());
    }
    decide(scene, room, approval.as_str(), &Verdict::Answers(said))
}

pub(super) fn page(
    scene: &Scene<'_>,
    room: &mut Room,
    approval: &ApprovalId,
    page: usize,
) -> Vec<Effect> {
    let pending = room.desk.current.iter_mut().flat_map(|task| &mut task.pending);
    let Some(pending) = pending.into_iter().find(|it| it.approval.id == *approval) else {
        return scene.reply(words::answered_already());
    };
    let count = pending.approval.ask.long().map_or(1, |pages| pages.count);
    pending.page = page.min(count - 1);
    vec![]
}

fn confirming(room: &Room, what: &str) -> bool {
    let current = room.desk.current.as_ref();
    current
        .filter(|task| task.phase == Phase::Confirming)
        .is_some_and(|task| task.id.as_str() == what || task.question(CONFIRMATION) == what)
}

/// Takes the first answer to a question; tells later ones who gave it.
fn decide(scene: &Scene<'_>, room: &mut Room, what: &str, verdict: &Verdict) -> Vec<Effect> {
    if let Some((_, answered)) =
        room.desk.answered.iter().find(|it| answered_to(&it.0, &it.1, what))
    {
        return scene.reply(settled_by(scene, room, answered));
    }
    let Some(task) = &room.desk.current else { return scene.reply(words::nothing_asked()) };
    let named: Vec<_> =
        (0..task.pending.len()).filter(|at| task.names(&task.pending[*at], what)).collect();
    let [at] = named.as_slice() else {
        let text = match task.answered.iter().rev().find(|it| answered_to(&task.id, it, what)) {
            Some(answered) if named.is_empty() => settled_by(scene, room, answered),
            Some(_) | None if named.is_empty() => words::not_asked(),
            Some(_) | None => which(task),
        };
        return scene.reply(text);
    };
    if words_of(verdict) > PROMPT_BYTES_MAX {
        return scene.reply(task_words::too_long_to_add());
    }
    let (at, asks) = (*at, task.pending[*at].approval.clone());
    if let Some(wrong) = unfit(&policy::rules(room), &asks, verdict) {
        return scene.reply(wrong);
    }
    let (verdict, with) = match allowed(scene, room, at, &asks, verdict) {
        Ok(answer) => answer,
        Err(text) => return scene.reply(text),
    };
    let Some(task) = &mut room.desk.current else { return vec![] };
    let Pending { number, approval, .. } = task.pending.remove(at);
    let (id, by) = (approval.id.clone(), scene.by.clone());
    let (at_machine, about) = (scene.is_at_machine(), approval.ask.sum());
    let answered = Answered { number, id, verdict: verdict.clone(), by, with, at_machine, about };
    if task.answered.len() == ANSWERED_MAX {
        task.answered.remove(0);
    }
    task.answered.push(answered);
    let mut effects = vec![send(task, approval.id, verdict.clone())];
    effects.extend(scene.reply(said(&verdict)));
    effects
}

/// Says why a verdict is no answer to a question of this kind.
fn unfit(rules: &Rules, approval: &Approval, verdict: &Verdict) -> Option<Text> {
    let in_words = matches!(approval.ask, Ask::Questions(_));
    match verdict {
        Verdict::Deny { .. } => None,
        Verdict::Answers(_) if once_only(rules, approval) => Some(words::once_or_not()),
        Verdict::AllowOnce | Verdict::AllowSession if once_only(rules, approval) => None,
        Verdict::Answers(_) => (!in_words).then(words::wants_words),
        Verdict::AllowOnce | Verdict::AllowSession => in_words.then(words::wants_words),
    }
}

/// Whether what an agent would let people choose from is allowed once or not at all: one of its
/// choices may be more than anybody would be asked about again.
pub(crate) fn once_only(rules: &Rules, approval: &Approval) -> bool {
    approval.nature.leave
        && matches!(approval.ask, Ask::Questions(_))
        && policy::takes_two(rules, approval)
}

/// How much an agent is told with an answer, in bytes.
fn words_of(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::AllowOnce | Verdict::AllowSession => 0,
        Verdict::Deny { why } => why.as_ref().map_or(0, String::len),
        Verdict::Answers(answers) => answers.values().map(String::len).sum(),
    }
}

/// Says what an answer comes to, and who allowed it before where that takes two; or why it is no
/// answer yet.
fn allowed(
    scene: &Scene<'_>,
    room: &mut Room,
    at: usize,
    approval: &Approval,
    verdict: &Verdict,
) -> Result<(Verdict, Option<UserId>), Text> {
    let rules = policy::rules(room);
    if !matches!(verdict, Verdict::AllowOnce | Verdict::AllowSession) || rules.two.is_empty() {
        return Ok((verdict.clone(), None));
    }
    if !policy::takes_two(&rules, approval) {
        // It may take two when it is asked the next time, so it is not let through by then.
        return Ok((Verdict::AllowOnce, None));
    }
    let before = room.desk.current.as_ref().map(|task| task.pending[at].allowed.as_slice());
    let mut still = before.into_iter().flatten().filter(|id| people::counts(scene.terms, room, id));
    let (person, first) = (scene.person(), still.next().cloned());
    match first {
        Some(first) if first == person => return Err(w::you_did()),
        Some(first) => return Ok((Verdict::AllowOnce, Some(first))),
        None => {}
    }
    if let Some(task) = &mut room.desk.current {
        task.pending[at].allowed = vec![person];
    }
    Err(w::noted())
}

fn answered_to(task: &TaskId, answered: &Answered, what: &str) -> bool {
    answered.id.as_str() == what || task.question(answered.number) == what
}

fn which(task: &Task) -> Text {
    let names: Vec<_> = task.pending.iter().map(|it| task.question(it.number)).collect();
    words::which(names.join(", "))
}

fn settled_by(scene: &Scene<'_>, room: &Room, answered: &Answered) -> Text {
    let how = said(&answered.verdict).map(str::to_lowercase);
    match policy::name(room, &answered.by) {
        _ if answered.by == *scene.by => words::you_answered(how),
        _ if scene.terms.owner.as_ref() == Some(&answered.by) => {
            words::they_answered(w::the_owner(), how)
        }
        name if name.is_empty() => words::they_answered(&answered.by, how),
        name => words::they_answered(name, how),
    }
}

fn said(verdict: &Verdict) -> Text {
    match verdict {
        Verdict::AllowOnce => words::allowed_once(),
        Verdict::AllowSession => words::allowed_session(),
        Verdict::Deny { .. } => words::denied(),
        Verdict::Answers(_) => words::answered(),
    }
}

fn send(task: &Task, approval: ApprovalId, verdict: Verdict) -> Effect {
    task.send(Command::Answer { task: task.id.clone(), approval, verdict })
}
