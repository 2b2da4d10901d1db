//! Card entities: cards with an identity of their own, onto which text can be typed.

use super::call::{Request, now_ms};
use super::client::Feishu;
use super::error::{Class, Rejected};
use super::look::Look;
use super::pacer::Key;
use crate::port::MessageId;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::SystemTime;
use tokio::time::Instant;

/// How often an operation is repeated with a higher number.
const JUMPS_MAX: usize = 12;

/// How far the first jump goes, in milliseconds of the card's life; each goes eight times as far,
/// so that one call gets above any number a card can have, but not far.
const JUMP: i32 = 10_000;
const JUMP_MAX: i32 = 400_000_000;

/// How long a card entity lives.
const LIFE_MS: u64 = 14 * 24 * 3_600_000;

/// A card entity.
///
/// Its operations are numbered by the milliseconds since it was made: numbers rise, also beyond a
/// restart, with nothing stored but that time; its life of 14 days fits into the platform's 31 bits.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) id: String,
    pub(super) created: u64,
    last: AtomicI32,
    jumps: AtomicU32,
}

impl Entity {
    /// An entity that somebody else made, nobody knows when: its numbers start above all others.
    pub(super) fn adopt(id: impl Into<String>) -> Self {
        Self::new(id, now_ms().saturating_sub(LIFE_MS))
    }

    pub(super) fn new(id: impl Into<String>, created: u64) -> Self {
        Self { id: id.into(), created, last: AtomicI32::new(0), jumps: AtomicU32::new(0) }
    }

    /// Reads what [`Entity::write`] put behind a message's id.
    pub(super) fn read(message: &MessageId) -> Option<Self> {
        let mut words = message.0.split(' ').skip(1);
        let (id, created) = (words.next()?, words.next()?);
        Some(Self::new(id, created.parse().ok()?))
    }

    /// Names a message that shows this card.
    pub(super) fn write(&self, message: &str) -> MessageId {
        MessageId(format!("{message} {} {}", self.id, self.created))
    }

    pub(super) fn next(&self) -> i32 {
        self.next_at(now_ms())
    }

    fn next_at(&self, now: u64) -> i32 {
        let age = i32::try_from(now.saturating_sub(self.created)).unwrap_or(i32::MAX);
        let after = |last: i32| last.saturating_add(1).max(age.saturating_add(1));
        let step = |last| Some(after(last));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
        last.map_or(i32::MAX, after)
    }

    /// Leaves numbers out: somebody else, whose clock is ahead, has used higher ones.
    pub(super) fn jump(&self) {
        let jumps = self.jumps.fetch_add(1, Ordering::AcqRel);
        let far = JUMP.saturating_mul(8_i32.saturating_pow(jumps)).min(JUMP_MAX);
        let step = |last: i32| Some(last.saturating_add(far));
        let _ = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
    }
}

/// What the platform says a message shows.
#[derive(Debug)]
pub(super) enum Shows {
    /// The card entity of this id.
    Entity(String),
    /// No entity: it is an ordinary message.
    None,
    /// It did not say.
    Untold,
}

impl Feishu {
    /// Makes a card entity. Says also what time it was on the platform then.
    pub(super) async fn create_card(
        &self,
        look: &Look,
        deadline: Instant,
    ) -> Result<(Entity, Option<SystemTime>), Rejected> {
        const CALL: &str = "POST cardkit/v1/cards";
        let created = now_ms();
        let body = json!({ "type": "card_json", "data": look.card.to_string() });
        let request = || Request {
            call: CALL,
            method: Method::POST,
            path: "cardkit/v1/cards".to_owned(),
            body: Some(body.clone()),
        };
        let answer = self.call(&[], deadline, request).await?;
        let Some(id) = answer.body["data"]["card_id"].as_str() else {
            return Err(Rejected::unanswered(CALL, "an answer without a card id"));
        };
        Ok((Entity::new(id, created), answer.date))
    }

