//! The long connection against the simulator, with all that happens to such connections.

use crate::render::Bot;
use anyhow::bail;
use async_trait::async_trait;
use poco_core::Text;
use poco_core::Timestamp;
use poco_io::config;
use poco_io::feishu::door::{Handler, Reply};
use poco_io::feishu::socket::{Socket, Status};
use poco_io::secret::Secret;
use poco_sim::feishu::{CallbackFrame, ClientConfig, Cut, Feishu, Framing, Options, PressResult};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How long a test waits for what must happen.
const SOON: Duration = Duration::from_secs(20);

/// What events do to the handler.
#[derive(Default)]
struct Events {
    seen: Mutex<Vec<Value>>,
    count: watch::Sender<usize>,
    /// Fails so many times first.
    failures: AtomicUsize,
    /// Events with this text wait until they are let go.
    held: Notify,
}

#[async_trait]
impl Handler for Events {
    async fn take(&self, payload: &Value) -> anyhow::Result<Reply> {
        let value = payload.clone();
        let is_held = value.to_string().contains("hold on");
        self.seen.lock().expect("no holder panics").push(value);
        self.count.send_modify(|count| *count += 1);
        if is_held {
            self.held.notified().await;
        }
        let fails = |left: usize| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
            bail!("not saved");
        }
        Ok(json!({ "toast": { "type": "info", "content": "got it" } }).into())
    }
}

struct World {
    feishu: Feishu,
    events: Arc<Events>,
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    chat: String,
}

fn quick() -> ClientConfig {
    ClientConfig {
        reconnect_nonce: Some(0),
        reconnect_interval: Some(1),
        ping_interval: Some(1),
        ..ClientConfig::default()
    }
}

impl World {
    async fn new(options: Options) -> Self {
        let feishu = Feishu::start(options).await.expect("the simulator starts");
        feishu.client_config(quick());
        Self::connect(feishu, &Options::default().app_secret)
    }

    fn connect(feishu: Feishu, secret: &str) -> Self {
        let config = config::Feishu {
            base_url: format!("{}/", feishu.url()),
            app_id: Options::default().app_id,
            app_secret: Secret::new(secret),
            delivery: config::Delivery::LongConnection,
            verification_token: None,
            encrypt_key: None,
        };
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let socket = Socket::new(http, &config, || Timestamp(1));
        let (tell, status) = watch::channel(Status::Connecting);
        let (stop, stopped) = watch::channel(false);
        let events = Arc::new(Events::default());
        let handler = events.clone();
        let running = tokio::spawn(async move { socket.run(handler, &tell, stopped).await });
        let chat = feishu.direct_chat("ada").expect("ada is there");
        Self { feishu, events, status, stop, running, chat }
    }

    async fn status(&mut self, is: impl FnMut(&Status) -> bool) -> Status {
        let found = tokio::time::timeout(SOON, self.status.wait_for(is)).await;
        found.expect("in time").expect("it runs").clone()
    }

    async fn connected(&mut self) {
        self.status(|status| matches!(status, Status::Connected { .. })).await;
    }

    /// Waits until the platform has so many connections in all, this being the newest.
    async fn connections(&mut self, count: u64) {
        let made = |feishu: &Feishu| (feishu.connections_made() >= count).then_some(());
        self.feishu.wait_until(SOON, made).await.expect("it connects again");
        self.connected().await;
    }

    fn say(&self, text: &str) -> String {
        let said = self.feishu.say("ada", &self.chat, text).expect("ada may write");
        said.event_id.expect("the bot hears it")
    }

    async fn acknowledged(&self, event: &str) {
        let open = |feishu: &Feishu| feishu.unacknowledged().iter().any(|it| it == event);
        let done = |feishu: &Feishu| (!open(feishu)).then_some(());
        self.feishu.wait_until(SOON, done).await.expect("it is acknowledged");
    }

    async fn seen(&self, count: usize) {
        let mut counts = self.events.count.subscribe();
        let enough = counts.wait_for(|seen| *seen >= count);
        tokio::time::timeout(SOON, enough).await.expect("in time").expect("it runs");
    }

    fn texts(&self) -> Vec<String> {
        let seen = self.events.seen.lock().expect("no holder panics");
        let text = |event: &Value| {
            let content = event["event"]["message"]["content"].as_str()?;
            serde_json::from_str::<Value>(content).ok()?["text"].as_str().map(str::to_owned)
        };
        seen.iter().filter_map(text).collect()
    }

