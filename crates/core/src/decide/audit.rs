//! What is noted for ever: everything that lets an agent act, or changes who may act.
//!
//! It is told by what came of an event, not by who thought of noting it: an action that is new is
//! noted too.

use crate::policy::{AT_MACHINE, Ruling};
use crate::setup::{Dir, Session, Shelf, Tune, Tuning};
use crate::{
    Action, CardRef, Command, Desk, Effect, Entry, Event, Fact, House, Kind, Named, Report, Room,
    Task, TaskId, UserId, Verdict, Via, What,
};

/// Returns what is to be noted of an event, if it counts.
pub(super) fn entry(
    before: &Room,
    room: &Room,
    event: &Event,
    ruling: Option<&Ruling>,
    effects: &[Effect],
) -> Option<Entry> {
    match &event.fact {
        Fact::Acted { by, via, action } => {
            let ruling = ruling.filter(|ruling| ruling.allowed)?;
            let spoken = matches!(action, Action::Speak { .. }) && before.lang != room.lang;
            let changed = work(before) != work(room) || who(before) != who(room);
            let counts = acts(effects) || changed || spoken;
            counts.then(|| acted(before, room, event, by, via, action, ruling))
        }
        Fact::Reported { report: Report::SteerMissed { by, text, .. }, .. } => {
            let task = TaskId::of(&event.id, event.at);
            let made = room.desk.find(&task).is_some() && before.desk.find(&task).is_none();
            let rule = "it was added to a turn that was over";
            made.then(|| noted(event, by, "run", rule, Some(task), text.clone()))
        }
        Fact::Opened { name, by, .. } => {
            let made = who(before) != who(room);
            made.then(|| noted(event, by, "create", "owner may create", None, name.clone()))
        }
        Fact::TakenOver { name, by, .. } => {
            let made = who(before) != who(room);
            made.then(|| noted(event, by, "take-over", AT_MACHINE, None, name.clone()))
        }
        Fact::Removed { by, .. } => {
            let goes = who(before) != who(room);
            goes.then(|| noted(event, by, "delete", "owner may delete", None, String::new()))
        }
        Fact::Left { people } => {
            let by = people.first().filter(|_| who(before) != who(room))?;
            let all = people.iter().map(UserId::as_str).collect::<Vec<_>>().join(", ");
            Some(noted(event, by, "leave", "whoever leaves the group is out", None, all))
        }
        Fact::Rehomed { from, to, .. } => {
            let text = format!("from {from} to {to}");
            let changed = who(before) != who(room);
            changed.then(|| noted(event, to, "become-owner", "the owner handed over", None, text))
        }
        Fact::Knocked { by, .. } => {
            let paired = owner(before) != owner(room);
            paired.then(|| noted(event, by, "become-owner", "pairing code", None, String::new()))
        }
        Fact::Accepted { by, .. } => {
            let (from, changed) = (owner(before), owner(before) != owner(room));
            let text = from.map(|from| format!("from {from}")).unwrap_or_default();
            changed.then(|| noted(event, by, "become-owner", "the owner handed over", None, text))
        }
        Fact::Offered { by, to, .. } => {
            let made = who(before) != who(room);
            let rule = "owner may hand-over";
            made.then(|| noted(event, by, "offer-owner", rule, None, to.id.to_string()))
        }
        Fact::Reported { .. }
        | Fact::PairingOffered { .. }
        | Fact::Welcomed { .. }
        | Fact::Looked { .. }
        | Fact::Browsed { .. }
        | Fact::Changed { .. }
        | Fact::Relisted { .. }
        | Fact::Listed { .. }
        | Fact::OpenFailed { .. }
        | Fact::Checked
        | Fact::PeopleWanted { .. }
        | Fact::HandedOver { .. }
        | Fact::Inherited { .. }
        | Fact::Adopted { .. }
        | Fact::Settled { .. }
        | Fact::NotSent { .. }
        | Fact::Unreadable { .. }
        | Fact::Unlisted { .. } => None,
    }
}

fn noted(
    event: &Event,
    by: &UserId,
    did: &str,
    rule: &str,
    task: Option<TaskId>,
    text: String,
) -> Entry {
    Entry {
        event: event.id.clone(),
        at: event.at,
        by: by.clone(),
        via: "fact".to_owned(),
        card: None,
        did: did.to_owned(),
        rule: rule.to_owned(),
        task,
        what: What::Text(text),
    }
}

fn acted(
    before: &Room,
    room: &Room,
    event: &Event,
    by: &UserId,
    via: &Via,
    action: &Action,
    ruling: &Ruling,
) -> Entry {
    let (via, card) = how(via);
    let Deed { did, task, what } = deed(before, room, event, action, ruling);
    let entry = noted(event, by, &did, &ruling.rule, task, String::new());
    Entry { via: via.to_owned(), card, what, ..entry }
}

