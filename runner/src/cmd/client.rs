//! Talks to the running server of this machine.

use super::Refusal;
use crate::home::Instance;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The longest wait for an answer from a server of this machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The longest wait until others know that a machine drains.
const DRAINED_WITHIN: Duration = Duration::from_secs(30);

/// What `/health` says, as far as the commands print it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Health {
    pub(crate) status: String,
    pub(crate) instance: String,
    pub(crate) owner_known: bool,
    pub(crate) feishu_enabled: bool,
    pub(crate) feishu_listener_ready: bool,
    pub(crate) feishu_listener_detail: String,
    pub(crate) feishu_delivery_mode: String,
    pub(crate) state_backend: String,
    pub(crate) state_db_path: Option<String>,
    pub(crate) agent_ready: bool,
    pub(crate) agent_detail: String,
    pub(crate) missing: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// How this machine is for others, if it is a runner.
    pub(crate) runner: Option<Runner>,
    /// Everything it says.
    #[serde(skip)]
    pub(crate) whole: Value,
}

/// A code that makes whoever sends it to the bot the owner.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Pairing {
    pub(crate) code: String,
    pub(crate) expires_in_seconds: u64,
}

/// A machine as it says it is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Runner {
    pub(crate) name: String,
    pub(crate) draining: bool,
    /// Turns that run.
    pub(crate) running: usize,
    pub(crate) seats: usize,
}

/// What only the process itself knows of how it is.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Doctor {
    /// Why the store is not well, if it is not.
    pub(crate) store: Option<String>,
    pub(crate) owner: Option<String>,
    /// The latest presses, newest first.
    pub(crate) presses: Vec<Press>,
    /// When the last message came, in milliseconds since the Unix epoch.
    pub(crate) heard: Option<u64>,
}

/// A press that came in: when, in milliseconds since the Unix epoch, and from whom.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Press {
    pub(crate) at: u64,
    pub(crate) by: String,
}

/// Speaks to one instance.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    instance: Instance,
}

impl Client {
    pub(crate) fn new(instance: &Instance) -> anyhow::Result<Self> {
        // It speaks plain HTTP to this machine: no proxy, and no certificates to load.
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_WITHIN)
            .build()
            .context("prepare an HTTP client")?;
        Ok(Self { http, instance: instance.clone() })
    }

    /// Asks how the server is. An answer from any other server is an error.
    pub(crate) async fn health(&self) -> anyhow::Result<Health> {
        let url = format!("{}/health", self.instance.url());
        let answer = self.http.get(&url).send().await.and_then(reqwest::Response::error_for_status);
        let whole: Value = answer.context("ask /health")?.json().await.context("read /health")?;
        let health: Health = serde_json::from_value(whole.clone()).context("read /health")?;
        anyhow::ensure!(health.instance == self.instance.id, "reach it: another server answers");
        Ok(Health { whole, ..health })
    }

    /// Asks for a pairing code.
    pub(crate) async fn pair(&self) -> anyhow::Result<Pairing> {
        let url = format!("{}/admin/pair", self.instance.url());
        let request = self.http.post(&url).bearer_auth(self.instance.admin_token.expose());
        let answer = request.send().await.context("ask for a pairing code")?;
        if answer.status() == reqwest::StatusCode::CONFLICT {
            let next = "only the owner can use it; to change who that is, set POCO_OWNER_OPEN_ID";
            return Err(Refusal::new("this PoCo already has an owner", next).into());
        }
        let answer = answer.error_for_status().context("get a pairing code")?;
        answer.json().await.context("read the pairing code")
    }

    /// Asks what only the process itself knows.
    pub(crate) async fn doctor(&self) -> anyhow::Result<Doctor> {
        let url = format!("{}/admin/doctor", self.instance.url());
        let request = self.http.get(&url).bearer_auth(self.instance.admin_token.expose());
        let answer = request.send().await.context("ask the running PoCo")?;
        let answer = answer.error_for_status().context("ask the running PoCo")?;
        answer.json().await.context("read what the running PoCo says")
    }

    /// Has the machine take nothing new, or take it again.
    pub(crate) async fn drain(&self, draining: bool) -> anyhow::Result<Runner> {
        let url = format!("{}/admin/drain", self.instance.url());
        let request = if draining { self.http.post(&url) } else { self.http.delete(&url) };
        // Others are told before it answers.
        let request = request.timeout(DRAINED_WITHIN);
        let answer = request.bearer_auth(self.instance.admin_token.expose()).send().await;
        let answer = answer.context("ask the runner to drain")?;
        if answer.status().is_success() {
            return answer.json().await.context("read how the runner is");
        }
        let next = match answer.status() {
            reqwest::StatusCode::CONFLICT => "poco runner join makes this machine a runner",
            _ => "poco logs, then try again",
        };
        let said: Value = answer.json().await.unwrap_or_default();
        let what = said["detail"].as_str().unwrap_or("it did not say why").to_owned();
        Err(Refusal::new(what.trim_end_matches('.'), next).into())
    }
}
