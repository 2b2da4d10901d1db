//! What Feishu is told about a press, within its three seconds.

use serde_json::{Value, json};

/// The longest toast, in characters.
const TOAST_CHARS_MAX: usize = 300;

/// Returns the answer to a callback: a toast for the person who pressed, or nothing to say.
pub fn pressed(toast: Option<&str>) -> Value {
    match toast.map(str::trim).filter(|toast| !toast.is_empty()) {
        None => json!({}),
        Some(toast) => {
            let mut chars = toast.chars();
            let mut content: String = chars.by_ref().take(TOAST_CHARS_MAX).collect();
            if chars.next().is_some() {
                content.push('…');
            }
            json!({ "toast": { "type": "info", "content": content } })
        }
    }
}

/// Returns the answer to the question whether this address is ours.
pub fn challenge(challenge: &str) -> Value {
    json!({ "challenge": challenge })
}
