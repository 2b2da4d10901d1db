//! The way to the runner: at least once, in order within a chat.

use crate::{BACKENDS, Bench, LEASE};
use poco_core::{ChatId, Command, EventId, RunnerId};
use poco_io::port::{Delivery, Job};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// By then whatever should have happened has.
const DEADLINE: Duration = Duration::from_secs(10);

/// Nothing happens for this long: it will not.
const QUIET: Duration = Duration::from_millis(50);

fn benches() -> impl Iterator<Item = Bench> {
    BACKENDS.iter().map(|backend| Bench::new(*backend, LEASE))
}

fn job(chat: &str, id: &str) -> Job {
    let command = Command::Look { request: EventId::new(id), workdir: "/日本".into() };
    Job { id: id.to_owned(), chat: ChatId::new(chat), runner: RunnerId::local(), command }
}

impl Bench {
    async fn send(&self, chat: &str, id: &str) {
        self.queue().send(&job(chat, id)).await.unwrap();
    }

    /// Receives as many jobs as are there, at least one.
    async fn receive(&self) -> Vec<Delivery> {
        loop {
            let received = timeout(DEADLINE, self.queue().receive()).await.expect("no job came");
            let received = received.unwrap();
            if !received.is_empty() {
                return received;
            }
        }
    }

    async fn ids(&self) -> Vec<String> {
        self.receive().await.into_iter().map(|delivery| delivery.job.id).collect()
    }

    /// Checks that nothing can be received now.
    async fn quiet(&self) {
        if let Ok(received) = timeout(QUIET, self.queue().receive()).await {
            assert_eq!(received.unwrap(), [], "{:?}", self.backend);
        }
    }
}

#[tokio::test]
async fn a_job_comes_as_it_was_sent_until_it_is_done() {
    for mut bench in benches() {
        bench.send("c", "1").await;
        bench.reopen();
        let received = bench.receive().await;
        assert_eq!(received[0].job, job("c", "1"));
        assert_eq!((received.len(), received[0].tries), (1, 1));
        bench.queue().done(&received[0]).await.unwrap();
        bench.queue().done(&received[0]).await.unwrap();
        bench.quiet().await;
        bench.reopen();
        bench.quiet().await;
    }
}

#[tokio::test]
async fn jobs_of_a_chat_come_in_order_one_at_a_time() {
    for mut bench in benches() {
        for n in 0..20 {
            bench.send("c", &format!("{n}")).await;
        }
        for n in 0..20 {
            let received = bench.receive().await;
            assert_eq!(received.len(), 1);
            assert_eq!(received[0].job.id, format!("{n}"));
            bench.quiet().await;
            bench.queue().done(&received[0]).await.unwrap();
            if n % 5 == 0 {
                bench.reopen();
            }
        }
        bench.quiet().await;
    }
}

#[tokio::test]
async fn chats_do_not_wait_for_each_other() {
    for bench in benches() {
        for (chat, id) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2"), ("c", "c1")] {
            bench.send(chat, id).await;
        }
        let mut received = vec![];
        while received.len() < 3 {
            received.extend(bench.receive().await);
        }
        received.sort_by(|one, other| one.job.id.cmp(&other.job.id));
        let ids: Vec<_> = received.iter().map(|delivery| delivery.job.id.as_str()).collect();
        assert_eq!(ids, ["a1", "b1", "c1"]);
        bench.quiet().await;
        bench.queue().done(&received[1]).await.unwrap();
        assert_eq!(bench.ids().await, ["b2"]);
        bench.quiet().await;
    }
}

