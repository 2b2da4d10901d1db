//! The agents of this machine, by name.

use crate::agent::Agent;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Default)]
pub struct Agents {
    by_name: BTreeMap<String, Arc<dyn Agent>>,
    /// What is used when nobody says.
    pub usual: String,
    /// Why it is this one, in a sentence.
    pub why: String,
}

impl Agents {
    #[must_use]
    pub fn with(mut self, name: &str, agent: Arc<dyn Agent>) -> Self {
        self.by_name.insert(name.to_owned(), agent);
        self
    }

    pub fn get(&self, name: &str) -> Option<Arc<dyn Agent>> {
        self.by_name.get(name).cloned()
    }

    /// Returns the names, the usual one first.
    pub fn names(&self) -> Vec<String> {
        let others = self.by_name.keys().filter(|name| **name != self.usual);
        std::iter::once(&self.usual).chain(others).cloned().collect()
    }

    /// Ends whatever was started for any of them.
    pub async fn shutdown(&self) {
        for agent in self.by_name.values() {
            agent.shutdown().await;
        }
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agents").field("names", &self.names()).finish_non_exhaustive()
    }
}
