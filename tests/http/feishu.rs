//! What `/debug/feishu` tells after some traffic with Feishu: everything but words and secrets.

use crate::kit::{PATIENCE, Poco};
use poco_sim::feishu::{Fault, Feishu, Options};
use serde_json::{Value, json};
use std::time::Instant;

fn start(feishu: &Feishu, options: &Options) -> Poco {
    let owner = feishu.open_id("ada").unwrap();
    let settings = [
        ("POCO_FEISHU_API_BASE_URL", feishu.url()),
        ("POCO_FEISHU_APP_ID", &options.app_id),
        ("POCO_FEISHU_APP_SECRET", &options.app_secret),
        ("POCO_OWNER_OPEN_ID", &owner),
    ];
    Poco::with(&settings, &[])
}

/// Asks again and again until the answer fits.
fn until(poco: &Poco, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let answer = poco.get(path);
        if fits(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{path}: {answer}");
        std::thread::yield_now();
    }
}

fn entries(debug: &Value, key: &str) -> Vec<Value> {
    debug[key].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_is_told_without_words_and_secrets() {
    let options = Options { limits: false, ..Options::default() };
    let feishu = Feishu::start(options.clone()).await.unwrap();
    let poco = start(&feishu, &options);
    until(&poco, "/health", |it| it["feishu_listener_ready"] == true);
    let chat = feishu.direct_chat("ada").unwrap();
    feishu.say("ada", &chat, "hello secret-word-4711").unwrap();
    let home =
        |it: &poco_sim::feishu::Message| it.from_bot() && it.labels().contains(&"New".into());
    let find =
        |messages: &[poco_sim::feishu::Message]| messages.iter().find(|it| home(it)).cloned();
    let card = feishu.wait_for(&chat, PATIENCE, find).await.unwrap();
    feishu.press("ada", &card.id, "New", &[]).await.unwrap();
    let two = |it: &Value| entries(it, "inbound_events").len() == 2;
    let debug = until(&poco, "/debug/feishu", two);
    let inbound = entries(&debug, "inbound_events");
    let kinds: Vec<_> = inbound.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["press", "message"], "newest first");
    for event in &inbound {
        assert_eq!(event["user_id"], feishu.open_id("ada").unwrap());
        assert_eq!(
            (&event["reply_receive_id"], &event["reply_receive_id_type"]),
            (&json!(chat), &json!("chat_id"))
        );
        assert!(event["recorded_at"].as_str().unwrap().ends_with("+00:00"), "{event}");
    }
    for call in entries(&debug, "outbound_attempts") {
        assert!(call["source"].is_string() && call["code"].is_i64() && call["took_ms"].is_u64());
        assert!(call["error"].is_null() || call["error"].is_string(), "{call}");
    }
    assert!(!entries(&debug, "outbound_attempts").is_empty());
    assert_eq!(
        (&debug["listener"]["enabled"], &debug["listener"]["ready"]),
        (&json!(true), &json!(true))
    );
    assert!(debug["listener"]["last_event_at"].is_string());
    let told = debug.to_string();
    for hidden in [
        "secret-word-4711",
        "hello",
        &options.app_secret,
        &options.verification_token,
        "t-",
        "Bearer",
    ] {
        assert!(!told.contains(hidden), "{hidden} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_much_goes_on_only_the_latest_is_told() {
    let options = Options { limits: false, ..Options::default() };
    let feishu = Feishu::start(options.clone()).await.unwrap();
    let poco = start(&feishu, &options);
    until(&poco, "/health", |it| it["feishu_listener_ready"] == true);
    feishu.fault(Fault::refuse("POST", "/open-apis/im/v1/messages", 230_002).times(3));
    let chat = feishu.direct_chat("ada").unwrap();
    for n in 0..120 {
        feishu.say("ada", &chat, &format!("/status word-{n}")).unwrap();
    }
    let heard = feishu.wait_until(PATIENCE, |it| it.unacknowledged().is_empty().then_some(()));
    heard.await.unwrap();
    let debug = until(&poco, "/debug/feishu", |it| entries(it, "inbound_events").len() == 50);
    for key in ["inbound_events", "outbound_attempts", "errors"] {
        assert!(entries(&debug, key).len() <= 100, "{key}");
    }
    let failed =
        |it: &Value| entries(it, "outbound_attempts").iter().any(|it| it["code"] == 230_002);
    let debug = until(&poco, "/debug/feishu", failed);
    assert!(debug.to_string().len() < 100_000 && !debug.to_string().contains("word-"), "{debug}");
}
