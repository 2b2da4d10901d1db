//! A card as a person sees it: its text, its buttons, its fields.

use serde_json::Value;
use std::fmt::Write;

/// A button on a card.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenButton {
    pub label: String,
    pub name: Option<String>,
    pub element_id: Option<String>,
    /// The name of the form around it.
    pub form: Option<String>,
    /// Whether it sends its form.
    pub submits: bool,
    pub disabled: bool,
    /// What it asks before the press counts.
    pub confirm: Option<String>,
    /// What it sends to the app when pressed.
    pub value: Option<Value>,
    /// The page it opens when pressed.
    pub url: Option<String>,
}

/// Something on a card to write into or choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenField {
    /// `input`, `select_static`, …
    pub tag: String,
    pub name: String,
    pub label: String,
    pub placeholder: String,
    /// The name of the form around it.
    pub form: Option<String>,
    /// Labels and values.
    pub options: Vec<(String, String)>,
    /// What stands in it before the person does anything.
    pub initial: Option<Value>,
    pub required: bool,
    pub max_length: usize,
    /// What it sends to the app when it stands outside a form.
    pub value: Option<Value>,
}

impl SeenField {
    /// Writes it as `label <name>: what stands in it_ (choices)`.
    fn plain(&self) -> String {
        let initial = match &self.initial {
            None | Some(Value::Null) => String::new(),
            Some(initial) => initial.as_str().map_or_else(|| initial.to_string(), str::to_owned),
        };
        let label = if self.label.is_empty() { &self.placeholder } else { &self.label };
        let labels: Vec<_> = self.options.iter().map(|(label, _)| label.as_str()).collect();
        let choices =
            if labels.is_empty() { String::new() } else { format!(" ({})", labels.join("|")) };
        format!("{label} <{}>: {initial}_{choices}", self.name)
    }
}

/// A piece of a card, in the order a person meets it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Button(SeenButton),
    Field(SeenField),
}

/// Returns the title and all text of a card, in order; no buttons and no fields.
pub fn card_text(card: &Value) -> String {
    let pieces = pieces(card).into_iter();
    let texts = pieces.filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Button(_) | Piece::Field(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Returns the buttons of a card, in order.
pub fn card_buttons(card: &Value) -> Vec<SeenButton> {
    let pieces = pieces(card).into_iter();
    let buttons = pieces.filter_map(|piece| match piece {
        Piece::Button(button) => Some(button),
        Piece::Text(_) | Piece::Field(_) => None,
    });
    buttons.collect()
}

/// Returns the fields of a card, in order.
pub fn card_fields(card: &Value) -> Vec<SeenField> {
    let pieces = pieces(card).into_iter();
    let fields = pieces.filter_map(|piece| match piece {
        Piece::Field(field) => Some(field),
        Piece::Text(_) | Piece::Button(_) => None,
    });
    fields.collect()
}

/// Writes a whole card as plain text, with `[buttons]` and `label: fields_`.
pub fn card_plain(card: &Value) -> String {
    let mut plain = String::new();
    for piece in pieces(card) {
        let written = match piece {
            Piece::Text(text) => writeln!(plain, "{text}"),
            Piece::Button(button) => writeln!(plain, "[{}]", button.label),
            Piece::Field(field) => writeln!(plain, "{}", field.plain()),
        };
        written.unwrap_or_default();
    }
    plain.trim_end().to_owned()
}

pub(crate) fn pieces(card: &Value) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for pointer in ["/header/title", "/header/subtitle", "/header/text_tag_list", "/body"] {
        if let Some(part) = card.pointer(pointer) {
            walk(part, None, &mut pieces);
        }
    }
    pieces
}

fn walk(value: &Value, form: Option<&str>, pieces: &mut Vec<Piece>) {
    value.as_array().into_iter().flatten().for_each(|item| walk(item, form, pieces));
    match text(value, "tag") {
        "plain_text" | "lark_md" | "markdown" => {
            let content = text(value, "content").to_owned();
            if !content.is_empty() {
                pieces.push(Piece::Text(content));
            }
        }
        "hr" => pieces.push(Piece::Text("----".to_owned())),
        "button" => pieces.push(Piece::Button(button(value, form))),
        "form" => parts(value, Some(text(value, "name")), pieces),
        "text_tag"
        | "div"
        | "checker"
        | "column_set"
        | "column"
        | "collapsible_panel"
        | "interactive_container"
        | "" => parts(value, form, pieces),
        "table" => rows(value, pieces),
        tag if super::schema::INTERACTIVE.contains(&tag) => {
            pieces.push(Piece::Field(field(value, tag, form)));
        }
        _ => {}
    }
}

fn parts(value: &Value, form: Option<&str>, pieces: &mut Vec<Piece>) {
    for name in ["header", "title", "text", "fields", "columns", "elements", "extra"] {
        if let Some(part) = value.get(name) {
            walk(part, form, pieces);
        }
    }
}

fn rows(table: &Value, pieces: &mut Vec<Piece>) {
    for row in table["rows"].as_array().into_iter().flatten() {
        let cells = row.as_object().into_iter().flat_map(|row| row.values());
        let cells: Vec<_> =
            cells.map(|cell| cell.as_str().map_or(cell.to_string(), str::to_owned)).collect();
        pieces.push(Piece::Text(cells.join(" | ")));
    }
}

fn button(value: &Value, form: Option<&str>) -> SeenButton {
    let behaviors = value["behaviors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let url = behaviors.iter().find(|behavior| behavior["type"] == "open_url");
    SeenButton {
        label: value
            .pointer("/text/content")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        name: owned(value, "name"),
        element_id: owned(value, "element_id"),
        form: form.map(str::to_owned),
        submits: value["form_action_type"] == "submit",
        disabled: value["disabled"] == true,
        confirm: value.pointer("/confirm/text/content").and_then(Value::as_str).map(str::to_owned),
        value: callback(value),
        url: url.map(|url| text(url, "default_url").to_owned()),
    }
}

fn field(value: &Value, tag: &str, form: Option<&str>) -> SeenField {
    let content = |name: &str| {
        value.pointer(&format!("/{name}/content")).and_then(Value::as_str).unwrap_or_default()
    };
    let options = value["options"].as_array().into_iter().flatten().map(|option| {
        let label = option.pointer("/text/content").and_then(Value::as_str).unwrap_or_default();
        (label.to_owned(), text(option, "value").to_owned())
    });
    let names = ["default_value", "initial_option", "selected_values", "checked", "initial_date"];
    let length = value["max_length"].as_u64().and_then(|length| usize::try_from(length).ok());
    SeenField {
        tag: tag.to_owned(),
        name: text(value, "name").to_owned(),
        label: content("label").to_owned(),
        placeholder: content("placeholder").to_owned(),
        form: form.map(str::to_owned),
        options: options.collect(),
        initial: names.iter().find_map(|name| value.get(*name)).cloned(),
        required: value["required"] == true,
        max_length: length.unwrap_or(1000),
        value: callback(value),
    }
}

fn callback(value: &Value) -> Option<Value> {
    let behaviors = value["behaviors"].as_array()?;
    let callback = behaviors.iter().find(|behavior| behavior["type"] == "callback")?;
    Some(callback["value"].clone())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn owned(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}
