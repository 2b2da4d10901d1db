//! How the platform says no: an HTTP status, a code and a sentence.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One refusal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: i64,
    pub(crate) message: String,
    /// Seconds to wait, for rate limits of the gateway.
    pub(crate) reset: Option<u64>,
}

impl Refusal {
    /// Makes an ordinary business error.
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), reset: None }
    }

    /// Makes an error of the token endpoints, which answer 200 all the same.
    pub(crate) fn quiet(code: i64, message: &str) -> Self {
        Self { status: 200, ..Self::new(code, message) }
    }

    /// Makes the refusal of the gateway's own limits.
    pub(crate) fn too_many(reset: u64) -> Self {
        Self {
            status: 429,
            reset: Some(reset),
            ..Self::new(99_991_400, "request trigger frequency limit")
        }
    }

    pub(crate) fn field(field: &str, description: &str) -> Self {
        Self::new(99_992_402, format!("field validation failed: {field}: {description}"))
    }

    pub(crate) fn body(&self) -> Value {
        json!({
            "code": self.code,
            "msg": self.message,
            "error": {"log_id": "20260101000000SIMULATED", "troubleshooter": ""},
        })
    }
}

/// What a handler of an API call returns: the whole body, or a refusal.
pub(crate) type Answer = Result<Value, Refusal>;

/// Wraps `data` in the envelope of a success.
pub(crate) fn success(data: &Value) -> Value {
    json!({"code": 0, "msg": "success", "data": data})
}

/// Writes an answer as HTTP.
pub(crate) fn respond(answer: &Answer) -> Response {
    let (status, body, reset) = match answer {
        Ok(body) => (200, body.clone(), None),
        Err(refusal) => (refusal.status, refusal.body(), refusal.reset),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert("x-tt-logid", HeaderValue::from_static("20260101000000SIMULATED"));
    if let Some(reset) = reset {
        headers.insert("x-ogw-ratelimit-limit", HeaderValue::from_static("50"));
        headers.insert("x-ogw-ratelimit-reset", HeaderValue::from(reset));
    }
    response
}
