//! The delayed update of a card with the token of a callback.

use super::call::Call;
use super::cards::people::validate_here;
use super::clock::MINUTE;
use super::messages;
use super::refusal::{Answer, Refusal};
use super::state::State;
use serde_json::json;

/// A callback token and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) message: String,
    pub(crate) made: u64,
    pub(crate) answered: bool,
    pub(crate) uses: u32,
}

const TOKEN_LIFE: u64 = 30 * MINUTE;
const USES_MAX: u32 = 2;

/// `POST /interactive/v1/card/update`
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    let token = call.text("token").map_err(|_| Refusal::new(300_020, "invalid token"))?.to_owned();
    let card = call.body["card"].clone();
    let Some(callback) = state.callbacks.get(&token).cloned() else {
        return Err(Refusal::new(300_020, "invalid token"));
    };
    if state.now() >= callback.made + TOKEN_LIFE {
        return Err(Refusal::new(300_030, "token is expired"));
    }
    if callback.uses >= USES_MAX {
        return Err(Refusal::new(300_040, "token was used more than twice"));
    }
    if !callback.answered {
        return Err(Refusal::new(11310, "card action is lock"));
    }
    if state.messages.get(&callback.message).is_none_or(|message| message.deleted) {
        return Err(Refusal::new(200_000, "the message was recalled"));
    }
    validate_here(state, &card).map_err(|error| Refusal::new(11311, error.to_string()))?;
    if let Some(callback) = state.callbacks.get_mut(&token) {
        callback.uses += 1;
    }
    messages::look(state, &callback.message, card);
    Ok(json!({"code": 0, "msg": "ok"}))
}
