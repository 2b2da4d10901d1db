//! What an event costs PoCo itself, with a short and a long past: no network, SQLite on disk.

use crate::{past, stats};
use async_trait::async_trait;
use poco_core::{
    Action, Card, ChatId, Event, EventId, Fact, Outcome, Pages, Report, RunnerId, Settings, Terms,
    ThreadId, Timestamp, TurnId, UserId, Via,
};
use poco_io::app::App;
use poco_io::port::{Chat, ChatError, MessageId};
use poco_io::store::Sqlite;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TASKS: usize = 300;

/// Measures all pasts in turns, so that what else goes on on the machine touches them alike.
pub(crate) async fn run() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut bench = Bench { next: 0 };
    let pasts = [(10, 1), (100_000, 1), (100_000, 1_000)];
    let mut measured = vec![];
    for (tasks, chats) in pasts {
        let database = folder.path().join(format!("{tasks}-{chats}.db"));
        bench.handle(&open(&database), made()).await;
        bench.task(&open(&database)).await;
        past::tasks(&database, 1..tasks);
        let others: Vec<_> = (1..chats).map(|n| format!("oc_past_{n}")).collect();
        past::projects(&database, CHAT, &others);
        measured.push((open(&database), vec![], vec![]));
    }
    for round in 0..TASKS {
        for turn in 0..pasts.len() {
            let (app, asked, lives) = &mut measured[(round + turn) % pasts.len()];
            asked.push(bench.handle(app, said(Action::Status { task: None })).await);
            lives.push(bench.task(app).await);
        }
    }
    for ((tasks, chats), (_, asked, lives)) in pasts.into_iter().zip(measured) {
        let what = format!("{tasks} past tasks, {chats} chats");
        stats::tell(&format!("{what}: a command, taken in and settled"), asked);
        stats::tell(&format!("{what}: a whole task (4 events)"), lives);
    }
}

const CHAT: &str = "oc_bench";

struct Bench {
    next: u64,
}

impl Bench {
    /// Has a task been asked for, begun and ended.
    async fn task(&mut self, app: &App) -> Duration {
        let text = "a prompt of some length, as people write them, about a file and a test";
        let (thread, turn) = (ThreadId::new("thread"), TurnId::new("turn"));
        let mut took = self.handle(app, said(Action::Say { text: text.to_owned() })).await;
        let task = app.room(&ChatId::new(CHAT)).await.unwrap().desk.current.unwrap().id;
        let claimed = Report::Claimed {
            claim: task.to_string(),
            runner: RunnerId::local(),
            thread: Some(thread.clone()),
        };
        let answer = Pages::one("answer", "It is done. ".repeat(40));
        let ended = Report::Ended { outcome: Outcome::Answered { answer }, steps: vec![] };
        for report in [claimed, Report::Started { thread, turn }, ended] {
            took += self.handle(app, Fact::Reported { task: task.clone(), report }).await;
        }
        took
    }

    async fn handle(&mut self, app: &App, fact: Fact) -> Duration {
        self.next += 1;
        let id = EventId::new(format!("event-{}-{}", self.next, clock().0));
        let event = Event { id, chat: ChatId::new(CHAT), at: clock(), lang: None, fact };
        let began = Instant::now();
        app.handle(event).await.unwrap();
        began.elapsed()
    }
}

fn said(action: Action) -> Fact {
    Fact::Acted { by: UserId::new("ou_ada"), via: Via::Group, action }
}

fn made() -> Fact {
    let (by, lobby) = (UserId::new("ou_ada"), ChatId::new("oc_lobby"));
    Fact::Opened { name: "api".to_owned(), by, settings: settings(), lobby, lang: None }
}

fn settings() -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "stub".to_owned(),
        workdir: "/".to_owned(),
        model: None,
        effort: None,
        mode: None,
        sandbox: "workspace-write".to_owned(),
        approval_policy: "on-request".to_owned(),
    }
}

fn open(database: &Path) -> App {
    let sqlite = Sqlite::open(database).unwrap();
    let terms = Terms {
        owner: Some(UserId::new("ou_ada")),
        house: ChatId::new("house"),
        agents: vec!["stub".to_owned()],
        settings: settings(),
        lang: poco_core::Lang::En,
        runners: vec![],
        offers: Default::default(),
    };
    App::new(sqlite.clone(), sqlite, Arc::new(Nobody), terms, clock)
}

fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

/// A platform that takes everything in no time.
struct Nobody;

#[async_trait]
impl Chat for Nobody {
    async fn post(&self, _: &ChatId, _: &Card, once: &str) -> Result<MessageId, ChatError> {
        Ok(MessageId(format!("om_{once}")))
    }

    async fn update(&self, _: &MessageId, _: &Card, _: u64) -> Result<(), ChatError> {
        Ok(())
    }

    async fn glance(&self, _: &MessageId, _: &Card, _: u64) -> Result<(), ChatError> {
        Ok(())
    }

    async fn open(&self, name: &str, _: &UserId, _: &str) -> Result<ChatId, ChatError> {
        Ok(ChatId::new(name))
    }
}
