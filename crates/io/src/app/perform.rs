//! Pays what is owed. Every effect may be repeated without harm, and one that fails holds back no
//! other: a job goes out though the chat platform is down.

use super::{App, Debt, ROOMS, TRIES_MAX, Taken, give_way};
use crate::port::{ChatError, Job, KEYS_MAX, MessageId, PutError};
use crate::record::{Head, Owed, Record};
use anyhow::Context;
use futures_util::future::{join_all, try_join};
use poco_core::words::platform as words;
use poco_core::{
    Archive, CardKey, ChatId, Command, Effect, Event, EventId, Fact, Lang, Listing, Settings,
    Timestamp, UserId, hash,
};
use std::collections::VecDeque;

/// How often what is owed may give rise to more.
const ROUNDS_MAX: usize = 12;

/// How long a chat that can't be opened is tried for, in milliseconds.
const OPEN_PATIENCE: u64 = 120_000;

/// What there is to note about a chat after paying.
#[derive(Debug, Default)]
struct Paid {
    done: Vec<Owed>,
    posted: Vec<(CardKey, MessageId)>,
    /// The last line of the audit that was written.
    audited: Option<Head>,
    /// Events that effects gave rise to, in whichever chats.
    events: Vec<Event>,
}

/// Which cards are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cards {
    All,
    /// Those that nobody has seen yet.
    New,
}

impl App {
    /// Pays what a chat owes, and what chats owe that hear of it.
    pub async fn settle(&self, chat: &ChatId) -> anyhow::Result<Debt> {
        self.settle_known(chat, None, Cards::All).await
    }

    /// Like [`App::settle`], for a process that does nothing else meanwhile: what the chat owes is
    /// known since the event was taken in, and not read again.
    ///
    /// If the chat's machine is there, changes of cards are left to it: of two processes that change
    /// a card at once, the one that knows less may come last.
    pub async fn settle_after(&self, taken: &Taken) -> anyhow::Result<Debt> {
        let cards = if taken.is_alone() { Cards::All } else { Cards::New };
        self.settle_known(&taken.chat, Some(taken.record.clone()), cards).await
    }

    async fn settle_known(
        &self,
        chat: &ChatId,
        mut known: Option<Record>,
        cards: Cards,
    ) -> anyhow::Result<Debt> {
        let mut chats = VecDeque::from([chat.clone()]);
        let mut debt = Debt::Clear;
        for _ in 0..ROUNDS_MAX {
            let Some(chat) = chats.pop_front() else { return Ok(debt) };
            let (left, heard) = self.pay(&chat, known.take(), cards).await?;
            if left == Debt::Owing {
                debt = Debt::Owing;
            }
            chats.extend(heard);
        }
        anyhow::bail!("effects without end in chat {chat}")
    }

    /// Lists the chats that owe something, for whoever looks once in a while: it costs what there
    /// is to list. Those that settled a moment ago may be among them.
    pub async fn owing(&self) -> anyhow::Result<Vec<ChatId>> {
        match self.due().await? {
            Some(due) => Ok(due),
            None => self.owing_anywhere().await,
        }
    }

    /// Like [`App::owing`], for whoever must not read every chat; `None` if there is no other way.
    pub(super) async fn due(&self) -> anyhow::Result<Option<Vec<ChatId>>> {
        let mut due: Vec<String> = vec![];
        loop {
            let after = due.last().map(String::as_str);
            let Some(page) = self.store.due(after).await.context("list what is due")? else {
                return Ok(None);
            };
            let full = page.len() == KEYS_MAX;
            due.extend(page);
            if !full {
                let rooms = due.iter().filter_map(|key| key.strip_prefix(ROOMS));
                return Ok(Some(rooms.map(ChatId::new).collect()));
            }
        }
    }

    /// Lists the chats that owe something, whichever version of PoCo wrote them: it reads them all.
    pub async fn owing_anywhere(&self) -> anyhow::Result<Vec<ChatId>> {
        let mut owing = vec![];
        for chat in self.chats().await? {
            match self.load(&chat).await {
                Ok(record) if record.is_settled() => {}
                Ok(_) => owing.push(chat),
                // The other chats have done nothing to deserve waiting.
                Err(error) => tracing::error!(chat.id = %chat, "debts are not known: {error:#}"),
            }
        }
        Ok(owing)
    }

    /// Pays once, and returns the chats that heard of something.
    async fn pay(
        &self,
        chat: &ChatId,
        known: Option<Record>,
        cards: Cards,
    ) -> anyhow::Result<(Debt, Vec<ChatId>)> {
        let _turn = self.payers.take(chat).await;
        let record = match known {
            Some(record) => record,
            None => self.load(chat).await?,
        };
        if record.is_settled() {
            return Ok((Debt::Clear, vec![]));
        }
        let paid = self.perform(chat, &record, cards).await;
        // What others hear is saved with them before it is struck off here.
        let mut heard = vec![];
        for event in &paid.events {
            let taken = self.take_in(event.clone()).await?;
            if !heard.contains(&taken.chat) {
                heard.push(taken.chat);
            }
        }
        let debt = left(&record, &paid);
        self.strike_off(chat, &paid, record).await?;
        Ok((debt, heard))
    }

