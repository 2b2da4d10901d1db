//! What is of DynamoDB and SQS alone: lost answers, refusals, long bodies, what is put aside.

use aws_sdk_dynamodb::types::{DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate};
use poco_core::{ChatId, Command, EventId, RunnerId};
use poco_io::port::{Delivery, Document, Job, PutError, Queue, Store};
use poco_io::queue::{Sqs, sqs};
use poco_io::store::Dynamo;
use poco_io::store::dynamo::BODY_MAX;
use poco_tests::cloud::{Cloud, RECEIVES_MAX};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// By then whatever should have happened has.
const DEADLINE: Duration = Duration::from_secs(30);

/// Nothing happens for this long: it will not.
const QUIET: Duration = Duration::from_millis(100);

/// A table and a queue in an account of their own.
pub(crate) struct Place {
    cloud: Cloud,
    table: String,
    queue: String,
    aside: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let cloud = Cloud::new();
        let (table, (queue, aside)) = (cloud.table(), cloud.queue());
        Self { cloud, table, queue, aside }
    }

    pub(crate) fn open(&self, lease: Duration) -> (Arc<dyn Store>, Arc<dyn Queue>) {
        let config = self.cloud.config();
        let queue = Sqs::with_lease(&config, &self.queue, lease);
        (Arc::new(Dynamo::new(&config, &self.table)), Arc::new(queue))
    }
}

fn document(version: u64, body: &str) -> Document {
    Document { version, body: body.to_owned(), due: false }
}

fn job(chat: &str, id: &str) -> Job {
    let command = Command::Look { request: EventId::new(id), workdir: "/w".into() };
    Job { id: id.to_owned(), chat: ChatId::new(chat), runner: RunnerId::local(), command }
}

/// Receives the next job there is.
async fn next(queue: &Sqs) -> Delivery {
    loop {
        let received = timeout(DEADLINE, queue.receive()).await.expect("no job came").unwrap();
        if let Some(delivery) = received.into_iter().next() {
            return delivery;
        }
    }
}

impl Place {
    fn store(&self) -> Dynamo {
        Dynamo::new(&self.cloud.config(), &self.table)
    }

    fn shaky_store(&self) -> Dynamo {
        Dynamo::new(&self.cloud.shaky_config(), &self.table)
    }

    fn shaky_queue(&self) -> Sqs {
        Sqs::receiver(&self.cloud.shaky_config(), &self.queue)
    }

