//! One call of the open API, taken apart.

use super::refusal::Refusal;
use axum::body::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    /// The `Authorization` header, if any.
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
    /// Whether the body was not JSON.
    pub(crate) garbled: bool,
    /// The `Content-Type` header, if any.
    pub(crate) content_type: Option<String>,
    /// The body as it came, if it is a form.
    pub(crate) raw: Bytes,
}

impl Call {
    /// Returns the parts of the path after `/open-apis/`.
    pub(crate) fn parts(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("/open-apis/").unwrap_or_default();
        path.split('/').collect()
    }

    /// Returns a part of the path by position.
    pub(crate) fn part(&self, index: usize) -> &str {
        self.parts().get(index).copied().unwrap_or_default()
    }

    /// Returns a string of the body that must be there.
    pub(crate) fn text(&self, field: &str) -> Result<&str, Refusal> {
        match self.body.get(field).map(Value::as_str) {
            Some(Some(text)) => Ok(text),
            Some(None) => Err(Refusal::field(field, "must be a string")),
            None => Err(Refusal::field(field, "is required")),
        }
    }

    /// Returns a string of the body that may be missing.
    pub(crate) fn maybe(&self, field: &str) -> Result<Option<&str>, Refusal> {
        match self.body.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(field).map(Some),
        }
    }

    pub(crate) fn query(&self, field: &str) -> Option<&str> {
        self.query.get(field).map(String::as_str)
    }

    /// Returns a list of strings of the body; none if it is missing.
    pub(crate) fn texts(&self, field: &str) -> Result<Vec<String>, Refusal> {
        let Some(list) = self.body.get(field) else { return Ok(Vec::new()) };
        let list = list.as_array().ok_or_else(|| Refusal::field(field, "must be an array"))?;
        let texts = list.iter().map(|item| item.as_str().map(str::to_owned));
        let texts: Option<Vec<_>> = texts.collect();
        texts.ok_or_else(|| Refusal::field(field, "must hold strings"))
    }
}

/// Reads a JSON document written into a string.
pub(crate) fn document(
    text: &str,
    refusal: impl FnOnce(String) -> Refusal,
) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| refusal(format!("not valid JSON: {error}")))
}
