//! Who is let into a project, what they are there, and who answers what its agent asks.

use super::{Scene, task};
use crate::people::{Named, PEOPLE_MAX, Person, Role, Rules};
use crate::policy::{self, Right};
use crate::words::people as w;
use crate::{
    Answered, Card, ChatId, Danger, Effect, Event, Fact, Kind, Phase, Project, Room, Task, Terms,
    Text, Tone, UserId, view,
};
use std::collections::BTreeSet;

/// Shows the people of this project, or has another show its own.
pub(super) fn show(
    scene: &Scene<'_>,
    room: &Room,
    project: Option<&ChatId>,
    page: Option<usize>,
) -> Vec<Effect> {
    match (&room.kind, project) {
        (Kind::Lobby(lobby), Some(chat)) => {
            let Some(listing) = lobby.projects.iter().find(|it| it.chat == *chat) else {
                return scene.reply(w::no_project());
            };
            let fact = Fact::PeopleWanted { by: scene.by.clone() };
            let mut effects = scene.reply(w::shown_there(&listing.name));
            effects.push(Effect::Tell { chat: chat.clone(), fact });
            effects
        }
        (Kind::Project(project), _) => {
            let card = view::people(scene.terms, project, page.unwrap_or_default(), None);
            // The card it was asked for on is not in the way of those who look at it.
            vec![if page.is_some() { scene.show(card) } else { scene.post(card) }]
        }
        (Kind::Lobby(_), None) => scene.reply(w::in_groups()),
        (Kind::Fresh | Kind::Gone | Kind::House(_), _) => scene.reply(w::no_project()),
    }
}

pub(super) fn wanted(terms: &Terms, room: &Room, event: &Event) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return vec![] };
    let card = view::people(terms, project, 0, None);
    vec![Effect::Post { chat: event.chat.clone(), card }]
}

/// Lets people in, or changes what they are.
pub(super) fn invite(
    scene: &Scene<'_>,
    room: &mut Room,
    people: &[Named],
    role: Role,
) -> Vec<Effect> {
    if role == Role::Owner {
        let [to] = people else { return scene.reply(w::one_owner()) };
        return hand_over(scene, room, to, false);
    }
    let project = match managed(scene, room, people) {
        Ok(project) => project,
        Err(refused) => return refused,
    };
    if let Some(owner) = people.iter().find(|it| scene.terms.owner.as_ref() == Some(&it.id)) {
        return scene.reply(w::is_owner(called(scene.terms, project, owner)));
    }
    let is_new = |it: &&Named| !project.people.contains_key(&it.id);
    if project.people.len() + people.iter().filter(is_new).count() > PEOPLE_MAX {
        return scene.reply(w::too_many(PEOPLE_MAX));
    }
    let mut news = vec![];
    for named in people {
        let old = project.people.get(&named.id);
        if old.is_some_and(|person| person.role == role) {
            let name = called(scene.terms, project, named);
            news.push(w::is_already(name, view::role_word(role)));
            continue;
        }
        let name = match (&named.name, old) {
            (name, Some(old)) if name.is_empty() => old.name.clone(),
            (name, _) => name.clone(),
        };
        let (since, by) = (scene.event.at, scene.by.clone());
        project.people.insert(named.id.clone(), Person { name, role, since, by });
        news.push(w::is_now(called(scene.terms, project, named), view::role_word(role)));
    }
    tell(scene, room, people, &news)
}

pub(super) fn remove(scene: &Scene<'_>, room: &mut Room, people: &[Named]) -> Vec<Effect> {
    let project = match managed(scene, room, people) {
        Ok(project) => project,
        Err(refused) => return refused,
    };
    let mut news = vec![];
    for named in people {
        let name = called(scene.terms, project, named);
        let there = project.people.remove(&named.id).is_some();
        news.push(if there { w::is_out(name) } else { w::is_not_in(name) });
    }
    tell(scene, room, people, &news)
}

