//! How things look. Each card is a function of what PoCo remembers.

use crate::{Archive, Card, CardKey, Room, TaskId, Tone, Transcript};

/// Returns the card of a task under way, if that is what the room is at.
pub fn live(_room: &Room, _id: &TaskId, _transcript: &Transcript) -> Option<(CardKey, Card)> {
    None
}

/// Returns the card of a task that is over, at a page of its answer.
pub fn recalled(_archive: &Archive, _page: usize) -> Card {
    Card::new(Tone::Plain, "")
}
