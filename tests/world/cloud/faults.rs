//! A proxy in front of the server that makes the calls of one account go wrong.

use super::process::Tied;
use super::{Cloud, wait};
use aws_config::timeout::TimeoutConfig;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The faults of an account.
#[derive(Debug)]
pub struct Faults {
    proxy: &'static Tied,
    account: u64,
}

impl Faults {
    pub(super) fn new(account: u64) -> Self {
        Self { proxy: proxy(), account }
    }

    /// Adds a rule, in the proxy's own words.
    pub fn add(&self, mut rule: Value) {
        rule["service"] = "*".into();
        rule["headers"] = json!({ "authorization": self.account.to_string() });
        let added = self.proxy.call("PATCH", "/_microburst/rules", &json!([rule]).to_string());
        added.expect("a rule the proxy takes");
    }

    /// The next `times` calls of an operation are done, and their answers lost.
    pub fn lose_answers(&self, operation: &str, times: u32) {
        let lost = json!({ "abort_frac": 0.0 });
        self.add(json!({ "operation": operation, "times": times, "response": lost }));
    }

    /// The next `times` calls of an operation are refused.
    pub fn refuse(&self, operation: &str, code: &str, times: u32) {
        let error = json!({ "code": code });
        self.add(json!({ "operation": operation, "times": times, "error": error }));
    }

    /// Takes all rules of this account back.
    pub fn clear(&self) {
        let ours = json!([{ "headers": { "authorization": self.account.to_string() } }]);
        let removed = self.proxy.call("DELETE", "/_microburst/rules", &ours.to_string());
        removed.expect("that rules can go");
    }

    /// Has every call counted from here on.
    pub fn count(&self) {
        self.add(json!({ "latency": 0.001 }));
    }

    /// Returns the operations whose calls met a rule, in their order.
    pub fn fired(&self) -> Vec<String> {
        let rules = self.list("/_microburst/rules");
        let account = Value::from(self.account.to_string());
        let ours = |rule: &&Value| rule["headers"]["authorization"] == account;
        let ours: Vec<_> = rules.iter().filter(ours).map(|rule| &rule["id"]).collect();
        let fired = self.list("/_microburst/fired?limit=100000");
        let fired = fired.iter().filter(|fault| ours.contains(&&fault["rule_id"]));
        fired.map(|fault| fault["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let list = self.proxy.call("GET", path, "").expect("an answer");
        serde_json::from_str(&list).expect("a list")
    }
}

/// The proxy of this process.
pub(super) fn proxy() -> &'static Tied {
    static PROXY: OnceLock<Tied> = OnceLock::new();
    PROXY.get_or_init(start)
}

fn start() -> Tied {
    let upstream = Cloud::endpoint();
    let proxy = Tied::start("microburst.cli", "/_microburst/health", |port| {
        let args = ["--upstream", &upstream, "--port", &port.to_string()];
        args.map(str::to_owned).to_vec()
    });
    // It reads what it knows of a service at the first call, which takes seconds.
    let config = Cloud::new().config_at(&proxy.url()).into_builder();
    let config = config.timeout_config(TimeoutConfig::disabled()).build();
    wait(async move {
        let tables = aws_sdk_dynamodb::Client::new(&config).list_tables().send().await;
        tables.expect("an answer");
        let queues = aws_sdk_sqs::Client::new(&config).list_queues().send().await;
        queues.expect("an answer");
    });
    proxy
}
