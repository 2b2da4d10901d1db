use super::*;
use futures_util::future::join_all;

fn chat() -> Vec<Key> {
    vec![Key::Api("send"), Key::Chat("c".into())]
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// Makes calls that take `took` and returns when the platform may have counted each.
async fn calls(pacer: &Pacer, keys: Vec<Key>, count: usize, took: Duration) -> Vec<Instant> {
    join_all((0..count).map(|_| async {
        let permit = pacer.admit(&keys, Urgency::Due, in_seconds(3_600)).await.expect("a permit");
        let at = Instant::now();
        tokio::time::sleep(took).await;
        drop(permit);
        at
    }))
    .await
}

#[tokio::test(start_paused = true)]
async fn a_chat_never_gets_more_than_four_posts_in_any_second_and_in_order() {
    let pacer = Pacer::default();
    let at = calls(&pacer, chat(), 30, Duration::from_millis(70)).await;
    assert!(at.is_sorted(), "first come, first served");
    for five in at.windows(5) {
        assert!(five[4] - five[0] >= Duration::from_secs(1));
    }
    assert!(at[29] - at[0] < Duration::from_secs(9), "and no slower than need be");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_counts_until_a_second_after_its_answer() {
    let pacer = Pacer::default();
    let slow = calls(&pacer, chat(), 4, Duration::from_secs(5)).await;
    let next = calls(&pacer, chat(), 1, Duration::ZERO).await;
    assert!(next[0] - slow[0] >= Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn one_kind_of_call_stays_below_the_minute_too() {
    let pacer = Pacer::default();
    let at = calls(&pacer, vec![Key::Api("put")], 1_000, Duration::ZERO).await;
    for window in at.windows(951) {
        assert!(window[950] - window[0] >= Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_chat_does_not_hold_up_another() {
    let pacer = Pacer::default();
    let full = calls(&pacer, chat(), 40, Duration::ZERO);
    let other = async {
        tokio::task::yield_now().await;
        let keys = [Key::Api("send"), Key::Chat("other".into())];
        let start = Instant::now();
        assert!(pacer.admit(&keys, Urgency::Due, in_seconds(60)).await.is_some());
        assert_eq!(Instant::now(), start);
    };
    tokio::join!(full, other);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_passes_glances() {
    let pacer = Pacer::default();
    calls(&pacer, chat(), 4, Duration::ZERO).await;
    let glance = async {
        pacer.admit(&chat(), Urgency::Glance, in_seconds(60)).await.expect("a permit");
        Instant::now()
    };
    let due = async {
        tokio::task::yield_now().await;
        let at = calls(&pacer, chat(), 6, Duration::from_millis(10)).await;
        at[5]
    };
    let (glance, due) = tokio::join!(glance, due);
    assert!(due <= glance);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_or_comes_too_late_takes_no_place() {
    let pacer = Pacer::default();
    pacer.hold(&Key::Chat("c".into()), Duration::from_secs(2));
    assert!(pacer.admit(&chat(), Urgency::Due, in_seconds(1)).await.is_none());
    let keys = chat();
    let gone = tokio::time::timeout(
        Duration::from_millis(500),
        pacer.admit(&keys, Urgency::Due, in_seconds(60)),
    );
    assert!(gone.await.is_err());
    assert!(pacer.state().waiting.is_empty());
    assert_eq!(calls(&pacer, chat(), 4, Duration::ZERO).await.len(), 4);
    assert!(pacer.state().gates.values().all(|gate| gate.running == 0));
}

#[tokio::test(start_paused = true)]
async fn idle_gates_are_dropped() {
    let pacer = Pacer::default();
    for n in 0..2_000 {
        let keys = [Key::Card(n.to_string())];
        drop(pacer.admit(&keys, Urgency::Due, in_seconds(60)).await);
        tokio::time::advance(Duration::from_millis(20)).await;
    }
    assert!(pacer.state().gates.len() <= GATES_KEPT + 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_process_before_us_did_counts_too() {
    let pacer = Pacer::following();
    let at = calls(&pacer, chat(), 3, Duration::ZERO).await;
    assert_eq!(at[1] - at[0], Duration::from_secs(1), "one at once, the others when it is past");
    assert_eq!(at[2], at[1]);
}
