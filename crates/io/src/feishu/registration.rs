//! Makes an app by the device flow: a person follows a link and agrees, and the platform hands over
//! the app's id and secret, with its permissions, events and callbacks filled in.

use crate::secret::Secret;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const FORM: &str = "application/x-www-form-urlencoded";
const PATH: &str = "/oauth/v1/app/registration";

/// What the app may do; the README lists the same for those who fill it in by hand.
pub const SCOPES: &[&str] = &[
    "im:message",
    "im:message:send_as_bot",
    "im:message:update",
    "im:message:readonly",
    "im:message.p2p_msg:readonly",
    "im:message.group_msg",
    "im:chat",
    "im:resource",
    "cardkit:card:write",
];

/// What it hears of.
pub const EVENTS: &[&str] = &["im.message.receive_v1"];
pub const CALLBACKS: &[&str] = &["card.action.trigger"];

/// The wait between two questions if the platform names none, and what is added when it asks for
/// more patience.
const INTERVAL: u64 = 5;
const SLOWER: u64 = 5;
const INTERVAL_MAX: u64 = 60;

/// How long a link holds if the platform does not say, and at most.
const EXPIRES_IN: u64 = 300;
const EXPIRES_MAX: u64 = 3_600;

/// How often a question may go unanswered in a row before it is given up.
const MISSES_MAX: u32 = 5;

/// The longest part of the platform's words that is passed on, in characters.
const WORDS_MAX: usize = 200;

/// Where accounts are kept: apps of Lark are handed over by another host than those of Feishu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    pub feishu: String,
    pub lark: String,
}

impl Accounts {
    /// Finds the hosts that go with a platform. One of somebody's own keeps accounts itself.
    pub fn of(base_url: &str) -> Self {
        let base = base_url.trim_end_matches('/');
        if is_public(base) {
            let [feishu, lark] = ["https://accounts.feishu.cn", "https://accounts.larksuite.com"];
            return Self { feishu: feishu.to_owned(), lark: lark.to_owned() };
        }
        Self { feishu: base.to_owned(), lark: base.to_owned() }
    }
}

/// Whether this is Feishu or Lark themselves.
fn is_public(base_url: &str) -> bool {
    [FEISHU, LARK].contains(&base_url)
}

const FEISHU: &str = "https://open.feishu.cn";
const LARK: &str = "https://open.larksuite.com";

/// The flow; one question at a time.
#[derive(Clone, Debug)]
pub struct Registration {
    http: reqwest::Client,
    accounts: Accounts,
    /// How long a second of the platform is.
    second: Duration,
}

/// A link for a person to follow.
#[derive(Clone, Debug)]
pub struct Offer {
    pub link: String,
    /// What the page shows too, so that people see it is theirs.
    pub user_code: String,
    pub expires_in: Duration,
    device_code: Secret,
    interval: u64,
    until: Instant,
}

/// An app that was made.
#[derive(Clone, Debug)]
pub struct Registered {
    pub app_id: String,
    pub app_secret: Secret,
    /// Who made it, as the app knows them.
    pub open_id: Option<String>,
    /// It is one of Lark's.
    pub is_lark: bool,
}

impl Registered {
    /// Returns the platform the app is on, if that is another than the one that was asked.
    pub fn base_url(&self, asked: &str) -> Option<&'static str> {
        let asked = asked.trim_end_matches('/');
        let right = if self.is_lark { LARK } else { FEISHU };
        (is_public(asked) && asked != right).then_some(right)
    }
}

/// Why there is no app.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the person who followed the link said no")]
    Denied,
    #[error("nobody followed the link in time")]
    Expired,
    #[error("{0}")]
    Refused(String),
    #[error("could not ask the platform: {0:#}")]
    Unreachable(anyhow::Error),
}

/// What a question brought.
enum Answer {
    Said(Value),
    /// An error of the flow, by its name.
    Not(String),
}

impl Registration {
    pub fn new(http: reqwest::Client, accounts: Accounts) -> Self {
        Self { http, accounts, second: Duration::from_secs(1) }
    }

    /// Has the platform's seconds last this long.
    #[must_use]
    pub fn with_second(self, second: Duration) -> Self {
        Self { second, ..self }
    }

    /// Asks for a link; `name` is what the app is to be called.
    pub async fn begin(&self, name: &str) -> Result<Offer, Failure> {
        let host = &self.accounts.feishu;
        let init = self.ask(host, &[("action", "init")]).await?;
        let methods = said(init)?;
        let known = |methods: &Value| {
            methods["supported_auth_methods"]
                .as_array()
                .is_some_and(|all| all.iter().any(|method| method == "client_secret"))
        };
        if !known(&methods) {
            let why = "the platform hands over no secrets in this way; use poco config";
            return Err(Failure::Refused(why.to_owned()));
        }
        let begin = [
            ("action", "begin"),
            ("archetype", "PersonalAgent"),
            ("auth_method", "client_secret"),
            ("request_user_info", "open_id tenant_brand"),
        ];
        let offer = said(self.ask(host, &begin).await?)?;
        let text = |field: &str| offer[field].as_str().filter(|text| !text.is_empty());
        let lacks = || Failure::Refused("the platform's answer lacks a link or a code".to_owned());
        let link = text("verification_uri_complete").ok_or_else(lacks)?;
        let device_code = text("device_code").ok_or_else(lacks)?;
        let expires = offer["expires_in"].as_u64().unwrap_or(EXPIRES_IN).clamp(1, EXPIRES_MAX);
        Ok(Offer {
            link: complete(link, name).map_err(Failure::Unreachable)?,
            user_code: text("user_code").unwrap_or_default().to_owned(),
            expires_in: self.seconds(expires),
            device_code: Secret::new(device_code),
            interval: offer["interval"].as_u64().unwrap_or(INTERVAL).clamp(1, INTERVAL_MAX),
            until: Instant::now() + self.seconds(expires),
        })
    }

