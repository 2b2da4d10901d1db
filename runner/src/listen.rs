//! Lets in what comes from Feishu, by webhook or over the long connection.

use crate::settle::Settler;
use crate::traffic::{Inbound, Listener, Mishap, Traffic};
use async_trait::async_trait;
use axum::Router;
use poco_core::{ChatId, Lang, Timestamp};
use poco_io::app::App;
use poco_io::config::{Config, Delivery};
use poco_io::feishu::door::{Door, Handler, Reply, Seen};
use poco_io::feishu::socket::{Socket, Status};
use poco_io::feishu::webhook;
use poco_io::feishu::{Feishu, http_client};
use poco_io::keyring::Keyring;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How often the platform is asked who our bot is, until it says.
const ASK_EVERY: Duration = Duration::from_secs(20);

/// The way in from Feishu. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    app: App,
    door: Door,
    settler: Settler,
    traffic: Traffic,
}

impl Entrance {
    pub(crate) fn new(app: App, settler: Settler, traffic: Traffic) -> Self {
        Self { door: Door::new(app.clone()), app, settler, traffic }
    }

    /// The routes Feishu calls; none if it is not to.
    pub(crate) fn webhooks(&self, config: &Config, clock: fn() -> Timestamp) -> Router {
        let feishu = &config.feishu;
        if !feishu.is_set() || feishu.delivery != Delivery::Webhook {
            return Router::new();
        }
        webhook::routes(Arc::new(self.clone()), Keyring::fixed(feishu.keys()), clock)
    }

    /// Finds out who our bot is, and keeps a long connection if there is to be one.
    pub(crate) async fn listen(
        self,
        config: Arc<Config>,
        feishu: Option<Arc<Feishu>>,
        stopped: watch::Receiver<bool>,
    ) {
        let Some(feishu) = feishu else { return };
        match config.feishu.delivery {
            Delivery::Webhook => {
                self.traffic.listens(Listener { ready: true, detail: "webhook".to_owned() });
                self.meet(&feishu).await;
            }
            Delivery::LongConnection => {
                tokio::join!(self.meet(&feishu), self.connect(&config, stopped));
            }
        }
    }

    async fn meet(&self, feishu: &Feishu) {
        loop {
            match feishu.check().await {
                Ok(bot) => {
                    self.door.know_bot(&bot.open_id);
                    tracing::info!(bot.name = bot.app_name, "Feishu knows the app");
                    return;
                }
                Err(rejected) => self.mishap("check", rejected.explain().of(Lang::En)),
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// Keeps the long connection, and tells how it is.
    async fn connect(&self, config: &Config, stopped: watch::Receiver<bool>) {
        let http = match http_client(&config.feishu.base_url) {
            Ok(http) => http,
            Err(error) => return self.mishap("connect", &format!("{error:#}")),
        };
        let socket = Socket::new(http, &config.feishu, self.app.clock);
        let (status, mut told) = watch::channel(Status::Connecting);
        let tell = async {
            loop {
                let listener = listener(&told.borrow_and_update());
                self.traffic.listens(listener);
                if told.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = socket.run(Arc::new(self.clone()), &status, stopped) => {}
            () = tell => {}
        }
    }

    /// Has done what follows from a press: what does not change its card at once, the rest when its
    /// answer is `out`, for the platform refuses a change that comes first.
    async fn follow(self, chat: ChatId, out: oneshot::Receiver<()>) {
        if let Err(error) = self.app.send_jobs(&chat).await {
            tracing::warn!(chat.id = %chat, "jobs could not be sent yet: {error:#}");
        }
        // Nothing is ever sent: the other end is dropped.
        let _ = out.await;
        self.settler.soon(&chat);
    }

    fn note(&self, seen: &Seen, since: Timestamp) {
        let now = (self.app.clock)();
        self.traffic.came(Inbound {
            recorded_at: now.0,
            event_id: seen.id.clone(),
            kind: seen.kind.to_owned(),
            user_id: seen.by.as_ref().map(ToString::to_string).unwrap_or_default(),
            chat_id: seen.taken.chat.to_string(),
            took_ms: now.since(since),
            result: "taken in".to_owned(),
        });
    }

    fn mishap(&self, stage: &'static str, message: &str) {
        tracing::warn!("feishu {stage}: {message}");
        let recorded_at = (self.app.clock)().0;
        self.traffic.failed(Mishap { recorded_at, stage, message: message.to_owned() });
    }
}

fn listener(status: &Status) -> Listener {
    let ready = matches!(status, Status::Connected { .. });
    Listener { ready, detail: status.to_string() }
}

#[async_trait]
impl Handler for Entrance {
    async fn take(&self, payload: &Value) -> anyhow::Result<Reply> {
        let since = (self.app.clock)();
        let answer = match self.door.take(payload).await {
            Ok(answer) => answer,
            Err(error) => {
                self.mishap("event", &format!("{error:#}"));
                return Err(error);
            }
        };
        let mut reply = Reply::from(answer.body);
        if let Some(seen) = answer.event {
            self.note(&seen, since);
            let chat = seen.taken.chat;
            if seen.pressed {
                let (sender, out) = oneshot::channel();
                reply.out = Some(sender);
                tokio::spawn(self.clone().follow(chat, out));
            } else {
                self.settler.soon(&chat);
            }
        }
        Ok(reply)
    }
}
