//! Posts cards: as entities where output is to be typed, else as ordinary messages, and in simpler
//! forms where they are refused.

use super::call::Request;
use super::cardkit::{Entity, Shows};
use super::client::Feishu;
use super::error::{Class, Rejected};
use super::look::{Look, text_message};
use super::made::Made;
use super::pacer::Key;
use crate::port::{ChatError, MessageId};
use anyhow::anyhow;
use poco_core::words::platform as words;
use poco_core::{Card, ChatId, Lang, MessageRef, Typing};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};

/// How long a card entity may take to be made before an ordinary message is posted instead.
const ENTITY_PATIENCE: Duration = Duration::from_secs(3);

/// An entity that was just made may not be known everywhere yet.
const ENTITY_TRIES: u32 = 3;
const ENTITY_PAUSE: Duration = Duration::from_millis(300);

/// How far the platform's clocks may differ among themselves.
const CLOCKS: Duration = Duration::from_millis(200);

const SEND: &str = "POST im/v1/messages";
const REPLY: &str = "POST im/v1/messages/:id/reply";

/// What the platform refuses a reply with that can be sent without being one: the message was
/// recalled or deleted, or takes no replies in a topic.
const NO_REPLY: [i64; 5] = [230_001, 230_011, 230_110, 230_071, 230_072];

/// A message as the platform has it.
pub(super) struct Sent {
    pub(super) id: String,
    /// In milliseconds since the Unix epoch.
    created: Option<u64>,
}

impl Feishu {
    /// Posts a card once, in the best form that the platform takes.
    pub(super) async fn post_card(
        &self,
        chat: &ChatId,
        card: &Card,
        once: &str,
        deadline: Instant,
    ) -> Result<MessageId, ChatError> {
        let (look, under) = (Look::of(card), card.under.as_ref());
        if let Some(message) = self.post_entity(chat, card, &look, once, deadline).await? {
            return Ok(message);
        }
        let (interactive, text) = ("interactive", "post");
        let forms: [(_, &(dyn Fn() -> String + Sync)); 3] = [
            (interactive, &|| look.still()),
            (interactive, &|| Look::simple(card).still()),
            (text, &|| text_message(card)),
        ];
        let mut refused = None;
        for (kind, content) in forms {
            match self.send_message(chat, under, kind, &content(), once, deadline).await {
                Ok(sent) => return Ok(MessageId(sent.id)),
                Err(rejected) if rejected.is_content() => {
                    tracing::warn!(chat.id = %chat, "a card was refused, a simpler one follows: {rejected}");
                    refused = Some(rejected);
                }
                Err(rejected) => return Err(not_posted(rejected)),
            }
        }
        Err(refused.map_or_else(|| anyhow!("nothing to post").into(), ChatError::from))
    }

    /// Posts a card that can be typed onto. `None` if it must be an ordinary message.
    async fn post_entity(
        &self,
        chat: &ChatId,
        card: &Card,
        look: &Look,
        once: &str,
        deadline: Instant,
    ) -> Result<Option<MessageId>, ChatError> {
        if card.typing == Typing::No {
            return Ok(None);
        }
        let Some(made) = self.entity(look, once, deadline).await else { return Ok(None) };
        let under = card.under.as_ref();
        let content = json!({ "type": "card", "data": { "card_id": made.id } }).to_string();
        for _ in 0..ENTITY_TRIES {
            match self.send_message(chat, under, "interactive", &content, once, deadline).await {
                Ok(sent) => return Ok(Some(self.identify(sent, &made, deadline).await)),
                Err(rejected) if rejected.class == Class::EntityGone => sleep(ENTITY_PAUSE).await,
                Err(rejected) if rejected.is_content() => break,
                Err(rejected) => return Err(not_posted(rejected)),
            }
        }
        tracing::warn!(chat.id = %chat, "a card that can be typed onto was refused");
        self.shared.made.forget(once);
        Ok(None)
    }

