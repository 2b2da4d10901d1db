//! What Feishu refuses, and what to do about it: a table.

use crate::port::ChatError;
use poco_core::words::platform as words;
use poco_core::{Lang, Text};
use std::fmt;
use std::time::Duration;

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Feishu {} {call}: {message}", if *code == 0 { "did not do" } else { "refused" })]
pub struct Rejected {
    /// Method and kind of path.
    pub call: &'static str,
    /// The platform's code; the HTTP status if it gave none, and 0 if there was no answer at all.
    pub code: i64,
    pub message: String,
    pub class: Class,
}

/// What to do about a failure, in every language.
#[derive(Clone, Copy)]
pub struct Advice(pub(super) fn() -> Text);

impl PartialEq for Advice {
    fn eq(&self, other: &Self) -> bool {
        (self.0)() == (other.0)()
    }
}

impl Eq for Advice {}

impl fmt::Debug for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((self.0)().of(Lang::En))
    }
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Too many calls; another may be made after this time.
    RateLimited { after: Duration },
    /// Nobody's fault: the same call may work soon.
    Transient,
    /// The token is not accepted; a new one may be.
    Token,
    /// The number of this card operation is not above the last one.
    Sequence,
    /// The card is not typed onto any more.
    StreamClosed,
    /// Somebody pressed a button and has not been answered yet.
    Lock,
    /// The message or the chat is not there any more.
    Gone,
    /// The card entity is unknown, expired or was sent already.
    EntityGone,
    /// What the card holds is at fault.
    CardInvalid,
    /// The request is at fault, or the code is not known.
    Invalid,
    /// It will work once the operator has done this.
    Setup(Advice),
    /// It will not work; this can be done about it.
    Refused(Advice),
}

const LIMITED: Class = Class::RateLimited { after: Duration::from_secs(1) };

const SCOPES: Class = Class::Setup(Advice(words::add_permission));
const STATE: Class = Class::Setup(Advice(words::enable_app));
const ABILITY: Class = Class::Setup(Advice(words::add_bot));
const TENANT: Class = Class::Refused(Advice(words::rules));

/// The app's secret is another.
pub(super) const WRONG_SECRET: i64 = 10014;

/// What each code means. Those not listed count as [`Class::Invalid`].
const CODES: &[(i64, Class)] = &[
    (99991400, LIMITED),
    (230020, LIMITED),
    (230047, LIMITED),
    (232019, LIMITED),
    (11232, LIMITED),
    (11233, LIMITED),
    (11247, LIMITED),
    (2200, Class::Transient),
    (18121, Class::Transient),
    (300120, Class::Transient),
    (230049, Class::Transient),
    (232068, Class::Transient),
    (231015, Class::Transient),
    (200810, Class::Lock),
    (99991661, Class::Token),
    (99991663, Class::Token),
    (99991664, Class::Token),
    (99991665, Class::Token),
    (99991668, Class::Token),
    (99991671, Class::Token),
    (300317, Class::Sequence),
    (200850, Class::StreamClosed),
    (300309, Class::StreamClosed),
    (200510, Class::StreamClosed),
    (230025, Class::CardInvalid),
    (230099, Class::CardInvalid),
    (200220, Class::CardInvalid),
    (200621, Class::CardInvalid),
    (200860, Class::CardInvalid),
    (300301, Class::CardInvalid),
    (300302, Class::CardInvalid),
    (300303, Class::CardInvalid),
    (300305, Class::CardInvalid),
    (300307, Class::CardInvalid),
    (300310, Class::CardInvalid),
    (300312, Class::CardInvalid),
    (300313, Class::CardInvalid),
    (300314, Class::CardInvalid),
    (300315, Class::CardInvalid),
    (200740, Class::EntityGone),
    (200750, Class::EntityGone),
    (300311, Class::EntityGone),
    (230002, Class::Gone),
    (232011, Class::Gone),
    (230011, Class::Gone),
    (230110, Class::Gone),
    (231003, Class::Gone),
    (232009, Class::Gone),
    (232006, Class::Gone),
    (230034, Class::Gone),
    (230029, Class::Gone),
    (230031, Class::Gone),
    (234003, Class::Refused(Advice(words::not_in_message))),
    (234004, Class::Refused(Advice(words::not_in_chat))),
    (234006, Class::Refused(Advice(words::file_too_large))),
    (234010, Class::Refused(Advice(words::file_empty))),
    (234011, Class::Refused(Advice(words::file_format))),
    (234037, Class::Refused(Advice(words::put_elsewhere))),
    (234039, Class::Refused(Advice(words::picture_too_large))),
    (234043, Class::Refused(Advice(words::not_in_bundles))),
    (99991672, SCOPES),
    (99991679, SCOPES),
    (230027, SCOPES),
    (99991662, STATE),
    (99991673, STATE),
    (230006, ABILITY),
    (232025, ABILITY),
    (11205, ABILITY),
    (99991401, Class::Setup(Advice(words::whitelist))),
    (99991403, Class::Setup(Advice(words::quota))),
    (10003, Class::Setup(Advice(words::app_id))),
    (WRONG_SECRET, Class::Setup(Advice(words::app_secret))),
    (232033, TENANT),
    (232034, TENANT),
    (232024, Class::Refused(Advice(words::out_of_range_retry))),
    (230013, Class::Refused(Advice(words::out_of_range))),
    (232022, Class::Refused(Advice(words::has_left))),
    (232043, Class::Refused(Advice(words::not_addable))),
    (99992351, Class::Refused(Advice(words::not_known))),
    (99992361, Class::Refused(Advice(words::other_app))),
    (230035, TENANT),
    (230053, TENANT),
    (230018, TENANT),
    (230038, TENANT),
    (230022, Class::Refused(Advice(words::content_check))),
    (230028, Class::Refused(Advice(words::content_check))),
];

