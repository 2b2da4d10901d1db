//! The parts of a card between the model and the JSON: each can be written with more or less text.

use super::element::{self, LINE_MAX, clip};
use super::markdown::{closed, fenced, harmless, plain};
use super::{ANSWER_ID, CARD_BYTES_MAX, STEPS_ID};
use poco_core::words::platform as words;
use poco_core::{Block, Button, Card, Field, Form, Lang, json_bytes, shorten, unturned};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most buttons in a row.
const ROW_MAX: usize = 8;

/// The longest label of a field, in characters, if there is room.
const LABEL_CHARS: usize = 1_000;

/// The longest list of options shown as text, in characters.
const OPTIONS_CHARS: usize = 400;

/// Stands where text will be: the platform refuses empty text.
const NOTHING: &str = "…";

/// Bytes kept for saying how much is missing.
const MORE_BYTES: usize = 64;

#[derive(Clone, Debug)]
pub(super) enum Part<'a> {
    Text(Text),
    Rule,
    /// A person, and a few words beside.
    Person {
        id: &'a str,
        text: &'a poco_core::Text,
    },
    Row(Vec<&'a Button>),
    Form {
        form: &'a Form,
        /// Its name, and those of its buttons begin with it.
        name: String,
        /// The names of the fields, unique on the card.
        names: Vec<String>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) lang: Lang,
    pub(super) shape: Shape,
    pub(super) raw: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Markdown,
    /// Markdown that is typed.
    Live(&'static str),
    Note,
    Fold {
        title: String,
    },
}

/// How forms are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Forms {
    Full,
    /// Lists become fields to type into, labels are short.
    Plain,
}

/// Returns the parts of a card, from top to bottom.
pub(super) fn parts(card: &Card) -> Vec<Part<'_>> {
    let lang = card.lang;
    let (mut names, mut parts, mut is_live) = (BTreeSet::new(), vec![], false);
    for block in &card.blocks {
        let (shape, raw) = match block {
            Block::Text(text) => (Shape::Markdown, text.of(lang).to_owned()),
            Block::Note(text) => (Shape::Note, text.of(lang).to_owned()),
            Block::Code { language, text } => (Shape::Markdown, fenced(language, text)),
            Block::Fold { title, text } => {
                (Shape::Fold { title: title.of(lang).to_owned() }, text.of(lang).to_owned())
            }
            Block::Stored { page, .. } | Block::Folds { page, .. } => {
                (Shape::Note, words::page(page + 1).of(lang).to_owned())
            }
            Block::Live { steps, answer } => {
                let shape = |id| if is_live { Shape::Markdown } else { Shape::Live(id) };
                let (above, below) = (shape(STEPS_ID), shape(ANSWER_ID));
                is_live = true;
                parts.push(Part::Text(Text { lang, shape: above, raw: steps.clone() }));
                (below, answer.clone())
            }
            Block::Person { id, text, .. } => {
                parts.push(Part::Person { id: id.as_str(), text });
                continue;
            }
            Block::Rule => {
                parts.push(Part::Rule);
                continue;
            }
            Block::Buttons(buttons) => {
                let rows = buttons.chunks(ROW_MAX);
                parts.extend(rows.map(|row| Part::Row(row.iter().collect())));
                continue;
            }
            Block::Form(form) => {
                let form_name = unique(&mut names, &format!("form_{}", parts.len()));
                let names = form.fields.iter().map(|it| unique(&mut names, name(it))).collect();
                parts.push(Part::Form { form, name: form_name, names });
                continue;
            }
        };
        if matches!(shape, Shape::Live(_)) || !raw.trim().is_empty() {
            parts.push(Part::Text(Text { lang, shape, raw }));
        }
    }
    if parts.is_empty() {
        parts.push(Part::Text(Text { lang, shape: Shape::Markdown, raw: NOTHING.to_owned() }));
    }
    parts
}

fn name(field: &Field) -> &str {
    match field {
        Field::Input { name, .. } | Field::Select { name, .. } | Field::Person { name, .. } => name,
    }
}

/// Between the name of a field and the number that makes it unique on its card.
pub(crate) const NUMBER_MARK: &str = "__";