    /// Returns the entity that was made for this post, or makes it.
    async fn entity(&self, look: &Look, once: &str, deadline: Instant) -> Option<Made> {
        if let Some(made) = self.shared.made.find(once) {
            return Some(made);
        }
        if self.shared.made.is_refused() {
            return None;
        }
        let deadline = deadline.min(Instant::now() + ENTITY_PATIENCE);
        match self.create_card(look, deadline).await {
            Ok((entity, date)) => {
                let made = Made::new(&entity, date);
                self.shared.made.keep(once, made.clone());
                Some(made)
            }
            Err(rejected) => {
                if matches!(rejected.class, Class::Setup(_) | Class::Refused(_)) {
                    self.shared.made.refuse();
                    let reason = rejected.explain();
                    let reason = reason.of(Lang::En);
                    tracing::warn!("live output is not typed for a while: {reason}");
                } else {
                    tracing::debug!("no card to type onto: {rejected}");
                }
                None
            }
        }
    }

    /// Names a message that was just sent. If it was sent before, by another process perhaps, it
    /// shows another entity than the one just made for it, or none at all: the platform is asked, and
    /// what is older than its entity is not believed.
    async fn identify(&self, sent: Sent, made: &Made, deadline: Instant) -> MessageId {
        let deadline = deadline.min(Instant::now() + ENTITY_PATIENCE);
        let mut card = self.card_of(&sent.id, deadline).await;
        if let Shows::None = card {
            // A message that is new may not be known everywhere yet.
            sleep(ENTITY_PAUSE).await;
            card = self.card_of(&sent.id, deadline).await;
        }
        let time = sent.created.map(|ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
        let is_older = time.zip(made.date).is_some_and(|(sent, made)| sent + CLOCKS < made);
        match (card, sent.created) {
            (Shows::Entity(card), Some(created)) if card != made.id => {
                Entity::new(card, created).write(&sent.id)
            }
            (Shows::None, _) => MessageId(sent.id),
            (Shows::Untold, _) if is_older => MessageId(sent.id),
            (Shows::Entity(_) | Shows::Untold, _) => made.entity().write(&sent.id),
        }
    }

    /// Sends a message: below another if one is named that is still there, else into the chat.
    pub(super) async fn send_message(
        &self,
        chat: &ChatId,
        under: Option<&MessageRef>,
        kind: &str,
        content: &str,
        once: &str,
        deadline: Instant,
    ) -> Result<Sent, Rejected> {
        if let Some(under) = under {
            let path = format!("im/v1/messages/{under}/reply");
            let body = json!({
                "msg_type": kind, "content": content, "uuid": once, "reply_in_thread": true,
            });
            match self.sent(REPLY, chat, &path, body, deadline).await {
                Err(rejected) if NO_REPLY.contains(&rejected.code) => {
                    tracing::info!(chat.id = %chat, "posted beside a topic: {rejected}");
                }
                sent => return sent,
            }
        }
        let is_person = chat.as_str().starts_with("ou_");
        let id_type = if is_person { "open_id" } else { "chat_id" };
        let path = format!("im/v1/messages?receive_id_type={id_type}");
        let body = json!({
            "receive_id": chat.as_str(), "msg_type": kind, "content": content, "uuid": once,
        });
        self.sent(SEND, chat, &path, body, deadline).await
    }

    async fn sent(
        &self,
        call: &'static str,
        chat: &ChatId,
        path: &str,
        body: Value,
        deadline: Instant,
    ) -> Result<Sent, Rejected> {
        let request = || Request {
            call,
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body.clone()),
        };
        let keys = [Key::Chat(chat.to_string())];
        let answer = self.call(&keys, deadline, request).await?;
        let data = &answer.body["data"];
        let Some(id) = data["message_id"].as_str() else {
            return Err(Rejected::unanswered(call, "an answer without a message id"));
        };
        let created = data["create_time"].as_str().and_then(|ms| ms.parse().ok());
        Ok(Sent { id: id.to_owned(), created })
    }
}

/// A post has no message that could be gone: the chat is, or the bot is not in it.
pub(super) fn not_posted(rejected: Rejected) -> ChatError {
    match ChatError::from(rejected) {
        ChatError::Gone(reason) => ChatError::Refused(words::add_bot_again(reason)),
        error @ (ChatError::Refused(_) | ChatError::Later(_)) => error,
    }
}
