//! What is stored of one chat: the room, what is still owed to the world, and what was seen.

use crate::port::{Document, MessageId};
use poco_core::{
    CardKey, CardRef, Effect, Event, EventId, Kind, Room, Terms, Timestamp, decide, hash,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How long a delivery is remembered, in hours: Feishu redelivers up to about 7 hours later.
const SEEN_HOURS: u64 = 9;

/// Hex digits kept of a delivery's id. Two ids of the same hours share them once in 10¹⁴.
const SEEN_DIGITS: usize = 12;

/// How many posted cards are remembered, to update them: a desk has fewer that can still change.
const CARDS_MAX: usize = 64;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(skip)]
    pub(crate) version: u64,
    pub(crate) room: Room,
    owed: VecDeque<Owed>,
    /// By hour, the ends of the ids' hashes, one behind the other.
    seen: BTreeMap<u64, String>,
    cards: VecDeque<(CardKey, MessageId)>,
    /// The last line of the chat's audit.
    #[serde(default)]
    pub(crate) audited: Head,
}

/// Where the chain of an audit ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// How many lines there are.
    pub(crate) number: u64,
    /// The hash of the last one; empty if there is none.
    pub(crate) hash: String,
}

/// An effect that was decided on and may not have been performed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) id: String,
    pub(crate) effect: Effect,
    pub(crate) at: Timestamp,
    /// Where it stands among all effects in this chat.
    pub(crate) order: u64,
}

/// What came of giving an event to a record.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// What was decided, for whoever caused it.
    pub(crate) effects: Vec<Effect>,
    /// The record changed and must be saved.
    pub(crate) changed: bool,
}

impl Record {
    pub(crate) fn read(document: &Document) -> serde_json::Result<Self> {
        let record = serde_json::from_str(&document.body)?;
        Ok(Self { version: document.version, ..record })
    }

    /// Returns the next version of the document; it is due while anything is owed.
    pub(crate) fn write(&self) -> serde_json::Result<Document> {
        let (version, due) = (self.version + 1, !self.is_settled());
        Ok(Document { version, body: serde_json::to_string(self)?, due })
    }

    /// Decides on an event, unless that was done before. What must be performed is owed from now.
    pub(crate) fn take_in(&mut self, terms: &Terms, event: &Event) -> Decided {
        if self.has_seen(&event.id) {
            return Decided::default();
        }
        let before = self.room.clone();
        let effects = decide(terms, &mut self.room, event);
        let order = self.version + 1;
        for (n, effect) in effects.iter().enumerate() {
            // A toast goes into the answer to whoever pressed; there is no later for it.
            if !matches!(effect, Effect::Toast { .. }) {
                let (id, effect) = (format!("{}-{n}", event.id), effect.clone());
                self.owe(Owed { id, effect, at: event.at, order });
            }
        }
        // A press that only brought a word counts too: it must not do more when it comes again.
        let changed = before != self.room || !effects.is_empty();
        if changed {
            self.see(&event.id, event.at);
        }
        Decided { effects, changed }
    }

    /// Notes what is to be performed. Of the looks a card was to have, the first says that it may be
    /// posted by now and the last is the one to show: those between go, however long none is shown.
    fn owe(&mut self, owed: Owed) {
        let mut same = self.owed.iter().filter(|it| it.is_same_card(&owed));
        if let (Some(_), Some(between)) = (same.next(), same.next()) {
            let id = between.id.clone();
            self.owed.retain(|it| it.id != id);
        }
        self.owed.push_back(owed);
    }

    pub(crate) fn has_seen(&self, id: &EventId) -> bool {
        let mark = mark(id);
        let same = |marks: &String| {
            marks.as_bytes().chunks_exact(SEEN_DIGITS).any(|it| it == mark.as_bytes())
        };
        self.seen.values().any(same)
    }

    fn see(&mut self, id: &EventId, at: Timestamp) {
        let hour = at.0 / 3_600_000;
        // Counted from the latest hour seen: an event from the past must not outlive its time.
        let latest = self.seen.keys().next_back().copied().unwrap_or_default().max(hour);
        self.seen.retain(|old, _| old + SEEN_HOURS >= latest);
        self.seen.entry(latest).or_default().push_str(&mark(id));
    }

