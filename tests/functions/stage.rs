//! The cloud around two functions: table, queue and secret, a machine that is there, and Feishu.

use poco_core::{ChatId, Room, Runner, RunnerId, Settings, Timestamp};
use poco_io::app::{App, Debt};
use poco_io::config::{Config, Environment};
use poco_io::port::{Job, Queue, Store};
use poco_io::{clock, queue, store};
use poco_sim::feishu::{Feishu, Options, Webhook, encrypt, sign};
use poco_tests::cloud::{Cloud, Faults, Functions, Lambda, Program, Watch, gateway};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What Feishu gives us to answer in.
pub(crate) const FEISHU_WAITS: Duration = Duration::from_secs(3);

pub(crate) const EVENTS: &str = "/platform/feishu/events";
pub(crate) const ACTIONS: &str = "/platform/feishu/card-actions";

/// The machine that is there, and where it works.
pub(crate) const RUNNER: &str = "laptop";
pub(crate) const WORKDIR: &str = "/home/ada";

const KEY: &str = "simulated-encrypt-key";

/// By then whatever should have happened has.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    pub(crate) feishu: Feishu,
    pub(crate) functions: Functions,
    /// The app as a machine has it, whose calls never go wrong.
    pub(crate) app: App,
    cloud: Cloud,
    queue: String,
    /// Where the functions for events and for actions are.
    urls: [String; 2],
    http: reqwest::Client,
    owner: String,
    token: String,
    key: Option<String>,
    environment: Vec<(String, String)>,
    /// What serves the functions, if not we ourselves.
    watch: Option<Watch>,
}

