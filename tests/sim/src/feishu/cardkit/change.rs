//! Changes of whole entities, and the rules every change obeys.

use super::{Entity, Stream, elements};
use crate::feishu::call::{Call, document};
use crate::feishu::cards::people::validate_here;
use crate::feishu::messages;
use crate::feishu::refusal::{Answer, Refusal, success};
use crate::feishu::state::State;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DATA_MAX: usize = 3_000_000;
const UUID_MAX: usize = 64;

/// `POST /cardkit/v1/cards`
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let card = card_of(call.text("type")?, call.text("data")?)?;
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    let id = format!("74{:017}", state.count());
    let mut entity = Entity {
        created: state.now(),
        sent: None,
        sequence: 0,
        uuids: BTreeSet::new(),
        stream: Stream::Closed,
        card,
    };
    set_stream(&mut entity, state.now());
    state.entities.insert(id.clone(), entity);
    Ok(success(&json!({"card_id": id})))
}

/// `POST /cardkit/v1/cards/id_convert`: tells which entity a card message shows.
pub(crate) fn id_convert(state: &mut State, call: &Call) -> Answer {
    let message = call.text("message_id")?;
    let shown = state.messages.get(message).filter(|message| !message.deleted);
    match shown.map(|message| &message.body) {
        Some(messages::Body::Entity(id)) => Ok(success(&json!({"card_id": id}))),
        Some(messages::Body::Card(_) | messages::Body::Content(_)) | None => {
            Err(Refusal::new(300_308, "ErrMsg: the message shows no card entity; "))
        }
    }
}

/// `PUT /cardkit/v1/cards/:id`: a whole new card, config included.
pub(crate) fn put(state: &mut State, call: &Call) -> Answer {
    let id = begin(state, call)?;
    let (kind, data) = (&call.body["card"]["type"], &call.body["card"]["data"]);
    let missing = || Refusal::field("card", "type and data are required");
    let card = card_of(kind.as_str().ok_or_else(missing)?, data.as_str().ok_or_else(missing)?)?;
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    finish(state, &id, card, Streaming::Reopened);
    Ok(success(&json!({})))
}

/// `PATCH /cardkit/v1/cards/:id/settings`
pub(crate) fn settings(state: &mut State, call: &Call) -> Answer {
    let id = begin(state, call)?;
    let settings = document(call.text("settings")?, |why| Refusal::new(300_122, why))?;
    let mut card = state.entities[&id].card.clone();
    let streaming = apply_settings(&mut card, &settings)?;
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    finish(state, &id, card, streaming);
    Ok(success(&json!({})))
}

/// `POST /cardkit/v1/cards/:id/batch_update`: all of it or nothing.
pub(crate) fn batch(state: &mut State, call: &Call) -> Answer {
    let id = begin(state, call)?;
    let actions = document(call.text("actions")?, |why| Refusal::new(10002, why))?;
    let actions = actions.as_array().ok_or_else(|| Refusal::new(10002, "actions is a list"))?;
    let mut card = state.entities[&id].card.clone();
    let mut streaming = Streaming::AsBefore;
    for action in actions {
        let params = &action["params"];
        let name = action["action"].as_str().unwrap_or_default();
        if name == "partial_update_setting" {
            streaming = apply_settings(&mut card, &params["settings"])?;
        } else {
            elements::apply(&mut card, name, params)?;
        }
    }
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    finish(state, &id, card, streaming);
    Ok(success(&json!({})))
}

/// What a change does to streaming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streaming {
    AsBefore,
    /// As the card's config now says; open counts anew.
    Reopened,
}

fn apply_settings(card: &mut Value, settings: &Value) -> Result<Streaming, Refusal> {
    let object = settings.as_object().ok_or_else(|| Refusal::new(300_122, "settings failed"))?;
    if let Some(stray) = object.keys().find(|key| !matches!(key.as_str(), "config" | "card_link")) {
        return Err(Refusal::new(300_122, format!("unknown setting {stray}")));
    }
    for (name, value) in settings["config"].as_object().into_iter().flatten() {
        card["config"][name.as_str()] = value.clone();
    }
    if let Some(link) = object.get("card_link") {
        card["card_link"] = link.clone();
    }
    let told = settings["config"].get("streaming_mode").is_some();
    Ok(if told { Streaming::Reopened } else { Streaming::AsBefore })
}

/// Checks what every change must obey, and takes its number. Returns the entity's id.
pub(super) fn begin(state: &mut State, call: &Call) -> Result<String, Refusal> {
    let id = call.part(3).to_owned();
    let now = state.now();
    let Some(entity) = state.entities.get(&id) else {
        return Err(Refusal::new(200_740, "ErrMsg: card entity does not exist; "));
    };
    if entity.expired(now) {
        return Err(Refusal::new(200_750, "ErrMsg: card entity is expired; "));
    }
    let locked = entity.sent.as_ref().is_some_and(|message| state.locked.contains(message));
    let sequence = call.body["sequence"].as_i64();
    let sequence = sequence.filter(|number| i32::try_from(*number).is_ok());
    let sequence = sequence.ok_or_else(|| Refusal::field("sequence", "an int32 is required"))?;
    let uuid = call.maybe("uuid")?.map(str::to_owned);
    if uuid.as_ref().is_some_and(|uuid| uuid.chars().count() > UUID_MAX) {
        return Err(Refusal::field("uuid", "must not be longer than 64"));
    }
    state.pace(&format!("card {id}"), 10, 99_991_400)?;
    if locked {
        return Err(Refusal::new(200_810, "ErrMsg: card callback is in progress; "));
    }
    let Some(entity) = state.entities.get_mut(&id) else { return Ok(id) };
    if uuid.as_ref().is_some_and(|uuid| entity.uuids.contains(uuid)) {
        return Err(Refusal::new(200_770, "ErrMsg: uuid conflict; "));
    }
    if sequence < 1 || sequence <= entity.sequence {
        return Err(Refusal::new(300_317, "ErrMsg: sequence number compare failed; "));
    }
    entity.sequence = sequence;
    entity.uuids.extend(uuid);
    Ok(id)
}

/// Gives the entity its new card, and the message it was sent as a new look.
pub(super) fn finish(state: &mut State, id: &str, card: Value, streaming: Streaming) {
    let now = state.now();
    let Some(entity) = state.entities.get_mut(id) else { return };
    entity.card = card.clone();
    if streaming == Streaming::Reopened {
        set_stream(entity, now);
    }
    if let Some(message) = entity.sent.clone() {
        messages::look(state, &message, card);
    }
}

fn set_stream(entity: &mut Entity, now: u64) {
    let open = entity.card.pointer("/config/streaming_mode") == Some(&Value::Bool(true));
    entity.stream = if open { Stream::Open(now) } else { Stream::Closed };
}

fn card_of(kind: &str, data: &str) -> Result<Value, Refusal> {
    if kind != "card_json" {
        return Err(Refusal::new(10002, "ErrMsg: only card_json is simulated; "));
    }
    if data.len() > DATA_MAX {
        return Err(Refusal::field("data", "too long"));
    }
    document(data, |why| Refusal::new(200_220, why))
}
