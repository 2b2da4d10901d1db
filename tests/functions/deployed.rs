//! The template as it is: the functions work with the rights it gives, and miss each one of them.

use crate::stage::{RUNNER, laptop, machine};
use poco_core::{ChatId, Command, Runner, Timestamp};
use poco_io::app::{App, Debt};
use poco_io::port::{Job, Queue};
use poco_io::{clock, queue, store};
use poco_sim::feishu::{Feishu, Options, encrypt, sign};
use poco_tests::cloud::Stack;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

const KEY: &str = "simulated-encrypt-key";

const PROGRAMS: [&str; 2] = [env!("CARGO_BIN_EXE_events"), env!("CARGO_BIN_EXE_actions")];

const DEADLINE: Duration = Duration::from_secs(60);

struct Deployed {
    stack: Stack,
    feishu: Feishu,
    app: App,
    token: String,
    queue: String,
    http: reqwest::Client,
}

/// Where the app's secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    InSecretsManager,
    /// As a parameter that was there before.
    InSsm,
}

const PARAMETER: &str = "/poco/feishu";

impl Deployed {
    async fn new() -> Self {
        Self::with(Kept::InSecretsManager).await
    }

    async fn with(kept: Kept) -> Self {
        let options = Options::default();
        let (token, app_id) = (options.verification_token.clone(), options.app_id.clone());
        let secret = options.app_secret.clone();
        let feishu = Feishu::start(options).await.unwrap();
        let (url, owner) = (feishu.url().to_owned(), feishu.open_id("ada").unwrap());
        let verification = token.clone();
        let deploy = move || {
            let mut parameters = vec![
                ("FeishuAppId", app_id.as_str()),
                ("FeishuApiBaseUrl", &url),
                ("OwnerOpenId", &owner),
                ("RunnerName", RUNNER),
            ];
            let given = [
                ("FeishuAppSecret", secret.as_str()),
                ("FeishuEncryptKey", KEY),
                ("FeishuVerificationToken", &verification),
            ];
            let text = json!({
                "app_secret": secret,
                "encrypt_key": KEY,
                "verification_token": verification,
            });
            let (text, [events, actions]) = (text.to_string(), PROGRAMS);
            let parameter = match kept {
                Kept::InSecretsManager => {
                    parameters.extend(given);
                    None
                }
                Kept::InSsm => {
                    parameters.push(("SecretParameter", PARAMETER));
                    Some((PARAMETER, text.as_str()))
                }
            };
            Stack::deploy(events, actions, &parameters, parameter)
        };
        let stack = tokio::task::spawn_blocking(deploy).await.unwrap();
        let config = stack.config();
        let table = Arc::new(store::Dynamo::new(&config, stack.output("TableName")));
        let queue = stack.output("QueueUrl").replace("{runner}", RUNNER);
        let app = machine(table, Arc::new(queue::Sqs::sender(&config, &queue)), &feishu);
        app.heartbeat(&laptop()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { stack, feishu, app, token, queue, http }
    }

    /// Sends a message of the owner's, or a press, and returns the status.
    async fn send(&self, output: &str, kind: &str, event: &str, text: &str) -> u16 {
        let by = self.feishu.open_id("ada").unwrap();
        let chat = self.feishu.direct_chat("ada").unwrap();
        let now = clock::now().0;
        let payload = json!({
            "schema": "2.0",
            "header": {
                "event_id": event,
                "event_type": kind,
                "create_time": now.to_string(),
                "token": self.token,
                "app_id": self.feishu.app_id(),
            },
            "event": {
                "sender": { "sender_id": { "open_id": by }, "sender_type": "user" },
                "message": {
                    "message_id": format!("om_{event}"),
                    "chat_id": chat,
                    "chat_type": "p2p",
                    "message_type": "text",
                    "content": json!({ "text": text }).to_string(),
                },
                "operator": { "open_id": by },
                "token": "c-1",
                "action": {
                    "tag": "button",
                    "value": { "intent_key": "task.submit", "prompt": text },
                },
                "context": { "open_message_id": "om_card", "open_chat_id": chat },
            },
        });
        self.post(output, &payload).await
    }

    async fn post(&self, output: &str, payload: &Value) -> u16 {
        let sealed = encrypt(KEY, *b"0123456789abcdef", &payload.to_string());
        let body = json!({ "encrypt": sealed }).to_string();
        let at = (clock::now().0 / 1_000).to_string();
        let (url, host) = self.stack.served(output);
        let request = self.http.post(url).header("host", host);
        let request = request
            .header("content-type", "application/json")
            .header("x-lark-request-timestamp", &at)
            .header("x-lark-request-nonce", "nonce")
            .header("x-lark-signature", sign(&at, "nonce", KEY, &body));
        request.body(body).send().await.unwrap().status().as_u16()
    }

    async fn message(&self, event: &str, text: &str) -> u16 {
        self.send("EventsUrl", "im.message.receive_v1", event, text).await
    }

    async fn press(&self, event: &str, text: &str) -> u16 {
        self.send("ActionsUrl", "card.action.trigger", event, text).await
    }

    /// Takes the next job off the queue.
    async fn job(&self) -> Job {
        let queue = queue::Sqs::receiver(&self.stack.config(), &self.queue);
        let end = Instant::now() + DEADLINE;
        loop {
            assert!(Instant::now() < end, "there is no job");
            if let Some(delivery) = queue.receive().await.unwrap().into_iter().next() {
                queue.done(&delivery).await.unwrap();
                return delivery.job;
            }
        }
    }

    async fn settled(&self) -> bool {
        self.app.owing().await.unwrap().is_empty()
    }

    fn chat(&self) -> ChatId {
        ChatId::new(self.feishu.direct_chat("ada").unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_gives_the_functions_what_they_need_and_nothing_they_do_not() {
    let deployed = Deployed::new().await;
    let stack = &deployed.stack;
    // Before any function has started: it reads the secret but once.
    stack.take_away("Secret");
    assert!(deployed.message("e1", "/run one").await >= 500, "without the secret");
    for missed in ["List", "ReadDocument", "Write"] {
        stack.take_away(missed);
        assert_eq!(deployed.message("e1", "/run one").await, 502, "without {missed}");
    }
    stack.take_away("Send");
    assert_eq!(deployed.message("e1", "/run one").await, 200, "the sweep sends what could not be");
    assert!(!deployed.settled().await);
    stack.take_away("");
    assert_eq!(deployed.message("e1", "/run one").await, 200);
    let job = deployed.job().await;
    assert!(matches!(job.command, Command::Start { .. }), "{job:?}");
    let stop = |it: &poco_sim::feishu::Message| it.labels().contains(&"Stop".to_owned());
    deployed.feishu.wait_for_message(deployed.chat().as_str(), DEADLINE, stop).await.unwrap();
    assert_eq!(deployed.press("e2", "two").await, 200);
    assert_eq!(deployed.job().await.command, Command::Settle);
    // A record of this length is in parts; each of these takes two bytes in it.
    for n in 0..9 {
        let text = format!("/run {}", "\"".repeat(23 * 1_024));
        assert_eq!(deployed.message(&format!("long-{n}"), &text).await, 200);
    }
    for missed in ["ReadParts", "DeleteParts"] {
        stack.take_away(missed);
        assert_eq!(deployed.message("e3", "/help").await, 502, "without {missed}");
    }
    stack.take_away("");
    assert_eq!(deployed.message("e3", "/help").await, 200);
    the_cloud_looks_by_itself_as_the_template_says(&deployed).await;
}

/// On the same stack: deploying one takes seconds.
async fn the_cloud_looks_by_itself_as_the_template_says(deployed: &Deployed) {
    let stack = &deployed.stack;
    let (url, host) = stack.served("HealthUrl");
    let outside = deployed.http.post(url.replace("/health", "/sweep")).header("host", host);
    assert_eq!(outside.body("{}").send().await.unwrap().status(), 404, "the API has no such route");
    let (every, there) = stack.look();
    assert_eq!((every.as_str(), &there["statusCode"]), ("rate(5 minutes)", &json!(200)), "{there}");
    assert!(there["body"].as_str().unwrap().contains(r#""machine":true"#), "{there}");
    let long_ago = Timestamp(clock::now().0 - 10 * 60_000);
    deployed.app.heartbeat(&Runner { seen: long_ago, ..laptop() }).await.unwrap();
    // What a function read of the machines is good for some seconds.
    let end = Instant::now() + DEADLINE;
    stack.take_away("ListDue");
    let mut refused = stack.look().1;
    while refused["statusCode"] == 200 {
        assert!(Instant::now() < end, "{refused}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        refused = stack.look().1;
    }
    assert_eq!(refused["statusCode"], 502, "without ListDue: {refused}");
    stack.take_away("");
    let (_, looked) = stack.look();
    assert!(looked["body"].as_str().unwrap().contains(r#""machine":false"#), "{looked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_may_be_a_parameter_of_ssm() {
    let deployed = Deployed::with(Kept::InSsm).await;
    let stack = &deployed.stack;
    let arn = stack.output("SecretArn");
    assert!(arn.starts_with("arn:aws:ssm:") && arn.ends_with(":parameter/poco/feishu"), "{arn}");
    // Before any function has started.
    stack.take_away("Secret");
    assert!(deployed.message("e1", "/run one").await >= 500, "without the parameter");
    stack.take_away("");
    assert_eq!(deployed.message("e1", "/run one").await, 200);
    assert!(matches!(deployed.job().await.command, Command::Start { .. }));
    // A machine reads it, and nothing beside it.
    let config = stack.config_with("RunnerPolicyArn");
    poco_io::secrets::check(PARAMETER, &config).await.unwrap();
    let other = poco_io::secrets::check("/poco/other", &config).await.unwrap_err();
    assert!(format!("{other:#}").contains("AccessDenied"), "{other:#}");
    let none = aws_sdk_secretsmanager::Client::new(&stack.config()).list_secrets().send().await;
    assert_eq!(none.unwrap().secret_list(), [], "and there is no secret beside it");
}

#[test]
fn without_secrets_the_template_is_not_deployed() {
    let parameters = [("FeishuAppId", "cli_1"), ("FeishuAppSecret", "secret")];
    let said = Stack::refuses(PROGRAMS[0], PROGRAMS[1], &parameters);
    assert!(said.contains("Give FeishuEncryptKey, or SecretParameter"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_may_do_what_it_needs_and_take_no_jobs_of_others() {
    let deployed = Deployed::new().await;
    let stack = &deployed.stack;
    let (config, table) = (stack.config_with("RunnerPolicyArn"), stack.output("TableName"));
    let queue = Arc::new(queue::Sqs::receiver(&config, &deployed.queue));
    let app =
        machine(Arc::new(store::Dynamo::new(&config, table)), queue.clone(), &deployed.feishu);
    app.heartbeat(&laptop()).await.unwrap();
    assert_eq!(app.with_runners().check_runners().await.unwrap(), []);
    stack.take_away("Send");
    assert_eq!(deployed.message("e1", "/run one").await, 200);
    let app =
        machine(Arc::new(store::Dynamo::new(&config, table)), queue.clone(), &deployed.feishu);
    assert_eq!(app.owing().await.unwrap(), [deployed.chat()], "it finds what is owed");
    assert_eq!(app.settle(&deployed.chat()).await.unwrap(), Debt::Clear);
    let delivery = queue.receive().await.unwrap().remove(0);
    queue.retry(&delivery, Duration::ZERO).await.unwrap();
    let delivery = queue.receive().await.unwrap().remove(0);
    queue.done(&delivery).await.unwrap();
    let aside = queue::Sqs::receiver(&config, stack.output("AsideQueueUrl"));
    let refused = format!("{:?}", aside.receive().await.unwrap_err());
    assert!(refused.contains("AccessDenied"), "{refused}");
    let dynamo = aws_sdk_dynamodb::Client::new(&config);
    let refused = [
        format!("{:?}", dynamo.scan().table_name(table).send().await.unwrap_err()),
        format!("{:?}", dynamo.delete_table().table_name(table).send().await.unwrap_err()),
        format!("{:?}", dynamo.list_tables().send().await.unwrap_err()),
    ];
    assert!(refused.iter().all(|it| it.contains("AccessDenied")), "{refused:?}");
}
