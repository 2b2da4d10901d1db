//! A chat that no secret reaches.

use super::Mask;
use crate::port::{Chat, ChatError, MessageId};
use async_trait::async_trait;
use poco_core::{Card, ChatId, UserId};
use std::fmt;
use std::sync::Arc;

/// Masks whatever goes to a chat.
pub struct Masked {
    chat: Arc<dyn Chat>,
    mask: Mask,
}

impl Masked {
    pub fn new(chat: Arc<dyn Chat>, mask: Mask) -> Self {
        Self { chat, mask }
    }
}

#[async_trait]
impl Chat for Masked {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        self.chat.post(chat, &self.mask.card(card), once).await
    }

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.chat.update(message, &self.mask.card(card), order).await
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.chat.glance(message, &self.mask.card(card), order).await
    }

    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError> {
        self.chat.open(&self.mask.text(name), member, once).await
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masked").field("mask", &self.mask).finish_non_exhaustive()
    }
}
