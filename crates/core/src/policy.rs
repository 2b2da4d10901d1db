//! Who may do what: one table, and what it says of an action.

use crate::danger::danger;
use crate::people::Role;
use crate::setup::{Dir, Session, Shelf, Tune};
use crate::{
    Action, Approval, Desk, Event, EventId, Fact, Kind, Named, Room, Rules, TaskId, Terms, UserId,
    Via,
};

/// Something that some may do and others may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Look,
    Run,
    StopOwn,
    StopOther,
    AnswerOwn,
    AnswerOther,
    Leave,
    Invite,
    MakeAdmin,
    Configure,
    SetRules,
    Create,
    Delete,
    HandOver,
}

/// What the table says of a right and a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Deny,
    /// If the rules of the project say that members answer what agents ask.
    Rule,
    Allow,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub right: Right,
    /// Its name, as it is typed.
    pub word: &'static str,
    /// For a viewer, a member, an admin and the owner.
    pub leave: [Leave; 4],
}

const fn row(right: Right, word: &'static str, leave: [Leave; 4]) -> Row {
    Row { right, word, leave }
}

use Leave::{Allow as YES, Deny as NO, Rule as RULE};

/// Who may do what. Whoever is in no column may do nothing.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    //                                          viewer member admin owner
    row(Right::Look,        "look",            [YES,   YES,   YES,  YES]),
    row(Right::Leave,       "leave",           [YES,   YES,   YES,  YES]),
    row(Right::Run,         "run",             [NO,    YES,   YES,  YES]),
    row(Right::StopOwn,     "stop-own",        [NO,    YES,   YES,  YES]),
    row(Right::StopOther,   "stop-other",      [NO,    NO,    YES,  YES]),
    row(Right::AnswerOwn,   "approve-own",     [NO,    YES,   YES,  YES]),
    row(Right::AnswerOther, "approve-other",   [NO,    RULE,  YES,  YES]),
    row(Right::Invite,      "invite",          [NO,    NO,    YES,  YES]),
    row(Right::Configure,   "configure",       [NO,    NO,    YES,  YES]),
    row(Right::MakeAdmin,   "make-admin",      [NO,    NO,    NO,   YES]),
    row(Right::SetRules,    "set-rules",       [NO,    NO,    NO,   YES]),
    row(Right::Create,      "create",          [NO,    NO,    NO,   YES]),
    row(Right::Delete,      "delete",          [NO,    NO,    NO,   YES]),
    row(Right::HandOver,    "hand-over",       [NO,    NO,    NO,   YES]),
];

impl Right {
    /// Its name, as it is typed.
    pub fn word(self) -> &'static str {
        self.row().map_or("", |row| row.word)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.right == self)
    }

    /// What the table says of a role.
    pub fn leave(self, role: Role) -> Leave {
        // A right that is in no line is nobody's.
        self.row().map_or(Leave::Deny, |row| row.leave[role as usize])
    }

    /// The least role that has it whatever the rules of the project say.
    pub(crate) fn least(self) -> Role {
        let has = |role: &Role| self.leave(*role) == Leave::Allow;
        Role::ALL.into_iter().find(has).unwrap_or(Role::Owner)
    }
}

impl Leave {
    pub fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Rule => "rule",
            Self::Allow => "allow",
        }
    }
}

/// What came of holding an action against the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruling {
    pub(crate) allowed: bool,
    pub(crate) right: Right,
    /// `None` for strangers.
    pub(crate) role: Option<Role>,
    /// What it rests on, as it is kept.
    pub(crate) rule: String,
}

/// At the machine itself nobody is asked who they are.
pub(crate) const AT_MACHINE: &str = "at the machine";

/// Says what somebody is in a room, if they are anything.
pub(crate) fn role(terms: &Terms, room: &Room, by: &UserId) -> Option<Role> {
    if terms.owner.as_ref() == Some(by) {
        return Some(Role::Owner);
    }
    let Kind::Project(project) = &room.kind else { return None };
    // Nobody but the owner is one, whatever is written.
    project.people.get(by).map(|person| person.role.min(Role::Admin))
}

/// Holds an action against the table.
pub(crate) fn judge(terms: &Terms, room: &Room, by: &UserId, via: &Via, action: &Action) -> Ruling {
    let right = right(room, by, action);
    if matches!(via, Via::Local { .. }) {
        let rule = AT_MACHINE.to_owned();
        return Ruling { allowed: true, right, role: Some(Role::Owner), rule };
    }
    let role = role(terms, room, by);
    let (allowed, rule) = match role {
        Some(role) => has(&rules(room), role, right),
        None => (false, "nobody here".to_owned()),
    };
    Ruling { allowed, right, role, rule }
}

