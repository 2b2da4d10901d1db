//! Messages: send, reply, change, recall, read.

mod read;

pub(crate) use read::{get, list};

use super::call::{Call, document};
use super::cards::people::validate_here;
use super::chats;
use super::clock::{DAY, HOUR};
use super::content;
use super::refusal::{Answer, Refusal, success};
use super::state::State;
use read::show;
use serde_json::{Value, json};
use std::sync::Arc;

/// A message as the platform keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) chat: String,
    /// The person's open id; none for the bot.
    pub(crate) person: Option<String>,
    pub(crate) kind: String,
    pub(crate) body: Body,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: bool,
    pub(crate) edits: u32,
    pub(crate) parent: Option<String>,
    /// The topic it is in: `omt_…`.
    pub(crate) thread: Option<String>,
    /// The message the topic began with.
    pub(crate) root: Option<String>,
    /// The bundle it is a part of.
    pub(crate) upper: Option<String>,
    pub(crate) mentions: Vec<Value>,
    /// Every look a card has had, the present one last.
    pub(crate) looks: Vec<Arc<Value>>,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// The content of anything that is not a card.
    Content(Value),
    Card(Value),
    /// The id of a card entity.
    Entity(String),
}

/// How long a card may be changed.
const CARD_LIFE: u64 = 14 * DAY;
const UUID_MAX: usize = 50;
const EDITS_MAX: u32 = 20;

impl Stored {
    /// Returns the card as people see it now.
    pub(crate) fn card<'a>(&'a self, state: &'a State) -> Option<&'a Value> {
        match &self.body {
            Body::Content(_) => None,
            Body::Card(card) => Some(card),
            Body::Entity(id) => state.entities.get(id).map(|entity| &entity.card),
        }
    }
}

/// `POST /im/v1/messages`
pub(crate) fn send(state: &mut State, call: &Call) -> Answer {
    let receiver = call.text("receive_id")?.to_owned();
    let kind = call.query("receive_id_type").unwrap_or_default().to_owned();
    match kind.as_str() {
        "open_id" | "chat_id" => {}
        "" => return Err(Refusal::field("receive_id_type", "is required")),
        _ => return Err(Refusal::new(230_001, "receive_id_type is not simulated or unknown")),
    }
    if let Some(before) = repeated(state, call)? {
        return Ok(success(&show(state, &before)));
    }
    let chat = if kind == "chat_id" {
        chats::reachable(state, &receiver)?
    } else {
        chats::direct(state, &receiver)?
    };
    post(state, call, &chat, None)
}

/// `POST /im/v1/messages/:id/reply`
pub(crate) fn reply(state: &mut State, call: &Call) -> Answer {
    let parent = find(state, call.part(3))?.clone();
    if let Some(before) = repeated(state, call)? {
        return Ok(success(&show(state, &before)));
    }
    let chat = chats::reachable(state, &parent.chat)?;
    if call.body.get("reply_in_thread").is_some_and(|it| !it.is_boolean()) {
        return Err(Refusal::field("reply_in_thread", "must be a boolean"));
    }
    if call.body["reply_in_thread"] == true || parent.thread.is_some() {
        open_topic(state, &parent.id);
    }
    post(state, call, &chat, Some(parent.id))
}

/// Makes a message the beginning of a topic, unless it is in one.
pub(crate) fn open_topic(state: &mut State, id: &str) {
    let thread = state.id("omt_");
    if let Some(message) = state.messages.get_mut(id)
        && message.thread.is_none()
    {
        message.thread = Some(thread);
    }
}

/// Puts a message where it belongs: into the topic it answers, or one of its own.
pub(crate) fn place(state: &mut State, stored: &mut Stored) {
    let parent = stored.parent.as_ref().and_then(|id| state.messages.get(id)).cloned();
    if let Some(parent) = parent {
        stored.root = Some(parent.root.clone().unwrap_or(parent.id));
        stored.thread = parent.thread;
    } else if state.chats.get(&stored.chat).is_some_and(|chat| chat.topics) {
        stored.thread = Some(state.id("omt_"));
    }
}

fn post(state: &mut State, call: &Call, chat: &str, parent: Option<String>) -> Answer {
    let (kind, text) = (call.text("msg_type")?.to_owned(), call.text("content")?);
    let body = content::read(state, &kind, text)?;
    state.pace(&format!("chat {chat}"), 5, 230_020)?;
    let id = state.id("om_");
    if let Body::Entity(card) = &body
        && let Some(entity) = state.entities.get_mut(card)
    {
        entity.sent = Some(id.clone());
    }
    let mut stored = Stored { parent, ..new(state, id.clone(), chat, &kind, body) };
    place(state, &mut stored);
    keep(state, stored);
    if let Some(uuid) = call.maybe("uuid")? {
        state.remember(format!("message {uuid}"), &id);
    }
    Ok(success(&show(state, &id)))
}

