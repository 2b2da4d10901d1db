//! Jobs in an SQS FIFO queue: a queue for each runner, a group for each chat.

mod probe;
mod receiver;

pub use probe::Shape;

use crate::port::{Delivery, Job, Queue};
use anyhow::{Context, anyhow, ensure};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::StalledStreamProtectionConfig;
use aws_sdk_sqs::config::interceptors::InterceptorContext;
use aws_sdk_sqs::config::retry::{ClassifyRetry, RetryAction};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use poco_core::RunnerId;
use receiver::{Receiver, is_over};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::time::Duration;
use tokio::sync::OnceCell;

/// How long a receiver may be at a job before another gets it.
const LEASE: Duration = Duration::from_secs(120);

/// How often a queue of the template delivers a job before it puts it aside.
pub const DELIVERIES: u32 = 5;

/// The longest job. SQS takes more by now; not everything that speaks its language does.
pub const BODY_MAX: usize = 256 * 1024;

/// The longest name of a group, or of a message that is not to be sent twice.
const NAME_MAX: usize = 128;

/// How long a hash is as a name.
const HASH_CHARS: usize = 43;

/// What stands for a runner's name in the URL of a sender.
pub const RUNNER: &str = "{runner}";

/// A queue, as a process that has the rights for one side of it sees it.
#[derive(Debug)]
pub struct Sqs {
    client: Client,
    /// Where queues are; [`RUNNER`] in it stands for the runner's name.
    url: String,
    receiver: Option<Receiver>,
    /// How the queue that is received from is, once that was asked for.
    deliveries: OnceCell<Shape>,
}

impl Sqs {
    /// A queue that is only sent to: the rights to send are enough.
    pub fn sender(config: &SdkConfig, url: impl Into<String>) -> Self {
        // A poll that waits for jobs is silent for long and must not be given up: what it brings then
        // would be lost for as long as it is hidden. Every call has its own time limit.
        let silence = StalledStreamProtectionConfig::disabled();
        let config = aws_sdk_sqs::config::Builder::from(config)
            .retry_classifier(Throttled)
            .stalled_stream_protection(silence);
        let (client, deliveries) = (Client::from_conf(config.build()), OnceCell::new());
        Self { client, url: url.into(), receiver: None, deliveries }
    }

    /// A queue that is received from, and sent to by what its jobs lead to.
    pub fn receiver(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self::with_lease(config, url, LEASE)
    }

    /// A machine's own queue, and the way to those of the others.
    pub fn of(config: &SdkConfig, url: &str, runner: &RunnerId) -> Self {
        let own = url.replace(RUNNER, runner.as_str());
        Self { url: url.to_owned(), ..Self::receiver(config, own) }
    }

    /// Like [`Sqs::receiver`]; a job that was received and not heard of again is delivered anew
    /// after `lease`, in whole seconds.
    pub fn with_lease(config: &SdkConfig, url: impl Into<String>, lease: Duration) -> Self {
        let mut queue = Self::sender(config, url);
        queue.receiver = Some(Receiver::new(queue.client.clone(), queue.url.clone(), lease));
        queue
    }

    fn receiving(&self) -> anyhow::Result<&Receiver> {
        self.receiver.as_ref().ok_or_else(|| anyhow!("this process only sends to the queue"))
    }
}

#[async_trait]
impl Queue for Sqs {
    async fn send(&self, job: &Job) -> anyhow::Result<()> {
        let body = body(job)?;
        let url = self.url.replace(RUNNER, job.runner.as_str());
        let message = self.client.send_message().queue_url(url).message_body(body);
        message
            .message_group_id(name(job.chat.as_str()))
            .message_deduplication_id(name(&job.id))
            .send()
            .await
            .with_context(|| format!("send job {}", job.id))?;
        Ok(())
    }

    async fn receive(&self) -> anyhow::Result<Vec<Delivery>> {
        self.receiving()?.receive().await
    }

    async fn done(&self, delivery: &Delivery) -> anyhow::Result<()> {
        self.receiving()?.done(delivery).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> anyhow::Result<()> {
        self.receiving()?.retry(delivery, after).await
    }

    async fn deliveries_max(&self) -> Option<u32> {
        let Some(receiver) = &self.receiver else { return None };
        let url = receiver.url();
        let known = self.deliveries.get_or_try_init(async || self.shape_of(url).await);
        match known.await {
            Ok(shape) => Some(shape.tries).filter(|tries| *tries > 0),
            Err(error) => {
                tracing::warn!("the queue does not say how often it delivers: {error:#}");
                Some(DELIVERIES)
            }
        }
    }

    /// Whoever asks next for a job that was received too often has SQS put it aside.
    async fn put_aside(&self, delivery: &Delivery) -> anyhow::Result<()> {
        self.retry(delivery, Duration::ZERO).await
    }
}

/// Knows a queue that is busy by the name it gives that in this protocol, which the SDK does not.
#[derive(Debug)]
struct Throttled;

impl ClassifyRetry for Throttled {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.response().and_then(|it| it.headers().get("x-amzn-query-error"));
        let code = error.and_then(|error| error.split(';').next()).unwrap_or_default();
        if ["ThrottlingException", "RequestThrottled"].iter().any(|it| code.ends_with(it)) {
            return RetryAction::throttling_error();
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "SQS is busy"
    }
}

fn body(job: &Job) -> anyhow::Result<String> {
    let body = serde_json::to_string(job).context("write a job")?;
    // The two characters that JSON takes as they are and SQS does not. They can only be in texts.
    let body = body.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
    let (id, length) = (&job.id, body.len());
    ensure!(length <= BODY_MAX, "job {id} has {length} bytes, a queue takes {BODY_MAX}");
    Ok(body)
}

/// Whether a name may be one that [`name`] made, which does not say of what.
fn may_be_hash(name: &str) -> bool {
    name.len() == HASH_CHARS
}

/// Returns `text` as SQS takes a name: as it is if it can be, else a hash of it.
fn name(text: &str) -> Cow<'_, str> {
    let fits = (1..=NAME_MAX).contains(&text.len());
    if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_if_sqs_takes_it_and_hashed_if_not() {
        let longest = "x".repeat(NAME_MAX);
        for kept in
            ["oc_5ad11d72b830411d72b836c20", "a!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", &longest]
        {
            assert_eq!(name(kept), kept);
        }
        let odd = ["", " ", "日本", "a b", "a\n", &format!("{longest}x")];
        let hashed = odd.map(|odd| name(odd).into_owned());
        for hash in &hashed {
            assert!(may_be_hash(hash));
            assert_eq!(hashed.iter().filter(|other| *other == hash).count(), 1);
        }
    }
}
