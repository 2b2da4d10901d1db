//! Finds out how a queue is and what this process may do with it.

use super::{RUNNER, Sqs, is_over};
use anyhow::{Context, anyhow};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use std::collections::HashMap;

/// A receipt that no message ever had.
const NO_RECEIPT: &str = "nobody";

/// How a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub fifo: bool,
    /// How often a job is received before it is put aside; 0 if it never is.
    pub tries: u32,
    /// How long a job is hidden if nobody says otherwise, in seconds.
    pub hidden: u64,
    /// Where jobs are put that failed every time.
    pub aside: Option<String>,
    /// Jobs that wait, and those that somebody is at.
    pub waiting: u64,
}

impl Sqs {
    /// Receives from the machine's own queue; what comes is given back at once.
    pub async fn may_receive(&self) -> anyhow::Result<()> {
        let queue = self.receiving()?.url();
        let received = self.client.receive_message().queue_url(queue).visibility_timeout(0);
        received.wait_time_seconds(0).send().await.context("receive")?;
        Ok(())
    }

    /// Strikes off, and keeps hidden, what is not there.
    pub async fn may_strike_off(&self) -> anyhow::Result<()> {
        let queue = self.receiving()?.url();
        let strike = self.client.delete_message().queue_url(queue).receipt_handle(NO_RECEIPT);
        no_such(strike.send().await.err()).context("strike off")?;
        let hide = self.client.change_message_visibility().queue_url(queue);
        let hide = hide.receipt_handle(NO_RECEIPT).visibility_timeout(0);
        no_such(hide.send().await.err()).context("keep a job from others")?;
        Ok(())
    }

    /// Lists the queues of the account, as nobody needs to.
    pub async fn may_list_queues(&self) -> bool {
        self.client.list_queues().max_results(1).send().await.is_ok()
    }

    /// Looks how the queue of a machine is made.
    pub async fn shape(&self, runner: &str) -> anyhow::Result<Shape> {
        self.shape_of(&self.url.replace(RUNNER, runner)).await
    }

    /// Looks how a queue is made.
    pub(super) async fn shape_of(&self, url: &str) -> anyhow::Result<Shape> {
        let all = self.attributes(url).await.context("look at the queue")?;
        let redrive = all.get(&QueueAttributeName::RedrivePolicy).map(String::as_str);
        let redrive: serde_json::Value =
            redrive.map(serde_json::from_str).transpose()?.unwrap_or_default();
        let tries = &redrive["maxReceiveCount"];
        let tries = tries.as_u64().or_else(|| tries.as_str()?.parse().ok()).unwrap_or_default();
        let number = |name| all.get(name).and_then(|it| it.parse().ok()).unwrap_or_default();
        let aside = redrive["deadLetterTargetArn"].as_str().and_then(|arn| arn.rsplit(':').next());
        let place = url.rsplit_once('/').map(|(place, _)| place).unwrap_or_default();
        Ok(Shape {
            fifo: all.get(&QueueAttributeName::FifoQueue).is_some_and(|it| it == "true"),
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
            hidden: number(&QueueAttributeName::VisibilityTimeout),
            aside: aside.map(|name| format!("{place}/{name}")),
            waiting: number(&QueueAttributeName::ApproximateNumberOfMessages)
                + number(&QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        })
    }

    /// How many jobs are in a queue.
    pub async fn depth(&self, url: &str) -> anyhow::Result<u64> {
        let all = self.attributes(url).await.context("look at the queue")?;
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        all.get(&name).and_then(|it| it.parse().ok()).context("read how many wait")
    }

    async fn attributes(&self, url: &str) -> anyhow::Result<HashMap<QueueAttributeName, String>> {
        let get = self.client.get_queue_attributes().queue_url(url);
        let got = get.attribute_names(QueueAttributeName::All).send().await?;
        got.attributes.ok_or_else(|| anyhow!("it says nothing of itself"))
    }
}

/// That there is no such message may be said only to whoever has the right.
fn no_such<E>(error: Option<E>) -> anyhow::Result<()>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error {
        Some(error) if !is_over(error.code()) => Err(error.into()),
        Some(_) | None => Ok(()),
    }
}
