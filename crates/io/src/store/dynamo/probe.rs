//! Finds out how a table is and what this process may do with it, without leaving anything in it.

use super::{Dynamo, item};
use crate::port::{Document, PutError, Store};
use anyhow::{Context, anyhow};
use aws_sdk_dynamodb::types::{
    KeyType, KeysAndAttributes, PointInTimeRecoveryStatus, TableDescription, TimeToLiveStatus,
};
use std::collections::HashMap;

/// The key of a document that never is.
const NOBODY: &str = "probe/nobody";

/// How a table is, as far as may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its key and its index of keys are the ones documents need.
    pub keys: bool,
    /// What may be forgotten is.
    pub forgets: bool,
    /// It can be put back to any second of the last weeks.
    pub recovers: bool,
}

impl Dynamo {
    /// Reads a document that is not there.
    pub async fn may_read(&self) -> anyhow::Result<()> {
        self.get(NOBODY).await?;
        Ok(())
    }

    /// Writes on a condition that does not hold.
    pub async fn may_write(&self) -> anyhow::Result<()> {
        let document = Document { version: 2, body: String::new(), due: false };
        match self.put(NOBODY, &document).await {
            Err(PutError::Conflict) => Ok(()),
            Err(PutError::Other(error)) => Err(error),
            Ok(()) => Err(anyhow!("the table does not hold to conditions")),
        }
    }

    pub async fn may_list(&self) -> anyhow::Result<()> {
        self.keys(NOBODY, None).await?;
        Ok(())
    }

    /// Whether what is due can be listed without reading every chat.
    pub async fn may_list_due(&self) -> anyhow::Result<()> {
        let listed = self.due(None).await?;
        listed.map(drop).context("there is no index `due`, or no right to it")
    }

    /// Reads and deletes a part that is not there.
    pub async fn may_part(&self) -> anyhow::Result<()> {
        let (name, key) = item::part_key(NOBODY, 1, 0);
        let wanted =
            KeysAndAttributes::builder().keys(HashMap::from([(name.clone(), key.clone())]));
        let batch = self.client.batch_get_item().request_items(&self.table, wanted.build()?);
        batch.send().await.context("read parts")?;
        let delete = self.client.delete_item().table_name(&self.table).key(name, key);
        delete.send().await.context("delete a part")?;
        Ok(())
    }

    /// Reads the table from end to end, as nobody needs to.
    pub async fn may_scan(&self) -> bool {
        self.client.scan().table_name(&self.table).limit(1).send().await.is_ok()
    }

    /// Lists the tables of the account, as nobody needs to.
    pub async fn may_list_tables(&self) -> bool {
        self.client.list_tables().limit(1).send().await.is_ok()
    }

    /// Looks how the table is made.
    pub async fn shape(&self) -> anyhow::Result<Shape> {
        let described = self.client.describe_table().table_name(&self.table).send().await;
        let table = described.context("look at the table")?.table.context("find the table")?;
        let lives = self.client.describe_time_to_live().table_name(&self.table).send().await;
        let lives = lives.context("look what the table forgets")?.time_to_live_description;
        let forgets = lives.is_some_and(|it| {
            it.time_to_live_status == Some(TimeToLiveStatus::Enabled)
                && it.attribute_name.as_deref() == Some(item::EXPIRES)
        });
        let backups =
            self.client.describe_continuous_backups().table_name(&self.table).send().await;
        let backups = backups.context("look at its backups")?.continuous_backups_description;
        let recovery = backups.and_then(|it| it.point_in_time_recovery_description);
        let status = recovery.and_then(|it| it.point_in_time_recovery_status);
        let recovers = status == Some(PointInTimeRecoveryStatus::Enabled);
        Ok(Shape { keys: has_keys(&table), forgets, recovers })
    }
}

fn has_keys(table: &TableDescription) -> bool {
    let is = |keys: &[aws_sdk_dynamodb::types::KeySchemaElement], wanted: &[(&str, KeyType)]| {
        let found = keys.iter().map(|it| (it.attribute_name(), it.key_type().clone()));
        found.eq(wanted.iter().cloned())
    };
    let index = table.global_secondary_indexes().iter().find(|it| it.index_name() == Some("keys"));
    let listed = [(item::SHELF, KeyType::Hash), (item::PK, KeyType::Range)];
    is(table.key_schema(), &[(item::PK, KeyType::Hash)])
        && index.is_some_and(|index| is(index.key_schema(), &listed))
}