    /// Ends the connection and checks that the platform had nothing to complain about.
    async fn end(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(SOON, self.running).await.expect("it ends").expect("it runs");
        assert_eq!(self.feishu.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn events_come_in_and_are_acknowledged() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    let pinged = |feishu: &Feishu| (feishu.pings() > 0).then_some(());
    world.feishu.wait_until(SOON, pinged).await.expect("it pings at once");
    for n in 0..100 {
        let event = world.say(&format!("message {n}"));
        world.acknowledged(&event).await;
    }
    assert_eq!(world.texts().len(), 100);
    world.end().await;
}

#[tokio::test]
async fn parts_in_any_order_are_put_together() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    for (parts, shuffled, doubled) in [(2, false, false), (7, true, false), (5, true, true)] {
        world.feishu.framing(Framing { parts, shuffled, doubled });
        let text = format!("{parts} 字 {}", "x".repeat(20_000));
        let event = world.say(&text);
        world.acknowledged(&event).await;
        assert!(world.texts().contains(&text));
    }
    world.end().await;
}

#[tokio::test]
async fn a_lost_connection_is_opened_again() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    for (count, cut) in [(2, Cut::Close), (3, Cut::Reset), (4, Cut::MidFrame), (5, Cut::Silence)] {
        world.feishu.cut(cut);
        world.connections(count).await;
        let event = world.say("again");
        // It may have gone to the connection that is silent; then it comes again.
        if cut == Cut::Silence {
            world.feishu.redeliver(&event);
        }
        world.acknowledged(&event).await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_slow_event_holds_up_neither_pings_nor_others() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    world.say("hold on");
    world.seen(1).await;
    let pings = world.feishu.pings();
    let event = world.say("quick");
    world.acknowledged(&event).await;
    let pinged = |feishu: &Feishu| (feishu.pings() > pings).then_some(());
    world.feishu.wait_until(SOON, pinged).await.expect("it pings on");
    world.events.held.notify_one();
    world.end().await;
}

#[tokio::test]
async fn what_was_not_saved_comes_again() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    world.events.failures.store(1, Ordering::SeqCst);
    let event = world.say("save me");
    world.feishu.wait_until(SOON, |it| it.due(&event)).await.expect("it is to come again");
    world.feishu.advance(Duration::from_secs(15));
    world.acknowledged(&event).await;
    assert_eq!(world.texts(), ["save me", "save me"]);
    world.end().await;
}

#[tokio::test]
async fn what_was_under_way_when_the_connection_broke_comes_again() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    let event = world.say("hold on");
    world.seen(1).await;
    world.feishu.cut(Cut::Reset);
    world.connections(2).await;
    world.events.held.notify_one();
    world.feishu.wait_until(SOON, |it| it.due(&event)).await.expect("it is to come again");
    world.feishu.advance(Duration::from_secs(15));
    world.seen(2).await;
    world.events.held.notify_one();
    world.acknowledged(&event).await;
    world.end().await;
}

#[tokio::test]
async fn the_end_waits_for_what_is_under_way() {
    let mut world = World::new(Options::default()).await;
    world.connected().await;
    let event = world.say("hold on");
    world.seen(1).await;
    world.stop.send_replace(true);
    world.events.held.notify_one();
    world.acknowledged(&event).await;
    world.end().await;
}

#[tokio::test]
async fn a_press_is_answered_in_either_kind_of_frame() {
    for callbacks_as in [CallbackFrame::Event, CallbackFrame::Card] {
        let mut world = World::new(Options { callbacks_as, ..Options::default() }).await;
        world.connected().await;
        let said = world.say("show me");
        world.acknowledged(&said).await;
        let result = press(&world).await;
        let toast = result.toast.expect("there is a toast");
        assert_eq!(toast.content, "got it");
        world.end().await;
    }
}

/// Presses a button of a card of the bot's.
async fn press(world: &World) -> PressResult {
    let card = poco_core::Card::new(poco_core::Tone::Plain, Text::verbatim("Card"))
        .buttons(vec![poco_core::Button::new(Text::verbatim("Go"), poco_core::Action::Home)]);
    let card = poco_io::feishu::render::render(&card);
    let sent = Bot::of(&world.feishu).await.post(&world.chat, &card).await;
    let message = sent["data"]["message_id"].as_str().expect("it is posted").to_owned();
    world.feishu.press("ada", &message, "Go", &[]).await.expect("it can be pressed")
}

#[tokio::test]
async fn what_only_people_can_mend_is_told_to_them() {
    for (code, fix) in [
        (403, "long connection"),
        (514, "poco config"),
        (1_000_040_344, "poco config"),
        (1_000_040_350, "other programs"),
        (1_000_040_351, "open.larksuite.com"),
    ] {
        let feishu = Feishu::start(Options::default()).await.expect("the simulator starts");
        feishu.refuse_endpoint(code, 1_000);
        let mut world = World::connect(feishu, "a secret");
        let status = world.status(|it| matches!(it, Status::Misconfigured { .. })).await;
        let shown = status.to_string();
        assert!(shown.contains(fix) && shown.contains(&code.to_string()), "{shown}");
        assert!(!shown.contains("a secret"));
        world.end().await;
    }
}

#[tokio::test]
async fn a_refused_handshake_is_told_or_tried_again() {
    let feishu = Feishu::start(Options::default()).await.expect("the simulator starts");
    feishu.client_config(quick());
    feishu.refuse_handshake(401, 1_000_040_343, 2);
    feishu.refuse_endpoint(1_000_040_345, 1);
    let mut world = World::connect(feishu, &Options::default().app_secret);
    world.connected().await;
    world.feishu.refuse_handshake(401, 1_000_040_350, 1_000);
    world.feishu.cut(Cut::Close);
    let status = world.status(|it| matches!(it, Status::Misconfigured { .. })).await;
    assert!(status.to_string().contains("1000040350"), "{status}");
    world.end().await;
}

#[tokio::test]
async fn a_pong_may_change_the_pace() {
    let feishu = Feishu::start(Options::default()).await.expect("the simulator starts");
    feishu.client_config(ClientConfig { ping_interval: Some(500), ..quick() });
    feishu.pong_config(Some(ClientConfig { ping_interval: Some(1), ..ClientConfig::default() }));
    let mut world = World::connect(feishu, &Options::default().app_secret);
    world.connected().await;
    let pinged = |feishu: &Feishu| (feishu.pings() > 1).then_some(());
    world.feishu.wait_until(SOON, pinged).await.expect("it pings sooner");
    world.end().await;
}
