//! Tokens, faults and unknown paths.

use crate::app::{App, TO_CHAT, message};
use poco_sim::feishu::{Fault, Trouble};
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "auth/v3/tenant_access_token/internal";

#[tokio::test]
async fn wrong_credentials_are_refused_quietly() {
    let app = App::start().await;
    let wrong = json!({"app_id": "cli_0", "app_secret": "x"});
    let (status, answer) = app.bare("POST", TOKEN, &wrong, "").await.unwrap();
    assert_eq!((status, &answer["code"]), (200, &json!(10003)));
    let wrong = json!({"app_id": "cli_a1b2c3d4e5f60718", "app_secret": "x"});
    let (status, answer) = app.bare("POST", TOKEN, &wrong, "").await.unwrap();
    assert_eq!((status, &answer["code"]), (200, &json!(10014)));
}

#[tokio::test]
async fn a_token_is_renewed_in_its_last_half_hour_and_expires() {
    let app = App::start().await;
    let first = app.fresh_token().await;
    app.feishu.advance(Duration::from_secs(80 * 60));
    assert_eq!(app.fresh_token().await, first);
    app.feishu.advance(Duration::from_secs(15 * 60));
    let second = app.fresh_token().await;
    assert_ne!(second, first);
    assert_eq!(app.code("GET", "bot/v3/info", &Value::Null).await, 0);
    app.feishu.advance(Duration::from_secs(30 * 60));
    let (status, answer) = app.call("GET", "bot/v3/info", &Value::Null).await;
    assert_eq!((status, &answer["code"]), (400, &json!(99_991_663)));
    let (_, answer) =
        app.bare("GET", "bot/v3/info", &Value::Null, &format!("Bearer {second}")).await.unwrap();
    assert_eq!(answer["bot"]["activate_status"], 2);
}

#[tokio::test]
async fn the_token_is_checked_before_the_parameters() {
    let app = App::start().await;
    let (status, answer) = app.bare("POST", "im/v1/messages", &Value::Null, "").await.unwrap();
    assert_eq!((status, &answer["code"]), (400, &json!(99_991_661)));
    app.feishu.revoke_tokens();
    assert_eq!(app.code("POST", "im/v1/messages", &Value::Null).await, 99_991_663);
}

#[tokio::test]
async fn unknown_paths_are_not_found_and_noted() {
    let app = App::start().await;
    let (status, answer) = app.call("GET", "im/v1/nothing", &Value::Null).await;
    assert_eq!((status, answer), (404, json!("404 page not found")));
    assert_eq!(app.feishu.complaints().len(), 1);
}

#[tokio::test]
async fn planted_faults_strike_where_and_as_often_as_told() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let text = message(&chat, "text", &json!({"text": "hi"}));
    let path = "/open-apis/im/v1/messages";
    app.feishu.fault(Fault::refuse("POST", path, 2200).after(1).times(1));
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 0);
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 2200);
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 0);
    app.feishu.fault(Fault::on("*", path, Trouble::Cut).times(1));
    app.feishu.fault(Fault::on("*", path, Trouble::LoseAnswer).times(1));
    let body = "<html>".to_owned();
    app.feishu.fault(Fault::on("*", path, Trouble::Gateway { status: 502, body }).times(1));
    for sent in [2, 3] {
        assert!(
            app.bare("POST", TO_CHAT, &text, &format!("Bearer {}", app.fresh_token().await))
                .await
                .is_err()
        );
        assert_eq!(app.feishu.messages(&chat).len(), sent);
    }
    assert_eq!(app.call("POST", TO_CHAT, &text).await, (502, json!("<html>")));
    assert_eq!(app.feishu.count_calls("POST", path), 6);
}
