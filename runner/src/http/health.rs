//! How PoCo is, for people and for the `poco` command.

use super::{Http, admin, guard};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use poco_core::Lang;
use poco_io::config::{Backend, Config, Delivery};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// How long an agent may take to say how it is.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) async fn health(
    State(http): State<Http>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Json<Value> {
    let config = &http.config;
    // Anybody may ask how PoCo is, but not where things are on this machine.
    let is_known = guard::known(config.http.token.as_ref(), peer, &headers).is_ok();
    let enabled = config.feishu.is_set();
    let listener = http.traffic.listener();
    // To ask an agent may start it, which is not for anybody to do.
    let looked = match is_known {
        true => timeout(PATIENCE, http.agents.look()).await.ok(),
        false => http.agents.last_look(),
    };
    let (agent_ready, detail) = match looked {
        Some(Ok(detail)) => (true, detail),
        Some(Err(detail)) => (false, detail.of(Lang::En).to_owned()),
        None => (false, "It is still starting.".to_owned()),
    };
    let owner = http.app.terms().await.ok().and_then(|terms| terms.owner).is_some();
    let mut missing = vec![];
    if !enabled {
        missing.extend(["POCO_FEISHU_APP_ID", "POCO_FEISHU_APP_SECRET"]);
    }
    if !agent_ready {
        missing.push("agent backend readiness");
    }
    // A runner listens to its queue; events reach functions.
    let listens = enabled && http.presence.is_none();
    if listens && !listener.ready {
        // The Python PoCo's name, whichever way events come.
        missing.push("feishu long connection listener");
    }
    if enabled && !owner {
        missing.push("owner");
    }
    let sqlite = config.state.backend == Backend::Sqlite;
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "instance": http.admin.instance,
        "mode": mode(&http),
        "feishu_enabled": enabled,
        "feishu_delivery_mode": config.feishu.delivery.as_str(),
        "feishu_verification_enabled": config.feishu.verification_token.is_some(),
        "feishu_signature_enabled": config.feishu.encrypt_key.is_some(),
        "feishu_listener_ready": listener.ready,
        "feishu_listener_detail": listener.detail,
        "state_backend": config.state.backend.as_str(),
        "state_db_path": (sqlite && is_known).then(|| config.state.db_path.clone()),
        "queue_backend": config.state.backend.queue(),
        "agent_backend": http.agents.usual,
        "agent_ready": agent_ready,
        "agent_detail": if is_known { agent_detail(&http, &detail) } else { String::new() },
        "owner_known": owner,
        "runner": http.presence.as_ref().map(admin::runner),
        "missing": missing,
        "warnings": if http.presence.is_some() { config.warnings.clone() } else { warnings(config) },
    }))
}

fn mode(http: &Http) -> &'static str {
    match (&http.presence, http.config.feishu.is_set()) {
        (Some(_), _) => "runner",
        (None, true) => "feishu",
        (None, false) => "local",
    }
}

/// Which agent there is, how it is, and why it is not another.
fn agent_detail(http: &Http, detail: &str) -> String {
    let wanted = &http.config.agents.usual;
    let instead =
        http.agents.instead.iter().map(|why| format!("; not {wanted}: {}", why.of(Lang::En)));
    format!("default={}; {detail}{}", http.agents.usual, instead.collect::<String>())
}

fn warnings(config: &Config) -> Vec<String> {
    let feishu = &config.feishu;
    let long = feishu.delivery == Delivery::LongConnection;
    let signed = feishu.encrypt_key.is_some();
    let said = [
        (!feishu.is_set(), "No Feishu app is set up, so only the routes of this machine work."),
        (
            feishu.is_set() && !long && feishu.verification_token.is_none(),
            "No verification token is set; requests are known by their signature only.",
        ),
        (
            feishu.is_set() && long,
            "Events come over the long connection: no public address is needed.",
        ),
        (
            feishu.is_set() && long && (signed || feishu.verification_token.is_some()),
            "The verification token and the encrypt key matter for webhooks only.",
        ),
        (
            feishu.is_set() && !long && !signed,
            "No encrypt key is set, so requests are neither signed nor encrypted.",
        ),
        (
            feishu.is_set() && !long && config.http.token.is_none(),
            "Make only /platform/feishu/ public, or set POCO_HTTP_TOKEN: behind a proxy everybody \
             seems to come from this machine.",
        ),
    ];
    let said = said.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text.to_owned());
    said.chain(config.warnings.iter().cloned()).collect()
}
