//! Machines that sleep, drain or are killed: their projects and tasks say so, and go on later.

use poco_core::{
    Action, Card, ChatId, Command, Desk, Effect, Event, EventId, Fact, Kind, Lang, Phase, Project,
    Report, Room, Runner, RunnerId, Settings, TaskId, Terms, Timestamp, UserId, Via, decide,
};
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::port::{Document, Store};
use poco_io::{queue, store};
use poco_tests::MINUTE;
use std::cell::Cell;
use std::sync::Arc;

const LAPTOP: &str = "laptop";

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_800_000_000_000) };
}

fn now() -> Timestamp {
    Timestamp(NOW.get())
}

fn settings() -> Settings {
    Settings {
        runner: RunnerId::new(LAPTOP),
        agent: "codex".into(),
        workdir: "/srv".into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
    }
}

fn runner(id: &str, draining: bool) -> Runner {
    Runner {
        id: RunnerId::new(id),
        host: id.to_owned(),
        version: "0".into(),
        agents: vec!["codex".into()],
        settings: None,
        models: Default::default(),
        offers: Default::default(),
        turns: 1,
        seats: 16,
        since: now(),
        draining,
        seen: now(),
    }
}

/// A project on the laptop, and what holds.
struct Scene {
    terms: Terms,
    room: Room,
    events: u64,
}

impl Scene {
    fn new() -> Self {
        let terms = Terms {
            owner: Some(UserId::new("ann")),
            house: ChatId::new("house"),
            agents: vec!["codex".into()],
            settings: settings(),
            lang: Lang::En,
            runners: vec![runner(LAPTOP, false)],
            offers: Default::default(),
        };
        let project =
            Project::new("api".into(), UserId::new("ann"), settings(), ChatId::new("lobby"));
        let (kind, desk) = (Kind::Project(project), Desk::default());
        Self { terms, room: Room { kind, desk, ..Room::default() }, events: 0 }
    }

    fn tell(&mut self, fact: Fact) -> Vec<Effect> {
        self.events += 1;
        let (id, chat) = (EventId::new(format!("e{}", self.events)), ChatId::new("api"));
        decide(&self.terms, &mut self.room, &Event { id, chat, at: now(), lang: None, fact })
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        self.tell(Fact::Acted { by: UserId::new("ann"), via: Via::Group, action })
    }

    fn report(&mut self, report: Report) -> Vec<Effect> {
        let task = self.task();
        self.tell(Fact::Reported { task, report })
    }

    fn task(&self) -> TaskId {
        self.room.desk.current.as_ref().unwrap().id.clone()
    }

    fn drains(&mut self, draining: bool) -> Vec<Effect> {
        self.terms.runners = vec![runner(LAPTOP, draining)];
        self.tell(Fact::Checked)
    }
}

/// Every card that was shown, as it reads.
fn shown(effects: &[Effect]) -> String {
    let card = |effect: &Effect| match effect {
        Effect::Show { card, .. } | Effect::Post { card, .. } => Some(read(card)),
        Effect::Toast { .. }
        | Effect::Send { .. }
        | Effect::Open { .. }
        | Effect::Tell { .. }
        | Effect::Keep { .. }
        | Effect::Audit { .. }
        | Effect::Recall { .. } => None,
    };
    effects.iter().filter_map(card).collect::<Vec<_>>().join("\n")
}

fn read(card: &Card) -> String {
    serde_json::to_string(card).unwrap()
}

fn starts(effects: &[Effect]) -> usize {
    let is_start = |effect: &&Effect| {
        matches!(effect, Effect::Send { command: Command::Start { .. }, runner }
            if runner.as_str() == LAPTOP)
    };
    effects.iter().filter(is_start).count()
}

#[test]
fn a_machine_that_sleeps_is_said_to_in_steps_and_what_is_asked_of_it_waits() {
    let mut scene = Scene::new();
    NOW.set(NOW.get() + 12 * MINUTE);
    let effects = scene.act(Action::Say { text: "first".into() });
    let cards = shown(&effects);
    assert!(cards.contains("**laptop is asleep** (not heard for 10 min)"), "{cards}");
    assert!(cards.contains("waits until it is back"), "{cards}");
    assert_eq!(starts(&effects), 1, "it is there when the machine is");
    NOW.set(NOW.get() + MINUTE);
    assert_eq!(scene.tell(Fact::Checked), vec![], "cards do not change every minute");
    NOW.set(NOW.get() + 20 * MINUTE);
    let cards = shown(&scene.tell(Fact::Checked));
    assert!(cards.contains("not heard for 30 min"), "{cards}");
    let cards = shown(&scene.drains(false));
    assert!(!cards.is_empty() && !cards.contains("asleep"), "it is back: {cards}");
}

