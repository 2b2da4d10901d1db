//! Card entities: once sent, numbered changes, streaming.

use crate::app::{App, TO_CHAT, card, markdown, message};
use futures_util::future::join_all;
use poco_sim::feishu::Options;
use serde_json::{Value, json};
use std::time::Duration;

fn streaming(text: &str) -> Value {
    let mut card = card(
        &json!([{"tag": "markdown", "element_id": "out", "content": text}, {"tag": "hr", "element_id": "line"}]),
    );
    card["config"] = json!({"streaming_mode": true});
    card
}

fn whole(card: &Value, sequence: i64) -> Value {
    json!({"card": {"type": "card_json", "data": card.to_string()}, "sequence": sequence})
}

/// An entity that was sent, its paths and its message.
async fn sent(app: &App) -> (String, String) {
    let chat = app.feishu.direct_chat("ada").unwrap();
    let entity = app.entity(&streaming("")).await;
    let content = json!({"type": "card", "data": {"card_id": entity}});
    let id = app.send_card(&chat, &content).await;
    assert_eq!(app.code("POST", TO_CHAT, &message(&chat, "interactive", &content)).await, 230_099);
    (format!("cardkit/v1/cards/{entity}"), id)
}

#[tokio::test]
async fn text_is_typed_while_streaming_lasts() {
    let app = App::start().await;
    let (path, id) = sent(&app).await;
    let (out, line) =
        (format!("{path}/elements/out/content"), format!("{path}/elements/line/content"));
    let typed =
        |sequence: i64| json!({"content": format!("step {sequence}"), "sequence": sequence});
    app.good("PUT", &out, &typed(1)).await;
    assert!(app.feishu.message(&id).unwrap().streaming);
    assert_eq!(app.code("PUT", &out, &typed(1)).await, 300_317);
    assert_eq!(app.code("PUT", &line, &typed(2)).await, 300_310);
    assert_eq!(app.code("PUT", &out, &json!({"content": "", "sequence": 3})).await, 99_992_402);
    assert_eq!(app.code("PUT", &format!("{path}/elements/no/content"), &typed(4)).await, 300_313);
    app.feishu.advance(Duration::from_secs(599));
    app.good("PUT", &out, &typed(5)).await;
    app.feishu.advance(Duration::from_secs(2));
    assert_eq!(app.code("PUT", &out, &typed(6)).await, 200_850);
    assert_eq!(app.code("PUT", &out, &typed(7)).await, 300_309);
    let open =
        json!({"settings": json!({"config": {"streaming_mode": true}}).to_string(), "sequence": 8});
    app.good("PATCH", &format!("{path}/settings"), &open).await;
    app.good("PUT", &out, &typed(9)).await;
    app.good("PUT", &path, &whole(&card(&json!([markdown("done")])), 10)).await;
    assert_eq!(app.code("PUT", &out, &typed(11)).await, 300_309);
    let message = app.feishu.message(&id).unwrap();
    assert_eq!(
        (message.text.as_str(), message.streaming, message.is_entity()),
        ("Title\ndone", false, true)
    );
    let texts: Vec<_> =
        message.looks.iter().map(|look| poco_sim::feishu::card_text(look)).collect();
    assert_eq!(texts[1], "Title\nstep 1\n----");
}

#[tokio::test]
async fn elements_come_change_and_go() {
    let app = App::start().await;
    let (path, id) = sent(&app).await;
    let new = json!([{"tag": "markdown", "element_id": "new", "content": "new"}]).to_string();
    let add = json!({"type": "insert_before", "target_element_id": "line", "elements": new, "sequence": 1});
    app.good("POST", &format!("{path}/elements"), &add).await;
    let again = json!({"type": "append", "elements": new, "sequence": 2});
    assert_eq!(app.code("POST", &format!("{path}/elements"), &again).await, 300_301);
    let partial = json!({"partial_element": json!({"content": "newer"}).to_string(), "sequence": 3, "uuid": "u"});
    app.good("PATCH", &format!("{path}/elements/new"), &partial).await;
    let tag = json!({"partial_element": json!({"tag": "hr"}).to_string(), "sequence": 4});
    assert_eq!(app.code("PATCH", &format!("{path}/elements/new"), &tag).await, 300_312);
    app.good("DELETE", &format!("{path}/elements/line"), &json!({"sequence": 5})).await;
    assert_eq!(
        app.code("DELETE", &format!("{path}/elements/new"), &json!({"sequence": 6, "uuid": "u"}))
            .await,
        200_770
    );
    let actions = json!([
        {"action": "update_element", "params": {"element_id": "new", "element": markdown("newest")}},
        {"action": "delete_elements", "params": {"element_ids": ["out"]}},
    ]);
    app.good(
        "POST",
        &format!("{path}/batch_update"),
        &json!({"actions": actions.to_string(), "sequence": 7}),
    )
    .await;
    assert_eq!(app.feishu.message(&id).unwrap().text, "Title\nnewest");
}

#[tokio::test]
async fn bad_numbers_and_cards_are_refused() {
    let app = App::start().await;
    let (path, _) = sent(&app).await;
    let fine = card(&json!([markdown("x")]));
    assert_eq!(app.code("PUT", &path, &whole(&fine, 0)).await, 300_317);
    assert_eq!(app.code("PUT", &path, &whole(&fine, i64::from(i32::MAX) + 1)).await, 99_992_402);
    assert_eq!(app.code("PUT", "cardkit/v1/cards/7", &whole(&fine, 1)).await, 200_740);
    assert_eq!(app.code("PUT", &path, &whole(&card(&json!([{"tag": "no"}])), 1)).await, 200_621);
    let old = json!({"type": "card_json", "data": "{\"elements\":[]}"});
    assert_eq!(app.code("POST", "cardkit/v1/cards", &old).await, 300_303);
    app.good("PUT", &path, &whole(&fine, i64::from(i32::MAX))).await;
    app.feishu.advance(Duration::from_secs(14 * 24 * 3600));
    let token = format!("Bearer {}", app.fresh_token().await);
    let answer = app.bare("PUT", &path, &whole(&fine, 2), &token).await.unwrap().1;
    assert_eq!(answer["code"], 200_750);
}

#[tokio::test]
async fn an_eleventh_change_in_a_second_is_refused() {
    let app = App::with(Options::default()).await;
    let (path, _) = sent(&app).await;
    let fine = card(&json!([markdown("x")]));
    let changes: Vec<_> = (1..=11).map(|sequence| whole(&fine, sequence)).collect();
    let codes = join_all(changes.iter().map(|change| app.code("PUT", &path, change))).await;
    assert_eq!(codes.iter().filter(|code| **code == 99_991_400).count(), 1, "{codes:?}");
}
