//! What the cloud looks for by itself: once for each thing that is new, and as far as there is time.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use async_trait::async_trait;
use poco_core::{
    Action, ChatId, Command, Desk, Event, EventId, Fact, Kind, Lang, Project, Room, Runner,
    RunnerId, Settings, Terms, Timestamp, UserId, Via,
};
use poco_io::app::{App, Swept};
use poco_io::chats::Chats;
use poco_io::port::{Document, PutError, Queue, Store};
use poco_io::{queue, store};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const MINUTE: u64 = 60_000;

/// How long a document takes to be read.
const READ: Duration = Duration::from_millis(10);

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_800_000_000_000) };
}

fn now() -> Timestamp {
    Timestamp(NOW.get())
}

/// A shelf that takes its time, by the clock of the test.
#[derive(Default)]
struct Slow(store::Memory);

#[async_trait]
impl Store for Slow {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        tokio::time::sleep(READ).await;
        anyhow::ensure!(key != "room/local-broken", "the shelf is broken there");
        self.0.get(key).await
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        self.0.put(key, document).await
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.0.keys(prefix, after).await
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.0.keys_down(prefix, before).await
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        self.0.due(after).await
    }
}

struct Scene {
    store: Arc<Slow>,
    queue: Arc<queue::Memory>,
}

impl Scene {
    /// So many projects, whose machine is not there yet.
    async fn new(projects: usize) -> Self {
        let scene = Self { store: Arc::default(), queue: Arc::default() };
        for n in 0..projects {
            scene.project(&name(n)).await;
        }
        scene
    }

    async fn project(&self, chat: &str) {
        let owner = UserId::new("ann");
        let project = Project::new("api".into(), owner, settings(), ChatId::new("local-lobby"));
        let (kind, desk) = (Kind::Project(project), Desk::default());
        let room = Room { kind, desk, ..Room::default() };
        let record = serde_json::json!({ "room": room, "owed": [], "seen": {}, "cards": [] });
        let document = Document { version: 1, body: record.to_string(), due: false };
        self.store.put(&format!("room/{chat}"), &document).await.unwrap();
    }

    /// Another process: it knows nothing but what is stored.
    fn app(&self) -> App {
        let terms = Terms {
            owner: Some(UserId::new("ann")),
            house: ChatId::new("house"),
            agents: vec!["codex".into()],
            settings: settings(),
            lang: Lang::En,
            runners: vec![],
            offers: Default::default(),
        };
        let chats = Arc::new(Chats::new(None));
        App::new(self.store.clone(), self.queue.clone(), chats, terms, now).with_runners()
    }

    /// The machine leaves word of itself.
    async fn is_heard(&self) {
        self.app().heartbeat(&machine()).await.unwrap();
    }

    async fn look(&self) -> Swept {
        self.look_for(Duration::from_secs(600)).await
    }

    async fn look_for(&self, time: Duration) -> Swept {
        self.app().sweep(Instant::now() + time).await.unwrap()
    }

    /// How many projects know that their machine is away.
    async fn know(&self, projects: usize) -> usize {
        let mut know = 0;
        for n in 0..projects {
            let Kind::Project(project) = self.app().room(&chat(n)).await.unwrap().kind else {
                panic!("no project")
            };
            know += usize::from(project.away.is_some());
        }
        know
    }
}

fn settings() -> Settings {
    Settings {
        runner: RunnerId::new("laptop"),
        agent: "codex".into(),
        workdir: "/srv".into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
    }
}

fn machine() -> Runner {
    Runner {
        id: RunnerId::new("laptop"),
        host: "laptop".to_owned(),
        version: "0".into(),
        agents: vec!["codex".into()],
        settings: None,
        models: Default::default(),
        offers: Default::default(),
        turns: 1,
        seats: 16,
        since: now(),
        draining: false,
        seen: now(),
    }
}

fn name(n: usize) -> String {
    format!("local-{n:03}")
}

