//! Presses, their answers, and what happens meanwhile.

use crate::app::{App, SOON, button, card, markdown};
use poco_sim::feishu::{CallbackFrame, Options, Toast};
use serde_json::{Value, json};
use std::time::Duration;

fn plain(text: &str) -> Value {
    json!({"tag": "plain_text", "content": text})
}

fn asking() -> Value {
    let input = json!({"tag": "input", "name": "why", "label": plain("Why"), "max_length": 5});
    let select = json!({"tag": "select_static", "name": "who", "required": true,
        "options": [{"text": plain("Codex"), "value": "codex"}, {"text": plain("Claude"), "value": "claude"}]});
    let send = json!({"tag": "button", "name": "send", "form_action_type": "submit",
        "text": plain("Send"), "behaviors": [{"type": "callback", "value": {"k": "send"}}]});
    let form = json!({"tag": "form", "name": "form", "elements": [input, select, send]});
    card(&json!([button("Stop", &json!({"k": "stop"})), form]))
}

#[tokio::test]
async fn a_press_carries_its_value_and_shows_the_answer() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &asking()).await;
    let answer = json!({
        "toast": {"type": "success", "content": "Stopped"},
        "card": {"type": "raw", "data": card(&json!([markdown("stopped")]))},
    });
    let press = app.feishu.press("ada", &id, "Stop", &[]);
    let answering = async {
        let (event, frame) = link.next().await;
        let path = format!("im/v1/messages/{id}");
        let (_, refused) =
            app.call("PATCH", &path, &json!({"content": asking().to_string()})).await;
        assert!(refused["msg"].as_str().unwrap().contains("card action is lock"), "{refused}");
        link.acknowledge(frame, 200, Some(&answer)).await;
        event
    };
    let (result, event) = tokio::join!(press, answering);
    assert_eq!(event["event"]["action"]["value"], json!({"k": "stop"}));
    assert_eq!(event["event"]["context"]["open_message_id"], id.as_str());
    assert_eq!(event["event"]["operator"]["open_id"], app.feishu.open_id("ada").unwrap());
    let result = result.unwrap();
    let toast = Toast { kind: "success".to_owned(), content: "Stopped".to_owned() };
    assert_eq!((result.toast, result.error), (Some(toast), None));
    let seen =
        app.feishu.wait_for(&chat, SOON, |messages| Some(messages[0].text.clone())).await.unwrap();
    assert_eq!(seen, "Title\nstopped");
    let gone = app.feishu.press("ada", &id, "Stop", &[]).await.unwrap_err();
    assert!(gone.to_string().contains("there is no button Stop"), "{gone}");
    app.good("PATCH", &format!("im/v1/messages/{id}"), &json!({"content": asking().to_string()}))
        .await;
}

#[tokio::test]
async fn a_form_sends_its_fields() {
    let app = App::with(Options { callbacks_as: CallbackFrame::Card, ..Options::default() }).await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &asking()).await;
    for (fields, why) in [
        (vec![("why", "x")], "must be filled in"),
        (vec![("why", "longer"), ("who", "codex")], "no more than 5"),
        (vec![("who", "nobody")], "find nobody"),
        (vec![("what", "x")], "no field what"),
    ] {
        let error = app.feishu.press("ada", &id, "Send", &fields).await.unwrap_err();
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
    let press = app.feishu.press("ada", &id, "Send", &[("Why", "x"), ("who", "Claude")]);
    let answering = async {
        let (event, frame) = link.next().await;
        assert_eq!(frame.header("type"), "card");
        link.acknowledge(frame, 200, Some(&json!({}))).await;
        event["event"]["action"].clone()
    };
    let (result, action) = tokio::join!(press, answering);
    assert_eq!(result.unwrap().error, None);
    let form = json!({"why": "x", "who": "claude"});
    assert_eq!(action["form_value"], form);
    assert_eq!((&action["name"], &action["value"]), (&json!("send"), &json!({"k": "send"})));
    assert!(app.feishu.press("bob", &id, "Stop", &[]).await.is_err());
}

#[tokio::test]
async fn a_press_without_an_answer_shows_a_code() {
    let options = Options { answer_within: Duration::from_millis(100), ..Options::default() };
    let app = App::with(options).await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &asking()).await;
    let error = async || app.feishu.press("ada", &id, "Stop", &[]).await.unwrap().error;
    assert_eq!(error().await, Some(200_340));
    let _silent = app.connect().await;
    assert_eq!(error().await, Some(200_340));
}

#[tokio::test]
async fn a_press_with_a_bad_answer_shows_a_code() {
    let app = App::start().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &asking()).await;
    let mut link = app.connect().await;
    let old = json!({"card": {"type": "raw", "data": {"elements": []}}});
    let bad = json!({"card": {"type": "raw", "data": card(&json!([{"tag": "no"}]))}});
    for (code, answer, seen) in [
        (500, json!({}), 200_671),
        (200, json!([]), 200_672),
        (200, old, 200_830),
        (200, bad, 200_673),
    ] {
        let answering = async {
            let (_, frame) = link.next().await;
            link.acknowledge(frame, code, Some(&answer)).await;
        };
        let (shown, ()) = tokio::join!(app.feishu.press("ada", &id, "Stop", &[]), answering);
        assert_eq!(shown.unwrap().error, Some(seen));
    }
    assert_eq!(app.feishu.complaints().len(), 1, "{:?}", app.feishu.complaints());
}