/// How Feishu's requests are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    Token,
    Encryption,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::protected(Protection::Encryption).await
    }

    pub(crate) async fn protected(by: Protection) -> Self {
        Self::with(by).await
    }

    /// Has the functions served by `cargo lambda watch`.
    pub(crate) async fn watched(by: Protection) -> Self {
        let mut stage = Self::with(by).await;
        stage.cold().await;
        stage
    }

    async fn with(by: Protection) -> Self {
        let options = Options::default();
        let (token, app_id) = (options.verification_token.clone(), options.app_id.clone());
        let mut secret = json!({ "app_secret": options.app_secret, "verification_token": token });
        let key = (by == Protection::Encryption).then(|| KEY.to_owned());
        secret["encrypt_key"] = key.clone().into();
        let feishu = Feishu::start(options).await.unwrap();
        let owner = feishu.open_id("ada").unwrap();
        let cloud = Cloud::new();
        let (table, (queue, _)) = (cloud.table(), cloud.queue());
        let arn = cloud.secret(&secret.to_string());
        let mut environment = cloud.shaky_environment();
        let settings = [
            ("POCO_LOG", "warn"),
            ("POCO_OWNER_OPEN_ID", &owner),
            ("POCO_FEISHU_APP_ID", &app_id),
            ("POCO_FEISHU_API_BASE_URL", feishu.url()),
            ("POCO_FEISHU_DELIVERY_MODE", "webhook"),
            ("POCO_STATE_BACKEND", "dynamodb"),
            ("POCO_STATE_TABLE", &table),
            ("POCO_QUEUE_URL", &queue),
            ("POCO_SECRET_ARN", &arn),
        ];
        environment.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let store = Arc::new(store::Dynamo::new(&cloud.config(), &table));
        let sender = Arc::new(queue::Sqs::sender(&cloud.config(), &queue));
        let app = machine(store, sender, &feishu);
        app.heartbeat(&laptop(), "one").await.unwrap();
        let functions = Functions {
            events: Arc::new(Lambda::new(program("events"), &environment)),
            actions: Arc::new(Lambda::new(program("actions"), &environment)),
        };
        let url = gateway::open(functions.clone()).await;
        let urls = [url.clone(), url];
        let webhook = Webhook { url: format!("{}{EVENTS}", urls[0]), encrypt_key: key.clone() };
        feishu.webhook(Some(webhook));
        feishu.callbacks_to(format!("{}{ACTIONS}", urls[1]));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            feishu,
            functions,
            app,
            cloud,
            queue,
            urls,
            http,
            owner,
            token,
            key,
            environment,
            watch: None,
        }
    }

    /// Starts both functions anew under `cargo lambda watch`.
    pub(crate) async fn cold(&mut self) {
        // A server of its own: the one before would go on waiting for the processes that are gone.
        let watch = Watch::bare().await;
        for (url, name) in self.urls.iter_mut().zip(["events", "actions"]) {
            watch.run(name, &program(name), &self.environment);
            *url = watch.url(name);
        }
        self.watch = Some(watch);
        let encrypt_key = self.key.clone();
        let url = self.url(EVENTS);
        self.feishu.webhook(Some(Webhook { url, encrypt_key }));
        self.feishu.callbacks_to(self.url(ACTIONS));
        let end = Instant::now() + DEADLINE;
        for path in [EVENTS, ACTIONS] {
            let health = self.url(path).replace(path, "/health");
            while answer(self.http.get(&health)).await.status != 200 {
                assert!(Instant::now() < end, "a function does not start");
            }
        }
    }

    fn url(&self, path: &str) -> String {
        let url = &self.urls[usize::from(path == ACTIONS)];
        format!("{url}{path}")
    }

    pub(crate) fn faults(&self) -> Faults {
        self.cloud.faults()
    }

    /// The app as a machine has it; its calls are counted, and go wrong.
    pub(crate) fn machine(&self) -> App {
        let config = self.cloud.shaky_config();
        let sender = Arc::new(queue::Sqs::sender(&config, &self.queue));
        machine(
            Arc::new(store::Dynamo::new(&config, self.cloud.table_name())),
            sender,
            &self.feishu,
        )
    }

    /// The queue as a machine has it.
    pub(crate) fn queue(&self) -> queue::Sqs {
        queue::Sqs::receiver(&self.cloud.shaky_config(), &self.queue)
    }

    /// Where the owner talks to the bot alone.
    pub(crate) fn direct(&self) -> String {
        self.feishu.direct_chat("ada").unwrap()
    }

    pub(crate) async fn room(&self, chat: &str) -> Room {
        self.app.room(&ChatId::new(chat)).await.unwrap()
    }

    /// A message of the owner's in the direct chat.
    pub(crate) fn message(&self, event: &str, text: &str) -> Value {
        json!({
            "schema": "2.0",
            "header": {
                "event_id": event,
                "event_type": "im.message.receive_v1",
                "create_time": clock::now().0.to_string(),
                "token": self.token,
                "app_id": self.feishu.app_id(),
            },
            "event": {
                "sender": { "sender_id": { "open_id": self.owner }, "sender_type": "user" },
                "message": {
                    "message_id": format!("om_{event}"),
                    "chat_id": self.direct(),
                    "chat_type": "p2p",
                    "message_type": "text",
                    "create_time": clock::now().0.to_string(),
                    "content": json!({ "text": text }).to_string(),
                },
            },
        })
    }

    /// A press of the owner's that makes a task.
    pub(crate) fn press(&self, event: &str) -> Value {
        let mut press = self.message(event, "");
        let value = json!({ "intent_key": "task.submit", "prompt": "pressed" });
        press["header"]["event_type"] = "card.action.trigger".into();
        press["event"] = json!({
            "operator": { "open_id": self.owner },
            "token": "c-0123456789",
            "action": { "tag": "button", "value": value },
            "context": { "open_message_id": "om_card", "open_chat_id": self.direct() },
        });
        press
    }

    /// Sends what Feishu would: encrypted and signed, if it is to be.
    pub(crate) async fn send(&self, path: &str, payload: &Value) -> Answer {
        let (body, headers) = self.sealed(payload, clock::now());
        let mut request = self.request(path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        answer(request.body(body)).await
    }

    /// Returns a body and the headers that prove who it is from.
    pub(crate) fn sealed(
        &self,
        payload: &Value,
        at: Timestamp,
    ) -> (String, Vec<(&'static str, String)>) {
        let Some(key) = &self.key else { return (payload.to_string(), vec![]) };
        let sealed = encrypt(key, *b"0123456789abcdef", &payload.to_string());
        let body = json!({ "encrypt": sealed }).to_string();
        let at = (at.0 / 1_000).to_string();
        let signature = sign(&at, "nonce", key, &body);
        let headers = vec![
            ("x-lark-request-timestamp", at),
            ("x-lark-request-nonce", "nonce".to_owned()),
            ("x-lark-signature", signature),
        ];
        (body, headers)
    }

    pub(crate) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path))).await
    }

    /// Does as a machine that was told to settle: tries until all is shown.
    pub(crate) async fn settled(&self, chat: &str) {
        let (chat, end) = (ChatId::new(chat), Instant::now() + DEADLINE);
        while self.app.settle(&chat).await.unwrap() == Debt::Owing {
            assert!(Instant::now() < end, "something is owed still");
        }
    }

    /// Takes jobs off the queue until there are as many as that.
    pub(crate) async fn jobs(&self, count: usize) -> Vec<Job> {
        let queue = queue::Sqs::receiver(&self.cloud.config(), &self.queue);
        let mut jobs = vec![];
        let end = Instant::now() + DEADLINE;
        while jobs.len() < count {
            assert!(Instant::now() < end, "only {jobs:?}");
            for delivery in queue.receive().await.unwrap() {
                queue.done(&delivery).await.unwrap();
                jobs.push(delivery.job);
            }
        }
        jobs
    }

    /// How many jobs wait.
    pub(crate) async fn waiting(&self) -> usize {
        self.cloud.waiting(&self.queue).await
    }
}

