//! Errors as the routes tell them: `{"detail": …}` and a status that fits.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal with its reason.
#[derive(Debug)]
pub(crate) struct Fail(pub(crate) StatusCode, pub(crate) String);

impl Fail {
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, detail.into())
    }

    pub(crate) fn wrong(detail: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, detail.into())
    }

    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, detail.into())
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "detail": self.1 }))).into_response()
    }
}

/// What the store or the platform could not do is nobody's mistake out there.
impl From<anyhow::Error> for Fail {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!("a request failed: {error:#}");
        let detail = "PoCo could not do this just now. Try again; `poco logs` says more.";
        Self(StatusCode::BAD_GATEWAY, detail.to_owned())
    }
}

pub(super) async fn not_found() -> Fail {
    Fail::missing("There is no such route.")
}

pub(super) async fn not_allowed() -> Fail {
    Fail(StatusCode::METHOD_NOT_ALLOWED, "This route does not take that method.".to_owned())
}
