//! What people do: write, recall, open the chat.

use super::Feishu;
use super::chats::direct_of;
use super::messages::{self, Body, Stored};
use super::state::State;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// A message as a person sends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// `text`, `post`, `image`, …
    pub kind: String,
    /// In the shape the platform delivers; `@_user_1` stands for the bot if it is mentioned.
    pub content: Value,
    pub mentions_bot: bool,
    /// The message it replies to.
    pub parent: Option<String>,
    /// It is said in the topic of that message, which begins if there is none.
    pub opens_topic: bool,
}

/// A message that was sent, and the event it made, if the bot may hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub message_id: String,
    pub event_id: Option<String>,
}

impl Incoming {
    pub fn text(text: &str) -> Self {
        let content = json!({"text": text});
        Self {
            kind: "text".to_owned(),
            content,
            mentions_bot: false,
            parent: None,
            opens_topic: false,
        }
    }

    /// A post with one line for each of these.
    pub fn post(title: &str, lines: &[&str]) -> Self {
        let line = |line: &&str| json!([{"tag": "text", "text": line, "style": []}]);
        let lines: Vec<_> = lines.iter().map(line).collect();
        let content = json!({"title": title, "content": lines});
        Self {
            kind: "post".to_owned(),
            content,
            mentions_bot: false,
            parent: None,
            opens_topic: false,
        }
    }

    /// A message of any other type.
    pub fn other(kind: &str, content: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            content,
            mentions_bot: false,
            parent: None,
            opens_topic: false,
        }
    }

    /// Says it in the topic of a message.
    #[must_use]
    pub fn in_topic_of(self, message: &str) -> Self {
        Self { opens_topic: true, ..self.replying_to(message) }
    }

    #[must_use]
    pub fn replying_to(mut self, message: &str) -> Self {
        self.parent = Some(message.to_owned());
        self
    }
}

impl Feishu {
    /// Returns the open id of a person, who may be named either way.
    ///
    /// # Errors
    /// If there is no such person.
    pub fn open_id(&self, user: &str) -> anyhow::Result<String> {
        self.look(|state| Ok(state.user(user)?.open_id.clone()))
    }

    /// Returns a person's chat with the bot; makes it if there is none yet.
    ///
    /// # Errors
    /// If there is no such person.
    pub fn direct_chat(&self, user: &str) -> anyhow::Result<String> {
        let user = self.open_id(user)?;
        Ok(self.change(|state| direct_of(state, &user)))
    }

    /// Writes a text.
    ///
    /// # Errors
    /// If the person is not in that chat.
    pub fn say(&self, user: &str, chat: &str, text: &str) -> anyhow::Result<Said> {
        self.send(user, chat, &Incoming::text(text))
    }

    /// Writes a text that begins with a mention of the bot.
    ///
    /// # Errors
    /// If the person is not in that chat.
    pub fn mention(&self, user: &str, chat: &str, text: &str) -> anyhow::Result<Said> {
        let text = Incoming::text(&format!("@_user_1 {text}"));
        self.send(user, chat, &Incoming { mentions_bot: true, ..text })
    }

    /// Sends any message.
    ///
    /// # Errors
    /// If the person is not in that chat.
    pub fn send(&self, user: &str, chat: &str, incoming: &Incoming) -> anyhow::Result<Said> {
        self.send_with(user, chat, incoming, |_, _| Ok(()))
    }

