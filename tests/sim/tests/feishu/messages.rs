//! Messages: once, in time, not too many, not too big.

use crate::app::{App, TO_CHAT, button, card, markdown, message};
use futures_util::future::join_all;
use poco_sim::feishu::{Fault, Options, Trouble, card_text};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn the_same_uuid_sends_once_within_an_hour() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let mut text = message(&chat, "text", &json!({"text": "hi"}));
    text["uuid"] = "once".into();
    let first = app.good("POST", TO_CHAT, &text).await;
    assert_eq!(app.good("POST", TO_CHAT, &text).await["message_id"], first["message_id"]);
    app.feishu.advance(Duration::from_secs(3601));
    assert_ne!(app.good("POST", TO_CHAT, &text).await["message_id"], first["message_id"]);
    assert_eq!(app.feishu.messages(&chat).len(), 2);
}

#[tokio::test]
async fn bad_receivers_and_contents_are_refused() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let codes = [
        (message("oc_nobody", "text", &json!({"text": "hi"})), 230_034),
        (message(&chat, "text", &json!({"text": ""})), 230_001),
        (message(&chat, "nonsense", &json!({})), 230_001),
        (message(&chat, "text", &json!({"text": "x".repeat(160_000)})), 230_025),
        (message(&chat, "interactive", &card(&json!([markdown(&"x".repeat(31_000))]))), 230_025),
        (message(&chat, "interactive", &json!({"elements": []})), 230_099),
        (json!({"receive_id": chat}), 99_992_402),
    ];
    for (body, code) in codes {
        assert_eq!(app.code("POST", TO_CHAT, &body).await, code);
    }
    app.feishu.available("ada", false).unwrap();
    let text = message(&chat, "text", &json!({"text": "hi"}));
    assert_eq!(app.code("POST", TO_CHAT, &text).await, 230_013);
}

#[tokio::test]
async fn a_card_changes_in_place_for_fourteen_days() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &card(&json!([markdown("one")]))).await;
    let path = format!("im/v1/messages/{id}");
    let next = json!({"content": card(&json!([markdown("two")])).to_string()});
    app.good("PATCH", &path, &next).await;
    let message = app.feishu.message(&id).unwrap();
    assert_eq!((message.text.as_str(), message.looks.len()), ("Title\ntwo", 2));
    let bad = card(&json!([{"tag": "note"}]));
    let (_, answer) = app.call("PATCH", &path, &json!({"content": bad.to_string()})).await;
    assert_eq!(answer["code"], 230_099);
    assert!(answer["msg"].as_str().unwrap().contains("ErrCode: 200861; "), "{answer}");
    app.feishu.advance(Duration::from_secs(14 * 24 * 3600));
    let path = path.as_str();
    let token = format!("Bearer {}", app.fresh_token().await);
    let code =
        async |method: &str| app.bare(method, path, &next, &token).await.unwrap().1["code"].clone();
    assert_eq!(code("PATCH").await, 230_031);
    assert_eq!(code("DELETE").await, 0);
    assert_eq!(code("PATCH").await, 230_011);
}

#[tokio::test]
async fn only_cards_of_the_app_can_be_patched() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let said = app.feishu.say("ada", &chat, "hello").unwrap();
    let next = json!({"content": card(&json!([])).to_string()});
    assert_eq!(
        app.code("PATCH", &format!("im/v1/messages/{}", said.message_id), &next).await,
        230_071
    );
    let text = app.good("POST", TO_CHAT, &message(&chat, "text", &json!({"text": "hi"}))).await;
    let path = format!("im/v1/messages/{}", text["message_id"].as_str().unwrap());
    assert_eq!(app.code("PATCH", &path, &next).await, 230_001);
    let entity = app.entity(&card(&json!([markdown("x")]))).await;
    let id = app.send_card(&chat, &json!({"type": "card", "data": {"card_id": entity}})).await;
    assert_eq!(app.code("PATCH", &format!("im/v1/messages/{id}"), &next).await, 230_001);
}

