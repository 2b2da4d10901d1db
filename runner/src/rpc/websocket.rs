//! One message per WebSocket frame, over a Unix socket.

use super::{Sink, Source, Transport};
use anyhow::Context;
use async_trait::async_trait;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The longest message taken: a long history comes as one.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

pub(crate) struct WebSocket(WebSocketStream<UnixStream>);

impl WebSocket {
    pub(crate) async fn connect(stream: UnixStream) -> anyhow::Result<Self> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let (stream, _) =
            tokio_tungstenite::client_async_with_config("ws://localhost/", stream, Some(limits))
                .await
                .context("open a WebSocket on the socket")?;
        Ok(Self(stream))
    }
}

impl Transport for WebSocket {
    fn split(self: Box<Self>) -> (Box<dyn Source>, Box<dyn Sink>) {
        let (sink, stream) = self.0.split();
        (Box::new(Reader(stream)), Box::new(Writer(sink)))
    }
}

struct Reader(SplitStream<WebSocketStream<UnixStream>>);

#[async_trait]
impl Source for Reader {
    async fn next(&mut self) -> anyhow::Result<Option<String>> {
        while let Some(message) = self.0.next().await {
            match message.context("read a frame")? {
                Message::Text(text) => return Ok(Some(text.as_str().to_owned())),
                Message::Close(_) => return Ok(None),
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        Ok(None)
    }
}

struct Writer(SplitSink<WebSocketStream<UnixStream>, Message>);

#[async_trait]
impl Sink for Writer {
    async fn send(&mut self, message: String) -> anyhow::Result<()> {
        self.0.send(Message::text(message)).await.context("write a frame")
    }
}
