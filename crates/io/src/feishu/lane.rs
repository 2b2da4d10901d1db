//! One writer at a time for each message, and what this process knows of the message.

use super::cardkit::Entity;
use super::look::{Live, Look, Typed};
use crate::port::MessageId;
use poco_core::Card;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Lanes beyond this number are looked through for idle ones, and half of those dropped.
const LANES_KEPT: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<String, Arc<Lane>>>);

#[derive(Debug, Default)]
pub(super) struct Lane {
    wanted: Mutex<Wanted>,
    /// Rung when an update comes.
    bell: Notify,
    pub(super) screen: tokio::sync::Mutex<Screen>,
}

/// What waits to be shown.
#[derive(Debug, Default)]
struct Wanted {
    /// The orders of the updates.
    updates: Vec<u64>,
    /// The latest glance: one that comes takes the place of the one before.
    glance: Option<Glance>,
    glances: u64,
    used: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(super) struct Glance {
    pub(super) ticket: u64,
    pub(super) card: Arc<Card>,
    pub(super) order: u64,
}

/// What a message looks like, as far as this process knows.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// The order of the latest whole look.
    pub(super) order: u64,
    /// The order of the latest text typed.
    pub(super) typed_order: u64,
    pub(super) entity: Option<Entity>,
    /// What was shown last; `None` if that is not certain.
    pub(super) shown: Option<Shown>,
    /// What was live last.
    pub(super) live: Option<Live>,
    pub(super) stream: Stream,
    /// When a glance last replaced the whole message.
    pub(super) glanced: Option<Instant>,
    /// Glances were refused: only updates are shown until one succeeds.
    pub(super) mute: bool,
}

/// Whether text can be typed onto a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stream {
    #[default]
    Off,
    /// Since then; the platform closes it after a while.
    Open(Instant),
    /// The platform has closed it.
    Expired,
    /// Since then, and nothing has been typed since.
    Reopened(Instant),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) frame: u64,
    pub(super) typed: Typed,
}

impl Lanes {
    /// Returns the lane of a message.
    pub(super) fn of(&self, message: &MessageId) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= LANES_KEPT {
            tidy(&mut lanes);
        }
        let lane = lanes.entry(name(message).to_owned()).or_default();
        lane.wanted().used = Some(Instant::now());
        Arc::clone(lane)
    }

    /// Forgets a message that is gone.
    pub(super) fn forget(&self, message: &MessageId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name(message));
    }
}

/// What the platform itself calls a message.
pub(super) fn name(message: &MessageId) -> &str {
    message.0.split(' ').next().unwrap_or_default()
}

fn tidy(lanes: &mut HashMap<String, Arc<Lane>>) {
    let idle = lanes.iter().filter(|(_, lane)| Arc::strong_count(lane) == 1);
    let mut idle: Vec<_> = idle.map(|(name, lane)| (lane.wanted().used, name.clone())).collect();
    idle.sort_unstable();
    idle.truncate(idle.len().div_ceil(2));
    for (_, name) in idle {
        lanes.remove(&name);
    }
}

impl Lane {
    /// Announces an update: glances make way for it.
    pub(super) fn announce(&self, order: u64) -> Announced<'_> {
        self.wanted().updates.push(order);
        self.bell.notify_one();
        Announced { lane: self, order }
    }

    /// Offers a glance in the place of the one that waits. Returns its ticket.
    pub(super) fn offer(&self, card: Arc<Card>, order: u64) -> u64 {
        let mut wanted = self.wanted();
        wanted.glances += 1;
        let ticket = wanted.glances;
        if wanted.glance.as_ref().is_none_or(|waiting| waiting.order <= order) {
            wanted.glance = Some(Glance { ticket, card, order });
        }
        ticket
    }

    /// Returns the glance that waits.
    pub(super) fn latest(&self) -> Option<Glance> {
        self.wanted().glance.clone()
    }

    /// Strikes a glance off, unless a newer one has taken its place.
    pub(super) fn seen(&self, ticket: u64) {
        let mut wanted = self.wanted();
        if wanted.glance.as_ref().is_some_and(|glance| glance.ticket == ticket) {
            wanted.glance = None;
        }
    }

    /// Returns as soon as an update waits.
    pub(super) async fn update_waits(&self) {
        while self.wanted().updates.is_empty() {
            self.bell.notified().await;
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An update that was announced; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Announced<'a> {
    lane: &'a Lane,
    order: u64,
}

impl Announced<'_> {
    /// Whether a newer update waits.
    pub(super) fn is_superseded(&self) -> bool {
        self.lane.wanted().updates.iter().any(|order| *order > self.order)
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        let mut wanted = self.lane.wanted();
        if let Some(at) = wanted.updates.iter().position(|order| *order == self.order) {
            wanted.updates.swap_remove(at);
        }
    }
}

impl Screen {
    /// Takes from the message's id what it says about its card entity, unless that is known.
    pub(super) fn know(&mut self, message: &MessageId) {
        if self.entity.is_none() {
            self.entity = Entity::read(message);
        }
    }

    pub(super) fn shows(&self, look: &Look) -> bool {
        let shown = self.shown.as_ref();
        shown.is_some_and(|it| it.frame == look.frame && it.typed == look.typed)
    }

    /// Notes that a whole look is shown now.
    pub(super) fn show(&mut self, look: &Look) {
        self.shown = Some(Shown { frame: look.frame, typed: look.typed.clone() });
        self.stream = match self.stream {
            _ if !look.is_streaming() => Stream::Off,
            // Whether a card that is open already counts as opened anew is not known.
            Stream::Open(since) | Stream::Reopened(since) => Stream::Open(since),
            Stream::Off | Stream::Expired => Stream::Open(Instant::now()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_lanes_are_dropped_and_busy_ones_kept() {
        let lanes = Lanes::default();
        let busy = lanes.of(&MessageId("busy".into()));
        for n in 0..5_000 {
            lanes.of(&MessageId(format!("om_{n} card 1")));
        }
        assert!(lanes.0.lock().expect("lock").len() <= LANES_KEPT);
        assert!(Arc::ptr_eq(&busy, &lanes.of(&MessageId("busy with an entity".into()))));
    }

    #[test]
    fn the_latest_glance_takes_the_place_of_the_one_before() {
        let lane = Lane::default();
        let card = |title: &str| {
            Arc::new(Card::new(poco_core::Tone::Busy, poco_core::Text::verbatim(title)))
        };
        let first = lane.offer(card("one"), 3);
        let second = lane.offer(card("two"), 3);
        lane.offer(card("older"), 2);
        lane.seen(first);
        assert_eq!(lane.latest().map(|it| it.ticket), Some(second));
        lane.seen(second);
        assert!(lane.latest().is_none());
    }
}
