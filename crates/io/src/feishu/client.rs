//! The Feishu app as PoCo holds it: who it is, and all that its calls share.

use super::call::Request;
use super::error::{Advice, Class, Rejected, WRONG_SECRET};
use super::lane::Lanes;
use super::made::Makings;
use super::pacer::Pacer;
use super::recent::{Outbound, Recent};
use super::token::{Issued, Tokens};
use crate::config;
use crate::keyring::Keyring;
use crate::secret::Secret;
use crate::tls::Roots;
use anyhow::Context;
use poco_core::Text;
use poco_core::words::platform as words;
use reqwest::Method;
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an attempt may take as a whole: short enough for another one over a new connection,
/// for the network may have changed since the last call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept for the next call.
const KEEP_CONNECTION: Duration = Duration::from_secs(20);

/// How long a check may take.
const CHECK_PATIENCE: Duration = Duration::from_secs(10);

/// The Feishu app: everything goes out through this. Cheap to clone; clones share all.
#[derive(Clone)]
pub struct Feishu {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) http: reqwest::Client,
    pub(super) base_url: String,
    app_id: String,
    pub(super) keyring: Keyring,
    pub(super) tokens: Tokens,
    pub(super) recent: Recent,
    pub(super) pacer: Pacer,
    pub(super) lanes: Lanes,
    pub(super) made: Makings,
}

/// Who the app is in chats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    pub open_id: String,
    pub app_name: String,
}

/// Makes an HTTP client for the platform: the system's proxy, but none to this machine itself.
pub fn http_client(base_url: &str) -> anyhow::Result<reqwest::Client> {
    client_trusting(base_url, Roots::System)
}

fn client_trusting(base_url: &str, roots: Roots) -> anyhow::Result<reqwest::Client> {
    let url = reqwest::Url::parse(base_url).context("read the Feishu base URL")?;
    let mut client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ATTEMPT_TIMEOUT)
        .pool_idle_timeout(KEEP_CONNECTION)
        // A call that is given up ends its connection: the next one does not wait for a dead one.
        .http1_only()
        // A token must not follow a redirect.
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(&url) {
        client = client.no_proxy();
    }
    roots.trust(client)?.build().context("make an HTTP client")
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

impl Feishu {
    pub fn new(config: &config::Feishu) -> anyhow::Result<Self> {
        Self::with_keyring(config, Keyring::fixed(config.keys()))
    }

    /// Like [`Feishu::new`], with secrets that may change meanwhile.
    pub fn with_keyring(config: &config::Feishu, keyring: Keyring) -> anyhow::Result<Self> {
        Self::trusting(config, keyring, Roots::System)
    }

    /// Like [`Feishu::with_keyring`], where servers are known by other roots.
    pub fn trusting(
        config: &config::Feishu,
        keyring: Keyring,
        roots: Roots,
    ) -> anyhow::Result<Self> {
        let base_url = config.base_url.trim_end_matches('/').to_owned();
        let shared = Shared {
            http: client_trusting(&base_url, roots)?,
            base_url,
            app_id: config.app_id.clone(),
            keyring,
            tokens: Tokens::default(),
            recent: Recent::default(),
            pacer: Pacer::following(),
            lanes: Lanes::default(),
            made: Makings::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Asks the platform whether it knows the app and whether the app is a bot.
    ///
    /// [`Rejected::explain`] says what is wrong and what to do.
    pub async fn check(&self) -> Result<Bot, Rejected> {
        const CALL: &str = "GET bot/v3/info";
        let deadline = Instant::now() + CHECK_PATIENCE;
        let request = || Request {
            call: CALL,
            method: Method::GET,
            path: "bot/v3/info".to_owned(),
            body: None,
        };
        let answer = self.call(&[], deadline, request).await?;
        let bot = &answer.body["bot"];
        let refused = |message: &str, advice: fn() -> Text| Rejected {
            call: CALL,
            code: 0,
            message: message.to_owned(),
            class: Class::Setup(Advice(advice)),
        };
        if bot["activate_status"].as_i64().is_some_and(|status| status != 2) {
            return Err(refused("the app is not enabled", words::publish));
        }
        let Some(open_id) = bot["open_id"].as_str().filter(|id| !id.is_empty()) else {
            return Err(refused("the app has no bot", words::add_bot_ability));
        };
        let app_name = bot["app_name"].as_str().unwrap_or_default().to_owned();
        Ok(Bot { open_id: open_id.to_owned(), app_name })
    }

    pub(super) fn app_id(&self) -> &str {
        &self.shared.app_id
    }

    /// Returns the latest calls, oldest first, without what was in them.
    pub fn recent(&self) -> Vec<Outbound> {
        self.shared.recent.list()
    }

    /// Fetches a token. A secret that is not the app's any more is read anew once.
    pub(super) async fn fetch_token(&self) -> Result<Issued, Rejected> {
        let edition = self.shared.keyring.fresh().await;
        let issued = self.ask_token(&edition.keys.app_secret).await;
        match &issued {
            Err(rejected) if rejected.code == WRONG_SECRET => {}
            Ok(_) | Err(_) => return issued,
        }
        match self.shared.keyring.instead_of(&edition).await {
            Some(new) => self.ask_token(&new.keys.app_secret).await,
            None => issued,
        }
    }

    async fn ask_token(&self, app_secret: &Secret) -> Result<Issued, Rejected> {
        const CALL: &str = "POST auth/v3/tenant_access_token/internal";
        let body = json!({ "app_id": self.shared.app_id, "app_secret": app_secret.expose() });
        let path = "auth/v3/tenant_access_token/internal".to_owned();
        let request = Request { call: CALL, method: Method::POST, path, body: Some(body) };
        let answer = self.send(request, None).await?;
        let token = answer.body["tenant_access_token"].as_str().filter(|token| !token.is_empty());
        let Some(token) = token else {
            return Err(Rejected::unanswered(CALL, "an answer without a token"));
        };
        let lasts = Duration::from_secs(answer.body["expire"].as_u64().unwrap_or_default());
        Ok(Issued { token: Secret::new(token), lasts })
    }
}

impl fmt::Debug for Feishu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feishu").field("app_id", &self.shared.app_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_never_behind_a_proxy() {
        let is_loopback = |url| is_loopback(&reqwest::Url::parse(url).expect("a URL"));
        for url in ["http://127.0.0.1:80", "http://localhost:1", "https://[::1]/x"] {
            assert!(is_loopback(url), "{url}");
        }
        assert!(!is_loopback("https://open.feishu.cn"));
    }
}
