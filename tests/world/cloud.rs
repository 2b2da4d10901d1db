//! AWS on this machine: a server for each test process, an account for each test.

mod faults;
pub mod gateway;
mod lambda;
mod line;
mod meddler;
mod process;
mod stack;
mod watch;

pub use faults::Faults;
pub use gateway::Functions;
pub use lambda::{Lambda, Program};
pub use line::Line;
pub use meddler::Meddler;
pub use stack::{Stack, asks_for_a_look};
pub use watch::Watch;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName;
use process::Tied;
use rustix::process::{Pid, Signal, kill_process};
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often a job is received before the queue puts it aside.
pub const RECEIVES_MAX: u32 = 5;

const REGION: &str = "eu-central-1";

/// An account of its own.
#[derive(Clone, Debug)]
pub struct Cloud {
    account: u64,
}

impl Cloud {
    /// Opens an account. The first one of a process starts the server, and installs it if need be.
    #[expect(clippy::new_without_default, reason = "it starts a process")]
    pub fn new() -> Self {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_000);
        server();
        Self { account: ACCOUNTS.fetch_add(1, Ordering::Relaxed) }
    }

    /// Where the server is.
    pub fn endpoint() -> String {
        server().url()
    }

    /// How to call it. Connections are not shared: they end with the runtime they are made in.
    pub fn config(&self) -> SdkConfig {
        self.config_at(&Self::endpoint())
    }

    /// How to call it through the proxy that makes calls go wrong.
    pub fn shaky_config(&self) -> SdkConfig {
        self.config_at(&faults::proxy().url())
    }

    /// What the environment of a process names so that it calls this account.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment_at(&Self::endpoint())
    }

    /// Like [`Cloud::environment`], through the proxy.
    pub fn shaky_environment(&self) -> Vec<(String, String)> {
        self.environment_at(&Self::shaky_endpoint())
    }

    /// Where the proxy is that makes calls go wrong.
    pub fn shaky_endpoint() -> String {
        faults::proxy().url()
    }

    /// Like [`Cloud::environment`], by another way to it.
    pub fn environment_at(&self, endpoint: &str) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ACCESS_KEY_ID", self.account.to_string()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            // The proxy takes seconds for a service it has not met.
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", Self::endpoint()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// What goes wrong in this account, if it is called through the proxy.
    pub fn faults(&self) -> Faults {
        Faults::new(self.account)
    }

    fn config_at(&self, endpoint: &str) -> SdkConfig {
        // Twelve digits are taken for the number of an account.
        let keys = Credentials::new(self.account.to_string(), "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(poco_io::aws::http_client())
            .retry_config(poco_io::aws::retries())
            .timeout_config(poco_io::aws::timeouts())
            .build()
    }

    /// Keeps a text as a parameter of SSM, encrypted.
    pub async fn parameter(&self, name: &str, value: &str) {
        // It does not check signatures; the first twelve digits name the account.
        let account = self.account;
        let scope = format!("Credential={account}/20260101/{REGION}/ssm/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0");
        let body = serde_json::json!({
            "Name": name, "Value": value, "Type": "SecureString", "Overwrite": true,
        });
        let client = poco_io::feishu::http_client(&Self::endpoint()).expect("a client");
        let request = client.post(Self::endpoint()).header("authorization", authorization);
        let request = request.header("x-amz-target", "AmazonSSM.PutParameter");
        let request = request.header("content-type", "application/x-amz-json-1.1");
        let answer = request.body(body.to_string()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Makes a table like the template's. No two have the same name.
    pub fn table(&self) -> String {
        let (name, config) = (self.table_name(), self.config());
        let created = name.clone();
        wait(async move { create_table(&config, &created).await });
        name
    }

    /// What [`Cloud::table`] makes is called so.
    pub fn table_name(&self) -> String {
        format!("poco-{}", self.account)
    }

    /// Makes a queue like the template's, and one for what is put aside; returns where they are.
    pub fn queue(&self) -> (String, String) {
        self.queue_named(&format!("poco-{}", self.account), RECEIVES_MAX)
    }

    /// Makes the queue of a machine, which is received from so often before it puts a job aside;
    /// returns where it is, with `{runner}` for the machine's name.
    pub fn queue_of(&self, runner: &str, receives_max: u32) -> String {
        let name = format!("poco-{}-{runner}", self.account);
        let (url, _) = self.queue_named(&name, receives_max);
        url.replace(&name, &name.replace(runner, "{runner}"))
    }

    fn queue_named(&self, name: &str, receives_max: u32) -> (String, String) {
        let (name, config) = (name.to_owned(), self.config());
        wait(async move { create_queue(&config, &name, receives_max).await })
    }

    /// Puts away a secret; returns its name.
    pub fn secret(&self, secret: &str) -> String {
        let (secret, config) = (secret.to_owned(), self.config());
        let client = aws_sdk_secretsmanager::Client::new(&config);
        let create = client.create_secret().name("poco").secret_string(secret);
        wait(async move { create.send().await.expect("a secret").arn.expect("its name") })
    }

    /// How many jobs wait in a queue.
    pub async fn waiting(&self, queue: &str) -> usize {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let client = aws_sdk_sqs::Client::new(&self.config());
        let get = client.get_queue_attributes().queue_url(queue).attribute_names(name.clone());
        let got = get.send().await.unwrap().attributes.unwrap();
        got[&name].parse().unwrap()
    }
}

/// Ends a process as nothing can prepare for.
pub fn kill_nine(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Does to a process what Ctrl-C does.
pub fn interrupt(pid: u32) {
    signal(pid, Signal::INT);
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process has a number");
    // It may have ended by itself.
    let _ = kill_process(pid, signal);
}

fn server() -> &'static Tied {
    static SERVER: OnceLock<Tied> = OnceLock::new();
    SERVER.get_or_init(|| Tied::start("ministack.app", "/_ministack/health", |_| vec![]))
}

/// Waits for something, from within a runtime or not.
fn wait<T: Send + 'static>(it: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let thread = std::thread::spawn(move || runtime.expect("a runtime").block_on(it));
    thread.join().expect("it was done")
}

async fn create_table(config: &SdkConfig, name: &str) {
    let text = |name: &str| {
        let it = AttributeDefinition::builder().attribute_name(name);
        it.attribute_type(ScalarAttributeType::S).build().expect("an attribute")
    };
    let key = |name: &str, kind| {
        let it = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        it.build().expect("a key")
    };
    let index = |name: &str, by: &str| {
        let it = GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(by, KeyType::Hash))
            .key_schema(key("pk", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        it.build().expect("an index")
    };
    let create = aws_sdk_dynamodb::Client::new(config).create_table().table_name(name);
    let create = create
        .attribute_definitions(text("pk"))
        .attribute_definitions(text("shelf"))
        .attribute_definitions(text("due"))
        .key_schema(key("pk", KeyType::Hash))
        .global_secondary_indexes(index("keys", "shelf"))
        .global_secondary_indexes(index("due", "due"))
        .billing_mode(BillingMode::PayPerRequest);
    create.send().await.expect("a table");
}

async fn create_queue(config: &SdkConfig, name: &str, receives_max: u32) -> (String, String) {
    let client = aws_sdk_sqs::Client::new(config);
    let fifo = |name: String| {
        let create = client.create_queue().queue_name(name);
        create.attributes(QueueAttributeName::FifoQueue, "true")
    };
    let aside = fifo(format!("{name}-aside.fifo")).send().await.expect("a queue");
    let aside = aside.queue_url.expect("where it is");
    let arn = client.get_queue_attributes().queue_url(&aside);
    let arn = arn.attribute_names(QueueAttributeName::QueueArn).send().await.expect("its name");
    let arn = &arn.attributes.expect("its name")[&QueueAttributeName::QueueArn];
    let redrive =
        format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"{receives_max}"}}"#);
    let queue = fifo(format!("{name}.fifo")).attributes(QueueAttributeName::RedrivePolicy, redrive);
    (queue.send().await.expect("a queue").queue_url.expect("where it is"), aside)
}