/// The function as it is to be deployed, if there is one; else as it was built for this test.
pub(crate) fn program(name: &str) -> Program {
    let built = match name {
        "events" => env!("CARGO_BIN_EXE_events"),
        _ => env!("CARGO_BIN_EXE_actions"),
    };
    Program::released(name).unwrap_or_else(|| Program::new(built))
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let begun = Instant::now();
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
    Answer { status, body, took: begun.elapsed() }
}

/// The app as a machine has it.
pub(crate) fn machine(store: Arc<dyn Store>, queue: Arc<dyn Queue>, feishu: &Feishu) -> App {
    let home = std::env::temp_dir().to_string_lossy().into_owned();
    let environment = Environment::default()
        .with("HOME", home)
        .with("POCO_OWNER_OPEN_ID", feishu.open_id("ada").unwrap())
        .with("POCO_FEISHU_APP_ID", feishu.app_id())
        .with("POCO_FEISHU_APP_SECRET", feishu.app_secret())
        .with("POCO_FEISHU_API_BASE_URL", feishu.url());
    let config = Config::read(environment).unwrap();
    let chat = Arc::new(poco_io::feishu::Feishu::new(&config.feishu).unwrap());
    let terms = config.terms(vec!["codex".to_owned()]);
    App::new(store, queue, chat, terms, clock::now)
}

/// What the machine says of itself.
pub(crate) fn laptop() -> Runner {
    Runner {
        id: RunnerId::new(RUNNER),
        host: "laptop".to_owned(),
        version: "0".to_owned(),
        agents: vec!["codex".to_owned()],
        settings: Some(Settings {
            runner: RunnerId::new(RUNNER),
            agent: "codex".to_owned(),
            workdir: WORKDIR.to_owned(),
            model: None,
            effort: None,
            mode: None,
            sandbox: "workspace-write".to_owned(),
            approval_policy: "on-request".to_owned(),
        }),
        models: Default::default(),
        offers: Default::default(),
        turns: 0,
        seats: 16,
        since: clock::now(),
        draining: false,
        seen: clock::now(),
    }
}
