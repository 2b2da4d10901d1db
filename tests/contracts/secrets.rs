//! The app's secrets, in either of AWS's services, and what becomes of them when they change.

use async_trait::async_trait;
use axum::http::HeaderMap;
use poco_io::config::{Environment, Given, Source, key};
use poco_io::feishu::door::{Handler, Reply};
use poco_io::feishu::webhook;
use poco_io::keyring::{Keeper, Keyring};
use poco_io::{clock, secrets};
use poco_sim::feishu::{encrypt, sign};
use poco_tests::cloud::Cloud;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

const ARN: &str = "POCO_SECRET_ARN";

fn text(secret: &str) -> String {
    json!({ "app_secret": secret, "encrypt_key": format!("{secret}-key"), "more": 7 }).to_string()
}

fn given(name: &str, more: &[(&str, &str)]) -> Given {
    let environment = Environment::default()
        .with("HOME", std::env::temp_dir().display().to_string())
        .with(ARN, name);
    Given::gather(more.iter().fold(environment, |it, (name, value)| it.with(name, *value)))
}

/// Keeps a secret, and says by which name.
async fn keep(cloud: &Cloud, secret: &str) -> String {
    let client = aws_sdk_secretsmanager::Client::new(&cloud.config());
    let create = client.create_secret().name("feishu").secret_string(text(secret));
    create.send().await.unwrap().arn.unwrap()
}

async fn change(cloud: &Cloud, name: &str, text: &str) {
    let client = aws_sdk_secretsmanager::Client::new(&cloud.config());
    client.put_secret_value().secret_id(name).secret_string(text).send().await.unwrap();
}

#[tokio::test]
async fn either_service_keeps_them_and_what_was_given_otherwise_stands() {
    let cloud = Cloud::new();
    cloud.parameter("/poco/feishu", &text("of-ssm")).await;
    // AWS finds a parameter by its ARN too; the emulator does not.
    let names = [
        (keep(&cloud, "of-the-manager").await, "of-the-manager"),
        ("/poco/feishu".to_owned(), "of-ssm"),
    ];
    for (name, secret) in names {
        let mut given = given(&name, &[("POCO_FEISHU_ENCRYPT_KEY", "mine")]);
        let vault = secrets::reveal(&mut given, &cloud.config()).await;
        let vault = vault.unwrap_or_else(|error| panic!("{name}: {error:#}")).unwrap();
        let value = |name: &str| given.value(key(name).unwrap());
        assert_eq!(value("POCO_FEISHU_APP_SECRET"), (secret.to_owned(), Source::Secret));
        assert_eq!(value("POCO_FEISHU_ENCRYPT_KEY"), ("mine".to_owned(), Source::Environment));
        assert_eq!(value("POCO_FEISHU_VERIFICATION_TOKEN").1, Source::Default);
        let keys = given.judge().unwrap().feishu.keys();
        let read = vault.read(&keys).await.unwrap();
        assert!(read.app_secret.matches(secret));
        assert!(read.encrypt_key.unwrap().matches("mine"));
        assert!(
            !format!("{vault:?} {given:?}").contains("-key"),
            "what does not count is not held"
        );
        secrets::check(&name, &cloud.config()).await.unwrap();
    }
    assert!(secrets::reveal(&mut given("", &[]), &cloud.config()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_cannot_be_read_is_told_without_a_piece_of_it() {
    let cloud = Cloud::new();
    let name = keep(&cloud, "x").await;
    for (odd, why) in [("hunter2", "it is not JSON"), ("[\"hunter2\"]", "it is no JSON object")] {
        change(&cloud, &name, odd).await;
        cloud.parameter("/odd", odd).await;
        for name in [name.as_str(), "/odd"] {
            let told = secrets::reveal(&mut given(name, &[]), &cloud.config()).await;
            let told = format!("{:#}", told.unwrap_err());
            assert!(
                told.contains(why) && told.contains(name) && !told.contains("hunter2"),
                "{told}"
            );
        }
    }
    change(&cloud, &name, "{}").await;
    let told = format!("{:#}", secrets::check(&name, &cloud.config()).await.unwrap_err());
    assert!(told.contains("has no app_secret in it"), "{told}");
    let told = secrets::reveal(&mut given("/nowhere", &[]), &cloud.config()).await.unwrap_err();
    assert!(format!("{told:#}").contains("ParameterNotFound"), "{told:#}");
}

/// Takes whatever is let in.
#[derive(Debug)]
struct Open;

#[async_trait]
impl Handler for Open {
    async fn take(&self, _: &Value) -> anyhow::Result<Reply> {
        Ok(json!({}).into())
    }
}

/// An event as Feishu sends it, encrypted and signed with a key.
fn event(key: &str) -> axum::http::Request<axum::body::Body> {
    let payload = json!({ "schema": "2.0", "header": { "event_id": "e" }, "event": {} });
    let body = json!({ "encrypt": encrypt(key, *b"0123456789abcdef", &payload.to_string()) });
    let (body, at) = (body.to_string(), (clock::now().0 / 1_000).to_string());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-lark-request-timestamp", at.clone()),
        ("x-lark-request-nonce", "n".to_owned()),
        ("x-lark-signature", sign(&at, "n", key, &body)),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let mut request =
        axum::http::Request::post("/platform/feishu/events").body(body.into()).unwrap();
    *request.headers_mut() = headers;
    request
}

#[tokio::test]
async fn a_key_that_was_changed_is_taken_up_without_a_restart() {
    let cloud = Cloud::new();
    let name = keep(&cloud, "old").await;
    let mut given = given(&name, &[]);
    let vault = secrets::reveal(&mut given, &cloud.config()).await.unwrap().unwrap();
    let keys = given.judge().unwrap().feishu.keys();
    // As if it had been read a while ago.
    let ring = Keyring::kept_by(Arc::new(vault), keys).read_long_ago();
    let routes = webhook::routes(Arc::new(Open), ring.clone(), clock::now);
    let status = async |key: &str| {
        let answer = routes.clone().oneshot(event(key)).await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(status("old-key").await, 200);
    assert_eq!(status("new-key").await, 401, "it is asked for, and is still the old one");
    change(&cloud, &name, &text("new")).await;
    assert_eq!(status("new-key").await, 401, "it was asked for just now");
    let _ring = ring.read_long_ago();
    assert_eq!(status("new-key").await, 200);
    assert_eq!(status("old-key").await, 401, "the old one is not accepted any more");
}
