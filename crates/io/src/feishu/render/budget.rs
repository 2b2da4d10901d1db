//! Keeps a card within the limits: first text is merged, then forms become plainer, then buttons
//! go, and what text is left shares the room. Each time the card says what is missing.

use super::part::{Forms, Part, Shape, Text, form, row};
use super::{CARD_BYTES_MAX, CARD_TABLES_MAX, CARD_TAGS_MAX};
use poco_core::Lang;
use poco_core::words::platform as words;
use serde_json::Value;

/// Tags of the header of a card.
const HEADER_TAGS: usize = 1;

/// Bytes that text gets at least, however many buttons there are.
const TEXT_BYTES_MIN: usize = 6_000;

/// What folded text leaves to the other text at least, if it is longer.
const FOLD_BYTES_MIN: usize = 1_000;

/// How parts are written.
#[derive(Clone, Copy)]
struct Way {
    forms: Forms,
    lang: Lang,
}

/// What a part takes, whatever its text.
#[derive(Clone, Copy, Default)]
struct Cost {
    bytes: usize,
    tags: usize,
}

/// Returns the elements of a card whose other parts take so many bytes.
pub(super) fn fit(parts: &mut Vec<Part<'_>>, shell_bytes: usize, lang: Lang) -> Vec<Value> {
    let bytes_max = CARD_BYTES_MAX - shell_bytes;
    let mut way = Way { forms: Forms::Full, lang };
    if !fits(parts, way, bytes_max) {
        merge(parts, lang);
    }
    if !fits(parts, way, bytes_max) {
        way.forms = Forms::Plain;
    }
    if !fits(parts, way, bytes_max) {
        drop_buttons(parts, way, bytes_max);
    }
    let fixed = cost(parts, way).bytes;
    write(parts, way, bytes_max.saturating_sub(fixed))
}

