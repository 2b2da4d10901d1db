//! All on one machine: events come over the long connection, or by webhook.

use crate::stage::ENCRYPT_KEY;
use poco_sim::feishu::{Feishu, Webhook};
use serde_json::Value;

#[derive(Default)]
pub(crate) struct Place {
    webhooks: bool,
}

impl Place {
    /// How PoCo is started.
    pub(crate) const START: &'static [&'static str] = &["start", "--local", "--port", "0"];

    /// Whether one process makes all calls, and so knows how many there were lately.
    pub(crate) const KEEPS_PACE: bool = true;

    /// Whether an event may be answered too late for the platform on a busy machine.
    pub(crate) const MAY_BE_SLOW: bool = false;

    #[expect(clippy::unused_async, reason = "other places take time")]
    pub(crate) async fn new(_feishu: &Feishu, _token: &str) -> Self {
        Self::default()
    }

    /// What PoCo is told of it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        vec![]
    }

    /// What PoCo is told besides, for hard times.
    #[expect(clippy::unused_async, reason = "other places take time")]
    pub(crate) async fn for_deaths(&mut self) -> Vec<(String, String)> {
        vec![]
    }

    pub(crate) fn listen_to_webhooks(&mut self) {
        self.webhooks = true;
    }

    /// Makes ready for a PoCo that starts with these settings.
    pub(crate) fn open(&mut self, _settings: &[(String, String)]) {}

    /// Has Feishu call a PoCo that takes events there.
    pub(crate) fn call(&self, feishu: &Feishu, url: String) {
        if self.webhooks {
            feishu.webhook(Some(Webhook { url, encrypt_key: Some(ENCRYPT_KEY.to_owned()) }));
        }
    }

    /// Whether what people do reaches a PoCo that says this of itself.
    #[expect(clippy::unused_async, reason = "other places take time")]
    pub(crate) async fn is_open(&self, health: &Value) -> bool {
        health["feishu_listener_ready"] == true
    }

    /// Where Feishu delivers events to a PoCo that takes them there.
    pub(crate) fn door(&self, url: String) -> String {
        url
    }
}
