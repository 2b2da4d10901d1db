//! Live output: typed where it can be, patched where not, and within every limit.

use crate::support::{
    CARDS, SEND, assert_clean, client, group, message, only, running, sim, still,
};
use futures_util::future::join_all;
use poco_core::ChatId;
use poco_io::feishu::Feishu;
use poco_io::port::{Chat, MessageId};
use poco_sim::feishu::{Fault, Feishu as Sim};
use std::time::{Duration, Instant};

/// Posts a task's card and lets it run.
async fn begin(feishu: &Feishu, chat: &ChatId, once: &str) -> MessageId {
    let id = feishu.post(chat, &still("created"), once).await.expect("a post");
    feishu.update(&id, &running("", ""), 1).await.expect("an update");
    id
}

fn typed(sim: &Sim) -> usize {
    let calls = sim.calls().into_iter();
    calls.filter(|call| call.path.ends_with("/content") && call.code == 0).count()
}

#[tokio::test]
async fn output_is_typed_and_what_did_not_change_is_not_sent() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = begin(&feishu, &chat, "once").await;
    assert!(only(&sim, &chat).streaming);
    let looks = only(&sim, &chat).looks.len();
    for (steps, answer) in
        [("ran ls", ""), ("ran ls", "It"), ("ran ls", "It is"), ("ran ls", "It is")]
    {
        feishu.glance(&id, &running(steps, answer), 1).await.expect("a glance");
    }
    assert_eq!(typed(&sim), 3);
    let seen = only(&sim, &chat);
    assert_eq!(seen.looks.len(), looks + 3, "nothing else was sent");
    assert!(seen.text.contains("ran ls") && seen.text.contains("It is"), "{}", seen.text);
    feishu.update(&id, &still("It is done."), 2).await.expect("an update");
    let seen = only(&sim, &chat);
    assert!(seen.text.contains("It is done.") && !seen.streaming);
    assert_clean(&sim);
}

#[tokio::test]
async fn what_was_typed_stays_when_the_card_asks_and_goes_on() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = begin(&feishu, &chat, "once").await;
    feishu.glance(&id, &running("ran ls", "So far"), 1).await.expect("a glance");
    feishu.update(&id, &still("May I?"), 2).await.expect("an update");
    assert!(!only(&sim, &chat).streaming);
    feishu.update(&id, &running("", ""), 3).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("So far"));
}

#[tokio::test]
async fn a_restarted_process_goes_on_typing() {
    let sim = sim().await;
    let chat = group(&sim);
    let id = begin(&client(&sim), &chat, "once").await;
    let feishu = client(&sim);
    feishu.glance(&id, &running("", "one"), 1).await.expect("a glance");
    feishu.glance(&id, &running("", "one two"), 1).await.expect("a glance");
    assert_eq!(typed(&sim), 1, "the first look is a whole one");
    assert!(only(&sim, &chat).text.contains("one two"));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_card_that_the_platform_closed_is_opened_again() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = begin(&feishu, &chat, "once").await;
    feishu.glance(&id, &running("", "one"), 1).await.expect("a glance");
    for text in ["one two", "one two three"] {
        sim.advance(Duration::from_secs(11 * 60));
        assert!(!only(&sim, &chat).streaming);
        feishu.glance(&id, &running("", text), 1).await.expect("a glance");
        let seen = only(&sim, &chat);
        assert!(seen.streaming && seen.text.contains(text), "{}", seen.text);
    }
    sim.advance(Duration::from_secs(11 * 60));
    feishu.update(&id, &still("the end"), 2).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("the end"));
}

#[tokio::test]
async fn without_the_permission_output_is_patched_and_the_operator_asked_once() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    sim.fault(Fault::refuse("*", CARDS, 99_991_672));
    let id = begin(&feishu, &chat, "first").await;
    feishu.glance(&id, &running("", "one"), 1).await.expect("a glance");
    let seen = message(&sim, &id);
    assert!(!seen.is_entity() && seen.text.contains("one"), "{}", seen.text);
    feishu.update(&id, &still("done"), 2).await.expect("an update");
    assert!(message(&sim, &id).text.contains("done"));
    begin(&feishu, &chat, "second").await;
    assert_eq!(sim.count_calls("POST", CARDS), 1, "not tried for each card");
    assert_clean(&sim);
}

#[tokio::test]
async fn where_no_glance_works_the_final_card_does() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    sim.fault(Fault::refuse("*", CARDS, 99_991_672));
    let id = begin(&feishu, &chat, "once").await;
    sim.fault(Fault::refuse("PATCH", SEND, 230_001).times(1));
    for n in 0..20 {
        feishu.glance(&id, &running("", &format!("glance {n}")), 1).await.expect("skipped");
    }
    let patched = sim.count_calls("PATCH", SEND);
    assert_eq!(patched, 2, "the update and one glance");
    feishu.update(&id, &still("the end"), 2).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("the end"));
}

/// Twenty cards in one chat, each with output ten times a second for a while.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_cards_at_once_stay_within_every_limit_and_end_right() {
    const CARDS_AT_ONCE: usize = 20;
    const WORK: Duration = Duration::from_secs(5);
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let run = async |n: usize| {
        let id = begin(&feishu, &chat, &format!("card-{n}")).await;
        let (started, mut text) = (Instant::now(), String::new());
        while started.elapsed() < WORK {
            text.push_str("word ");
            let card = running("", &text);
            let glance = feishu.glance(&id, &card, 1);
            let _ = tokio::time::timeout(Duration::from_millis(100), glance).await;
        }
        let ended = Instant::now();
        feishu.update(&id, &still(&format!("answer {n}.")), 2).await.expect("an update");
        (id, ended.elapsed())
    };
    let ended = join_all((0..CARDS_AT_ONCE).map(run)).await;
    for (n, (id, took)) in ended.iter().enumerate() {
        let seen = message(&sim, id);
        assert!(seen.text.contains(&format!("answer {n}.")), "{}", seen.text);
        assert!(!seen.streaming);
        assert!(*took < Duration::from_secs(4), "a final card took {took:?}");
    }
    assert!(typed(&sim) > CARDS_AT_ONCE, "{} glances", typed(&sim));
    assert_clean(&sim);
}