/// Returns the project in which people can be managed now, or says why not.
fn managed<'a>(
    scene: &Scene<'_>,
    room: &'a mut Room,
    people: &[Named],
) -> Result<&'a mut Project, Vec<Effect>> {
    let Kind::Project(project) = &mut room.kind else { return Err(scene.reply(w::in_groups())) };
    if project.leaving {
        return Err(scene.reply(w::leaving()));
    }
    if people.is_empty() {
        return Err(scene.reply(w::whom_do_you_mean()));
    }
    Ok(project)
}

/// Shows the people as they are now, and ends what those began who may not any more.
fn tell(scene: &Scene<'_>, room: &mut Room, people: &[Named], news: &[Text]) -> Vec<Effect> {
    let mut effects = withdraw(scene.terms, room, scene.event, scene.by);
    if let (Kind::Project(project), [first, ..]) = (&room.kind, people) {
        let page = view::page_of(&project.people, &first.id);
        let card =
            view::people(scene.terms, project, page, Some(Text::join(news.iter().cloned(), "\n")));
        effects.push(scene.show(card));
    }
    effects
}

/// People are no longer in the group.
pub(super) fn left(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    people: &[UserId],
) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else { return vec![] };
    let mut effects = vec![];
    for id in people {
        let named = Named { id: id.clone(), name: String::new() };
        let name = called(terms, project, &named);
        if project.people.remove(id).is_some() {
            let card = Card::new(Tone::Plain, Text::verbatim("PoCo"))
                .text(w::left(name).map(view::escape));
            effects.push(Effect::Post { chat: event.chat.clone(), card });
        }
    }
    if let Some(first) = people.first().filter(|_| !effects.is_empty()) {
        effects.extend(withdraw(terms, room, event, first));
    }
    effects
}

/// Cancels what waits of those who may not give work any more, and forgets what they allowed. What
/// the agent is at already goes on: whoever may can stop it.
fn withdraw(terms: &Terms, room: &mut Room, event: &Event, by: &UserId) -> Vec<Effect> {
    let may_run = |room: &Room, task: &Task| {
        task.is_from_machine() || policy::may(terms, room, &task.by, Right::Run)
    };
    let mut effects = vec![];
    while let Some(at) = room.desk.waiting.iter().position(|task| !may_run(room, task)) {
        effects.extend(task::cancel(room, event, by, at));
    }
    let not_begun = |task: &&Task| matches!(task.phase, Phase::Confirming | Phase::Starting);
    let current = room.desk.current.as_ref().filter(not_begun);
    if current.is_some_and(|task| !may_run(room, task)) {
        effects.extend(task::stop_current(room, event, by));
    }
    let asked = room.desk.current.iter().flat_map(|task| &task.pending);
    let allowed: BTreeSet<_> = asked.flat_map(|it| &it.allowed).cloned().collect();
    let gone: Vec<_> = allowed.into_iter().filter(|id| !counts(terms, room, id)).collect();
    for pending in room.desk.current.iter_mut().flat_map(|task| &mut task.pending) {
        pending.allowed.retain(|id| !gone.contains(id));
    }
    // Nor is what they allowed allowed again, if that has not come through.
    let void = |it: &Answered| {
        let all = it.with.iter().chain((!it.at_machine).then_some(&it.by));
        all.into_iter().any(|id| !counts(terms, room, id))
    };
    let answered = room.desk.current.iter().flat_map(|task| &task.answered);
    let void: Vec<_> = answered.filter(|it| void(it)).map(|it| it.id.clone()).collect();
    for answered in room.desk.current.iter_mut().flat_map(|task| &mut task.answered) {
        if void.contains(&answered.id) {
            answered.about.clear();
        }
    }
    effects
}

/// Says whether what somebody allowed still counts.
pub(super) fn counts(terms: &Terms, room: &Room, by: &UserId) -> bool {
    *by == at_machine() || policy::may_answer(terms, room, by)
}

/// Whoever sits at the machine is one person, whatever names they give themselves.
pub(super) fn at_machine() -> UserId {
    UserId::new("machine")
}

pub(super) fn rules(scene: &Scene<'_>, room: &Room) -> Vec<Effect> {
    match &room.kind {
        Kind::Project(project) => vec![scene.show(view::rules(project))],
        Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => scene.reply(w::no_project()),
    }
}

