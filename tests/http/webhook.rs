//! Webhooks: what is not known to be Feishu's has no effect at all.

use crate::kit::{Answer, Poco, Request};
use poco_sim::feishu::{encrypt, sign};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const TOKEN: &str = "vtok";
const KEY: &str = "kudryavka";
const EVENTS: &str = "/platform/feishu/events";
const ACTIONS: &str = "/platform/feishu/card-actions";

/// Starts one that Feishu calls; Feishu itself does not answer.
fn listening(protection: &[(&str, &str)]) -> Poco {
    let mut settings = vec![
        ("POCO_FEISHU_APP_ID", "cli_0123456789abcdef"),
        ("POCO_FEISHU_APP_SECRET", "0123456789abcdef0123456789abcdef"),
        ("POCO_FEISHU_API_BASE_URL", "http://127.0.0.1:9"),
        ("POCO_FEISHU_DELIVERY_MODE", "webhook"),
        ("POCO_OWNER_OPEN_ID", "ou_ada"),
    ];
    settings.extend(protection);
    Poco::with(&settings, &[])
}

fn plain() -> Poco {
    listening(&[("POCO_FEISHU_VERIFICATION_TOKEN", TOKEN)])
}

fn encrypted() -> Poco {
    listening(&[("POCO_FEISHU_VERIFICATION_TOKEN", TOKEN), ("POCO_FEISHU_ENCRYPT_KEY", KEY)])
}

/// A message of the owner's that makes a task.
fn message(event: &str) -> Value {
    json!({
        "schema": "2.0",
        "header": {
            "event_id": event,
            "event_type": "im.message.receive_v1",
            "create_time": now().to_string() + "000",
            "token": TOKEN,
            "app_id": "cli_0123456789abcdef",
        },
        "event": {
            "sender": { "sender_id": { "open_id": "ou_ada" }, "sender_type": "user" },
            "message": {
                "message_id": format!("om_{event}"),
                "chat_id": "oc_ada",
                "chat_type": "p2p",
                "message_type": "text",
                "content": "{\"text\":\"/run marker\"}",
            },
        },
    })
}

