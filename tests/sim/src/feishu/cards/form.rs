//! The rules of forms: names, places, a button that submits.

use super::count::visit;
use super::error::CardError;
use super::schema::INTERACTIVE;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

type Checked = Result<(), CardError>;

/// Checks that a component may stand where it stands, inside a form or not.
pub(crate) fn place(
    tag: &str,
    object: &Map<String, Value>,
    form: Option<&str>,
    path: &str,
) -> Checked {
    let fault = match (tag, form.is_some()) {
        ("form" | "table", true) => Some(format!("{tag} cannot be inside a form")),
        ("multi_select_static" | "multi_select_person", false) => {
            Some(format!("{tag} can only be inside a form"))
        }
        ("button", false) if object.contains_key("form_action_type") => {
            Some("form_action_type can only be inside a form".to_owned())
        }
        (tag, false) if tag != "button" && object.get("required") == Some(&Value::Bool(true)) => {
            Some("required can only be inside a form".to_owned())
        }
        (tag, true)
            if INTERACTIVE.contains(&tag)
                && tag != "overflow"
                && text(object, "name").is_empty() =>
        {
            Some(format!("form's child {tag} needs a name"))
        }
        _ => None,
    };
    let Some(fault) = fault else { return Ok(()) };
    Err(CardError::new(11310, path, fault))
}

/// Checks the lengths of an input.
pub(crate) fn input(input: &Map<String, Value>, path: &str) -> Checked {
    let length = input.get("max_length").map_or(Some(1000), Value::as_u64);
    let Some(length) = length.filter(|length| (1..=1000).contains(length)) else {
        return Err(CardError::new(11310, path, "max_length must be between 1 and 1000"));
    };
    let default = text(input, "default_value").chars().count();
    if u64::try_from(default).is_ok_and(|default| default <= length) {
        return Ok(());
    }
    Err(CardError::new(11310, path, "default_value is longer than max_length"))
}

/// Checks the names of forms and of what stands in them.
pub(crate) fn names(card: &Value) -> Checked {
    let mut forms = Vec::new();
    visit(card, &mut |object| {
        if object.get("tag").and_then(Value::as_str) == Some("form") {
            forms.push(object.clone());
        }
    });
    let mut seen = BTreeSet::new();
    for form in forms {
        let name = text(&form, "name").to_owned();
        if name.is_empty() || !seen.insert(name.clone()) {
            let error = CardError::new(11310, "ROOT -> body", "form's name is required and unique");
            return Err(error.value(name));
        }
        inside(&form, &name)?;
    }
    Ok(())
}

fn inside(form: &Map<String, Value>, name: &str) -> Checked {
    let (mut seen, mut twice, mut submits) = (BTreeSet::new(), None, false);
    let elements = form.get("elements").unwrap_or(&Value::Null);
    visit(elements, &mut |object| {
        let tag = text(object, "tag");
        submits |= tag == "button" && text(object, "form_action_type") == "submit";
        if INTERACTIVE.contains(&tag) && !seen.insert(text(object, "name").to_owned()) {
            twice = Some(text(object, "name").to_owned());
        }
    });
    if let Some(twice) = twice {
        let message = format!("name is not unique in form {name}");
        return Err(CardError::new(11310, "ROOT -> body", message).value(twice));
    }
    if submits {
        return Ok(());
    }
    Err(CardError::new(11310, "ROOT -> body", format!("form {name} has no submit button")))
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}
