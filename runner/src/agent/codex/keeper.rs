//! Keeps one codex server running, and one connection to it.

use super::client::{ALIVE_MAX, Client};
use super::folder::Folder;
use super::program::Program;
use super::server::{self, Joined, Server};
use crate::agent::AgentError;
use anyhow::Context;
use poco_core::Text;
use poco_io::config::Transport;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// The first pause after a failed start or an early death; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A server that lived this long was well.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// How long a server may take to be gone after its connection was lost.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    program: Program,
    transport: Transport,
    state: PathBuf,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    client: Option<Arc<Client>>,
    server: Option<Server>,
    since: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
}

/// What became of the server whose connection was lost.
pub(super) enum Fate {
    /// It is dead; how it died.
    Dead(String),
    /// It lives, and may be joined again.
    Alive,
}

impl Keeper {
    pub(super) fn new(program: Program, transport: Transport, state: PathBuf) -> Self {
        Self { program, transport, state, slot: Mutex::default() }
    }

    pub(super) async fn pid(&self) -> Option<i32> {
        self.slot.lock().await.server.as_ref().map(|it| it.process.pid())
    }

    pub(super) fn find_program(&self) -> Result<PathBuf, Text> {
        self.program.find()
    }

    /// Returns the connection, made anew if need be.
    pub(super) async fn client(&self) -> Result<Arc<Client>, AgentError> {
        let mut slot = self.slot.lock().await;
        if let Some(client) = slot.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        self.program.find().map_err(AgentError::Refused)?;
        slot.mourn();
        if let Some(until) = slot.not_before.take() {
            sleep_until(until).await;
        }
        match self.join(&mut slot).await {
            Ok(client) => {
                slot.client = Some(client.clone());
                Ok(client)
            }
            Err(error) => {
                slot.failed();
                Err(AgentError::Later(format!("codex could not be started: {error:#}")))
            }
        }
    }

    async fn join(&self, slot: &mut Slot) -> anyhow::Result<Arc<Client>> {
        let folder = Folder::open(&self.state)?;
        folder.trim_log();
        slot.client = None;
        if self.transport == Transport::Unix
            && let Some(client) = self.rejoin(&folder, slot).await?
        {
            return Ok(client);
        }
        let joined = match self.transport {
            Transport::Unix => server::start(&folder, &self.program).await?,
            Transport::Stdio => server::start_on_pipes(&folder, &self.program)?,
        };
        slot.since = Some(Instant::now());
        tracing::info!(pid = joined.server.process.pid(), "codex was started");
        let Joined { transport, server, newborn, .. } = joined;
        let server = slot.server.insert(server);
        match Client::connect(transport, newborn).await {
            Ok(client) => Ok(Arc::new(client)),
            Err(_) if server.process.gone_within(GRACE).await => {
                anyhow::bail!("{}", server.last_words(&folder).await)
            }
            Err(error) => {
                server.process.end().await;
                Err(error).context("greet codex")
            }
        }
    }

    /// Joins the server that is there, if it is one that will do. One that hangs is ended, as is
    /// one that was started otherwise and has nothing to do.
    async fn rejoin(
        &self,
        folder: &Folder,
        slot: &mut Slot,
    ) -> anyhow::Result<Option<Arc<Client>>> {
        let Some(found) = server::find(folder, &self.program).await else { return Ok(None) };
        let joined = match found {
            Ok(joined) => joined,
            Err(error) => {
                tracing::warn!("codex is ended, for it does not answer: {error:#}");
                if let Some(label) = folder.label() {
                    label.process.end().await;
                }
                return Ok(None);
            }
        };
        let Joined { transport, server, newborn, outdated } = joined;
        let process = server.process.clone();
        let client = match Client::connect(transport, newborn).await {
            Ok(client) => client,
            Err(error) => {
                tracing::warn!("codex is ended, for it does not answer: {error}");
                process.end().await;
                return Ok(None);
            }
        };
        if outdated && idle(&client).await {
            tracing::info!("codex is started anew, for how it is to be started has changed");
            process.end().await;
            return Ok(None);
        }
        // A server we started ourselves is still ours to reap.
        if slot.server.as_ref().is_none_or(|it| it.process != process) {
            slot.server = Some(server);
        }
        Ok(Some(Arc::new(client)))
    }

    /// Says what became of the server behind a connection that was lost.
    pub(super) async fn fate(&self) -> Fate {
        let mut slot = self.slot.lock().await;
        let Some(server) = &mut slot.server else {
            return Fate::Dead("codex ended".to_owned());
        };
        if self.transport == Transport::Unix && !server.process.gone_within(GRACE).await {
            return Fate::Alive;
        }
        let words = match Folder::open(&self.state) {
            Ok(folder) => server.last_words(&folder).await,
            Err(_) => "codex ended".to_owned(),
        };
        Fate::Dead(words)
    }

    /// Gives up a server that hangs.
    pub(super) async fn give_up(&self, client: &Arc<Client>) {
        client.give_up("codex did not answer any more and was ended");
        let slot = self.slot.lock().await;
        let current = slot.client.as_ref().is_some_and(|it| Arc::ptr_eq(it, client));
        let process = slot.server.as_ref().filter(|_| current).map(|it| it.process.clone());
        drop(slot);
        if let Some(process) = process {
            process.end().await;
        }
    }

    /// Lets go of the connection; whoever listens rejoins over a new one.
    pub(super) async fn disconnect(&self) {
        if let Some(client) = self.slot.lock().await.client.take() {
            client.give_up("the connection was let go");
        }
    }

    /// Ends the server if it has nothing to do, so that the next one reads its files anew.
    pub(super) async fn retire(&self, client: &Client) {
        if idle(client).await {
            self.shutdown().await;
        }
    }

    pub(super) async fn shutdown(&self) {
        let mut slot = self.slot.lock().await;
        slot.client = None;
        let folder = Folder::open(&self.state).ok();
        if let Some(mut server) = slot.server.take() {
            server.process.end().await;
            if let Some(folder) = &folder {
                server.last_words(folder).await;
            }
        }
        let Some(folder) = folder.filter(|_| self.transport == Transport::Unix) else { return };
        if let Some(label) = folder.label() {
            label.process.end().await;
        }
        folder.clear();
        folder.leave();
    }
}

impl Slot {
    /// Looks whether the server is dead, and if so whether it had lived well.
    fn mourn(&mut self) {
        let dead = self.server.as_ref().is_some_and(|it| !it.process.is_alive());
        let Some(since) = self.since.take_if(|_| dead) else { return };
        if since.elapsed() < WELL_AFTER {
            self.failed();
        } else {
            self.failures = 0;
        }
    }

    fn failed(&mut self) {
        let pause = PAUSE_MAX.min(PAUSE * 2_u32.saturating_pow(self.failures.min(10)));
        self.failures += 1;
        self.not_before = Some(Instant::now() + pause);
    }
}

/// Whether no turn runs in any thread. What can't be known is taken as no.
async fn idle(client: &Client) -> bool {
    let Ok(loaded) = client.alive().await else { return false };
    let Some(threads) = loaded["data"].as_array() else { return false };
    let looks = async {
        for thread in threads {
            let params = json!({ "threadId": thread, "includeTurns": false });
            let Ok(read) = client.call("thread/read", params).await else { return false };
            if read["thread"]["status"]["type"] == "active" {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(ALIVE_MAX, looks).await.unwrap_or(false)
}
