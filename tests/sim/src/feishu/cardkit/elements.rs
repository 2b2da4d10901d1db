//! Operations on single elements of an entity.

use super::change::{Streaming, begin, finish};
use crate::feishu::call::{Call, document};
use crate::feishu::cards::people::validate_here;
use crate::feishu::refusal::{Answer, Refusal, success};
use crate::feishu::state::State;
use serde_json::{Value, json};

/// `POST /cardkit/v1/cards/:id/elements`
pub(crate) fn add(state: &mut State, call: &Call) -> Answer {
    let mut params = call.body.clone();
    params["elements"] = document(call.text("elements")?, |why| Refusal::new(10002, why))?;
    change(state, call, "add_elements", &params)
}

/// `PUT /cardkit/v1/cards/:id/elements/:eid`
pub(crate) fn replace(state: &mut State, call: &Call) -> Answer {
    let element = document(call.text("element")?, |why| Refusal::new(10002, why))?;
    let params = json!({"element_id": call.part(5), "element": element});
    change(state, call, "update_element", &params)
}

/// `PATCH /cardkit/v1/cards/:id/elements/:eid`
pub(crate) fn modify(state: &mut State, call: &Call) -> Answer {
    let partial = document(call.text("partial_element")?, |why| Refusal::new(10002, why))?;
    let params = json!({"element_id": call.part(5), "partial_element": partial});
    change(state, call, "partial_update_element", &params)
}

/// `DELETE /cardkit/v1/cards/:id/elements/:eid`
pub(crate) fn remove(state: &mut State, call: &Call) -> Answer {
    change(state, call, "delete_elements", &json!({"element_ids": [call.part(5)]}))
}

fn change(state: &mut State, call: &Call, action: &str, params: &Value) -> Answer {
    let id = begin(state, call)?;
    let mut card = state.entities[&id].card.clone();
    apply(&mut card, action, params)?;
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    finish(state, &id, card, Streaming::AsBefore);
    Ok(success(&json!({})))
}

/// Carries out one action on a card.
pub(super) fn apply(card: &mut Value, action: &str, params: &Value) -> Result<(), Refusal> {
    let id = params["element_id"].as_str().unwrap_or_default();
    match action {
        "add_elements" => insert(card, params),
        "delete_elements" => {
            let ids = params["element_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
            ids.iter().try_for_each(|id| delete(card, id.as_str().unwrap_or_default()))
        }
        "update_element" => {
            let mut element = params["element"].clone();
            if element.get("element_id").is_none() {
                element["element_id"] = id.into();
            }
            *find(card, id)? = element;
            Ok(())
        }
        "partial_update_element" => {
            let element = find(card, id)?;
            let partial = &params["partial_element"];
            if partial.get("tag").is_some_and(|tag| *tag != element["tag"]) {
                return Err(Refusal::new(300_312, "ErrMsg: tag cannot be changed; "));
            }
            let partial = partial.as_object().into_iter().flatten();
            partial.for_each(|(name, value)| element[name.as_str()] = value.clone());
            Ok(())
        }
        _ => Err(Refusal::new(10002, format!("ErrMsg: unknown action {action}; "))),
    }
}

fn insert(card: &mut Value, params: &Value) -> Result<(), Refusal> {
    let elements = params["elements"].as_array().cloned();
    let elements = elements.filter(|elements| !elements.is_empty());
    let elements = elements.ok_or_else(|| Refusal::new(300_307, "ErrMsg: elements is empty; "))?;
    let target = params["target_element_id"].as_str().filter(|id| !id.is_empty());
    let kind = params["type"].as_str().unwrap_or_default();
    let (list, at) = match (kind, target) {
        ("append", None) => ("/body/elements".to_owned(), None),
        ("append", Some(id)) => (format!("{}/elements", path(card, id)?), None),
        ("insert_before" | "insert_after", Some(id)) => {
            let (list, index) = place(&path(card, id)?)?;
            (list, Some(index + usize::from(kind == "insert_after")))
        }
        _ => return Err(Refusal::new(300_315, "ErrMsg: add elements failed; ")),
    };
    let list = card.pointer_mut(&list).and_then(Value::as_array_mut);
    let list = list.ok_or_else(|| Refusal::new(300_315, "ErrMsg: add elements failed; "))?;
    let at = at.unwrap_or(list.len());
    list.splice(at..at, elements);
    Ok(())
}

fn delete(card: &mut Value, id: &str) -> Result<(), Refusal> {
    let failed = || Refusal::new(300_314, "ErrMsg: delete elements failed; ");
    let (list, index) = place(&path(card, id)?)?;
    let list = card.pointer_mut(&list).and_then(Value::as_array_mut).ok_or_else(failed)?;
    list.remove(index);
    Ok(())
}

/// Finds an element by its id.
pub(super) fn find<'a>(card: &'a mut Value, id: &str) -> Result<&'a mut Value, Refusal> {
    let path = path(card, id)?;
    card.pointer_mut(&path).ok_or_else(|| missing(id))
}

/// Returns the JSON pointer to an element.
fn path(card: &Value, id: &str) -> Result<String, Refusal> {
    search(card, id, "").ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Refusal {
    Refusal::new(300_313, format!("ErrMsg: not find elementID : {id}; "))
}

fn search(value: &Value, id: &str, at: &str) -> Option<String> {
    if value.get("element_id").and_then(Value::as_str) == Some(id) {
        return Some(at.to_owned());
    }
    let fields = value.as_object().into_iter().flatten();
    let named = fields.map(|(name, part)| (name.clone(), part));
    let items = value.as_array().into_iter().flatten().enumerate();
    let numbered = items.map(|(index, part)| (index.to_string(), part));
    named.chain(numbered).find_map(|(name, part)| search(part, id, &format!("{at}/{name}")))
}

/// Takes a pointer to a member of a list apart.
fn place(path: &str) -> Result<(String, usize), Refusal> {
    let split = path.rsplit_once('/');
    let split = split.and_then(|(list, index)| Some((list.to_owned(), index.parse().ok()?)));
    split.ok_or_else(|| Refusal::new(300_315, "ErrMsg: the element is not in a list; "))
}
