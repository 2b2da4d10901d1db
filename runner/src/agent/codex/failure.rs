//! Says in a person's words what went wrong, and what to do.

use crate::agent::AgentError;
use crate::rpc::CallError;
use poco_core::Text;
use poco_core::words::agent as words;
use serde_json::Value;

/// The longest message of a model server that is shown, in characters.
const MESSAGE_CHARS_MAX: usize = 400;

/// Codex's answer to a client that comes too fast.
const OVERLOADED: i64 = -32001;

/// Words a turn's error: what happened, why, and the next step.
pub(super) fn of_turn(error: &Value) -> Text {
    let message = short(error["message"].as_str().unwrap_or_default());
    let info = &error["codexErrorInfo"];
    let name = info.as_str().or_else(|| info.as_object()?.keys().next().map(String::as_str));
    let status = info.as_object().and_then(|it| it.values().next()?["httpStatusCode"].as_u64());
    let said = |text: Text| words::with_detail(text, &message);
    match (name.unwrap_or("other"), status) {
        (_, Some(401 | 403)) | ("unauthorized", _) => said(words::model_login()),
        (_, Some(429)) | ("rateLimitExceeded", _) => said(words::model_busy()),
        ("usageLimitExceeded" | "sessionBudgetExceeded", _) => said(words::model_used_up()),
        ("contextWindowExceeded", _) => said(words::model_too_long()),
        ("serverOverloaded" | "internalServerError" | "flexUnavailable", _) => {
            said(words::model_trouble())
        }
        ("modelNotFound", _) => said(words::model_unknown()),
        (
            "httpConnectionFailed"
            | "responseStreamConnectionFailed"
            | "responseStreamDisconnected"
            | "responseTooManyFailedAttempts",
            _,
        ) => said(words::model_network()),
        ("sandboxError", _) => said(words::sandbox_failed()),
        ("badRequest", _) => said(words::model_bad_request()),
        ("cyberPolicy" | "misalignmentPolicyViolation", _) => said(words::model_policy()),
        _ if message.is_empty() => words::codex_failed_silently(),
        _ => words::codex_failed(message),
    }
}

/// Takes the words out of a body in JSON, and shortens them.
fn short(message: &str) -> String {
    let body: Option<Value> =
        message.find('{').and_then(|at| serde_json::from_str(&message[at..]).ok());
    let inner = body.as_ref().and_then(|body| {
        [&body["error"]["message"], &body["message"], &body["detail"]]
            .into_iter()
            .find_map(Value::as_str)
    });
    let text = inner.unwrap_or(message).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether codex says that it has no such thread, or that the thread holds nothing.
pub(super) fn is_unknown_thread(error: &CallError) -> bool {
    let CallError::Refused { message, .. } = error else { return false };
    let message = message.to_lowercase();
    ["no rollout found", "thread not found", "not found: ", "thread not loaded"]
        .iter()
        .any(|it| message.contains(it))
        && message.contains("thread")
}

/// Whether codex says that the turn is not at work.
pub(super) fn is_over(error: &CallError) -> bool {
    let CallError::Refused { message, .. } = error else { return false };
    message.contains("no active turn") || message.contains("expected active turn id")
}

/// Judges a failed call that changes nothing when it fails: it can be tried again.
pub(super) fn of_query(error: CallError) -> AgentError {
    match error {
        CallError::Refused { code: OVERLOADED, message } => AgentError::Later(message),
        CallError::Refused { message, .. } => {
            AgentError::Refused(words::codex_refused(short(&message)))
        }
        CallError::NotSent(reason) | CallError::Unanswered(reason) => AgentError::Later(reason),
    }
}

/// Judges a failed call that may have had its effect.
pub(super) fn of_deed(error: CallError) -> AgentError {
    match error {
        CallError::Unanswered(reason) => AgentError::Unclear(reason),
        CallError::Refused { .. } | CallError::NotSent(_) => of_query(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::Lang;
    use serde_json::json;

    #[test]
    fn words_say_what_happened_and_what_to_do() {
        let error = json!({ "message": "unexpected status 401", "codexErrorInfo": { "httpConnectionFailed": { "httpStatusCode": 401 } } });
        assert!(of_turn(&error).of(Lang::En).contains("codex login"));
        let error = json!({ "message": "{\"error\":{\"message\":\"bad tool\"}}", "codexErrorInfo": "other" });
        assert_eq!(of_turn(&error).of(Lang::En), "Codex failed: bad tool");
        let error = json!({ "message": "x", "codexErrorInfo": { "brandNew": { "a": 1 } } });
        assert_eq!(of_turn(&error).of(Lang::En), "Codex failed: x");
        assert_eq!(of_turn(&Value::Null).of(Lang::En), "Codex failed without saying why.");
    }
}
