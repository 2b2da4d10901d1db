//! An app is made by the device flow, whatever the person behind the link does.

use poco_io::feishu::http_client;
use poco_io::feishu::registration::{
    Accounts, CALLBACKS, EVENTS, Failure, Offer, Registered, Registration, SCOPES,
};
use poco_sim::feishu::{Consent, Feishu, Flow, Options};
use std::time::Duration;

/// A platform whose seconds are short.
async fn platform(flow: Flow) -> (Feishu, Registration) {
    let second = Duration::from_millis(20);
    let flow = Flow { second, ..flow };
    let sim = Feishu::start(Options { flow, ..Options::default() }).await.unwrap();
    let accounts = Accounts { feishu: sim.url().to_owned(), lark: sim.lark_accounts().to_owned() };
    let registration = Registration::new(http_client(sim.url()).unwrap(), accounts);
    (sim, registration.with_second(second))
}

async fn made(sim: &Feishu, flow: &Registration, offer: &Offer) -> Registered {
    let registered = flow.wait(offer).await.unwrap();
    assert_eq!(registered.app_id, sim.app_id());
    assert_eq!(registered.app_secret.expose(), sim.app_secret());
    assert_eq!(registered.open_id, Some(sim.open_id("ada").unwrap()));
    assert!(!format!("{registered:?} {offer:?}").contains(&sim.app_secret()));
    registered
}

#[tokio::test]
async fn an_app_is_made_with_all_it_needs() {
    let (sim, flow) = platform(Flow::default()).await;
    let offer = flow.begin("My PoCo").await.unwrap();
    let wanted = sim.follow("ada", &offer.link, Consent::Yes).unwrap();
    assert_eq!(wanted.name.as_deref(), Some("My PoCo"));
    assert_eq!(wanted.scopes, SCOPES);
    assert_eq!(wanted.events, EVENTS);
    assert_eq!(wanted.callbacks, CALLBACKS);
    let registered = made(&sim, &flow, &offer).await;
    assert!(!registered.is_lark);
    assert_eq!(sim.complaints(), Vec::<String>::new());
    // It is handed over once.
    assert!(matches!(flow.wait(&offer).await, Err(Failure::Refused(_))));
}

#[tokio::test]
async fn it_waits_for_the_person_as_patiently_as_it_is_told() {
    let (sim, flow) = platform(Flow::default()).await;
    let offer = flow.begin("PoCo").await.unwrap();
    let agree = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        sim.slow_down();
        sim.follow("ada", &offer.link, Consent::Yes).unwrap();
    };
    let (registered, ()) = tokio::join!(flow.wait(&offer), agree);
    assert!(registered.is_ok(), "{registered:?}");
    assert_eq!(sim.complaints(), ["device flow: a poll came too early"], "once, as was played");
}

#[tokio::test]
async fn an_app_of_lark_is_fetched_from_lark() {
    let (sim, flow) = platform(Flow { lark: true, ..Flow::default() }).await;
    let offer = flow.begin("PoCo").await.unwrap();
    sim.follow("ada", &offer.link, Consent::Yes).unwrap();
    let registered = made(&sim, &flow, &offer).await;
    assert!(registered.is_lark);
    assert_eq!(sim.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_no_and_a_silence_end_it() {
    let (sim, flow) = platform(Flow::default()).await;
    let offer = flow.begin("PoCo").await.unwrap();
    sim.follow("ada", &offer.link, Consent::No).unwrap();
    assert!(matches!(flow.wait(&offer).await, Err(Failure::Denied)));
    let (_sim, flow) = platform(Flow { expires_in: 12, ..Flow::default() }).await;
    let offer = flow.begin("PoCo").await.unwrap();
    assert!(matches!(flow.wait(&offer).await, Err(Failure::Expired)));
}

#[tokio::test]
async fn a_platform_without_the_flow_is_told_from_one_that_is_away() {
    let (_sim, flow) = platform(Flow { methods: vec![], ..Flow::default() }).await;
    assert!(matches!(flow.begin("PoCo").await, Err(Failure::Refused(_))));
    let accounts = Accounts::of("http://127.0.0.1:9");
    let flow = Registration::new(http_client("http://127.0.0.1:9").unwrap(), accounts);
    assert!(matches!(flow.begin("PoCo").await, Err(Failure::Unreachable(_))));
}

#[tokio::test]
async fn the_page_refuses_a_link_that_is_not_right() {
    let (sim, flow) = platform(Flow::default()).await;
    let link = flow.begin("PoCo").await.unwrap().link;
    for (part, by) in [("from=sdk", "from=web"), ("addons=", "addons=x"), ("tp=sdk", "tp=sdk&x=1")]
    {
        let odd = link.replace(part, by);
        assert_ne!(odd, link);
        assert!(sim.follow("ada", &odd, Consent::Yes).is_err(), "{odd}");
    }
}
