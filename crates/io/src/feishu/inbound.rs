//! Reads what Feishu sends: messages and presses become events of the core.

pub(super) mod content;
mod message;
mod press;

pub use press::press;

use poco_core::{Action, CardRef, ChatId, Event, EventId, Fact, Lang, Timestamp, UserId, Via};
use serde_json::Value;

/// What a payload is to PoCo.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbound {
    /// Feishu asks whether this address is ours: send this back.
    Challenge(String),
    Event(Event),
    /// Nothing to do, and why.
    Ignored(&'static str),
}

/// The longest id, in bytes. Feishu's have about 40.
const ID_BYTES_MAX: usize = 128;

/// Reads a payload, which must be verified. `bot` is the open id of our bot; if it is not known,
/// any mentioned bot is taken for it.
pub fn read(payload: &Value, bot: Option<&str>, now: Timestamp) -> Inbound {
    let kind = text(payload, "/header/event_type").or(text(payload, "/event/type"));
    match (text(payload, "/type"), kind) {
        (Some("url_verification"), _) => match text(payload, "/challenge") {
            Some(challenge) => Inbound::Challenge(challenge.to_owned()),
            None => Inbound::Ignored("a check of the address without a challenge"),
        },
        (_, Some("im.message.receive_v1")) => message::read(payload, bot, now),
        (_, Some("message")) => message::read_old(payload, now),
        (_, Some("card.action.trigger")) => press::read(payload, now),
        (_, Some("card.action.trigger_v1")) => press::read_old(&payload["event"], now),
        (None, None) if payload.get("action").is_some() => press::read_old(payload, now),
        (_, Some("im.chat.member.user.deleted_v1")) => left(payload, now),
        (_, Some("im.chat.disbanded_v1")) => Inbound::Ignored("a group was dissolved"),
        (_, Some("im.chat.member.bot.deleted_v1")) => {
            Inbound::Ignored("the bot was removed from a group")
        }
        (_, Some("im.chat.member.bot.added_v1")) => {
            Inbound::Ignored("the bot was added to a group")
        }
        (_, Some(_)) => Inbound::Ignored("an event PoCo does not use"),
        (_, None) => Inbound::Ignored("no event"),
    }
}

/// Reads that people left a group, or were taken out of it.
fn left(payload: &Value, now: Timestamp) -> Inbound {
    let event = &payload["event"];
    let users = event["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    let people = users.iter().filter_map(|user| id(text(user, "/user_id/open_id")));
    let people: Vec<_> = people.map(UserId::new).collect();
    let (event_id, chat) = (id(text(payload, "/header/event_id")), id(text(event, "/chat_id")));
    let (Some(event_id), Some(chat), false) = (event_id, chat, people.is_empty()) else {
        return Inbound::Ignored("an event without the ids it must have");
    };
    Inbound::Event(Event {
        id: EventId::new(event_id),
        chat: ChatId::new(chat),
        at: time(text(payload, "/header/create_time"), now),
        lang: None,
        fact: Fact::Left { people },
    })
}

/// Where, when and by whom something was done.
struct Origin<'a> {
    id: Option<&'a str>,
    chat: Option<&'a str>,
    by: Option<&'a str>,
    at: Timestamp,
    lang: Option<Lang>,
}

impl Origin<'_> {
    fn acted(self, via: Via, action: Action) -> Inbound {
        let (Some(event), Some(chat), Some(by)) = (id(self.id), id(self.chat), id(self.by)) else {
            return Inbound::Ignored("an event without the ids it must have");
        };
        let fact = Fact::Acted { by: UserId::new(by), via, action };
        Inbound::Event(Event {
            id: EventId::new(event),
            chat: ChatId::new(chat),
            at: self.at,
            lang: self.lang,
            fact,
        })
    }
}

/// Takes an id that can be one.
fn id(text: Option<&str>) -> Option<&str> {
    text.filter(|id| {
        (1..=ID_BYTES_MAX).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
    })
}

/// The language of a person's client. The platform is not known to say it in events; where it does,
/// it is believed.
fn lang(event: &Value) -> Option<Lang> {
    let places = ["/operator/locale", "/sender/locale", "/context/locale", "/locale"];
    places.iter().find_map(|place| Lang::read(text(event, place)?))
}

fn on(card: Option<&str>) -> Option<Via> {
    id(card).map(|card| Via::Press { card: CardRef::new(card) })
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Later than this in milliseconds would be the year 5138, so it is in microseconds.
const MICROSECONDS_FROM: u64 = 100_000_000_000_000;

/// Reads a time in either unit. Nothing comes from the future.
fn time(text: Option<&str>, now: Timestamp) -> Timestamp {
    let number = text.and_then(|text| text.parse::<u64>().ok()).filter(|number| *number > 0);
    let at = number.map(|it| if it >= MICROSECONDS_FROM { it / 1_000 } else { it });
    at.map_or(now, |at| Timestamp(at.min(now.0)))
}
