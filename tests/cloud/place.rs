//! The cloud on this machine: two functions behind an HTTP API, a table, queues, and a line to
//! them that can be cut.

use crate::stage::ENCRYPT_KEY;
use poco_core::{Runner, Timestamp};
use poco_io::port::{Document, Store};
use poco_io::store::Dynamo;
use poco_sim::feishu::{Feishu, Webhook};
use poco_tests::cloud::{
    Cloud, Functions, Lambda, Line, Meddler, Program, RECEIVES_MAX, asks_for_a_look, gateway,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// The machine that is there from the start.
pub(crate) const LAPTOP: &str = "laptop";

/// How long after it was not acknowledged an event is delivered again.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// The machine for hard times.
const PATIENT: &str = "desktop";

pub(crate) struct Place {
    runner: &'static str,
    pub(crate) cloud: Cloud,
    pub(crate) functions: Functions,
    pub(crate) line: Line,
    table: String,
    queue: String,
    url: String,
    again: AbortHandle,
}

impl Place {
    /// How a machine is started.
    pub(crate) const START: &'static [&'static str] = &["runner", "start", "--port", "0"];

    /// Functions and machines do not know of each other's calls: one that comes too early is refused,
    /// and made again.
    pub(crate) const KEEPS_PACE: bool = false;

    /// Functions give up after two seconds, and start anew when they must.
    pub(crate) const MAY_BE_SLOW: bool = true;

    pub(crate) async fn new(feishu: &Feishu, token: &str) -> Self {
        let line = Line::to(&Cloud::endpoint(), false).await;
        let cloud = Cloud::new();
        let (table, queue) = (cloud.table(), cloud.queue_of(LAPTOP, RECEIVES_MAX));
        let secret = json!({
            "app_secret": feishu.app_secret(),
            "verification_token": token,
            "encrypt_key": ENCRYPT_KEY,
        });
        let mut environment = cloud.environment_at(line.url());
        environment.push(("POCO_SECRET_ARN".to_owned(), cloud.secret(&secret.to_string())));
        let function = || Arc::new(Lambda::new(program(), &environment));
        let functions = Functions { events: function(), actions: function() };
        let url = gateway::open(functions.clone()).await;
        let events = format!("{url}/platform/feishu/events");
        let encrypt_key = Some(ENCRYPT_KEY.to_owned());
        feishu.webhook(Some(Webhook { url: events, encrypt_key }));
        feishu.callbacks_to(format!("{url}/platform/feishu/card-actions"));
        let again = tokio::spawn(deliver_again(feishu.clone())).abort_handle();
        Self { again, runner: LAPTOP, cloud, functions, line, table, queue, url }
    }

    /// What a machine is told of it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let mut settings = self.cloud.environment_at(self.line.url());
        let more = [
            ("POCO_STATE_BACKEND", "dynamodb"),
            ("POCO_STATE_TABLE", &self.table),
            ("POCO_QUEUE_URL", &self.queue),
            ("POCO_RUNNER", LAPTOP),
        ];
        settings.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        settings
    }

    /// What a machine is told besides, for hard times: what a process held that was killed comes
    /// back soon, however often.
    pub(crate) async fn for_deaths(&mut self) -> Vec<(String, String)> {
        self.through(&Cloud::endpoint()).await
    }

    /// Like [`Place::for_deaths`]; calls go wrong where [`Cloud::faults`] says so, too.
    pub(crate) async fn for_trouble(&mut self) -> Vec<(String, String)> {
        self.through(&Cloud::shaky_endpoint()).await
    }

    async fn through(&mut self, endpoint: &str) -> Vec<(String, String)> {
        self.line = Line::to(endpoint, true).await;
        self.queue = self.cloud.queue_of(PATIENT, 1_000);
        self.runner = PATIENT;
        let (url, queue) = (self.line.url().to_owned(), self.queue.clone());
        vec![
            ("AWS_ENDPOINT_URL".to_owned(), url),
            ("POCO_QUEUE_URL".to_owned(), queue),
            ("POCO_RUNNER".to_owned(), PATIENT.to_owned()),
        ]
    }

    pub(crate) fn listen_to_webhooks(&mut self) {}

    /// Tells the functions what the machine that starts is told, but for what they get from the
    /// secret and what is of a machine.
    pub(crate) fn open(&mut self, settings: &[(String, String)]) {
        let own = ["POCO_FEISHU_APP_SECRET", "POCO_FEISHU_ENCRYPT_KEY", "POCO_RUNNER"];
        for function in [&self.functions.events, &self.functions.actions] {
            let of_functions = settings.iter().filter(|(name, _)| {
                name.starts_with("POCO_")
                    && !own.contains(&name.as_str())
                    && !name.starts_with("POCO_CODEX")
            });
            of_functions.for_each(|(name, value)| function.set(name, value));
            function.set("AWS_ENDPOINT_URL", self.line.url());
            function.set("POCO_FEISHU_DELIVERY_MODE", "webhook");
            function.set("POCO_LOG", "warn");
        }
    }

    pub(crate) fn call(&self, _feishu: &Feishu, _url: String) {}

    /// Whether the machine has left word that it is there.
    pub(crate) async fn is_open(&self, _health: &Value) -> bool {
        self.last_heard(self.runner).await.is_some()
    }

    /// When a machine last left word of itself.
    pub(crate) async fn last_heard(&self, machine: &str) -> Option<Timestamp> {
        let word = self.store().get(&word_of(machine)).await.unwrap()?;
        Some(serde_json::from_str::<Runner>(&word.body).unwrap().seen)
    }

    /// Makes the queue of another machine.
    pub(crate) fn add_machine(&self, machine: &str) {
        self.cloud.queue_of(machine, RECEIVES_MAX);
    }

    /// Makes it so that a machine was last heard so many minutes ago. Functions know at once.
    pub(crate) async fn heard(&self, machine: &str, minutes: u64) {
        let (store, key) = (self.store(), word_of(machine));
        let Document { version, body, due } = store.get(&key).await.unwrap().unwrap();
        let mut runner: Runner = serde_json::from_str(&body).unwrap();
        runner.seen = Timestamp(poco_io::clock::now().0 - minutes * 60_000);
        let body = serde_json::to_string(&runner).unwrap();
        store.put(&key, &Document { version: version + 1, body, due }).await.unwrap();
        self.kill_functions();
    }

    /// Puts a job of a newer version into the queue of the machine.
    pub(crate) async fn ask_what_nobody_can_read(&self, chat: &str) {
        let client = aws_sdk_sqs::Client::new(&self.cloud.config());
        let queue = self.queue.replace("{runner}", self.runner);
        let body = json!({ "id": "1", "chat": chat, "command": { "Dance": {} } }).to_string();
        let send = client.send_message().queue_url(&queue).message_body(body);
        send.message_group_id(chat).message_deduplication_id("1").send().await.unwrap();
    }

    /// Has a function look, as the schedule of the template does.
    pub(crate) async fn look(&self) -> Value {
        let answer = self.functions.events.invoke(asks_for_a_look()).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }

    fn store(&self) -> Dynamo {
        Dynamo::new(&self.cloud.config(), &self.table)
    }

    pub(crate) fn kill_functions(&self) {
        self.functions.events.kill();
        self.functions.actions.kill();
    }

    /// Has somebody meddle with the jobs of the machine.
    pub(crate) fn meddle(&self) -> Meddler {
        Meddler::start(&self.cloud, &self.queue.replace("{runner}", self.runner))
    }

    /// Where Feishu delivers events.
    pub(crate) fn door(&self, _url: String) -> String {
        format!("{}/platform/feishu/events", self.url)
    }
}

/// Where a machine leaves word of itself.
fn word_of(machine: &str) -> String {
    format!("runner/{machine}")
}

/// Delivers again what was not acknowledged: the platform does so too, after much longer.
async fn deliver_again(feishu: Feishu) {
    loop {
        let before = feishu.unacknowledged();
        tokio::time::sleep(AGAIN_AFTER).await;
        let left = feishu.unacknowledged().into_iter().filter(|it| before.contains(it));
        left.for_each(|event| feishu.redeliver(&event));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.again.abort();
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
