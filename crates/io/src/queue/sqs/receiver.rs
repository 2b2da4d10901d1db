//! The receiving side: one poll at a time, and a hold on what was received until it is heard of.

use crate::port::{Delivery, Job};
use anyhow::{Context, anyhow};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use poco_core::{ChatId, Command, RunnerId};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

/// How long a poll waits for a job; SQS allows no more.
const WAIT: Duration = Duration::from_secs(20);

/// How long a job that was received stays hidden if nothing is heard: not long after a crash.
const HIDDEN: Duration = Duration::from_secs(30);

/// How long a job that cannot be read is left alone. A few times, then the queue puts it aside.
const UNREADABLE: Duration = Duration::from_secs(2);

/// The longest SQS hides a message.
const HIDDEN_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// What a queue hands out to this process.
#[derive(Debug)]
pub(super) struct Receiver {
    hands: Arc<Hands>,
    /// Goes on if the one who waits for it stops, so that what it brings is not lost.
    poll: tokio::sync::Mutex<Option<Poll>>,
}

type Poll = JoinHandle<anyhow::Result<Vec<Delivery>>>;

#[derive(Debug)]
struct Hands {
    queue: At,
    lease: Duration,
    /// By the ids of their messages.
    held: Mutex<HashMap<String, Held>>,
}

#[derive(Clone, Debug)]
struct At {
    client: Client,
    url: String,
}

/// A job that was received; its latest receipt is the one that counts.
#[derive(Debug)]
struct Held {
    receipt: String,
    _kept_hidden: Ends,
}

/// A task that ends with this.
#[derive(Debug)]
struct Ends(AbortHandle);

impl Receiver {
    pub(super) fn new(client: Client, url: String, lease: Duration) -> Self {
        let held = Mutex::default();
        let hands = Arc::new(Hands { queue: At { client, url }, lease, held });
        Self { hands, poll: tokio::sync::Mutex::default() }
    }

    /// Where it receives from.
    pub(super) fn url(&self) -> &str {
        &self.hands.queue.url
    }

    pub(super) async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        let mut slot = self.poll.lock().await;
        let poll = slot.get_or_insert_with(|| tokio::spawn(Arc::clone(&self.hands).poll()));
        let received = poll.await;
        *slot = None;
        received.context("the poll was ended")?
    }

    pub(super) async fn done(&self, delivery: &Delivery) -> anyhow::Result<()> {
        let (message, receipt) = read(delivery)?;
        let latest = self.hands.held().remove(message);
        let receipt = latest.map_or_else(|| receipt.to_owned(), |held| held.receipt);
        let At { client, url } = &self.hands.queue;
        match client.delete_message().queue_url(url).receipt_handle(receipt).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_over(error.code()) => Ok(()),
            Err(error) => Err(error).context("strike a job off"),
        }
    }

    pub(super) async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        self.hands.give_back(delivery, after).await
    }
}

impl Hands {
    async fn poll(self: Arc<Self>) -> anyhow::Result<Vec<Delivery>> {
        let At { client, url } = &self.queue;
        let mut attempt = [0; 16];
        getrandom::fill(&mut attempt).map_err(anyhow::Error::new).context("draw a number")?;
        let patience = TimeoutConfig::builder()
            .operation_attempt_timeout(WAIT + Duration::from_secs(5))
            .operation_timeout(2 * WAIT);
        let patience = aws_sdk_sqs::Config::builder().timeout_config(patience.build());
        // One at a time: of more, several could be of one chat, and the later ones could neither be
        // handed out nor given back without being counted as tried.
        let received = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(1)
            .wait_time_seconds(seconds(WAIT))
            .visibility_timeout(seconds(self.hidden()))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            // If the answer is lost, the same question has the same answer.
            .receive_request_attempt_id(format!("{:032x}", u128::from_be_bytes(attempt)))
            .customize()
            .config_override(patience)
            .send()
            .await
            .context("receive jobs")?;
        let mut deliveries = vec![];
        for message in received.messages.unwrap_or_default() {
            match take(&message) {
                Ok(delivery) => {
                    self.hold(&delivery)?;
                    deliveries.push(delivery);
                }
                Err(error) => self.leave(&message, &error).await,
            }
        }
        Ok(deliveries)
    }

    /// Keeps a job from others until it is heard of, or its lease is over.
    fn hold(&self, delivery: &Delivery) -> anyhow::Result<()> {
        let (message, receipt) = read(delivery)?;
        let (queue, hidden, of_lease) = (self.queue.clone(), self.hidden(), self.lease);
        let end = Instant::now() + of_lease;
        let receipt = receipt.to_owned();
        let kept_hidden = tokio::spawn({
            let receipt = receipt.clone();
            async move {
                loop {
                    tokio::time::sleep(hidden / 3).await;
                    if Instant::now() + hidden > end {
                        return;
                    }
                    if let Err(error) = queue.hide(&receipt, hidden).await {
                        tracing::warn!("a job could not be kept from others: {error:#}");
                    }
                }
            }
        });
        let held = Held { receipt, _kept_hidden: Ends(kept_hidden.abort_handle()) };
        self.held().insert(message.to_owned(), held);
        Ok(())
    }

