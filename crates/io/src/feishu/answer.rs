//! What Feishu is told about a press, within its three seconds.

use poco_core::{Lang, Text, unturned};
use serde_json::{Value, json};

/// The longest toast, in characters.
const TOAST_CHARS_MAX: usize = 300;

/// Returns the answer to a callback: a toast for the person who pressed, or nothing to say. A client
/// shows it in its own language; one that has neither of ours, in that of the chat.
pub fn pressed(toast: Option<&Text>, lang: Lang) -> Value {
    let Some(toast) = toast.filter(|toast| !toast.of(lang).trim().is_empty()) else {
        return json!({});
    };
    let content = |lang| clipped(toast.of(lang).trim());
    json!({ "toast": {
        "type": "info",
        "content": content(lang),
        "i18n": { "zh_cn": content(Lang::Zh), "en_us": content(Lang::En) },
    } })
}

fn clipped(toast: &str) -> String {
    let toast = unturned(toast);
    let mut chars = toast.chars();
    let mut content: String = chars.by_ref().take(TOAST_CHARS_MAX).collect();
    if chars.next().is_some() {
        content.push('…');
    }
    content
}

/// Returns the answer to the question whether this address is ours.
pub fn challenge(challenge: &str) -> Value {
    json!({ "challenge": challenge })
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::words;

    #[test]
    fn a_toast_is_in_every_language_and_of_bounded_length() {
        let toast = words::task::is_over();
        let answer = pressed(Some(&toast), Lang::Zh);
        assert_eq!(answer["toast"]["content"], toast.of(Lang::Zh));
        assert_eq!(answer["toast"]["i18n"]["en_us"], toast.of(Lang::En));
        let long = Text::verbatim("字".repeat(1_000));
        let content = pressed(Some(&long), Lang::En)["toast"]["i18n"]["zh_cn"].clone();
        assert_eq!(content.as_str().map(|text| text.chars().count()), Some(TOAST_CHARS_MAX + 1));
        assert_eq!(pressed(Some(&Text::default()), Lang::En), json!({}));
    }
}
