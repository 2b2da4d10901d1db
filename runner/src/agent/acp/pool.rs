//! The processes of an agent: one for each folder, started when they are needed.

use super::child::end_leftovers;
use super::client::{Client, Unreached};
use super::launch::Launch;
use crate::agent::AgentError;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long a process stays that nobody needs. One that could not go on with its conversations
/// stays as long as PoCo.
const IDLE_MAX: Duration = Duration::from_secs(30 * 60);

const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(super) struct Pool {
    pub(super) launch: Arc<Launch>,
    clients: Mutex<Option<HashMap<PathBuf, Arc<Client>>>>,
}

impl Pool {
    pub(super) fn new(launch: Launch) -> Self {
        Self { launch: Arc::new(launch), clients: Mutex::default() }
    }

    /// Returns the process of a folder, started if there is none.
    pub(super) async fn client(&self, folder: &Path) -> Result<Arc<Client>, Unreached> {
        let mut clients = self.clients.lock().await;
        if clients.is_none() {
            end_leftovers(&self.launch.folder.join("processes")).await;
        }
        let clients = clients.get_or_insert_default();
        clients.retain(|_, client| !client.is_closed());
        if let Some(client) = clients.get(folder) {
            client.touch();
            return Ok(client.clone());
        }
        let client = Arc::new(Client::start(self.launch.clone(), folder).await?);
        clients.insert(folder.to_owned(), client.clone());
        tokio::spawn(end_when_idle(Arc::downgrade(&client)));
        Ok(client)
    }

    /// Returns the process of a folder, if there is one.
    pub(super) async fn found(&self, folder: &Path) -> Option<Arc<Client>> {
        let clients = self.clients.lock().await;
        clients.as_ref()?.get(folder).filter(|client| !client.is_closed()).cloned()
    }

    /// Returns any process that fits.
    pub(super) async fn any(&self, fits: impl Fn(&Client) -> bool) -> Option<Arc<Client>> {
        let clients = self.clients.lock().await;
        clients.as_ref()?.values().find(|client| !client.is_closed() && fits(client)).cloned()
    }

    pub(super) async fn shutdown(&self) {
        let clients = self.clients.lock().await.take().unwrap_or_default();
        let end = |client: Arc<Client>| async move { client.end("PoCo was shut down").await };
        futures_util::future::join_all(clients.into_values().map(end)).await;
    }
}

/// Says a failure to reach the agent in the common words.
pub(super) fn unreached(error: Unreached) -> AgentError {
    match error {
        Unreached::Speechless(reason) => AgentError::Refused(reason),
        Unreached::Other(error) => error,
    }
}

async fn end_when_idle(client: std::sync::Weak<Client>) {
    loop {
        sleep(LOOK_EVERY).await;
        let Some(client) = client.upgrade() else { return };
        client.launch.trim_log();
        if client.is_closed() {
            return;
        }
        if client.reloads() && client.idle() > IDLE_MAX {
            client.end("nobody needed it").await;
            return;
        }
    }
}
