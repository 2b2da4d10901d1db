//! The connections AWS is called over: the HTTP client and the TLS that Feishu is called with, so
//! that a function that has just been started loads each but once.

use crate::tls::Roots;
use anyhow::Context;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::http;
use std::time::Duration;

/// An HTTP client as the SDK wants it, or why there is none: every call says so then. How long an
/// answer may take is the SDK's to say.
#[derive(Clone, Debug)]
pub(super) struct Http(Result<reqwest::Client, String>);

impl Http {
    pub(super) fn new(roots: Roots, connect_within: Duration) -> Self {
        Self(client(roots, connect_within).map_err(|error| format!("{error:#}")))
    }
}

fn client(roots: Roots, connect_within: Duration) -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder()
        .connect_timeout(connect_within)
        // A call that is given up ends its connection: the next one does not wait for a dead one.
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    roots.trust(client)?.build().context("make an HTTP client for AWS")
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client = client.map_err(|why| ConnectorError::user(why.into()))?;
            exchange(&client, request).await
        })
    }
}

async fn exchange(
    client: &reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // What is sent is in memory as a whole.
    let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
    let request = reqwest::Request::try_from(request);
    let request = request.map_err(|error| ConnectorError::user(error.into()))?;
    let response = client.execute(request).await.map_err(broken)?;
    let mut answer = http::Response::new(SdkBody::empty());
    *answer.status_mut() = response.status();
    answer.headers_mut().clone_from(response.headers());
    let body = SdkBody::from(response.bytes().await.map_err(broken)?);
    let answer = HttpResponse::try_from(answer.map(|_| body));
    answer.map_err(|error| ConnectorError::other(error.into(), None))
}

fn broken(error: reqwest::Error) -> ConnectorError {
    match error.is_timeout() {
        true => ConnectorError::timeout(error.into()),
        false => ConnectorError::io(error.into()),
    }
}
