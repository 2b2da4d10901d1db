//! The outside, as far as PoCo can tell.

use async_trait::async_trait;
use poco_core::{Action, Card, CardRef, ChatId, Command, EventId, Room, TaskId, Text, UserId};
use poco_io::port::{Chat, ChatError, Delivery, Document, Job, MessageId, PutError, Queue, Store};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Decides which call fails. All fakes of a world share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<(usize, Option<Fault>)>>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) call: usize,
    /// The call takes effect, but its answer is lost.
    pub(crate) lost: bool,
}

impl Faults {
    /// Counts calls from now on, and has one of them fail.
    pub(crate) fn begin(&self, fault: Option<Fault>) {
        *self.0.lock().unwrap() = (0, fault);
    }

    /// How many calls were made since then.
    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().0
    }

    /// Makes a call, unless it is the one that fails.
    async fn call<T, E: From<anyhow::Error>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let fault = {
            let mut it = self.0.lock().unwrap();
            it.0 += 1;
            let number = it.0 - 1;
            it.1.filter(|fault| fault.call == number)
        };
        match fault {
            None => call.await,
            Some(Fault { lost: false, .. }) => Err(anyhow::anyhow!("refused").into()),
            Some(Fault { lost: true, .. }) => {
                let _ = call.await;
                Err(anyhow::anyhow!("answer lost").into())
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct FakeStore {
    faults: Faults,
    memory: poco_io::store::Memory,
    /// The latest body of each key, to look at without a call.
    bodies: Mutex<BTreeMap<String, String>>,
}

impl FakeStore {
    pub(crate) fn new(faults: Faults) -> Self {
        let (memory, bodies) = Default::default();
        Self { faults, memory, bodies }
    }

    pub(crate) fn documents(&self) -> Vec<(String, String)> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|(key, body)| (key.clone(), body.clone())).collect()
    }

    pub(crate) fn room(&self, chat: &ChatId) -> Room {
        #[derive(serde::Deserialize)]
        struct Stored {
            room: Room,
        }
        let bodies = self.bodies.lock().unwrap();
        let Some(body) = bodies.get(&format!("room/{chat}")) else { return Room::default() };
        serde_json::from_str::<Stored>(body).unwrap().room
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        let document = self.faults.call(self.memory.get(key)).await;
        tokio::task::yield_now().await; // Lets another writer come first.
        document
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        let put = async {
            self.memory.put(key, document).await?;
            self.bodies.lock().unwrap().insert(key.to_owned(), document.body.clone());
            Ok(())
        };
        self.faults.call(put).await
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.faults.call(self.memory.keys(prefix, after)).await
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.faults.call(self.memory.keys_down(prefix, before)).await
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        self.faults.call(self.memory.due(after)).await
    }
}

/// How a platform does not open a group.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// It says that it never will.
    ForEver,
    /// It does not answer.
    ForNow,
}

#[derive(Debug)]
pub(crate) struct FakeChat {
    faults: Faults,
    here: Mutex<Here>,
}

#[derive(Debug, Default)]
struct Here {
    messages: Vec<Message>,
    opened: BTreeMap<String, ChatId>,
    unread: VecDeque<String>,
    refusal: Option<Refusal>,
    down: bool,
    /// The number of the first message that is not forgotten.
    first: usize,
}

#[derive(Debug)]
struct Message {
    chat: ChatId,
    once: String,
    card: Card,
    order: u64,
    gone: bool,
}

impl FakeChat {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, here: Mutex::default() }
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        self.here.lock().unwrap()
    }

    pub(crate) fn button(&self, chat: &ChatId, label: &str) -> Option<(CardRef, Action)> {
        let here = self.here();
        let messages = here.messages.iter().enumerate().rev();
        messages.filter(|(_, message)| message.chat == *chat && !message.gone).find_map(
            |(at, message)| {
                let buttons = message.card.all_buttons();
                let button = buttons
                    .into_iter()
                    .find(|button| button.label.of(message.card.lang) == label)?;
                Some((CardRef::new(here.name(at).0), button.action.clone()))
            },
        )
    }

    pub(crate) fn next(&self) -> Option<String> {
        self.here().unread.pop_front()
    }

    pub(crate) fn cards(&self, chat: &ChatId) -> Vec<String> {
        let here = self.here();
        let messages = here.messages.iter().filter(|message| message.chat == *chat);
        messages.map(|message| message.card.to_string()).collect()
    }

    /// The cards of a chat as they stand, the oldest first, with what a press on each says.
    pub(crate) fn standing(&self, chat: &ChatId) -> Vec<(CardRef, Card)> {
        let here = self.here();
        let messages = here.messages.iter().enumerate();
        let there = messages.filter(|(_, message)| message.chat == *chat && !message.gone);
        there.map(|(at, it)| (CardRef::new(here.name(at).0), it.card.clone())).collect()
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let here = self.here();
        here.messages.iter().map(|message| format!("{}: {}", message.chat, message.card)).collect()
    }

    pub(crate) fn chats(&self) -> Vec<String> {
        self.here().opened.values().map(ToString::to_string).collect()
    }

    pub(crate) fn refuse_to_open(&self, how: Refusal) {
        self.here().refusal = Some(how);
    }

    /// All that was posted before is gone.
    pub(crate) fn forget_all(&self) {
        self.here().first = 1_000_000;
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.here().down = down;
    }

    /// Makes a call that takes effect if the platform is there.
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, ChatError>>,
    ) -> Result<T, ChatError> {
        if self.here().down {
            return Err(anyhow::anyhow!("the platform is down").into());
        }
        self.faults.call(call).await
    }

    pub(crate) fn lose(&self, message: &MessageId) {
        let mut here = self.here();
        here.message(message).unwrap().gone = true;
    }
}