fn how(via: &Via) -> (&'static str, Option<CardRef>) {
    match via {
        Via::Direct | Via::Group | Via::Topic { .. } => ("message", None),
        Via::Press { card } => ("press", Some(card.clone())),
        Via::Local { card } => ("machine", card.clone()),
    }
}

struct Deed {
    did: String,
    task: Option<TaskId>,
    what: What,
}

fn deed(before: &Room, room: &Room, event: &Event, action: &Action, ruling: &Ruling) -> Deed {
    let done = |did: &str, task: Option<TaskId>, text: String| Deed {
        did: did.to_owned(),
        task,
        what: What::Text(text),
    };
    let new = || Some(TaskId::of(&event.id, event.at));
    let current = before.desk.current.as_ref();
    let prompt = |id: &TaskId| {
        let kept = before.desk.broken.iter().map(|archive| &archive.task);
        let known = before.desk.find(id).or(kept.into_iter().find(|task| task.id == *id));
        known.map(|task| task.prompt.clone()).unwrap_or_default()
    };
    match action {
        Action::Say { text } | Action::Run { prompt: text } => done("run", new(), text.clone()),
        Action::Attach { text, .. } => done("run", new(), text.clone()),
        Action::Without { task } => done("run-without", Some(task.clone()), prompt(task)),
        Action::Deliver { path } => done("deliver", None, path.clone()),
        Action::Steer { text } => done("steer", current.map(|it| it.id.clone()), text.clone()),
        Action::Merge { task } => done("steer", current.map(|it| it.id.clone()), prompt(task)),
        Action::Resume { task } => done("resume", new(), prompt(task)),
        Action::Again { task } => done("run-again", new(), prompt(task)),
        Action::Discard { task } => done("discard", Some(task.clone()), prompt(task)),
        Action::Stop { task } => {
            let task = task.clone().or(current.map(|it| it.id.clone()));
            let text = task.as_ref().map(prompt).unwrap_or_default();
            done("stop", task, text)
        }
        Action::Approve { what, .. } | Action::Deny { what, .. } => answered(current, room, what),
        Action::Answer { approval, answers } => {
            let said = answers.values().cloned().collect::<Vec<_>>().join("\n");
            Deed { what: What::Text(said), ..answered(current, room, approval.as_str()) }
        }
        Action::Invite { people, role } => {
            done(&format!("make-{}", role.word()), None, named(people))
        }
        Action::Remove { people } => done("remove", None, named(people)),
        Action::SetRules { members_approve, two } => {
            let who = if *members_approve { "members" } else { "sender" };
            let two = crate::danger::words(two);
            done("set-rules", None, format!("approve: {who}; two: {two}"))
        }
        Action::HandOver { to, .. } => done("offer-owner", None, named(std::slice::from_ref(to))),
        Action::Move { runner } => done("move", None, runner.clone()),
        Action::Create { name, .. } => done("create", None, name.clone()),
        Action::Delete { project } => done("delete", None, project.to_string()),
        Action::Hasten { task } => done("hasten", Some(task.clone()), prompt(task)),
        Action::Dir(dir) => match dir {
            Dir::Apply { path } | Dir::ApplyPreset { path } => done("work-in", None, path.clone()),
            Dir::UseDefault => done("work-in", None, "the usual folder".to_owned()),
            Dir::SetDefault { path } => done("set-default-folder", None, path.clone()),
            Dir::AddPreset { path } => done("keep-folder", None, path.clone()),
            Dir::RemovePreset { path } => done("drop-folder", None, path.clone()),
            Dir::Browse(query) => done("browse", None, query.path.clone()),
            Dir::Type { .. } | Dir::Presets | Dir::Recent | Dir::Default | Dir::ManagePresets => {
                done(ruling.right.word(), None, String::new())
            }
        },
        Action::Tune(Tune::Apply(tuning)) => done("tune", None, tuned(tuning)),
        Action::Session(Session::Apply { thread, fork }) => {
            let did = if *fork { "go-on-in-copy" } else { "go-on-in" };
            done(did, None, thread.to_string())
        }
        Action::Session(Session::Fresh) | Action::New => done("start-fresh", None, String::new()),
        Action::Speak { lang } => {
            let lang = lang.or(room.lang).map(crate::Lang::as_str).unwrap_or_default();
            done("speak", None, lang.to_owned())
        }
        Action::Shelf(Shelf::Rename { name, .. }) => done("rename", None, name.clone()),
        Action::Shelf(Shelf::Archive { project, archived }) => {
            let did = if *archived { "archive" } else { "restore" };
            done(did, None, project.as_ref().unwrap_or(&event.chat).to_string())
        }
        Action::Tune(Tune::Choose { .. })
        | Action::Session(Session::Choose | Session::Enter)
        | Action::Shelf(Shelf::Open { .. } | Shelf::Repo | Shelf::Bind)
        | Action::Compose
        | Action::Close { .. }
        | Action::Status { .. }
        | Action::Queue
        | Action::Help
        | Action::Page { .. }
        | Action::Changes { .. }
        | Action::Drop { .. }
        | Action::AskPage { .. }
        | Action::Home
        | Action::Tap
        | Action::NewProject
        | Action::Manage { .. }
        | Action::Workspace
        | Action::Machines
        | Action::People { .. }
        | Action::Rules
        | Action::Accept
        | Action::Unsupported { .. }
        | Action::Unknown { .. } => done(ruling.right.word(), None, String::new()),
    }
}