/// Two forms of a card may have fields of one name; the platform refuses that.
fn unique(taken: &mut BTreeSet<String>, name: &str) -> String {
    let numbered = (2..).map(|n| format!("{name}{NUMBER_MARK}{n}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let name = names.find(|name| taken.insert(name.clone()));
    name.expect("the numbers do not end")
}

impl Text {
    /// Writes the text whole.
    pub(super) fn whole(&self, tables: &mut usize) -> String {
        let text = match self.shape {
            Shape::Note => unturned(&self.raw),
            Shape::Markdown | Shape::Live(_) | Shape::Fold { .. } => {
                harmless(&unturned(&self.raw), tables)
            }
        };
        if text.trim().is_empty() { NOTHING.to_owned() } else { text }
    }

    /// Returns the bytes of JSON the whole text takes; fewer if that is more than any card has.
    pub(super) fn need(&self, tables: &mut usize) -> usize {
        if self.raw.len() > CARD_BYTES_MAX {
            return self.raw.len();
        }
        json_bytes(&self.whole(tables))
    }

    /// Writes as much of the text as has room in so many bytes of JSON, and says how much more
    /// there is.
    pub(super) fn within(&self, bytes: usize, tables: &mut usize) -> String {
        let before = *tables;
        // Being made harmless makes no text shorter.
        let may_fit = self.raw.len() <= bytes;
        if let Some(whole) = may_fit.then(|| self.whole(tables))
            && json_bytes(&whole) <= bytes
        {
            return whole;
        }
        let room = bytes.saturating_sub(MORE_BYTES);
        let mut limit = room;
        // Making text harmless makes it longer, but not by much.
        while limit > MORE_BYTES {
            let (raw, left) = shorten(&self.raw, limit);
            *tables = before;
            let raw = if self.shape == Shape::Note { raw } else { closed(&raw) };
            let short = Self { lang: self.lang, shape: self.shape.clone(), raw }.whole(tables);
            let length = json_bytes(&short);
            if length <= room {
                return format!(
                    "{}\n\n{}",
                    short.trim_end(),
                    words::more_characters(left).of(self.lang)
                );
            }
            limit = (limit * room / length).min(limit - 1) * 9 / 10;
        }
        words::characters(self.raw.chars().count()).of(self.lang).to_owned()
    }

    pub(super) fn element(&self, content: &str) -> Value {
        match &self.shape {
            Shape::Markdown => element::markdown(None, content),
            Shape::Live(id) => element::markdown(Some(id), content),
            Shape::Note => element::note(content),
            Shape::Fold { title } => element::fold(title, content),
        }
    }

    /// Returns the text as markdown that can stand among other markdown.
    pub(super) fn merged(&self) -> String {
        match &self.shape {
            Shape::Markdown | Shape::Live(_) => closed(&self.raw),
            Shape::Note => plain(&self.raw),
            Shape::Fold { title } => {
                format!("**{}**\n\n{}", plain(&clip(title, LINE_MAX)), closed(&self.raw))
            }
        }
    }
}

pub(super) fn row(buttons: &[&Button], lang: Lang) -> Value {
    match buttons {
        [button] => element::button(button, lang),
        buttons => element::row(buttons.iter().map(|it| element::button(it, lang)).collect()),
    }
}

pub(super) fn form(form: &Form, name: &str, names: &[String], how: Forms, lang: Lang) -> Value {
    let mut elements: Vec<_> =
        form.fields.iter().zip(names).flat_map(|(it, name)| field(it, name, how, lang)).collect();
    let submit = element::submit(&form.submit, &format!("{name}_submit"), lang);
    let others = form.others.iter().enumerate().map(|(at, button)| {
        let mut button = element::button(button, lang);
        button["name"] = format!("{name}_other_{at}").into();
        button
    });
    let buttons: Vec<_> = std::iter::once(submit).chain(others).collect();
    elements.push(element::row(buttons));
    serde_json::json!({ "tag": "form", "name": name, "elements": elements })
}

fn field(field: &Field, name: &str, how: Forms, lang: Lang) -> Vec<Value> {
    let (label, element) = match (field, how) {
        (Field::Person { label, .. }, _) => {
            (label.of(lang).to_owned(), element::person_field(name))
        }
        (Field::Input { label, .. }, _) => {
            (label.of(lang).to_owned(), element::input(field, name, lang))
        }
        (Field::Select { label, options, value, .. }, Forms::Full) if !options.is_empty() => {
            (label.of(lang).to_owned(), element::select(name, options, value.as_deref(), lang))
        }
        (Field::Select { label, options, .. }, _) => {
            let options: Vec<_> = options.iter().map(|it| it.value.as_str()).collect();
            let options = clip(&options.join(" / "), OPTIONS_CHARS);
            (format!("{}: {options}", label.of(lang)), element::input(field, name, lang))
        }
    };
    let longest = if how == Forms::Full { LABEL_CHARS } else { OPTIONS_CHARS + LINE_MAX };
    let label = plain(&clip(label.trim(), longest));
    let label = (!label.is_empty()).then(|| element::markdown(None, &label));
    label.into_iter().chain([element]).collect()
}
