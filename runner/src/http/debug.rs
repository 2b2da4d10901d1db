//! What went in and out lately, without texts or secrets.

use super::Http;
use axum::Json;
use axum::extract::State;
use serde_json::Value;

pub(super) async fn feishu(State(http): State<Http>) -> Json<Value> {
    Json(http.traffic.recent(&http.config))
}
