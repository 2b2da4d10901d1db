//! The look that AWS itself asks for every few minutes: with no machine there, nobody else would.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use poco_io::app::App;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Where the schedule of the template asks for it. The HTTP API has no such route.
const PATH: &str = "/sweep";

/// How long something new is begun, and how long what was begun may take. The function has ten
/// seconds.
const BEGIN_WITHIN: Duration = Duration::from_secs(6);
const END_WITHIN: Duration = Duration::from_secs(9);

pub(crate) fn routes(app: App) -> Router {
    Router::new().route(PATH, post(sweep)).with_state(app)
}

async fn sweep(State(app): State<App>, context: Option<Extension<RequestContext>>) -> Response {
    if !context.is_some_and(|Extension(context)| is_of_the_schedule(&context)) {
        tracing::warn!("somebody asked for what only the schedule may ask for");
        return StatusCode::NOT_FOUND.into_response();
    }
    match timeout(END_WITHIN, app.sweep(Instant::now() + BEGIN_WITHIN)).await {
        Ok(Ok(swept)) => {
            let machine = swept.machine;
            tracing::info!(
                machine,
                told = swept.told,
                settled = swept.settled,
                more = swept.more,
                "looked"
            );
            Json(swept).into_response()
        }
        Ok(Err(error)) => failed(&format!("{error:#}")),
        Err(_) => failed("it took too long"),
    }
}

/// Nobody waits for the answer: the next look does what this one could not.
fn failed(why: &str) -> Response {
    tracing::error!("could not look for what is to be done: {why}");
    (StatusCode::BAD_GATEWAY, Json(json!({ "detail": "PoCo could not look." }))).into_response()
}

/// Whatever comes through an HTTP API or the URL of a function says through which.
fn is_of_the_schedule(context: &RequestContext) -> bool {
    let RequestContext::ApiGatewayV2(context) = context else { return false };
    let ApiGatewayV2httpRequestContext { apiid, domain_name, stage, http, .. } = context;
    [apiid, domain_name, stage, &http.source_ip].into_iter().all(Option::is_none)
}
