//! A proxy in front of the server that makes calls go wrong.

use super::process::Tied;
use super::{Cloud, wait};
use std::sync::OnceLock;

/// The proxy of this process. Rules are for one table or queue each, so tests share it.
#[derive(Debug)]
pub struct Faults(Tied);

impl Faults {
    pub fn get() -> &'static Self {
        static FAULTS: OnceLock<Faults> = OnceLock::new();
        FAULTS.get_or_init(Self::start)
    }

    fn start() -> Self {
        let upstream = Cloud::endpoint();
        let proxy = Tied::start("microburst.cli", "/_microburst/health", |port| {
            let args = ["--upstream", &upstream, "--port", &port.to_string()];
            args.map(str::to_owned).to_vec()
        });
        let faults = Self(proxy);
        // It reads what it knows of a service at the first call, which takes seconds.
        let config = Cloud::new().config_with_faults(&faults).into_builder();
        let patient = aws_config::timeout::TimeoutConfig::disabled();
        let config = config.timeout_config(patient).build();
        wait(async move {
            let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send().await;
            tables.expect("an answer");
            let queues = aws_sdk_sqs::Client::new(&config).list_queues().send().await;
            queues.expect("an answer");
        });
        faults
    }

    pub(super) fn endpoint(&self) -> String {
        self.0.url()
    }

    /// Adds a rule, in the proxy's own words.
    pub fn add(&self, rule: &serde_json::Value) {
        let added = self.0.call("PATCH", "/_microburst/rules", &format!("[{rule}]"));
        added.expect("a rule the proxy takes");
    }

    /// The next `times` calls of an operation are done, and their answers lost.
    pub fn lose_answers(&self, resource: &str, operation: &str, times: u32) {
        self.add(&serde_json::json!({
            "service": "*", "operation": operation, "resource": resource, "times": times,
            "response": { "abort_frac": 0.0 },
        }));
    }

    /// The next `times` calls of an operation are refused.
    pub fn refuse(&self, resource: &str, operation: &str, code: &str, times: u32) {
        self.add(&serde_json::json!({
            "service": "*", "operation": operation, "resource": resource, "times": times,
            "error": { "code": code },
        }));
    }

    /// Returns the faults that were injected so far, as the proxy tells them.
    pub fn fired(&self) -> Vec<serde_json::Value> {
        let fired = self.0.call("GET", "/_microburst/fired?limit=100000", "").expect("a log");
        serde_json::from_str(&fired).expect("JSON")
    }
}