#[test]
fn a_machine_that_drains_is_said_to_and_what_it_did_not_take_is_given_to_it_again() {
    let mut scene = Scene::new();
    let cards = shown(&scene.drains(true));
    assert!(cards.contains("**laptop is draining:** it takes nothing new"), "{cards}");
    assert_eq!(starts(&scene.act(Action::Say { text: "first".into() })), 1);
    assert!(!scene.room.desk.current.as_ref().unwrap().held);
    scene.report(Report::Held);
    scene.report(Report::Held);
    assert!(scene.room.desk.current.as_ref().unwrap().held);
    // As long as it drains, or is gone, nothing is sent in vain.
    assert_eq!(starts(&scene.drains(true)), 0);
    NOW.set(NOW.get() + 5 * MINUTE);
    assert_eq!(starts(&scene.tell(Fact::Checked)), 0);
    let effects = scene.drains(false);
    assert_eq!(starts(&effects), 1);
    assert!(!shown(&effects).contains("draining"));
    assert_eq!(starts(&scene.drains(false)), 0, "once");
    let claim = Report::Claimed { claim: "c".into(), runner: RunnerId::new(LAPTOP), thread: None };
    scene.report(claim);
    scene.report(Report::Held);
    let task = scene.room.desk.current.as_ref().unwrap();
    assert!(matches!(task.phase, Phase::Claimed { .. }) && !task.held, "it was begun");
}

#[test]
fn what_is_held_can_be_stopped_and_moved() {
    let mut scene = Scene::new();
    scene.terms.runners = vec![runner(LAPTOP, true), runner("office", false)];
    scene.act(Action::Say { text: "first".into() });
    scene.report(Report::Held);
    let effects = scene.act(Action::Move { runner: "office".into() });
    let sent = effects.iter().any(|effect| {
        matches!(effect, Effect::Send { runner, command: Command::Start { .. } }
            if runner.as_str() == "office")
    });
    assert!(sent, "{effects:?}");
    assert!(!scene.room.desk.current.as_ref().unwrap().held);

    let mut scene = Scene::new();
    scene.act(Action::Say { text: "first".into() });
    scene.report(Report::Held);
    scene.act(Action::Stop { task: None });
    assert_eq!(scene.room.desk.current, None);
    assert_eq!(starts(&scene.drains(false)), 0);
}

#[tokio::test]
async fn other_machines_notice_one_that_was_killed_and_tell_its_projects() {
    let store = Arc::new(store::Memory::default());
    let (queue, chats) = (Arc::new(queue::Memory::default()), Arc::new(Chats::new(None)));
    let scene = Scene::new();
    let terms = Terms { runners: vec![], ..scene.terms.clone() };
    let app = App::new(store.clone(), queue, chats, terms, now).with_runners();
    app.heartbeat(&runner(LAPTOP, false)).await.unwrap();
    app.heartbeat(&runner("office", false)).await.unwrap();
    let chat = ChatId::new("api");
    let room = serde_json::json!({ "room": scene.room, "owed": [], "seen": {}, "cards": [] });
    let document = Document { version: 1, body: room.to_string(), due: false };
    store.put("room/api", &document).await.unwrap();
    let by = UserId::new("ann");
    let fact = Fact::Acted { by, via: Via::Group, action: Action::parse("first") };
    let event = |id: &str, fact| Event {
        id: EventId::new(id),
        chat: chat.clone(),
        at: now(),
        lang: None,
        fact,
    };
    let task = app.take_in(event("e", fact)).await.unwrap().room.desk.current.unwrap().id;
    let thread = Some(poco_core::ThreadId::new("t"));
    let (claim, laptop) = ("c".to_owned(), RunnerId::new(LAPTOP));
    let report = Report::Claimed { claim, runner: laptop, thread };
    app.take_in(event("c", Fact::Reported { task: task.clone(), report })).await.unwrap();
    assert_eq!(app.check_runners().await.unwrap(), vec![]);

    // The laptop is killed; the office goes on.
    NOW.set(NOW.get() + 3 * MINUTE);
    app.heartbeat(&runner("office", false)).await.unwrap();
    assert_eq!(app.check_runners().await.unwrap(), vec![chat.clone()]);
    let room = app.room(&chat).await.unwrap();
    assert_eq!(
        room.desk.current.as_ref().unwrap().id,
        task,
        "it is the laptop's to say what came of it"
    );
    let body = store.get("room/api").await.unwrap().unwrap().body;
    assert!(body.contains("**laptop is asleep** (not heard for 2 min)"), "{body}");
    assert_eq!(app.check_runners().await.unwrap(), vec![], "once");

    // What a machine says of itself counts here at once, however lately the others were read.
    app.heartbeat(&runner(LAPTOP, true)).await.unwrap();
    assert_eq!(app.check_runners().await.unwrap(), vec![chat.clone()]);
    let body = store.get("room/api").await.unwrap().unwrap().body;
    assert!(body.contains("**laptop is draining:**"), "{body}");
}

#[test]
fn what_a_machine_cannot_read_is_told_where_somebody_asked_for_it() {
    let mut scene = Scene::new();
    let unreadable = Fact::Unreadable { runner: RunnerId::new(LAPTOP) };
    let cards = shown(&scene.tell(unreadable.clone()));
    assert!(cards.contains("**laptop** could not read something") && cards.contains("update it"));
    assert_eq!(scene.tell(unreadable.clone()).len(), 1, "another one is another card");
    scene.room = Room::default();
    assert_eq!(scene.tell(unreadable), vec![], "nobody there asked for anything");
}

#[test]
fn what_older_machines_say_of_themselves_can_be_read() {
    let old = r#"{"id":"laptop","host":"h","version":"0.1","agents":["codex"],"turns":1,
        "draining":false,"seen":5}"#;
    let runner: Runner = serde_json::from_str(old).unwrap();
    assert_eq!((runner.seats, runner.since, runner.models.len()), (0, Timestamp(0), 0));
}
