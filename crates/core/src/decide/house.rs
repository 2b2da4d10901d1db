//! At the door: strangers knock, and one of them may have the pairing code.

use super::lobby;
use crate::people::Named;
use crate::words::{door as words, people as w};
use crate::{
    Card, ChatId, Effect, Event, Fact, House, Kind, Listing, Offer, Pairing, Room, Terms, Text,
    Timestamp, Tone, UserId, Via, view,
};

/// How often a stranger is told that they may not act, in milliseconds.
const REFUSE_EVERY: u64 = 60 * 60 * 1_000;

/// The most strangers remembered; beyond them nobody is answered.
const STRANGERS_MAX: usize = 1_000;

/// How often a pairing code may be tried.
const TRIES_MAX: u8 = 5;

/// The least time between two tries, in milliseconds.
const TRY_EVERY: u64 = 1_000;

/// Characters of a pairing code.
const CODE_CHARS: usize = 8;

/// How long the owner's word holds that somebody else may be the owner, in milliseconds.
pub(super) const OFFER_FOR: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn offered(terms: &Terms, room: &mut Room, code: &str, until: Timestamp) -> Vec<Effect> {
    let house = house(room);
    if !is_owned(terms, house) {
        let code = normal(code);
        let last_try = Timestamp::default();
        house.pairing = Some(Pairing { code, until, tries_left: TRIES_MAX, last_try });
    }
    vec![]
}

/// Keeps projects that were taken over until there is a lobby to list them in.
pub(super) fn adopted(room: &mut Room, projects: &[Listing]) -> Vec<Effect> {
    lobby::add(&mut house(room).adopted, projects);
    vec![]
}

/// Notes which lobby is the owner's, and hands over what is kept for it.
pub(super) fn settled(room: &mut Room, lobby: &ChatId) -> Vec<Effect> {
    let Kind::House(house) = &mut room.kind else { return vec![] };
    house.lobby = Some(lobby.clone());
    let projects = std::mem::take(&mut house.adopted);
    if projects.is_empty() {
        return vec![];
    }
    vec![Effect::Tell { chat: lobby.clone(), fact: Fact::Adopted { projects } }]
}

pub(super) fn knocked(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    by: &UserId,
    via: &Via,
    chat: &ChatId,
    text: &str,
) -> Vec<Effect> {
    let house = house(room);
    let code = normal(text);
    let looks_right = code.len() == CODE_CHARS && *via == Via::Direct && !is_owned(terms, house);
    let pairing = house.pairing.as_mut().filter(|_| looks_right);
    let answer = match pairing.map(|pairing| attempt(pairing, &code, event.at)) {
        Some(attempt) => match attempt {
            Attempt::Right => {
                house.owner = Some(by.clone());
                house.pairing = None;
                let fact = Fact::Welcomed { by: by.clone() };
                return vec![Effect::Tell { chat: chat.clone(), fact }];
            }
            Attempt::Wrong { left: 0 } | Attempt::Void => {
                house.pairing = None;
                words::code_is_void()
            }
            Attempt::Wrong { left } => words::wrong_code(left),
            Attempt::TooSoon if refused_lately(house, by, event.at) => return vec![],
            Attempt::TooSoon => words::too_fast(),
        },
        None if refused_lately(house, by, event.at) => return vec![],
        None if is_owned(terms, house) => words::owner_only(),
        None => words::no_owner(),
    };
    match via {
        Via::Press { .. } => vec![Effect::Toast { text: answer }],
        Via::Direct | Via::Group | Via::Topic { .. } | Via::Local { .. } => {
            let under = via.topic().map(|topic| topic.message.clone());
            let card = Card::new(Tone::Plain, Text::verbatim("PoCo")).text(answer).under(under);
            vec![Effect::Post { chat: chat.clone(), card }]
        }
    }
}

