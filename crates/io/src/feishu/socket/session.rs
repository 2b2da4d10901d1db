//! One connection, from its first ping to its end.

use super::endpoint::ClientConfig;
use super::parts::Parts;
use super::{Settings, stopped};
use crate::feishu::door::{Handler, Reply};
use crate::feishu::frame::Frame;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(super) type Connection = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The most events that are taken in at once. Beyond them nothing is read.
const HANDLERS_MAX: usize = 32;

/// How long one event may take. The platform stops waiting long before.
const HANDLER_PATIENCE: Duration = Duration::from_secs(30);

/// How long a write may take before the connection counts as dead.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// How long events under way are waited for at the end.
const END_PATIENCE: Duration = Duration::from_secs(3);

/// What the platform may be late with an answer to a ping, at most.
const MARGIN_MAX: Duration = Duration::from_secs(15);

/// Codes of an answer to an event.
const TAKEN: u16 = 200;
const FAILED: u16 = 500;

pub(super) struct Session {
    connection: Connection,
    service: i32,
    handler: Arc<dyn Handler>,
    parts: Parts,
    /// Events being taken in; each becomes the frame that answers it, and what waits for that.
    running: JoinSet<(Frame, Option<oneshot::Sender<()>>)>,
    heard: Instant,
    next_ping: Instant,
}

impl Session {
    pub(super) fn new(connection: Connection, service: i32, handler: Arc<dyn Handler>) -> Self {
        let (parts, running, now) = (Parts::default(), JoinSet::new(), Instant::now());
        Self { connection, service, handler, parts, running, heard: now, next_ping: now }
    }

    /// Keeps the connection until it ends or is no longer wanted. Returns why it ended.
    pub(super) async fn run(
        &mut self,
        settings: &mut Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> String {
        let ended = self.converse(settings, stop).await;
        // They are not cut short: what they began to save they save. Their answers get lost.
        self.running.detach_all();
        ended.err().unwrap_or_else(|| "PoCo stops".to_owned())
    }

    async fn converse(
        &mut self,
        settings: &mut Settings,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), String> {
        loop {
            let is_full = self.running.len() >= HANDLERS_MAX;
            let silent = self.heard + 2 * settings.ping + settings.ping.min(MARGIN_MAX);
            tokio::select! {
                message = self.connection.next(), if !is_full => {
                    self.heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.take(message, settings)?,
                        Some(Err(error)) => return Err(format!("the connection broke: {error}")),
                        None => return Err("Feishu closed the connection".to_owned()),
                    }
                }
                Some(answer) = self.running.join_next() => {
                    if is_full {
                        // Nothing could be heard until now.
                        self.heard = Instant::now();
                    }
                    match answer {
                        Ok((frame, _out)) => self.send(&frame).await?,
                        Err(error) => tracing::error!(%error, "taking in an event broke off"),
                    }
                }
                () = sleep_until(self.next_ping) => {
                    self.send(&Frame::ping(self.service)).await?;
                    self.next_ping = Instant::now() + settings.ping;
                }
                () = sleep_until(silent), if !is_full => {
                    return Err("Feishu fell silent".to_owned());
                }
                () = stopped(stop) => return self.end().await,
            }
        }
    }

    fn take(&mut self, message: Message, settings: &mut Settings) -> Result<(), String> {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return Err("Feishu closed the connection".to_owned()),
            // Pings are answered by the library with the next read or write.
            Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_) => {
                return Ok(());
            }
        };
        match Frame::read(&bytes) {
            Ok(frame) if frame.is_data() => self.begin(frame),
            Ok(frame) => self.learn(&frame, settings),
            Err(error) => tracing::warn!(%error, "a frame cannot be read"),
        }
        Ok(())
    }

    /// A pong may say how often to ping from now on.
    fn learn(&mut self, frame: &Frame, settings: &mut Settings) {
        let payload = frame.payload.as_deref().unwrap_or_default();
        if let Ok(config) = serde_json::from_slice::<ClientConfig>(payload) {
            settings.learn(&config);
            self.next_ping = self.next_ping.min(Instant::now() + settings.ping);
        }
    }

    /// Begins to take in an event, if this is its last frame.
    fn begin(&mut self, mut frame: Frame) {
        let Some(payload) = self.parts.add(&mut frame, Instant::now()) else { return };
        // What can't be read would not get better by coming again: it is taken in as nothing.
        let payload = serde_json::from_slice(&payload).unwrap_or_default();
        let handler = self.handler.clone();
        self.running.spawn(async move {
            let began = Instant::now();
            let (code, reply) = match timeout(HANDLER_PATIENCE, handler.take(&payload)).await {
                Ok(Ok(reply)) => (TAKEN, reply),
                Ok(Err(error)) => {
                    tracing::error!(error = format!("{error:#}"), "an event cannot be taken in");
                    (FAILED, Value::Null.into())
                }
                Err(_) => {
                    tracing::error!("taking in an event takes too long");
                    (FAILED, Value::Null.into())
                }
            };
            let Reply { body, out } = reply;
            (answer(frame, code, &body, began.elapsed()), out)
        });
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), String> {
        let message = Message::Binary(frame.write().into());
        match timeout(WRITE_PATIENCE, self.connection.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the connection broke: {error}")),
            Err(_) => Err("Feishu takes nothing in".to_owned()),
        }
    }

    /// Answers what is under way and says goodbye.
    async fn end(&mut self) -> Result<(), String> {
        let answers = async {
            while let Some(answer) = self.running.join_next().await {
                if let Ok((frame, _out)) = answer {
                    let message = Message::Binary(frame.write().into());
                    if self.connection.send(message).await.is_err() {
                        return;
                    }
                }
            }
            let _ = self.connection.close(None).await;
        };
        let _ = timeout(END_PATIENCE, answers).await;
        Ok(())
    }
}

/// Makes the frame that answers an event: the same one, with another payload.
fn answer(frame: Frame, code: u16, body: &Value, took: Duration) -> Frame {
    let data = Some(body).filter(|it| !it.is_null()).map(|it| STANDARD.encode(it.to_string()));
    let payload = json!({ "code": code, "headers": {}, "data": data }).to_string();
    let frame = frame.with("biz_rt", took.as_millis().to_string());
    Frame { payload: Some(payload.into_bytes()), ..frame }
}
