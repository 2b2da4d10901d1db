//! How AWS is called: over which connection, and with how much patience.

mod http;

use crate::config::Cloud;
use crate::tls::Roots;
use anyhow::Context;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
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
    load(cloud, http_client(), timeouts()).await
}

/// Like [`connect`], for a process that must answer within seconds itself.
pub async fn connect_in_haste(roots: Roots) -> SdkConfig {
    let haste = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(900))
        .operation_timeout(Duration::from_secs(2))
        .build();
    let http = SharedHttpClient::new(http::Http::new(roots, CONNECT_IN_HASTE));
    load(&Cloud::default(), http, haste).await
}

async fn load(cloud: &Cloud, http: SharedHttpClient, timeouts: TimeoutConfig) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries())
        .timeout_config(timeouts);
    if let Some(profile) = &cloud.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &cloud.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
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
