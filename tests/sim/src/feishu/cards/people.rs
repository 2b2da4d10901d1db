//! People a card names must exist.

use super::count::visit;
use super::error::CardError;
use super::markdown;
use super::validate::validate_card;
use crate::feishu::state::State;
use serde_json::Value;

/// Checks a card, and that everybody it mentions is of this tenant.
pub(crate) fn validate_here(state: &State, card: &Value) -> Result<(), CardError> {
    validate_card(card)?;
    let mut named = Vec::new();
    visit(card, &mut |object| {
        let text = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("tag") {
            "markdown" | "lark_md" => named.extend(markdown::mentions(text("content"))),
            "person" => named.push(text("user_id").to_owned()),
            _ => {}
        }
    });
    let stranger = named.into_iter().find(|id| !state.users.contains_key(id));
    let Some(stranger) = stranger else { return Ok(()) };
    Err(CardError::new(100_290, "ROOT", "id of a person does not exist").value(stranger))
}
