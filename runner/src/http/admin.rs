//! What the `poco` command asks of a running PoCo.

use super::{Fail, Http};
use crate::pairing;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Offers a pairing code: whoever sends it to the bot becomes the owner.
pub(super) async fn pair(State(http): State<Http>) -> Result<Json<Value>, Fail> {
    match pairing::offer(&http.app).await? {
        Some(offer) => Ok(Json(json!({
            "code": offer.code,
            "expires_in_seconds": pairing::MINUTES * 60,
        }))),
        None => {
            let detail = "This PoCo has an owner already. To change who that is, set \
                          POCO_OWNER_OPEN_ID and restart.";
            Err(Fail(StatusCode::CONFLICT, detail.to_owned()))
        }
    }
}
