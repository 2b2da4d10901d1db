//! What documents look like as items of a table.

use crate::port::Document;
use anyhow::{Context, anyhow};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// The key of the table.
pub(super) const PK: &str = "pk";

/// Has the same value in every document and is in no part: the partition of the index of keys.
pub(super) const SHELF: &str = "shelf";

/// The only value of [`SHELF`].
pub(super) const DOCUMENTS: &str = "documents";

/// Has the same value in every document that is due and is in no other: the partition of the index
/// of those.
pub(super) const DUE: &str = "due";

/// The only value of [`DUE`].
pub(super) const YES: &str = "yes";

const VERSION: &str = "version";
const BODY: &str = "body";

/// Names the attempt that wrote a document: whoever lost the answer knows their own by it.
const REQUEST: &str = "request";

/// How many parts the body is in, if it is not here.
const PARTS: &str = "parts";

/// Where a part stands among the others.
const PART: &str = "part";

/// When the item may be deleted, in seconds since 1970.
pub(super) const EXPIRES: &str = "expires";

/// The most bytes of a body in one item. An item takes 400 KB, its names and keys included.
const PART_MAX: usize = 350_000;

/// How much longer parts are kept than their document, in seconds: deletion may be days late, and a
/// document must not stand without its parts.
const PARTS_LONGER: u64 = 14 * 24 * 60 * 60;

type Item = HashMap<String, AttributeValue>;

/// Returns the key of the item of a document. Parts begin otherwise, so none is taken for one.
pub(super) fn pk(key: &str) -> AttributeValue {
    AttributeValue::S(format!("doc/{key}"))
}

/// Returns the key of the document of an item.
pub(super) fn key(mut item: Item) -> anyhow::Result<String> {
    let pk = string(&mut item, PK)?;
    Ok(pk.strip_prefix("doc/").ok_or_else(|| anyhow!("an item that is no document"))?.to_owned())
}

pub(super) fn part_key(key: &str, version: u64, at: usize) -> (String, AttributeValue) {
    (PK.to_owned(), AttributeValue::S(format!("part/{key}/{version}/{at}")))
}

/// A document as it is found: its text may be elsewhere.
pub(super) struct Head {
    pub(super) version: u64,
    pub(super) request: String,
    pub(super) text: Text,
    pub(super) due: bool,
}

pub(super) enum Text {
    Whole(String),
    /// In so many parts.
    Parts(usize),
}

impl Head {
    pub(super) fn read(mut item: Item) -> anyhow::Result<Self> {
        let (version, request) = (number(&item, VERSION)?, string(&mut item, REQUEST)?);
        let due = item.contains_key(DUE);
        let text = if item.contains_key(PARTS) {
            Text::Parts(number(&item, PARTS)?.try_into()?)
        } else {
            Text::Whole(string(&mut item, BODY)?)
        };
        Ok(Self { version, request, text, due })
    }
}

/// Returns a part and where it stands.
pub(super) fn read_part(mut item: Item) -> anyhow::Result<(usize, String)> {
    Ok((number(&item, PART)?.try_into()?, string(&mut item, BODY)?))
}

/// A version to be written.
pub(super) struct Write<'a> {
    pub(super) key: &'a str,
    pub(super) document: &'a Document,
    pub(super) request: String,
    expires: Option<u64>,
    chunks: Vec<&'a str>,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        key: &'a str,
        document: &'a Document,
        expires: Option<u64>,
    ) -> anyhow::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(anyhow::Error::new).context("draw a random number")?;
        let request = format!("{:032x}", u128::from_be_bytes(id));
        Ok(Self { key, document, request, expires, chunks: chunks(&document.body) })
    }

    pub(super) fn in_parts(&self) -> bool {
        self.chunks.len() > 1
    }

    pub(super) fn head(&self) -> Item {
        let text = if self.in_parts() {
            (PARTS, AttributeValue::N(self.chunks.len().to_string()))
        } else {
            (BODY, AttributeValue::S(self.document.body.clone()))
        };
        let head = [
            (PK, pk(self.key)),
            (SHELF, AttributeValue::S(DOCUMENTS.to_owned())),
            (VERSION, AttributeValue::N(self.document.version.to_string())),
            (REQUEST, AttributeValue::S(self.request.clone())),
            text,
        ];
        let mut head = named(head, self.expires);
        if self.document.due {
            head.insert(DUE.to_owned(), AttributeValue::S(YES.to_owned()));
        }
        head
    }

    /// Returns the items of the parts; none if the body is in the head.
    pub(super) fn parts(&self) -> impl Iterator<Item = Item> {
        let chunks = if self.in_parts() { self.chunks.as_slice() } else { &[] };
        chunks.iter().enumerate().map(|(at, chunk)| {
            let (_, pk) = part_key(self.key, self.document.version, at);
            let at = AttributeValue::N(at.to_string());
            let part = [(PK, pk), (PART, at), (BODY, AttributeValue::S((*chunk).to_owned()))];
            named(part, self.expires.map(|at| at + PARTS_LONGER))
        })
    }

    /// What must hold of the document that is there. That it has parts must be known, or they would
    /// be left behind: `stale` is how many.
    pub(super) fn condition(&self, stale: usize) -> String {
        match (self.document.version, stale) {
            (1, _) => format!("attribute_not_exists({PK})"),
            (_, 0) => format!("{VERSION} = :before AND attribute_not_exists({PARTS})"),
            (_, _) => format!("{VERSION} = :before"),
        }
    }

    /// Returns what the condition speaks of.
    pub(super) fn values(&self) -> Option<Item> {
        let before = self.document.version - 1;
        let value = AttributeValue::N(before.to_string());
        (before > 0).then(|| HashMap::from([(":before".to_owned(), value)]))
    }
}

fn named<const N: usize>(values: [(&str, AttributeValue); N], expires: Option<u64>) -> Item {
    let expires = expires.map(|at| (EXPIRES, AttributeValue::N(at.to_string())));
    values.into_iter().chain(expires).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Cuts a text into pieces of which each fits an item; one if it does as a whole.
fn chunks(mut text: &str) -> Vec<&str> {
    let mut chunks = vec![];
    loop {
        let (chunk, rest) = text.split_at(text.floor_char_boundary(PART_MAX));
        chunks.push(chunk);
        if rest.is_empty() {
            return chunks;
        }
        text = rest;
    }
}

fn string(item: &mut Item, name: &str) -> anyhow::Result<String> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(anyhow!("an item without a text named {name}")),
    }
}

fn number(item: &Item, name: &str) -> anyhow::Result<u64> {
    let number = item.get(name).and_then(|value| value.as_n().ok()).and_then(|it| it.parse().ok());
    number.ok_or_else(|| anyhow!("an item without a number named {name}"))
}
