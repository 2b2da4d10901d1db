//! What can be chosen in a session, and what is.

use agent_client_protocol_schema::v1::{
    SessionConfigKind, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOptions,
};
use poco_core::{Choices, Model};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value that an agent offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// What is set.
    pub(super) value: String,
    /// What people call it.
    name: String,
}

/// Something that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    Model,
    Mode,
    Effort,
}

/// How a value is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As the option that has this name.
    Option(String),
    /// By a method of its own.
    Method(&'static str),
}

/// What is set where nothing is chosen: what the agent itself began the session with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Usual {
    model: Option<String>,
    mode: Option<String>,
    effort: Option<String>,
}

impl Usual {
    pub(super) fn of(&self, dial: Dial) -> Option<&String> {
        match dial {
            Dial::Model => self.model.as_ref(),
            Dial::Mode => self.mode.as_ref(),
            Dial::Effort => self.effort.as_ref(),
        }
    }
}

/// What an agent said of a session when it was opened, and since.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    options: Vec<SessionConfigOption>,
    /// Modes and models in the protocol's older words.
    modes: Value,
    models: Value,
    pub(super) usual: Usual,
}

impl Session {
    /// Reads the answer to a request that opens a session.
    pub(super) fn read(opened: &Value) -> Self {
        let mut session = Self {
            options: vec![],
            modes: opened["modes"].clone(),
            models: opened["models"].clone(),
            usual: Usual::default(),
        };
        session.learn(&opened["configOptions"]);
        let now = |dial| session.way(dial).map(|(_, current)| current);
        let (model, mode) = (now(Dial::Model), now(Dial::Mode));
        session.usual = Usual { model, mode, effort: now(Dial::Effort) };
        session
    }

    /// Takes in what the options are now. What can't be read is left out.
    pub(super) fn learn(&mut self, options: &Value) {
        let Some(options) = options.as_array() else { return };
        let read = |it: &Value| serde_json::from_value(it.clone()).ok();
        self.options = options.iter().filter_map(read).collect();
    }

    pub(super) fn switched(&mut self, mode: &str) {
        self.modes["currentModeId"] = mode.into();
    }

    /// Takes in what was set by a method of its own.
    pub(super) fn chosen(&mut self, dial: Dial, value: &str) {
        match dial {
            Dial::Model => self.models["currentModelId"] = value.into(),
            Dial::Mode => self.switched(value),
            Dial::Effort => {}
        }
    }

    /// Returns what can be chosen, what is chosen now first.
    pub(super) fn choices(&self) -> Choices {
        let values = |dial| self.sorted(dial).into_iter().map(|it| it.value).collect::<Vec<_>>();
        let efforts = values(Dial::Effort);
        let model = |it: Choice| Model { id: it.value, name: it.name, efforts: efforts.clone() };
        Choices {
            models: self.sorted(Dial::Model).into_iter().map(model).collect(),
            modes: values(Dial::Mode),
            ..Choices::default()
        }
    }

    fn sorted(&self, dial: Dial) -> Vec<Choice> {
        let now = self.way(dial).map(|(_, current)| current);
        let mut choices = self.offered(dial);
        choices.sort_by_key(|it| Some(&it.value) != now.as_ref());
        choices
    }

    /// Whether there are models to choose from, and none of them: so some say that nobody is logged
    /// in.
    pub(super) fn lacks_models(&self) -> bool {
        self.way(Dial::Model).is_some() && self.offered(Dial::Model).is_empty()
    }

    /// Returns how this is set, and what it is now; `None` if it can't be.
    pub(super) fn way(&self, dial: Dial) -> Option<(Way, String)> {
        if let Some((option, current, _)) = self.option(dial) {
            return Some((Way::Option(option.id.to_string()), current));
        }
        let current = |state: &Value, key: &str| state[key].as_str().map(str::to_owned);
        match dial {
            Dial::Model => {
                Some((Way::Method("session/set_model"), current(&self.models, "currentModelId")?))
            }
            Dial::Mode => {
                Some((Way::Method("session/set_mode"), current(&self.modes, "currentModeId")?))
            }
            Dial::Effort => None,
        }
    }

    pub(super) fn offered(&self, dial: Dial) -> Vec<Choice> {
        if let Some((_, _, choices)) = self.option(dial) {
            return choices;
        }
        let (list, id) = match dial {
            Dial::Model => (&self.models["availableModels"], "modelId"),
            Dial::Mode => (&self.modes["availableModes"], "id"),
            Dial::Effort => return vec![],
        };
        let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
        let choice = |it: &Value| Choice { value: text(it, id), name: text(it, "name") };
        list.as_array().into_iter().flatten().map(choice).collect()
    }

    fn option(&self, dial: Dial) -> Option<(&SessionConfigOption, String, Vec<Choice>)> {
        self.options.iter().filter(|it| is(it, dial)).find_map(|option| {
            let SessionConfigKind::Select(select) = &option.kind else { return None };
            let choices = match &select.options {
                SessionConfigSelectOptions::Ungrouped(choices) => choices.iter().collect(),
                SessionConfigSelectOptions::Grouped(groups) => {
                    groups.iter().flat_map(|group| &group.options).collect()
                }
                _ => vec![],
            };
            let choice = |it: &agent_client_protocol_schema::v1::SessionConfigSelectOption| {
                Choice { value: it.value.to_string(), name: it.name.clone() }
            };
            let choices = choices.into_iter().map(choice).collect();
            Some((option, select.current_value.to_string(), choices))
        })
    }
}

fn is(option: &SessionConfigOption, dial: Dial) -> bool {
    let category = match dial {
        Dial::Model => SessionConfigOptionCategory::Model,
        Dial::Mode => SessionConfigOptionCategory::Mode,
        Dial::Effort => SessionConfigOptionCategory::ThoughtLevel,
    };
    option.category.as_ref() == Some(&category)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_offered_is_read_from_options_and_from_older_words() {
        let options = json!([{ "value": "a/1", "name": "One" }, { "value": "a/2", "name": "Two" }]);
        let option = json!({ "id": "m", "name": "Model", "category": "model", "type": "select", "currentValue": "a/1", "options": options });
        let modes = json!({ "currentModeId": "agent", "availableModes": [{ "id": "agent", "name": "Agent" }, { "id": "plan", "name": "Plan", "description": "Looks only" }] });
        let mut session =
            Session::read(&json!({ "configOptions": [option, { "odd": 1 }], "modes": modes }));
        let choices = session.choices();
        assert_eq!(
            choices.models.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(),
            ["a/1", "a/2"]
        );
        assert_eq!(choices.modes, ["agent", "plan"]);
        assert_eq!(session.way(Dial::Model), Some((Way::Option("m".to_owned()), "a/1".to_owned())));
        session.switched("plan");
        let way = (Way::Method("session/set_mode"), "plan".to_owned());
        assert_eq!(session.way(Dial::Mode), Some(way));
        assert_eq!(session.way(Dial::Effort), None);
    }
}
