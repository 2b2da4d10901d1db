//! What Feishu refuses, and what to do about it: a table.

use crate::port::ChatError;
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
    Setup(&'static str),
    /// It will not work; this can be done about it.
    Refused(&'static str),
}

const LIMITED: Class = Class::RateLimited { after: Duration::from_secs(1) };

const SCOPES: Class = Class::Setup(
    "Add the missing permission to the app in the developer console and publish a new version.",
);
const STATE: Class =
    Class::Setup("Enable the app, or publish a version of it, in the Feishu admin console.");
const ABILITY: Class =
    Class::Setup("Add the bot ability to the app in the developer console and publish a version.");
const TENANT: Class = Class::Refused(
    "The rules of the group or the organisation do not allow it; ask its administrator.",
);

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
    (234003, Class::Refused("The file is not in that message any more; send it again.")),
    (234004, Class::Refused("The bot is not in the chat of that message.")),
    (234006, Class::Refused("The platform takes no file of that size.")),
    (234010, Class::Refused("The platform takes no empty file.")),
    (234011, Class::Refused("The platform does not take that format.")),
    (234037, Class::Refused("Put it where the agent can reach it, and say where that is.")),
    (234039, Class::Refused("The platform takes no picture of that size.")),
    (234043, Class::Refused("What is in cards and bundles can't be fetched; send it by itself.")),
    (99991672, SCOPES),
    (99991679, SCOPES),
    (230027, SCOPES),
    (99991662, STATE),
    (99991673, STATE),
    (230006, ABILITY),
    (232025, ABILITY),
    (11205, ABILITY),
    (99991401, Class::Setup("Add this machine's address to the app's IP whitelist.")),
    (99991403, Class::Setup("The monthly quota of calls is used up; raise it or wait.")),
    (10003, Class::Setup("The App ID is not known here: check it with `poco config`.")),
    (10014, Class::Setup("The App Secret is wrong: set it again with `poco config`.")),
    (232033, TENANT),
    (232034, TENANT),
    (
        232024,
        Class::Refused(
            "This person is outside the app's availability range: add them to it in the developer \
             console, publish a version and try again.",
        ),
    ),
    (
        230013,
        Class::Refused(
            "This person is outside the app's availability range: add them to it in the developer \
             console and publish a version.",
        ),
    ),
    (232022, Class::Refused("This person has left the organisation.")),
    (232043, Class::Refused("This person can't be added to a group.")),
    (99992351, Class::Refused("This person is not known to the app: pair with it again.")),
    (99992361, Class::Refused("This person belongs to another app: pair with this one.")),
    (230035, TENANT),
    (230053, TENANT),
    (230018, TENANT),
    (230038, TENANT),
    (230022, Class::Refused("The platform's content check does not let this through.")),
    (230028, Class::Refused("The platform's content check does not let this through.")),
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
        _ => Class::Setup(
            "This does not look like Feishu: check POCO_FEISHU_API_BASE_URL and the proxy.",
        ),
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
    pub fn advice(&self) -> Option<&'static str> {
        if let Class::Setup(advice) | Class::Refused(advice) = self.class {
            return Some(advice);
        }
        (self.code == 0)
            .then_some("Check the network, the proxy and POCO_FEISHU_API_BASE_URL, then try again.")
    }

    /// The failure and the next step, as one text.
    pub fn explain(&self) -> String {
        match self.advice() {
            Some(advice) => format!("{self}. {advice}"),
            None => self.to_string(),
        }
    }
}

/// What the operator can repair is not lost for that: it stays owed until then.
impl From<Rejected> for ChatError {
    fn from(rejected: Rejected) -> Self {
        match rejected.class {
            Class::Gone | Class::EntityGone => Self::Gone(rejected.to_string()),
            Class::Refused(_) | Class::CardInvalid | Class::Invalid => {
                Self::Refused(rejected.explain())
            }
            Class::Setup(advice) => Self::Later(anyhow::Error::new(rejected).context(advice)),
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
