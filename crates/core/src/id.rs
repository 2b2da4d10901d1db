//! Names for things. Each is its own type, so one cannot stand in for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// One chat; one project lives in it, so this names the project too.
    ChatId;
    /// One person on the chat platform.
    UserId;
    /// One delivery from outside; a redelivery carries the same id.
    EventId;
    /// One prompt and all that comes of it. Sorts by time of creation.
    TaskId;
    /// The agent's memory of a chat, kept by the agent.
    ThreadId;
    /// One turn of a thread, named by the agent.
    TurnId;
    /// One question the agent puts to a person.
    ApprovalId;
    /// A card on a screen, as the shell knows it; the core only hands it back.
    CardRef;
    /// A text kept in pages of its own.
    PagesId;
    /// One machine that runs agents.
    RunnerId;
    /// A message of a person, as the shell knows it; the core only hands it back.
    MessageRef;
    /// One topic of a group, named by the chat platform.
    TopicId;
}

impl UserId {
    /// Says whether it can name a person at all: a platform refuses a card that names nobody.
    pub(crate) fn is_plausible(&self) -> bool {
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
        (1..=128).contains(&self.0.len()) && self.0.bytes().all(is_plain)
    }
}

impl RunnerId {
    /// Names the machine of a PoCo that is all in one process.
    pub fn local() -> Self {
        Self::new("local")
    }
}

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the milliseconds from `earlier` to this; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Crockford's base 32 without the letters people misread, in lower case: it sorts as its digits do.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The longest id of a task that is looked for, in characters.
const ID_CHARS_MAX: usize = 40;

/// Digits of a task id that tell the second; enough until the year 2100.
const SECOND_DIGITS: u32 = 7;

/// Digits of a task id that tell tasks of the same second apart.
const CAUSE_DIGITS: u32 = 5;

impl TaskId {
    /// Says whether it can name a task at all: anybody can send anything in place of one.
    pub(crate) fn is_plausible(&self) -> bool {
        (1..=ID_CHARS_MAX).contains(&self.0.len())
            && self.0.bytes().all(|it| it.is_ascii_alphanumeric())
    }

    /// How people name a question of this task.
    pub(crate) fn question(&self, number: usize) -> String {
        format!("{self}.{number}")
    }

    /// Names the task an event gives rise to. The same event names the same task.
    pub fn of(event: &EventId, at: Timestamp) -> Self {
        let mut text = digits(at.0 / 1_000, SECOND_DIGITS);
        text.push_str(&digits(hash(event.as_str()), CAUSE_DIGITS));
        Self(text)
    }

    /// Returns what sorts before every task that came up at or after a time, and after all others.
    pub fn least(at: Timestamp) -> String {
        digits(at.0 / 1_000, SECOND_DIGITS)
    }
}

fn digits(number: u64, count: u32) -> String {
    (0..count)
        .rev()
        .map(|place| char::from(DIGITS[(number >> (5 * place) & 31) as usize]))
        .collect()
}

/// FNV-1a with 64 bits: the same on every machine and in every version, unlike the standard hasher.
pub fn hash(text: &str) -> u64 {
    let seed = 0xcbf2_9ce4_8422_2325;
    text.bytes().fold(seed, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_sort_by_time_and_name_their_cause() {
        let id = |event: &str, at| TaskId::of(&EventId::new(event), Timestamp(at));
        assert_eq!(id("a", 5_000), id("a", 5_999));
        assert_ne!(id("a", 5_000), id("b", 5_000));
        assert!(id("z", 1_700_000_000_000) < id("a", 1_700_000_001_000));
        assert_eq!(id("a", 5_000).as_str().len(), 12);
        let least = TaskId::least(Timestamp(5_000));
        assert!(id("z", 4_999).as_str() < least.as_str());
        assert!(least.as_str() < id("a", 5_000).as_str());
    }
}
