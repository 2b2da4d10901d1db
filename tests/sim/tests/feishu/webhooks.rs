//! Delivery by webhook, and the platform's cryptography.

use crate::app::{App, SOON, button, card};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use poco_sim::feishu::{Webhook, encrypt, sign};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc;

#[test]
fn bodies_are_encrypted_as_by_the_platform() {
    let vectors = [
        (
            "test key",
            "ab2c786e4e8d33c8b21b7097adc87f36",
            "hello world",
            "qyx4bk6NM8iyG3CXrch/NuIP3UqcR5vF6+iEFzcb50U=",
        ),
        (
            "test key",
            "56a68d2b62ca9ec67be92aa2634eb7df",
            "",
            "VqaNK2LKnsZ76SqiY06334WBJF8onwSyrsNASn8SvUs=",
        ),
        (
            "test key",
            "c5836447a70f4ca0d64e755b80d9cc8a",
            "xxxxxxxxxxxxxxxx",
            "xYNkR6cPTKDWTnVbgNnMiiRMVO5j4gF5IQWnGpOGGKhIbJQZRJ62GqC3JKoWVnRE",
        ),
        (
            "kudryavka",
            "d26de13d13c68e1cc432532da4400956",
            "hello world",
            "0m3hPRPGjhzEMlMtpEAJVmWCrn6b+Xl9sj5KJwRsjLI=",
        ),
    ];
    for (key, iv, text, expected) in vectors {
        let iv = u128::from_str_radix(iv, 16).unwrap().to_be_bytes();
        assert_eq!(encrypt(key, iv, text), expected);
    }
}

#[test]
fn bodies_are_signed_as_by_the_platform() {
    let expected = "42dda2464b2c4eb4c6f5f38b78006cf39f01ec3fef73bbcdd39be103f11db373";
    assert_eq!(sign("1700000000", "n-é中", "kudryavka", "{\"a\":1}"), expected);
    let expected = "c05f901e08c195f96590cca97a357e41a4aaeac4eb4ab01b3df63f2be9d1b5c9";
    assert_eq!(sign("0", "", "k", ""), expected);
}

type Seen = mpsc::UnboundedReceiver<(HeaderMap, Bytes)>;

/// Serves a webhook that answers with what it is told.
async fn webhook(status: StatusCode, answer: Value) -> (String, Seen) {
    let (seen, inbox) = mpsc::unbounded_channel();
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        seen.send((headers, body)).unwrap();
        (status, Json(answer))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(handler));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, inbox)
}

#[tokio::test]
async fn events_are_posted_plain_and_again_if_refused() {
    let app = App::start().await;
    let (url, mut seen) = webhook(StatusCode::INTERNAL_SERVER_ERROR, json!({})).await;
    app.feishu.webhook(Some(Webhook { url, encrypt_key: None }));
    let chat = app.feishu.direct_chat("ada").unwrap();
    let event = app.feishu.say("ada", &chat, "hi").unwrap().event_id.unwrap();
    for _ in 0..2 {
        let (_, body) = seen.recv().await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["header"]["event_id"], event.as_str());
        assert_eq!(body["header"]["token"], "simulated-verification-token");
        app.feishu.wait_until(SOON, |feishu| feishu.due(&event)).await.unwrap();
        app.feishu.advance(Duration::from_secs(15));
    }
}

#[tokio::test]
async fn events_are_posted_encrypted_and_signed() {
    let app = App::start().await;
    let (url, mut seen) = webhook(StatusCode::OK, json!({})).await;
    app.feishu.webhook(Some(Webhook { url, encrypt_key: Some("kudryavka".to_owned()) }));
    let chat = app.feishu.direct_chat("ada").unwrap();
    app.feishu.say("ada", &chat, "hi").unwrap();
    let (headers, body) = seen.recv().await.unwrap();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (time, nonce) = (header("X-Lark-Request-Timestamp"), header("X-Lark-Request-Nonce"));
    let text = std::str::from_utf8(&body).unwrap();
    assert_eq!(header("X-Lark-Signature"), sign(&time, &nonce, "kudryavka", text));
    app.feishu
        .wait_until(SOON, |feishu| feishu.unacknowledged().is_empty().then_some(()))
        .await
        .unwrap();
    assert!(app.feishu.verify_url().await.is_err());
}

#[tokio::test]
async fn a_callback_is_answered_over_the_webhook() {
    let app = App::start().await;
    let (url, mut seen) =
        webhook(StatusCode::OK, json!({"toast": {"type": "info", "content": "ok"}})).await;
    app.feishu.webhook(Some(Webhook { url, encrypt_key: None }));
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &card(&json!([button("Go", &json!({"a": "b"}))]))).await;
    let result = app.feishu.press("ada", &id, "Go", &[]).await.unwrap();
    assert_eq!(result.toast.unwrap().content, "ok");
    let body: Value = serde_json::from_slice(&seen.recv().await.unwrap().1).unwrap();
    assert_eq!(body["event"]["action"]["value"], json!({"a": "b"}));
    let token = body["event"]["token"].clone();
    let update = json!({"token": token, "card": card(&json!([]))});
    for code in [0, 0, 300_040] {
        assert_eq!(app.code("POST", "interactive/v1/card/update", &update).await, code);
    }
    assert_eq!(app.feishu.message(&id).unwrap().looks.len(), 3);
}
