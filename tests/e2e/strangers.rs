//! Nobody but the owner makes PoCo act, whatever they send.

use crate::stage::{ENCRYPT_KEY, OWNER, Stage};
use poco_sim::feishu::{encrypt, sign};
use serde_json::{Value, json};

const STRANGER: &str = "bob";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_one_polite_word() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let chat = stage.feishu.direct_chat(STRANGER).unwrap();
    stage.feishu.say(STRANGER, &chat, "run something").unwrap();
    stage.titled(&chat, "PoCo", "works for its owner only").await;
    stage.feishu.join(STRANGER, &group).unwrap();
    for text in ["rm everything", "/run rm everything", "/stop", "/help"] {
        stage.feishu.say(STRANGER, &chat, text).unwrap();
        stage.feishu.say(STRANGER, &group, text).unwrap();
    }
    stage.until_acknowledged().await;
    // What the owner says is answered after all that.
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    let answers = stage.feishu.messages(&chat).iter().filter(|it| it.from_bot()).count();
    assert_eq!(answers, 1, "one refusal an hour");
    assert_eq!(stage.model.seen().len(), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_presses_in_vain() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.join(STRANGER, &group).unwrap();
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    let pressed = stage.feishu.press(STRANGER, &card.id, "Allow once", &[]).await.unwrap();
    assert!(pressed.toast.is_some_and(|toast| toast.content.contains("owner only")));
    let buttons = card.buttons();
    for value in buttons.iter().filter_map(|button| button.value.clone()) {
        let forged = stage.feishu.forge(STRANGER, &card.id, &value).await.unwrap();
        assert_eq!((forged.error, forged.card), (None, None), "{value}");
    }
    let deny =
        json!({ "tag": "button", "value": { "action": "deny" }, "form_value": { "why_1": "no" } });
    stage.feishu.forge_action(STRANGER, &card.id, &deny).await.unwrap();
    assert_eq!(stage.feishu.message(&card.id).unwrap().card, card.card, "nothing has changed");
    assert!(!stage.work().join("api/made.txt").exists());
    // Nor does the owner get anywhere with values nobody made.
    for value in
        [json!({}), json!({ "action": "fly" }), json!("x"), json!({ "action": { "a": 1 } })]
    {
        let forged = stage.feishu.forge(OWNER, &card.id, &value).await.unwrap();
        assert_eq!(forged.error, None, "{value}");
    }
    stage.press(&card.id, "Deny", &[]).await;
    stage.titled(&group, "[Complete]", "rejected by user").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_happens_in_groups_that_are_no_projects() {
    let stage = Stage::new().await;
    let group = stage.feishu.group("coffee", &[STRANGER, OWNER]).unwrap();
    stage.feishu.say(STRANGER, &group, "who is in?").unwrap();
    stage.feishu.mention(OWNER, &group, "me").unwrap();
    stage.titled(&group, "PoCo", "no PoCo project").await;
    assert_eq!(stage.model.seen().len(), 0);
    stage.is_well();
}

struct Post<'a> {
    url: String,
    key: &'a str,
    timestamp: String,
    signature: Option<String>,
    body: String,
}

impl Post<'_> {
    async fn send(&self) -> u16 {
        let nonce = "a-nonce";
        let signed = sign(&self.timestamp, nonce, self.key, &self.body);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("X-Lark-Request-Timestamp", &self.timestamp)
            .header("X-Lark-Request-Nonce", nonce)
            .header("X-Lark-Signature", self.signature.clone().unwrap_or(signed));
        request.body(self.body.clone()).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_from_feishu_is_refused_at_the_door() {
    let stage = Stage::webhooks().await;
    let group = stage.project("api").await;
    let event = |id: &str, prompt: &str| message(&stage, &group, id, prompt).to_string();
    let sealed = |key: &str, id: &str| {
        json!({ "encrypt": encrypt(key, [7; 16], &event(id, "do it")) }).to_string()
    };
    let now = (stage.feishu.now() / 1000).to_string();
    let right = Post {
        url: stage.door(),
        key: ENCRYPT_KEY,
        timestamp: now.clone(),
        signature: None,
        body: sealed(ENCRYPT_KEY, "om_forged"),
    };
    let hour_ago = (stage.feishu.now() / 1000 - 3600).to_string();
    let another = sign(&now, "a-nonce", ENCRYPT_KEY, "another body");
    let wrong = [
        Post {
            signature: Some(another),
            url: right.url.clone(),
            body: right.body.clone(),
            timestamp: now.clone(),
            ..right
        },
        Post {
            signature: Some(String::new()),
            url: right.url.clone(),
            body: right.body.clone(),
            timestamp: now.clone(),
            ..right
        },
        Post {
            timestamp: hour_ago,
            url: right.url.clone(),
            body: right.body.clone(),
            signature: None,
            ..right
        },
        Post {
            body: event("om_forged", "do it"),
            url: right.url.clone(),
            timestamp: now.clone(),
            signature: None,
            ..right
        },
        Post {
            key: "another key",
            body: sealed("another key", "om_forged"),
            url: right.url.clone(),
            timestamp: now.clone(),
            signature: None,
        },
        Post {
            body: "{}".to_owned(),
            url: right.url.clone(),
            timestamp: now.clone(),
            signature: None,
            ..right
        },
    ];
    for post in &wrong {
        assert_eq!(post.send().await, 401, "{} {}", post.timestamp, post.body);
    }
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    assert_eq!(stage.model.turns("do it"), 0, "no side effect");
    // One that is from Feishu is taken, and not again when somebody replays it.
    assert_eq!(right.send().await, 200);
    stage.titled(&group, "[Complete]", "do it").await;
    assert_eq!(right.send().await, 200);
    stage.say(&group, "hello again");
    stage.titled(&group, "[Complete]", "hello again").await;
    assert_eq!(stage.model.turns("do it"), 1);
    stage.is_well();
}

fn message(stage: &Stage, chat: &str, id: &str, text: &str) -> Value {
    json!({
        "schema": "2.0",
        "header": {
            "event_id": "forged", "event_type": "im.message.receive_v1",
            "create_time": stage.feishu.now().to_string(), "token": "simulated-verification-token",
            "app_id": "cli_a1b2c3d4e5f60718", "tenant_key": "2ca1d211f64f6438",
        },
        "event": {
            "sender": {
                "sender_id": { "open_id": stage.feishu.open_id(OWNER).unwrap() },
                "sender_type": "user", "tenant_key": "2ca1d211f64f6438",
            },
            "message": {
                "message_id": id, "create_time": stage.feishu.now().to_string(),
                "chat_id": chat, "chat_type": "group", "message_type": "text",
                "content": json!({ "text": text }).to_string(),
            },
        },
    })
}
