//! What goes wrong on the way.

use crate::support::{
    CARDS, SEND, TOKEN, assert_clean, client, group, message, messages, only, plain, sim, still,
};
use poco_io::port::{Chat, ChatError};
use poco_sim::feishu::{Fault, Trouble};
use std::time::{Duration, Instant};

#[tokio::test]
async fn gateways_and_broken_connections_are_passing() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let html = "<html>502 Bad Gateway</html>".to_owned();
    sim.fault(Fault::on("POST", SEND, Trouble::Gateway { status: 502, body: html }).times(1));
    sim.fault(Fault::on("*", TOKEN, Trouble::Cut).times(1));
    sim.fault(Fault::on("POST", SEND, Trouble::Cut).times(1));
    let id = feishu.post(&chat, &plain("0"), "once").await.expect("a post");
    sim.fault(Fault::on("PATCH", SEND, Trouble::LoseAnswer).times(2));
    feishu.update(&id, &plain("1"), 1).await.expect("an update");
    assert!(only(&sim, &chat).text.contains('1'));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_made_again_under_a_higher_number() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &still("0"), "once").await.expect("a post");
    sim.fault(Fault::on("PUT", CARDS, Trouble::LoseAnswer).times(2));
    feishu.update(&id, &still("changed"), 1).await.expect("an update");
    assert!(message(&sim, &id).text.contains("changed"));
    let numbers = sim.calls().into_iter().filter_map(|call| call.body["sequence"].as_i64());
    let numbers: Vec<_> = numbers.collect();
    assert_eq!(numbers.len(), 3);
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
}

#[tokio::test]
async fn a_limit_the_platform_reports_is_waited_for() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let message = "frequency limit".to_owned();
    // The simulator says: try again in one second.
    let trouble = Trouble::Refuse { status: 429, code: 99_991_400, message };
    sim.fault(Fault::on("POST", SEND, trouble).times(1));
    let started = Instant::now();
    feishu.post(&chat, &plain("0"), "once").await.expect("a post");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(messages(&sim, &chat).len(), 1);
}

#[tokio::test]
async fn a_card_that_is_locked_by_a_press_is_tried_after_it() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &still("0"), "once").await.expect("a post");
    // The answer to the press may be on its way, or never come.
    for (refusals, text, least, most) in
        [(1, "answered", 250, 3_000), (2, "unanswered", 3_100, 8_000)]
    {
        sim.fault(Fault::refuse("PUT", CARDS, 200_810).times(refusals));
        let started = Instant::now();
        feishu.update(&id, &still(text), refusals.into()).await.expect("an update");
        let took = started.elapsed().as_millis();
        assert!((least..most).contains(&took), "{took} ms until it was {text}");
        assert!(message(&sim, &id).text.contains(text));
    }
}

#[tokio::test]
async fn nothing_blocks_for_long() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &plain("0"), "once").await.expect("a post");
    sim.fault(Fault::on("*", "/open-apis", Trouble::Delay(Duration::from_secs(60))));
    let started = Instant::now();
    let (card, other) = (plain("1"), still("2"));
    let (updated, posted) =
        tokio::join!(feishu.update(&id, &card, 1), feishu.post(&chat, &other, "twice"));
    assert!(matches!(updated, Err(ChatError::Later(_))), "{updated:?}");
    assert!(matches!(posted, Err(ChatError::Later(_))), "{posted:?}");
    assert!(started.elapsed() < Duration::from_millis(8_500));
}
