//! What is said to Claude Code, one JSON value a line.

use super::super::AgentError;
use base64::Engine;
use serde_json::{Value, json};
use std::ffi::OsString;

/// Of `permission-prompt-tool` only its own help does not tell: without it nobody is asked.
/// Replayed messages are how it says that a prompt or an answer has arrived.
const ARGUMENTS: [&str; 10] = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--replay-user-messages",
    "--permission-prompt-tool",
    "stdio",
];

pub(super) fn arguments() -> Vec<OsString> {
    ARGUMENTS.iter().map(OsString::from).collect()
}

/// A prompt with pictures, each its media type and its bytes, or a word to a turn that runs. The same
/// `id` is taken once.
pub(super) fn prompt(id: &str, text: &str, pictures: &[(String, Vec<u8>)]) -> Value {
    let picture = |(media, bytes): &(String, Vec<u8>)| {
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        json!({ "type": "image", "source": { "type": "base64", "media_type": media, "data": data } })
    };
    let text = json!({ "type": "text", "text": text });
    let content: Vec<_> = pictures.iter().map(picture).chain([text]).collect();
    json!({
        "type": "user", "uuid": id, "session_id": "", "parent_tool_use_id": null,
        "message": { "role": "user", "content": content },
    })
}

/// Asks Claude Code for something.
pub(super) fn request(id: &str, subtype: &str) -> Value {
    json!({ "type": "control_request", "request_id": id, "request": { "subtype": subtype } })
}

/// Answers a question of Claude Code's.
pub(super) fn answer(request: &str, response: &Value) -> Value {
    json!({
        "type": "control_response",
        "response": { "subtype": "success", "request_id": request, "response": response },
    })
}

/// Says that PoCo can't do what is asked.
pub(super) fn refusal(request: &str, why: &str) -> Value {
    json!({
        "type": "control_response",
        "response": { "subtype": "error", "request_id": request, "error": why },
    })
}

/// Names a text by what PoCo calls it: the same name always makes the same id.
pub(super) fn uuid_of(name: &str) -> String {
    let halves = [poco_core::hash(name), poco_core::hash(&format!("PoCo {name} again"))];
    uuid((u128::from(halves[0]) << 64) | u128::from(halves[1]), 8)
}

/// Makes the name of a new session.
pub(super) fn fresh_uuid() -> Result<String, AgentError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| AgentError::Later(format!("There is no randomness: {error}")))?;
    Ok(uuid(u128::from_be_bytes(bytes), 4))
}

fn uuid(bits: u128, version: u128) -> String {
    let bits = bits & !(0xf << 76) | (version << 76);
    let bits = bits & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

pub(super) fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| [8, 13, 18, 23].contains(&at);
    let fits = |(at, byte): (usize, u8)| match dash(at) {
        true => byte == b'-',
        false => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids() {
        assert_eq!(uuid_of("task-1"), uuid_of("task-1"));
        assert_ne!(uuid_of("task-1"), uuid_of("task-2"));
        assert!(is_uuid(&uuid_of("task-1")) && is_uuid(&fresh_uuid().unwrap()));
        for strange in ["", "../../etc/passwd", "01A00000-0000-7000-8000-000000000000"] {
            assert!(!is_uuid(strange), "{strange}");
        }
    }
}
