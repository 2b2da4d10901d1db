//! The long connection.

use crate::app::{App, SOON};
use poco_sim::feishu::{ClientConfig, Cut, Frame, Framing, Header, Incoming, Options};
use prost::Message as _;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_address_needs_credentials_and_serves_once() {
    let app = App::start().await;
    let options = Options::default();
    assert_eq!(app.endpoint(&options.app_id, "wrong").await["code"], 514);
    app.feishu.refuse_endpoint(1_000_040_351, 1);
    assert_eq!(app.endpoint(&options.app_id, &options.app_secret).await["code"], 1_000_040_351);
    let url = app.socket_url().await;
    let first = tokio_tungstenite::connect_async(&url).await;
    assert!(first.is_ok());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
    assert_eq!(app.feishu.complaints(), ["a ticket of the long connection was used twice"]);
}

#[tokio::test]
async fn a_handshake_can_be_refused() {
    let app = App::start().await;
    app.feishu.refuse_handshake(403, 1_000_040_350, 1);
    let url = app.socket_url().await;
    let error = tokio_tungstenite::connect_async(&url).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(response) = error else { panic!("{error}") };
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["Handshake-Autherrcode"], "1000040350");
}

#[tokio::test]
async fn a_ping_is_answered_with_settings_if_there_are_any() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let ping = Frame { service: link.service, ..Frame::default() }.with("type", "ping");
    link.send(&ping).await;
    let pong = link.frame().await.unwrap();
    assert_eq!((pong.header("type"), &pong.payload), ("pong", &None));
    app.feishu
        .pong_config(Some(ClientConfig { ping_interval: Some(7), ..ClientConfig::default() }));
    link.send(&ping).await;
    assert_eq!(link.frame().await.unwrap().payload.unwrap(), b"{\"PingInterval\":7}");
    assert_eq!(app.feishu.pings(), 2);
}

/// Frames as the official clients write them.
const PING: &str = "0800100018f681801020002a0c0a0474797065120470696e67";
const PONG: &str = concat!(
    "0800100018f681801020002a0c0a04747970651204706f6e6742547b225265636f6e6e656374436f756e74223a2d312c225265636f6e6e656374496e",
    "74657276616c223a3132302c225265636f6e6e6563744e6f6e6365223a33302c2250696e67496e74657276616c223a3132307d"
);
const EVENT: &str = concat!(
    "0807109582a6efc79e84911118f681801020012a0d0a047479706512056576656e742a100a0a6d6573736167655f696412026d312a080a0373756d1201312a080a037365711201302a0e0a",
    "0874726163655f6964120274312a1a0a0974696d657374616d70120d3137303030303030303030303042107b22736368656d61223a22322e30227d4a0b32303234303130316c6f67"
);

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[test]
fn frames_are_read_and_written_as_by_the_official_clients() {
    for hex in [PING, PONG, EVENT] {
        assert_eq!(Frame::read(&bytes(hex)).unwrap().encode_to_vec(), bytes(hex));
    }
    let ping = Frame::read(&bytes(PING)).unwrap();
    assert_eq!(ping, Frame { service: 33_554_678, ..Frame::default() }.with("type", "ping"));
    assert_eq!(ping.headers, [Header { key: "type".to_owned(), value: "ping".to_owned() }]);
    let event = Frame::read(&bytes(EVENT)).unwrap();
    assert_eq!((event.seq_id, event.method, event.header("trace_id")), (7, 1, "t1"));
    assert_eq!(event.payload.unwrap(), b"{\"schema\":\"2.0\"}");
}

#[test]
fn a_frame_without_its_zero_fields_is_refused() {
    let third = bytes(&PING.replacen("08001000", "", 1));
    assert!(Frame::decode(&third[..]).is_ok());
    assert!(Frame::read(&third).is_err());
}

#[tokio::test]
async fn a_frame_without_its_required_fields_is_noted() {
    let app = App::start().await;
    let mut link = app.connect().await;
    link.raw(vec![0x2a, 0x00]).await;
    let noted = app.feishu.wait_until(SOON, |feishu| feishu.complaints().pop()).await.unwrap();
    assert!(noted.contains("required field 1"), "{noted}");
}

