//! Turns a card into Feishu's card JSON 2.0, within every limit of the platform.

use poco_core::Card;
use serde_json::{Value, json};

/// The `element_id` of the answer that is typed while the agent works.
pub const ANSWER_ID: &str = "answer";

/// The `element_id` of the progress lines above it.
pub const STEPS_ID: &str = "steps";

/// Returns the card JSON 2.0 of a card.
pub fn render(card: &Card) -> Value {
    json!({ "schema": "2.0", "header": { "title": { "tag": "plain_text", "content": card.title } } })
}
