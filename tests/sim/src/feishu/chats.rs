//! Chats: direct ones and groups, and who is in them.

use super::call::Call;
use super::clock::HOUR;
use super::refusal::{Answer, Refusal, success};
use super::state::State;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A chat as the platform keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// `oc_…`
    pub id: String,
    pub name: String,
    /// Whether it is a group; else it is a person's chat with the bot.
    pub group: bool,
    /// Open ids of the people in it.
    pub members: BTreeSet<String>,
    /// The owner's open id; none if the bot owns it.
    pub owner: Option<String>,
    pub bot_inside: bool,
    /// Whether the bot made it.
    pub by_bot: bool,
    pub dissolved: bool,
    /// Whether every message begins a topic.
    pub topics: bool,
}

const NAME_MAX: usize = 60;
const DESCRIPTION_MAX: usize = 100;
const UUID_LIFE: u64 = 10 * HOUR;

/// Returns a chat the bot can write to.
pub(crate) fn reachable(state: &State, id: &str) -> Result<String, Refusal> {
    let Some(chat) = state.chats.get(id) else {
        return Err(Refusal::new(230_034, "The receive_id is invalid"));
    };
    if chat.dissolved {
        return Err(Refusal::new(232_009, "the chat has been dissolved"));
    }
    if !chat.bot_inside {
        return Err(Refusal::new(230_002, "Bot/User can NOT be out of the chat."));
    }
    let unavailable = |id: &String| state.users.get(id).is_some_and(|user| !user.available);
    if !chat.group && chat.members.iter().any(unavailable) {
        return Err(Refusal::new(230_013, "Bot has NO availability to this user."));
    }
    Ok(chat.id.clone())
}

/// Returns the chat of a person with the bot; the first message makes it.
pub(crate) fn direct(state: &mut State, open_id: &str) -> Result<String, Refusal> {
    let Some(user) = state.users.get(open_id) else {
        return Err(Refusal::new(230_034, "The receive_id is invalid"));
    };
    if !user.available {
        return Err(Refusal::new(230_013, "Bot has NO availability to this user."));
    }
    Ok(direct_of(state, open_id))
}

/// Finds or makes the direct chat of a person who exists.
pub(crate) fn direct_of(state: &mut State, open_id: &str) -> String {
    let mine = |chat: &&Chat| !chat.group && chat.members.contains(open_id);
    if let Some(chat) = state.chats.values().find(mine) {
        return chat.id.clone();
    }
    let members = BTreeSet::from([open_id.to_owned()]);
    open(state, "", false, members, None)
}

/// Opens a chat with the bot in it.
pub(crate) fn open(
    state: &mut State,
    name: &str,
    group: bool,
    members: BTreeSet<String>,
    owner: Option<String>,
) -> String {
    let id = state.id("oc_");
    let chat = Chat {
        id: id.clone(),
        name: name.to_owned(),
        group,
        members,
        owner,
        bot_inside: true,
        by_bot: false,
        dissolved: false,
        topics: false,
    };
    state.chats.insert(id.clone(), chat);
    id
}

/// `POST /im/v1/chats`
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let name = named(call)?.unwrap_or_default().to_owned();
    let owner = call.maybe("owner_id")?.map(str::to_owned);
    let mut members: BTreeSet<_> = call.texts("user_id_list")?.into_iter().collect();
    members.extend(owner.clone());
    if members.len() > 50 {
        return Err(Refusal::field("user_id_list", "at most 50"));
    }
    let mode = call.maybe("chat_mode")?.unwrap_or("group");
    let kind = call.maybe("chat_type")?.unwrap_or("private");
    if mode != "group" || !matches!(kind, "private" | "public") {
        return Err(Refusal::new(232_001, "Your request contains an invalid parameter"));
    }
    let once = call.query("uuid").map(|uuid| format!("chat {uuid} {owner:?}"));
    let before = once.as_ref().and_then(|key| state.done_before(key, UUID_LIFE));
    if let Some(before) = before {
        return Ok(success(&show(state, &before)));
    }
    for id in &members {
        joinable(state, id)?;
    }
    let kind = call.maybe("group_message_type")?.unwrap_or("chat").to_owned();
    if !matches!(kind.as_str(), "chat" | "thread") {
        return Err(Refusal::new(232_001, "Your request contains an invalid parameter"));
    }
    let id = open(state, &name, true, members, owner);
    if let Some(chat) = state.chats.get_mut(&id) {
        (chat.by_bot, chat.topics) = (true, kind == "thread");
    }
    if let Some(key) = once {
        state.remember(key, &id);
    }
    Ok(success(&show(state, &id)))
}

fn named(call: &Call) -> Result<Option<&str>, Refusal> {
    let name = call.maybe("name")?;
    if name.is_some_and(|name| name.chars().count() > NAME_MAX) {
        return Err(Refusal::field("name", "the length must be at most 60"));
    }
    let description = call.maybe("description")?.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_MAX {
        return Err(Refusal::field("description", "the length must be at most 100"));
    }
    Ok(name)
}

