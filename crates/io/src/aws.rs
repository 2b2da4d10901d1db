//! How AWS is called: over which connection, and with how much patience.

mod http;

use crate::config::Cloud;
use crate::tls::Roots;
use anyhow::Context;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::time::Duration;

/// How long the first retry waits at most; it doubles with each, and chance takes a share off.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// How often a call is tried when the service is busy or cannot be reached.
const TRIES_MAX: u32 = 6;

/// How long a connection may take to open, and in haste.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const CONNECT_IN_HASTE: Duration = Duration::from_millis(700);

/// Finds credentials and region as every AWS tool does: environment, profile, role; unless the
/// settings name them.
pub async fn connect(cloud: &Cloud) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .retry_config(retries())
        .timeout_config(timeouts());
    if let Some(profile) = &cloud.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &cloud.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

/// Like [`connect`], for a function: it must answer within seconds itself, and Lambda puts all there
/// is to know into its environment. Looking elsewhere too, it would be larger and start later.
pub fn connect_in_haste(roots: Roots) -> SdkConfig {
    let haste = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(900))
        .operation_timeout(Duration::from_secs(2))
        .build();
    let keys = EnvironmentVariableCredentialsProvider::new();
    let is_true = |name| named(name).map(|it| it.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http::Http::new(roots, CONNECT_IN_HASTE))
        .retry_config(retries())
        .timeout_config(haste)
        .region(named("AWS_REGION").map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .service_config(OfEnvironment);
    config.set_use_fips(is_true("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(named("AWS_ENDPOINT_URL"));
    config.insert_origin("endpoint_url", Origin::shared_environment_variable());
    config.build()
}

fn named(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the environment says of one service, as of its endpoint.
#[derive(Debug)]
struct OfEnvironment;

impl LoadServiceConfig for OfEnvironment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
        named(&format!("{}_{service}", key.env())).or_else(|| named(key.env()))
    }
}

/// Makes the connections calls go over.
pub fn http_client() -> SharedHttpClient {
    SharedHttpClient::new(http::Http::new(Roots::System, CONNECT_WITHIN))
}

/// How often, and how soon, a call is tried again that was throttled or got no answer.
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(TRIES_MAX)
        .with_initial_backoff(RETRY_AFTER)
        .with_max_backoff(Duration::from_secs(1))
}

/// How long a call may take. A machine that slept finds its connections dead, and must notice.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// How long to wait before a call is made again: by chance, and longer each time.
pub(crate) fn pause(tries: u32) -> anyhow::Result<Duration> {
    let longest = RETRY_AFTER * 2u32.saturating_pow(tries.min(5));
    let chance = getrandom::u32().map_err(anyhow::Error::new).context("draw a random number")?;
    Ok(longest.mul_f64(f64::from(chance) / f64::from(u32::MAX)))
}
