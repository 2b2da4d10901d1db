//! One parameter of SSM Parameter Store, decrypted. Its SDK is one of the largest there are, for one
//! call; so the call is made here, signed by AWS's own signer.

use anyhow::{Context, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::config::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// How often it is asked for while the service is busy or cannot be reached.
const TRIES_MAX: u32 = 4;

/// The first wait between two tries; it doubles.
const WAIT: Duration = Duration::from_millis(100);

/// How long one try may take.
const ANSWER_WITHIN: Duration = Duration::from_millis(900);

const TARGET: &str = "AmazonSSM.GetParameter";
const KIND: &str = "application/x-amz-json-1.1";

/// Why a try brought nothing.
enum Failed {
    /// Another may.
    Passing(anyhow::Error),
    ForGood(anyhow::Error),
}

/// Reads the parameter of this name or ARN.
pub(super) async fn read(aws: &SdkConfig, name: &str) -> anyhow::Result<String> {
    let mut wait = WAIT;
    for tries in 1.. {
        match ask(aws, name).await {
            Ok(value) => return Ok(value),
            Err(Failed::Passing(_)) if tries < TRIES_MAX => tokio::time::sleep(wait).await,
            Err(Failed::Passing(error) | Failed::ForGood(error)) => return Err(error),
        }
        wait *= 2;
    }
    bail!("it was never asked for")
}

async fn ask(aws: &SdkConfig, name: &str) -> Result<String, Failed> {
    let url = endpoint(aws, name).map_err(Failed::ForGood)?;
    let body = json!({ "Name": name, "WithDecryption": true }).to_string();
    let headers = signature(aws, name, &url, &body).await.map_err(Failed::ForGood)?;
    let http = crate::feishu::http_client(&url).map_err(Failed::ForGood)?;
    let mut request = http.post(&url).timeout(ANSWER_WITHIN).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let passing = |error: reqwest::Error| Failed::Passing(anyhow!(error.without_url()));
    let answer = request.send().await.map_err(passing)?;
    let status = answer.status();
    let body: Value = answer.bytes().await.map_err(passing).map(|bytes| {
        // An answer that is not JSON is judged by its status.
        serde_json::from_slice(&bytes).unwrap_or_default()
    })?;
    if status.is_success() {
        let value = body["Parameter"]["Value"].as_str();
        return value.map(str::to_owned).ok_or_else(|| Failed::ForGood(anyhow!("it is empty")));
    }
    let kind = body["__type"].as_str().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let error = anyhow!("SSM refused it: {status} {kind}");
    match status.is_server_error() || kind.contains("Throttl") {
        true => Err(Failed::Passing(error)),
        false => Err(Failed::ForGood(error)),
    }
}

/// Where it is kept: its ARN says the region, else ours counts.
fn region<'a>(aws: &'a SdkConfig, name: &'a str) -> anyhow::Result<&'a str> {
    let ours = || aws.region().map(|region| region.as_ref());
    let named = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
    named.or_else(ours).context("know the region: set AWS_REGION")
}

fn endpoint(aws: &SdkConfig, name: &str) -> anyhow::Result<String> {
    if let Some(url) = aws.endpoint_url() {
        return Ok(format!("{}/", url.trim_end_matches('/')));
    }
    let region = region(aws, name)?;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok(format!("https://ssm.{region}.{suffix}/"))
}

async fn signature(
    aws: &SdkConfig,
    name: &str,
    url: &str,
    body: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let provider = aws.credentials_provider().context("find credentials")?;
    let identity = provider.provide_credentials().await.context("get credentials")?.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region(aws, name)?)
        .name("ssm")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .context("prepare to sign")?
        .into();
    let known = [("content-type", KIND), ("x-amz-target", TARGET)];
    let signed = SignableBody::Bytes(body.as_bytes());
    let request = SignableRequest::new("POST", url, known.into_iter(), signed);
    let request = request.context("prepare a request to sign")?;
    let (signed, _) = sign(request, &params).context("sign")?.into_parts();
    let added = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let known = known.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Ok(known.into_iter().chain(added).collect())
}
