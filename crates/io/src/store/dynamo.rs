//! Documents in a DynamoDB table.

mod item;
mod list;
mod probe;

use crate::aws::pause;
use crate::port::{Document, PutError, Store};
use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use item::{Head, PK, Text, Write};
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use probe::Shape;

/// How often a call is made again when others are at the same document.
const TRIES_MAX: u32 = 10;

/// The longest body. A transaction takes four megabytes: a new version, and the one it replaces.
pub const BODY_MAX: usize = 1_900_000;

/// A table of documents. Each is an item of its own, spread over the table by its whole key. A body
/// too long for one item is in parts, which come and go with their document in one transaction.
///
/// Listings come from an index of keys, which may lag a moment behind; documents never do.
#[derive(Clone, Debug)]
pub struct Dynamo {
    client: Client,
    table: String,
    kept: Vec<(String, Duration)>,
}

impl Dynamo {
    pub fn new(config: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into(), kept: vec![] }
    }

    /// Has documents whose keys begin with `prefix` forgotten so long after they were written last.
    #[must_use]
    pub fn forgetting(mut self, prefix: impl Into<String>, after: Duration) -> Self {
        self.kept.push((prefix.into(), after));
        self
    }

    /// When a document that is written now may be forgotten, in seconds since 1970.
    fn expires(&self, key: &str) -> anyhow::Result<Option<u64>> {
        let Some((_, after)) = self.kept.iter().find(|(prefix, _)| key.starts_with(prefix)) else {
            return Ok(None);
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?;
        Ok(Some((now + *after).as_secs()))
    }

    async fn head(&self, key: &str) -> anyhow::Result<Option<Head>> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let got = get.key(PK, item::pk(key)).send().await.context("read an item")?;
        got.item.map(Head::read).transpose()
    }

    /// Reads the parts of a body, unless a later version has taken their place.
    async fn parts(&self, key: &str, version: u64, count: usize) -> anyhow::Result<Option<String>> {
        let mut parts: Vec<Option<String>> = vec![None; count];
        for tries in 0..TRIES_MAX {
            let missing = parts.iter().enumerate().filter(|(_, part)| part.is_none());
            let keys = missing.map(|(at, _)| HashMap::from([item::part_key(key, version, at)]));
            let wanted = KeysAndAttributes::builder().consistent_read(true);
            let wanted = wanted.set_keys(Some(keys.collect())).build()?;
            let batch = self.client.batch_get_item().request_items(&self.table, wanted);
            let got = batch.send().await.context("read the parts of an item")?;
            for found in got.responses.unwrap_or_default().into_values().flatten() {
                let (at, text) = item::read_part(found)?;
                *parts.get_mut(at).ok_or_else(|| anyhow!("a part too many"))? = Some(text);
            }
            if got.unprocessed_keys.unwrap_or_default().is_empty() {
                return Ok(parts.into_iter().collect());
            }
            tokio::time::sleep(pause(tries)?).await;
        }
        bail!("too busy to read the parts of an item")
    }

    /// Writes a version; `stale` is how many parts the version before it is in.
    async fn write(&self, write: &Write<'_>, stale: usize, tries: u32) -> anyhow::Result<Wrote> {
        if stale == 0 && !write.in_parts() {
            self.write_whole(write).await
        } else {
            self.write_parts(write, stale, tries).await
        }
    }

    async fn write_whole(&self, write: &Write<'_>) -> anyhow::Result<Wrote> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(write.head())).condition_expression(write.condition(0));
        let put = put
            .set_expression_attribute_values(write.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Wrote::It) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Wrote::Nothing(failed.item.clone().map(Head::read).transpose()?))
            }
            Some(PutItemError::TransactionConflictException(_)) => Ok(Wrote::Busy),
            _ => Err(error).context("write an item"),
        }
    }

    async fn write_parts(
        &self,
        write: &Write<'_>,
        stale: usize,
        tries: u32,
    ) -> anyhow::Result<Wrote> {
        let head = Put::builder()
            .condition_expression(write.condition(stale))
            .set_expression_attribute_values(write.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let head = head.table_name(&self.table).set_item(Some(write.head())).build()?;
        let mut all = self.client.transact_write_items();
        all = all.transact_items(TransactWriteItem::builder().put(head).build());
        for part in write.parts() {
            let part = Put::builder().table_name(&self.table).set_item(Some(part)).build()?;
            all = all.transact_items(TransactWriteItem::builder().put(part).build());
        }
        for at in 0..stale {
            let (name, key) = item::part_key(write.key, write.document.version - 1, at);
            let old = Delete::builder().table_name(&self.table).key(name, key).build()?;
            all = all.transact_items(TransactWriteItem::builder().delete(old).build());
        }
        // Trying again what was done already does nothing, and succeeds.
        let all = all.client_request_token(format!("{}-{tries}", write.request));
        let Err(error) = all.send().await else { return Ok(Wrote::It) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                match why(canceled.cancellation_reasons())? {
                    Some(wrote) => Ok(wrote),
                    None => Err(error).context("write an item in parts"),
                }
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Wrote::Busy),
            _ => Err(error).context("write an item in parts"),
        }
    }
}

/// What came of an attempt to write.
enum Wrote {
    It,
    /// The document stands otherwise than expected: like this.
    Nothing(Option<Head>),
    /// Somebody else was at the same items at the same time.
    Busy,
}

/// Says why a transaction was canceled, if that is a matter of course.
fn why(reasons: &[CancellationReason]) -> anyhow::Result<Option<Wrote>> {
    let has = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    if has("ConditionalCheckFailed") {
        // Only the head has a condition, and it comes first.
        let head = reasons.first().and_then(|reason| reason.item.clone());
        return Ok(Some(Wrote::Nothing(head.map(Head::read).transpose()?)));
    }
    let busy = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    Ok(busy.into_iter().any(has).then_some(Wrote::Busy))
}

#[async_trait]
impl Store for Dynamo {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        for _ in 0..TRIES_MAX {
            let Some(Head { version, text, due, .. }) = self.head(key).await? else {
                return Ok(None);
            };
            let body = match text {
                Text::Whole(body) => Some(body),
                Text::Parts(count) => self.parts(key, version, count).await?,
            };
            if let Some(body) = body {
                return Ok(Some(Document { version, body, due }));
            }
        }
        bail!("{key} changes faster than it can be read, or lacks parts")
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        if document.version == 0 {
            return Err(PutError::Conflict);
        }
        if document.body.len() > BODY_MAX {
            let length = document.body.len();
            return Err(anyhow!("{key} has {length} bytes, more than {BODY_MAX}").into());
        }
        let write = Write::new(key, document, self.expires(key)?)?;
        let mut stale = 0;
        for tries in 0..TRIES_MAX {
            match self.write(&write, stale, tries).await? {
                Wrote::It => return Ok(()),
                Wrote::Busy => tokio::time::sleep(pause(tries)?).await,
                Wrote::Nothing(None) => return Err(PutError::Conflict),
                // It was written, and the answer was lost on its way.
                Wrote::Nothing(Some(head)) if head.request == write.request => return Ok(()),
                Wrote::Nothing(Some(head)) => match head.text {
                    Text::Parts(count) if head.version + 1 == document.version && stale == 0 => {
                        stale = count;
                    }
                    Text::Parts(_) | Text::Whole(_) => return Err(PutError::Conflict),
                },
            }
        }
        Err(anyhow!("too many are at {key} at once").into())
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.list_up(prefix, after).await
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.list_down(prefix, before).await
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        self.list_due(after).await
    }
}
