//! What the operator can set: one struct of sections, read once, all mistakes told together.

mod file;
mod given;
mod json;
mod judge;
mod keys;
mod mistake;

pub use file::SettingsFile;
pub use given::{Environment, Given, Shown};
pub use keys::{KEYS, Key, Kind, key};
pub use mistake::{Mistake, Mistakes, Source};

use crate::keyring::Keys;
use crate::secret::Secret;
use poco_core::{ChatId, Lang, RunnerId, Settings, Terms, UserId};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where PoCo keeps its files (`POCO_HOME`, default `~/.poco`).
    pub home: PathBuf,
    /// `POCO_APP_NAME`.
    pub app_name: String,
    /// What is spoken in chats where nothing else is chosen (`POCO_LANG`).
    pub lang: Lang,
    /// Who owns this PoCo, if the operator says so (`POCO_OWNER_OPEN_ID`).
    pub owner: Option<UserId>,
    pub http: Http,
    pub feishu: Feishu,
    pub state: State,
    pub cloud: Cloud,
    /// The name of this machine, `local` unless there are several (`POCO_RUNNER`).
    pub runner: RunnerId,
    pub agents: Agents,
    /// Folders that people may have agents work in, and those in them (`POCO_WORKDIR_ROOTS`).
    pub workdir_roots: Vec<PathBuf>,
    /// What is logged (`POCO_LOG`, then `RUST_LOG`), as a filter of `tracing-subscriber`.
    pub log: String,
    /// What is odd about the settings, but works.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the environment, and the settings file it points to.
    pub fn read(environment: Environment) -> Result<Self, Mistakes> {
        Given::gather(environment).judge()
    }

    /// Returns the terms these settings make, on a machine that has these agents.
    pub fn terms(&self, agents: Vec<String>) -> Terms {
        let (codex, claude) = (&self.agents.codex, &self.agents.claude);
        // The one that was asked for may not be there.
        let usual = agents.first().unwrap_or(&self.agents.usual).clone();
        let (workdir, model, effort) = match usual.as_str() {
            "claude_code" => (&claude.workdir, claude.model.clone(), None),
            other => match self.agents.acp_named(other) {
                Some(acp) => (&acp.workdir, acp.model.clone(), None),
                None => (&codex.workdir, codex.model.clone(), codex.effort.clone()),
            },
        };
        Terms {
            owner: self.owner.clone(),
            house: ChatId::new("house"),
            agents,
            settings: Settings {
                runner: self.runner.clone(),
                agent: usual,
                workdir: workdir.to_string_lossy().into_owned(),
                model,
                effort,
                sandbox: codex.sandbox.clone(),
                approval_policy: codex.approval_policy.clone(),
                mode: None,
            },
            lang: self.lang,
            runners: vec![],
            offers: Default::default(),
        }
    }
}

/// The HTTP routes of local mode.
#[derive(Clone, Debug)]
pub struct Http {
    /// `POCO_HOST`, default `127.0.0.1`.
    pub host: String,
    /// `POCO_PORT`, default 8000; 0 takes any free one.
    pub port: u16,
    /// Lets others than this machine use the demo, tasks and debug routes (`POCO_HTTP_TOKEN`).
    pub token: Option<Secret>,
}

/// The Feishu app. It is used if both its id and its secret are set.
#[derive(Clone, Debug)]
pub struct Feishu {
    /// Scheme and host, without a trailing slash (`POCO_FEISHU_API_BASE_URL`).
    pub base_url: String,
    pub app_id: String,
    pub app_secret: Secret,
    pub delivery: Delivery,
    pub verification_token: Option<Secret>,
    pub encrypt_key: Option<Secret>,
}

/// How events come in (`POCO_FEISHU_DELIVERY_MODE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// `longconn`: over a connection PoCo opens.
    LongConnection,
    /// `webhook`: by HTTP requests to PoCo.
    Webhook,
}

impl Delivery {
    /// Returns the word for it in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongConnection => "longconn",
            Self::Webhook => "webhook",
        }
    }
}

#[derive(Clone, Debug)]
pub struct State {
    pub backend: Backend,
    /// `POCO_STATE_DB_PATH`, default `poco.db` in the home folder.
    pub db_path: PathBuf,
    /// `POCO_STATE_TABLE`.
    pub table: String,
    /// `POCO_QUEUE_URL`.
    pub queue_url: String,
    /// How long tasks that are over are kept; `None` is for ever (`POCO_KEEP_DAYS`).
    pub keep: Option<Duration>,
}

