//! The template as it is deployed, on a server of its own that holds everybody to their rights.

use super::process::{Tied, root};
use super::{REGION, SharedCredentialsProvider};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A deployed template.
#[derive(Debug)]
pub struct Stack {
    server: Tied,
    outputs: Value,
}

impl Stack {
    /// Deploys these programs with these parameters.
    pub fn deploy(events: &Path, actions: &Path, parameters: &[(&str, &str)]) -> Self {
        let strict = [("AUTH", "true")];
        let none = |_| vec![];
        let server = Tied::start_with("ministack.app", "/_ministack/health", none, &strict);
        let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let programs = [events, actions].map(|it| it.display().to_string());
        let words = ["deploy".to_owned()].into_iter().chain(programs).chain(parameters);
        let said = python(&server, words.collect());
        Self { outputs: serde_json::from_str(&said).unwrap(), server }
    }

    /// Returns what the template says of itself, by name.
    pub fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().unwrap()
    }

    /// Takes one statement from the policy of the functions as the template has it.
    pub fn take_away(&self, statement: &str) {
        python(&self.server, vec!["without".to_owned(), statement.to_owned()]);
    }

    /// Where a URL of the outputs is really served: the address, and the host to ask it for.
    pub fn served(&self, output: &str) -> (String, String) {
        let url = self.output(output).trim_start_matches("http://");
        let (host, path) = url.split_once('/').unwrap();
        (format!("{}/{path}", self.server.url()), host.to_owned())
    }

    /// How its owner calls it.
    pub fn config(&self) -> SdkConfig {
        self.config_of("test", "test")
    }

    /// How somebody calls it who has the policy of an output and no other.
    pub fn config_with(&self, policy: &str) -> SdkConfig {
        let said = python(&self.server, vec!["user".to_owned(), self.output(policy).to_owned()]);
        let [id, secret]: [String; 2] = serde_json::from_str(&said).unwrap();
        self.config_of(&id, &secret)
    }

    fn config_of(&self, id: &str, secret: &str) -> SdkConfig {
        let keys = Credentials::new(id, secret, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(self.server.url())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(poco_io::aws::http_client())
            .retry_config(poco_io::aws::retries())
            .timeout_config(poco_io::aws::timeouts())
            .build()
    }
}

fn python(server: &Tied, words: Vec<String>) -> String {
    let said = Command::new(root().join(".tools/ministack/venv/bin/python"))
        .arg(root().join("tests/tools/deploy.py"))
        .arg(server.url())
        .args(words)
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}
