//! The template as it is deployed, on a server of its own that holds everybody to their rights.

use super::process::{Tied, root};
use super::{REGION, SharedCredentialsProvider, create_table, wait};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use serde_json::Value;
use std::process::{Command, Output};

/// What the schedule of the template has a function invoked with.
pub fn asks_for_a_look() -> Value {
    let template = std::fs::read_to_string(root().join("infra/template.yaml")).unwrap();
    let mut inputs = template.lines().filter_map(|line| line.trim().strip_prefix("Input: "));
    let input = inputs.next().unwrap().trim_matches('\'');
    assert_eq!(inputs.next(), None, "there is but one schedule");
    serde_json::from_str(input).unwrap()
}

/// The table that is there before a machine is.
const TABLE: &str = "poco-table";

/// A deployed template.
#[derive(Debug)]
pub struct Stack {
    server: Tied,
    outputs: Value,
}

impl Stack {
    /// Deploys these programs with these parameters; a text of SSM is there before, if there is one.
    pub fn deploy(
        events: &str,
        actions: &str,
        parameters: &[(&str, &str)],
        kept: Option<(&str, &str)>,
    ) -> Self {
        let strict = [("AUTH", "true")];
        let none = |_| vec![];
        let server = Tied::start_with("ministack.app", "/_ministack/health", none, &strict);
        if let Some((name, text)) = kept {
            Self::keep(&server, name, text);
        }
        let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let words = ["deploy", events, actions].map(str::to_owned).into_iter().chain(parameters);
        let said = python(&server, words.collect());
        Self { outputs: serde_json::from_str(&said).unwrap(), server }
    }

    /// Deploys what one more machine needs, beside a table and a secret that are there.
    pub fn of_machine(name: &str, secret: &str) -> Self {
        let strict = [("AUTH", "true")];
        let none = |_| vec![];
        let server = Tied::start_with("ministack.app", "/_ministack/health", none, &strict);
        let mut stack = Self { outputs: Value::Null, server };
        let (config, secret) = (stack.config(), secret.to_owned());
        let arn = wait(async move {
            create_table(&config, TABLE).await;
            let client = aws_sdk_secretsmanager::Client::new(&config);
            let create = client.create_secret().name("feishu").secret_string(secret);
            create.send().await.expect("a secret").arn.expect("its name")
        });
        let parameters = [("RunnerName", name), ("TableName", TABLE), ("SecretArn", &arn)];
        let words = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let said = python(&stack.server, ["machine".to_owned()].into_iter().chain(words).collect());
        stack.outputs = serde_json::from_str(&said).unwrap();
        let aside = stack.output("AsideQueueUrl");
        let queue = aside.replace(&format!("-aside-{name}"), "-runner-{runner}");
        for (name, value) in [("QueueUrl", &*queue), ("TableName", TABLE), ("SecretArn", &arn)] {
            stack.outputs[name] = value.into();
        }
        stack
    }

    /// Takes one statement from the policy of the machine as its template has it.
    pub fn take_from_machine(&self, statement: &str) {
        python(&self.server, ["without", statement, "RunnerPolicy"].map(str::to_owned).to_vec());
    }

    /// How a process of somebody is told to call it who has the policy of an output and no other.
    pub fn environment_with(&self, policy: &str) -> Vec<(String, String)> {
        let said = python(&self.server, vec!["user".to_owned(), self.output(policy).to_owned()]);
        let [id, secret]: [String; 2] = serde_json::from_str(&said).unwrap();
        let url = self.server.url();
        let variables = [
            ("AWS_ACCESS_KEY_ID", id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &secret),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", &url),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Tries to deploy with parameters that do not do, and returns what is said about it.
    pub fn refuses(events: &str, actions: &str, parameters: &[(&str, &str)]) -> String {
        let none = |_| vec![];
        let server = Tied::start_with("ministack.app", "/_ministack/health", none, &[]);
        let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let words = ["deploy", events, actions].map(str::to_owned).into_iter().chain(parameters);
        let said = ask(&server, words.collect());
        assert!(!said.status.success(), "it was deployed");
        String::from_utf8_lossy(&said.stderr).into_owned()
    }

    /// Returns what the template says of itself, by name.
    pub fn output(&self, name: &str) -> &str {
        self.outputs[name].as_str().unwrap()
    }

    /// Takes one statement from the policy of the functions as the template has it.
    pub fn take_away(&self, statement: &str) {
        python(&self.server, vec!["without".to_owned(), statement.to_owned()]);
    }

    /// Keeps a text as a parameter of SSM, encrypted, before anything is deployed.
    fn keep(server: &Tied, name: &str, text: &str) {
        python(server, ["keep", name, text].map(str::to_owned).to_vec());
    }

    /// Does once what the schedule of the template does: invokes its target with its input.
    /// Returns how often it does, and what came back.
    pub fn look(&self) -> (String, Value) {
        let said = python(&self.server, vec!["look".to_owned()]);
        let mut said: Value = serde_json::from_str(&said).unwrap();
        (said["every"].as_str().unwrap().to_owned(), said["answer"].take())
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

fn ask(server: &Tied, words: Vec<String>) -> Output {
    let mut python = Command::new(root().join(".tools/ministack/venv/bin/python"));
    python.arg(root().join("tests/tools/deploy.py")).arg(server.url()).args(words);
    python.output().unwrap()
}

fn python(server: &Tied, words: Vec<String>) -> String {
    let said = ask(server, words);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap()
}
