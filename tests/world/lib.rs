//! A small world for PoCo to live in: people, chats, an agent, a clock, and faults on demand.

#![expect(clippy::unwrap_used, reason = "test support: what goes wrong must stop the test")]

mod agent;
#[cfg(feature = "aws")]
pub mod cloud;
mod fake;
mod look;

use fake::{FakeChat, FakeQueue, FakeStore, Fault, Faults};
use poco_core::{
    Action, Attachment, CardRef, ChatId, Enclosed, Event, EventId, Fact, Lang, Media, MessageRef,
    Offers, Press, Quote, Room, RunnerId, Settings, TaskId, Terms, Timestamp, Topic, TopicId,
    UserId, Via,
};
use poco_io::app::{App, Debt, Taken};
use poco_io::port::{Document, Job, MessageId, Store};
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

pub use agent::command;
pub use fake::Refusal;

/// How often a platform delivers an event: once, and four times more if it must.
const DELIVERIES: usize = 5;

/// The chat in which the owner talks to the bot alone.
pub const DIRECT: &str = "dm-ann";

/// A minute and an hour, in milliseconds.
pub const MINUTE: u64 = 60_000;
pub const HOUR: u64 = 60 * MINUTE;

thread_local! {
    /// A test has a thread of its own, and so a clock.
    static NOW: Cell<u64> = const { Cell::new(0) };
}

/// Plays a scenario, then checks that nothing was left unread and nothing is owed.
pub async fn scenario(play: impl AsyncFnOnce(&mut World)) {
    let mut world = World::new(Faults::default(), Some("ann"));
    play(&mut world).await;
    world.assert_at_rest().await;
}

/// Like [`scenario`], with nobody being the owner yet.
pub async fn scenario_without_owner(play: impl AsyncFnOnce(&mut World)) {
    let mut world = World::new(Faults::default(), None);
    play(&mut world).await;
    world.assert_at_rest().await;
}

/// Plays a scenario with each call in turn failing, before and after it took effect, and checks
/// that people and the agent see the same in the end. Nothing fails in what comes `before`.
pub async fn scenario_with_faults(
    before: impl AsyncFn(&mut World),
    play: impl AsyncFn(&mut World),
) {
    let (expected, calls) = outcome(&before, &play, None).await;
    assert!(calls > 10, "only {calls} calls: nothing to break");
    for call in 0..calls {
        for lost in [false, true] {
            let (outcome, _) = outcome(&before, &play, Some(Fault { call, lost })).await;
            assert_eq!(outcome, expected, "call {call} of {calls} failed, answer lost: {lost}");
        }
    }
}

/// Returns what there is to see in the end, and how many calls it took.
async fn outcome(
    before: &impl AsyncFn(&mut World),
    play: &impl AsyncFn(&mut World),
    fault: Option<Fault>,
) -> ((Vec<String>, Vec<String>), usize) {
    let faults = Faults::default();
    let mut world = World::new(faults.clone(), Some("ann"));
    before(&mut world).await;
    faults.begin(fault);
    play(&mut world).await;
    let calls = faults.calls();
    (world.outcome().await, calls)
}

/// Everything there is, and whoever acts in it.
#[derive(Debug)]
pub struct World {
    app: App,
    /// The same in another process.
    other: App,
    store: Arc<FakeStore>,
    chat: Arc<FakeChat>,
    queue: Arc<FakeQueue>,
    /// Where people are.
    here: ChatId,
    events: u64,
    last: Option<Event>,
    toasts: VecDeque<String>,
    /// Tasks in the order they came up, to call them T1, T2, ….
    tasks: Vec<TaskId>,
}

impl World {
    fn new(faults: Faults, owner: Option<&str>) -> Self {
        NOW.set(1_800_000_000_000);
        let chat = Arc::new(FakeChat::new(faults.clone()));
        let queue = Arc::new(FakeQueue::new(faults.clone()));
        let store = Arc::new(FakeStore::new(faults));
        let terms = Terms {
            owner: owner.map(UserId::new),
            house: ChatId::new("house"),
            agents: vec!["codex".into(), "stub".into()],
            settings: settings("/home/ann"),
            lang: Lang::En,
            runners: vec![],
            offers: Default::default(),
        };
        let open = || App::new(store.clone(), queue.clone(), chat.clone(), terms.clone(), now);
        let (app, other) = (open(), open());
        let (events, last, toasts, tasks) = Default::default();
        Self {
            app,
            other,
            store,
            chat,
            queue,
            here: ChatId::new(DIRECT),
            events,
            last,
            toasts,
            tasks,
        }
    }

    /// A world that was left with these documents, by whichever version.
    pub async fn left_with(documents: &[(String, String)]) -> Self {
        let world = Self::new(Faults::default(), Some("ann"));
        world.chat.forget_all();
        for (key, body) in documents {
            let document = Document { version: 1, body: body.clone(), due: false };
            world.store.put(key, &document).await.unwrap();
        }
        world
    }

