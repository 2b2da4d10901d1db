//! Typing text onto an element.

use super::change::{Streaming, begin, finish};
use super::{Stream, elements};
use crate::feishu::call::Call;
use crate::feishu::cards::people::validate_here;
use crate::feishu::refusal::{Answer, Refusal, success};
use crate::feishu::state::State;
use serde_json::json;

const CONTENT_MAX: usize = 100_000;

/// `PUT /cardkit/v1/cards/:id/elements/:eid/content`
pub(crate) fn content(state: &mut State, call: &Call) -> Answer {
    let text = call.text("content")?;
    if text.is_empty() || text.chars().count() > CONTENT_MAX {
        return Err(Refusal::field("content", "the length must be between 1 and 100000"));
    }
    let id = begin(state, call)?;
    open(state, &id)?;
    let mut card = state.entities[&id].card.clone();
    let element = elements::find(&mut card, call.part(5))?;
    if !matches!(element["tag"].as_str(), Some("plain_text" | "lark_md" | "markdown")) {
        return Err(Refusal::new(300_310, "ErrMsg: element does not support streaming; "));
    }
    element["content"] = text.into();
    validate_here(state, &card).map_err(|error| error.for_kit())?;
    finish(state, &id, card, Streaming::AsBefore);
    Ok(success(&json!({})))
}

/// Refuses to type onto a card that does not stream. The first to come too late learns why.
fn open(state: &mut State, id: &str) -> Result<(), Refusal> {
    let now = state.now();
    let Some(entity) = state.entities.get_mut(id) else { return Ok(()) };
    if entity.streams(now) {
        return Ok(());
    }
    let timed_out = entity.stream != Stream::Closed;
    entity.stream = Stream::Closed;
    if timed_out {
        return Err(Refusal::new(200_850, "ErrMsg: card streaming timeout; "));
    }
    Err(Refusal::new(300_309, "ErrMsg: streaming mode is closed; "))
}