fn chat(n: usize) -> ChatId {
    ChatId::new(name(n))
}

fn pass(minutes: u64) {
    NOW.set(NOW.get() + minutes * MINUTE);
}

const NOTHING: Swept = Swept { machine: false, told: 0, settled: 0, more: false };

#[tokio::test(start_paused = true)]
async fn projects_are_told_once_that_their_machine_is_gone_and_again_after_it_was_back() {
    let scene = Scene::new(2).await;
    scene.is_heard().await;
    assert_eq!(scene.look().await, Swept { machine: true, ..NOTHING }, "it looks itself");
    pass(3);
    assert_eq!(scene.look().await, Swept { told: 2, settled: 2, ..NOTHING });
    assert_eq!(scene.know(2).await, 2);
    let body = scene.store.get("room/local-000").await.unwrap().unwrap().body;
    assert!(body.contains("local-"), "its card is shown");
    let begun = Instant::now();
    assert_eq!(scene.look().await, NOTHING);
    assert_eq!(begun.elapsed(), 2 * READ, "no chat is read again");
    // Cards change in steps, from two minutes to five.
    pass(3);
    assert_eq!(scene.look().await, Swept { told: 2, settled: 2, ..NOTHING });
    // It is back, says so itself, and dies once more.
    scene.is_heard().await;
    assert_eq!(scene.app().check_runners().await.unwrap().len(), 2);
    assert_eq!(scene.know(2).await, 0);
    pass(6);
    assert_eq!(scene.look().await, Swept { told: 2, settled: 2, ..NOTHING });
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_is_paid_if_no_machine_is_there_to_do_it() {
    let scene = Scene::new(1).await;
    scene.is_heard().await;
    let (by, via) = (UserId::new("ann"), Via::Group);
    let fact = Fact::Acted { by, via, action: Action::parse("go on") };
    let id = EventId::new("e");
    // A function saved it and died.
    let event = Event { id, chat: chat(0), at: now(), lang: None, fact };
    scene.app().take_in(event).await.unwrap();
    assert_eq!(scene.look().await, Swept { machine: true, ..NOTHING });
    pass(3);
    assert_eq!(scene.look().await, Swept { told: 1, settled: 1, ..NOTHING });
    let job = scene.queue.receive().await.unwrap().remove(0).job;
    assert!(matches!(job.command, Command::Start { .. }), "{job:?}");
    assert_eq!(scene.look().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_runs_out_of_time_goes_on_where_it_stopped() {
    let scene = Scene::new(250).await;
    scene.is_heard().await;
    pass(3);
    let none = scene.look_for(Duration::ZERO).await;
    assert_eq!((none.told, none.more), (0, true));
    // Long enough for a page of a hundred, and not for two.
    let begun = Instant::now();
    let some = scene.look_for(Duration::from_millis(400)).await;
    assert_eq!((some.told, some.more), (100, true));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(scene.know(250).await >= 100);
    let rest = scene.look().await;
    assert!(rest.told <= 150 && !rest.more, "{rest:?}");
    assert_eq!(scene.know(250).await, 250);
    assert_eq!(scene.look().await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn two_looks_at_once_do_as_one() {
    let scene = Scene::new(9).await;
    scene.is_heard().await;
    pass(3);
    let (one, other) = tokio::join!(scene.look(), scene.look());
    assert!(!one.more && !other.more);
    assert_eq!((scene.know(9).await, scene.look().await), (9, NOTHING));
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_cannot_be_read_holds_back_no_other_and_is_tried_again() {
    let scene = Scene::new(2).await;
    scene.project("local-broken").await;
    scene.is_heard().await;
    pass(3);
    let more = Swept { more: true, ..NOTHING };
    assert_eq!(scene.look().await, Swept { told: 2, settled: 2, ..more });
    let begun = Instant::now();
    assert_eq!(scene.look().await, more);
    assert!(begun.elapsed() > 2 * READ, "chats are read again");
}
