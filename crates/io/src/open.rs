//! The one place that picks where state is kept and where jobs wait.

#[cfg(feature = "aws")]
use crate::config::Environment;
use crate::config::{Backend, Config};
use crate::port::{Queue, Store};
use crate::{queue, store};
use std::sync::Arc;

/// Where a process keeps state, and the way to the machines that run agents.
pub type Shelves = (Arc<dyn Store>, Arc<dyn Queue>);

/// Opens what the settings name, for a process that takes jobs.
#[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "only AWS is far away"))]
pub async fn open(config: &Config) -> anyhow::Result<Shelves> {
    match config.state.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite => {
            let sqlite = store::Sqlite::open(&config.state.db_path)?;
            Ok((sqlite.clone(), sqlite))
        }
        Backend::Memory => {
            Ok((Arc::new(store::Memory::default()), Arc::new(queue::Memory::default())))
        }
        #[cfg(feature = "aws")]
        Backend::DynamoDb => {
            let aws = crate::aws::connect().await?;
            let store = store::Dynamo::new(&aws, config.state.table.as_str());
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

/// Opens the table the environment names, for a process that looks into it before all settings are
/// read; whether the name is a good one they say.
#[cfg(feature = "aws")]
pub fn table(environment: &Environment, aws: &aws_config::SdkConfig) -> Arc<dyn Store> {
    let name = environment.get("POCO_STATE_TABLE").unwrap_or_default().trim();
    Arc::new(store::Dynamo::new(aws, name))
}

/// Opens the queues for a process that only sends jobs: that needs fewer rights.
#[cfg(feature = "aws")]
pub fn queue_to_send(config: &Config, aws: &aws_config::SdkConfig) -> Arc<dyn Queue> {
    Arc::new(queue::Sqs::sender(aws, config.state.queue_url.as_str()))
}
