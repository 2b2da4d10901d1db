//! One at a time in each chat of this process: it saves doing things twice, or in vain.

use poco_core::ChatId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

type Locks = BTreeMap<ChatId, Arc<tokio::sync::Mutex<()>>>;

/// Lets those who come to a chat in one after the other. Knows only chats where somebody is.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Locks>>);

/// Somebody's turn, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    chat: ChatId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for one's turn.
    pub(super) async fn take(&self, chat: &ChatId) -> Turn {
        let lock = Arc::clone(self.locks().entry(chat.clone()).or_default());
        let guard = Some(lock.lock_owned().await);
        Turn { turns: self.clone(), chat: chat.clone(), guard }
    }

    fn locks(&self) -> MutexGuard<'_, Locks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut locks = self.turns.locks();
        drop(self.guard.take());
        if locks.get(&self.chat).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.chat);
        }
    }
}