#[tokio::test]
async fn a_streaming_card_ignores_the_answer_and_is_locked_meanwhile() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let mut streaming = asking();
    streaming["config"] = json!({"streaming_mode": true});
    let entity = app.entity(&streaming).await;
    let id = app.send_card(&chat, &json!({"type": "card", "data": {"card_id": entity}})).await;
    let path = format!("cardkit/v1/cards/{entity}");
    let whole = |sequence: i64| json!({"card": {"type": "card_json", "data": asking().to_string()}, "sequence": sequence});
    let answer = json!({"card": {"type": "raw", "data": card(&json!([]))}});
    let press = app.feishu.press("ada", &id, "Stop", &[]);
    let answering = async {
        let (_, frame) = link.next().await;
        assert_eq!(app.code("PUT", &path, &whole(1)).await, 200_810);
        link.acknowledge(frame, 200, Some(&answer)).await;
    };
    let (result, ()) = tokio::join!(press, answering);
    assert_eq!(result.unwrap().card, None);
    app.good("PUT", &path, &whole(1)).await;
}

#[tokio::test]
async fn a_forged_value_reaches_the_app_from_anybody() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let id = app.send_card(&chat, &asking()).await;
    let value = json!({"k": "forged"});
    let (result, event) = tokio::join!(app.feishu.forge("bob", &id, &value), link.take());
    assert_eq!(result.unwrap().error, None);
    assert_eq!(event["event"]["action"]["value"], value);
    assert_eq!(event["event"]["operator"]["open_id"], app.feishu.open_id("bob").unwrap());
}

#[tokio::test]
async fn one_of_several_buttons_is_picked_by_number_or_by_what_it_carries() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let rows = json!([button("Delete", &json!({"n": "1"})), button("Delete", &json!({"n": "2"}))]);
    let id = app.send_card(&chat, &card(&rows)).await;
    let vague = app.feishu.press("ada", &id, "Delete", &[]).await.unwrap_err();
    assert!(vague.to_string().contains("several"), "{vague}");
    let (result, event) = tokio::join!(app.feishu.press("ada", &id, "Delete#2", &[]), link.take());
    result.unwrap();
    assert_eq!(event["event"]["action"]["value"]["n"], "2");
    let seen = app.feishu.message(&id).unwrap().buttons();
    let press = app.feishu.press_seen("ada", &id, &seen[0], &[]);
    let (result, event) = tokio::join!(press, link.take());
    result.unwrap();
    assert_eq!(event["event"]["action"]["value"]["n"], "1");
    let next = json!({"content": card(&json!([markdown("gone")])).to_string()});
    app.good("PATCH", &format!("im/v1/messages/{id}"), &next).await;
    assert!(app.feishu.press_seen("ada", &id, &seen[0], &[]).await.is_err());
}

#[tokio::test]
async fn a_field_outside_a_form_sends_itself() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let behaviors = json!([{"type": "callback", "value": {"k": "say"}}]);
    let input = json!({"tag": "input", "name": "say", "behaviors": behaviors});
    let select = json!({"tag": "select_static", "placeholder": plain("Agent"), "behaviors": behaviors,
        "options": [{"text": plain("Codex"), "value": "codex"}]});
    let id = app.send_card(&chat, &card(&json!([input, select]))).await;
    let (result, event) = tokio::join!(app.feishu.fill("ada", &id, "say", "hello"), link.take());
    result.unwrap();
    let action = &event["event"]["action"];
    assert_eq!((&action["input_value"], &action["tag"]), (&json!("hello"), &json!("input")));
    let (result, event) = tokio::join!(app.feishu.fill("ada", &id, "Agent", "Codex"), link.take());
    result.unwrap();
    assert_eq!(event["event"]["action"]["option"], "codex");
}

#[tokio::test]
async fn a_list_of_people_offers_who_is_in_the_chat() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.group("team", &["ada", "bob"]).unwrap();
    let person = json!({"tag": "select_person", "name": "who", "required": true});
    let send = json!({"tag": "button", "name": "send", "form_action_type": "submit",
        "text": plain("Send"), "behaviors": [{"type": "callback", "value": {"k": "send"}}]});
    let form = json!({"tag": "form", "name": "form", "elements": [person, send]});
    let id = app.send_card(&chat, &card(&json!([form]))).await;
    let stranger = app.feishu.add_user("eve");
    let two = [("who", "ada"), ("who", "bob")];
    for (fields, why) in [
        (&[][..], "must be filled in"),
        (&[("who", "nobody")], "not in the list of people"),
        (&[("who", stranger.as_str())], "not in the list of people"),
        (&[("who", "ou_typed")], "not in the list of people"),
        (&two, "only one"),
    ] {
        let error = app.feishu.press("ada", &id, "Send", fields).await.unwrap_err();
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
    let press = app.feishu.press("ada", &id, "Send", &[("who", "bob")]);
    let answering = async {
        // That the bot came into the group is told, too.
        loop {
            let (event, frame) = link.next().await;
            link.acknowledge(frame, 200, Some(&json!({}))).await;
            let action = &event["event"]["action"];
            if action.is_object() {
                return action.clone();
            }
        }
    };
    let (result, action) = tokio::join!(press, answering);
    assert_eq!(result.unwrap().error, None);
    assert_eq!(action["form_value"]["who"], app.feishu.open_id("bob").unwrap());
}
