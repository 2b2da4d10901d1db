//! The one place where PoCo makes up its mind.

use crate::{Effect, Event, Room, Terms};

/// Takes in one event and says what should follow.
pub fn decide(_terms: &Terms, _room: &mut Room, _event: &Event) -> Vec<Effect> {
    vec![]
}
