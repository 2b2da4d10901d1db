//! Card entities made for posts: a post that is tried again sends the entity it made before, since
//! the platform answers it with the message that shows that one.

use super::cardkit::Entity;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// How many posts are remembered.
const KEPT: usize = 64;

/// How long no entities are made after the platform said that the app may not.
const REFUSED_FOR: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Default)]
pub(super) struct Makings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    made: VecDeque<(String, Made)>,
    refused_until: Option<Instant>,
    does_not_tell: bool,
}

/// An entity made for a post.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) id: String,
    created: u64,
    /// The platform's time when it was made, to the second.
    pub(super) date: Option<SystemTime>,
}

impl Made {
    pub(super) fn new(entity: &Entity, date: Option<SystemTime>) -> Self {
        Self { id: entity.id.clone(), created: entity.created, date }
    }

    pub(super) fn entity(&self) -> Entity {
        Entity::new(self.id.clone(), self.created)
    }
}

impl Makings {
    pub(super) fn find(&self, once: &str) -> Option<Made> {
        let state = self.state();
        state.made.iter().find(|(it, _)| it == once).map(|(_, made)| made.clone())
    }

    pub(super) fn keep(&self, once: &str, made: Made) {
        let mut state = self.state();
        if state.made.len() == KEPT {
            state.made.pop_front();
        }
        state.made.push_back((once.to_owned(), made));
    }

    pub(super) fn forget(&self, once: &str) {
        self.state().made.retain(|(it, _)| it != once);
    }

    /// Whether the platform has said lately that the app may not make any.
    pub(super) fn is_refused(&self) -> bool {
        self.state().refused_until.is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn refuse(&self) {
        self.state().refused_until = Some(Instant::now() + REFUSED_FOR);
    }

    /// Whether the platform may tell which entity a message shows.
    pub(super) fn can_tell(&self) -> bool {
        !self.state().does_not_tell
    }

    pub(super) fn does_not_tell(&self) {
        self.state().does_not_tell = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
