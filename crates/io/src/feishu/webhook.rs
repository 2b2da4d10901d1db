//! The HTTP routes Feishu calls, for local mode and for functions alike.

use super::door::{Handler, Reply};
use super::verify::Unverified;
use crate::body::{self, Unread};
use crate::keyring::Keyring;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http_body::{Frame, SizeHint};
use poco_core::Timestamp;
use serde_json::{Value, json};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The largest body, in bytes. A message has at most 150 KB, and encryption adds a third.
const BODY_MAX: usize = 512 * 1024;

#[derive(Clone)]
struct Webhook {
    handler: Arc<dyn Handler>,
    keyring: Keyring,
    clock: fn() -> Timestamp,
}

/// Makes the routes. What is not known to be Feishu's is refused with 401 and has no effect.
pub fn routes(handler: Arc<dyn Handler>, keyring: Keyring, clock: fn() -> Timestamp) -> Router {
    let webhook = Webhook { handler, keyring, clock };
    Router::new()
        .route("/platform/feishu/events", post(take))
        .route("/platform/feishu/card-actions", post(take))
        .method_not_allowed_fallback(not_allowed)
        .with_state(webhook)
}

async fn take(State(webhook): State<Webhook>, headers: HeaderMap, body: Body) -> Response {
    let body = match body::read(body, BODY_MAX).await {
        Ok(body) => body,
        Err(error) => return unread(error),
    };
    let payload = match webhook.open(&headers, &body).await {
        Ok(payload) => payload,
        Err(error) => {
            tracing::warn!("a webhook was refused: {error}");
            return refusal(&error);
        }
    };
    match webhook.handler.take(&payload).await {
        Ok(Reply { body, out }) => {
            Json(body).into_response().map(|body| Body::new(Watched { body, _out: out }))
        }
        Err(error) => {
            tracing::error!("a webhook could not be taken in: {error:#}");
            let detail = "PoCo could not take this in. Send it again.";
            fail(StatusCode::BAD_GATEWAY, detail)
        }
    }
}

/// The body of an answer: it is dropped when it is out, and what it holds with it.
struct Watched {
    body: Body,
    _out: Option<oneshot::Sender<()>>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Webhook {
    /// Returns what a request says, if it is Feishu's. Secrets that do not fit are read anew once:
    /// they may have been changed.
    async fn open(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Unverified> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let now = (self.clock)();
        let edition = self.keyring.fresh().await;
        let opened = edition.keys.verifier().open(header, body, now);
        match &opened {
            Err(error) if error.may_be_our_fault() => {}
            Ok(_) | Err(_) => return opened,
        }
        match self.keyring.instead_of(&edition).await {
            Some(new) => new.keys.verifier().open(header, body, now),
            None => opened,
        }
    }
}

async fn not_allowed() -> Response {
    fail(StatusCode::METHOD_NOT_ALLOWED, "This route takes POST only.")
}

fn unread(error: Unread) -> Response {
    let status = match error {
        Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Unread::BrokenOff => StatusCode::BAD_REQUEST,
    };
    fail(status, &error.to_string())
}

fn refusal(error: &Unverified) -> Response {
    let unreadable = *error == Unverified::NotJson;
    let status = if unreadable { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED };
    fail(status, &error.to_string())
}

fn fail(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").finish_non_exhaustive()
    }
}