    /// Sends the jobs a chat owes, and nothing else: they must not wait for cards.
    pub async fn send_jobs(&self, chat: &ChatId) -> anyhow::Result<Debt> {
        let (record, mut paid) = (self.load(chat).await?, Paid::default());
        self.send(chat, &record, &mut paid).await;
        let debt = left(&record, &paid);
        self.strike_off(chat, &paid, record).await?;
        Ok(debt)
    }

    /// Sends the jobs that are owed since an event was taken in, and has a machine pay the rest.
    /// `cause` is that event.
    pub async fn send_jobs_after(&self, taken: &Taken, cause: &str) -> anyhow::Result<Debt> {
        let (chat, record, mut paid) = (&taken.chat, &taken.record, Paid::default());
        self.send(chat, record, &mut paid).await;
        let struck = self.strike_off(chat, &paid, record.clone());
        if left(record, &paid) == Debt::Owing {
            try_join(struck, self.hand_over(taken, cause)).await?;
        } else {
            struck.await?;
        }
        Ok(Debt::Clear)
    }

    /// Has a machine pay what a chat owes, for there is no time to do so here. `cause` is the event
    /// it is owed for.
    pub async fn hand_over(&self, taken: &Taken, cause: &str) -> anyhow::Result<()> {
        let (chat, runner) = (taken.chat.clone(), taken.runner.clone());
        let job = Job { id: format!("{cause}-settle"), chat, runner, command: Command::Settle };
        self.queue.send(&job).await.context("hand over what is owed")
    }

    /// Notes what was paid. `record` is how it was found; as a rule nobody has changed it since.
    async fn strike_off(&self, chat: &ChatId, paid: &Paid, record: Record) -> anyhow::Result<()> {
        if paid.done.is_empty() && paid.posted.is_empty() {
            return Ok(());
        }
        let _turn = self.writers.take(chat).await;
        let mut found = Some(record);
        for tries in 0..TRIES_MAX {
            let mut record = match found.take() {
                Some(record) => record,
                None => {
                    give_way(tries - 1).await;
                    self.load(chat).await?
                }
            };
            record.settle(&paid.done, &paid.posted);
            record.audited(paid.audited.as_ref());
            match self.save(chat, &mut record).await {
                Ok(()) => return Ok(()),
                Err(PutError::Conflict) => {}
                Err(PutError::Other(error)) => return Err(error.context("strike off")),
            }
        }
        anyhow::bail!("too many writers at once in chat {chat}")
    }

