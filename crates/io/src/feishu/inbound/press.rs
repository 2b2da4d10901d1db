//! Presses: what a card's button or field carried becomes an action.

use super::{Inbound, Origin, id, lang, on, text, time};
use crate::feishu::render::NUMBER_MARK;
use poco_core::{Press, Timestamp, hash};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads a `card.action.trigger`.
pub(super) fn read(payload: &Value, now: Timestamp) -> Inbound {
    let event = &payload["event"];
    let origin = Origin {
        id: text(payload, "/header/event_id"),
        chat: text(event, "/context/open_chat_id"),
        by: text(event, "/operator/open_id"),
        at: time(text(payload, "/header/create_time"), now),
        lang: lang(event),
    };
    pressed(origin, text(event, "/context/open_message_id"), &event["action"])
}

/// Reads a `card.action.trigger_v1`, which has no envelope, and no id but the token to answer with.
pub(super) fn read_old(event: &Value, now: Timestamp) -> Inbound {
    let token = id(text(event, "/token")).map(|token| format!("press-{:016x}", hash(token)));
    let origin = Origin {
        id: token.as_deref(),
        chat: text(event, "/open_chat_id"),
        by: text(event, "/open_id"),
        at: now,
        lang: lang(event),
    };
    pressed(origin, text(event, "/open_message_id"), &event["action"])
}

fn pressed(origin: Origin<'_>, card: Option<&str>, action: &Value) -> Inbound {
    match on(card) {
        Some(via) => origin.acted(via, press(action).action()),
        None => Inbound::Ignored("a press on no card"),
    }
}

/// Returns what the button carried and, where it says nothing, what was filled in.
pub fn press(action: &Value) -> Press {
    let mut fields = BTreeMap::new();
    put(&mut fields, &action["value"]);
    put(&mut fields, &action["form_value"]);
    for key in ["input_value", "option"] {
        if let Some(value) = scalar(&action[key]) {
            fields.entry(key.to_owned()).or_insert(value);
        }
    }
    Press(fields)
}

fn put(fields: &mut BTreeMap<String, String>, values: &Value) {
    for (key, value) in values.as_object().into_iter().flatten() {
        if let Some(value) = scalar(value) {
            fields.entry(field(key).to_owned()).or_insert(value);
        }
    }
}

/// Returns the name of a field without the number that made it unique on its card.
fn field(key: &str) -> &str {
    match key.rsplit_once(NUMBER_MARK) {
        Some((name, number)) if number.parse::<u32>().is_ok() => name,
        _ => key,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