fn has(rules: &Rules, role: Role, right: Right) -> (bool, String) {
    let rule = format!("{} may {}", role.word(), right.word());
    match right.leave(role) {
        Leave::Allow => (true, rule),
        Leave::Rule if rules.members_approve => (true, format!("{rule}, as the project says")),
        Leave::Rule | Leave::Deny => (false, format!("{} may not {}", role.word(), right.word())),
    }
}

/// Says whether somebody who is not at the machine has a right now.
pub(crate) fn may(terms: &Terms, room: &Room, by: &UserId, right: Right) -> bool {
    role(terms, room, by).is_some_and(|role| has(&rules(room), role, right).0)
}

/// Says whether somebody may answer what the agent asks on the current task.
pub(crate) fn may_answer(terms: &Terms, room: &Room, by: &UserId) -> bool {
    let own = room.desk.current.as_ref().is_some_and(|task| task.by == *by);
    may(terms, room, by, if own { Right::AnswerOwn } else { Right::AnswerOther })
}

pub(crate) fn rules(room: &Room) -> Rules {
    match &room.kind {
        Kind::Project(project) => project.rules.clone(),
        Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => Rules::default(),
    }
}

/// Says whether two people must allow what an agent asks.
pub(crate) fn takes_two(rules: &Rules, approval: &Approval) -> bool {
    !rules.two.is_disjoint(&danger(approval))
}

/// What a person of a room is called, if that is known.
pub(crate) fn name(room: &Room, id: &UserId) -> String {
    let Kind::Project(project) = &room.kind else { return String::new() };
    project.people.get(id).map(|person| person.name.clone()).unwrap_or_default()
}

/// Names the right an action needs. One that is new must be put in a line of the table.
pub fn right(room: &Room, by: &UserId, action: &Action) -> Right {
    match action {
        Action::Say { .. }
        | Action::Run { .. }
        | Action::Steer { .. }
        | Action::New
        | Action::Resume { .. }
        | Action::Again { .. }
        | Action::Attach { .. }
        | Action::Without { .. }
        | Action::Deliver { .. }
        | Action::Compose
        | Action::Hasten { .. } => Right::Run,
        // What another began is theirs to throw away.
        Action::Merge { task } => began(by, waiting(&room.desk, task)),
        Action::Discard { task } => began(by, broken(&room.desk, task)),
        Action::Drop { held } => began(by, holder(&room.desk, held)),
        Action::Stop { task } => stop(&room.desk, by, task.as_ref()),
        Action::Approve { what, .. } | Action::Deny { what, .. } => answer(&room.desk, by, what),
        // All see the same page: who turns it turns it for those who decide.
        Action::Answer { approval, .. } | Action::AskPage { approval, .. } => {
            answer(&room.desk, by, approval.as_str())
        }
        Action::Invite { people, role } => invite(room, people, *role),
        Action::Remove { people } => remove(room, by, people),
        Action::SetRules { .. } => Right::SetRules,
        Action::HandOver { .. } => Right::HandOver,
        Action::Move { .. } | Action::Speak { .. } => Right::Configure,
        Action::NewProject | Action::Create { .. } => Right::Create,
        Action::Delete { .. } => Right::Delete,
        Action::Dir(dir) => of_dir(dir),
        Action::Tune(Tune::Apply(_)) => Right::Configure,
        Action::Session(session) => of_session(room, session),
        Action::Close { looking: Some(looking) } if is_looking(room, looking) => Right::Configure,
        Action::Shelf(Shelf::Rename { .. } | Shelf::Archive { .. }) => Right::Configure,
        Action::Tune(Tune::Choose { .. })
        | Action::Shelf(Shelf::Open { .. } | Shelf::Repo | Shelf::Bind)
        | Action::Close { .. }
        | Action::Status { .. }
        | Action::Queue
        | Action::Help
        | Action::Page { .. }
        | Action::Changes { .. }
        | Action::Tap
        | Action::Home
        | Action::Manage { .. }
        | Action::Workspace
        | Action::Machines
        | Action::People { .. }
        | Action::Rules
        | Action::Accept
        | Action::Unsupported { .. }
        | Action::Unknown { .. } => Right::Look,
    }
}

