//! How the long connection is doing, for people to see.

use poco_core::Timestamp;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Connecting,
    Connected {
        since: Timestamp,
    },
    /// It is down for a while.
    Retrying {
        why: String,
        next: Timestamp,
    },
    /// Somebody has to change something; it is tried again every few minutes all the same.
    Misconfigured {
        why: String,
        fix: String,
    },
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting => write!(f, "connecting"),
            Self::Connected { .. } => write!(f, "connected"),
            Self::Retrying { why, .. } => write!(f, "not connected ({why}); trying again"),
            Self::Misconfigured { why, fix } => write!(f, "refused: {why}. {fix}"),
        }
    }
}