    /// Everything that is stored, by its key.
    pub fn documents(&self) -> Vec<(String, String)> {
        self.store.documents()
    }

    /// Where everything is stored.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// What the platform delivered last.
    pub fn last_event(&self) -> Event {
        self.last.clone().unwrap()
    }

    /// Every job that was sent, the oldest first.
    pub fn jobs(&self) -> Vec<Job> {
        self.queue.jobs()
    }

    /// From now on the platform answers no call.
    pub fn platform_goes_down(&self) {
        self.chat.set_down(true);
    }

    /// It is there again.
    pub fn platform_comes_back(&self) {
        self.chat.set_down(false);
    }

    /// What the agents of this machine offer, from now on.
    pub fn agents_offer(&self, offers: Offers) {
        self.app.set_offers(offers.clone());
        self.other.set_offers(offers);
    }

    /// What stores, decides and pays.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Ann makes a project and everybody goes there.
    pub async fn project(&mut self) {
        self.say("ann", "hello").await;
        self.press("ann", "New").await;
        let fields = [("name", "api"), ("backend", "codex"), ("workdir", "~/api")];
        self.fill("ann", "Create Project + Group", &fields).await;
        self.folder_is("/srv/api").await;
        self.go("api").await;
        self.skim();
    }

    /// Everybody goes to another chat, once it is there.
    pub async fn go(&mut self, chat: &str) {
        self.here = ChatId::new(chat);
        self.settle_if(|world| world.room() == Room::default()).await;
    }

    /// Time passes.
    pub fn wait(&self, milliseconds: u64) {
        NOW.set(NOW.get() + milliseconds);
    }

    /// Somebody writes in the chat.
    pub async fn say(&mut self, by: &str, text: &str) {
        let fact = self.said(by, text);
        self.tell(fact).await;
    }

    /// Somebody writes in a topic of the group; what they write answers the message it began with.
    pub async fn say_in_topic(&mut self, by: &str, topic: &str, text: &str) {
        let message = MessageRef::new(format!("{topic}-{}", self.events + 1));
        let topic = Topic { id: TopicId::new(topic), message };
        let via = Via::Topic { root: Some(MessageRef::new(format!("{}-root", topic.id))), topic };
        self.tell(Fact::Acted { by: UserId::new(by), via, action: Action::parse(text) }).await;
    }

    /// Somebody sends files, with words or without.
    pub async fn send(&mut self, by: &str, files: &[&str], text: &str) {
        let message = MessageRef::new(format!("om_{}", self.events + 1));
        let file = |name: &&str| Attachment {
            message: message.clone(),
            key: format!("key-{name}"),
            media: if name.ends_with(".png") { Media::Picture } else { Media::File },
            name: (*name).to_owned(),
        };
        let files = files.iter().map(file).collect();
        self.attach(by, text, Enclosed { files, quotes: vec![] }).await;
    }

    /// Somebody answers a message, or forwards a bundle of them.
    pub async fn quote(&mut self, by: &str, message: &str, bundle: bool, text: &str) {
        let quotes = vec![Quote { message: MessageRef::new(message), bundle }];
        self.attach(by, text, Enclosed { files: vec![], quotes }).await;
    }

    async fn attach(&mut self, by: &str, text: &str, enclosed: Enclosed) {
        let via = if self.here.as_str().starts_with("dm-") { Via::Direct } else { Via::Group };
        let action = Action::parse_with(text, enclosed);
        self.tell(Fact::Acted { by: UserId::new(by), via, action }).await;
    }

    /// Somebody at the machine itself types it.
    pub async fn say_at_the_machine(&mut self, text: &str) {
        let (by, via) = (UserId::new("local"), Via::Local { card: None });
        self.tell(Fact::Acted { by, via, action: Action::parse(text) }).await;
    }

    /// Somebody writes in the same moment as whatever came before.
    pub async fn say_in_haste(&mut self, by: &str, text: &str) {
        let moment = NOW.get();
        self.say(by, text).await;
        NOW.set(moment);
    }

    /// What somebody wrote some time ago comes in only now.
    pub async fn say_late(&mut self, by: &str, text: &str, ago: u64) {
        let moment = NOW.get();
        NOW.set(moment - ago);
        let event = self.event(self.said(by, text));
        NOW.set(moment);
        let taken = Box::pin(self.app.handle(event)).await.unwrap();
        self.note(taken);
    }

    /// Several people write at the same time; half of it comes in through another process.
    pub async fn say_at_once(&mut self, said: &[(&str, &str)]) {
        let mut handled = vec![];
        for (at, (by, text)) in said.iter().enumerate() {
            let app = if at.is_multiple_of(2) { &self.app } else { &self.other };
            handled.push((app.clone(), self.event(self.said(by, text))));
        }
        let handled = handled
            .into_iter()
            .map(|(app, event)| async move { Box::pin(app.handle(event)).await });
        for taken in futures_util::future::join_all(handled).await {
            self.note(taken.unwrap());
        }
    }