pub(crate) fn new(state: &State, id: String, chat: &str, kind: &str, body: Body) -> Stored {
    Stored {
        id,
        chat: chat.to_owned(),
        person: None,
        kind: kind.to_owned(),
        body,
        created: state.now(),
        updated: state.now(),
        deleted: false,
        edits: 0,
        parent: None,
        thread: None,
        root: None,
        upper: None,
        mentions: Vec::new(),
        looks: Vec::new(),
    }
}

/// Keeps a new message, with its first look.
pub(crate) fn keep(state: &mut State, mut stored: Stored) {
    stored.looks.extend(stored.card(state).cloned().map(Arc::new));
    state.order.push(stored.id.clone());
    state.messages.insert(stored.id.clone(), stored);
}

/// Returns the message a call with this `uuid` made in the last hour.
fn repeated(state: &State, call: &Call) -> Result<Option<String>, Refusal> {
    let Some(uuid) = call.maybe("uuid")? else { return Ok(None) };
    if uuid.chars().count() > UUID_MAX {
        return Err(Refusal::field("uuid", "must not be longer than 50"));
    }
    Ok(state.done_before(&format!("message {uuid}"), HOUR))
}

/// `PATCH /im/v1/messages/:id`: changes a card.
pub(crate) fn patch(state: &mut State, call: &Call) -> Answer {
    let message = own(state, call.part(3))?.clone();
    let old = match &message.body {
        Body::Content(_) => return Err(Refusal::new(230_001, "This message is NOT a card.")),
        Body::Entity(_) => {
            let why = "the message carries a card entity; update it with cardkit";
            return Err(Refusal::new(230_001, why));
        }
        Body::Card(card) => card.clone(),
    };
    if state.now() >= message.created + CARD_LIFE {
        return Err(Refusal::new(230_031, "The message is older than 14 days"));
    }
    let text = call.text("content")?;
    let card = document(text, |why| Refusal::new(230_001, why))?;
    if old["schema"] == "2.0" && card["schema"] != "2.0" {
        return Err(Refusal::new(200_830, "a card of schema 2.0 cannot become 1.0"));
    }
    content::fits(text, content::CARD_MAX)?;
    validate_here(state, &card).map_err(|error| error.for_message())?;
    if state.locked.contains(&message.id) {
        let why =
            "Failed to create card content, ext=ErrCode: 11310; ErrMsg: card action is lock; ";
        return Err(Refusal::new(230_099, why));
    }
    state.pace(&format!("message {}", message.id), 5, 230_020)?;
    look(state, &message.id, card);
    Ok(success(&json!({})))
}

/// Gives a message's card a new look.
pub(crate) fn look(state: &mut State, id: &str, card: Value) {
    let now = state.now();
    let Some(message) = state.messages.get_mut(id) else { return };
    message.updated = now;
    message.looks.push(Arc::new(card.clone()));
    if let Body::Card(shown) = &mut message.body {
        *shown = card;
    }
}

/// `PUT /im/v1/messages/:id`: edits a text or post.
pub(crate) fn put(state: &mut State, call: &Call) -> Answer {
    let (id, edits, card) = {
        let message = own(state, call.part(3))?;
        (message.id.clone(), message.edits, message.kind == "interactive")
    };
    let kind = call.text("msg_type")?;
    if card || !matches!(kind, "text" | "post") {
        return Err(Refusal::new(230_001, "only text and post can be edited"));
    }
    if edits >= EDITS_MAX {
        return Err(Refusal::new(
            230_072,
            "The message has reached the number of times it can be edited",
        ));
    }
    let body = content::read(state, kind, call.text("content")?)?;
    let now = state.now();
    if let Some(message) = state.messages.get_mut(&id) {
        kind.clone_into(&mut message.kind);
        (message.body, message.updated, message.edits) = (body, now, edits + 1);
    }
    Ok(success(&show(state, &id)))
}

/// `DELETE /im/v1/messages/:id`
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.part(3).to_owned();
    if find(state, &id)?.person.is_some() {
        return Err(Refusal::new(230_026, "No permission to recall this message"));
    }
    if let Some(message) = state.messages.get_mut(&id) {
        message.deleted = true;
    }
    Ok(success(&json!({})))
}

fn unknown() -> Refusal {
    Refusal::new(230_001, "Your request contains an invalid request parameter: message_id")
}

fn find<'a>(state: &'a State, id: &str) -> Result<&'a Stored, Refusal> {
    let message = state.messages.get(id).ok_or_else(unknown)?;
    if message.deleted {
        return Err(Refusal::new(230_011, "The message was recalled"));
    }
    chats::reachable(state, &message.chat)?;
    Ok(message)
}

fn own<'a>(state: &'a State, id: &str) -> Result<&'a Stored, Refusal> {
    let message = find(state, id)?;
    if message.person.is_some() {
        return Err(Refusal::new(230_071, "The message was not sent by this app"));
    }
    Ok(message)
}
