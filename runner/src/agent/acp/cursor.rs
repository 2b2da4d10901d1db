//! Cursor Agent: over ACP, and where an older one does not speak that, over its `stream-json`.

mod cli;
mod stream;

use super::{Acp, Identity, preset};
use crate::agent::{Agent, AgentError, Choices, Found, Prompt, Surroundings, Turn};
use async_trait::async_trait;
use cli::Cli;
use poco_core::{Settings, TaskId, Text, ThreadId};
use poco_io::config;
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

/// What people call this agent.
pub const NAME: &str = "cursor_agent";

#[expect(missing_debug_implementations, reason = "it holds connections and child processes")]
pub struct Cursor {
    acp: Acp,
    cli: Cli,
    /// Whether the program speaks ACP, once that is known.
    speaks: OnceCell<bool>,
}

impl Cursor {
    /// Prepares Cursor. Starts nothing.
    pub fn new(config: &config::Cursor, state_dir: &Path, surroundings: &Surroundings) -> Self {
        let identity =
            Identity { name: NAME, setting: "POCO_CURSOR_COMMAND", preset: Some("cursor") };
        let mut acp = config.acp.clone();
        acp.command
            .extend(config.sandbox.iter().flat_map(|it| ["--sandbox".to_owned(), it.clone()]));
        acp.command.push("acp".to_owned());
        let acp = Acp::known_as(identity, &acp, state_dir, surroundings);
        let cli = Cli::new(config, &acp, preset::named("cursor"));
        Self { acp, cli, speaks: OnceCell::new() }
    }

    /// Finds the program, or says why not and what to do.
    pub fn find_program(&self) -> Result<PathBuf, Text> {
        self.acp.find_program()
    }

    async fn speaks(&self) -> Result<bool, AgentError> {
        self.speaks.get_or_try_init(|| self.acp.speaks()).await.copied()
    }

    async fn way(&self) -> Result<&dyn Agent, AgentError> {
        Ok(if self.speaks().await? { &self.acp } else { &self.cli })
    }
}

#[async_trait]
impl Agent for Cursor {
    async fn ready(&self) -> Result<String, Text> {
        self.way().await.map_err(AgentError::reason)?.ready().await
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        self.way().await?.open(thread, settings).await
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        self.way().await?.start(thread, task, prompt, settings).await
    }

    async fn find(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        settings: &Settings,
    ) -> Result<Found, AgentError> {
        // Either way it is in the same list.
        self.acp.find(thread, task, settings).await
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        self.way().await?.choices().await
    }

    async fn shutdown(&self) {
        self.acp.shutdown().await;
        self.cli.shutdown().await;
    }
}
