//! The elements of card JSON 2.0 that PoCo uses.

use poco_core::{Button, Choice, Field, Lang, Look, Press, Tone, unturned};
use serde_json::{Map, Value, json};

/// The longest default value of an input, which may hold as many characters.
const INPUT_CHARS: usize = 1_000;

/// Inputs that begin with a longer value have several lines.
const LINE_CHARS: usize = 60;

/// The longest label of a button, in characters.
const BUTTON_CHARS: usize = 60;

/// The longest other line, in characters: titles, placeholders, options.
pub(super) const LINE_MAX: usize = 150;

/// The longest question before a press counts, in characters.
const CONFIRM_CHARS: usize = 300;

pub(super) fn text(content: &str) -> Value {
    json!({ "tag": "plain_text", "content": unturned(content) })
}

pub(super) fn markdown(id: Option<&str>, content: &str) -> Value {
    let mut element = json!({ "tag": "markdown", "content": unturned(content) });
    if let Some(id) = id {
        element["element_id"] = id.into();
    }
    element
}

pub(super) fn note(content: &str) -> Value {
    let mut text = text(content);
    text["text_size"] = "notation".into();
    text["text_color"] = "grey".into();
    json!({ "tag": "div", "text": text })
}

pub(super) fn rule() -> Value {
    json!({ "tag": "hr" })
}

pub(super) fn fold(title: &str, content: &str) -> Value {
    json!({
        "tag": "collapsible_panel",
        "expanded": false,
        "header": { "title": text(&clip(title, LINE_MAX)) },
        "elements": [markdown(None, content)],
    })
}

/// Puts elements side by side, as many as there is room for.
pub(super) fn row(elements: Vec<Value>) -> Value {
    let column = |element| json!({ "tag": "column", "width": "auto", "elements": [element] });
    let columns: Vec<_> = elements.into_iter().map(column).collect();
    json!({ "tag": "column_set", "flex_mode": "flow", "columns": columns })
}

pub(super) fn button(button: &Button, lang: Lang) -> Value {
    let label = clip(button.label.of(lang), BUTTON_CHARS);
    let kind = match button.look {
        Look::Plain => "default",
        Look::Primary => "primary",
        Look::Danger => "danger",
    };
    let value: Map<_, _> =
        Press::of(&button.action).0.into_iter().map(|(k, v)| (k, v.into())).collect();
    let mut element = json!({
        "tag": "button",
        "text": text(&label),
        "type": kind,
        "behaviors": [{ "type": "callback", "value": value }],
    });
    if let Some(question) = &button.confirm {
        let question = clip(question.of(lang), CONFIRM_CHARS);
        element["confirm"] = json!({ "title": text(&label), "text": text(&question) });
    }
    element
}

/// A button that sends the fields of its form.
pub(super) fn submit(submit: &Button, name: &str, lang: Lang) -> Value {
    let mut element = button(submit, lang);
    element["name"] = name.into();
    element["form_action_type"] = "submit".into();
    element
}

/// An input for one line, or for several where much is to be expected.
pub(super) fn input(field: &Field, name: &str, lang: Lang) -> Value {
    let (placeholder, value, required) = match field {
        Field::Input { placeholder, value, required, .. } => {
            (placeholder.of(lang), value.as_str(), *required)
        }
        Field::Select { value, .. } => ("", value.as_deref().unwrap_or_default(), false),
        Field::Person { .. } => ("", "", false),
    };
    // Without an example of what is expected, it may be anything.
    let several = placeholder.is_empty() || value.chars().count() > LINE_CHARS;
    let mut element = json!({
        "tag": "input",
        "name": name,
        "required": required,
        "width": "fill",
        "max_length": INPUT_CHARS,
        "input_type": if several { "multiline_text" } else { "text" },
    });
    if !placeholder.is_empty() {
        element["placeholder"] = text(&clip(placeholder, LINE_MAX));
    }
    if !value.is_empty() {
        element["default_value"] = clip(value, INPUT_CHARS).into();
    }
    element
}

/// Somebody in the chat, to be chosen from a list of all.
pub(super) fn person_field(name: &str) -> Value {
    json!({ "tag": "select_person", "name": name, "width": "fill" })
}

/// A person as the platform shows one, and a few words.
pub(super) fn person(id: &str, words: &str) -> Value {
    let person = json!({
        "tag": "person", "user_id": id, "size": "small", "show_avatar": true, "show_name": true,
    });
    let words = clip(words, LINE_MAX);
    let words = if words.is_empty() { vec![] } else { vec![markdown(None, &words)] };
    row([vec![person], words].concat())
}

pub(super) fn select(name: &str, options: &[Choice], chosen: Option<&str>, lang: Lang) -> Value {
    let option = |choice: &Choice| json!({ "text": text(&clip(choice.label.of(lang), LINE_MAX)), "value": choice.value });
    let mut element = json!({
        "tag": "select_static",
        "name": name,
        "width": "fill",
        "options": options.iter().map(option).collect::<Vec<_>>(),
    });
    if let Some(chosen) = chosen.filter(|chosen| options.iter().any(|it| it.value == *chosen)) {
        element["initial_option"] = chosen.into();
    }
    element
}

pub(super) fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "blue",
        Tone::Busy => "wathet",
        Tone::Asking => "orange",
        Tone::Good => "green",
        Tone::Bad => "red",
        Tone::Ended => "grey",
    }
}

/// Shortens plain text; one who reads it sees that it is.
pub(super) fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars_max - 1).chain(['…']).collect(),
    }
}