    /// Asks which card entity a message shows.
    pub(super) async fn card_of(&self, message: &str, deadline: Instant) -> Shows {
        const CALL: &str = "POST cardkit/v1/cards/id_convert";
        if !self.shared.made.can_tell() {
            return Shows::Untold;
        }
        let request = || Request {
            call: CALL,
            method: Method::POST,
            path: "cardkit/v1/cards/id_convert".to_owned(),
            body: Some(json!({ "message_id": message })),
        };
        match self.call(&[], deadline, request).await {
            Ok(answer) => match answer.body["data"]["card_id"].as_str() {
                Some(card) => Shows::Entity(card.to_owned()),
                None => Shows::Untold,
            },
            Err(rejected) => match rejected.class {
                Class::Setup(_) => {
                    self.shared.made.does_not_tell();
                    Shows::Untold
                }
                Class::Invalid | Class::EntityGone => Shows::None,
                Class::RateLimited { .. }
                | Class::Transient
                | Class::Token
                | Class::Sequence
                | Class::StreamClosed
                | Class::Lock
                | Class::Gone
                | Class::CardInvalid
                | Class::Refused(_) => Shows::Untold,
            },
        }
    }

    /// Replaces a whole card. That ends typing unless the new card goes on with it.
    pub(super) async fn put_card(
        &self,
        entity: &Entity,
        look: &Look,
        deadline: Instant,
    ) -> Result<(), Rejected> {
        let keys = [Key::Card(entity.id.clone())];
        for _ in 0..JUMPS_MAX {
            match self.call(&keys, deadline, || put(entity, look)).await {
                Err(rejected) if rejected.class == Class::Sequence => entity.jump(),
                Err(rejected) => return Err(rejected),
                Ok(_) => return Ok(()),
            }
        }
        // Its numbers are used up.
        let (call, message) = (PUT, "the card takes no more changes".to_owned());
        Err(Rejected { call, code: 300317, message, class: Class::EntityGone })
    }
}

pub(super) const PUT: &str = "PUT cardkit/v1/cards/:id";
pub(super) const TYPE: &str = "PUT cardkit/v1/cards/:id/elements/:id/content";
pub(super) const SETTINGS: &str = "PATCH cardkit/v1/cards/:id/settings";

/// Replaces the whole card.
pub(super) fn put(entity: &Entity, look: &Look) -> Request {
    let card = json!({ "type": "card_json", "data": look.card.to_string() });
    operation(PUT, Method::PUT, entity, "", json!({ "card": card }))
}

/// Types the text of an element on.
pub(super) fn type_on(entity: &Entity, element: &str, text: &str) -> Request {
    let rest = format!("/elements/{element}/content");
    operation(TYPE, Method::PUT, entity, &rest, json!({ "content": text }))
}

/// Opens a card to be typed onto, for ten more minutes.
pub(super) fn reopen(entity: &Entity) -> Request {
    let settings = json!({ "config": { "streaming_mode": true } }).to_string();
    operation(SETTINGS, Method::PATCH, entity, "/settings", json!({ "settings": settings }))
}

/// Ends the typing onto a card.
pub(super) fn close(entity: &Entity) -> Request {
    let settings = json!({ "config": { "streaming_mode": false } }).to_string();
    operation(SETTINGS, Method::PATCH, entity, "/settings", json!({ "settings": settings }))
}

fn operation(
    call: &'static str,
    method: Method,
    entity: &Entity,
    rest: &str,
    mut body: Value,
) -> Request {
    body["sequence"] = entity.next().into();
    let path = format!("cardkit/v1/cards/{}{rest}", entity.id);
    Request { call, method, path, body: Some(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_whatever_the_clock_does() {
        let entity = Entity::new("7", 1_000);
        assert_eq!(entity.next_at(1_000), 1);
        assert_eq!(entity.next_at(1_000), 2);
        assert_eq!(entity.next_at(5_000), 4_001);
        assert_eq!(entity.next_at(0), 4_002, "a clock set back");
        entity.jump();
        assert_eq!(entity.next_at(5_000), 14_003);
        entity.jump();
        assert_eq!(entity.next_at(5_000), 94_004, "each jump goes further");
        (2..JUMPS_MAX).for_each(|_| entity.jump());
        let last = entity.next_at(5_000);
        assert!(u64::try_from(last).is_ok_and(|last| last > LIFE_MS), "above all others: {last}");
    }

    #[test]
    fn a_restarted_process_goes_on_above() {
        let day = 24 * 3_600_000;
        let before = Entity::new("7", 1_000);
        let last = before.next_at(1_000 + 13 * day);
        let after = Entity::read(&before.write("om_1")).expect("one");
        assert!(after.next_at(1_001 + 13 * day) > last);
        assert!(after.next_at(1_000 + 14 * day) < i32::MAX, "14 days fit");
    }

    #[test]
    fn an_id_without_an_entity_has_none() {
        for text in ["om_1", "om_1 7", "om_1 7 soon", ""] {
            assert!(Entity::read(&MessageId(text.into())).is_none(), "{text}");
        }
    }
}
