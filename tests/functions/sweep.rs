//! The look that a schedule has the cloud take by itself, with what the template asks for it with.

use crate::stage::{EVENTS, RUNNER, Stage, laptop};
use poco_core::{ChatId, Command, Event, EventId, Fact, Runner, Timestamp, UserId};
use poco_io::clock;
use poco_sim::feishu::Message;
use poco_tests::cloud::asks_for_a_look;
use serde_json::{Value, json};
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(60);

/// Has the function look, in a process that knows nothing yet.
async fn look(stage: &Stage) -> Value {
    stage.functions.events.kill();
    let answer = stage.functions.events.invoke(asks_for_a_look()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// The machine was last heard so long ago, and is dead since.
async fn last_heard(stage: &Stage, minutes: u64) {
    let seen = Timestamp(clock::now().0 - minutes * 60_000);
    stage.app.heartbeat(&Runner { seen, ..laptop() }).await.unwrap();
}

fn nothing() -> Value {
    json!({ "machine": false, "told": 0, "settled": 0, "more": false })
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_only_machine_dead_the_cards_say_so_and_what_is_owed_goes_out() {
    let stage = Stage::new().await;
    let group = stage.feishu.group("api", &["ada"]).unwrap();
    let by = UserId::new(stage.feishu.open_id("ada").unwrap());
    let (lobby, settings) = (ChatId::new(stage.direct()), laptop().settings.unwrap());
    let fact = Fact::Opened { name: "api".to_owned(), by, settings, lobby, lang: None };
    let (id, chat) = (EventId::new("opened"), ChatId::new(&group));
    stage.app.handle(Event { id, chat, at: clock::now(), lang: None, fact }).await.unwrap();
    stage.faults().refuse("SendMessage", "AccessDenied", 1_000);
    assert_eq!(stage.send(EVENTS, &stage.message("e1", "/run one")).await.status, 200);
    stage.faults().clear();
    assert_eq!(look(&stage).await["machine"], true, "it is there, and does all this itself");
    last_heard(&stage, 12).await;
    stage.faults().count();
    assert_eq!(
        look(&stage).await,
        json!({ "machine": false, "told": 1, "settled": 2, "more": false })
    );
    let asleep = |it: &Message| it.text.contains(&format!("{RUNNER} is asleep"));
    stage.feishu.wait_for_message(&group, WITHIN, asleep).await.unwrap();
    assert!(matches!(stage.jobs(1).await[0].command, Command::Start { .. }));
    let before = stage.faults().fired().len();
    assert_eq!(look(&stage).await, nothing(), "once");
    let calls = stage.faults().fired().split_off(before);
    let count = |name: &str| calls.iter().filter(|it| *it == name).count();
    // The machines and what is due; the machine and how far projects were told.
    let counted = (count("Query"), count("GetItem"), calls.len());
    assert_eq!(counted, (2, 2, 4), "{calls:?}: what an idle look costs");
    last_heard(&stage, 0).await;
    let before = stage.faults().fired().len();
    assert_eq!(look(&stage).await["machine"], true);
    let calls = stage.faults().fired().split_off(before);
    assert_eq!(calls, ["Query", "GetItem"], "what a look costs with a machine there");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_can_ask_for_the_look() {
    let stage = Stage::new().await;
    last_heard(&stage, 12).await;
    let outside = stage.request("/sweep").header("content-type", "application/json");
    assert_eq!(outside.body("{}").send().await.unwrap().status(), 404);
    stage.faults().count();
    // What a gateway, or the URL of a function, says of itself: nobody behind it can leave it out.
    for (name, value) in [
        ("apiId", "api"),
        ("domainName", "abc.lambda-url.eu-central-1.on.aws"),
        ("stage", "$default"),
    ] {
        let mut asks = asks_for_a_look();
        asks["requestContext"][name] = value.into();
        let answer = stage.functions.events.invoke(asks).await.unwrap();
        assert_eq!(answer["statusCode"], 404, "{answer}");
    }
    let mut asks = asks_for_a_look();
    asks["requestContext"]["http"]["sourceIp"] = "192.0.2.1".into();
    assert_eq!(stage.functions.events.invoke(asks).await.unwrap()["statusCode"], 404);
    assert_eq!(stage.faults().fired(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_fails_says_so_and_the_next_one_does_it() {
    let stage = Stage::new().await;
    last_heard(&stage, 12).await;
    assert_eq!(look(&stage).await, nothing());
    stage.functions.events.kill();
    stage.faults().refuse("Query", "AccessDeniedException", 1_000);
    let answer = stage.functions.events.invoke(asks_for_a_look()).await.unwrap();
    assert_eq!(answer["statusCode"], 502, "{answer}");
    stage.faults().clear();
    assert_eq!(look(&stage).await, nothing());
}
