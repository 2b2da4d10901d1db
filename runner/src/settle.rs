//! Pays what chats owe while everybody goes on, and again after a while if it could not be paid.

use poco_core::ChatId;
use poco_io::app::{App, Debt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The first wait before paying again what could not be paid, and the longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often it is looked for debts nobody here knows of: at least, and by chance so much more, so
/// that machines do not all look at once.
const SWEEP_EVERY: (Duration, Duration) = (Duration::from_secs(45), Duration::from_secs(15));

/// After how many of these looks every chat is read: an older version of PoCo does not mark those
/// that owe something. With more than a hundred chats that is the costlier look.
const SWEEPS: u32 = 400;

/// One payer for each chat that owes something. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Settler {
    app: App,
    /// Chats with a payer at work.
    busy: Arc<Mutex<BTreeMap<ChatId, Busy>>>,
    done: watch::Sender<()>,
}

/// What a payer is told while it is at work.
#[derive(Clone, Debug, Default)]
struct Busy {
    /// There is more to pay than it knows.
    more: bool,
    /// It need not wait any longer.
    wake: Arc<Notify>,
}

impl Settler {
    pub(crate) fn new(app: App) -> Self {
        Self { app, busy: Arc::default(), done: watch::Sender::new(()) }
    }

    /// Has a chat's debts paid, now or as soon as they can be.
    pub(crate) fn soon(&self, chat: &ChatId) {
        let mut busy = self.busy();
        if let Some(payer) = busy.get_mut(chat) {
            payer.more = true;
            payer.wake.notify_one();
            // The payer may be busy with cards: the jobs go out at once all the same.
            let (app, chat) = (self.app.clone(), chat.clone());
            tokio::spawn(async move {
                if let Err(error) = app.send_jobs(&chat).await {
                    tracing::warn!(chat.id = %chat, "jobs could not be sent yet: {error:#}");
                }
            });
            return;
        }
        let payer = busy.entry(chat.clone()).or_default();
        tokio::spawn(self.clone().pay(chat.clone(), payer.wake.clone()));
    }

    /// Waits until nothing is being paid.
    pub(crate) async fn idle(&self) {
        let mut done = self.done.subscribe();
        // Whatever is struck off from now on is seen by the next look.
        while !self.busy().is_empty() && done.changed().await.is_ok() {}
    }

    /// Looks for debts once in a while, for ever.
    pub(crate) async fn sweep(&self) {
        loop {
            for _ in 0..SWEEPS {
                // Without randomness all is well too.
                let chance = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
                tokio::time::sleep(SWEEP_EVERY.0 + SWEEP_EVERY.1.mul_f64(chance)).await;
                self.pay_all(self.app.owing().await);
            }
            self.sweep_all().await;
        }
    }

    /// Looks into every chat, and has its debts paid.
    pub(crate) async fn sweep_all(&self) {
        self.pay_all(self.app.owing_anywhere().await);
    }

    fn pay_all(&self, owing: anyhow::Result<Vec<ChatId>>) {
        match owing {
            Ok(chats) => chats.iter().for_each(|chat| self.soon(chat)),
            Err(error) => tracing::error!("could not look for debts: {error:#}"),
        }
    }

    async fn pay(self, chat: ChatId, wake: Arc<Notify>) {
        let mut wait = WAIT.0;
        loop {
            let debt = self.app.settle(&chat).await.unwrap_or_else(|error| {
                tracing::warn!(chat.id = %chat, "debts could not be paid yet: {error:#}");
                Debt::Owing
            });
            if debt == Debt::Clear {
                let mut busy = self.busy();
                let more = busy.get_mut(&chat).is_some_and(|it| std::mem::take(&mut it.more));
                if !more {
                    busy.remove(&chat);
                    drop(busy);
                    self.done.send_replace(());
                    return;
                }
                wait = WAIT.0;
                continue;
            }
            // What comes in anew is not held up by what failed before.
            let _ = tokio::time::timeout(wait, wake.notified()).await;
            wait = (wait * 2).min(WAIT.1);
        }
    }

    fn busy(&self) -> MutexGuard<'_, BTreeMap<ChatId, Busy>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
