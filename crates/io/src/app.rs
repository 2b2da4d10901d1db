//! The one straight way: load, decide, save, perform.

mod audit;
mod cards;
mod pages;
mod perform;
mod runners;
mod sweep;
mod tasks;
mod turns;

pub use audit::{Flaw, Line, Verified, lines, verify};
pub(crate) use pages::PAGES;
pub use runners::{RUNNERS, runner_key, runners};
pub use sweep::Swept;
pub(crate) use tasks::TASKS;
pub use tasks::TaskPage;
use turns::Turns;

use crate::mask::{Mask, Masked};
use crate::port::{Chat, PutError, Queue, Store};
use crate::record::Record;
use anyhow::Context;
use futures_util::future::try_join;
use poco_core::{
    Archive, Card, ChatId, Command, Effect, Event, Fact, Kind, Lang, Offers, Room, RunnerId,
    TaskId, Terms, Text, Timestamp, Transcript, UserId, Via, admit, live,
};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a save is tried again when a writer of another process came first.
const TRIES_MAX: u32 = 16;

/// How long what the house said of the owner is good for, in milliseconds: only another process can
/// have heard of a change by then.
const OWNER_FRESH: u64 = 10_000;

/// Where all events go and everything comes from. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub store: Arc<dyn Store>,
    pub queue: Arc<dyn Queue>,
    pub chat: Arc<dyn Chat>,
    pub clock: fn() -> Timestamp,
    terms: Terms,
    /// Who the house says is the owner, and when it was asked.
    owner: Arc<Mutex<(Timestamp, Option<UserId>)>>,
    /// Those who load, decide and save: a busy chat would have them all but one do it in vain.
    writers: Turns,
    payers: Turns,
    known: runners::Known,
    offers: Arc<Mutex<Offers>>,
    mask: Mask,
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

impl Taken {
    /// Whether an agent starts because of it: its machine looks after all the chat owes then.
    pub fn starts(&self) -> bool {
        let is_start =
            |effect: &Effect| matches!(effect, Effect::Send { command: Command::Start { .. }, .. });
        self.record.owed().any(|owed| is_start(&owed.effect))
    }

    /// Whether the machine that looks after the chat is away.
    fn is_alone(&self) -> bool {
        matches!(&self.room.kind, Kind::Project(project) if project.away.is_some())
    }
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
        let (owner, writers, payers, known, offers, mask) = Default::default();
        Self { store, queue, chat, clock, terms, owner, writers, payers, known, offers, mask }
    }

    /// Keeps secrets out of everything that people see.
    #[must_use]
    pub fn masking(self, mask: Mask) -> Self {
        let chat = Arc::new(Masked::new(self.chat, mask.clone()));
        Self { chat, mask, ..self }
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
        let turn = self.writers.take(&event.chat).await;
        // Both may be far away, and as a rule the event stays in its chat.
        let (terms, found) = try_join(self.terms(), self.load(&event.chat)).await?;
        let elsewhere = match Box::pin(self.take_in_at(&terms, event, Some(found))).await? {
            Admitted::In(taken) => return Ok(*taken),
            Admitted::Elsewhere(event) => event,
        };
        drop(turn);
        let _turn = self.writers.take(&elsewhere.chat).await;
        match Box::pin(self.take_in_at(&terms, elsewhere, None)).await? {
            Admitted::In(taken) => Ok(*taken),
            // The house hears of those who knock, and it takes in everybody.
            Admitted::Elsewhere(event) => anyhow::bail!("nobody takes in {}", event.id),
        }
    }

    /// Takes in an event in its chat, unless it belongs elsewhere by what its author is there. It
    /// must be the caller's turn.
    async fn take_in_at(
        &self,
        terms: &Terms,
        event: Event,
        mut found: Option<Record>,
    ) -> anyhow::Result<Admitted> {
        for tries in 0..TRIES_MAX {
            give_way(tries).await;
            let mut record = match found.take() {
                Some(record) => record,
                None => self.load(&event.chat).await?,
            };
            let admitted = admit(terms, &record.room, event.clone());
            if admitted.chat != event.chat && !record.has_seen(&event.id) {
                return Ok(Admitted::Elsewhere(admitted));
            }
            if tries == 0 && !record.has_seen(&event.id) && self.was_refused(terms, &event).await? {
                let nothing = taken(terms, &self.mask, event.chat, vec![], record);
                return Ok(Admitted::In(Box::new(nothing)));
            }
            let decided = record.take_in(terms, &event);
            if decided.changed {
                match self.save(&event.chat, &mut record).await {
                    Err(PutError::Conflict) => continue,
                    Err(PutError::Other(error)) => return Err(error.context("save")),
                    Ok(()) => {}
                }
            }
            if event.chat == terms.house {
                self.heed(&record.room);
            }
            let taken = taken(terms, &self.mask, event.chat, decided.effects, record);
            return Ok(Admitted::In(Box::new(taken)));
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
        let (heard, owner) = self.owner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if owner.is_some() && (self.clock)().since(heard) < OWNER_FRESH {
            return Ok(owner);
        }
        Ok(self.heed(&self.room(&self.terms.house).await?))
    }

    /// Remembers whom the house says is the owner.
    fn heed(&self, house: &Room) -> Option<UserId> {
        let Kind::House(house) = &house.kind else { return None };
        let heard = ((self.clock)(), house.owner.clone());
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = heard;
        house.owner.clone()
    }

    /// Says whether an event was refused when it came before. Whoever was let in since has not been
    /// when they did it.
    async fn was_refused(&self, terms: &Terms, event: &Event) -> anyhow::Result<bool> {
        let Fact::Acted { by, via, .. } = &event.fact else { return Ok(false) };
        if matches!(via, Via::Local { .. }) || terms.owner.as_ref() == Some(by) {
            return Ok(false);
        }
        Ok(self.load(&terms.house).await?.has_seen(&event.id))
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

/// Where an event was taken in.
enum Admitted {
    In(Box<Taken>),
    /// Nowhere yet: it is to be taken in as this.
    Elsewhere(Event),
}

/// Waits a little, longer each time, and by chance: processes that were at one chat at the same time
/// must not be there at the same time again.
async fn give_way(tries: u32) {
    if tries > 0 {
        let chance = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        tokio::time::sleep(Duration::from_millis(2 << tries.min(6)).mul_f64(chance)).await;
    }
}

/// Begins the keys of all rooms.
const ROOMS: &str = "room/";

fn key(chat: &ChatId) -> String {
    format!("{ROOMS}{chat}")
}

fn taken(terms: &Terms, mask: &Mask, chat: ChatId, effects: Vec<Effect>, record: Record) -> Taken {
    let nothing = effects.is_empty();
    let (mut toast, mut shown, mut ended) = (None, vec![], vec![]);
    for effect in effects {
        match effect {
            Effect::Toast { text } => toast = Some(mask.told(text)),
            Effect::Show { card, .. } | Effect::Post { card, .. } => shown.push(mask.card(&card)),
            Effect::Keep { archive } => ended.push(archive),
            Effect::Send { .. }
            | Effect::Open { .. }
            | Effect::Tell { .. }
            | Effect::Audit { .. }
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