impl Here {
    fn post(&mut self, chat: &ChatId, card: &Card, once: &str) -> MessageId {
        assert!(once.len() <= 32, "the platform takes no longer names");
        let known = self.messages.iter().position(|message| message.once == once);
        let at = known.unwrap_or_else(|| {
            self.unread.push_back(card.to_string());
            let (chat, once, card) = (chat.clone(), once.to_owned(), card.clone());
            self.messages.push(Message { chat, once, card, order: 0, gone: false });
            self.messages.len() - 1
        });
        self.name(at)
    }

    fn name(&self, at: usize) -> MessageId {
        MessageId(format!("m{}", self.first + at))
    }

    fn message(&mut self, message: &MessageId) -> Option<&mut Message> {
        let number: usize = message.0.trim_start_matches('m').parse().unwrap();
        self.messages.get_mut(number.checked_sub(self.first)?)
    }

    /// Keeps to the law: an older look never replaces a newer one.
    fn update(&mut self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        let message = self.message(message).filter(|message| !message.gone);
        let Some(message) = message else {
            return Err(ChatError::Gone(Text::verbatim("it was removed")));
        };
        let mut shown = None;
        if message.order <= order && message.card != *card {
            message.card = card.clone();
            shown = Some(card.to_string());
        }
        message.order = message.order.max(order);
        self.unread.extend(shown);
        Ok(())
    }
}

#[async_trait]
impl Chat for FakeChat {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        self.call(async { Ok(self.here().post(chat, card, once)) }).await
    }

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.call(async { self.here().update(message, card, order) }).await
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.call(async { self.here().update(message, card, order) }).await
    }

    async fn open(&self, name: &str, _: &UserId, once: &str) -> Result<ChatId, ChatError> {
        let open = async {
            let mut here = self.here();
            match here.refusal {
                Some(Refusal::ForEver) => {
                    return Err(ChatError::Refused(Text::verbatim("The app may not make groups.")));
                }
                Some(Refusal::ForNow) => {
                    return Err(ChatError::Later(anyhow::anyhow!("no answer")));
                }
                None => {}
            }
            let opened = here.opened.entry(once.to_owned());
            Ok(opened.or_insert_with(|| ChatId::new(name)).clone())
        };
        self.call(open).await
    }
}

#[derive(Debug)]
pub(crate) struct FakeQueue {
    faults: Faults,
    memory: poco_io::queue::Memory,
    jobs: Mutex<Vec<Job>>,
    unread: Mutex<VecDeque<Job>>,
}

impl FakeQueue {
    pub(crate) fn new(faults: Faults) -> Self {
        let (memory, jobs, unread) = Default::default();
        Self { faults, memory, jobs, unread }
    }

    pub(crate) fn next(&self) -> Option<Job> {
        self.unread.lock().unwrap().pop_front()
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.jobs.lock().unwrap().clone()
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        self.jobs().into_iter().map(|job| job.command).collect()
    }

    pub(crate) fn started(&self) -> Vec<TaskId> {
        let started = |command| match command {
            Command::Start { task, .. } => Some(task),
            Command::Answer { .. }
            | Command::Steer { .. }
            | Command::Stop { .. }
            | Command::Settle
            | Command::Unreadable
            | Command::Browse { .. }
            | Command::Deliver { .. }
            | Command::Look { .. } => None,
        };
        self.commands().into_iter().filter_map(started).collect()
    }

    pub(crate) fn looking(&self) -> Option<EventId> {
        let looking = |command| match command {
            Command::Look { request, .. } | Command::Browse { request, .. } => Some(request),
            Command::Start { .. }
            | Command::Answer { .. }
            | Command::Steer { .. }
            | Command::Settle
            | Command::Unreadable
            | Command::Deliver { .. }
            | Command::Stop { .. } => None,
        };
        self.commands().into_iter().rev().find_map(looking)
    }

    /// Moves what was sent to where it can be read: what comes out of the queue, once.
    async fn collect(&self) {
        let near = Duration::from_millis(0);
        while let Ok(Ok(received)) = tokio::time::timeout(near, self.memory.receive()).await {
            for delivery in received {
                self.memory.done(&delivery).await.unwrap();
                self.jobs.lock().unwrap().push(delivery.job.clone());
                self.unread.lock().unwrap().push_back(delivery.job);
            }
        }
    }
}

#[async_trait]
impl Queue for FakeQueue {
    async fn send(&self, job: &Job) -> anyhow::Result<()> {
        let send = async {
            self.memory.send(job).await?;
            self.collect().await;
            Ok(())
        };
        self.faults.call(send).await
    }

    async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        self.memory.receive().await
    }

    async fn done(&self, delivery: &Delivery) -> anyhow::Result<()> {
        self.memory.done(delivery).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        self.memory.retry(delivery, after).await
    }
}