fn of_dir(dir: &Dir) -> Right {
    match dir {
        // It asks the machine what is on it.
        Dir::Browse(_)
        | Dir::Apply { .. }
        | Dir::UseDefault
        | Dir::ApplyPreset { .. }
        | Dir::SetDefault { .. }
        | Dir::AddPreset { .. }
        | Dir::RemovePreset { .. } => Right::Configure,
        Dir::Type { .. } | Dir::Presets | Dir::Recent | Dir::Default | Dir::ManagePresets => {
            Right::Look
        }
    }
}

/// A prompt may begin anew or go on in any conversation of its project, as `/new` does. Of another
/// conversation it is not known whose it is.
fn of_session(room: &Room, session: &Session) -> Right {
    let Kind::Project(project) = &room.kind else { return Right::Look };
    match session {
        Session::Choose | Session::Enter => Right::Look,
        Session::Fresh => Right::Run,
        Session::Apply { thread, .. } if project.past.iter().any(|it| it.thread == *thread) => {
            Right::Run
        }
        Session::Apply { .. } => Right::Configure,
    }
}

/// Whether the machine is asked about a folder, for somebody who configures the project.
fn is_looking(room: &Room, looking: &EventId) -> bool {
    let Kind::Project(project) = &room.kind else { return false };
    project.looking.iter().any(|it| it.request == *looking)
}

fn waiting<'a>(desk: &'a Desk, id: &TaskId) -> Option<&'a UserId> {
    desk.waiting.iter().find(|task| task.id == *id).map(|task| &task.by)
}

fn broken<'a>(desk: &'a Desk, id: &TaskId) -> Option<&'a UserId> {
    desk.broken.iter().map(|archive| &archive.task).find(|task| task.id == *id).map(|it| &it.by)
}

fn holder<'a>(desk: &'a Desk, id: &EventId) -> Option<&'a UserId> {
    desk.held.iter().find(|held| held.id == *id).map(|held| &held.by)
}

/// Of what is gone one only hears so.
fn began(by: &UserId, of: Option<&UserId>) -> Right {
    if of.is_none_or(|of| of == by) { Right::Run } else { Right::StopOther }
}

fn stop(desk: &Desk, by: &UserId, named: Option<&TaskId>) -> Right {
    let task = match named {
        Some(id) => desk.find(id),
        None => desk.current.as_ref(),
    };
    // Of a task that is over one only hears so.
    if task.is_none_or(|task| task.by == *by) { Right::StopOwn } else { Right::StopOther }
}

fn answer(desk: &Desk, by: &UserId, what: &str) -> Right {
    let asked = desk.current.as_ref().filter(|task| task.is_asked(what));
    // What is asked no more one only hears of.
    if asked.is_none_or(|task| task.by == *by) { Right::AnswerOwn } else { Right::AnswerOther }
}

fn invite(room: &Room, people: &[Named], role: Role) -> Right {
    match role {
        Role::Owner => Right::HandOver,
        Role::Admin => Right::MakeAdmin,
        Role::Viewer | Role::Member if has_admin(room, people) => Right::MakeAdmin,
        Role::Viewer | Role::Member => Right::Invite,
    }
}

fn remove(room: &Room, by: &UserId, people: &[Named]) -> Right {
    match people {
        [one] if one.id == *by => Right::Leave,
        people if has_admin(room, people) => Right::MakeAdmin,
        _ => Right::Invite,
    }
}

fn has_admin(room: &Room, people: &[Named]) -> bool {
    let Kind::Project(project) = &room.kind else { return false };
    let role = |it: &Named| project.people.get(&it.id).map(|person| person.role);
    people.iter().any(|it| role(it).is_some_and(|role| role >= Role::Admin))
}

/// Sends the event of somebody who is nothing in a room to the house, where it can do no harm.
/// The chat it was meant for is left untouched. One who is something there is heard in the room.
pub fn admit(terms: &Terms, room: &Room, event: Event) -> Event {
    let Fact::Acted { by, via, action } = &event.fact else { return event };
    if matches!(via, Via::Local { .. }) || role(terms, room, by).is_some() {
        return event;
    }
    let (by, via, chat) = (by.clone(), via.clone(), event.chat);
    let fact = if matches!(action, Action::Accept) {
        Fact::Accepted { by, via, chat }
    } else {
        let text = if let Action::Say { text } = action { text.clone() } else { String::new() };
        Fact::Knocked { by, via, chat, text }
    };
    Event { id: event.id, chat: terms.house.clone(), at: event.at, lang: event.lang, fact }
}

#[cfg(test)]
mod tests;
