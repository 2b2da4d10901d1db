//! A small app for the simulator: API calls and a long connection.

use base64::prelude::{BASE64_STANDARD, Engine};
use futures_util::{SinkExt, StreamExt};
use poco_sim::feishu::{Feishu, Frame, Options};
use prost::Message as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) const SOON: Duration = Duration::from_secs(10);

/// An app with a token.
pub(crate) struct App {
    pub(crate) feishu: Feishu,
    http: reqwest::Client,
    token: String,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(Options { limits: false, ..Options::default() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let feishu = Feishu::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut app = Self { feishu, http, token: String::new() };
        app.token = app.fresh_token().await;
        app
    }

    pub(crate) async fn fresh_token(&self) -> String {
        let options = Options::default();
        let body = json!({"app_id": options.app_id, "app_secret": options.app_secret});
        let answer = self.bare("POST", "auth/v3/tenant_access_token/internal", &body, "").await;
        answer.unwrap().1["tenant_access_token"].as_str().unwrap().to_owned()
    }

    /// Makes a call with this `Authorization` header; returns status and body.
    pub(crate) async fn bare(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        authorization: &str,
    ) -> reqwest::Result<(u16, Value)> {
        let url = format!("{}/open-apis/{path}", self.feishu.url());
        let request = self.http.request(method.parse().unwrap(), url).json(body);
        let response = request.header("Authorization", authorization).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.bare(method, path, body, &format!("Bearer {}", self.token)).await.unwrap()
    }

    /// Makes a call and returns its code.
    pub(crate) async fn code(&self, method: &str, path: &str, body: &Value) -> i64 {
        self.call(method, path, body).await.1["code"].as_i64().unwrap()
    }

    /// Makes a call that must succeed and returns its data.
    pub(crate) async fn good(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!((status, &answer["code"]), (200, &json!(0)), "{method} {path}: {answer}");
        answer["data"].clone()
    }

    /// Sends a card and returns the id of the message.
    pub(crate) async fn send_card(&self, chat: &str, card: &Value) -> String {
        let sent = self.good("POST", TO_CHAT, &message(chat, "interactive", card)).await;
        sent["message_id"].as_str().unwrap().to_owned()
    }

    /// Makes an entity and returns its id.
    pub(crate) async fn entity(&self, card: &Value) -> String {
        let body = json!({"type": "card_json", "data": card.to_string()});
        let made = self.good("POST", "cardkit/v1/cards", &body).await;
        made["card_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn endpoint(&self, id: &str, secret: &str) -> Value {
        let url = format!("{}/callback/ws/endpoint", self.feishu.url());
        let body = json!({"AppID": id, "AppSecret": secret});
        self.http.post(url).json(&body).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn socket_url(&self) -> String {
        let options = Options::default();
        let answer = self.endpoint(&options.app_id, &options.app_secret).await;
        answer["data"]["URL"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn connect(&self) -> Link {
        let url = self.socket_url().await;
        let service = url.split("service_id=").nth(1).unwrap().split('&').next().unwrap();
        let service = service.parse().unwrap();
        let before = self.feishu.connections_made();
        let (socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
        let there = |feishu: &Feishu| (feishu.connections_made() > before).then_some(());
        self.feishu.wait_until(SOON, there).await.unwrap();
        Link { socket, service, parts: BTreeMap::new() }
    }
}

pub(crate) const TO_CHAT: &str = "im/v1/messages?receive_id_type=chat_id";

pub(crate) fn message(chat: &str, kind: &str, content: &Value) -> Value {
    json!({"receive_id": chat, "msg_type": kind, "content": content.to_string()})
}

/// A card with these elements.
pub(crate) fn card(elements: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": {"title": {"tag": "plain_text", "content": "Title"}, "template": "blue"},
        "body": {"elements": elements},
    })
}

pub(crate) fn markdown(text: &str) -> Value {
    json!({"tag": "markdown", "content": text})
}

pub(crate) fn button(label: &str, value: &Value) -> Value {
    json!({
        "tag": "button",
        "text": {"tag": "plain_text", "content": label},
        "behaviors": [{"type": "callback", "value": value}],
    })
}

/// An open long connection.
pub(crate) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) service: i32,
    parts: BTreeMap<String, BTreeMap<usize, Vec<u8>>>,
}

impl Link {
    pub(crate) async fn send(&mut self, frame: &Frame) {
        self.raw(frame.encode_to_vec()).await;
    }

    pub(crate) async fn raw(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// Returns the next frame; none when the connection has ended.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        loop {
            let message = tokio::time::timeout(SOON, self.socket.next()).await.unwrap()?.ok()?;
            if message.is_binary() {
                return Some(Frame::read(&message.into_data()).unwrap());
            }
            if message.is_close() {
                return None;
            }
        }
    }

    /// Returns the next whole message and the frame that completed it.
    pub(crate) async fn next(&mut self) -> (Value, Frame) {
        loop {
            let frame = self.frame().await.unwrap();
            let parts = self.parts.entry(frame.header("message_id").to_owned()).or_default();
            let number = |name: &str| frame.header(name).parse::<usize>().unwrap();
            parts.insert(number("seq"), frame.payload.clone().unwrap());
            if parts.len() == number("sum") {
                let whole: Vec<u8> = parts.values().flatten().copied().collect();
                return (serde_json::from_slice(&whole).unwrap(), frame);
            }
        }
    }

    pub(crate) async fn acknowledge(&mut self, frame: Frame, code: u16, answer: Option<&Value>) {
        let data = answer.map(|answer| BASE64_STANDARD.encode(answer.to_string()));
        let payload = json!({"code": code, "headers": {}, "data": data}).to_string();
        let frame = Frame { payload: Some(payload.into_bytes()), ..frame };
        self.send(&frame.with("biz_rt", "1")).await;
    }

    /// Takes the next message and acknowledges it.
    pub(crate) async fn take(&mut self) -> Value {
        let (message, frame) = self.next().await;
        self.acknowledge(frame, 200, None).await;
        message
    }
}
