//! How often the store and the queue are called for an event: that is what it costs.

use crate::stage::{ACTIONS, EVENTS, RUNNER, Stage, laptop};
use poco_core::{
    Action, ChatId, Command, Event, EventId, Fact, Outcome, Pages, Report, Runner, RunnerId,
    TaskId, ThreadId, Timestamp, TurnId, UserId, Via,
};
use poco_io::clock;
use poco_io::port::Queue;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the calls for an event, but for those that ask once in a while what machines there are.
async fn steady(stage: &Stage, path: &str, event: &Value) -> BTreeMap<String, usize> {
    let mut calls = counted(stage, path, event).await;
    if calls.remove("Query").is_some() {
        *calls.get_mut("GetItem").unwrap() -= 1;
    }
    calls
}

/// Counts the calls for an event.
async fn counted(stage: &Stage, path: &str, event: &Value) -> BTreeMap<String, usize> {
    let sent = async { assert_eq!(stage.send(path, event).await.status, 200) };
    counted_in(stage, sent).await
}

/// Counts the calls made while something is done.
async fn counted_in(stage: &Stage, done: impl Future<Output = ()>) -> BTreeMap<String, usize> {
    let before = stage.faults().fired().len();
    done.await;
    let mut calls = BTreeMap::<_, usize>::new();
    for call in stage.faults().fired().split_off(before) {
        *calls.entry(call).or_default() += 1;
    }
    calls
}

