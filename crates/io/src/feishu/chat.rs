//! Cards in chats: posted once, and updated in place.

use super::call::{Request, awaited};
use super::cardkit::{Entity, Shows};
use super::client::Feishu;
use super::error::{Class, Rejected};
use super::lane::{Screen, name};
use super::look::{Live, Look};
use super::pacer::Key;
use crate::port::{Chat, ChatError, MessageId};
use anyhow::anyhow;
use async_trait::async_trait;
use poco_core::{Card, ChatId, Typing, UserId, hash};
use reqwest::Method;
use serde_json::{Value, json};
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a call of [`Chat`] may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// The most characters of what names a post to the platform.
const ONCE_CHARS: usize = 50;

/// The longest name of a group, in characters.
const NAME_CHARS: usize = 60;

pub(super) const PATCH: &str = "PATCH im/v1/messages/:id";

/// A call that is on its way is finished, also if nobody waits for it any more: a change that was
/// given up could arrive after the next one. But none is made then that is not on its way: another
/// process may have taken over, and a newer look be shown.
#[async_trait]
impl Chat for Feishu {
    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        let (feishu, chat, card, once) = (self.clone(), chat.clone(), card.clone(), short(once));
        let deadline = Instant::now() + PATIENCE;
        finish(async move { feishu.post_card(&chat, &card, &once, deadline).await }).await
    }

    async fn update(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        let (feishu, message, card) = (self.clone(), message.clone(), card.clone());
        finish(async move { feishu.update_card(&message, &card, order).await }).await
    }

    async fn glance(&self, message: &MessageId, card: &Card, order: u64) -> Result<(), ChatError> {
        let (feishu, message, card) = (self.clone(), message.clone(), card.clone());
        finish(async move { feishu.show_glance(&message, &card, order).await }).await
    }

    async fn open(&self, name: &str, member: &UserId, once: &str) -> Result<ChatId, ChatError> {
        let (feishu, name, member, once) =
            (self.clone(), name.to_owned(), member.clone(), short(once));
        finish(async move { feishu.open_group(&name, &member, &once).await }).await
    }
}

async fn finish<T: Send + 'static>(
    work: impl Future<Output = Result<T, ChatError>> + Send + 'static,
) -> Result<T, ChatError> {
    let (waiting, work) = awaited(work);
    let done = tokio::spawn(work).await;
    drop(waiting);
    done.unwrap_or_else(|error| Err(anyhow::Error::new(error).into()))
}

impl Feishu {
    async fn update_card(
        &self,
        message: &MessageId,
        card: &Card,
        order: u64,
    ) -> Result<(), ChatError> {
        let deadline = Instant::now() + PATIENCE;
        let lane = self.shared.lanes.of(message);
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
            self.shared.lanes.forget(message);
        }
        shown
    }

    async fn open_group(
        &self,
        name: &str,
        member: &UserId,
        once: &str,
    ) -> Result<ChatId, ChatError> {
        const CALL: &str = "POST im/v1/chats";
        let deadline = Instant::now() + PATIENCE;
        let name = format!("PoCo | {name}").chars().take(NAME_CHARS).collect::<String>();
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
            Err(rejected) if rejected.is_content() => Err(ChatError::Gone(rejected.explain())),
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
        match self.card_of(name(message), deadline).await {
            Shows::Entity(card) => Some(Entity::adopt(card)),
            Shows::None | Shows::Untold => None,
        }
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

/// Makes a name short and plain enough for the platform.
fn short(once: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if once.len() <= ONCE_CHARS && once.chars().all(is_plain) {
        return once.to_owned();
    }
    format!("{:016x}{:016x}", hash(once), hash(&format!("{once}\n")))
}