fn fits(parts: &[Part<'_>], way: Way, bytes_max: usize) -> bool {
    let cost = cost(parts, way);
    cost.tags + HEADER_TAGS <= CARD_TAGS_MAX && cost.bytes + TEXT_BYTES_MIN <= bytes_max
}

fn cost(parts: &[Part<'_>], way: Way) -> Cost {
    parts.iter().map(|part| part_cost(part, way)).fold(Cost::default(), |sum, it| Cost {
        bytes: sum.bytes + it.bytes,
        tags: sum.tags + it.tags,
    })
}

fn part_cost(part: &Part<'_>, way: Way) -> Cost {
    let element = match part {
        Part::Text(text) => text.element(""),
        Part::Rule => super::element::rule(),
        Part::Person { id, text } => super::element::person(id, text.of(way.lang)),
        Part::Row(buttons) => row(buttons, way.lang),
        Part::Form { form: it, name, names } => form(it, name, names, way.forms, way.lang),
    };
    // And a comma.
    Cost { bytes: element.to_string().len() + 1, tags: tags(&element) }
}

/// Counts the objects that carry a `tag`.
fn tags(value: &Value) -> usize {
    match value {
        Value::Object(object) => {
            usize::from(object.contains_key("tag")) + object.values().map(tags).sum::<usize>()
        }
        Value::Array(values) => values.iter().map(tags).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Makes one text of those that follow each other.
fn merge(parts: &mut Vec<Part<'_>>, lang: Lang) {
    let mut merged: Vec<Part<'_>> = vec![];
    for part in parts.drain(..) {
        let more = match &part {
            Part::Text(text) if !matches!(text.shape, Shape::Live(_)) => text.merged(),
            Part::Rule => "---".to_owned(),
            Part::Text(_) | Part::Person { .. } | Part::Row(_) | Part::Form { .. } => {
                merged.push(part);
                continue;
            }
        };
        match merged.last_mut() {
            Some(Part::Text(last)) if last.shape == Shape::Markdown => {
                last.raw.push_str("\n\n");
                last.raw.push_str(&more);
            }
            _ => merged.push(Part::Text(Text { lang, shape: Shape::Markdown, raw: more })),
        }
    }
    *parts = merged;
}

/// Drops buttons, those of the last row last, and then forms, until the rest fits.
fn drop_buttons(parts: &mut Vec<Part<'_>>, way: Way, bytes_max: usize) {
    let mut over = cost(parts, way);
    let mut dropped = 0;
    // The line that says how many are missing takes some as well.
    let is_over = |cost: Cost| {
        cost.tags + HEADER_TAGS + 2 > CARD_TAGS_MAX || cost.bytes + TEXT_BYTES_MIN > bytes_max
    };
    let last_row = parts.iter().rposition(|part| matches!(part, Part::Row(_)));
    let rows = (0..parts.len()).rev().filter(|at| Some(*at) != last_row).chain(last_row);
    for at in rows.collect::<Vec<_>>() {
        while let Part::Row(buttons) = &mut parts[at]
            && is_over(over)
            && !buttons.is_empty()
        {
            let before = part_cost(&Part::Row(buttons.clone()), way);
            buttons.pop();
            dropped += 1;
            let after = match buttons.is_empty() {
                true => Cost::default(),
                false => part_cost(&Part::Row(buttons.clone()), way),
            };
            over = Cost {
                bytes: over.bytes + after.bytes - before.bytes,
                tags: over.tags + after.tags - before.tags,
            };
        }
    }
    parts.retain(|part| !matches!(part, Part::Row(buttons) if buttons.is_empty()));
    while let Some(at) = parts.iter().rposition(|it| matches!(it, Part::Form { .. }))
        && is_over(cost(parts, way))
    {
        parts.remove(at);
        dropped += 1;
    }
    if dropped > 0 {
        let raw = words::too_many_buttons(dropped).of(way.lang).to_owned();
        parts.push(Part::Text(Text { lang: way.lang, shape: Shape::Note, raw }));
    }
    // With gaps between them gone, texts can come together.
    merge(parts, way.lang);
}

/// Writes the parts; their texts share so many bytes.
fn write(parts: &[Part<'_>], way: Way, bytes: usize) -> Vec<Value> {
    let rooms = rooms(parts, bytes);
    let mut tables = CARD_TABLES_MAX;
    let write = |(part, room): (&Part<'_>, usize)| match part {
        Part::Text(text) => text.element(&text.within(room, &mut tables)),
        Part::Rule => super::element::rule(),
        Part::Person { id, text } => super::element::person(id, text.of(way.lang)),
        Part::Row(buttons) => row(buttons, way.lang),
        Part::Form { form: it, name, names } => form(it, name, names, way.forms, way.lang),
    };
    parts.iter().zip(rooms).map(write).collect()
}

/// Gives each text its room: short ones all they need, long ones an equal share of the rest. What
/// is folded away is shortened first.
fn rooms(parts: &[Part<'_>], bytes: usize) -> Vec<usize> {
    let mut tables = CARD_TABLES_MAX;
    let need = |part: &Part<'_>| match part {
        Part::Text(text) => text.need(&mut tables),
        Part::Rule | Part::Person { .. } | Part::Row(_) | Part::Form { .. } => 0,
    };
    let mut rooms: Vec<usize> = parts.iter().map(need).collect();
    let folded =
        |at: usize| matches!(&parts[at], Part::Text(Text { shape: Shape::Fold { .. }, .. }));
    let of = |wanted: bool| (0..parts.len()).filter(|at| folded(*at) == wanted).collect::<Vec<_>>();
    let (hidden, seen) = (of(true), of(false));
    let kept: usize = hidden.iter().map(|at| rooms[*at].min(FOLD_BYTES_MIN)).sum();
    share(&mut rooms, &seen, bytes.saturating_sub(kept));
    let used: usize = seen.iter().map(|at| rooms[*at]).sum();
    share(&mut rooms, &hidden, bytes.saturating_sub(used));
    rooms
}

/// Lowers the largest of some needs until they take no more than `bytes`.
fn share(needs: &mut [usize], which: &[usize], mut bytes: usize) {
    let mut order = which.to_vec();
    order.sort_by_key(|at| needs[*at]);
    for (done, at) in order.iter().enumerate() {
        let equal = bytes / (order.len() - done);
        needs[*at] = needs[*at].min(equal);
        bytes -= needs[*at];
    }
}
