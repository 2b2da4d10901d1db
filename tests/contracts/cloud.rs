//! What is of DynamoDB and SQS alone: lost answers, refusals, long bodies, what is put aside.

use poco_io::port::{Queue, Store};
use poco_io::queue::Sqs;
use poco_io::store::Dynamo;
use poco_tests::cloud::Cloud;
use std::sync::Arc;
use std::time::Duration;

/// A table and a queue in an account of their own.
pub(crate) struct Place {
    cloud: Cloud,
    table: String,
    queue: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let cloud = Cloud::new();
        let (table, (queue, _)) = (cloud.table(), cloud.queue());
        Self { cloud, table, queue }
    }

    pub(crate) fn open(&self, lease: Duration) -> (Arc<dyn Store>, Arc<dyn Queue>) {
        let config = self.cloud.config();
        let queue = Sqs::with_lease(&config, &self.queue, lease);
        (Arc::new(Dynamo::new(&config, &self.table)), Arc::new(queue))
    }
}
