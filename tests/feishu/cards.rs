//! Cards: posted once, updated in place, never to something older, and in simpler forms if refused.

use crate::support::{
    CARDS, SEND, assert_clean, client, group, message, messages, only, plain, running, sim, still,
};
use futures_util::future::join_all;
use poco_io::port::{Chat, ChatError, MessageId};
use poco_sim::feishu::{Fault, Feishu, Trouble};
use std::time::Duration;

/// Longer than a call that failed waits to be made again.
const QUIET: Duration = Duration::from_millis(500);

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn a_card_that_changes_in_steps_is_an_ordinary_message() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &plain("one"), "once").await.expect("a post");
    assert!(!only(&sim, &chat).is_entity());
    feishu.update(&id, &plain("two"), 2).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("two"));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_card_that_is_typed_onto_is_an_entity_and_named_so() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &still("made"), "once").await.expect("a post");
    let seen = only(&sim, &chat);
    let words: Vec<_> = id.0.split(' ').collect();
    assert_eq!(words[0], seen.id);
    assert_eq!(Some(words[1]), seen.entity.as_deref());
    feishu.update(&id, &still("done"), 2).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("done"));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_posts_once() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    for card in [plain("x"), still("y")] {
        let before = messages(&sim, &chat).len();
        sim.fault(Fault::on("POST", SEND, Trouble::LoseAnswer).times(1));
        let once = card.title.of(card.lang).replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let id = feishu.post(&chat, &card, &once).await.expect("a post");
        assert_eq!(messages(&sim, &chat).len(), before + 1);
        feishu.update(&id, &still("updated"), 2).await.expect("an update");
        assert!(message(&sim, &id).text.contains("updated"), "the first is the one that changes");
    }
    assert_clean(&sim);
}

#[tokio::test]
async fn a_post_repeated_by_another_process_names_the_card_people_see() {
    let sim = sim().await;
    let chat = group(&sim);
    client(&sim).post(&chat, &still("first"), "once").await.expect("a post");
    let after = client(&sim);
    let id = after.post(&chat, &still("again"), "once").await.expect("the same post");
    assert_eq!(id.0.split(' ').nth(1), only(&sim, &chat).entity.as_deref());
    after.update(&id, &still("changed"), 3).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("changed"));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_post_that_another_process_made_in_a_simpler_form_is_changed_as_what_it_is() {
    let sim = sim().await;
    let chat = group(&sim);
    sim.fault(Fault::refuse("POST", CARDS, 99_991_672));
    client(&sim).post(&chat, &still("first"), "once").await.expect("a post");
    sim.clear_faults();
    let after = client(&sim);
    let id = after.post(&chat, &still("again"), "once").await.expect("the same post");
    assert!(!only(&sim, &chat).is_entity());
    after.update(&id, &still("done"), 2).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("done"));
    assert_clean(&sim);
}

#[tokio::test]
async fn a_change_that_nobody_waits_for_any_more_is_not_tried_again() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &plain("one"), "once").await.expect("a post");
    let down = Trouble::Gateway { status: 502, body: String::new() };
    sim.fault(Fault::on("PATCH", SEND, down).times(1));
    {
        let look = plain("older");
        let change = feishu.update(&id, &look, 2);
        let tried = |sim: &Feishu| (sim.count_calls("PATCH", SEND) > 0).then_some(());
        tokio::select! {
            _ = change => panic!("it was tried again at once"),
            tried = sim.wait_until(DAY, tried) => tried.expect("a first try"),
        }
    }
    // Who took over shows what holds by now.
    client(&sim).update(&id, &plain("newer"), 3).await.expect("an update");
    tokio::time::sleep(QUIET).await;
    assert!(only(&sim, &chat).text.contains("newer"));
    assert_eq!(sim.count_calls("PATCH", SEND), 2);
    assert_clean(&sim);
}

#[tokio::test]
async fn the_number_of_changes_goes_on_after_a_restart() {
    let sim = sim().await;
    let chat = group(&sim);
    let feishu = client(&sim);
    let id = feishu.post(&chat, &still("0"), "once").await.expect("a post");
    for n in 1..20 {
        feishu.update(&id, &still(&n.to_string()), n).await.expect("an update");
    }
    client(&sim).update(&id, &still("after"), 20).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("after"));
    assert!(sim.calls().iter().all(|call| call.code == 0), "no number was refused");
}

#[tokio::test]
async fn a_number_that_is_too_low_is_raised_until_it_is_not() {
    let sim = sim().await;
    let chat = group(&sim);
    let id = client(&sim).post(&chat, &still("0"), "once").await.expect("a post");
    // Another process whose clock is days ahead has changed the card.
    let (rest, created) = id.0.rsplit_once(' ').expect("a time");
    let early = created.parse::<u64>().expect("a time") - 13 * 24 * 3_600_000;
    let ahead = MessageId(format!("{rest} {early}"));
    client(&sim).update(&ahead, &still("ahead"), 1).await.expect("an update");
    let feishu = client(&sim);
    feishu.update(&id, &still("behind"), 2).await.expect("an update");
    feishu.update(&id, &still("and on"), 3).await.expect("an update");
    assert!(only(&sim, &chat).text.contains("and on"));
}

