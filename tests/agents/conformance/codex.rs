//! Codex in the suite: over its Unix socket, as people run it.

use super::Fixture;
use crate::stage::Stage;
use async_trait::async_trait;
use poco_core::Settings;
use poco_io::config::Transport;
use poco_runner::agent::Agent;
use poco_sim::model::Model;
use std::path::Path;

pub(super) struct OnCodex(Stage);

#[async_trait]
impl Fixture for OnCodex {
    async fn new() -> Self {
        Self(Stage::new(Transport::Unix).await)
    }

    fn folder(&self) -> &Path {
        &self.0.folder
    }

    fn agent(&self) -> &dyn Agent {
        &self.0.agent
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.0.settings
    }

    fn restart(&mut self) {
        self.0.restart();
    }

    fn model(&self) -> &Model {
        &self.0.model
    }

    fn uninstall(&mut self) -> &'static str {
        self.0.config.command = vec!["no-such-codex".to_owned()];
        self.0.restart();
        "npm install -g @openai/codex"
    }

    fn log_out(&mut self) -> &'static str {
        let home = self.0.folder.join("home/config.toml");
        let fake = std::fs::read_to_string(&home).unwrap();
        let builtin = fake.replace("model_provider = \"fake\"", "model_provider = \"openai\"");
        std::fs::write(&home, builtin).unwrap();
        "codex login"
    }
}