    /// Gives a job back, unless somebody else is at it by now.
    async fn give_back(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        let (message, receipt) = read(delivery)?;
        if !self.let_go(message, receipt) {
            return Ok(());
        }
        self.queue.hide(receipt, after).await.context("give a job back")
    }

    /// Stops holding a job; says no if it has been received again since.
    fn let_go(&self, message: &str, receipt: &str) -> bool {
        let mut held = self.held();
        if held.get(message).is_some_and(|held| held.receipt != receipt) {
            return false;
        }
        held.remove(message);
        true
    }

    /// Leaves a job that cannot be read where it is: a newer version may, and it must not be lost.
    async fn leave(&self, message: &Message, error: &anyhow::Error) {
        let id = message.message_id().unwrap_or_default();
        tracing::error!(message.id = id, "a job cannot be read: {error:#}");
        let receipt = message.receipt_handle().unwrap_or_default();
        if let Err(error) = self.queue.hide(receipt, UNREADABLE).await {
            tracing::warn!(message.id = id, "it could not be given back: {error:#}");
        }
    }

    fn hidden(&self) -> Duration {
        HIDDEN.min(self.lease).max(Duration::from_secs(1))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl At {
    /// Hides a message from receivers, from now on for so long.
    async fn hide(&self, receipt: &str, time: Duration) -> anyhow::Result<()> {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(receipt).visibility_timeout(seconds(time));
        match change.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_over(error.code()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads a job as it was received.
fn take(message: &Message) -> anyhow::Result<Delivery> {
    let (Some(id), Some(receipt)) = (message.message_id(), message.receipt_handle()) else {
        return Err(anyhow!("a message without id and receipt"));
    };
    let count = message.attributes().and_then(|attributes| {
        attributes.get(&MessageSystemAttributeName::ApproximateReceiveCount)?.parse().ok()
    });
    let body = message.body().unwrap_or_default();
    let job = match serde_json::from_str(body).context("unreadable job") {
        Ok(job) => job,
        Err(error) => {
            let Some(chat) = chat(message, body) else { return Err(error) };
            tracing::error!(message.id = id, chat.id = %chat, "a job cannot be read: {error:#}");
            // Its own id may be what cannot be read.
            let (id, runner) = (id.to_owned(), RunnerId::local());
            Job { id, chat, runner, command: Command::Unreadable }
        }
    };
    Ok(Delivery { job, receipt: format!("{id} {receipt}"), tries: count.unwrap_or(1) })
}

/// Finds out which chat a job is of that cannot be read: a newer version may have written it.
fn chat(message: &Message, body: &str) -> Option<ChatId> {
    #[derive(Deserialize)]
    struct Of {
        chat: ChatId,
    }
    let group = || message.attributes()?.get(&MessageSystemAttributeName::MessageGroupId);
    let group = || group().filter(|it| !super::may_be_hash(it)).map(ChatId::new);
    serde_json::from_str::<Of>(body).ok().map(|it| it.chat).or_else(group)
}

/// Returns the id of the message of a delivery, and its receipt.
fn read(delivery: &Delivery) -> anyhow::Result<(&str, &str)> {
    delivery.receipt.split_once(' ').ok_or_else(|| anyhow!("a receipt of another queue"))
}

/// Whether an error says that the message is deleted, or somebody else's by now. It is then nothing
/// to us; if it comes again, it is known for what it is.
pub(super) fn is_over(code: Option<&str>) -> bool {
    let over = ["ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"];
    code.is_some_and(|code| over.into_iter().any(|it| code.ends_with(it)))
}

/// Returns a time in whole seconds, none shorter than asked for.
fn seconds(time: Duration) -> i32 {
    let time = time.min(HIDDEN_MAX).as_millis().div_ceil(1_000);
    i32::try_from(time).unwrap_or(i32::MAX)
}

/// What is held comes again by itself; what the last poll brings is given back at once.
impl Drop for Receiver {
    fn drop(&mut self) {
        self.hands.held().clear();
        let (Some(poll), hands) = (self.poll.get_mut().take(), Arc::clone(&self.hands)) else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return poll.abort() };
        runtime.spawn(async move {
            let Ok(Ok(deliveries)) = poll.await else { return };
            for delivery in deliveries {
                if let Err(error) = hands.give_back(&delivery, Duration::ZERO).await {
                    tracing::warn!("a job that came too late could not be given back: {error:#}");
                }
            }
        });
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}
