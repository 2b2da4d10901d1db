//! Claude Code in the suite: the real one, which never leaves loopback.

use super::Fixture;
use crate::stage::surroundings;
use async_trait::async_trait;
use poco_core::{RunnerId, Settings};
use poco_io::config;
use poco_runner::agent::Agent;
use poco_runner::agent::claude::Claude;
use poco_sim::model::{Model, claude_program};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) struct OnClaude {
    pub(crate) model: Model,
    pub(crate) folder: PathBuf,
    pub(crate) config: config::Claude,
    pub(crate) settings: Settings,
    /// Further variables of its environment; `None` takes one away.
    pub(crate) env: Vec<(&'static str, String)>,
    pub(crate) claude: Claude,
}

impl OnClaude {
    pub(crate) async fn with(change: impl Fn(&mut config::Claude)) -> Self {
        let model = Model::start().await;
        let folder = crate::stage::fresh_folder();
        let workdir = folder.join("work");
        std::fs::create_dir_all(&workdir).unwrap();
        let mut config = config::Claude {
            command: vec![claude_program().to_str().unwrap().to_owned()],
            workdir: workdir.clone(),
            model: None,
            permission_mode: "default".to_owned(),
            timeout: Duration::from_secs(600),
        };
        change(&mut config);
        let settings = Settings {
            runner: RunnerId::local(),
            agent: "claude_code".to_owned(),
            workdir: workdir.to_str().unwrap().to_owned(),
            model: None,
            effort: None,
            sandbox: "workspace-write".to_owned(),
            approval_policy: "on-request".to_owned(),
            mode: None,
        };
        let home = folder.join("home").to_str().unwrap().to_owned();
        let env = vec![
            ("HOME", home.clone()),
            ("CLAUDE_CONFIG_DIR", home),
            ("ANTHROPIC_BASE_URL", model.anthropic_url()),
            ("ANTHROPIC_API_KEY", "fake".to_owned()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("CLAUDE_CODE_MAX_RETRIES", "1".to_owned()),
            ("DISABLE_AUTOUPDATER", "1".to_owned()),
            ("DISABLE_TELEMETRY", "1".to_owned()),
        ];
        let claude = claude(&config, &folder, &env);
        Self { model, folder, config, settings, env, claude }
    }
}

fn claude(config: &config::Claude, folder: &Path, env: &[(&'static str, String)]) -> Claude {
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
    Claude::new(config, &folder.join("state"), &surroundings(&env))
}

#[async_trait]
impl Fixture for OnClaude {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn agent(&self) -> &dyn Agent {
        &self.claude
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn restart(&mut self) {
        self.claude = claude(&self.config, &self.folder, &self.env);
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn uninstall(&mut self) -> &'static str {
        self.config.command = vec!["no-such-claude".to_owned()];
        self.restart();
        "npm install -g @anthropic-ai/claude-code"
    }

    fn log_out(&mut self) -> &'static str {
        // An empty key is none.
        self.env
            .iter_mut()
            .filter(|(name, _)| *name == "ANTHROPIC_API_KEY")
            .for_each(|it| it.1.clear());
        self.restart();
        "/login"
    }
}

impl Drop for OnClaude {
    fn drop(&mut self) {
        let (config, folder, env) = (self.config.clone(), self.folder.clone(), self.env.clone());
        let end = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { claude(&config, &folder, &env).shutdown().await });
            let _ = std::fs::remove_dir_all(folder);
        };
        std::thread::spawn(end).join().unwrap();
    }
}