#[tokio::test]
async fn an_id_is_sent_once_even_after_it_was_done() {
    for mut bench in benches() {
        bench.send("c", "1").await;
        bench.send("c", "1").await;
        bench.send("d", "1").await;
        let received = bench.receive().await;
        bench.send("c", "1").await;
        bench.queue().done(&received[0]).await.unwrap();
        bench.send("c", "1").await;
        bench.reopen();
        bench.send("c", "1").await;
        bench.quiet().await;
        bench.send("c", "2").await;
        assert_eq!(bench.ids().await, ["2"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_senders_and_receivers_each_job_goes_to_one() {
    for bench in benches() {
        let mut senders = JoinSet::new();
        for n in 0..60 {
            let queue = bench.queue();
            let job = job(&format!("c{}", n % 7), &format!("{}", n % 30));
            senders.spawn(async move { queue.send(&job).await.unwrap() });
        }
        let mut receivers = JoinSet::new();
        for _ in 0..5 {
            let queue = bench.queue();
            receivers.spawn(async move {
                let mut ids = vec![];
                while let Ok(received) = timeout(20 * QUIET, queue.receive()).await {
                    for delivery in received.unwrap() {
                        queue.done(&delivery).await.unwrap();
                        ids.push(delivery.job.id.parse::<u32>().unwrap());
                    }
                }
                ids
            });
        }
        senders.join_all().await;
        let mut ids = receivers.join_all().await.concat();
        ids.sort_unstable();
        assert_eq!(ids, (0..30).collect::<Vec<_>>(), "{:?}", bench.backend);
    }
}

#[tokio::test]
async fn what_is_given_back_comes_again_later_and_still_first() {
    for bench in benches() {
        bench.send("c", "1").await;
        bench.send("c", "2").await;
        let received = bench.receive().await;
        let began = Instant::now();
        let after = Duration::from_millis(600);
        bench.queue().retry(&received[0], after).await.unwrap();
        bench.quiet().await;
        bench.send("d", "other").await;
        assert_eq!(bench.ids().await, ["other"], "others do not wait for it");
        let again = bench.receive().await;
        assert!(began.elapsed() >= after);
        assert_eq!((again[0].job.id.as_str(), again[0].tries), ("1", 2));
        bench.queue().done(&again[0]).await.unwrap();
        assert_eq!(bench.ids().await, ["2"]);
    }
}

#[tokio::test]
async fn what_a_crashed_process_had_comes_again_at_once_and_in_order() {
    for mut bench in benches() {
        bench.send("c", "1").await;
        bench.send("c", "2").await;
        let received = bench.receive().await;
        bench.reopen();
        // Nothing but the file knows at once that the process is gone.
        if bench.backend != crate::Backend::Sqlite {
            bench.queue().retry(&received[0], Duration::ZERO).await.unwrap();
        }
        let again = bench.receive().await;
        assert_eq!((again[0].job.id.as_str(), again[0].tries), ("1", 2));
        bench.quiet().await;
    }
}

#[tokio::test]
async fn what_a_receiver_forgot_comes_again_after_a_while() {
    for backend in BACKENDS {
        let bench = Bench::new(*backend, Duration::from_millis(600));
        bench.send("c", "1").await;
        bench.send("c", "2").await;
        let first = bench.receive().await;
        bench.quiet().await;
        let again = bench.receive().await;
        assert_eq!((again[0].job.id.as_str(), again[0].tries), ("1", 2));
        // The first receiver wakes up: it can't take the job from the second, but it can end it.
        bench.queue().retry(&first[0], Duration::ZERO).await.unwrap();
        bench.quiet().await;
        bench.queue().done(&first[0]).await.unwrap();
        assert_eq!(bench.ids().await, ["2"]);
    }
}

#[tokio::test]
async fn a_waiting_receiver_hears_of_a_job_at_once() {
    for bench in benches() {
        let queue = bench.queue();
        let receiver = tokio::spawn(async move { queue.receive().await.unwrap() });
        tokio::task::yield_now().await;
        bench.send("c", "1").await;
        let received = timeout(DEADLINE, receiver).await.expect("it hears").unwrap();
        assert_eq!(received[0].job.id, "1");
    }
}

#[tokio::test]
async fn a_receiver_that_stops_waiting_takes_nothing_along() {
    for bench in benches() {
        for n in 0..50 {
            // It is dropped at whichever point it has come to.
            let _ = timeout(Duration::from_micros(n * 20), bench.queue().receive()).await;
            if n == 25 {
                bench.send("c", "1").await;
                break;
            }
        }
        assert_eq!(bench.ids().await, ["1"]);
    }
}

#[tokio::test]
async fn a_job_is_delivered_as_often_as_the_queue_says() {
    for bench in benches() {
        bench.send("c", "1").await;
        let most = bench.queue().deliveries_max().await;
        for tries in 1..=most.unwrap_or(20) {
            let received = bench.receive().await;
            assert_eq!((received[0].job.id.as_str(), received[0].tries), ("1", tries));
            bench.queue().retry(&received[0], Duration::ZERO).await.unwrap();
        }
        match most {
            Some(_) => bench.quiet().await,
            None => assert_eq!(bench.ids().await, ["1"], "{:?}", bench.backend),
        }
    }
}