    fn said(&self, by: &str, text: &str) -> Fact {
        let via = if self.here.as_str().starts_with("dm-") { Via::Direct } else { Via::Group };
        Fact::Acted { by: UserId::new(by), via, action: Action::parse(text) }
    }

    /// Somebody presses a button on the newest card here that has it.
    pub async fn press(&mut self, by: &str, label: &str) {
        self.fill(by, label, &[]).await;
    }

    /// Somebody fills in a form and presses its button.
    pub async fn fill(&mut self, by: &str, label: &str, fields: &[(&str, &str)]) {
        let (card, action) = self.button(label).await;
        self.press_on(by, &card, &action, fields).await;
    }

    /// Finds a button on the newest card here that has it. What was shown for a while can still be
    /// pressed later with [`World::press_on`].
    pub async fn button(&self, label: &str) -> (CardRef, Action) {
        // If a card could not be shown at once, people wait for it.
        self.sweep().await;
        let found = self.chat.button(&self.here, label);
        found.unwrap_or_else(|| panic!("no button [{label}] in {}", self.here))
    }

    /// Somebody presses a button that was on a card once; fields of its form come along.
    pub async fn press_on(
        &mut self,
        by: &str,
        card: &CardRef,
        action: &Action,
        fields: &[(&str, &str)],
    ) {
        let mut press = Press::of(action);
        press.0.extend(fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        let via = Via::Press { card: card.clone() };
        self.tell(Fact::Acted { by: UserId::new(by), via, action: press.action() }).await;
    }

    /// The platform delivers the last event once more.
    pub async fn redeliver(&mut self) {
        let event = self.last.clone().unwrap();
        let taken = Box::pin(self.app.handle(event)).await.unwrap();
        self.note(taken);
    }

    /// The operator offers a pairing code at the machine, good for ten minutes.
    pub async fn offer_pairing(&mut self, code: &str) {
        let here = std::mem::replace(&mut self.here, ChatId::new("house"));
        let until = Timestamp(NOW.get() + 10 * MINUTE);
        self.tell(Fact::PairingOffered { code: code.into(), until }).await;
        self.here = here;
    }

    /// How the platform refuses to open a group, from now on.
    pub fn groups_are_refused(&self, how: Refusal) {
        self.chat.refuse_to_open(how);
    }

    /// A person removed a message from the chat.
    pub fn message_is_gone(&self, card: &CardRef) {
        self.chat.lose(&MessageId(card.to_string()));
    }

    /// Takes in what happened, as often as it is delivered.
    pub async fn tell(&mut self, fact: Fact) {
        let event = self.event(fact);
        self.last = Some(event.clone());
        for _ in 0..DELIVERIES {
            if let Ok(taken) = Box::pin(self.app.handle(event.clone())).await {
                self.note(taken);
                return;
            }
        }
        panic!("{event:?} was never taken in");
    }

    fn event(&mut self, fact: Fact) -> Event {
        self.events += 1;
        self.wait(1_000);
        let id = EventId::new(format!("e{}", self.events));
        Event { id, chat: self.here.clone(), at: now(), lang: None, fact }
    }

    fn note(&mut self, taken: Taken) {
        self.toasts.extend(taken.toast.map(|toast| toast.of(taken.lang).to_owned()));
        let desk = &taken.room.desk;
        for task in desk.current.iter().chain(&desk.waiting) {
            if !self.tasks.contains(&task.id) {
                self.tasks.push(task.id.clone());
            }
        }
    }

    async fn settle_if(&self, missing: impl Fn(&Self) -> bool) {
        if missing(self) {
            self.settle().await;
        }
    }

    /// Pays all that is owed, as the runner does once a minute.
    pub async fn settle(&self) {
        assert!(self.sweep().await == Debt::Clear, "something is owed for ever");
    }

    async fn sweep(&self) -> Debt {
        for _ in 0..DELIVERIES {
            if self.sweep_once().await.is_ok_and(|debt| debt == Debt::Clear) {
                return Debt::Clear;
            }
        }
        Debt::Owing
    }

    async fn sweep_once(&self) -> anyhow::Result<Debt> {
        let mut debt = Debt::Clear;
        for chat in Box::pin(self.app.owing()).await? {
            // One that fails holds up no other.
            if !Box::pin(self.app.settle(&chat)).await.is_ok_and(|it| it == Debt::Clear) {
                debt = Debt::Owing;
            }
        }
        Ok(debt)
    }

    /// The room here, as it is now.
    pub fn room(&self) -> Room {
        self.store.room(&self.here)
    }

    /// The name of a task: `T1` is the first that came up.
    pub fn task(&self, name: &str) -> TaskId {
        let number: usize = name.trim_start_matches('T').parse().unwrap();
        self.tasks[number - 1].clone()
    }
}

fn settings(workdir: &str) -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "codex".into(),
        workdir: workdir.into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
    }
}

fn now() -> Timestamp {
    Timestamp(NOW.get())
}
