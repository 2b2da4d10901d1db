//! A real agent that speaks ACP in the suite: opencode.

use super::Fixture;
use crate::stage::{fresh_folder, surroundings};
use async_trait::async_trait;
use poco_core::{RunnerId, Settings};
use poco_io::config;
use poco_runner::agent::Agent;
use poco_runner::agent::acp::{self, Acp, Identity};
use poco_sim::model::{Model, opencode_program};
use serde_json::json;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) struct OnOpencode {
    model: Model,
    folder: PathBuf,
    pub(crate) config: config::Acp,
    settings: Settings,
    provider: &'static str,
    pub(crate) agent: Option<Acp>,
}

#[async_trait]
impl Fixture for OnOpencode {
    async fn new() -> Self {
        let model = Model::start().await;
        let folder = fresh_folder();
        let workdir = folder.join("work");
        std::fs::create_dir_all(&workdir).unwrap();
        let command = [opencode_program().to_str().unwrap(), "acp"].map(str::to_owned).to_vec();
        let config = config::Acp {
            command,
            workdir: workdir.clone(),
            model: None,
            mode: None,
            timeout: Duration::from_secs(600),
        };
        let settings = Settings {
            runner: RunnerId::local(),
            agent: acp::NAME.to_owned(),
            workdir: workdir.to_str().unwrap().to_owned(),
            model: None,
            effort: None,
            sandbox: "workspace-write".to_owned(),
            approval_policy: "on-request".to_owned(),
            mode: None,
        };
        let mut stage = Self { model, folder, config, settings, provider: "fake", agent: None };
        stage.restart();
        stage
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn agent(&self) -> &dyn Agent {
        self.agent.as_ref().unwrap()
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn restart(&mut self) {
        self.agent = None;
        self.agent = Some(self.another());
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn uninstall(&mut self) -> &'static str {
        self.config.command = vec!["/nowhere/opencode".to_owned(), "acp".to_owned()];
        self.restart();
        "npm install -g opencode-ai"
    }

    fn log_out(&mut self) -> &'static str {
        self.provider = "anthropic";
        self.restart();
        "opencode auth login"
    }
}

impl OnOpencode {
    fn another(&self) -> Acp {
        let home = |name: &str| OsString::from(self.folder.join("home").join(name));
        let options = json!({ "baseURL": self.model.base_url(), "apiKey": "fake" });
        let models = json!({ "m": { "name": "m" }, "n": { "name": "n" } });
        let content = json!({
            "provider": { "fake": { "npm": "@ai-sdk/openai", "name": "fake", "options": options, "models": models } },
            "enabled_providers": [self.provider], "model": "fake/m", "small_model": "fake/m",
            "permission": { "bash": "ask", "edit": "ask" }, "autoupdate": false, "share": "disabled",
            "agent": { "title": { "disable": true } },
        });
        // Nothing is fetched: what it works with is all there.
        let env = [
            ("HOME", home("")),
            ("XDG_CONFIG_HOME", home("config")),
            ("XDG_DATA_HOME", home("data")),
            ("XDG_STATE_HOME", home("state")),
            ("XDG_CACHE_HOME", home("cache")),
            ("OPENCODE_CONFIG_CONTENT", content.to_string().into()),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1".into()),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1".into()),
            ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1".into()),
            ("OPENCODE_DISABLE_MODELS_FETCH", "1".into()),
            ("OPENCODE_PURE", "1".into()),
        ];
        let identity = Identity { name: acp::NAME, setting: "POCO_ACP_COMMAND", preset: None };
        Acp::known_as(identity, &self.config, &self.folder.join("poco"), &surroundings(&env))
    }
}

impl Drop for OnOpencode {
    fn drop(&mut self) {
        let (agent, folder) = (self.agent.take(), self.folder.clone());
        let end = move || {
            drop(agent);
            let _ = std::fs::remove_dir_all(folder);
        };
        end();
    }
}
