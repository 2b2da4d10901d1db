//! What must hold after every event.

use super::history::{History, name};
use poco_core::{
    Action, BROKEN_MAX, Card, CardKey, ChatId, Effect, Event, EventId, Fact, HELD_MAX, Kind, Phase,
    Report, Room, TOPICS_MAX, Timestamp, Typing, UserId, Via, WAITING_MAX, decide,
};
use std::collections::BTreeSet;

impl History {
    /// Checks what must hold after every event.
    pub(super) fn check(&self, before: &Room, event: &Event) {
        let (old, desk) = (&before.desk, &self.room.desk);
        if let Fact::Reported { task, report } = &event.fact
            && old.current.as_ref().is_none_or(|current| current.id != *task)
            && !matches!(report, Report::SteerMissed { .. })
        {
            assert_eq!(*before, self.room, "a report on one task changed another: {event:?}");
        }
        assert!(desk.waiting.is_empty() || desk.current.is_some(), "somebody waits for nobody");
        assert!(desk.held.len() <= HELD_MAX && desk.topics.len() <= TOPICS_MAX);
        assert!(desk.waiting.len() <= WAITING_MAX && desk.broken.len() <= BROKEN_MAX);
        for task in old.current.iter().chain(&old.waiting) {
            let there = desk.find(&task.id).is_some() || self.kept.contains_key(&task.id);
            assert!(there, "{} was lost by {event:?}", task.id);
        }
        for task in desk.current.iter().chain(&desk.waiting) {
            assert!(!self.kept.contains_key(&task.id), "{} is over and is not", task.id);
            let running = task.phase == Phase::Running;
            assert!(task.pending.is_empty() || running, "{:?} and asks", task.phase);
        }
        assert!(desk.waiting.iter().all(|task| task.phase == Phase::Waiting));
        assert!(desk.current.as_ref().is_none_or(|task| task.phase != Phase::Waiting));
        let hastened = matches!(&event.fact, Fact::Acted { action: Action::Hasten { .. }, .. });
        let still: Vec<_> = old.waiting.iter().filter(|it| desk.waiting.contains(it)).collect();
        let order: Vec<_> = desk.waiting.iter().filter(|it| old.waiting.contains(it)).collect();
        assert!(hastened || still == order, "those who wait changed places");
        self.check_looks();
        if let Kind::Lobby(lobby) = &self.room.kind {
            let chats: BTreeSet<_> = lobby.projects.iter().map(|project| &project.chat).collect();
            assert_eq!(chats.len(), lobby.projects.len(), "a project is listed twice");
        }
    }

    /// Every card that follows the room looks as a new one would.
    fn check_looks(&self) {
        let fresh = |action| {
            let fact = Fact::Acted { by: UserId::new("ann"), via: Via::Group, action };
            let (id, chat) = (EventId::new("look"), ChatId::new("chat"));
            let event = Event { id, chat, at: Timestamp(self.now), lang: None, fact };
            let effects = decide(&self.terms, &mut self.room.clone(), &event);
            // What nobody spoke of in time is let go of whenever somebody acts.
            let late =
                |effect: &Effect| matches!(effect, Effect::Show { key: CardKey::Held(_), .. });
            match effects.into_iter().filter(|it| !late(it)).collect::<Vec<_>>().as_slice() {
                [Effect::Post { card, .. }] => card.clone(),
                other => panic!("one card was to be posted, not {other:?}"),
            }
        };
        let desk = &self.room.desk;
        // Of those who wait another one each time: it takes long to look at all.
        let pick = usize::try_from(self.now / 1_000).unwrap();
        let waiting = pick.checked_rem(desk.waiting.len()).map(|at| &desk.waiting[at]);
        for task in desk.current.iter().chain(waiting) {
            let shown = &self.cards[&name(&task.card())];
            // Where a card is posted is no part of its look.
            let shown = Card { typing: Typing::No, under: None, ..shown.clone() };
            assert_eq!(shown, fresh(Action::Status { task: Some(task.id.clone()) }));
        }
        if matches!(self.room.kind, Kind::Project(_)) {
            // Until something changes nobody has seen it.
            if let Some(shown) = self.cards.get(&name(&CardKey::Workspace)) {
                assert_eq!(*shown, fresh(Action::Workspace));
            }
        }
    }
}