/// A press of the owner's that makes a task.
fn press(event: &str) -> Value {
    let mut press = message(event);
    press["header"]["event_type"] = "card.action.trigger".into();
    press["event"] = json!({
        "operator": { "open_id": "ou_ada" },
        "token": "c-0123456789",
        "action": { "tag": "button", "value": { "intent_key": "task.submit", "prompt": "pressed" } },
        "context": { "open_message_id": "om_card", "open_chat_id": "oc_ada" },
    });
    press
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn sealed(payload: &Value, key: &str) -> String {
    json!({ "encrypt": encrypt(key, *b"0123456789abcdef", &payload.to_string()) }).to_string()
}

fn signed(path: &str, body: &str, at: u64, key: &str) -> Request {
    let at = at.to_string();
    Request::raw(path, body)
        .header("X-Lark-Request-Timestamp", &at)
        .header("X-Lark-Request-Nonce", "nonce")
        .header("X-Lark-Signature", &sign(&at, "nonce", key, body))
}

fn tasks(poco: &Poco) -> usize {
    poco.get("/tasks")["tasks"].as_array().unwrap().len()
}

/// Stops the test unless all of these are refused, and nothing came of any.
fn refused(poco: &Poco, status: u16, requests: &[Request]) {
    let before = poco.stored();
    for request in requests {
        let answer: Answer = poco.ask(request);
        assert_eq!(answer.status, status, "{request:?}: {answer:?}");
        assert!(!answer.detail().is_empty());
    }
    assert_eq!(poco.stored(), before);
    assert_eq!(tasks(poco), 0);
}

#[test]
fn there_are_no_webhooks_on_the_long_connection() {
    let poco = listening(&[
        ("POCO_FEISHU_DELIVERY_MODE", "longconn"),
        ("POCO_FEISHU_VERIFICATION_TOKEN", TOKEN),
    ]);
    refused(
        &poco,
        404,
        &[Request::post(EVENTS, &message("e1")), Request::post(ACTIONS, &press("e2"))],
    );
}

#[test]
fn the_token_is_looked_for_where_it_belongs() {
    let poco = plain();
    let with = |token: Value| {
        let mut message = message("e1");
        message["header"]["token"] = token;
        message
    };
    let mut none = message("e1");
    none["header"].as_object_mut().unwrap().remove("token");
    let mut elsewhere = none.clone();
    elsewhere["token"] = TOKEN.into();
    elsewhere["event"]["token"] = TOKEN.into();
    let mut press = press("e2");
    press["header"]["token"] = "wrong".into();
    press["event"]["token"] = TOKEN.into();
    let old = json!({ "token": "wrong", "type": "event_callback", "event": { "type": "message" } });
    let challenge = json!({ "type": "url_verification", "challenge": "c", "token": "wrong" });
    let bodies = [
        with(json!("wrong")),
        with(json!("")),
        with(json!(null)),
        with(json!([TOKEN])),
        with(json!({})),
        none,
        elsewhere,
        press,
        old,
        challenge,
        json!({}),
        json!({ "challenge": "c" }),
        json!({ "encrypt": "AAAA" }),
        json!({ "header": TOKEN }),
        json!({ "header": [] }),
    ];
    for path in [EVENTS, ACTIONS] {
        refused(&poco, 401, &bodies.clone().map(|body| Request::post(path, &body)));
    }
}

#[test]
fn what_has_the_token_is_taken_in_once() {
    let poco = plain();
    for token in [json!({ "token": TOKEN }), json!({ "header": { "token": TOKEN } })] {
        let mut challenge = json!({ "type": "url_verification", "challenge": "c-1" });
        challenge.as_object_mut().unwrap().extend(token.as_object().unwrap().clone());
        assert_eq!(poco.post(EVENTS, &challenge), json!({ "challenge": "c-1" }));
    }
    let answer = poco.post(EVENTS, &message("e1"));
    assert_eq!((&answer["ok"], &answer["delivered"]), (&json!(true), &json!(true)));
    assert!(answer["reply_preview"].is_string());
    let id = answer["task_id"].clone();
    poco.task_in(&id, "completed");
    for _ in 0..3 {
        assert_eq!(poco.ask(&Request::post(EVENTS, &message("e1"))).status, 200);
    }
    assert_eq!(tasks(&poco), 1);
    for _ in 0..3 {
        assert_eq!(poco.ask(&Request::post(ACTIONS, &press("e2"))).status, 200);
    }
    assert_eq!(tasks(&poco), 2);
    // A bot is nobody, and neither is who is not the owner.
    let mut bot = message("e3");
    bot["event"]["sender"]["sender_type"] = "app".into();
    assert_eq!(poco.post(EVENTS, &bot)["ignored"], true);
    let mut stranger = message("e4");
    stranger["event"]["sender"]["sender_id"]["open_id"] = "ou_eve".into();
    assert_eq!(poco.post(EVENTS, &stranger)["task_id"], Value::Null);
    let mut forged = press("e5");
    forged["event"]["operator"]["open_id"] = "ou_eve".into();
    assert_eq!(poco.ask(&Request::post(ACTIONS, &forged)).status, 200);
    assert_eq!(tasks(&poco), 2);
}

#[test]
fn what_is_not_sealed_and_signed_is_refused() {
    let poco = encrypted();
    let (message, press) = (message("e1"), press("e2"));
    let body = sealed(&message, KEY);
    let mut wrong_token = message.clone();
    wrong_token["header"]["token"] = "wrong".into();
    let mut challenge = json!({ "type": "url_verification", "challenge": "c", "token": "wrong" });
    let bad_challenge = sealed(&challenge, KEY);
    challenge["token"] = TOKEN.into();
    let good = signed(EVENTS, &body, now(), KEY);
    let plain = message.to_string();
    for path in [EVENTS, ACTIONS] {
        refused(
            &poco,
            401,
            &[
                // Not encrypted, or by somebody else.
                Request::post(path, &message),
                Request::post(path, &press),
                Request::post(path, &challenge),
                signed(path, &plain, now(), KEY),
                signed(path, &sealed(&message, "other key"), now(), "other key"),
                signed(path, &sealed(&message, "other key"), now(), KEY),
                // Not signed, or not like this.
                Request::raw(path, body.clone()),
                signed(path, &body, now(), "other key"),
                signed(path, &body, now(), ""),
                signed(path, &body, now(), KEY).header("X-Lark-Request-Nonce", "other"),
                signed(path, &body, now(), KEY)
                    .header("X-Lark-Request-Timestamp", &(now() + 1).to_string()),
                signed(path, &body, now(), KEY).header("X-Lark-Signature", ""),
                signed(path, &body, now(), KEY).header("X-Lark-Signature", "zz"),
                signed(path, &body, now(), KEY).body(sealed(&press, KEY)),
                // From another time.
                signed(path, &body, now() - 3_600, KEY),
                signed(path, &body, now() + 3_600, KEY),
                signed(path, &body, 0, KEY),
                signed(path, &body, u64::MAX, KEY),
                // With another token.
                signed(path, &sealed(&wrong_token, KEY), now(), KEY),
                Request::raw(path, bad_challenge.clone()),
            ],
        );
    }
    let torn = ["", "A", "AAAA", "!!!!", "MDEyMzQ1Njc4OWFiY2RlZg=="];
    let torn = torn.map(|it| Request::post(EVENTS, &json!({ "encrypt": it })));
    refused(&poco, 401, &torn);
    assert_eq!(poco.ask(&good).status, 200);
    assert_eq!(tasks(&poco), 1);
    // The same again, and again in another envelope, does nothing more.
    assert_eq!(poco.ask(&good).status, 200);
    assert_eq!(poco.ask(&signed(ACTIONS, &body, now() - 30, KEY)).status, 200);
    assert_eq!(tasks(&poco), 1);
    assert_eq!(poco.ask(&signed(ACTIONS, &sealed(&press, KEY), now(), KEY)).status, 200);
    assert_eq!(tasks(&poco), 2);
    // Console checks are not signed.
    let answer = poco.ask(&Request::raw(EVENTS, sealed(&challenge, KEY)));
    assert_eq!(answer.json(), json!({ "challenge": "c" }));
}

#[test]
fn requests_of_the_official_sdks_fare_as_they_should() {
    let protection =
        [("POCO_FEISHU_VERIFICATION_TOKEN", "xxxxxx"), ("POCO_FEISHU_ENCRYPT_KEY", KEY)];
    let poco = listening(&protection);
    let all: Value = serde_json::from_str(include_str!("../feishu/vectors/security.json")).unwrap();
    let sealed = |it: &Value| json!({ "encrypt": it["ciphertext_b64"] }).to_string();
    for vector in all["aes_256_cbc"].as_array().unwrap() {
        let request = Request::raw(EVENTS, sealed(vector));
        let plain = vector["plaintext"].as_str().unwrap();
        // The console's checks are sealed only; all else is signed too.
        if vector["encrypt_key"] == KEY && plain.contains("url_verification") {
            let plain: Value = serde_json::from_str(plain).unwrap();
            assert_eq!(poco.ask(&request).json(), json!({ "challenge": plain["challenge"] }));
        } else {
            refused(&poco, 401, &[request]);
        }
    }
    for vector in all["webhook_requests_python_sdk"].as_array().unwrap() {
        let request = Request::raw(EVENTS, vector["body"].as_str().unwrap());
        let headers = vector["headers"].as_object().unwrap();
        let with = |it: Request, (name, value): (&String, &Value)| {
            it.header(name, value.as_str().unwrap())
        };
        refused(&poco, 401, &[headers.iter().fold(request, with)]);
    }
}

#[test]
fn what_is_malformed_or_too_large_is_told_so() {
    for poco in [plain(), encrypted()] {
        for path in [EVENTS, ACTIONS] {
            let bad: [&[u8]; 8] =
                [b"", b"{", b"[]", b"1", b"null", b"\xff\xfe", b"{\"a\":\"\xff\"}", b"x=1"];
            let bad: Vec<_> = bad.iter().map(|body| Request::raw(path, *body)).collect();
            refused(&poco, 400, &bad);
            refused(&poco, 400, &[Request::raw(path, "[".repeat(100_000))]);
            let mut large = message("e1");
            large["padding"] = "x".repeat(600 * 1024).into();
            refused(&poco, 413, &[Request::post(path, &large)]);
            refused(&poco, 405, &[Request::get(path)]);
        }
    }
}

#[test]
fn odd_events_with_the_token_do_no_harm() {
    let poco = plain();
    let mut event = 0;
    for path in [
        "/event",
        "/event/sender",
        "/event/message",
        "/event/message/content",
        "/event/message/chat_id",
        "/header/event_id",
        "/header/event_type",
        "/header/create_time",
        "/event/sender/sender_id/open_id",
    ] {
        for odd in [
            json!(null),
            json!(7),
            json!("x"),
            json!([]),
            json!({ "a": 1 }),
            json!(""),
            json!("/"),
            json!("\u{0}"),
        ] {
            event += 1;
            let mut message = message(&format!("odd-{event}"));
            *message.pointer_mut(path).unwrap() = odd.clone();
            let answer = poco.ask(&Request::post(EVENTS, &message));
            assert_eq!(answer.status, 200, "{path} {odd}: {answer:?}");
        }
    }
    let mut good = message("good");
    good["event"]["message"]["chat_id"] = "oc_elsewhere".into();
    let id = poco.post(EVENTS, &good)["task_id"].clone();
    assert!(id.is_string());
}
