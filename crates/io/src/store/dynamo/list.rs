//! Lists the keys of a table, by its indexes of them.

use super::Dynamo;
use super::item::{self, DOCUMENTS, DUE, PK, SHELF, YES};
use crate::port::KEYS_MAX;
use anyhow::Context;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;

/// The index of keys.
const INDEX: &str = "keys";

/// The index of the keys of documents that are due. Tables made by older templates have none.
const DUE_INDEX: &str = "due";

/// What a call is answered that names an index which is not there, not complete yet, or not for us.
const NO_INDEX: [&str; 2] = ["ValidationException", "AccessDeniedException"];

/// A bound a listing begins at.
struct From<'a> {
    /// What holds of the keys: they compare so to the bound.
    condition: &'a str,
    bound: &'a str,
    up: bool,
}

impl Dynamo {
    pub(super) async fn list_up(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> anyhow::Result<Vec<String>> {
        let all = From { condition: "begins_with(pk, :bound)", bound: prefix, up: true };
        match after {
            Some(after) if after.starts_with(prefix) => {
                self.list(prefix, From { condition: "pk > :bound", bound: after, up: true }).await
            }
            Some(after) if after > prefix => Ok(vec![]),
            Some(_) | None => self.list(prefix, all).await,
        }
    }

    pub(super) async fn list_down(
        &self,
        prefix: &str,
        before: Option<&str>,
    ) -> anyhow::Result<Vec<String>> {
        let all = From { condition: "begins_with(pk, :bound)", bound: prefix, up: false };
        match before {
            Some(before) if before.starts_with(prefix) => {
                self.list(prefix, From { condition: "pk < :bound", bound: before, up: false }).await
            }
            Some(before) if before < prefix => Ok(vec![]),
            Some(_) | None => self.list(prefix, all).await,
        }
    }

    /// Lists a page of keys of documents that are due; `None` if there is no index to do so by.
    pub(super) async fn list_due(
        &self,
        after: Option<&str>,
    ) -> anyhow::Result<Option<Vec<String>>> {
        let query = self.client.query().table_name(&self.table).index_name(DUE_INDEX);
        let found = query
            .key_condition_expression(format!("{DUE} = :yes AND {PK} > :after"))
            .expression_attribute_values(":yes", AttributeValue::S(YES.to_owned()))
            .expression_attribute_values(":after", item::pk(after.unwrap_or_default()))
            .limit(i32::try_from(KEYS_MAX)?)
            .projection_expression(PK)
            .send()
            .await;
        match found {
            Ok(found) => {
                let keys = found.items.unwrap_or_default().into_iter().map(item::key);
                keys.collect::<anyhow::Result<_>>().map(Some)
            }
            Err(error) if error.code().is_some_and(|code| NO_INDEX.contains(&code)) => Ok(None),
            Err(error) => Err(error).context("list items that are due"),
        }
    }

    /// Lists a page of keys. Those that have a prefix lie side by side; others are not wanted.
    async fn list(&self, prefix: &str, from: From<'_>) -> anyhow::Result<Vec<String>> {
        let (mut keys, mut last) = (vec![], None);
        loop {
            let room = i32::try_from(KEYS_MAX - keys.len())?;
            let query = self.client.query().table_name(&self.table).index_name(INDEX);
            let found = query
                .key_condition_expression(format!("{SHELF} = :shelf AND {}", from.condition))
                .expression_attribute_values(":shelf", AttributeValue::S(DOCUMENTS.to_owned()))
                .expression_attribute_values(":bound", item::pk(from.bound))
                .scan_index_forward(from.up)
                .limit(room)
                .set_exclusive_start_key(last)
                .projection_expression(PK)
                .send()
                .await
                .context("list items")?;
            for item in found.items.unwrap_or_default() {
                let key = item::key(item)?;
                if !key.starts_with(prefix) {
                    return Ok(keys);
                }
                keys.push(key);
            }
            last = found.last_evaluated_key;
            if last.is_none() || keys.len() == KEYS_MAX {
                return Ok(keys);
            }
        }
    }
}
