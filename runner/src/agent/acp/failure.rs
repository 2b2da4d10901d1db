//! What went wrong, and what a person can do about it.

use super::launch::Launch;
use crate::agent::{AgentError, End};
use crate::rpc::CallError;
use agent_client_protocol_schema::v1::{AuthMethod, InitializeResponse, StopReason};
use poco_core::Text;
use poco_core::words::acp as words;

/// The code of an error that says that nobody is logged in.
const AUTH_REQUIRED: i64 = -32_000;

/// The most of an agent's own words, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// Whether the agent says that nobody is logged in.
pub(super) fn is_not_logged_in(error: &CallError) -> bool {
    matches!(error, CallError::Refused { code: AUTH_REQUIRED, .. })
}

/// Says that nobody is logged in, and how somebody can.
pub(super) fn not_logged_in(launch: &Launch, hello: &InitializeResponse) -> Text {
    let how = match launch.preset {
        Some(preset) => preset.how_to_log_in(),
        None => ways(&hello.auth_methods),
    };
    words::not_logged_in(launch.title(), how)
}

fn ways(methods: &[AuthMethod]) -> Text {
    let name = |method: &AuthMethod| match method.description() {
        Some(description) => format!("{} ({description})", method.name()),
        None => method.name().to_owned(),
    };
    let names: Vec<_> = methods.iter().map(name).collect();
    match names.is_empty() {
        true => words::log_in_somehow(),
        false => words::log_in_ways(names.join("; ")),
    }
}

/// Judges a failed call that changes nothing when it fails: it can be tried again.
pub(super) fn of_query(
    launch: &Launch,
    hello: &InitializeResponse,
    error: CallError,
) -> AgentError {
    if is_not_logged_in(&error) {
        return AgentError::Refused(not_logged_in(launch, hello));
    }
    match error {
        CallError::Refused { message, .. } => {
            AgentError::Refused(words::refused(launch.title(), short(&message)))
        }
        CallError::NotSent(reason) | CallError::Unanswered(reason) => AgentError::Later(reason),
    }
}

/// Says how a turn ended whose prompt was refused.
pub(super) fn of_prompt(
    launch: &Launch,
    hello: &InitializeResponse,
    code: i64,
    message: &str,
) -> End {
    let reason = match code {
        AUTH_REQUIRED => not_logged_in(launch, hello),
        _ => words::failed(launch.title(), short(message)),
    };
    End::Failed { reason }
}

/// Says how a turn ended for a reason that is no good end.
pub(super) fn of_stop(title: &str, reason: StopReason) -> End {
    let reason = match reason {
        StopReason::EndTurn => return End::Completed,
        StopReason::Cancelled => return End::Lost { reason: words::interrupted() },
        StopReason::MaxTokens => words::too_much(),
        StopReason::MaxTurnRequests => words::too_often(title),
        StopReason::Refusal => words::would_not(title),
        _ => words::odd_end(title, "?"),
    };
    End::Failed { reason }
}

pub(super) fn short(message: &str) -> String {
    let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