#[tokio::test]
async fn an_older_look_never_replaces_a_newer_one() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    for (n, card) in [plain as fn(&str) -> _, still as fn(&str) -> _].into_iter().enumerate() {
        let once = format!("once-{n}");
        let id = feishu.post(&chat, &card("0"), &once).await.expect("a post");
        feishu.update(&id, &card("look 5"), 5).await.expect("an update");
        feishu.update(&id, &card("look 3"), 3).await.expect("nothing to do");
        feishu.glance(&id, &running("", "look 4"), 4).await.expect("nothing to do");
        assert!(message(&sim, &id).text.contains("look 5"));
        let orders = [9, 6, 12, 8, 11, 7, 10];
        let looks: Vec<_> = orders.map(|n| (card(&format!("look {n};")), n)).into();
        let updates = looks.iter().map(|(card, n)| feishu.update(&id, card, *n));
        for updated in join_all(updates).await {
            updated.expect("an update");
        }
        assert!(message(&sim, &id).text.contains("look 12;"));
    }
    assert_clean(&sim);
}

#[tokio::test]
async fn the_same_look_is_no_call() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let id = feishu.post(&chat, &plain("0"), "once").await.expect("a post");
    for n in 1..10 {
        feishu.update(&id, &plain("the same"), n).await.expect("an update");
    }
    assert_eq!(sim.count_calls("PATCH", SEND), 1);
}

#[tokio::test]
async fn what_is_gone_is_told() {
    let sim = sim().await;
    let feishu = client(&sim);
    for (n, card) in [plain as fn(&str) -> _, still as fn(&str) -> _].into_iter().enumerate() {
        let (old, left) = (group(&sim), group(&sim));
        let post = async |chat| {
            let once = format!("{n}-{chat}");
            feishu.post(chat, &card("0"), &once).await.expect("a post")
        };
        let (in_old, in_left) = (post(&old).await, post(&left).await);
        sim.disband(left.as_str()).expect("a group");
        if n == 0 {
            let updated = feishu.update(&in_left, &card("1"), 1).await;
            assert!(matches!(updated, Err(ChatError::Gone(_))), "{updated:?}");
        }
        let posted = feishu.post(&left, &card("1"), "late").await;
        assert!(matches!(posted, Err(ChatError::Refused(_))), "{posted:?}");
        sim.advance(15 * DAY);
        let updated = feishu.update(&in_old, &card("1"), 1).await;
        assert!(matches!(updated, Err(ChatError::Gone(_))), "{updated:?}");
        let updated = client(&sim).update(&in_old, &card("1"), 1).await;
        assert!(matches!(updated, Err(ChatError::Gone(_))), "{updated:?}");
    }
}

#[tokio::test]
async fn a_card_that_is_refused_comes_in_a_simpler_form() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    let refuse = || Fault::refuse("POST", SEND, 230_099).holding("interactive");
    sim.fault(refuse().times(1));
    let card = running("", "the result").typing(poco_core::Typing::No);
    let id = feishu.post(&chat, &card, "first").await.expect("a simple card");
    let seen = message(&sim, &id);
    assert!(seen.text.contains("the result"));
    assert_eq!(seen.labels(), ["Stop"]);
    sim.fault(refuse());
    let id = feishu.post(&chat, &card, "second").await.expect("a text");
    let seen = message(&sim, &id);
    assert_eq!(seen.kind, "post");
    assert!(seen.text.contains("the result"));
    sim.fault(Fault::refuse("POST", SEND, 230_001));
    let posted = feishu.post(&chat, &card, "third").await;
    assert!(matches!(posted, Err(ChatError::Refused(_))), "{posted:?}");
}

#[tokio::test]
async fn an_update_that_is_refused_comes_in_a_simpler_form_or_asks_for_a_new_message() {
    let sim = sim().await;
    let (feishu, chat) = (client(&sim), group(&sim));
    for (method, path, card) in
        [("PATCH", SEND, plain as fn(&str) -> _), ("PUT", CARDS, still as fn(&str) -> _)]
    {
        let id = feishu.post(&chat, &card("0"), method).await.expect("a post");
        sim.fault(Fault::refuse(method, path, 300_305).times(1));
        feishu.update(&id, &card("the result"), 1).await.expect("a simple card");
        assert!(message(&sim, &id).text.contains("the result"));
        sim.fault(Fault::refuse(method, path, 300_305));
        let updated = feishu.update(&id, &card("another"), 2).await;
        assert!(matches!(updated, Err(ChatError::Gone(_))), "{updated:?}");
        sim.clear_faults();
    }
}
