//! Which place shows the cards of which chat: the platform, or nowhere for chats of this machine.

use crate::port::{Chat, ChatError, MessageId};
use async_trait::async_trait;
use poco_core::words::platform as words;
use poco_core::{Card, ChatId, UserId};
use std::fmt;
use std::sync::Arc;

/// Begins the ids of chats and messages that live on this machine only.
const LOCAL: &str = "local-";

/// The chats of a PoCo that may have a platform, and always has this machine.
#[derive(Clone, Default)]
pub struct Chats {
    platform: Option<Arc<dyn Chat>>,
}

impl Chats {
    /// Shows cards on a platform; without one, only those who ask over HTTP see anything.
    pub fn new(platform: Option<Arc<dyn Chat>>) -> Self {
        Self { platform }
    }

    /// Names the chat of somebody at this machine.
    pub fn local(name: &str) -> ChatId {
        ChatId::new(format!("{LOCAL}{name}"))
    }

    /// Says whether a chat lives on this machine only.
    pub fn is_local(chat: &ChatId) -> bool {
        chat.as_str().starts_with(LOCAL)
    }

    fn platform(&self) -> Result<&Arc<dyn Chat>, ChatError> {
        let none = || ChatError::Refused(words::not_set_up());
        self.platform.as_ref().ok_or_else(none)
    }
}

#[async_trait]
impl Chat for Chats {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        if Self::is_local(chat) {
            return Ok(MessageId(format!("{LOCAL}{once}")));
        }
        self.platform()?.post(chat, card, once).await
    }

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        if message.0.starts_with(LOCAL) {
            return Ok(());
        }
        self.platform()?.update(message, card, order).await
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        if message.0.starts_with(LOCAL) {
            return Ok(());
        }
        self.platform()?.glance(message, card, order).await
    }

    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError> {
        match &self.platform {
            Some(platform) => platform.open(name, member, once).await,
            None => Ok(Self::local(once)),
        }
    }
}

impl fmt::Debug for Chats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chats").field("platform", &self.platform.is_some()).finish()
    }
}