    /// Sends a message, and does something more with it before the app is told.
    pub(crate) fn send_with(
        &self,
        user: &str,
        chat: &str,
        incoming: &Incoming,
        more: impl FnOnce(&mut State, &str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Said> {
        let (message_id, event) = self.change(|state| {
            let written = write(state, user, chat, incoming)?;
            more(state, &written.0)?;
            anyhow::Ok(written)
        })?;
        let event_id = event.map(|event| self.emit("im.message.receive_v1", &event));
        Ok(Said { message_id, event_id })
    }

    /// Recalls a message of one's own.
    ///
    /// # Errors
    /// If it is not the person's.
    pub fn recall(&self, user: &str, message: &str) -> anyhow::Result<()> {
        let event = self.change(|state| {
            let user = state.user(user)?.open_id.clone();
            let now = state.now().to_string();
            let message = state.messages.get_mut(message).context("find the message")?;
            ensure!(message.person.as_ref() == Some(&user), "only own messages can be recalled");
            message.deleted = true;
            anyhow::Ok(json!({
                "message_id": message.id,
                "chat_id": message.chat,
                "recall_time": now,
                "recall_type": "message_owner",
            }))
        })?;
        self.emit("im.message.recalled_v1", &event);
        Ok(())
    }

    /// Opens the chat with the bot, which the app is told of.
    ///
    /// # Errors
    /// If there is no such person.
    pub fn enter(&self, user: &str) -> anyhow::Result<String> {
        let (user, chat) = (self.open_id(user)?, self.direct_chat(user)?);
        let event = json!({"chat_id": chat, "operator_id": person(&user)});
        self.emit("im.chat.access_event.bot_p2p_chat_entered_v1", &event);
        Ok(chat)
    }

    /// Picks an entry of the bot's menu.
    ///
    /// # Errors
    /// If there is no such person.
    pub fn menu(&self, user: &str, key: &str) -> anyhow::Result<()> {
        let user = self.open_id(user)?;
        let operator = json!({"operator_name": "", "operator_id": person(&user)});
        let event = json!({"operator": operator, "event_key": key, "timestamp": self.now() / 1000});
        self.emit("application.bot.menu_v6", &event);
        Ok(())
    }
}

/// Writes a person's ids as events do.
pub(crate) fn person(open_id: &str) -> Value {
    json!({"open_id": open_id, "union_id": open_id.replacen("ou_", "on_", 1), "user_id": null})
}

type Written = (String, Option<Value>);

/// Keeps a person's message; returns its id and the event, if the bot hears it.
fn write(
    state: &mut State,
    user: &str,
    chat: &str,
    incoming: &Incoming,
) -> anyhow::Result<Written> {
    let user = state.user(user)?.open_id.clone();
    let chat = state.chats.get(chat).cloned().with_context(|| format!("find the chat {chat}"))?;
    ensure!(!chat.dissolved, "the chat was dissolved");
    ensure!(chat.members.contains(&user), "{user} is not in the chat {}", chat.id);
    let id = state.id("om_");
    let body = Body::Content(incoming.content.clone());
    let mut stored = Stored {
        person: Some(user),
        parent: incoming.parent.clone(),
        mentions: mentions(state, incoming),
        ..messages::new(state, id.clone(), &chat.id, &incoming.kind, body)
    };
    if incoming.opens_topic
        && let Some(parent) = &stored.parent
    {
        messages::open_topic(state, &parent.clone());
    }
    messages::place(state, &mut stored);
    let heard = !chat.group || incoming.mentions_bot || state.options.hears_all;
    let event = (heard && chat.bot_inside).then(|| event(state, &stored, chat.group));
    messages::keep(state, stored);
    Ok((id, event))
}

fn mentions(state: &State, incoming: &Incoming) -> Vec<Value> {
    if !incoming.mentions_bot {
        return Vec::new();
    }
    let mut id = person(&state.options.bot_open_id);
    id["user_id"] = Value::Null;
    vec![json!({
        "key": "@_user_1",
        "id": id,
        "mentioned_type": "bot",
        "name": state.options.bot_name,
        "tenant_key": state.options.tenant_key,
    })]
}

fn event(state: &State, message: &Stored, group: bool) -> Value {
    let content = match &message.body {
        Body::Content(content) => content.to_string(),
        Body::Card(_) | Body::Entity(_) => String::new(),
    };
    let mut shown = json!({
        "message_id": message.id,
        "create_time": message.created.to_string(),
        "update_time": message.created.to_string(),
        "chat_id": message.chat,
        "chat_type": if group { "group" } else { "p2p" },
        "message_type": message.kind,
        "content": content,
    });
    if !message.mentions.is_empty() {
        shown["mentions"] = message.mentions.clone().into();
    }
    if let Some(parent) = &message.parent {
        shown["parent_id"] = parent.as_str().into();
        shown["root_id"] = message.root.as_ref().unwrap_or(parent).as_str().into();
    }
    if let Some(thread) = &message.thread {
        shown["thread_id"] = thread.as_str().into();
    }
    let sender = json!({
        "sender_id": person(message.person.as_deref().unwrap_or_default()),
        "sender_type": "user",
        "tenant_key": state.options.tenant_key,
    });
    json!({"sender": sender, "message": shown})
}