/// What was chosen for an agent, in a line.
fn tuned(tuning: &Tuning) -> String {
    let Tuning { agent, model, effort, sandbox, approval_policy, mode } = tuning;
    let chosen = [
        ("agent", agent),
        ("model", model),
        ("effort", effort),
        ("sandbox", sandbox),
        ("approval policy", approval_policy),
        ("mode", mode),
    ];
    let line = |(what, it): (&str, &Option<String>)| it.as_ref().map(|it| format!("{what}: {it}"));
    chosen.into_iter().filter_map(line).collect::<Vec<_>>().join("; ")
}

fn named(people: &[Named]) -> String {
    let line = |it: &Named| match it.name.as_str() {
        "" => it.id.to_string(),
        name => format!("{name} ({})", it.id),
    };
    people.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// What was answered, and how it stands now.
fn answered(task: Option<&Task>, room: &Room, what: &str) -> Deed {
    let text = |did: &str, text: &str| {
        let task = task.map(|task| task.id.clone());
        Deed { did: did.to_owned(), task, what: What::Text(text.to_owned()) }
    };
    let Some(task) = task else { return text("answer", "") };
    let Some(asked) = task.pending.iter().find(|it| task.names(it, what)) else {
        let runs = room.desk.current.as_ref().is_some_and(|it| it.id == task.id);
        return text(if runs { "confirm" } else { "reject" }, &task.prompt);
    };
    let now = room.desk.current.as_ref().filter(|it| it.id == task.id);
    let answer = now.and_then(|it| it.answered.iter().rev().find(|it| it.number == asked.number));
    let did = match answer.map(|it| (&it.verdict, &it.with)) {
        None => "allow, 1 of 2",
        Some((Verdict::AllowOnce, None)) => "allow",
        Some((Verdict::AllowOnce, Some(_))) => "allow, 2 of 2",
        Some((Verdict::AllowSession, _)) => "allow for the session",
        Some((Verdict::Deny { .. }, _)) => "deny",
        Some((Verdict::Answers(_), _)) => "answer",
    };
    let deed = text(did, "");
    match asked.approval.ask.long() {
        Some(pages) => Deed { what: What::Pages(pages.clone()), ..deed },
        None => deed,
    }
}

/// Whether a machine is told something, or another chat is of a kind that counts.
fn acts(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Send { command, .. } => !matches!(command, Command::Settle),
        Effect::Tell { fact, .. } => {
            matches!(fact, Fact::Removed { .. } | Fact::Offered { .. } | Fact::Changed { .. })
        }
        Effect::Show { .. }
        | Effect::Post { .. }
        | Effect::Toast { .. }
        | Effect::Open { .. }
        | Effect::Keep { .. }
        | Effect::Audit { .. }
        | Effect::Recall { .. } => false,
    })
}

/// The work of a room, without what people only look at or will say yet.
fn work(room: &Room) -> Desk {
    let Desk { thread, fresh, picked, topics, current, waiting, broken, answered, .. } =
        room.desk.clone();
    let all = Desk {
        thread,
        fresh,
        picked,
        topics,
        current,
        waiting,
        broken,
        answered,
        ..Desk::default()
    };
    let mut desk = all;
    for pending in desk.current.iter_mut().flat_map(|task| &mut task.pending) {
        pending.page = 0;
    }
    desk
}

/// Who may act in a room, and where it leads.
fn who(room: &Room) -> Kind {
    match &room.kind {
        // What it worked in and asked of its machine is only looked at.
        Kind::Project(project) => Kind::Project(crate::Project {
            away: None,
            recent: vec![],
            looking: vec![],
            past: vec![],
            ..project.clone()
        }),
        Kind::House(house) => Kind::House(House {
            owner: house.owner.clone(),
            offer: house.offer.clone(),
            ..House::default()
        }),
        // Lists of projects and forms are looked at; what comes of them is told to others.
        Kind::Lobby(_) => Kind::Fresh,
        Kind::Fresh => Kind::Fresh,
        Kind::Gone => Kind::Gone,
    }
}

fn owner(room: &Room) -> Option<&UserId> {
    let Kind::House(house) = &room.kind else { return None };
    house.owner.as_ref()
}