#[tokio::test]
async fn split_shuffled_and_doubled_messages_arrive_whole() {
    let app = App::start().await;
    let mut link = app.connect().await;
    app.feishu.framing(Framing { parts: 7, shuffled: true, doubled: true });
    let chat = app.feishu.direct_chat("ada").unwrap();
    let said = app.feishu.say("ada", &chat, "你好 🚀").unwrap();
    let event = link.take().await;
    assert_eq!(event["header"]["event_id"], said.event_id.unwrap());
    assert_eq!(event["event"]["message"]["content"], "{\"text\":\"你好 🚀\"}");
    app.feishu
        .wait_until(SOON, |feishu| feishu.unacknowledged().is_empty().then_some(()))
        .await
        .unwrap();
    assert!(app.feishu.complaints().is_empty(), "{:?}", app.feishu.complaints());
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_four_times() {
    let app = App::start().await;
    let mut link = app.connect().await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let event = app.feishu.say("ada", &chat, "hello").unwrap().event_id.unwrap();
    for wait in [15, 300, 3600, 6 * 3600, 24 * 3600] {
        let (message, frame) = link.next().await;
        assert_eq!(message["header"]["event_id"], event.as_str());
        link.acknowledge(frame, 500, None).await;
        app.feishu
            .wait_until(SOON, |feishu| feishu.due(&event).or((wait > 24_000).then_some(0)))
            .await
            .unwrap();
        app.feishu.advance(Duration::from_secs(wait));
    }
    assert_eq!(app.feishu.attempts(&event), 5);
    app.feishu.redeliver(&event);
    link.take().await;
    app.feishu
        .wait_until(SOON, |feishu| feishu.unacknowledged().is_empty().then_some(()))
        .await
        .unwrap();
    assert_eq!(app.feishu.due(&event), None);
}

#[tokio::test]
async fn an_event_goes_to_one_of_the_connections() {
    let app = App::start().await;
    let (mut one, mut two) = (app.connect().await, app.connect().await);
    app.feishu.wait_until(SOON, |feishu| (feishu.connections() == 2).then_some(())).await.unwrap();
    let chat = app.feishu.direct_chat("ada").unwrap();
    let (mut first, mut second) = (0, 0);
    for _ in 0..20 {
        app.feishu.say("ada", &chat, "hello").unwrap();
        tokio::select! {
            _ = one.take() => first += 1,
            _ = two.take() => second += 1,
        }
    }
    assert!(first > 0 && second > 0, "{first} and {second}");
    assert_eq!(first + second, 20);
}

#[tokio::test]
async fn a_connection_ends_in_every_way() {
    for cut in [Cut::Close, Cut::Reset, Cut::MidFrame] {
        let app = App::start().await;
        let mut link = app.connect().await;
        app.feishu.cut(cut);
        assert_eq!(link.frame().await, None, "{cut:?}");
        assert_eq!(app.feishu.connections(), 0);
    }
}

#[tokio::test]
async fn a_silent_connection_swallows_events_until_the_client_leaves() {
    let options = Options { answer_within: Duration::from_millis(50), ..Options::default() };
    let app = App::with(options).await;
    let mut link = app.connect().await;
    app.feishu.cut(Cut::Silence);
    let ping = Frame { service: link.service, ..Frame::default() }.with("type", "ping");
    link.send(&ping).await;
    let chat = app.feishu.direct_chat("ada").unwrap();
    let event = app.feishu.say("ada", &chat, "hello").unwrap().event_id.unwrap();
    app.feishu.wait_until(SOON, |feishu| feishu.due(&event)).await.unwrap();
    drop(link);
    app.feishu.wait_until(SOON, |feishu| (feishu.connections() == 0).then_some(())).await.unwrap();
    assert_eq!(app.feishu.pings(), 0);
    let mut link = app.connect().await;
    app.feishu.advance(Duration::from_secs(15));
    assert_eq!(link.take().await["header"]["event_id"], event.as_str());
}

#[tokio::test]
async fn groups_are_heard_as_the_scopes_allow() {
    let app = App::with(Options { hears_all: false, ..Options::default() }).await;
    let mut link = app.connect().await;
    let chat = app.feishu.group("Project", &["ada"]).unwrap();
    assert_eq!(link.take().await["header"]["event_type"], "im.chat.member.bot.added_v1");
    assert_eq!(app.feishu.say("ada", &chat, "psst").unwrap().event_id, None);
    app.feishu.mention("ada", &chat, "hi").unwrap();
    let event = link.take().await;
    let mention = &event["event"]["message"]["mentions"][0];
    assert_eq!(mention["id"]["open_id"], Options::default().bot_open_id.as_str());
    assert_eq!(event["event"]["message"]["content"], "{\"text\":\"@_user_1 hi\"}");
    assert!(app.feishu.say("bob", &chat, "let me in").is_err());
    let post = Incoming::post("t", &["a", "b"]);
    app.feishu.send("ada", &chat, &Incoming { mentions_bot: true, ..post }).unwrap();
    let content = link.take().await["event"]["message"]["content"].as_str().unwrap().to_owned();
    let content: serde_json::Value = serde_json::from_str(&content).unwrap();
    assert_eq!(content["content"][1], json!([{"tag": "text", "text": "b", "style": []}]));
}

#[tokio::test]
async fn an_event_can_come_twice_and_strange_bytes_between() {
    let app = App::start().await;
    let mut link = app.connect().await;
    app.feishu.deliver_twice(true);
    let chat = app.feishu.enter("ada").unwrap();
    let (first, second) = (link.take().await, link.take().await);
    assert_eq!(first, second);
    assert_eq!(first["event"]["chat_id"], chat.as_str());
    app.feishu.deliver_twice(false);
    app.feishu.send_bytes(&Frame::default().with("type", "news").encode_to_vec());
    assert_eq!(link.frame().await.unwrap().header("type"), "news");
    app.feishu.menu("ada", "help").unwrap();
    assert_eq!(link.take().await["event"]["event_key"], "help");
    let said = app.feishu.say("ada", &chat, "oops").unwrap();
    link.take().await;
    app.feishu.recall("ada", &said.message_id).unwrap();
    assert_eq!(link.take().await["event"]["message_id"], said.message_id.as_str());
}
