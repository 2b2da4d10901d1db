//! What the `poco` command asks of a running PoCo.

use super::{Fail, Http};
use crate::pairing;
use crate::presence::Presence;
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

/// Tells `poco doctor` what only this process knows.
pub(super) async fn doctor(State(http): State<Http>) -> Json<Value> {
    let store = http.app.owing().await.err().map(|error| format!("{error:#}"));
    let owner = http.app.terms().await.ok().and_then(|terms| terms.owner);
    let presses = http.traffic.presses().into_iter();
    let presses: Vec<_> = presses.map(|(at, by)| json!({ "at": at, "by": by })).collect();
    let heard = http.traffic.heard();
    Json(json!({ "store": store, "owner": owner, "presses": presses, "heard": heard }))
}

/// Has this machine take nothing new.
pub(super) async fn drain(State(http): State<Http>) -> Result<Json<Value>, Fail> {
    set_draining(&http, true).await
}

/// Has this machine take what is asked of it again.
pub(super) async fn undrain(State(http): State<Http>) -> Result<Json<Value>, Fail> {
    set_draining(&http, false).await
}

async fn set_draining(http: &Http, draining: bool) -> Result<Json<Value>, Fail> {
    let Some(presence) = &http.presence else {
        let detail = "This PoCo is no runner: nobody else could take what it does not.";
        return Err(Fail(StatusCode::CONFLICT, detail.to_owned()));
    };
    match presence.drain(draining).await {
        Ok(_) => Ok(Json(runner(presence))),
        Err(error) => {
            tracing::error!("could not change whether this machine drains: {error:#}");
            let detail = "Nothing changed: the table could not be written. Try again.";
            Err(Fail(StatusCode::BAD_GATEWAY, detail.to_owned()))
        }
    }
}

/// How this machine is, as `/health` says it too.
pub(super) fn runner(presence: &Presence) -> Value {
    let here = presence.here();
    json!({
        "name": here.id,
        "host": here.host,
        "agents": here.agents,
        "models": here.models,
        "draining": here.draining,
        "running": here.turns,
        "seats": here.seats,
        "since": here.since,
    })
}
