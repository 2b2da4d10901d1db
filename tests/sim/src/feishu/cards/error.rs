//! Why the platform does not take a card.

use crate::feishu::refusal::Refusal;
use std::fmt;

/// Why a card was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardError {
    /// The platform's code: the sub code of 230099 for messages, except for 230025.
    pub code: i64,
    /// The code `CardKit` answers with at the top level.
    pub kit: i64,
    pub path: String,
    pub message: String,
    pub value: String,
}

impl CardError {
    pub(crate) fn new(code: i64, path: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            kit: code,
            path: path.to_owned(),
            message: message.into(),
            value: String::new(),
        }
    }

    #[must_use]
    pub(crate) fn kit(mut self, code: i64) -> Self {
        self.kit = code;
        self
    }

    #[must_use]
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Writes it as the message API does.
    pub(crate) fn for_message(&self) -> Refusal {
        if self.code == 230_025 {
            return Refusal::new(230_025, "The length of the message content reaches its limit");
        }
        Refusal::new(230_099, format!("Failed to create card content, ext={self}"))
    }

    /// Writes it as `CardKit` does.
    pub(crate) fn for_kit(&self) -> Refusal {
        Refusal::new(self.kit, format!("ErrMsg: {}; ", self.message))
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, path, message, value, .. } = self;
        write!(f, "ErrCode: {code}; ErrPath: {path}; ErrMsg: {message}; ErrorValue: {value}; ")
    }
}

impl std::error::Error for CardError {}
