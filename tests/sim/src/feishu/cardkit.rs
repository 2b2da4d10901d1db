//! Card entities: made once, sent once, then changed in numbered steps.

mod change;
mod elements;
mod stream;

pub(crate) use change::{batch, create, id_convert, put, settings};
pub(crate) use elements::{add, modify, remove, replace};
pub(crate) use stream::content;

use super::clock::{DAY, MINUTE};
use serde_json::Value;
use std::collections::BTreeSet;

/// A card entity.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) card: Value,
    pub(crate) created: u64,
    /// The message it was sent as.
    pub(crate) sent: Option<String>,
    /// The highest number a change had.
    pub(crate) sequence: i64,
    pub(crate) uuids: BTreeSet<String>,
    pub(crate) stream: Stream,
}

/// Whether text can be typed onto an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Closed,
    /// Open since then.
    Open(u64),
}

/// How long an entity lives.
const LIFE: u64 = 14 * DAY;
/// How long streaming stays open after the last opening.
const STREAM_LIFE: u64 = 10 * MINUTE;

impl Entity {
    pub(crate) fn expired(&self, now: u64) -> bool {
        now >= self.created + LIFE
    }

    /// Tells whether text can be typed onto it now.
    pub(crate) fn streams(&self, now: u64) -> bool {
        match self.stream {
            Stream::Closed => false,
            Stream::Open(since) => now < since + STREAM_LIFE,
        }
    }
}