    async fn perform(&self, chat: &ChatId, record: &Record, cards: Cards) -> Paid {
        let mut paid = Paid::default();
        self.send(chat, record, &mut paid).await;
        let (noted, head) = Box::pin(self.audit(chat, record)).await;
        paid.done.extend(noted);
        paid.audited = head;
        self.keep_known(record, &mut paid).await;
        let shows = record.owed().filter(|owed| !superseded(record, owed));
        let shows = shows.filter(|owed| cards == Cards::All || is_new(record, owed));
        let shown = join_all(shows.map(|owed| self.show(chat, record, owed))).await;
        for (owed, posted) in shown.into_iter().flatten() {
            paid.done.extend(
                record.owed().filter(|it| it.order <= owed.order && it.is_same_card(owed)).cloned(),
            );
            paid.posted.extend(posted);
        }
        for owed in record.owed() {
            if paid.done.contains(owed) {
                continue;
            }
            match self.others(chat, record, owed, &mut paid).await {
                Ok(true) => paid.done.push(owed.clone()),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(chat.id = %chat, effect.id = owed.id, "an effect failed: {error:#}")
                }
            }
        }
        paid
    }

    /// Sends jobs, in order: one that fails holds back those behind it.
    async fn send(&self, chat: &ChatId, record: &Record, paid: &mut Paid) {
        for owed in record.owed() {
            let Effect::Send { runner, command } = &owed.effect else { continue };
            let (id, runner, command) = (owed.id.clone(), runner.clone(), command.clone());
            let job = Job { id, chat: chat.clone(), runner, command };
            if let Err(error) = self.queue.send(&job).await {
                tracing::warn!(chat.id = %chat, effect.id = owed.id, "a job could not be sent: {error:#}");
                return;
            }
            paid.done.push(owed.clone());
        }
    }

    /// Keeps tasks that are over: they must not be unknown for as long as no card can be shown. One
    /// whose card is not known yet is kept once more when it is.
    async fn keep_known(&self, record: &Record, paid: &mut Paid) {
        for owed in record.owed() {
            let Effect::Keep { archive } = &owed.effect else { continue };
            let message = record.message(&archive.task.card());
            let is_known = message.is_some();
            if self.keep(archive, message).await.is_ok() && is_known {
                paid.done.push(owed.clone());
            }
        }
    }

    /// Performs what is neither a job nor a card. Says whether it is done.
    async fn others(
        &self,
        chat: &ChatId,
        record: &Record,
        owed: &Owed,
        paid: &mut Paid,
    ) -> anyhow::Result<bool> {
        match &owed.effect {
            Effect::Show { .. }
            | Effect::Post { .. }
            | Effect::Toast { .. }
            | Effect::Send { .. }
            // In order, or not at all.
            | Effect::Audit { .. }
            | Effect::Recall { .. } => return Ok(false),
            Effect::Tell { chat, fact } => {
                paid.events.push(follow("told", owed, chat, fact.clone()))
            }
            Effect::Keep { archive } => {
                let message = self.message_of(record, paid, archive);
                self.keep(archive, message).await.context("keep")?;
            }
            Effect::Open { request, name, by, settings, lang } => {
                let opening = Opening { request, name, by, settings, lang: *lang };
                return self.open(chat, owed, &opening, paid).await;
            }
        }
        Ok(true)
    }

    fn message_of(&self, record: &Record, paid: &Paid, archive: &Archive) -> Option<MessageId> {
        let key = archive.task.card();
        let posted = paid.posted.iter().find(|(it, _)| *it == key);
        posted.map(|(_, message)| message.clone()).or_else(|| record.message(&key))
    }

    async fn open(
        &self,
        lobby: &ChatId,
        owed: &Owed,
        opening: &Opening<'_>,
        paid: &mut Paid,
    ) -> anyhow::Result<bool> {
        let Opening { request, name, by, settings, lang } = *opening;
        let request = request.clone();
        let fact = match self.chat.open(name, by, &once(&[&owed.id])).await {
            Ok(chat) => {
                let (name, by, settings) = (name.to_owned(), by.clone(), settings.clone());
                let Settings { agent, workdir, .. } = settings.clone();
                let listing = Listing {
                    chat: chat.clone(),
                    name: name.clone(),
                    agent,
                    workdir,
                    leaving: false,
                    archived: false,
                };
                let opened = Fact::Opened { name, by, settings, lobby: lobby.clone(), lang };
                paid.events.push(follow("opened", owed, &chat, opened));
                Fact::Listed { request, project: listing }
            }
            Err(ChatError::Refused(reason) | ChatError::Gone(reason)) => {
                Fact::OpenFailed { request, reason }
            }
            Err(ChatError::Later(error)) if self.is_late(owed.at) => {
                tracing::error!(effect.id = owed.id, "a chat could not be opened: {error:#}");
                let reason = words::no_answer_opening();
                Fact::OpenFailed { request, reason }
            }
            Err(ChatError::Later(error)) => return Err(error.context("open a chat")),
        };
        paid.events.push(follow("answered", owed, lobby, fact));
        Ok(true)
    }

    fn is_late(&self, at: Timestamp) -> bool {
        (self.clock)().since(at) > OPEN_PATIENCE
    }
}

struct Opening<'a> {
    request: &'a EventId,
    name: &'a str,
    by: &'a UserId,
    settings: &'a Settings,
    lang: Option<Lang>,
}

/// Says whether a record owes more than was paid. What came in meanwhile is no failure: whoever
/// brought it has it paid.
fn left(record: &Record, paid: &Paid) -> Debt {
    let left = record.owed().any(|owed| !paid.done.contains(owed));
    if left { Debt::Owing } else { Debt::Clear }
}

/// Whether a newer look of the same card is owed too: the latest look wins.
fn superseded(record: &Record, owed: &Owed) -> bool {
    record.owed().skip_while(|it| it.id != owed.id).skip(1).any(|it| it.is_same_card(owed))
}

/// Whether an effect shows what nobody has seen yet. If an older look is owed too, another process
/// may just be posting that.
fn is_new(record: &Record, owed: &Owed) -> bool {
    match &owed.effect {
        Effect::Show { key, .. } => {
            let older = |it: &Owed| it.order < owed.order && it.is_same_card(owed);
            record.message(key).is_none() && !record.owed().any(older)
        }
        Effect::Recall { on, .. } => on.is_none(),
        Effect::Post { .. }
        | Effect::Toast { .. }
        | Effect::Send { .. }
        | Effect::Open { .. }
        | Effect::Tell { .. }
        | Effect::Keep { .. }
        | Effect::Audit { .. } => true,
    }
}

/// Makes a name for something that must happen once; at most 32 characters.
pub(super) fn once(parts: &[&str]) -> String {
    let text = parts.join("\n");
    format!("{:016x}{:016x}", hash(&text), hash(&format!("{text}\n")))
}

/// An event that an effect gave rise to. The same effect gives the same event.
fn follow(word: &str, owed: &Owed, chat: &ChatId, fact: Fact) -> Event {
    let id = EventId::new(format!("{}-{word}", owed.id));
    Event { id, chat: chat.clone(), at: owed.at, lang: None, fact }
}
