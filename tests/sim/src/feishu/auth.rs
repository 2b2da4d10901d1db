//! Tenant access tokens, and the bot's own card of identity.

use super::call::Call;
use super::clock::{MINUTE, SECOND};
use super::refusal::{Answer, Refusal};
use super::state::{State, Token};
use serde_json::json;

/// The life of a token.
const LIFE: u64 = 2 * 60 * MINUTE;
/// A token with at least this much left is given out again.
const REUSED: u64 = 30 * MINUTE;

/// Gives out a tenant access token.
pub(crate) fn token(state: &mut State, call: &Call) -> Answer {
    let id = call.body["app_id"].as_str().unwrap_or_default();
    let secret = call.body["app_secret"].as_str().unwrap_or_default();
    if id != state.options.app_id {
        return Err(Refusal::quiet(10003, "invalid param"));
    }
    if secret != state.options.app_secret {
        return Err(Refusal::quiet(10014, "app secret invalid"));
    }
    let now = state.now();
    state.tokens.retain(|token| token.expires > now);
    let lasting = state.tokens.iter().find(|token| token.expires >= now + REUSED).cloned();
    let token = lasting.unwrap_or_else(|| issue(state));
    let expire = (token.expires - now) / SECOND;
    Ok(json!({"code": 0, "msg": "ok", "tenant_access_token": token.text, "expire": expire}))
}

fn issue(state: &mut State) -> Token {
    let token = Token { text: state.id("t-"), expires: state.now() + LIFE };
    state.tokens.push(token.clone());
    token
}

/// Refuses calls without a valid token.
pub(crate) fn check(state: &State, call: &Call) -> Result<(), Refusal> {
    let header = call.authorization.as_deref().unwrap_or_default();
    let Some(text) = header.strip_prefix("Bearer ").filter(|text| !text.is_empty()) else {
        return Err(Refusal::new(99_991_661, "Missing access token for authorization"));
    };
    if !text.starts_with("t-") {
        return Err(Refusal::new(99_991_671, "Invalid access token: must start with t- or u-"));
    }
    let now = state.now();
    if state.tokens.iter().any(|token| token.text == text && token.expires > now) {
        return Ok(());
    }
    Err(Refusal::new(99_991_663, "Invalid access token for authorization"))
}

/// Says who the bot is.
pub(crate) fn bot(state: &mut State, _: &Call) -> Answer {
    let bot = json!({
        "activate_status": 2,
        "app_name": state.options.bot_name,
        "avatar_url": "",
        "ip_white_list": [],
        "open_id": state.options.bot_open_id,
    });
    Ok(json!({"code": 0, "msg": "ok", "bot": bot}))
}