pub(super) fn set_rules(
    scene: &Scene<'_>,
    room: &mut Room,
    members_approve: bool,
    two: &BTreeSet<Danger>,
) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else { return scene.reply(w::no_project()) };
    let before = std::mem::replace(&mut project.rules, Rules { members_approve, two: two.clone() });
    let everybody: Vec<_> = project.people.keys().chain(&scene.terms.owner).cloned().collect();
    let may = |id: &&UserId| policy::may(scene.terms, room, id, Right::AnswerOther);
    let enough = two.is_empty() || everybody.iter().filter(may).count() > 1;
    let Kind::Project(project) = &mut room.kind else { return vec![] };
    if !enough {
        // What nobody could allow would only ever be denied.
        project.rules = before;
        return scene.reply(w::needs_two());
    }
    let card = view::people(scene.terms, project, 0, Some(w::rules_set()));
    let mut effects = withdraw(scene.terms, room, scene.event, scene.by);
    effects.push(scene.show(card));
    effects
}

/// Asks the owner whether they mean it, and then has the house offer it.
pub(super) fn hand_over(scene: &Scene<'_>, room: &Room, to: &Named, sure: bool) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return scene.reply(w::in_groups()) };
    let name = called(scene.terms, project, to);
    if scene.terms.owner.as_ref() == Some(&to.id) {
        return scene.reply(w::is_owner(name));
    }
    if !sure {
        return vec![scene.post(view::hand_over(to, &name))];
    }
    let by = scene.terms.owner.clone().unwrap_or_else(|| scene.by.clone());
    let card = Card::new(Tone::Busy, w::hand_over_title()).text(w::handing_over());
    let fact = Fact::Offered {
        by,
        to: to.clone(),
        until: crate::Timestamp(scene.event.at.0 + super::house::OFFER_FOR),
        lobby: project.lobby.clone(),
        chat: scene.event.chat.clone(),
    };
    vec![scene.show(card), Effect::Tell { chat: scene.terms.house.clone(), fact }]
}

/// This project has another owner now; the former one stays as an admin.
pub(super) fn rehomed(
    room: &mut Room,
    event: &Event,
    from: &UserId,
    to: &UserId,
    lobby: &ChatId,
) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else { return vec![] };
    project.lobby = lobby.clone();
    let (since, by) = (event.at, to.clone());
    project.people.remove(to);
    project
        .people
        .insert(from.clone(), Person { name: String::new(), role: Role::Admin, since, by });
    vec![]
}

/// What somebody is called, as far as it is known.
fn called(terms: &Terms, project: &Project, named: &Named) -> Text {
    let known = project.people.get(&named.id).map(|person| person.name.as_str());
    let is_owner = terms.owner.as_ref() == Some(&named.id);
    match (named.name.as_str(), known.unwrap_or_default()) {
        ("", "") if is_owner => w::the_owner(),
        ("", "") => Text::verbatim(named.id.as_str()),
        ("", known) => Text::verbatim(known),
        (name, _) => Text::verbatim(name),
    }
}

/// Says that somebody is not enough to do something, and who is.
pub(super) fn refused(role: Role, right: Right) -> Text {
    let what = match right {
        Right::Look => w::to_look(),
        Right::Leave => w::to_leave(),
        Right::Run => w::to_run(),
        Right::StopOwn => w::to_stop(),
        Right::StopOther => w::to_stop_other(),
        Right::AnswerOwn => w::to_answer(),
        Right::AnswerOther => w::to_answer_other(),
        Right::Invite => w::to_invite(),
        Right::MakeAdmin => w::to_make_admin(),
        Right::Configure => w::to_configure(),
        Right::SetRules => w::to_set_rules(),
        Right::Create => w::to_create(),
        Right::Delete => w::to_delete(),
        Right::HandOver => w::to_hand_over(),
    };
    let who = match right.least() {
        Role::Viewer | Role::Member => w::a_member(),
        Role::Admin => w::an_admin(),
        Role::Owner => w::the_owner(),
    };
    w::refused(view::role_word(role), what, who)
}
