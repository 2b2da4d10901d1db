//! What a test can see: messages as people see them, calls as the app made them.

use super::Feishu;
use super::cards::find::{SeenButton, SeenField, card_buttons, card_fields, card_plain, card_text};
use super::faults::Fault;
use super::limits::{Limits, Violation};
use super::messages::{Body, Stored};
use super::state::{ApiCall, State};
use anyhow::bail;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A message as people see it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: String,
    pub chat: String,
    /// The name of the person who sent it; none for the bot.
    pub from: Option<String>,
    /// `text`, `interactive`, …
    pub kind: String,
    /// The card as JSON, if it is one.
    pub card: Option<Value>,
    /// Every look the card has had, the present one last.
    pub looks: Vec<Arc<Value>>,
    /// All text on it, in order; for a card the title first.
    pub text: String,
    /// The test clock, in milliseconds since 1970.
    pub created: u64,
    pub updated: u64,
    pub deleted: bool,
    /// The message it replies to.
    pub parent: Option<String>,
    /// The topic it is in.
    pub thread: Option<String>,
    /// The card entity it carries, if it does.
    pub entity: Option<String>,
    /// Whether text can be typed onto it now.
    pub streaming: bool,
}

impl Message {
    pub fn is_entity(&self) -> bool {
        self.entity.is_some()
    }

    pub fn from_bot(&self) -> bool {
        self.from.is_none()
    }

    pub fn buttons(&self) -> Vec<SeenButton> {
        self.card.as_ref().map(card_buttons).unwrap_or_default()
    }

    /// Returns the labels of the buttons, in order.
    pub fn labels(&self) -> Vec<String> {
        self.buttons().into_iter().map(|button| button.label).collect()
    }

    pub fn fields(&self) -> Vec<SeenField> {
        self.card.as_ref().map(card_fields).unwrap_or_default()
    }

    /// Writes it as plain text, with `[buttons]` and fields.
    pub fn plain(&self) -> String {
        self.card.as_ref().map_or_else(|| self.text.clone(), card_plain)
    }
}

impl Feishu {
    /// Returns the messages of a chat, in order, recalled ones included.
    pub fn messages(&self, chat: &str) -> Vec<Message> {
        self.look(|state| {
            let stored = state.order.iter().filter_map(|id| state.messages.get(id));
            stored.filter(|stored| stored.chat == chat).map(|stored| view(state, stored)).collect()
        })
    }

    /// Returns one message.
    pub fn message(&self, id: &str) -> Option<Message> {
        self.look(|state| state.messages.get(id).map(|stored| view(state, stored)))
    }

    /// Waits until the messages of a chat give what is looked for.
    ///
    /// # Errors
    /// If they do not in time; the error shows the chat as it is.
    pub async fn wait_for<T>(
        &self,
        chat: &str,
        within: Duration,
        mut find: impl FnMut(&[Message]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let found = self.wait_until(within, |feishu| find(&feishu.messages(chat))).await;
        if let Some(found) = found {
            return Ok(found);
        }
        let seen: Vec<_> = self.messages(chat).iter().map(Message::plain).collect();
        bail!("not seen within {within:?}; the chat is\n{}", seen.join("\n\n"))
    }

    /// Waits for a message that is as wanted; the last one if several are.
    ///
    /// # Errors
    /// If there is none in time; the error shows the chat as it is.
    pub async fn wait_for_message(
        &self,
        chat: &str,
        within: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> anyhow::Result<Message> {
        let last = |messages: &[Message]| messages.iter().rfind(|message| wanted(message)).cloned();
        self.wait_for(chat, within, last).await
    }

    /// Waits until a look at the whole gives something; none if it does not in time.
    pub async fn wait_until<T>(
        &self,
        within: Duration,
        mut find: impl FnMut(&Self) -> Option<T>,
    ) -> Option<T> {
        let mut changes = self.changes();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = find(self) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(within, search).await.ok().flatten()
    }

    /// Plants a fault.
    pub fn fault(&self, fault: Fault) {
        self.change(|state| state.faults.push(fault));
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.change(|state| state.faults.clear());
    }

    /// Sets whether rate limits are enforced.
    pub fn limits(&self, on: bool) {
        self.change(|state| state.limits = Limits::new(on));
    }

    /// Returns every API call so far.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.look(|state| state.calls.clone())
    }

    /// Returns every API call that was refused, by the platform or by a fault.
    pub fn refused(&self) -> Vec<ApiCall> {
        self.calls().into_iter().filter(|call| call.code != 0).collect()
    }

    /// Counts the calls of a method (`"*"` for any) whose path starts with `prefix`.
    pub fn count_calls(&self, method: &str, prefix: &str) -> usize {
        self.look(|state| {
            let calls = state.calls.iter().filter(|call| call.path.starts_with(prefix));
            calls.filter(|call| method == "*" || call.method == method).count()
        })
    }

    /// Returns every call that came too early for a rate limit.
    pub fn violations(&self) -> Vec<Violation> {
        self.look(|state| state.violations.clone())
    }

    /// Returns everything the app did that the protocol does not allow.
    pub fn complaints(&self) -> Vec<String> {
        self.look(|state| state.complaints.clone())
    }
}

fn view(state: &State, stored: &Stored) -> Message {
    let (entity, text) = match &stored.body {
        Body::Content(content) => (None, plain(content)),
        Body::Card(card) => (None, card_text(card)),
        Body::Entity(id) => {
            (Some(id.clone()), stored.card(state).map(card_text).unwrap_or_default())
        }
    };
    let streams = entity.as_ref().and_then(|id| state.entities.get(id));
    Message {
        id: stored.id.clone(),
        chat: stored.chat.clone(),
        from: stored.person.as_ref().and_then(|id| Some(state.users.get(id)?.name.clone())),
        kind: stored.kind.clone(),
        card: stored.card(state).cloned(),
        looks: stored.looks.clone(),
        text,
        created: stored.created,
        updated: stored.updated,
        deleted: stored.deleted,
        parent: stored.parent.clone(),
        thread: stored.thread.clone(),
        streaming: streams.is_some_and(|entity| entity.streams(state.now())),
        entity,
    }
}

/// Returns every text in a content, in order.
fn plain(content: &Value) -> String {
    let mut texts = Vec::new();
    gather(content, &mut texts);
    texts.join("\n")
}

fn gather<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    for name in ["title", "text"] {
        texts.extend(value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()));
    }
    value.as_array().into_iter().flatten().for_each(|item| gather(item, texts));
    let parts = value.as_object().into_iter().flatten();
    parts.for_each(|(_, part)| gather(part, texts));
}
