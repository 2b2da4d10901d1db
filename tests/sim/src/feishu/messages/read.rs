//! Messages as the API shows them.

use super::{Body, unknown};
use crate::feishu::call::Call;
use crate::feishu::chats;
use crate::feishu::refusal::{Answer, Refusal, success};
use crate::feishu::state::State;
use serde_json::{Value, json};

/// `GET /im/v1/messages/:id`
pub(crate) fn get(state: &mut State, call: &Call) -> Answer {
    let id = call.part(3);
    let message = state.messages.get(id).ok_or_else(unknown)?;
    chats::reachable(state, &message.chat)?;
    let parts = state.messages.values().filter(|it| it.upper.as_deref() == Some(id));
    let parts = parts.map(|part| show(state, &part.id));
    let items: Vec<_> = std::iter::once(show(state, id)).chain(parts).collect();
    Ok(success(&json!({"items": items})))
}

/// `GET /im/v1/messages`: a chat's messages by pages.
pub(crate) fn list(state: &mut State, call: &Call) -> Answer {
    let chat = call.query("container_id").unwrap_or_default().to_owned();
    if call.query("container_id_type") != Some("chat") {
        return Err(Refusal::field("container_id_type", "only chat is simulated"));
    }
    chats::reachable(state, &chat)?;
    let number = |name: &str| call.query(name).and_then(|number| number.parse::<u64>().ok());
    let (from, to) = (number("start_time").unwrap_or(0), number("end_time").unwrap_or(u64::MAX));
    let size = number("page_size").and_then(|size| usize::try_from(size).ok()).unwrap_or(20);
    if !(1..=50).contains(&size) {
        return Err(Refusal::field("page_size", "must be between 1 and 50"));
    }
    let here = |id: &&String| {
        let message = &state.messages[*id];
        message.chat == chat && (from..=to).contains(&(message.created / 1000))
    };
    let mut ids: Vec<_> = state.order.iter().filter(here).collect();
    if call.query("sort_type") == Some("ByCreateTimeDesc") {
        ids.reverse();
    }
    let start = call.query("page_token").and_then(|token| token.parse().ok()).unwrap_or(0);
    let items: Vec<_> = ids.iter().skip(start).take(size).map(|id| show(state, id)).collect();
    let (end, more) = (start + items.len(), ids.len() > start + items.len());
    let data = json!({"items": items, "has_more": more, "page_token": end.to_string()});
    Ok(success(&data))
}

/// Writes a message as the API shows it.
pub(super) fn show(state: &State, id: &str) -> Value {
    let Some(message) = state.messages.get(id) else { return Value::Null };
    let content = match &message.body {
        Body::Content(content) => content.to_string(),
        // Cards come back as a projection that is of no use.
        Body::Card(_) | Body::Entity(_) => {
            let hint = "Please upgrade to the latest version of the client to view this";
            json!({"title": null, "elements": [[{"tag": "text", "text": hint}]]}).to_string()
        }
    };
    let (id_type, sender_type) =
        if message.person.is_some() { ("open_id", "user") } else { ("app_id", "app") };
    let mut shown = json!({
        "message_id": id,
        "msg_type": message.kind,
        "create_time": message.created.to_string(),
        "update_time": message.updated.to_string(),
        "deleted": message.deleted,
        "updated": message.updated != message.created,
        "chat_id": message.chat,
        "sender": {
            "id": message.person.as_ref().unwrap_or(&state.options.app_id),
            "id_type": id_type,
            "sender_type": sender_type,
            "tenant_key": state.options.tenant_key,
        },
        "body": {"content": content},
    });
    if let Some(parent) = &message.parent {
        shown["parent_id"] = parent.as_str().into();
        shown["root_id"] = message.root.as_ref().unwrap_or(parent).as_str().into();
    }
    if let Some(thread) = &message.thread {
        shown["thread_id"] = thread.as_str().into();
    }
    if let Some(upper) = &message.upper {
        shown["upper_message_id"] = upper.as_str().into();
    }
    let mention = |it: &Value| json!({"key": it["key"], "id": it["id"]["open_id"], "id_type": "open_id", "name": it["name"]});
    if !message.mentions.is_empty() {
        shown["mentions"] = message.mentions.iter().map(mention).collect();
    }
    shown
}