/// How the cloud is reached, if this is a part of it.
#[derive(Clone, Debug, Default)]
pub struct Cloud {
    /// Where the functions answer, without a trailing slash (`POCO_CLOUD_URL`).
    pub url: Option<String>,
    /// `POCO_AWS_REGION`; `None` leaves it to what every AWS tool reads.
    pub region: Option<String>,
    /// `POCO_AWS_PROFILE`; likewise.
    pub profile: Option<String>,
}

/// `POCO_STATE_BACKEND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Memory,
    /// In the cloud, with queues in SQS: events come in through functions.
    DynamoDb,
}

impl Backend {
    /// Returns the word for it in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// Returns the word for the queue that goes with it.
    pub fn queue(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Memory => "memory",
            Self::DynamoDb => "sqs",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Agents {
    /// For tasks outside projects (`POCO_AGENT_BACKEND`).
    pub usual: String,
    pub codex: Codex,
    pub claude: Claude,
    /// Any agent that speaks ACP, if one is set (`POCO_ACP_COMMAND`).
    pub acp: Option<Acp>,
    pub cursor: Cursor,
    pub coco: Acp,
    /// Variables of AWS that agents are given all the same (`POCO_AGENT_ENV`).
    pub variables: Vec<String>,
}

impl Agents {
    /// Returns an agent by its name, if it is one that speaks ACP.
    fn acp_named(&self, name: &str) -> Option<&Acp> {
        match name {
            "acp" => self.acp.as_ref(),
            "cursor_agent" => Some(&self.cursor.acp),
            "coco" => Some(&self.coco),
            _ => None,
        }
    }
}

/// An agent that speaks the Agent Client Protocol.
#[derive(Clone, Debug)]
pub struct Acp {
    /// The program and its arguments, or the name of an agent PoCo knows.
    pub command: Vec<String>,
    /// For tasks outside projects; default the user's home directory.
    pub workdir: PathBuf,
    /// `None` leaves it to the agent.
    pub model: Option<String>,
    /// What it does without asking, in its own words; `None` leaves it to the agent.
    pub mode: Option<String>,
    /// The longest silence of a turn that nobody is asked about.
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Cursor {
    /// As an agent that speaks ACP, its command without the word for that.
    pub acp: Acp,
    /// `enabled` or `disabled`; `None` leaves it to Cursor (`POCO_CURSOR_SANDBOX`).
    pub sandbox: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Claude {
    /// The program and its leading arguments, split as a shell splits words
    /// (`POCO_CLAUDE_COMMAND`).
    pub command: Vec<String>,
    /// For tasks outside projects; default the user's home directory.
    pub workdir: PathBuf,
    pub model: Option<String>,
    /// What it may do without asking (`POCO_CLAUDE_PERMISSION_MODE`), in its own words.
    pub permission_mode: String,
    /// The longest silence of a turn that nobody is asked about (`POCO_CLAUDE_TIMEOUT_SECONDS`).
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Codex {
    /// The program and its leading arguments, split as a shell splits words (`POCO_CODEX_COMMAND`).
    pub command: Vec<String>,
    /// For tasks outside projects; default the user's home directory.
    pub workdir: PathBuf,
    pub model: Option<String>,
    /// How long the model thinks (`POCO_CODEX_REASONING_EFFORT`); `None` leaves it to Codex.
    pub effort: Option<String>,
    /// `read-only`, `workspace-write` or `danger-full-access`.
    pub sandbox: String,
    /// `untrusted`, `on-request` or `never`.
    pub approval_policy: String,
    /// The longest silence of a turn that nobody is asked about (`POCO_CODEX_TIMEOUT_SECONDS`).
    pub timeout: Duration,
    /// `POCO_CODEX_TRANSPORT`.
    pub transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `unix`: one server that outlives PoCo, on a Unix socket.
    Unix,
    /// `stdio`: a server that ends with PoCo.
    Stdio,
}

impl Feishu {
    /// Returns what the app and we share.
    pub fn keys(&self) -> Keys {
        Keys {
            app_secret: self.app_secret.clone(),
            encrypt_key: self.encrypt_key.clone(),
            verification_token: self.verification_token.clone(),
        }
    }

    /// Whether there is an app to connect to.
    pub fn is_set(&self) -> bool {
        !self.app_id.is_empty() && !self.app_secret.is_empty()
    }
}
