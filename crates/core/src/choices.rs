//! What can be chosen for an agent, as it says itself.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What can be chosen for an agent, the usual first where there is one. A list is empty if there is
/// nothing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    pub models: Vec<Model>,
    /// What it may do without asking, in its own words, if it knows such modes.
    pub modes: Vec<String>,
    /// What its commands may touch.
    pub sandboxes: Vec<String>,
    /// When it asks.
    pub approval_policies: Vec<String>,
}

/// A model an agent offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// As `Settings::model` wants it.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// As `Settings::effort` wants them; none if it has but one.
    pub efforts: Vec<String>,
}

/// The choices of each agent of a machine that has said what it offers, by the agent's name.
pub type Offers = BTreeMap<String, Choices>;

impl Choices {
    /// How long a model may think. For the agent's own choice of a model: as long as any may.
    pub(crate) fn efforts(&self, model: Option<&str>) -> Vec<String> {
        let mut efforts: Vec<String> = vec![];
        let fits = |it: &&Model| model.is_none_or(|model| it.id == model);
        for effort in self.models.iter().filter(fits).flat_map(|it| &it.efforts) {
            if !efforts.contains(effort) {
                efforts.push(effort.clone());
            }
        }
        efforts
    }
}