    /// How many items the table has, parts included.
    async fn items(&self) -> usize {
        let client = aws_sdk_dynamodb::Client::new(&self.cloud.config());
        let scan = client.scan().table_name(&self.table).projection_expression("pk");
        scan.into_paginator().items().send().try_collect().await.unwrap().len()
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_no_conflict() {
    let place = Place::new();
    let (store, faults) = (place.shaky_store(), place.cloud.faults());
    for version in 1..=3 {
        faults.lose_answers("PutItem", 1);
        store.put("k", &document(version, "x")).await.unwrap();
    }
    let long = "☃".repeat(300_000);
    faults.lose_answers("TransactWriteItems", 2);
    store.put("k", &document(4, &long)).await.unwrap();
    faults.lose_answers("TransactWriteItems", 2);
    store.put("k", &document(5, "short")).await.unwrap();
    assert_eq!(store.get("k").await.unwrap(), Some(document(5, "short")));
    // Others are told the truth all the same.
    faults.lose_answers("PutItem", 1);
    assert!(matches!(store.put("k", &document(5, "short")).await, Err(PutError::Conflict)));
    assert_eq!(faults.fired().len(), 3 + 2 + 1 + 2);
}

#[tokio::test]
async fn a_store_that_is_busy_is_asked_again_within_a_bound() {
    let place = Place::new();
    let (store, faults) = (place.shaky_store(), place.cloud.faults());
    let busy = [
        ("PutItem", "ProvisionedThroughputExceededException"),
        ("PutItem", "ThrottlingException"),
        ("PutItem", "RequestLimitExceeded"),
        ("PutItem", "InternalServerError"),
        ("PutItem", "TransactionConflictException"),
        ("GetItem", "ThrottlingException"),
        ("Query", "ThrottlingException"),
    ];
    for (n, (operation, code)) in busy.into_iter().enumerate() {
        let key = format!("k{n}");
        faults.refuse(operation, code, 2);
        store.put(&key, &document(1, "x")).await.unwrap();
        assert_eq!(store.get(&key).await.unwrap(), Some(document(1, "x")), "{code}");
        assert_eq!(store.keys(&key, None).await.unwrap(), [key], "{code}");
    }
    assert_eq!(faults.fired().len(), 2 * busy.len());
    faults.refuse("PutItem", "ThrottlingException", 1_000);
    let began = Instant::now();
    let refused = store.put("late", &document(1, "x")).await;
    assert!(matches!(refused, Err(PutError::Other(_))), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn parts_come_and_go_with_their_document() {
    let place = Place::new();
    let store = place.store();
    let bodies = ["short", &"☃".repeat(300_000), &"x".repeat(BODY_MAX), "", &"y".repeat(700_001)];
    for (version, (body, items)) in (1..).zip(bodies.into_iter().zip([1, 4, 7, 1, 4])) {
        store.put("k", &document(version, body)).await.unwrap();
        assert!(store.get("k").await.unwrap() == Some(document(version, body)));
        assert_eq!(place.items().await, items);
        assert_eq!(store.keys("", None).await.unwrap(), ["k"]);
        let stale = store.put("k", &document(version, &"z".repeat(400_000))).await;
        assert!(matches!(stale, Err(PutError::Conflict)));
        assert_eq!(place.items().await, items);
    }
    let refused = store.put("big", &document(1, &"x".repeat(BODY_MAX + 1))).await.unwrap_err();
    assert!(refused.to_string().contains("big has 1900001 bytes, more than 1900000"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_torn_document() {
    let place = Place::new();
    let store = place.store();
    let body = |version: u64| {
        let letter = char::from(b'a' + u8::try_from(version % 26).unwrap());
        letter.to_string().repeat(if version.is_multiple_of(3) { 10 } else { 800_000 })
    };
    store.put("k", &document(1, &body(1))).await.unwrap();
    let reader = tokio::spawn({
        let store = place.store();
        async move {
            let mut last = 0;
            while last < 25 {
                let got = store.get("k").await.unwrap().unwrap();
                assert!(got.version >= last && got.body == body(got.version), "{}", got.version);
                last = got.version;
            }
        }
    });
    for version in 2..=25 {
        store.put("k", &document(version, &body(version))).await.unwrap();
    }
    timeout(DEADLINE, reader).await.expect("it sees the last").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_writers_of_long_documents_one_wins_each_version() {
    let place = Place::new();
    let store = place.store();
    for version in 1..=5 {
        let mut writers = JoinSet::new();
        for writer in 0..20 {
            let store = store.clone();
            let length = if writer % 2 == 0 { 400_000 } else { 10 };
            writers.spawn(async move {
                let body = format!("{writer} {}", "x".repeat(length));
                store.put("k", &document(version, &body)).await.map(|()| body)
            });
        }
        let results = writers.join_all().await;
        let won: Vec<_> = results.iter().filter_map(|it| it.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert!(results.iter().all(|it| !matches!(it, Err(PutError::Other(_)))));
        assert!(store.get("k").await.unwrap() == Some(document(version, won[0])));
    }
}

#[tokio::test]
async fn what_may_be_forgotten_says_when() {
    let place = Place::new();
    let store = place.store().forgetting("page/", Duration::from_secs(3_600));
    for key in ["page/1", "room/1"] {
        store.put(key, &document(1, "x")).await.unwrap();
    }
    store.put("page/long", &document(1, &"x".repeat(400_000))).await.unwrap();
    let client = aws_sdk_dynamodb::Client::new(&place.cloud.config());
    let items = client.scan().table_name(&place.table).send().await.unwrap().items.unwrap();
    let expiring = items.iter().filter_map(|item| item.get("expires"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let left = expiring.map(|it| it.as_n().unwrap().parse::<u64>().unwrap() - now);
    let (short, parts): (Vec<_>, Vec<_>) = left.partition(|left| *left <= 3_600);
    assert_eq!((short.len(), parts.len()), (2, 2), "parts outlive their document");
    assert!(short.iter().all(|left| *left > 3_500));
}

#[tokio::test]
async fn a_table_of_an_older_template_cannot_tell_what_is_due() {
    let place = Place::new();
    let client = aws_sdk_dynamodb::Client::new(&place.cloud.config());
    let index = DeleteGlobalSecondaryIndexAction::builder().index_name("due").build().unwrap();
    let update = GlobalSecondaryIndexUpdate::builder().delete(index).build();
    let update =
        client.update_table().table_name(&place.table).global_secondary_index_updates(update);
    update.send().await.unwrap();
    let store = place.store();
    store.put("k", &Document { due: true, ..document(1, "x") }).await.unwrap();
    assert_eq!(store.due(None).await.unwrap(), None);
    // Whoever may not look there cannot tell either; a table that is busy is another matter.
    let (store, faults) = (place.shaky_store(), place.cloud.faults());
    faults.refuse("Query", "AccessDeniedException", 1);
    assert_eq!(store.due(None).await.unwrap(), None);
    faults.refuse("Query", "InternalServerError", 20);
    assert!(store.due(None).await.is_err());
}

#[tokio::test]
async fn a_job_whose_sending_was_not_confirmed_comes_once() {
    let place = Place::new();
    let (queue, faults) = (place.shaky_queue(), place.cloud.faults());
    faults.lose_answers("SendMessage", 2);
    queue.send(&job("c", "1")).await.unwrap();
    for code in ["ThrottlingException", "RequestThrottled", "InternalError"] {
        faults.refuse("SendMessage", code, 2);
        queue.send(&job("c", code)).await.unwrap();
    }
    for id in ["1", "ThrottlingException", "RequestThrottled", "InternalError"] {
        let delivery = next(&queue).await;
        assert_eq!((delivery.job.id.as_str(), delivery.tries), (id, 1));
        faults.lose_answers("DeleteMessage", 1);
        queue.done(&delivery).await.unwrap();
    }
    assert_eq!(faults.fired().len(), 2 + 3 * 2 + 4);
}

#[tokio::test]
async fn a_job_is_kept_from_others_as_long_as_it_is_held() {
    let place = Place::new();
    // Long enough that it would come again twice.
    let held = Sqs::with_lease(&place.cloud.config(), &place.queue, Duration::from_secs(2));
    let other = Sqs::receiver(&place.cloud.config(), &place.queue);
    held.send(&job("c", "1")).await.unwrap();
    let delivery = next(&held).await;
    let began = Instant::now();
    let again = next(&other).await;
    assert_eq!((again.job.id.as_str(), again.tries), ("1", 2));
    assert!(began.elapsed() >= Duration::from_secs(2), "it comes again when the lease is over");
    other.done(&again).await.unwrap();
    held.done(&delivery).await.unwrap();
    held.retry(&delivery, Duration::ZERO).await.unwrap();
    assert!(timeout(QUIET, other.receive()).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_read_is_put_aside_and_holds_up_nobody_else() {
    let place = Place::new();
    let client = aws_sdk_sqs::Client::new(&place.cloud.config());
    let odd = client.send_message().queue_url(&place.queue).message_body("no job");
    // The name of its group is a hash, so that nobody knows whom to tell.
    let group = "x".repeat(43);
    odd.message_group_id(group).message_deduplication_id("odd").send().await.unwrap();
    let queue = Sqs::receiver(&place.cloud.config(), &place.queue);
    queue.send(&job("d", "1")).await.unwrap();
    let delivery = next(&queue).await;
    assert_eq!(delivery.job.id, "1");
    queue.done(&delivery).await.unwrap();
    // It is left for a while each time: those are taken off here.
    let polls = async {
        loop {
            queue.receive().await.unwrap();
        }
    };
    let aside = async {
        loop {
            let aside = client.receive_message().queue_url(&place.aside).wait_time_seconds(1);
            let messages = aside.send().await.unwrap().messages.unwrap_or_default();
            if let Some(message) = messages.into_iter().next() {
                return message.body.unwrap();
            }
        }
    };
    let body = tokio::select! {
        body = timeout(Duration::from_secs(60), aside) => body.expect("it is put aside"),
        () = polls => unreachable!("it polls for ever"),
    };
    assert_eq!(body, "no job");
}

#[tokio::test]
async fn what_cannot_be_read_says_of_which_chat_it_is_if_that_is_known() {
    let place = Place::new();
    let client = aws_sdk_sqs::Client::new(&place.cloud.config());
    let newer = r#"{"id":"1","chat":"oc_1","runner":"laptop","command":{"Dance":{"how":"well"}}}"#;
    let bodies = [("oc_2", "no job", "oc_2"), (&*"x".repeat(43), newer, "oc_1")];
    let queue = Sqs::receiver(&place.cloud.config(), &place.queue);
    for (group, body, chat) in bodies {
        let odd = client.send_message().queue_url(&place.queue).message_body(body);
        odd.message_group_id(group).message_deduplication_id(group).send().await.unwrap();
        let delivery = next(&queue).await;
        assert_eq!((delivery.job.chat.as_str(), delivery.tries), (chat, 1));
        assert_eq!(delivery.job.command, Command::Unreadable);
        queue.retry(&delivery, Duration::ZERO).await.unwrap();
        let again = next(&queue).await;
        assert_eq!((&again.job, again.tries), (&delivery.job, 2), "it is the same each time");
        queue.done(&again).await.unwrap();
    }
}

#[tokio::test]
async fn a_queue_that_may_not_be_looked_at_is_taken_for_one_of_the_template() {
    let place = Place::new();
    let (queue, faults) = (place.shaky_queue(), place.cloud.faults());
    faults.refuse("GetQueueAttributes", "AccessDenied", 1);
    assert_eq!(queue.deliveries_max().await, Some(sqs::DELIVERIES));
    faults.count();
    assert_eq!(queue.deliveries_max().await, Some(RECEIVES_MAX));
    queue.deliveries_max().await;
    assert_eq!(faults.fired().len(), 1 + 1, "it is asked once");
    let sender = Sqs::sender(&place.cloud.config(), &place.queue);
    assert_eq!(sender.deliveries_max().await, None, "who only sends is delivered nothing");
}

#[tokio::test]
async fn odd_names_and_characters_pass_and_too_long_jobs_do_not() {
    let place = Place::new();
    let queue = Sqs::receiver(&place.cloud.config(), &place.queue);
    let odd = "日本 \u{fffe}\u{ffff}\u{0}\n";
    let sent = job(odd, &odd.repeat(100));
    queue.send(&sent).await.unwrap();
    queue.send(&sent).await.unwrap();
    let delivery = next(&queue).await;
    assert_eq!(delivery.job, sent);
    queue.done(&delivery).await.unwrap();
    assert!(timeout(QUIET, queue.receive()).await.is_err(), "it was sent once");
    let command =
        Command::Look { request: EventId::new("long"), workdir: "x".repeat(sqs::BODY_MAX) };
    let long =
        Job { id: "long".into(), chat: ChatId::new("c"), runner: RunnerId::local(), command };
    let refused = queue.send(&long).await.unwrap_err().to_string();
    assert!(refused.contains("job long has") && refused.contains("262144"), "{refused}");
}

#[tokio::test]
async fn who_only_sends_cannot_receive() {
    let place = Place::new();
    let queue = Sqs::sender(&place.cloud.config(), &place.queue);
    queue.send(&job("c", "1")).await.unwrap();
    let refused = queue.receive().await.unwrap_err().to_string();
    assert_eq!(refused, "this process only sends to the queue");
}

#[tokio::test]
async fn a_call_costs_one_request_and_a_long_document_two() {
    let place = Place::new();
    let (store, queue, faults) = (place.shaky_store(), place.shaky_queue(), place.cloud.faults());
    faults.count();
    store.put("k", &document(1, "x")).await.unwrap();
    store.put("k", &document(2, "x")).await.unwrap();
    store.get("k").await.unwrap();
    store.keys("", None).await.unwrap();
    let long = "x".repeat(1_000_000);
    store.put("k", &document(3, &long)).await.unwrap();
    store.get("k").await.unwrap();
    store.put("k", &document(4, &long)).await.unwrap();
    queue.send(&job("c", "1")).await.unwrap();
    let delivery = next(&queue).await;
    queue.done(&delivery).await.unwrap();
    let expected = "PutItem PutItem GetItem Query TransactWriteItems GetItem BatchGetItem \
                    TransactWriteItems TransactWriteItems SendMessage ReceiveMessage DeleteMessage";
    assert_eq!(faults.fired().join(" "), expected);
}
