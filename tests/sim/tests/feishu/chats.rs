//! Groups.

use crate::app::{App, TO_CHAT, message};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_group_is_made_once() {
    let app = App::start().await;
    let ada = app.feishu.open_id("ada").unwrap();
    let path = "im/v1/chats?user_id_type=open_id&uuid=one";
    let body = json!({"name": "Project", "user_id_list": [ada]});
    let first = app.good("POST", path, &body).await;
    assert_eq!(app.good("POST", path, &body).await["chat_id"], first["chat_id"]);
    assert_eq!(app.feishu.groups().len(), 1);
    app.feishu.advance(Duration::from_secs(10 * 3600 + 1));
    let token = format!("Bearer {}", app.fresh_token().await);
    let late = app.bare("POST", path, &body, &token).await.unwrap().1;
    assert_ne!(late["data"]["chat_id"], first["chat_id"]);
}

#[tokio::test]
async fn bad_groups_are_refused() {
    let app = App::start().await;
    let bob = app.feishu.open_id("bob").unwrap();
    let long = json!({"name": "x".repeat(61)});
    assert_eq!(app.code("POST", "im/v1/chats", &long).await, 99_992_402);
    let stranger = json!({"name": "x", "user_id_list": ["ou_stranger"]});
    assert_eq!(app.code("POST", "im/v1/chats", &stranger).await, 99_992_351);
    app.feishu.available("bob", false).unwrap();
    let unavailable = json!({"name": "x", "user_id_list": [bob]});
    assert_eq!(app.code("POST", "im/v1/chats", &unavailable).await, 232_024);
}

#[tokio::test]
async fn a_group_is_renamed_left_and_dissolved() {
    let app = App::start().await;
    let ada = app.feishu.open_id("ada").unwrap();
    let made = app.good("POST", "im/v1/chats", &json!({"name": "A", "user_id_list": [ada]})).await;
    let chat = made["chat_id"].as_str().unwrap();
    let path = format!("im/v1/chats/{chat}");
    app.good("PUT", &path, &json!({"name": "B"})).await;
    assert_eq!(app.good("GET", &path, &Value::Null).await["name"], "B");
    let members = app.good("GET", &format!("{path}/members"), &Value::Null).await;
    assert_eq!(members["items"][0]["name"], "ada");
    let text = message(chat, "text", &json!({"text": "hi"}));
    app.feishu.remove_bot(chat).unwrap();
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 230_002);
    assert_eq!(app.code("PUT", &path, &json!({"name": "C"})).await, 232_011);
    app.feishu.add_bot(chat).unwrap();
    app.good("DELETE", &path, &Value::Null).await;
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 232_009);
    let foreign = app.feishu.group("hers", &["ada"]).unwrap();
    assert_eq!(app.code("DELETE", &format!("im/v1/chats/{foreign}"), &Value::Null).await, 232_017);
}
