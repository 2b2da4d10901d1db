//! What people and administrators do to groups, people and the app.

use super::Feishu;
use super::chats::{self, Chat};
use super::people::person;
use super::state::{State, User};
use anyhow::Context;
use serde_json::{Value, json};

impl Feishu {
    /// Makes a group with the bot in it; the first member owns it. The app is told.
    ///
    /// # Errors
    /// If a member does not exist.
    pub fn group(&self, name: &str, members: &[&str]) -> anyhow::Result<String> {
        let ids: Vec<_> =
            members.iter().map(|user| self.open_id(user)).collect::<Result<_, _>>()?;
        let owner = ids.first().cloned();
        let members = ids.into_iter().collect();
        let id = self.change(|state| chats::open(state, name, true, members, owner));
        self.tell("im.chat.member.bot.added_v1", &id);
        Ok(id)
    }

    /// Returns all groups, dissolved ones included.
    pub fn groups(&self) -> Vec<Chat> {
        self.look(|state| state.chats.values().filter(|chat| chat.group).cloned().collect())
    }

    /// Returns all chats.
    pub fn chats(&self) -> Vec<Chat> {
        self.look(|state| state.chats.values().cloned().collect())
    }

    /// Returns everybody.
    pub fn users(&self) -> Vec<User> {
        self.look(|state| state.users.values().cloned().collect())
    }

    /// Takes a person into the tenant.
    pub fn add_user(&self, name: &str) -> String {
        let user = User::new(name);
        let id = user.open_id.clone();
        self.change(|state| state.users.insert(id.clone(), user));
        id
    }

    /// Sets whether the app is available to a person.
    ///
    /// # Errors
    /// If there is no such person.
    pub fn available(&self, user: &str, available: bool) -> anyhow::Result<()> {
        let id = self.open_id(user)?;
        self.change(|state| {
            if let Some(user) = state.users.get_mut(&id) {
                user.available = available;
            }
        });
        Ok(())
    }

    /// Has every message of a group begin a topic from now on, as its owner can.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn use_topics(&self, chat: &str) -> anyhow::Result<()> {
        self.at(chat, |chat| chat.topics = true)
    }

    /// Adds a person to a group.
    ///
    /// # Errors
    /// If there is no such person or group.
    pub fn join(&self, user: &str, chat: &str) -> anyhow::Result<()> {
        let id = self.open_id(user)?;
        self.at(chat, |chat| chat.members.insert(id)).map(|_| ())
    }

    /// Dissolves a group, as its owner does; the app is told.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn disband(&self, chat: &str) -> anyhow::Result<()> {
        self.at(chat, |chat| chat.dissolved = true)?;
        self.tell("im.chat.disbanded_v1", chat);
        Ok(())
    }

    /// Takes the bot out of a group; the app is told.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn remove_bot(&self, chat: &str) -> anyhow::Result<()> {
        self.at(chat, |chat| chat.bot_inside = false)?;
        self.tell("im.chat.member.bot.deleted_v1", chat);
        Ok(())
    }

    /// Puts the bot back into a group; the app is told.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn add_bot(&self, chat: &str) -> anyhow::Result<()> {
        self.at(chat, |chat| chat.bot_inside = true)?;
        self.tell("im.chat.member.bot.added_v1", chat);
        Ok(())
    }

    /// Declares all tokens given out so far invalid.
    pub fn revoke_tokens(&self) {
        self.change(|state| state.tokens.clear());
    }

    fn at<T>(&self, chat: &str, change: impl FnOnce(&mut Chat) -> T) -> anyhow::Result<T> {
        self.change(|state| {
            let chat =
                state.chats.get_mut(chat).with_context(|| format!("find the chat {chat}"))?;
            Ok(change(chat))
        })
    }

    fn tell(&self, kind: &str, chat: &str) {
        let event = self.look(|state| about(state, chat));
        self.emit(kind, &event);
    }
}

fn about(state: &State, id: &str) -> Value {
    let chat = &state.chats[id];
    let operator = chat.owner.as_ref().or(chat.members.first());
    json!({
        "chat_id": id,
        "operator_id": person(operator.map(String::as_str).unwrap_or_default()),
        "external": false,
        "operator_tenant_key": state.options.tenant_key,
        "name": chat.name,
    })
}
