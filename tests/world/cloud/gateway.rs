//! An HTTP API in front of two functions: requests become events in its format 2.0.

use super::lambda::Lambda;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

/// What is behind it.
#[derive(Clone, Debug)]
pub struct Functions {
    pub events: Arc<Lambda>,
    pub actions: Arc<Lambda>,
}

/// Serves until the runtime ends; returns where.
pub async fn open(functions: Functions) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass).with_state(functions);
    let router = router.layer(axum::extract::DefaultBodyLimit::max(10_000_000));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass(
    State(functions): State<Functions>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let function = match uri.path().ends_with("/card-actions") {
        true => functions.actions,
        false => functions.events,
    };
    let event = event(&method, &uri, &headers, &body);
    let place = function.place().await;
    // It goes on though nobody waits for its answer any more.
    let invoked = tokio::spawn(async move {
        let answer = function.invoke(event).await;
        drop(place);
        answer
    });
    match invoked.await {
        Ok(Ok(answer)) => response(&answer),
        // AWS says no more than this.
        Ok(Err(_)) | Err(_) => {
            let said = json!({ "message": "Internal Server Error" }).to_string();
            (StatusCode::INTERNAL_SERVER_ERROR, said).into_response()
        }
    }
}

/// Makes the event of a request. What is not said to be text comes in base64.
fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Value {
    let text = |name: &HeaderName| headers[name].to_str().unwrap_or_default().to_owned();
    let headers: Map<_, _> =
        headers.keys().map(|name| (name.to_string(), text(name).into())).collect();
    let kind = headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
    let encoded = !kind.starts_with("application/json");
    let body = match encoded {
        true => BASE64_STANDARD.encode(body),
        false => String::from_utf8_lossy(body).into_owned(),
    };
    let (method, path) = (method.as_str(), uri.path());
    let route = format!("{method} {path}");
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": route,
            "stage": "$default",
            "time": "25/Nov/2026:09:00:00 +0000",
            "timeEpoch": 1_795_597_200_000_u64,
        },
        "body": body,
        "isBase64Encoded": encoded,
    })
}

fn response(answer: &Value) -> Response {
    let status = answer["statusCode"].as_u64().and_then(|it| u16::try_from(it).ok()).unwrap();
    let body = answer["body"].as_str().unwrap_or_default();
    let body = match answer["isBase64Encoded"].as_bool() {
        Some(true) => BASE64_STANDARD.decode(body).unwrap(),
        Some(false) | None => body.as_bytes().to_vec(),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    response.body(Body::from(body)).unwrap()
}
