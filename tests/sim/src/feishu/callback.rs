//! A card callback: the event a press makes, and what its answer does.

use super::Feishu;
use super::cards::people::validate_here;
use super::delayed::Callback;
use super::messages::{self, Body};
use super::options::CallbackFrame;
use super::state::State;
use serde_json::{Value, json};

/// What a person sees after a press.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PressResult {
    pub toast: Option<Toast>,
    /// The card the app answered with, if it was put in place.
    pub card: Option<Value>,
    /// The code the client shows when the press went wrong, for example 200340 or 200673.
    pub error: Option<i64>,
    /// The page that was opened.
    pub opened: Option<String>,
}

/// A short notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// `info`, `success`, `error` or `warning`.
    pub kind: String,
    pub content: String,
}

impl Feishu {
    /// Sends a callback and does what its answer says.
    pub(crate) async fn call_back(&self, user: &str, message: &str, action: &Value) -> PressResult {
        let (payload, token, frame) = self.change(|state| {
            let (payload, token) = event(state, user, message, action);
            state.locked.push(message.to_owned());
            (payload, token, state.options.callbacks_as)
        });
        let frame = match frame {
            CallbackFrame::Event => "event",
            CallbackFrame::Card => "card",
        };
        let answer = self.ask(&payload, frame).await;
        self.change(|state| {
            if let Some(at) = state.locked.iter().position(|locked| locked == message) {
                state.locked.remove(at);
            }
            if let Some(callback) = state.callbacks.get_mut(&token) {
                callback.answered = true;
            }
            answer.and_then(|answer| apply(state, message, &answer))
        })
        .unwrap_or_else(|code| PressResult { error: Some(code), ..PressResult::default() })
    }
}

fn event(state: &mut State, user: &str, message: &str, action: &Value) -> (Value, String) {
    let (event_id, token) = (state.id(""), state.id("c-"));
    let chat = state.messages.get(message).map(|message| message.chat.clone());
    let payload = json!({
        "schema": "2.0",
        "header": {
            "event_id": event_id,
            "token": state.options.verification_token,
            "create_time": (state.now() * 1000).to_string(),
            "event_type": "card.action.trigger",
            "tenant_key": state.options.tenant_key,
            "app_id": state.options.app_id,
        },
        "event": {
            "operator": {
                "tenant_key": state.options.tenant_key,
                "open_id": user,
                "union_id": user.replacen("ou_", "on_", 1),
            },
            "token": token,
            "action": action,
            "host": "im_message",
            "context": {"open_message_id": message, "open_chat_id": chat},
        },
    });
    let made = state.now();
    let callback = Callback { message: message.to_owned(), made, answered: false, uses: 0 };
    state.callbacks.insert(token.clone(), callback);
    (payload, token)
}

/// Does what the app answered, or returns the code the person sees.
fn apply(state: &mut State, message: &str, answer: &Value) -> Result<PressResult, i64> {
    let answer = answer.as_object().ok_or(200_672_i64)?;
    if answer.keys().any(|key| key != "toast" && key != "card") {
        return Err(200_672);
    }
    let toast = answer.get("toast").map(toast).transpose()?;
    let Some(card) = answer.get("card").filter(|card| !card.is_null()) else {
        return Ok(PressResult { toast, ..PressResult::default() });
    };
    if card["type"] != "raw" {
        return Err(200_673);
    }
    let card = &card["data"];
    if card["schema"] != "2.0" {
        return Err(200_830);
    }
    validate_here(state, card).map_err(|error| {
        state.complain(format!("a callback was answered with a bad card: {error}"));
        200_673_i64
    })?;
    let shown = place(state, message, card);
    Ok(PressResult { toast, card: shown.then(|| card.clone()), ..PressResult::default() })
}

/// Puts the card of an answer in place, unless the card streams.
fn place(state: &mut State, message: &str, card: &Value) -> bool {
    let now = state.now();
    let entity = state.messages.get(message).and_then(|message| match &message.body {
        Body::Entity(id) => Some(id.clone()),
        Body::Content(_) | Body::Card(_) => None,
    });
    if let Some(entity) = entity.and_then(|id| state.entities.get_mut(&id)) {
        if entity.streams(now) {
            return false;
        }
        entity.card = card.clone();
    }
    messages::look(state, message, card.clone());
    true
}

fn toast(toast: &Value) -> Result<Toast, i64> {
    let text = |name: &str| toast[name].as_str().map(str::to_owned).ok_or(200_672_i64);
    let kind = toast.get("type").map_or(Ok("info".to_owned()), |_| text("type"))?;
    if !matches!(kind.as_str(), "info" | "success" | "error" | "warning") {
        return Err(200_672);
    }
    Ok(Toast { kind, content: text("content")? })
}
