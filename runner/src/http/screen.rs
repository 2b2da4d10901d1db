//! Lets a route see how a card looks that it pressed, when that comes after the answer to the press.

use async_trait::async_trait;
use poco_core::{Card, CardRef, ChatId, UserId};
use poco_io::port::{Chat, ChatError, MessageId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// The chats, with somebody who watches some of their cards. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Screen {
    chats: Arc<dyn Chat>,
    watched: Arc<Mutex<BTreeMap<String, watch::Sender<Option<Card>>>>>,
}

/// Watches one card, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    screen: Screen,
    card: String,
    looks: watch::Receiver<Option<Card>>,
}

impl Screen {
    pub(crate) fn new(chats: Arc<dyn Chat>) -> Self {
        Self { chats, watched: Arc::default() }
    }

    pub(super) fn watch(&self, card: &CardRef) -> Watch {
        let (tell, looks) = watch::channel(None);
        self.watched().insert(card.to_string(), tell);
        Watch { screen: self.clone(), card: card.to_string(), looks }
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<Option<Card>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// Returns how the card looks once it no longer looks like `before`; `None` if that takes
    /// longer than `patience`.
    pub(super) async fn after(&mut self, before: &Card, patience: Duration) -> Option<Card> {
        let differs = |look: &Option<Card>| look.as_ref().is_some_and(|look| look != before);
        let look = timeout(patience, self.looks.wait_for(differs)).await.ok()?.ok()?;
        look.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.screen.watched().remove(&self.card);
    }
}

#[async_trait]
impl Chat for Screen {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        self.chats.post(chat, card, once).await
    }

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        if let Some(tell) = self.watched().get(&message.0) {
            tell.send_replace(Some(card.clone()));
        }
        self.chats.update(message, card, order).await
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.chats.glance(message, card, order).await
    }

    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError> {
        self.chats.open(name, member, once).await
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}