fn calls<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_costs_few_calls() {
    let stage = Stage::new().await;
    stage.faults().count();
    let first = counted(&stage, EVENTS, &stage.message("e0", "/help")).await;
    // Once for each chat: whether the house has something for it.
    assert_eq!(first, calls([("Query", 1), ("GetItem", 3), ("PutItem", 2)]));
    // Saved, noted in the audit, struck off.
    let starts = calls([("GetItem", 1), ("PutItem", 3), ("SendMessage", 1)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e1", "/run one")).await, starts);
    let shows = calls([("GetItem", 1), ("PutItem", 3)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e2", "/run two")).await, shows);
    let unnoted = calls([("GetItem", 1), ("PutItem", 2)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e5", "/status")).await, unnoted);
    let nothing = calls([("GetItem", 1)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e2", "/run two")).await, nothing);
    steady(&stage, ACTIONS, &stage.press("e3")).await;
    let hands_over = calls([("GetItem", 1), ("PutItem", 1), ("SendMessage", 1)]);
    assert_eq!(steady(&stage, ACTIONS, &stage.press("e4")).await, hands_over);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_starts_a_task_is_written_once() {
    let stage = Stage::new().await;
    stage.faults().count();
    stage.send(EVENTS, &stage.message("e0", "/help")).await;
    let once = calls([("GetItem", 1), ("PutItem", 1), ("SendMessage", 2)]);
    assert_eq!(steady(&stage, ACTIONS, &stage.press("e1")).await, once);
    let mut jobs = stage.jobs(2).await;
    jobs.sort_by_key(|job| job.command == Command::Settle);
    assert!(matches!(jobs[0].command, Command::Start { .. }), "{jobs:?}");
    assert_eq!(jobs[1].command, Command::Settle);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_many_write_at_once_the_machine_shows_what_comes_of_an_event() {
    let stage = Stage::new().await;
    assert_eq!(stage.send(EVENTS, &stage.message("e0", "/help")).await.status, 200);
    let cards = |stage: &Stage| {
        let cards = stage.feishu.messages(&stage.direct());
        cards.into_iter().filter(|it| it.from_bot()).count()
    };
    let before = cards(&stage);
    stage.faults().refuse("PutItem", "ConditionalCheckFailedException", 1);
    stage.faults().count();
    let crowded = calls([("GetItem", 2), ("PutItem", 2), ("SendMessage", 2)]);
    assert_eq!(steady(&stage, EVENTS, &stage.message("e1", "/run one")).await, crowded);
    assert_eq!(cards(&stage), before, "it is one writer less");
    let mut jobs = stage.jobs(2).await;
    jobs.sort_by_key(|job| job.command == Command::Settle);
    assert!(matches!(jobs[0].command, Command::Start { .. }), "{jobs:?}");
    assert_eq!(jobs[1].command, Command::Settle);
    stage.settled(&stage.direct()).await;
    assert!(cards(&stage) > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_nothing_to_do_costs_the_same_however_many_chats_there_are() {
    // Every look finds that what was read of the machines is old.
    static NOW: AtomicU64 = AtomicU64::new(0);
    fn now() -> Timestamp {
        Timestamp(clock::now().0 + NOW.fetch_add(11_000, Ordering::Relaxed))
    }
    let stage = Stage::new().await;
    let mut app = stage.machine().with_runners();
    app.clock = now;
    let look = || async {
        app.heartbeat(&Runner { seen: now(), ..laptop() }, "one").await.unwrap();
        let told = app.check_runners().await.unwrap();
        (told, app.owing().await.unwrap())
    };
    // After a change it is looked everywhere, and once more.
    look().await;
    look().await;
    stage.faults().count();
    let idle = calls([("GetItem", 1), ("PutItem", 1), ("Query", 2)]);
    for chats in [0, 30] {
        for n in 0..chats {
            let by = UserId::new(stage.feishu.open_id("ada").unwrap());
            let fact = Fact::Acted { by, via: Via::Group, action: Action::Help };
            let id = EventId::new(format!("help-{n}"));
            let event = Event {
                id,
                chat: ChatId::new(format!("oc_{n}")),
                at: clock::now(),
                lang: None,
                fact,
            };
            // Posting into a chat that is not there fails for good, and is over with.
            stage.app.handle(event).await.unwrap();
        }
        let quiet = async { assert_eq!(look().await, (vec![], vec![])) };
        assert_eq!(counted_in(&stage, quiet).await, idle, "with {chats} chats");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_is_found_without_looking_everywhere() {
    let stage = Stage::new().await;
    let faults = stage.faults();
    assert_eq!(stage.send(EVENTS, &stage.message("e0", "/help")).await.status, 200);
    assert_eq!(stage.app.owing().await.unwrap(), []);
    faults.refuse("SendMessage", "AccessDenied", 1_000);
    assert_eq!(stage.send(EVENTS, &stage.message("e1", "/run one")).await.status, 200);
    let chat = ChatId::new(stage.direct());
    assert_eq!(stage.app.owing().await.unwrap(), std::slice::from_ref(&chat));
    assert_eq!(stage.app.owing_anywhere().await.unwrap(), std::slice::from_ref(&chat));
    faults.clear();
    stage.settled(chat.as_str()).await;
    assert_eq!(stage.app.owing().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_costs_a_machine_a_few_calls_for_each_turning_point() {
    let stage = Stage::new().await;
    assert_eq!(stage.send(EVENTS, &stage.message("e1", "/run one")).await.status, 200);
    let (app, queue) = (stage.machine(), stage.queue());
    let chat = ChatId::new(stage.direct());
    stage.faults().count();
    let mut task = TaskId::new("");
    let received = counted_in(&stage, async {
        let delivery = queue.receive().await.unwrap().remove(0);
        let Command::Start { task: started, .. } = &delivery.job.command else { panic!() };
        task = started.clone();
        // The seat looks whether that is still wanted.
        app.room(&chat).await.unwrap();
        queue.done(&delivery).await.unwrap();
    });
    let took = calls([("DeleteMessage", 1), ("GetItem", 1), ("ReceiveMessage", 1)]);
    assert_eq!(received.await, took);
    let (thread, turn) = (ThreadId::new("thread"), TurnId::new("turn"));
    let claim = "claim".to_owned();
    let runner = RunnerId::new(RUNNER);
    let claimed = Report::Claimed { claim, runner, thread: Some(thread.clone()) };
    let answer = Pages::one("answer", "It is done.");
    let ended = Report::Ended { outcome: Outcome::Answered { answer }, steps: vec![] };
    // Each is saved; what it shows is read, shown and struck off.
    let settles = calls([("GetItem", 2), ("PutItem", 2)]);
    let saves = calls([("GetItem", 2), ("PutItem", 1)]);
    // The task goes into a document of its own as well.
    let keeps = calls([("GetItem", 3), ("PutItem", 3)]);
    let points = [(claimed, saves), (Report::Started { thread, turn }, settles), (ended, keeps)];
    for (n, (report, expected)) in points.into_iter().enumerate() {
        let fact = Fact::Reported { task: task.clone(), report };
        let id = EventId::new(format!("r{n}"));
        let event = Event { id, chat: chat.clone(), at: clock::now(), lang: None, fact };
        let handled = async { drop(app.handle(event).await.unwrap()) };
        assert_eq!(counted_in(&stage, handled).await, expected, "turning point {n}");
    }
}
