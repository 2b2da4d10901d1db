//! Pressing buttons and filling in forms, on the card as the person sees it.

use super::Feishu;
use super::callback::PressResult;
use super::cards::find::{SeenButton, SeenField, card_buttons, card_fields, card_plain};
use super::clock::DAY;
use super::state::State;
use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value, json};

/// How long a card of schema 2.0 can be acted on.
const ACTIVE: u64 = 14 * DAY;

impl Feishu {
    /// Presses a button, found by its label, its name or its element id, on the card as it is
    /// now; `Delete#2` is the second of several `Delete`. Fields of its form are filled in first, by name; what is left out keeps its value.
    ///
    /// # Errors
    /// If a person could not do that: no such button, disabled, a field missing or too long.
    pub async fn press(
        &self,
        user: &str,
        message: &str,
        button: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<PressResult> {
        let card = self.look(|state| shown(state, message))?;
        self.press_on(user, message, &card, button, fields).await
    }

    /// Presses a button on a look the card had: the person's screen was a moment late.
    ///
    /// # Errors
    /// As [`Feishu::press`].
    pub async fn press_on(
        &self,
        user: &str,
        message: &str,
        card: &Value,
        button: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<PressResult> {
        let button = choose(card, button)?;
        self.push(user, message, card, &button, fields).await
    }

    /// Presses a button a test has picked among [`super::Message::buttons`], if it is still on
    /// the card.
    ///
    /// # Errors
    /// As [`Feishu::press`].
    pub async fn press_seen(
        &self,
        user: &str,
        message: &str,
        button: &SeenButton,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<PressResult> {
        let card = self.look(|state| shown(state, message))?;
        let there = card_buttons(&card).contains(button);
        ensure!(there, "the button {} is no longer on\n{}", button.label, card_plain(&card));
        self.push(user, message, &card, button, fields).await
    }

    async fn push(
        &self,
        user: &str,
        message: &str,
        card: &Value,
        button: &SeenButton,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<PressResult> {
        let user = self.look(|state| may_act(state, user, message))?;
        ensure!(!button.disabled, "the button {} is disabled", button.label);
        let people = self.look(|state| people(state, message))?;
        let action = action(card, button, fields, &people)?;
        let opened = button.url.clone();
        if button.value.is_none() && !button.submits {
            ensure!(opened.is_some(), "the button {} does nothing", button.label);
            return Ok(PressResult { opened, ..PressResult::default() });
        }
        let result = self.call_back(&user, message, &action).await;
        Ok(PressResult { opened, ..result })
    }

    /// Writes into or chooses from a field that stands outside a form.
    ///
    /// # Errors
    /// If a person could not do that.
    pub async fn fill(
        &self,
        user: &str,
        message: &str,
        field: &str,
        value: &str,
    ) -> anyhow::Result<PressResult> {
        let card = self.look(|state| shown(state, message))?;
        let user = self.look(|state| may_act(state, user, message))?;
        let fields = card_fields(&card);
        let found = fields.iter().find(|seen| seen.form.is_none() && called(seen, field));
        let found = found.with_context(|| format!("find {field} on\n{}", card_plain(&card)))?;
        let carried = found.value.clone().context("find a callback on the field")?;
        let name = if found.tag == "input" { "input_value" } else { "option" };
        let mut action = json!({"tag": found.tag, "value": carried, "timezone": "Asia/Shanghai"});
        let people = self.look(|state| people(state, message))?;
        action[name] = typed(found, &[value], &people)?;
        if !found.name.is_empty() {
            action["name"] = found.name.as_str().into();
        }
        Ok(self.call_back(&user, message, &action).await)
    }

    /// Sends a callback with any value, as somebody with a client of their own may.
    ///
    /// # Errors
    /// If there is no such person.
    pub async fn forge(
        &self,
        user: &str,
        message: &str,
        value: &Value,
    ) -> anyhow::Result<PressResult> {
        let user = self.open_id(user)?;
        let action = json!({"tag": "button", "value": value, "timezone": "Asia/Shanghai"});
        Ok(self.call_back(&user, message, &action).await)
    }

    /// Sends a callback with any action: `form_value`, `input_value`, `option` and all.
    ///
    /// # Errors
    /// If there is no such person.
    pub async fn forge_action(
        &self,
        user: &str,
        message: &str,
        action: &Value,
    ) -> anyhow::Result<PressResult> {
        let user = self.open_id(user)?;
        Ok(self.call_back(&user, message, action).await)
    }
}

fn shown(state: &State, message: &str) -> anyhow::Result<Value> {
    let found = state.messages.get(message).with_context(|| format!("find message {message}"))?;
    found.card(state).cloned().context("find a card on the message")
}

/// Checks that a person can act on a card; returns the person's open id.
fn may_act(state: &State, user: &str, message: &str) -> anyhow::Result<String> {
    let user = state.user(user)?;
    let message = state.messages.get(message).context("find the message")?;
    ensure!(!message.deleted, "the message was recalled");
    ensure!(state.now() < message.created + ACTIVE, "the card is older than 14 days");
    let chat = state.chats.get(&message.chat).context("find the chat")?;
    ensure!(chat.members.contains(&user.open_id), "{} is not in the chat", user.name);
    Ok(user.open_id.clone())
}

/// Whom a list of people offers on a card: the members of its chat, by id and name. The app is none.
fn people(state: &State, message: &str) -> anyhow::Result<Vec<(String, String)>> {
    let message = state.messages.get(message).context("find the message")?;
    let chat = state.chats.get(&message.chat).context("find the chat")?;
    let member = |id: &String| Some((id.clone(), state.users.get(id)?.name.clone()));
    Ok(chat.members.iter().filter_map(member).collect())
}

/// Finds the button a person means; of several with the same label it must be said which.
fn choose(card: &Value, wanted: &str) -> anyhow::Result<SeenButton> {
    let found = all_called(card, wanted);
    if found.len() > 1 {
        bail!("there are several buttons {wanted} on\n{}", card_plain(card));
    }
    let first = found.into_iter().next();
    first
        .or_else(|| numbered(card, wanted))
        .with_context(|| format!("there is no button {wanted} on\n{}", card_plain(card)))
}

fn numbered(card: &Value, wanted: &str) -> Option<SeenButton> {
    let (label, number) = wanted.rsplit_once('#')?;
    let index = number.parse::<usize>().ok()?.checked_sub(1)?;
    all_called(card, label).into_iter().nth(index)
}

fn all_called(card: &Value, wanted: &str) -> Vec<SeenButton> {
    let called = |button: &SeenButton| {
        let names = [button.name.as_deref(), button.element_id.as_deref()];
        button.label == wanted || names.contains(&Some(wanted))
    };
    card_buttons(card).into_iter().filter(called).collect()
}

/// Builds what the platform sends about a press.
fn action(
    card: &Value,
    button: &SeenButton,
    given: &[(&str, &str)],
    people: &[(String, String)],
) -> anyhow::Result<Value> {
    let mut action = json!({"tag": "button", "timezone": "Asia/Shanghai"});
    if let Some(value) = &button.value {
        action["value"] = value.clone();
    }
    if let Some(name) = &button.name {
        action["name"] = name.as_str().into();
    }
    if button.submits {
        action["form_value"] = form_value(card, button.form.as_deref(), given, people)?.into();
    } else {
        ensure!(given.is_empty(), "the button {} sends no fields", button.label);
    }
    Ok(action)
}

fn form_value(
    card: &Value,
    form: Option<&str>,
    given: &[(&str, &str)],
    people: &[(String, String)],
) -> anyhow::Result<Map<String, Value>> {
    let fields = card_fields(card).into_iter().filter(|field| field.form.as_deref() == form);
    let fields: Vec<_> = fields.collect();
    for (name, _) in given {
        let known = fields.iter().any(|field| called(field, name));
        ensure!(known, "there is no field {name} in the form on\n{}", card_plain(card));
    }
    let mut values = Map::new();
    for field in &fields {
        let told: Vec<_> =
            given.iter().filter(|(name, _)| called(field, name)).map(|(_, value)| *value).collect();
        let value = if told.is_empty() {
            field.initial.clone().or((field.tag == "input").then(|| "".into()))
        } else {
            Some(typed(field, &told, people)?)
        };
        let empty = value.as_ref().is_none_or(|value| *value == "" || *value == json!([]));
        ensure!(!(field.required && empty), "the field {} must be filled in", field.name);
        values.extend(value.map(|value| (field.name.clone(), value)));
    }
    Ok(values)
}

fn called(field: &SeenField, name: &str) -> bool {
    !name.is_empty()
        && [&field.name, &field.label, &field.placeholder].into_iter().any(|called| called == name)
}

/// Turns what a person puts into a field into what the platform sends.
fn typed(field: &SeenField, given: &[&str], people: &[(String, String)]) -> anyhow::Result<Value> {
    let option = |wanted: &str| {
        let mut options = field.options.iter();
        let found = options.find(|(label, value)| label == wanted || value == wanted);
        let found = found.with_context(|| format!("find {wanted} among {:?}", field.options))?;
        anyhow::Ok(found.1.clone())
    };
    // Those it names, or else whoever is in the chat; nobody types an id into such a list.
    let person = |wanted: &str| {
        let named =
            |id: &String| field.options.is_empty() || field.options.iter().any(|it| it.1 == *id);
        let mut offered = people.iter().filter(|(id, _)| named(id));
        let found = offered.find(|(id, name)| id == wanted || name == wanted);
        let found = found.with_context(|| format!("{wanted} is not in the list of people"))?;
        anyhow::Ok(found.0.clone())
    };
    let first = given.first().copied().unwrap_or_default();
    ensure!(
        given.len() <= 1 || field.tag.starts_with("multi_"),
        "only one can be chosen in {}",
        field.name
    );
    match field.tag.as_str() {
        "input" => {
            let length = first.chars().count();
            ensure!(
                length <= field.max_length,
                "{} takes no more than {}",
                field.name,
                field.max_length
            );
            Ok(first.into())
        }
        "select_static" | "overflow" => Ok(option(first)?.into()),
        "multi_select_static" => {
            let options: Vec<_> = given.iter().map(|one| option(one)).collect::<Result<_, _>>()?;
            Ok(options.into())
        }
        "select_person" => Ok(person(first)?.into()),
        "multi_select_person" => {
            let people: Vec<_> = given.iter().map(|one| person(one)).collect::<Result<_, _>>()?;
            Ok(people.into())
        }
        "checker" => Ok((first == "true").into()),
        "date_picker" | "picker_time" | "picker_datetime" => Ok(format!("{first} +0800").into()),
        _ => Ok(first.into()),
    }
}