    /// Waits until somebody followed the link and the app is made.
    pub async fn wait(&self, offer: &Offer) -> Result<Registered, Failure> {
        let (mut host, mut interval, mut misses) = (&self.accounts.feishu, offer.interval, 0);
        loop {
            sleep(self.seconds(interval)).await;
            if Instant::now() >= offer.until {
                return Err(Failure::Expired);
            }
            let poll = [("action", "poll"), ("device_code", offer.device_code.expose())];
            let answer = match self.ask(host, &poll).await {
                Ok(answer) => answer,
                Err(_) if misses < MISSES_MAX => {
                    misses += 1;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            misses = 0;
            match answer {
                Answer::Said(said) => {
                    if let Some(registered) = registered(&said) {
                        return Ok(registered);
                    }
                    let is_lark = said["user_info"]["tenant_brand"] == "lark";
                    let again = self.accounts.is_two() && *host == self.accounts.lark;
                    if !is_lark || again {
                        let why = "the platform's answer holds neither an app nor where it is";
                        return Err(Failure::Refused(why.to_owned()));
                    }
                    host = &self.accounts.lark;
                }
                Answer::Not(error) => match error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => interval = (interval + SLOWER).min(INTERVAL_MAX),
                    "access_denied" => return Err(Failure::Denied),
                    "expired_token" => return Err(Failure::Expired),
                    other => return Err(unknown(other)),
                },
            }
        }
    }

    async fn ask(&self, host: &str, form: &[(&str, &str)]) -> Result<Answer, Failure> {
        let asked = self.http.post(format!("{host}{PATH}")).header(CONTENT_TYPE, FORM);
        let asked = asked.body(encoded(form)).send().await;
        let unreachable = |error: reqwest::Error| {
            Failure::Unreachable(anyhow::Error::new(error.without_url()).context(host.to_owned()))
        };
        let response = asked.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match body["error"].as_str() {
            Some(error) => Ok(Answer::Not(error.to_owned())),
            None if status.is_success() && body.is_object() => Ok(Answer::Said(body)),
            None => Err(Failure::Unreachable(anyhow::anyhow!("{host} answered {status}"))),
        }
    }

    fn seconds(&self, count: u64) -> Duration {
        self.second.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

impl Accounts {
    fn is_two(&self) -> bool {
        self.feishu != self.lark
    }
}

/// Writes a form as browsers do.
fn encoded(form: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://form").expect("it is a URL");
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}

fn said(answer: Answer) -> Result<Value, Failure> {
    match answer {
        Answer::Said(said) => Ok(said),
        Answer::Not(error) => Err(unknown(&error)),
    }
}

fn unknown(error: &str) -> Failure {
    let error: String = error.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
    Failure::Refused(format!("the platform refused: {error}"))
}

fn registered(said: &Value) -> Option<Registered> {
    let text = |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    let user = &said["user_info"];
    Some(Registered {
        app_id: text(&said["client_id"])?,
        app_secret: Secret::new(text(&said["client_secret"])?),
        open_id: text(&user["open_id"]),
        is_lark: user["tenant_brand"] == "lark",
    })
}

/// Fills in the link what the app is to be.
fn complete(link: &str, name: &str) -> anyhow::Result<String> {
    let mut url = reqwest::Url::parse(link).context("read the platform's link")?;
    if !matches!(url.scheme(), "https" | "http") {
        anyhow::bail!("the platform's link leads to no web page");
    }
    let addons = addons().context("write down what the app needs")?;
    url.query_pairs_mut()
        .append_pair("from", "sdk")
        .append_pair("tp", "sdk")
        .append_pair("source", "poco")
        .append_pair("name", name)
        .append_pair("addons", &addons)
        .append_pair("createOnly", "true");
    Ok(url.into())
}

fn addons() -> anyhow::Result<String> {
    let wanted = json!({
        "scopes": { "tenant": SCOPES, "user": [] },
        "events": { "items": { "tenant": EVENTS, "user": [] } },
        "callbacks": { "items": CALLBACKS },
    });
    let mut packed = GzEncoder::new(vec![], Compression::best());
    packed.write_all(wanted.to_string().as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(packed.finish()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_go_with_the_platform() {
        let feishu = Accounts::of("https://open.feishu.cn/");
        assert_eq!(feishu.feishu, "https://accounts.feishu.cn");
        assert_eq!(Accounts::of("https://open.larksuite.com"), feishu, "it says which it is");
        assert_eq!(Accounts::of("http://127.0.0.1:1").lark, "http://127.0.0.1:1");
    }

    #[test]
    fn an_app_of_lark_is_looked_for_on_lark() {
        let (app_id, app_secret) = ("cli_1".to_owned(), Secret::new("s"));
        let lark = Registered { app_id, app_secret, open_id: None, is_lark: true };
        assert_eq!(lark.base_url("https://open.feishu.cn"), Some("https://open.larksuite.com"));
        assert_eq!(lark.base_url("https://open.larksuite.com"), None);
        assert_eq!(lark.base_url("http://127.0.0.1:1"), None, "an own platform stays");
    }
}
