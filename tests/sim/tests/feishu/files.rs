//! Files: only what is in a message, only what was uploaded, not too large; bundles and topics.

use crate::app::{App, TO_CHAT, message};
use poco_sim::feishu::Incoming;
use serde_json::json;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n-";

#[tokio::test]
async fn only_what_is_in_a_message_can_be_fetched() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let said = app.feishu.send_file("ada", &chat, "a.txt", b"hi").unwrap();
    let other = app.feishu.put_file("b.txt", b"ho", false);
    let list = app.good("GET", &format!("im/v1/messages/{}", said.message_id), &json!(null)).await;
    let content = list["items"][0]["body"]["content"].as_str().unwrap().to_owned();
    let content: serde_json::Value = serde_json::from_str(&content).unwrap();
    let key = content["file_key"].as_str().unwrap();
    let path = |key: &str, kind: &str| {
        format!("im/v1/messages/{}/resources/{key}?type={kind}", said.message_id)
    };
    assert_eq!(app.code("GET", &path(&other, "file"), &json!(null)).await, 234_003);
    assert_eq!(app.code("GET", &path(key, "image"), &json!(null)).await, 234_001);
    app.feishu.recall("ada", &said.message_id).unwrap();
    assert_eq!(app.code("GET", &path(key, "file"), &json!(null)).await, 234_003);
}

#[tokio::test]
async fn only_what_was_uploaded_can_be_sent() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let theirs = app.feishu.put_file("", PNG, true);
    let body = message(&chat, "image", &json!({ "image_key": theirs }));
    assert_eq!(app.code("POST", TO_CHAT, &body).await, 230_055);
    assert_eq!(app.code("POST", "im/v1/images", &json!({})).await, 234_001);
}

#[tokio::test]
async fn a_bundle_shows_its_parts_and_a_topic_its_name() {
    let app = App::start().await;
    let chat = app.feishu.group("g", &["ada"]).unwrap();
    let one = app.feishu.say("ada", &chat, "one").unwrap().message_id;
    let two = app.feishu.say("ada", &chat, "two").unwrap().message_id;
    let bundle = app.feishu.forward("ada", &chat, &[&one, &two]).unwrap().message_id;
    let got = app.good("GET", &format!("im/v1/messages/{bundle}"), &json!(null)).await;
    let items = got["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[1]["upper_message_id"], bundle.as_str());
    let reply = Incoming::text("in a topic").in_topic_of(&one);
    let reply = app.feishu.send("ada", &chat, &reply).unwrap().message_id;
    let thread = app.feishu.message(&reply).unwrap().thread.unwrap();
    assert_eq!(app.feishu.message(&one).unwrap().thread, Some(thread.clone()));
    let body = json!({"msg_type": "text", "content": "{\"text\":\"hi\"}", "reply_in_thread": true});
    let sent = app.good("POST", &format!("im/v1/messages/{reply}/reply"), &body).await;
    assert_eq!(sent["thread_id"], thread.as_str());
    assert_eq!(sent["root_id"], one.as_str());
    app.feishu.use_topics(&chat).unwrap();
    let lone = app.feishu.say("ada", &chat, "alone").unwrap().message_id;
    assert!(app.feishu.message(&lone).unwrap().thread.is_some_and(|it| it != thread));
}
