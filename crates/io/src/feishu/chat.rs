//! Cards in chats: posted once, updated in place, and in simpler forms where they are refused.

use super::cardkit::Entity;
use super::client::{Feishu, Request};
use super::error::{Class, Rejected};
use super::lane::{Screen, name};
use super::look::{Live, Look, text_message};
use super::made::Made;
use super::pacer::Key;
use crate::port::{Chat, ChatError, MessageId};
use anyhow::anyhow;
use async_trait::async_trait;
use poco_core::{Card, ChatId, Typing, UserId, hash};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a call of [`Chat`] may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a card entity may take to be made before an ordinary message is posted instead.
const ENTITY_PATIENCE: Duration = Duration::from_secs(3);

/// An entity that was just made may not be known everywhere yet.
const ENTITY_TRIES: u32 = 3;
const ENTITY_PAUSE: Duration = Duration::from_millis(300);

/// The most characters of what names a post to the platform.
const ONCE_CHARS: usize = 50;

/// The longest name of a group, in characters.
const NAME_CHARS: usize = 60;

/// How far the platform's clocks may differ among themselves.
const CLOCKS: Duration = Duration::from_millis(200);

const SEND: &str = "POST im/v1/messages";
pub(super) const PATCH: &str = "PATCH im/v1/messages/:id";

/// A message as the platform has it.
struct Sent {
    id: String,
    /// In milliseconds since the Unix epoch.
    created: Option<u64>,
}

#[async_trait]
impl Chat for Feishu {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        let deadline = Instant::now() + PATIENCE;
        let (look, once) = (Look::of(card), short(once));
        if let Some(message) = self.post_entity(chat, card, &look, &once, deadline).await? {
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
            match self.send_message(chat, kind, &content(), &once, deadline).await {
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

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        let deadline = Instant::now() + PATIENCE;
        let lane = self.lanes.of(message);
        let announced = lane.announce(order);
        let Ok(mut screen) = timeout_at(deadline, lane.screen.lock()).await else {
            return Err(anyhow!("earlier changes of the card take too long").into());
        };
        if order < screen.order || announced.is_superseded() {
            return Ok(());
        }
        screen.know(message);
        let shown = self.show(message, &mut screen, card, order, deadline).await;
        if let Err(ChatError::Gone(_)) = shown {
            self.lanes.forget(message);
        }
        shown
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        self.show_glance(message, card, order).await
    }

    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError> {
        const CALL: &str = "POST im/v1/chats";
        let deadline = Instant::now() + PATIENCE;
        let name = format!("PoCo | {name}").chars().take(NAME_CHARS).collect::<String>();
        let once = short(once);
        let path = format!("im/v1/chats?user_id_type=open_id&set_bot_manager=true&uuid={once}");
        let body = json!({
            "name": name,
            "owner_id": member.as_str(),
            "chat_mode": "group",
            "chat_type": "private",
            "group_message_type": "chat",
            "membership_approval": "no_approval_required",
        });
        let request = || {
            let (path, body) = (path.clone(), Some(body.clone()));
            Request { call: CALL, method: Method::POST, path, body }
        };
        let opened = self.call(&[Key::Opening], deadline, request).await;
        let answer = opened.map_err(|rejected| {
            // Somebody waits for this: better told now what to repair than done later.
            if matches!(rejected.class, Class::Setup(_) | Class::Gone) {
                return ChatError::Refused(rejected.explain());
            }
            rejected.into()
        })?;
        let chat = answer.body["data"]["chat_id"].as_str().filter(|id| !id.is_empty());
        let chat = chat.ok_or_else(|| anyhow!("the new group has no id"))?;
        Ok(ChatId::new(chat))
    }
}

impl Feishu {
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
        let content = json!({ "type": "card", "data": { "card_id": made.id } }).to_string();
        for _ in 0..ENTITY_TRIES {
            match self.send_message(chat, "interactive", &content, once, deadline).await {
                Ok(sent) => return Ok(Some(self.identify(sent, &made, deadline).await)),
                Err(rejected) if rejected.class == Class::EntityGone => sleep(ENTITY_PAUSE).await,
                Err(rejected) if rejected.is_content() => break,
                Err(rejected) => return Err(not_posted(rejected)),
            }
        }
        tracing::warn!(chat.id = %chat, "a card that can be typed onto was refused");
        self.made.forget(once);
        Ok(None)
    }

    /// Returns the entity that was made for this post, or makes it.
    async fn entity(&self, look: &Look, once: &str, deadline: Instant) -> Option<Made> {
        if let Some(made) = self.made.find(once) {
            return Some(made);
        }
        if self.made.is_refused() {
            return None;
        }
        let deadline = deadline.min(Instant::now() + ENTITY_PATIENCE);
        match self.create_card(look, deadline).await {
            Ok((entity, date)) => {
                let made = Made::new(&entity, date);
                self.made.keep(once, made.clone());
                Some(made)
            }
            Err(rejected) => {
                if matches!(rejected.class, Class::Setup(_) | Class::Refused(_)) {
                    self.made.refuse();
                    let reason = rejected.explain();
                    tracing::warn!("live output is not typed for a while: {reason}");
                } else {
                    tracing::debug!("no card to type onto: {rejected}");
                }
                None
            }
        }
    }

