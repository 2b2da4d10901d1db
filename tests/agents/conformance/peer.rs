//! Agents that can't be had, in the suite: played by `peer.py`.

use super::Fixture;
use crate::stage::{fresh_folder, surroundings};
use async_trait::async_trait;
use poco_core::{RunnerId, Settings};
use poco_io::config;
use poco_runner::agent::acp::cursor::Cursor;
use poco_runner::agent::acp::{self, Acp, Identity};
use poco_runner::agent::{Agent, Surroundings};
use poco_sim::model::Model;
use std::ffi::OsString;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who is played.
pub(crate) trait Role: Send + Sync + 'static {
    type Agent: Agent;
    /// What is odd about it, as `peer.py` calls it.
    const TRAITS: &'static str;
    const LOGIN: &'static str;
    const INSTALL: &'static str;

    fn agent(config: &config::Acp, state: &Path, env: &Surroundings) -> Self::Agent;
}

/// Any agent that speaks ACP.
pub(crate) struct Anyone;

impl Role for Anyone {
    type Agent = Acp;
    const TRAITS: &'static str = "loads";
    const LOGIN: &'static str = "Log in (opens a browser)";
    const INSTALL: &'static str = "POCO_ACP_COMMAND";

    fn agent(config: &config::Acp, state: &Path, env: &Surroundings) -> Acp {
        let identity = Identity { name: acp::NAME, setting: "POCO_ACP_COMMAND", preset: None };
        Acp::known_as(identity, config, state, env)
    }
}

/// Cursor Agent over ACP.
pub(crate) struct OfCursor;

impl Role for OfCursor {
    type Agent = Cursor;
    const TRAITS: &'static str = "cursor loads";
    const LOGIN: &'static str = "cursor-agent login";
    const INSTALL: &'static str = "https://cursor.com/install";

    fn agent(config: &config::Acp, state: &Path, env: &Surroundings) -> Cursor {
        Cursor::new(&config::Cursor { acp: config.clone(), sandbox: None }, state, env)
    }
}

/// An older Cursor Agent, with its `stream-json` only.
pub(crate) struct OldCursor;

impl Role for OldCursor {
    type Agent = Cursor;
    const TRAITS: &'static str = "mute";
    const LOGIN: &'static str = OfCursor::LOGIN;
    const INSTALL: &'static str = OfCursor::INSTALL;

    fn agent(config: &config::Acp, state: &Path, env: &Surroundings) -> Cursor {
        OfCursor::agent(config, state, env)
    }
}

/// Coco, the Trae CLI.
pub(crate) struct OfCoco;

impl Role for OfCoco {
    type Agent = Acp;
    const TRAITS: &'static str = "coco loads";
    const LOGIN: &'static str = "traecli";
    const INSTALL: &'static str = "Trae CLI";

    fn agent(config: &config::Acp, state: &Path, env: &Surroundings) -> Acp {
        Acp::coco(config, state, env)
    }
}

pub(crate) struct Peer<R: Role> {
    pub(crate) folder: PathBuf,
    pub(crate) config: config::Acp,
    pub(crate) settings: Settings,
    pub(crate) traits: String,
    agent: Option<R::Agent>,
    model: Model,
    _role: PhantomData<R>,
}

impl<R: Role> Peer<R> {
    /// Plays one about whom more is odd.
    pub(crate) async fn with(more: &str) -> Self {
        let mut peer = Self::new().await;
        peer.traits = format!("{} {more}", R::TRAITS);
        peer.restart();
        peer
    }

    pub(crate) fn role(&self) -> &R::Agent {
        self.agent.as_ref().unwrap()
    }

    /// Reads what the peer remembers under a name, a line for each thing.
    pub(crate) fn remembered(&self, name: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.join("home").join(name));
        let text = text.unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[async_trait]
impl<R: Role> Fixture for Peer<R> {
    async fn new() -> Self {
        let folder = fresh_folder();
        let workdir = folder.join("work");
        std::fs::create_dir_all(&workdir).unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/agents/peer.py");
        let config = config::Acp {
            command: vec![program.to_str().unwrap().to_owned()],
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
        let (traits, model) = (R::TRAITS.to_owned(), Model::start().await);
        let mut peer =
            Self { folder, config, settings, traits, agent: None, model, _role: PhantomData };
        peer.restart();
        peer
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn agent(&self) -> &dyn Agent {
        self.role()
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn restart(&mut self) {
        self.agent = None;
        let home = OsString::from(self.folder.join("home"));
        let traits = OsString::from(&self.traits);
        let env = [("PEER_HOME", home), ("PEER_TRAITS", traits)];
        let mut config = self.config.clone();
        if R::TRAITS == Anyone::TRAITS {
            config.command.push("acp".to_owned());
        }
        self.agent = Some(R::agent(&config, &self.folder.join("poco"), &surroundings(&env)));
    }

    /// It never hears of any.
    fn model(&self) -> &Model {
        &self.model
    }

    fn uninstall(&mut self) -> &'static str {
        self.config.command = vec!["/nowhere/agent".to_owned()];
        self.restart();
        R::INSTALL
    }

    fn log_out(&mut self) -> &'static str {
        self.traits.push_str(" logged-out");
        self.restart();
        R::LOGIN
    }

    fn go_on(&self) {
        std::fs::write(self.folder.join("home/go"), "").unwrap();
    }

    fn was_told(&self, words: &str) -> bool {
        self.remembered("prompts").iter().any(|it| it["text"].as_str().unwrap().contains(words))
    }

    fn turns(&self, prompt: &str) -> usize {
        self.remembered("prompts").iter().filter(|it| it["text"] == prompt).count()
    }
}

impl<R: Role> Drop for Peer<R> {
    fn drop(&mut self) {
        self.agent = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
