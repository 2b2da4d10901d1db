//! The one straight way: load, decide, save, perform.

mod cards;
mod pages;
mod perform;
mod runners;
mod tasks;
mod turns;

pub(crate) use pages::PAGES;
pub use runners::{RUNNERS, runner_key};
pub(crate) use tasks::TASKS;
pub use tasks::TaskPage;
use turns::Turns;

use crate::port::{Chat, PutError, Queue, Store};
use crate::record::Record;
use anyhow::Context;
use poco_core::{
    Archive, Card, ChatId, Effect, Event, Kind, Lang, Offers, Room, RunnerId, TaskId, Terms, Text,
    Timestamp, Transcript, UserId, admit, live,
};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How often a save is tried again when a writer of another process came first.
const TRIES_MAX: u32 = 16;

/// Where all events go and everything comes from. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub chat: Arc<dyn Chat>,
    pub clock: fn() -> Timestamp,
    terms: Terms,
    /// The owner, once the house has one: it never changes again.
    owner: Arc<OnceLock<UserId>>,
    /// Those who load, decide and save: a busy chat would have them all but one do it in vain.
    writers: Turns,
    payers: Turns,
    known: runners::Known,
    offers: Arc<Mutex<Offers>>,
}

/// What came of an event, its state being saved.
#[derive(Debug)]
pub struct Taken {
    /// The chat whose record took it in: settle this one.
    pub chat: ChatId,
    /// What to tell the person who pressed, and nobody else.
    pub toast: Option<Text>,
    /// What the chat speaks.
    pub lang: Lang,
    /// Cards shown because of it, newest last.
    pub shown: Vec<Card>,
    /// Nothing came of it: it was taken in before, or is out of date.
    pub nothing: bool,
    /// Tasks it ended; they are kept once the chat is settled.
    pub ended: Vec<Archive>,
    /// The room as it is now.
    pub room: Room,
    /// The machine that looks after the chat.
    pub runner: RunnerId,
    /// What is stored of the chat by now.
    record: Record,
}

/// Whether a chat still owes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debt {
    Clear,
    /// Something failed that may work later.
    Owing,
}

impl App {
    /// Joins the ports. `terms` hold everywhere; their `owner` may be left for the house to say.
    pub fn new(
        store: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        chat: Arc<dyn Chat>,
        terms: Terms,
        clock: fn() -> Timestamp,
    ) -> Self {
        let (owner, writers, payers, known, offers) = Default::default();
        Self { store, queue, chat, clock, terms, owner, writers, payers, known, offers }
    }

    /// Takes in one event and performs what follows from it.
    ///
    /// After an error the event may be given again; what was done is not redone.
    pub async fn handle(&self, event: Event) -> anyhow::Result<Taken> {
        let taken = self.take_in(event).await?;
        self.settle(&taken.chat).await?;
        Ok(taken)
    }

    /// Takes in one event: load, decide, save. What it owes is performed by [`App::settle`].
    pub async fn take_in(&self, event: Event) -> anyhow::Result<Taken> {
        let terms = self.terms().await?;
        let event = admit(&terms, event);
        let _turn = self.writers.take(&event.chat).await;
        for tries in 0..TRIES_MAX {
            give_way(tries).await;
            let mut record = self.load(&event.chat).await?;
            let decided = record.take_in(&terms, &event);
            if decided.changed {
                match self.save(&event.chat, &mut record).await {
                    Err(PutError::Conflict) => continue,
                    Err(PutError::Other(error)) => return Err(error.context("save")),
                    Ok(()) => {}
                }
            }
            return Ok(taken(&terms, event.chat, decided.effects, record));
        }
        anyhow::bail!("too many writers at once in chat {}", event.chat)
    }

    /// Lets people see a task under way. Changes nothing that is stored. Whether it was seen is not
    /// known: a platform that is busy skips it.
    pub async fn glance(
        &self,
        chat: &ChatId,
        task: &TaskId,
        transcript: &Transcript,
    ) -> anyhow::Result<()> {
        let record = self.load(chat).await?;
        let Some((key, card)) = live(&record.room, record.room.lang(&self.terms), task, transcript)
        else {
            return Ok(());
        };
        let message = record.message(&key).context("its card is not posted yet")?;
        self.chat.glance(&message, &card, record.version).await.context("glance")
    }

    /// Returns a room as it is.
    pub async fn room(&self, chat: &ChatId) -> anyhow::Result<Room> {
        Ok(self.load(chat).await?.room)
    }

    /// Returns the terms, with the owner if there is one by now.
    pub async fn terms(&self) -> anyhow::Result<Terms> {
        let mut terms = self.terms.clone();
        if terms.owner.is_none() {
            terms.owner = self.owner().await?;
        }
        self.add_runners(&mut terms).await?;
        terms.offers.clone_from(&self.offers());
        Ok(terms)
    }

    /// Notes what can be chosen for this process's own agents.
    pub fn set_offers(&self, offers: Offers) {
        *self.offers() = offers;
    }

    /// What can be chosen for this process's own agents, as far as they have said.
    pub fn offers(&self) -> MutexGuard<'_, Offers> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn owner(&self) -> anyhow::Result<Option<UserId>> {
        if let Some(owner) = self.owner.get() {
            return Ok(Some(owner.clone()));
        }
        let Kind::House(house) = self.room(&self.terms.house).await?.kind else { return Ok(None) };
        Ok(house.owner.map(|owner| self.owner.get_or_init(|| owner).clone()))
    }

    async fn load(&self, chat: &ChatId) -> anyhow::Result<Record> {
        let Some(document) = self.store.get(&key(chat)).await.context("load")? else {
            return Ok(Record::default());
        };
        let record = Record::read(&document);
        record.with_context(|| format!("unreadable record of chat {chat}"))
    }

    async fn save(&self, chat: &ChatId, record: &mut Record) -> Result<(), PutError> {
        let document = record.write().map_err(anyhow::Error::from)?;
        self.store.put(&key(chat), &document).await?;
        record.version = document.version;
        Ok(())
    }
}

/// Waits a little, and longer each time, so that two processes do not come first in turns for ever.
async fn give_way(tries: u32) {
    if tries > 0 {
        tokio::time::sleep(Duration::from_millis(1 << tries.min(6))).await;
    }
}

/// Begins the keys of all rooms.
const ROOMS: &str = "room/";

fn key(chat: &ChatId) -> String {
    format!("{ROOMS}{chat}")
}

fn taken(terms: &Terms, chat: ChatId, effects: Vec<Effect>, record: Record) -> Taken {
    let nothing = effects.is_empty();
    let (mut toast, mut shown, mut ended) = (None, vec![], vec![]);
    for effect in effects {
        match effect {
            Effect::Toast { text } => toast = Some(text),
            Effect::Show { card, .. } | Effect::Post { card, .. } => shown.push(card),
            Effect::Keep { archive } => ended.push(archive),
            Effect::Send { .. }
            | Effect::Open { .. }
            | Effect::Tell { .. }
            | Effect::Recall { .. } => {}
        }
    }
    let room = record.room.clone();
    let runner = match &room.kind {
        Kind::Project(project) => project.settings.runner.clone(),
        Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => terms.settings.runner.clone(),
    };
    let lang = room.lang(terms);
    Taken { chat, toast, lang, shown, nothing, ended, room, runner, record }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
