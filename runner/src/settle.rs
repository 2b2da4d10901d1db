//! Pays what chats owe while everybody goes on, and again after a while if it could not be paid.

use poco_core::ChatId;
use poco_io::app::{App, Debt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The first wait before paying again what could not be paid, and the longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often any chat is looked at for debts.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// One payer for each chat that owes something. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Settler {
    app: App,
    /// Chats with a payer at work; `true` if there is more to pay than it knows.
    busy: Arc<Mutex<BTreeMap<ChatId, bool>>>,
    done: watch::Sender<()>,
}

impl Settler {
    pub(crate) fn new(app: App) -> Self {
        Self { app, busy: Arc::default(), done: watch::Sender::new(()) }
    }

    /// Has a chat's debts paid, now or as soon as they can be.
    pub(crate) fn soon(&self, chat: &ChatId) {
        let mut busy = self.busy();
        if let Some(more) = busy.get_mut(chat) {
            *more = true;
            // The payer may be busy with cards, or wait: the jobs go out at once all the same.
            let (app, chat) = (self.app.clone(), chat.clone());
            tokio::spawn(async move {
                if let Err(error) = app.send_jobs(&chat).await {
                    tracing::warn!(chat.id = %chat, "jobs could not be sent yet: {error:#}");
                }
            });
            return;
        }
        busy.insert(chat.clone(), false);
        tokio::spawn(self.clone().pay(chat.clone()));
    }

    /// Waits until nothing is being paid.
    pub(crate) async fn idle(&self) {
        let mut done = self.done.subscribe();
        // Whatever is struck off from now on is seen by the next look.
        while !self.busy().is_empty() && done.changed().await.is_ok() {}
    }

    /// Looks after all chats once in a while, for ever.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.sweep_once().await;
        }
    }

    /// Has every chat's debts paid.
    pub(crate) async fn sweep_once(&self) {
        match self.app.owing().await {
            Ok(chats) => chats.iter().for_each(|chat| self.soon(chat)),
            Err(error) => tracing::error!("could not look for debts: {error:#}"),
        }
    }

    async fn pay(self, chat: ChatId) {
        let mut wait = WAIT.0;
        loop {
            let debt = self.app.settle(&chat).await.unwrap_or_else(|error| {
                tracing::warn!(chat.id = %chat, "debts could not be paid yet: {error:#}");
                Debt::Owing
            });
            if debt == Debt::Clear {
                let mut busy = self.busy();
                if busy.insert(chat.clone(), false) != Some(true) {
                    busy.remove(&chat);
                    drop(busy);
                    self.done.send_replace(());
                    return;
                }
                wait = WAIT.0;
                continue;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(WAIT.1);
        }
    }

    fn busy(&self) -> MutexGuard<'_, BTreeMap<ChatId, bool>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
