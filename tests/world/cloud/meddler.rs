//! Does to a queue what a queue may do: holds jobs of one group back while others pass, and delivers
//! jobs again, long after they were done.

use super::Cloud;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// The time between two doings.
const EVERY: Duration = Duration::from_millis(250);

/// Meddles until it is dropped.
#[derive(Debug)]
pub struct Meddler {
    met: Arc<AtomicUsize>,
    work: JoinHandle<()>,
}

impl Meddler {
    pub fn start(cloud: &Cloud, queue: &str) -> Self {
        let met = Arc::<AtomicUsize>::default();
        let work =
            tokio::spawn(meddle(Client::new(&cloud.config()), queue.to_owned(), met.clone()));
        Self { met, work }
    }

    /// How many jobs it had in its hands.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn meddle(client: Client, queue: String, met: Arc<AtomicUsize>) {
    let mut kept: Vec<Message> = vec![];
    for turn in 0.. {
        // What it gets is not to be had for a second, nor is what is behind it in its group.
        let receive = client.receive_message().queue_url(&queue).visibility_timeout(1);
        let group = MessageSystemAttributeName::MessageGroupId;
        let receive = receive.max_number_of_messages(1).message_system_attribute_names(group);
        let got = receive.wait_time_seconds(1).send().await.expect("jobs, or none");
        for message in got.messages.unwrap_or_default() {
            met.fetch_add(1, Ordering::Relaxed);
            kept.push(message);
        }
        if turn % 2 == 1 && !kept.is_empty() {
            let (copy, id) = (&kept[turn % kept.len()], format!("again-{turn}"));
            let again = client.send_message().queue_url(&queue).message_deduplication_id(id);
            let group = &MessageSystemAttributeName::MessageGroupId;
            let group = copy.attributes().and_then(|it| it.get(group)).expect("a group");
            let again = again.message_group_id(group).message_body(copy.body().expect("a body"));
            again.send().await.expect("that a job can be sent again");
        }
        tokio::time::sleep(EVERY).await;
    }
}