    /// Names a message that was just sent. If it was sent before, it shows another entity than the
    /// one just made for it: the platform is asked, and what is older than its entity is not believed.
    async fn identify(&self, sent: Sent, made: &Made, deadline: Instant) -> MessageId {
        let deadline = deadline.min(Instant::now() + ENTITY_PATIENCE);
        let card = self.card_of(&sent.id, deadline).await;
        let time = sent.created.map(|ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
        let is_older = time.zip(made.date).is_some_and(|(sent, made)| sent + CLOCKS < made);
        match (card, sent.created) {
            (Some(card), Some(created)) if card != made.id => {
                Entity::new(card, created).write(&sent.id)
            }
            (None, _) if is_older => MessageId(sent.id),
            _ => made.entity().write(&sent.id),
        }
    }

    async fn send_message(
        &self,
        chat: &ChatId,
        kind: &str,
        content: &str,
        once: &str,
        deadline: Instant,
    ) -> Result<Sent, Rejected> {
        let is_person = chat.as_str().starts_with("ou_");
        let id_type = if is_person { "open_id" } else { "chat_id" };
        let path = format!("im/v1/messages?receive_id_type={id_type}");
        let body = json!({
            "receive_id": chat.as_str(), "msg_type": kind, "content": content, "uuid": once,
        });
        let request = || Request {
            call: SEND,
            method: Method::POST,
            path: path.clone(),
            body: Some(body.clone()),
        };
        let keys = [Key::Chat(chat.to_string())];
        let answer = self.call(&keys, deadline, request).await?;
        let data = &answer.body["data"];
        let Some(id) = data["message_id"].as_str() else {
            return Err(Rejected::unanswered(SEND, "an answer without a message id"));
        };
        let created = data["create_time"].as_str().and_then(|ms| ms.parse().ok());
        Ok(Sent { id: id.to_owned(), created })
    }

    /// Makes a message look like a card, in a simpler form if need be.
    async fn show(
        &self,
        message: &MessageId,
        screen: &mut Screen,
        card: &Card,
        order: u64,
        deadline: Instant,
    ) -> Result<(), ChatError> {
        let mut card = card.clone();
        if let Some(live) = &screen.live {
            live.put_on(&mut card);
        }
        screen.live = Live::on(&card).or(screen.live.take());
        let look = Look::of(&card);
        screen.order = order;
        if screen.shows(&look) {
            return Ok(());
        }
        screen.shown = None;
        let mut painted = self.paint(message, screen, &look, deadline).await;
        if painted.as_ref().is_err_and(Rejected::is_content) && card.typing != Typing::No {
            // It may show an entity that is not remembered any more.
            if let Some(entity) = self.entity_shown(message, screen, deadline).await {
                screen.entity = Some(entity);
                painted = self.paint(message, screen, &look, deadline).await;
            }
        }
        let painted = match painted {
            Err(rejected) if rejected.is_content() => {
                tracing::warn!(
                    message.id = name(message),
                    "a card was refused, a simpler one follows: {rejected}"
                );
                self.paint(message, screen, &Look::simple(&card), deadline).await
            }
            painted => painted,
        };
        match painted {
            // What can't be shown here may be shown anew.
            Err(rejected) if rejected.is_content() => Err(ChatError::Gone(rejected.to_string())),
            Err(rejected) => Err(rejected.into()),
            Ok(()) => {
                screen.show(&look);
                screen.mute = false;
                Ok(())
            }
        }
    }

    async fn entity_shown(
        &self,
        message: &MessageId,
        screen: &Screen,
        deadline: Instant,
    ) -> Option<Entity> {
        if screen.entity.is_some() {
            return None;
        }
        self.card_of(name(message), deadline).await.map(Entity::adopt)
    }

    async fn paint(
        &self,
        message: &MessageId,
        screen: &Screen,
        look: &Look,
        deadline: Instant,
    ) -> Result<(), Rejected> {
        if let Some(entity) = &screen.entity {
            return self.put_card(entity, look, deadline).await;
        }
        let keys = [Key::Message(name(message).to_owned())];
        self.call(&keys, deadline, || patch(message, look)).await.map(|_| ())
    }
}

/// Replaces the whole of an ordinary message.
pub(super) fn patch(message: &MessageId, look: &Look) -> Request {
    let path = format!("im/v1/messages/{}", name(message));
    let body: Value = json!({ "content": look.still() });
    Request { call: PATCH, method: Method::PATCH, path, body: Some(body) }
}

/// A post has no message that could be gone: the chat is, or the bot is not in it.
fn not_posted(rejected: Rejected) -> ChatError {
    match ChatError::from(rejected) {
        ChatError::Gone(reason) => {
            let next = "Add the bot to the group again, if it still exists.";
            ChatError::Refused(format!("{reason}. {next}"))
        }
        error @ (ChatError::Refused(_) | ChatError::Later(_)) => error,
    }
}

/// Makes a name short and plain enough for the platform.
fn short(once: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if once.len() <= ONCE_CHARS && once.chars().all(is_plain) {
        return once.to_owned();
    }
    format!("{:016x}{:016x}", hash(once), hash(&format!("{once}\n")))
}