/// Says what a code means. The text tells apart what one code stands for.
pub(super) fn classify(code: i64, message: &str) -> Class {
    if message.contains("card action is lock") {
        return Class::Lock;
    }
    if message.contains("cardid is invalid") {
        return Class::EntityGone;
    }
    let known = CODES.iter().find(|(it, _)| *it == code);
    known.map_or(Class::Invalid, |(_, class)| *class)
}

/// Says what an answer without the platform's envelope means.
pub(super) fn classify_status(status: u16) -> Class {
    match status {
        429 => LIMITED,
        408 | 500.. => Class::Transient,
        _ => Class::Setup(Advice(words::not_feishu)),
    }
}

impl Rejected {
    /// Says that there was no answer.
    pub(super) fn unanswered(call: &'static str, message: impl Into<String>) -> Self {
        Self { call, code: 0, message: message.into(), class: Class::Transient }
    }

    /// Whether another, simpler content may be accepted.
    pub(super) fn is_content(&self) -> bool {
        matches!(self.class, Class::CardInvalid | Class::Invalid)
    }

    /// What to do about it, if anybody can do anything.
    pub fn advice(&self) -> Option<Text> {
        if let Class::Setup(advice) | Class::Refused(advice) = self.class {
            return Some((advice.0)());
        }
        (self.code == 0).then(words::network)
    }

    /// The failure alone.
    fn failure(&self) -> Text {
        let what = if self.code == 0 { words::not_done } else { words::refused };
        what(self.call, &self.message)
    }

    /// The failure and the next step, as one text.
    pub fn explain(&self) -> Text {
        match self.advice() {
            Some(advice) => words::with_advice(self.failure(), advice),
            None => self.failure(),
        }
    }
}

/// What the operator can repair is not lost for that: it stays owed until then.
impl From<Rejected> for ChatError {
    fn from(rejected: Rejected) -> Self {
        match rejected.class {
            Class::Gone | Class::EntityGone => Self::Gone(rejected.failure()),
            Class::Refused(_) | Class::CardInvalid | Class::Invalid => {
                Self::Refused(rejected.explain())
            }
            Class::Setup(advice) => Self::Later(
                anyhow::Error::new(rejected).context((advice.0)().of(Lang::En).to_owned()),
            ),
            Class::RateLimited { .. }
            | Class::Transient
            | Class::Token
            | Class::Sequence
            | Class::StreamClosed
            | Class::Lock => Self::Later(rejected.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_table_once() {
        for (at, (code, _)) in CODES.iter().enumerate() {
            assert!(CODES[..at].iter().all(|(other, _)| other != code), "{code} stands twice");
        }
    }

    #[test]
    fn the_text_tells_apart_what_shares_a_code() {
        let lock = "Failed to create card content, ext=ErrCode: 11310; ErrMsg: card action is lock";
        assert_eq!(classify(230099, lock), Class::Lock);
        assert_eq!(
            classify(230099, "ErrCode: 11310; ErrMsg: cardid is invalid"),
            Class::EntityGone
        );
        assert_eq!(classify(230099, "element exceeds the limit"), Class::CardInvalid);
        assert_eq!(classify(99991400, "request trigger frequency limit"), LIMITED);
        assert_eq!(classify(4242, "new to us"), Class::Invalid);
    }

    #[test]
    fn what_is_no_envelope_is_judged_by_its_status() {
        assert_eq!(classify_status(502), Class::Transient);
        assert_eq!(classify_status(429), LIMITED);
        assert!(matches!(classify_status(404), Class::Setup(_)));
    }

    #[test]
    fn nothing_is_lost_for_what_the_operator_can_repair() {
        let rejected = |class| Rejected { call: "c", code: 1, message: "m".into(), class };
        assert!(matches!(ChatError::from(rejected(SCOPES)), ChatError::Later(_)));
        assert!(matches!(ChatError::from(rejected(TENANT)), ChatError::Refused(_)));
        assert!(matches!(ChatError::from(rejected(Class::EntityGone)), ChatError::Gone(_)));
    }
}
