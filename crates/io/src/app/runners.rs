//! The machines that run agents: each leaves word of itself, and all others read it.

use super::App;
use crate::port::{Document, PutError};
use anyhow::Context;
use poco_core::{ChatId, Event, EventId, Fact, Kind, Room, Runner, RunnerId, Terms, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};

/// Begins the keys of what machines say of themselves.
pub const RUNNERS: &str = "runner/";

/// How long what was read of the machines is good for, in milliseconds.
const FRESH: u64 = 10_000;

/// How often a heartbeat is tried again when another writer came first.
const TRIES_MAX: usize = 4;

/// What was last read of the machines; nothing if there is but this one.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Option<Arc<Mutex<LastRead>>>);

/// When the machines were read, and what they were.
type LastRead = (Timestamp, Vec<Runner>);

impl Known {
    pub(super) fn watched() -> Self {
        Self(Some(Arc::default()))
    }
}

impl App {
    /// Reads what machines there are, from now on; without it this process is all there is.
    #[must_use]
    pub fn with_runners(mut self) -> Self {
        self.known = Known::watched();
        self
    }

    /// Leaves word that a machine is there, and how it is.
    pub async fn heartbeat(&self, runner: &Runner) -> anyhow::Result<()> {
        let key = runner_key(&runner.id);
        let body = serde_json::to_string(runner).context("write a heartbeat")?;
        for _ in 0..TRIES_MAX {
            let old = self.store.get(&key).await.context("load a heartbeat")?;
            let version = old.map_or(0, |old| old.version) + 1;
            match self.store.put(&key, &Document { version, body: body.clone() }).await {
                Ok(()) => {
                    self.note(runner);
                    return Ok(());
                }
                Err(PutError::Conflict) => {}
                Err(PutError::Other(error)) => return Err(error.context("save a heartbeat")),
            }
        }
        anyhow::bail!("another process says it is the machine {}", runner.id)
    }

    /// What a machine says of itself is known here at once.
    fn note(&self, runner: &Runner) {
        let Some(known) = &self.known.0 else { return };
        let runners = &mut known.lock().unwrap_or_else(PoisonError::into_inner).1;
        runners.iter_mut().filter(|it| it.id == runner.id).for_each(|it| it.clone_from(runner));
    }

    /// Returns what machines there are, as of a few seconds ago.
    pub async fn runners(&self) -> anyhow::Result<Vec<Runner>> {
        let Some(known) = &self.known.0 else { return Ok(vec![]) };
        let now = (self.clock)();
        {
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.0 != Timestamp::default() && now.since(known.0) < FRESH {
                return Ok(known.1.clone());
            }
        }
        let mut runners = vec![];
        for key in self.store.keys(RUNNERS, None).await.context("list machines")? {
            let document = self.store.get(&key).await.context("load a machine")?;
            let read = document.map(|it| serde_json::from_str(&it.body)).transpose();
            runners.extend(read.with_context(|| format!("unreadable {key}"))?);
        }
        *known.lock().unwrap_or_else(PoisonError::into_inner) = (now, runners.clone());
        Ok(runners)
    }

    /// Tells every project whose machine went away, or came back, so that its cards say so.
    pub async fn check_runners(&self) -> anyhow::Result<Vec<ChatId>> {
        let (runners, now) = (self.runners().await?, (self.clock)());
        let mut told = vec![];
        for (chat, room) in self.rooms().await? {
            if !is_news(&room, &runners, now) {
                continue;
            }
            let id = EventId::new(format!("checked-{}", now.0));
            let event = Event { id, chat: chat.clone(), at: now, lang: None, fact: Fact::Checked };
            self.take_in(event).await.context("tell a project of its machine")?;
            told.push(chat);
        }
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

fn is_news(room: &Room, runners: &[Runner], now: Timestamp) -> bool {
    if let Some(task) = room.desk.current.as_ref().filter(|task| task.held)
        && runners.iter().any(|it| it.id == task.settings.runner && it.away(now).is_none())
    {
        return true;
    }
    let Kind::Project(project) = &room.kind else { return false };
    let runner = runners.iter().find(|it| it.id == project.settings.runner);
    runner.and_then(|it| it.away(now)) != project.away
}

/// The key of what a machine says of itself.
pub fn runner_key(id: &RunnerId) -> String {
    format!("{RUNNERS}{id}")
}