/// What the owner offers, and whom to tell.
pub(super) struct Offering<'a> {
    pub(super) by: &'a UserId,
    pub(super) to: &'a Named,
    pub(super) until: Timestamp,
    pub(super) lobby: &'a ChatId,
    pub(super) chat: &'a ChatId,
}

/// Notes that the owner wants to hand over. Where the operator named the owner, only they can.
pub(super) fn offered_owner(
    room: &mut Room,
    here: &ChatId,
    offering: &Offering<'_>,
) -> Vec<Effect> {
    let house = house(room);
    let text = if house.owner.as_ref() == Some(offering.by) {
        let Offering { by, to, until, lobby, .. } = *offering;
        // A project that was taken over may not know of the owner's lobby.
        let lobby = house.lobby.as_ref().filter(|_| lobby == here).unwrap_or(lobby);
        let (by, to_id, lobby) = (by.clone(), to.id.clone(), lobby.clone());
        house.offer = Some(Offer { by, to: to_id, until, lobby });
        let name = if to.name.is_empty() { to.id.to_string() } else { to.name.clone() };
        w::offered(view::escape(&name))
    } else {
        w::owner_is_set()
    };
    let card = Card::new(Tone::Plain, Text::verbatim("PoCo")).text(text);
    vec![Effect::Post { chat: offering.chat.clone(), card }]
}

/// Makes somebody the owner who was offered to be, and says so in a direct chat.
pub(super) fn accepted(
    terms: &Terms,
    room: &mut Room,
    event: &Event,
    by: &UserId,
    via: &Via,
    chat: &ChatId,
) -> Vec<Effect> {
    let house = house(room);
    let offer = house.offer.clone().filter(|offer| {
        offer.to == *by && event.at <= offer.until && house.owner.as_ref() == Some(&offer.by)
    });
    let Some(offer) = offer else { return knocked(terms, room, event, by, via, chat, "") };
    if *via != Via::Direct {
        let card = Card::new(Tone::Plain, Text::verbatim("PoCo")).text(w::accept_in_direct());
        return vec![Effect::Post { chat: chat.clone(), card }];
    }
    house.owner = Some(by.clone());
    house.offer = None;
    let welcomed = Fact::Welcomed { by: by.clone() };
    let handed = Fact::HandedOver { from: offer.by, to: by.clone(), chat: chat.clone() };
    vec![
        Effect::Tell { chat: chat.clone(), fact: welcomed },
        Effect::Tell { chat: offer.lobby, fact: handed },
    ]
}

enum Attempt {
    Right,
    Wrong { left: u8 },
    TooSoon,
    Void,
}

fn attempt(pairing: &mut Pairing, code: &str, at: Timestamp) -> Attempt {
    if at > pairing.until || pairing.tries_left == 0 {
        return Attempt::Void;
    }
    if at.since(pairing.last_try) < TRY_EVERY {
        return Attempt::TooSoon;
    }
    pairing.last_try = at;
    pairing.tries_left -= 1;
    if pairing.code == code { Attempt::Right } else { Attempt::Wrong { left: pairing.tries_left } }
}

/// Notes that a stranger is told now, unless they were told not long ago.
fn refused_lately(house: &mut House, by: &UserId, at: Timestamp) -> bool {
    house.refused.retain(|_, last| at.since(*last) < REFUSE_EVERY);
    if house.refused.contains_key(by) || house.refused.len() == STRANGERS_MAX {
        return true;
    }
    house.refused.insert(by.clone(), at);
    false
}

/// Whether there is an owner: the operator named one, or somebody came in with the code.
fn is_owned(terms: &Terms, house: &House) -> bool {
    terms.owner.is_some() || house.owner.is_some()
}

fn house(room: &mut Room) -> &mut House {
    if !matches!(room.kind, Kind::House(_)) {
        room.kind = Kind::House(House::default());
    }
    let Kind::House(house) = &mut room.kind else { unreachable!("it was just made one") };
    house
}

/// People type a code in any case, and with a dash where it is printed with one.
fn normal(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}
