//! Serves local mode: HTTP routes, the chat connection and the agents in one process.

use crate::home::Instance;
use anyhow::Context;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use poco_io::config::Config;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// What the command that starts a server hands over beside the configuration.
#[derive(Debug)]
pub struct Options {
    /// Already bound, so that a taken port was told before anything began.
    pub listener: std::net::TcpListener,
    pub instance: Instance,
}

/// Serves until the process is asked to stop (SIGTERM or SIGINT).
pub async fn serve(config: Config, options: Options) -> anyhow::Result<()> {
    let Options { listener, instance } = options;
    listener.set_nonblocking(true).context("prepare the listener")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("prepare the listener")?;
    let state = Arc::new((config, instance));
    let routes = Router::new()
        .route("/health", get(health))
        .route("/admin/pair", post(pair))
        .with_state(state);
    let mut terminate = signal(SignalKind::terminate()).context("wait for signals")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(listener, routes).with_graceful_shutdown(stop).await.context("serve")
}

type Shared = State<Arc<(Config, Instance)>>;

async fn health(State(shared): Shared) -> Json<Value> {
    let (config, instance) = &*shared;
    Json(json!({
        "status": "ok",
        "instance": instance.id,
        "version": instance.version,
        "owner_known": config.owner.is_some(),
        "mode": if config.feishu.is_set() { "feishu" } else { "local" },
        "feishu_enabled": config.feishu.is_set(),
        "feishu_listener_ready": false,
        "feishu_listener_detail": "not connected",
        "state_db_path": config.state.db_path,
        "agent_backend": config.agents.usual,
        "agent_ready": true,
        "agent_detail": "placeholder",
        "missing": [],
        "warnings": [],
    }))
}

async fn pair(State(shared): Shared, headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let (config, instance) = &*shared;
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !instance.admin_token.matches(token) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "detail": "not yours" })));
    }
    if config.owner.is_some() {
        return (StatusCode::CONFLICT, Json(json!({ "detail": "This PoCo has its owner." })));
    }
    (StatusCode::OK, Json(json!({ "code": "ABCD-2345", "expires_in_seconds": 600 })))
}