#[tokio::test]
async fn a_sixth_message_in_a_second_is_refused_and_noted() {
    let app = App::with(Options::default()).await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let text = message(&chat, "text", &json!({"text": "hi"}));
    let mut codes = join_all((0..6).map(|_| app.code("POST", TO_CHAT, &text))).await;
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 0, 0, 0, 230_020]);
    assert_eq!(app.feishu.violations()[0].code, 230_020);
}

#[tokio::test]
async fn the_gateway_allows_fifty_calls_a_second() {
    let app = App::with(Options::default()).await;
    let info = json!(null);
    let calls = join_all((0..51).map(|_| app.call("GET", "bot/v3/info", &info))).await;
    let refused: Vec<_> = calls.iter().filter(|(status, _)| *status == 429).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].1["code"], 99_991_400);
}

#[tokio::test]
async fn a_reply_names_its_parent() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let said = app.feishu.say("ada", &chat, "hello").unwrap();
    let path = format!("im/v1/messages/{}/reply", said.message_id);
    let body = json!({"msg_type": "interactive", "content": card(&json!([button("A", &json!({}))])).to_string()});
    let reply = app.good("POST", &path, &body).await;
    assert_eq!(reply["parent_id"], said.message_id);
    let got = app.good("GET", &format!("im/v1/messages/{}", said.message_id), &Value::Null).await;
    assert_eq!(got["items"][0]["body"]["content"], "{\"text\":\"hello\"}");
}

#[tokio::test]
async fn a_card_may_mention_only_who_exists() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let ada = app.feishu.open_id("ada").unwrap();
    let mention = |id: &str| card(&json!([markdown(&format!("<at id={id}></at>"))]));
    app.send_card(&chat, &mention(&ada)).await;
    let (_, answer) =
        app.call("POST", TO_CHAT, &message(&chat, "interactive", &mention("ou_x"))).await;
    assert!(answer["msg"].as_str().unwrap().contains("ErrCode: 100290; "), "{answer}");
    let seen = app.feishu.wait_for_message(&chat, Duration::from_secs(1), |_| true).await.unwrap();
    assert!(seen.text.contains(&ada));
    let missing = app.feishu.wait_for_message(&chat, Duration::from_millis(1), |_| false).await;
    assert!(missing.unwrap_err().to_string().contains("Title"));
}

#[tokio::test]
async fn a_chat_is_read_by_pages() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    for number in 0..3 {
        app.feishu.say("ada", &chat, &number.to_string()).unwrap();
    }
    let path = format!("im/v1/messages?container_id_type=chat&container_id={chat}&page_size=2");
    let page = app.good("GET", &path, &Value::Null).await;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["has_more"]), (2, &json!(true)));
    let token = page["page_token"].as_str().unwrap();
    let page = app.good("GET", &format!("{path}&page_token={token}"), &Value::Null).await;
    assert_eq!(page["items"][0]["body"]["content"], "{\"text\":\"2\"}");
    assert_eq!(page["has_more"], false);
}

#[tokio::test]
async fn a_late_call_is_overtaken() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &card(&json!([markdown("one")]))).await;
    let path = format!("im/v1/messages/{id}");
    let next = |text: &str| json!({"content": card(&json!([markdown(text)])).to_string()});
    let late = Trouble::Late(Duration::from_secs(1));
    app.feishu.fault(Fault::on("PATCH", "/", late).holding("two"));
    let (two, three) = (next("two"), next("three"));
    tokio::join!(app.good("PATCH", &path, &two), app.good("PATCH", &path, &three));
    let texts: Vec<_> =
        app.feishu.message(&id).unwrap().looks.iter().map(|look| card_text(look)).collect();
    assert_eq!(texts, ["Title\none", "Title\nthree", "Title\ntwo"]);
}
