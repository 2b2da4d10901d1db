//! Where to connect: the platform gives a fresh address for every connection.

use super::Socket;
use super::session::Connection;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// How long the platform may take for the address, and again for the handshake.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most bytes of one frame.
const FRAME_BYTES_MAX: usize = 8 << 20;

/// Why there is no connection.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    Later(String),
    Misconfigured { why: String, fix: String },
}

#[derive(Debug)]
pub(super) struct Endpoint {
    /// Holds a ticket, so it is never shown.
    url: String,
    service: i32,
    pub(super) config: ClientConfig,
}

/// What the platform says about the connection; any of it may be missing.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ClientConfig {
    pub(super) reconnect_interval: Option<i64>,
    pub(super) reconnect_nonce: Option<i64>,
    pub(super) ping_interval: Option<i64>,
}

#[derive(Deserialize)]
struct Answer {
    code: i64,
    #[serde(default)]
    msg: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    #[serde(rename = "URL", default)]
    url: String,
    #[serde(default)]
    client_config: Option<ClientConfig>,
}

impl Endpoint {
    pub(super) async fn ask(socket: &Socket) -> Result<Self, Refusal> {
        let request = socket
            .http
            .post(format!("{}/callback/ws/endpoint", socket.base_url))
            .header("locale", "zh")
            .json(&json!({ "AppID": socket.app_id, "AppSecret": socket.app_secret.expose() }))
            .timeout(PATIENCE);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
            return Err(Refusal::Later(format!("Feishu answers with HTTP status {status}")));
        };
        if answer.code != 0 {
            return Err(refused(answer.code, &answer.msg));
        }
        let data = answer.data.filter(|data| !data.url.is_empty());
        let Some(Data { url, client_config }) = data else {
            return Err(Refusal::Later("Feishu gives no address to connect to".to_owned()));
        };
        let service = service(&url).unwrap_or_default();
        Ok(Self { url, service, config: client_config.unwrap_or_default() })
    }

    pub(super) async fn open(self) -> Result<(Connection, i32), Refusal> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let open = connect_async_with_config(self.url.as_str(), Some(config), true);
        match timeout(PATIENCE, open).await {
            Ok(Ok((connection, _))) => Ok((connection, self.service)),
            Ok(Err(error)) => Err(handshake(&error)),
            Err(_) => Err(Refusal::Later("the handshake takes too long".to_owned())),
        }
    }
}

fn service(url: &str) -> Option<i32> {
    let url = reqwest::Url::parse(url).ok()?;
    let (_, service) = url.query_pairs().find(|(key, _)| key == "service_id")?;
    service.parse().ok()
}

fn unreachable(error: reqwest::Error) -> Refusal {
    let why = if error.is_timeout() { "Feishu does not answer" } else { "Feishu is out of reach" };
    tracing::debug!(error = %error.without_url(), "no address for the long connection");
    Refusal::Later(why.to_owned())
}

/// Says what a code means. Those nobody here can do anything about are worth another try.
fn refused(code: i64, message: &str) -> Refusal {
    let (why, fix) = match code {
        403 => (
            "this app may not use the long connection",
            "In the app's console choose “long connection” for events and callbacks, and publish a version.",
        ),
        514 | 10_003 | 10_014 => (
            "the app id or the app secret is wrong",
            "Run `poco config` and enter both as the app's console shows them.",
        ),
        1_000_040_344 => (
            "the app id or the app secret is missing",
            "Run `poco config` and enter both as the app's console shows them.",
        ),
        1_000_040_350 => (
            "this app has too many connections already",
            "Stop the other programs that use the same app: each event goes to only one of them.",
        ),
        1_000_040_351 => (
            "this app belongs to another platform",
            "Set POCO_FEISHU_API_BASE_URL to https://open.feishu.cn for Feishu, or to https://open.larksuite.com for Lark.",
        ),
        _ => {
            let message: String = message.chars().filter(|c| !c.is_control()).take(200).collect();
            return Refusal::Later(format!("Feishu says {code} {message}"));
        }
    };
    Refusal::Misconfigured { why: format!("{why} ({code})"), fix: fix.to_owned() }
}

fn handshake(error: &Error) -> Refusal {
    if let Error::Http(response) = error {
        return refused_handshake(response);
    }
    // The text of an error about an address would show the ticket in it.
    let shown = !matches!(error, Error::Url(_) | Error::HttpFormat(_));
    let error = if shown { error.to_string() } else { "the address is wrong".to_owned() };
    Refusal::Later(format!("the connection cannot be opened: {error}"))
}

fn refused_handshake(response: &Response<Option<Vec<u8>>>) -> Refusal {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let number = |name| header(name).and_then(|text: &str| text.trim().parse::<i64>().ok());
    let message = header("Handshake-Msg").unwrap_or_default();
    match (number("Handshake-Status"), number("Handshake-Autherrcode")) {
        (Some(403), _) => refused(403, message),
        (Some(514), Some(code @ (1_000_040_350 | 1_000_040_351))) => refused(code, message),
        (status, code) => {
            let status = status.unwrap_or_else(|| response.status().as_u16().into());
            let code = code.unwrap_or_default();
            Refusal::Later(format!("the handshake is refused with {status} {code}"))
        }
    }
}
