//! The cloud on this machine: two functions behind an HTTP API, a table, queues, and a line to
//! them that can be cut.

use crate::stage::ENCRYPT_KEY;
use poco_sim::feishu::{Feishu, Webhook};
use poco_tests::cloud::{Cloud, Functions, Lambda, Line, Program, RECEIVES_MAX, gateway};
use serde_json::{Value, json};
use std::sync::Arc;

/// The machine that is there from the start.
pub(crate) const LAPTOP: &str = "laptop";

pub(crate) struct Place {
    pub(crate) cloud: Cloud,
    pub(crate) functions: Functions,
    pub(crate) line: Line,
    table: String,
    queue: String,
    url: String,
}

impl Place {
    /// How a machine is started.
    pub(crate) const START: &'static [&'static str] = &["start", "--port", "0"];

    /// Functions and machines do not know of each other's calls: one that comes too early is refused,
    /// and made again.
    pub(crate) const KEEPS_PACE: bool = false;

    pub(crate) async fn new(feishu: &Feishu, token: &str) -> Self {
        Self::with(feishu, token, Line::to(&Cloud::endpoint(), false).await, RECEIVES_MAX).await
    }

    async fn with(feishu: &Feishu, token: &str, line: Line, receives_max: u32) -> Self {
        let cloud = Cloud::new();
        let (table, queue) = (cloud.table(), cloud.queue_of(LAPTOP, receives_max));
        let secret = json!({
            "app_secret": feishu.app_secret(),
            "verification_token": token,
            "encrypt_key": ENCRYPT_KEY,
        });
        let mut environment = cloud.environment(line.url());
        environment.push(("POCO_SECRET_ARN".to_owned(), cloud.secret(&secret.to_string())));
        let function = || Arc::new(Lambda::new(program(), &environment));
        let functions = Functions { events: function(), actions: function() };
        let url = gateway::open(functions.clone()).await;
        let events = format!("{url}/platform/feishu/events");
        let encrypt_key = Some(ENCRYPT_KEY.to_owned());
        feishu.webhook(Some(Webhook { url: events, encrypt_key }));
        feishu.callbacks_to(format!("{url}/platform/feishu/card-actions"));
        Self { cloud, functions, line, table, queue, url }
    }

    /// What a machine is told of it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut settings = self.cloud.environment(self.line.url());
        let more = [
            ("POCO_STATE_BACKEND", "dynamodb"),
            ("POCO_STATE_TABLE", &self.table),
            ("POCO_QUEUE_URL", &self.queue),
            ("POCO_RUNNER", LAPTOP),
        ];
        settings.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings
    }

    pub(crate) fn listen_to_webhooks(&mut self) {}

    /// Tells the functions what the machine that starts is told, but for what they get from the
    /// secret and what is of a machine.
    pub(crate) fn open(&mut self, settings: &[(String, String)]) {
        let own = ["POCO_FEISHU_APP_SECRET", "POCO_FEISHU_ENCRYPT_KEY", "POCO_RUNNER"];
        for function in [&self.functions.events, &self.functions.actions] {
            let of_functions = settings.iter().filter(|(name, _)| {
                name.starts_with("POCO_") && !own.contains(&name.as_str())
                    && !name.starts_with("POCO_CODEX")
            });
            of_functions.for_each(|(name, value)| function.set(name, value));
            function.set("POCO_FEISHU_DELIVERY_MODE", "webhook");
            function.set("POCO_LOG", "warn");
        }
    }

    pub(crate) fn call(&self, _feishu: &Feishu, _url: String) {}

    /// Whether a machine has left word that it is there.
    pub(crate) async fn is_open(&self, _health: &Value) -> bool {
        let runners = poco_io::store::Dynamo::new(&self.cloud.config(), &self.table);
        poco_io::port::Store::get(&runners, &format!("runner/{LAPTOP}")).await.unwrap().is_some()
    }

    /// Where Feishu delivers events.
    pub(crate) fn door(&self, _url: String) -> String {
        format!("{}/platform/feishu/events", self.url)
    }
}

/// A function is this test program again, as a process of its own.
fn program() -> Program {
    let arguments = ["--exact", "place::function", "--ignored", "--nocapture"];
    Program {
        path: std::env::current_exe().unwrap(),
        arguments: arguments.map(str::to_owned).to_vec(),
    }
}

#[tokio::test]
#[ignore = "runs as a child of the test below"]
async fn function() {
    poco_functions::serve().await.unwrap();
}
