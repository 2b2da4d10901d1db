//! The machines that run agents: each leaves word of itself, and all others read it.

use super::App;
use crate::port::{Document, PutError, Store};
use anyhow::Context;
use futures_util::future::try_join_all;
use poco_core::{
    ASLEEP_AFTER, Away, ChatId, Event, EventId, Fact, Kind, Room, Runner, RunnerId, Terms,
    Timestamp, hash,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Begins the keys of what machines say of themselves.
pub const RUNNERS: &str = "runner/";

/// How long what was read of the machines is good for, in milliseconds.
const FRESH: u64 = 10_000;

/// How often projects are told of the same change: a start that was on its way when its machine came
/// back is held after the first time.
const TOLD: u32 = 2;

/// How often a heartbeat is tried again when another writer came first.
const TRIES_MAX: usize = 4;

/// What this process knows of the machines; nothing if there is but this one.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    watched: bool,
    watch: Arc<Mutex<Watch>>,
}

#[derive(Debug, Default)]
struct Watch {
    /// When the machines were read, and what they were.
    read: Option<(Timestamp, Vec<Runner>)>,
    /// The last word left of a machine: its version, and when that was.
    left: BTreeMap<RunnerId, (u64, Timestamp)>,
    /// Which machines projects were told of as away, and how often; nothing if they must be told
    /// anew.
    told: Option<(BTreeMap<RunnerId, Option<Away>>, u32)>,
}

impl Known {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what machines there are.
pub async fn runners(store: &dyn Store) -> anyhow::Result<Vec<Runner>> {
    let keys = store.keys(RUNNERS, None).await.context("list machines")?;
    let read = try_join_all(keys.iter().map(|key| store.get(key)));
    let mut runners = vec![];
    for (key, document) in keys.iter().zip(read.await.context("load machines")?) {
        let read = document.map(|it| serde_json::from_str(&it.body)).transpose();
        runners.extend(read.with_context(|| format!("unreadable {key}"))?);
    }
    Ok(runners)
}

impl App {
    /// Reads what machines there are, from now on; without it this process is all there is.
    #[must_use]
    pub fn with_runners(mut self) -> Self {
        self.known.watched = true;
        self
    }

    /// Like [`App::with_runners`], when they have just been read.
    #[must_use]
    pub fn with_runners_of(self, runners: Vec<Runner>) -> Self {
        self.known.watch().read = Some(((self.clock)(), runners));
        self.with_runners()
    }

    /// Leaves word that a machine is there, and how it is.
    pub async fn heartbeat(&self, runner: &Runner) -> anyhow::Result<()> {
        let key = runner_key(&runner.id);
        let body = serde_json::to_string(runner).context("write a heartbeat")?;
        let mut last = self.known.watch().left.get(&runner.id).copied();
        for _ in 0..TRIES_MAX {
            let before = match last.take() {
                Some((version, _)) => version,
                None => {
                    let old = self.store.get(&key).await.context("load a heartbeat")?;
                    old.map_or(0, |old| old.version)
                }
            };
            let document = Document { version: before + 1, body: body.clone(), due: false };
            match self.store.put(&key, &document).await {
                Ok(()) => {
                    self.known.watch().leave(runner, document.version);
                    return Ok(());
                }
                Err(PutError::Conflict) => {}
                Err(PutError::Other(error)) => return Err(error.context("save a heartbeat")),
            }
        }
        anyhow::bail!("another process says it is the machine {}", runner.id)
    }

    /// Returns what machines there are, as of a few seconds ago.
    pub async fn runners(&self) -> anyhow::Result<Vec<Runner>> {
        if !self.known.watched {
            return Ok(vec![]);
        }
        let now = (self.clock)();
        if let Some((at, runners)) = &self.known.watch().read
            && now.since(*at) < FRESH
        {
            return Ok(runners.clone());
        }
        let runners = runners(&*self.store).await?;
        self.known.watch().read = Some((now, runners.clone()));
        Ok(runners)
    }

    /// Tells every project whose machine went away, or came back, so that its cards say so. Chats
    /// are read only if something changed since they were told last.
    pub async fn check_runners(&self) -> anyhow::Result<Vec<ChatId>> {
        let (runners, now) = (self.runners().await?, (self.clock)());
        let changes: BTreeMap<_, _> =
            runners.iter().map(|it| (it.id.clone(), it.away(now))).collect();
        let before = self.known.watch().told.clone().filter(|(told, _)| *told == changes);
        let times = before.map_or(0, |(_, times)| times);
        if times >= TOLD {
            return Ok(vec![]);
        }
        let mut told = vec![];
        for chat in self.chats().await? {
            if self.tell_of_machine(&chat, &runners, now).await? {
                told.push(chat);
            }
        }
        self.known.watch().told = Some((changes, times + 1));
        Ok(told)
    }

    /// Fills in the machines, and which of them is the usual one.
    pub(super) async fn add_runners(&self, terms: &mut Terms) -> anyhow::Result<()> {
        terms.runners = self.runners().await?;
        let now = (self.clock)();
        let named = terms.runners.iter().find(|it| it.id == terms.settings.runner);
        let there = || terms.runners.iter().find(|it| it.away(now).is_none());
        let Some(usual) = named.or_else(there).or(terms.runners.first()) else { return Ok(()) };
        if let Some(settings) = &usual.settings {
            terms.settings.clone_from(settings);
        }
        terms.settings.runner = usual.id.clone();
        terms.agents.clone_from(&usual.agents);
        if let Some(agent) = usual.agents.first()
            && !usual.agents.contains(&terms.settings.agent)
        {
            terms.settings.agent.clone_from(agent);
        }
        Ok(())
    }
}

impl Watch {
    /// Notes that word was left: it is known here at once. Of a machine that was silent for long,
    /// others have told since that it is away, and nobody but itself that it is back.
    fn leave(&mut self, runner: &Runner, version: u64) {
        let read = self.read.iter_mut().flat_map(|(_, runners)| runners);
        read.filter(|it| it.id == runner.id).for_each(|it| it.clone_from(runner));
        let last = self.left.insert(runner.id.clone(), (version, runner.seen));
        if last.is_none_or(|(_, at)| runner.seen.since(at) > ASLEEP_AFTER) {
            self.told = None;
        }
    }
}

/// What tells a project of its machine, if that is news to it.
pub(super) fn news(
    chat: &ChatId,
    room: &Room,
    runners: &[Runner],
    now: Timestamp,
) -> Option<Event> {
    if !is_news(room, runners, now) {
        return None;
    }
    // Two things may be new within a millisecond.
    let how = hash(&format!("{:?}", away(room, runners, now)));
    let id = EventId::new(format!("checked-{}-{how:x}", now.0));
    Some(Event { id, chat: chat.clone(), at: now, lang: None, fact: Fact::Checked })
}

fn is_news(room: &Room, runners: &[Runner], now: Timestamp) -> bool {
    if let Some(task) = room.desk.current.as_ref().filter(|task| task.held)
        && runners.iter().any(|it| it.id == task.settings.runner && it.away(now).is_none())
    {
        return true;
    }
    let Kind::Project(project) = &room.kind else { return false };
    away(room, runners, now) != project.away
}

/// Why the machine of a project takes nothing, if it is so.
fn away(room: &Room, runners: &[Runner], now: Timestamp) -> Option<Away> {
    let Kind::Project(project) = &room.kind else { return None };
    let runner = runners.iter().find(|it| it.id == project.settings.runner);
    runner.and_then(|it| it.away(now))
}

/// The key of what a machine says of itself.
pub fn runner_key(id: &RunnerId) -> String {
    format!("{RUNNERS}{id}")
}
