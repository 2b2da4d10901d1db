//! The HTTP routes of local mode, with the names and fields of the Python PoCo.

mod admin;
mod debug;
mod demo;
mod event;
mod fail;
mod given;
mod guard;
mod health;
mod press;
mod screen;
mod server;
mod task_json;
mod tasks;
mod view;

use crate::agent::Agents;
use crate::live::Live;
use crate::presence::Presence;
use crate::settle::Settler;
use crate::traffic::Traffic;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use poco_io::app::App;
use poco_io::config::Config;
use poco_io::secret::Secret;
use std::sync::Arc;

pub(crate) use fail::Fail;
pub(crate) use screen::Screen;
pub(crate) use server::serve;

/// What the routes need.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) app: App,
    pub(crate) settler: Settler,
    pub(crate) agents: Agents,
    pub(crate) live: Live,
    pub(crate) config: Arc<Config>,
    pub(crate) traffic: Traffic,
    pub(crate) screen: Screen,
    pub(crate) admin: Arc<Admin>,
    /// How this machine is for others; none if there are no others.
    pub(crate) presence: Option<Presence>,
}

/// What the operator's own commands need.
#[derive(Debug)]
pub(crate) struct Admin {
    /// Names this process, so that a start can tell it from another.
    pub(crate) instance: String,
    /// Known to whoever can read the instance file.
    pub(crate) token: Secret,
}

/// Joins all routes but those of the chat platform.
pub(crate) fn router(http: Http) -> Router {
    let guarded = Router::new()
        .route("/demo/command", post(demo::command))
        .route("/demo/tasks/{id}/approve", post(demo::approve))
        .route("/demo/tasks/{id}/reject", post(demo::reject))
        .route("/demo/cards/dm/projects", get(press::projects))
        .route("/demo/card-actions", post(press::card_action))
        .route("/tasks", get(tasks::list))
        .route("/tasks/{id}", get(tasks::one))
        .route("/debug/feishu", get(debug::feishu))
        .layer(from_fn_with_state(http.clone(), guard::visitors));
    let admin = Router::new()
        .route("/admin/pair", post(admin::pair))
        .route("/admin/doctor", get(admin::doctor))
        .route("/admin/drain", post(admin::drain).delete(admin::undrain))
        .layer(from_fn_with_state(http.clone(), guard::operator));
    Router::new()
        .route("/health", get(health::health))
        .merge(guarded)
        .merge(admin)
        .fallback(fail::not_found)
        .method_not_allowed_fallback(fail::not_allowed)
        .with_state(http)
}