fn joinable(state: &State, id: &str) -> Result<(), Refusal> {
    let Some(user) = state.users.get(id) else {
        return Err(Refusal::new(99_992_351, format!("The ids are invalid: {id}")));
    };
    if user.available {
        return Ok(());
    }
    Err(Refusal::new(232_024, "Users do not have the visibility of the app"))
}

/// `GET /im/v1/chats`
pub(crate) fn list(state: &mut State, _: &Call) -> Answer {
    let inside = state.chats.values().filter(|chat| chat.bot_inside && !chat.dissolved);
    let items: Vec<_> = inside.map(|chat| show(state, &chat.id)).collect();
    Ok(success(&json!({"items": items, "has_more": false, "page_token": ""})))
}

/// `GET /im/v1/chats/:id`
pub(crate) fn get(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    Ok(success(&show(state, &id)))
}

/// `PUT /im/v1/chats/:id`
pub(crate) fn put(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    let name = named(call)?.map(str::to_owned);
    let owner = call.maybe("owner_id")?.map(str::to_owned);
    if let Some(owner) = &owner {
        joinable(state, owner)?;
    }
    if let Some(chat) = state.chats.get_mut(&id) {
        if let Some(name) = name {
            chat.name = name;
        }
        if owner.is_some() {
            chat.owner = owner;
        }
    }
    Ok(success(&json!({})))
}

/// `DELETE /im/v1/chats/:id`: dissolves a group.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    let Some(chat) = state.chats.get_mut(&id).filter(|chat| chat.group) else {
        return Err(Refusal::new(232_001, "only groups can be dissolved"));
    };
    if chat.owner.is_some() && !chat.by_bot {
        return Err(Refusal::new(232_017, "The operator must be the owner of the chat"));
    }
    chat.dissolved = true;
    Ok(success(&json!({})))
}

/// `GET /im/v1/chats/:id/members`: people only.
pub(crate) fn members(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    let chat = &state.chats[&id];
    let items = chat.members.iter().map(|member| {
        let name = state.users.get(member).map(|user| user.name.as_str());
        json!({"member_id_type": "open_id", "member_id": member, "name": name, "tenant_key": state.options.tenant_key})
    });
    let items: Vec<_> = items.collect();
    let total = items.len();
    let data = json!({"items": items, "has_more": false, "page_token": "", "member_total": total});
    Ok(success(&data))
}

/// `POST /im/v1/chats/:id/members`
pub(crate) fn add_members(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    let ids = call.texts("id_list")?;
    let lenient = call.query("succeed_type") == Some("1");
    let (good, bad): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| joinable(state, id).is_ok());
    if !lenient && let Some(bad) = bad.first() {
        joinable(state, bad)?;
    }
    if let Some(chat) = state.chats.get_mut(&id) {
        chat.members.extend(good);
    }
    let data = json!({
        "invalid_id_list": bad, "not_existed_id_list": [], "pending_approval_id_list": [],
    });
    Ok(success(&data))
}

/// `DELETE /im/v1/chats/:id/members`
pub(crate) fn remove_members(state: &mut State, call: &Call) -> Answer {
    let id = inside(state, call)?;
    let ids = call.texts("id_list")?;
    if let Some(chat) = state.chats.get_mut(&id) {
        chat.members.retain(|member| !ids.contains(member));
    }
    Ok(success(&json!({"invalid_id_list": []})))
}

/// Returns the chat of a call if it is there and the bot is in it.
fn inside(state: &State, call: &Call) -> Result<String, Refusal> {
    let id = call.part(3);
    let Some(chat) = state.chats.get(id) else {
        return Err(Refusal::new(232_006, "Your request contains an invalid chat_id"));
    };
    if chat.dissolved {
        return Err(Refusal::new(232_009, "the chat has been dissolved"));
    }
    if !chat.bot_inside {
        return Err(Refusal::new(232_011, "Operator can NOT be out of the chat."));
    }
    Ok(id.to_owned())
}

fn show(state: &State, id: &str) -> Value {
    let Some(chat) = state.chats.get(id) else { return Value::Null };
    let mut shown = json!({
        "chat_id": chat.id,
        "name": chat.name,
        "description": "",
        "chat_mode": if chat.group { "group" } else { "p2p" },
        "chat_type": "private",
        "external": false,
        "tenant_key": state.options.tenant_key,
        "group_message_type": if chat.topics { "thread" } else { "chat" },
        "chat_status": if chat.dissolved { "dissolved" } else { "normal" },
        "user_count": chat.members.len().to_string(),
        "bot_count": "1",
    });
    if let Some(owner) = &chat.owner {
        shown["owner_id"] = owner.as_str().into();
        shown["owner_id_type"] = "open_id".into();
    }
    shown
}