    pub(crate) fn owed(&self) -> impl Iterator<Item = &Owed> {
        self.owed.iter()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.owed.is_empty()
    }

    /// Strikes off what has been performed, and notes which message each card became.
    pub(crate) fn settle(&mut self, done: &[Owed], posted: &[(CardKey, MessageId)]) {
        self.owed.retain(|owed| !done.contains(owed));
        for (key, message) in posted {
            self.cards.retain(|(it, _)| it != key);
            self.cards.push_back((key.clone(), message.clone()));
        }
        while self.cards.len() > CARDS_MAX {
            let oldest = self.cards.iter().position(|(key, _)| !self.may_change(key));
            self.cards.remove(oldest.unwrap_or_default());
        }
    }

    /// Notes where the audit ends now. Another process may have come further.
    pub(crate) fn audited(&mut self, head: Option<&Head>) {
        if let Some(head) = head.filter(|head| head.number > self.audited.number) {
            self.audited = head.clone();
        }
    }

    /// Whether a card still follows the room.
    fn may_change(&self, key: &CardKey) -> bool {
        match key {
            CardKey::Workspace => true,
            CardKey::Task(task) => {
                let desk = &self.room.desk;
                // One that was cut off has buttons still.
                desk.find(task).is_some() || desk.broken.iter().any(|it| it.task.id == *task)
            }
            CardKey::Page(_) => match &self.room.kind {
                Kind::Project(project) => project.looking.iter().any(|it| it.card == *key),
                Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => false,
            },
            CardKey::Held(event) => self.room.desk.held.iter().any(|held| held.id == *event),
            CardKey::This(_) => false,
        }
    }

    /// Returns the message a card became, if it is known.
    pub(crate) fn message(&self, key: &CardKey) -> Option<MessageId> {
        if let CardKey::This(pressed) = key {
            return Some(self.pressed(pressed));
        }
        self.cards.iter().find(|(it, _)| it == key).map(|(_, message)| message.clone())
    }

    /// Returns the message that was pressed.
    pub(crate) fn pressed(&self, pressed: &CardRef) -> MessageId {
        let known = self.cards.iter().map(|(_, message)| message).find(|it| it.is(pressed));
        known.cloned().unwrap_or_else(|| MessageId(pressed.to_string()))
    }
}

impl Owed {
    /// Whether both say how one card should look.
    pub(crate) fn is_same_card(&self, other: &Self) -> bool {
        match (&self.effect, &other.effect) {
            (Effect::Show { key: one, .. }, Effect::Show { key: other, .. }) => one == other,
            _ => self == other,
        }
    }
}

fn mark(id: &EventId) -> String {
    format!("{:016x}", hash(id.as_str()))[16 - SEEN_DIGITS..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_delivery_is_known_again_for_hours_however_busy_the_chat_is() {
        let mut record = Record::default();
        let start = Timestamp(1_000 * HOUR);
        record.see(&EventId::new("first"), start);
        for n in 0..20_000u64 {
            record.see(&EventId::new(format!("e{n}")), Timestamp(start.0 + n * HOUR / 2_500));
        }
        assert!(record.has_seen(&EventId::new("first")), "8 hours and 20,000 events later");
        record.see(&EventId::new("late"), Timestamp(start.0 + 12 * HOUR));
        assert!(!record.has_seen(&EventId::new("first")), "nothing is remembered for ever");
        assert!(record.has_seen(&EventId::new("late")));
        assert!(!record.has_seen(&EventId::new("never")));
    }

    #[test]
    fn an_event_from_the_past_is_remembered_from_now_on() {
        let mut record = Record::default();
        record.see(&EventId::new("now"), Timestamp(100 * HOUR));
        record.see(&EventId::new("old"), Timestamp(90 * HOUR));
        assert!(record.has_seen(&EventId::new("old")));
    }
}
