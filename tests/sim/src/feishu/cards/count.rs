//! Limits that count over the whole card: bytes, tagged objects, ids, tables.

use super::error::CardError;
use super::markdown;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The most bytes of a card as JSON.
pub(crate) const BYTES_MAX: usize = 30 * 1024;
/// The most objects with a tag.
const TAGGED_MAX: usize = 200;
/// The most tables, those in markdown included.
const TABLES_MAX: usize = 5;
/// The most tables in one markdown element.
const MARKDOWN_TABLES_MAX: usize = 4;

pub(crate) fn size(card: &Value) -> Result<(), CardError> {
    if card.to_string().len() <= BYTES_MAX {
        return Ok(());
    }
    Err(CardError::new(230_025, "ROOT", "the card exceeds 30 KB").kit(200_860))
}

pub(crate) fn tagged(card: &Value) -> Result<(), CardError> {
    let mut count = 0;
    visit(card, &mut |object| count += usize::from(object.contains_key("tag")));
    if count <= TAGGED_MAX {
        return Ok(());
    }
    let error = CardError::new(11310, "ROOT", "element exceeds the limit");
    Err(error.kit(300_305).value(count.to_string()))
}

/// Checks that element ids are well formed and unique.
pub(crate) fn ids(card: &Value) -> Result<(), CardError> {
    let (mut seen, mut bad) = (BTreeSet::new(), None);
    visit(card, &mut |object| {
        let Some(id) = object.get("element_id").and_then(Value::as_str) else { return };
        if !well_formed(id) || !seen.insert(id.to_owned()) {
            bad.get_or_insert_with(|| id.to_owned());
        }
    });
    let Some(bad) = bad else { return Ok(()) };
    let error = CardError::new(300_301, "ROOT", "element_id is invalid or not unique");
    Err(error.value(bad))
}

fn well_formed(id: &str) -> bool {
    let letter = id.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    letter && id.len() <= 20 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(crate) fn tables(card: &Value) -> Result<(), CardError> {
    let (mut total, mut most) = (0, 0);
    visit(card, &mut |object| match object.get("tag").and_then(Value::as_str) {
        Some("table") => total += 1,
        Some("markdown" | "lark_md") => {
            let content = object.get("content").and_then(Value::as_str).unwrap_or_default();
            let here = markdown::tables(content);
            total += here;
            most = most.max(here);
        }
        Some(_) | None => {}
    });
    if total <= TABLES_MAX && most <= MARKDOWN_TABLES_MAX {
        return Ok(());
    }
    Err(CardError::new(11310, "ROOT", "card table number over limit").value(total.to_string()))
}

/// Checks that a table's rows use declared columns only.
pub(crate) fn rows(table: &Map<String, Value>, path: &str) -> Result<(), CardError> {
    let names: BTreeSet<_> = table
        .get("columns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|column| column.get("name")?.as_str())
        .collect();
    let Some(rows) = table.get("rows").and_then(Value::as_array) else {
        return Err(CardError::new(200_914, path, "rows must be an array"));
    };
    let keys = rows.iter().filter_map(Value::as_object).flat_map(Map::keys);
    let Some(stray) = keys.into_iter().find(|key| !names.contains(key.as_str())) else {
        return Ok(());
    };
    Err(CardError::new(200_915, path, "row key is not a declared column").value(stray.as_str()))
}

/// Shows every object of the card, from the outside in and in order.
pub(crate) fn visit(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
    if let Some(object) = value.as_object() {
        see(object);
        // What a button carries is data, not part of the card's look.
        let parts = object.iter().filter(|(name, _)| !matches!(name.as_str(), "value" | "rows"));
        parts.for_each(|(_, part)| visit(part, see));
    }
    value.as_array().into_iter().flatten().for_each(|item| visit(item, see));
}
