//! What a request brings: its JSON, and the names in its path.

use super::Fail;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request};
use axum::http::StatusCode;
use poco_io::body::{self, Unread};
use serde::de::DeserializeOwned;

/// The largest body, in bytes: a prompt has 24 KB at most, and JSON may write a byte as six.
const BODY_MAX: usize = 256 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Given<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Fail> {
        let body = body::read(request.into_body(), BODY_MAX).await?;
        let given = serde_json::from_slice(&body).map(Self);
        given.map_err(|error| Fail::wrong(format!("The body is not what it should be: {error}.")))
    }
}

/// Returns the name in a path.
pub(super) fn name(path: Result<Path<String>, PathRejection>) -> Result<String, Fail> {
    let Path(name) = path.map_err(|_| Fail::bad("The path is no valid text."))?;
    Ok(name)
}

impl From<Unread> for Fail {
    fn from(error: Unread) -> Self {
        let status = match error {
            Unread::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Unread::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Unread::BrokenOff => StatusCode::BAD_REQUEST,
        };
        Self(status, error.to_string())
    }
}
