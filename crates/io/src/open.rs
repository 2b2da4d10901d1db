//! The one place that picks where state is kept and where jobs wait.

use crate::config::{Backend, Config};
#[cfg(feature = "aws")]
use crate::config::{Given, key};
use crate::port::{Queue, Store};
use crate::{queue, store};
#[cfg(feature = "sqlite")]
use poco_core::{TaskId, Timestamp};
use std::sync::Arc;

/// The documents that may be forgotten after a while. Rooms, and what machines say of themselves,
/// are kept for ever.
const FORGOTTEN: [&str; 2] = [crate::app::TASKS, crate::app::PAGES];

/// Where a process keeps state, and the way to the machines that run agents.
pub type Shelves = (Arc<dyn Store>, Arc<dyn Queue>);

/// Opens what the settings name, for a process that takes jobs.
#[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "only AWS is far away"))]
pub async fn open(config: &Config) -> anyhow::Result<Shelves> {
    match config.state.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite => {
            let sqlite = store::Sqlite::open(&config.state.db_path)?;
            if let Some(keep) = config.state.keep {
                let before = oldest(keep);
                FORGOTTEN.iter().for_each(|prefix| sqlite.forget(prefix, &before));
            }
            Ok((sqlite.clone(), sqlite))
        }
        Backend::Memory => {
            Ok((Arc::new(store::Memory::default()), Arc::new(queue::Memory::default())))
        }
        #[cfg(feature = "aws")]
        Backend::DynamoDb => {
            let aws = crate::aws::connect(&config.cloud).await;
            let store = table(config, &aws);
            let url = config.state.queue_url.as_str();
            let queue = queue::Sqs::of(&aws, url, &config.runner);
            Ok((Arc::new(store), Arc::new(queue)))
        }
        #[cfg(not(all(feature = "sqlite", feature = "aws")))]
        other => {
            let other = other.as_str();
            anyhow::bail!("this program was built without {other}: build it with that feature")
        }
    }
}

/// The table the settings name, for a process that looks into it before all of them are judged;
/// whether the name is a good one they say.
#[cfg(feature = "aws")]
pub fn peek(given: &Given, aws: &aws_config::SdkConfig) -> impl Store + use<> {
    let name = key("POCO_STATE_TABLE").map(|key| given.value(key).0);
    store::Dynamo::new(aws, name.unwrap_or_default())
}

/// The least id a task of that age could have.
#[cfg(feature = "sqlite")]
fn oldest(keep: std::time::Duration) -> String {
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    TaskId::least(Timestamp(crate::clock::now().0.saturating_sub(keep)))
}

/// What may be forgotten goes by itself: tasks that are over and their texts.
#[cfg(feature = "aws")]
fn table(config: &Config, aws: &aws_config::SdkConfig) -> store::Dynamo {
    let table = store::Dynamo::new(aws, config.state.table.as_str());
    let forgotten = config.state.keep.into_iter().flat_map(|keep| FORGOTTEN.map(|it| (it, keep)));
    forgotten.fold(table, |table, (prefix, keep)| table.forgetting(prefix, keep))
}

/// Opens the shelves of the cloud for a process that only sends jobs: that needs fewer rights.
#[cfg(feature = "aws")]
pub fn open_to_send(config: &Config, aws: &aws_config::SdkConfig) -> Shelves {
    let store = table(config, aws);
    let queue = queue::Sqs::sender(aws, config.state.queue_url.as_str());
    (Arc::new(store), Arc::new(queue))
}
