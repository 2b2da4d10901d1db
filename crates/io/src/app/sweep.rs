//! What the cloud looks for by itself once in a while: with no machine there, nobody else would say
//! so, nor pay what is owed.

use super::{App, Debt, ROOMS, runners};
use crate::port::{Document, KEYS_MAX, PutError};
use anyhow::Context;
use futures_util::future::join_all;
use poco_core::{Away, ChatId, Runner, RunnerId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::{Instant, timeout_at};

/// Where it is kept how far projects were told.
const KEY: &str = "swept";

/// How many chats are at work at once.
const AT_ONCE: usize = 8;

/// What came of a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// A machine is there, which does all this itself.
    pub machine: bool,
    /// Projects that were told of their machine.
    pub told: usize,
    /// Chats that owe nothing any more.
    pub settled: usize,
    /// There was no time for the rest, or it failed: the next look goes on with it.
    pub more: bool,
}

/// How far projects were told, whichever process did it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// What they are told: when each machine was last heard, and why it takes nothing. One that came
    /// back in between was heard later.
    news: BTreeMap<RunnerId, (Timestamp, Option<Away>)>,
    /// The last chat that was looked at; those behind it are next.
    #[serde(default)]
    after: Option<String>,
    /// All were.
    #[serde(default)]
    done: bool,
}

impl App {
    /// Tells projects that their machine has been silent for too long, and pays what chats owe, as
    /// far as there is time. Does nothing if a machine is there.
    ///
    /// Nothing is lost if it is cut off, and two at once do no harm.
    pub async fn sweep(&self, until: Instant) -> anyhow::Result<Swept> {
        let (runners, now) = (self.runners().await?, (self.clock)());
        if runners.iter().any(|it| !matches!(it.away(now), Some(Away::Asleep { .. }))) {
            return Ok(Swept { machine: true, ..Swept::default() });
        }
        let (told, mut more) = self.tell_all(&runners, now, until).await?;
        let Ok(due) = timeout_at(until, self.due()).await else {
            return Ok(Swept { told: told.len(), more: true, ..Swept::default() });
        };
        let due = due?.context("there is no index of what is due, or no right to it")?;
        // What was just told may not be found by its index yet.
        let owing: BTreeSet<_> = due.into_iter().chain(told.iter().cloned()).collect();
        let mut settled = 0;
        for chats in owing.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            for clear in join_all(chats.iter().map(|chat| self.clear(chat, until))).await {
                settled += usize::from(clear == Some(true));
                more |= clear.is_none();
            }
        }
        Ok(Swept { machine: false, told: told.len(), settled, more })
    }

    /// Pays what a chat owes; says whether that was all, or nothing if there was no time.
    async fn clear(&self, chat: &ChatId, until: Instant) -> Option<bool> {
        match timeout_at(until, self.settle(chat)).await {
            Ok(Ok(debt)) => Some(debt == Debt::Clear),
            Ok(Err(error)) => {
                // The other chats have done nothing to deserve waiting.
                tracing::warn!(chat.id = %chat, "debts could not be paid yet: {error:#}");
                Some(false)
            }
            Err(_) => None,
        }
    }

    /// Tells every project for which its machine is news, and lists those. Chats are read only if
    /// something changed since they were told last. Says whether some are left.
    async fn tell_all(
        &self,
        runners: &[Runner],
        now: Timestamp,
        until: Instant,
    ) -> anyhow::Result<(Vec<ChatId>, bool)> {
        let stored = self.store.get(KEY).await.context("see how far projects were told")?;
        let version = stored.as_ref().map_or(0, |it| it.version);
        // What cannot be read is done anew.
        let before = stored.and_then(|it| serde_json::from_str::<Progress>(&it.body).ok());
        let news: BTreeMap<_, _> =
            runners.iter().map(|it| (it.id.clone(), (it.seen, it.away(now)))).collect();
        let mut progress = before.filter(|it| it.news == news).unwrap_or_default();
        if progress.done || runners.is_empty() {
            return Ok((vec![], false));
        }
        progress.news = news;
        let (mut told, mut missed) = (vec![], false);
        while !progress.done {
            let page = self.tell_page(runners, now, progress.after.as_deref());
            // A page that was cut off is looked at once more: who was told is not told again.
            let Ok(page) = timeout_at(until, page).await else { break };
            let Page { chats, last, failed } = page?;
            told.extend(chats);
            missed |= failed;
            progress.done = last.is_none();
            progress.after = last.or(progress.after);
        }
        if missed && progress.done {
            // Once more from the start, next time.
            (progress.after, progress.done) = (None, false);
        }
        let (body, done) = (serde_json::to_string(&progress)?, progress.done);
        let document = Document { version: version + 1, body, due: false };
        match self.store.put(KEY, &document).await {
            // Another look was at it too, and did the same.
            Ok(()) | Err(PutError::Conflict) => Ok((told, !done)),
            Err(PutError::Other(error)) => Err(error.context("note how far projects were told")),
        }
    }

    async fn tell_page(
        &self,
        runners: &[Runner],
        now: Timestamp,
        after: Option<&str>,
    ) -> anyhow::Result<Page> {
        let keys = self.store.keys(ROOMS, after).await.context("list chats")?;
        let chats: Vec<_> =
            keys.iter().filter_map(|it| it.strip_prefix(ROOMS)).map(ChatId::new).collect();
        let (mut told, mut failed) = (vec![], false);
        for some in chats.chunks(AT_ONCE) {
            let tell = |chat: &ChatId| {
                let chat = chat.clone();
                async move { (self.tell_of_machine(&chat, runners, now).await, chat) }
            };
            for (is_news, chat) in join_all(some.iter().map(tell)).await {
                match is_news {
                    Ok(true) => told.push(chat),
                    Ok(false) => {}
                    Err(error) => {
                        failed = true;
                        tracing::error!(chat.id = %chat, "it was not told of its machine: {error:#}");
                    }
                }
            }
        }
        let last = keys.last().filter(|_| keys.len() == KEYS_MAX).cloned();
        Ok(Page { chats: told, last, failed })
    }

    /// Tells a project of its machine, if that is news to it.
    pub(super) async fn tell_of_machine(
        &self,
        chat: &ChatId,
        runners: &[Runner],
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let Some(event) = runners::news(chat, &self.room(chat).await?, runners, now) else {
            return Ok(false);
        };
        self.take_in(event).await.context("tell a project of its machine")?;
        Ok(true)
    }
}

/// What came of some of the chats.
struct Page {
    /// Those that were told.
    chats: Vec<ChatId>,
    /// Where to go on, if there are more.
    last: Option<String>,
    /// One could not be told.
    failed: bool,
}
