//! What Feishu calls in the cloud: the routes of local mode, in functions that are there only when
//! something comes in.

mod reception;

pub use reception::Reception;

use anyhow::{Context, ensure};
use axum::routing::get;
use axum::{Json, Router};
use poco_io::app::App;
use poco_io::config::{Backend, Config, Environment, Given};
use poco_io::feishu::{Feishu, webhook};
use poco_io::keyring::Keyring;
use poco_io::{aws, clock, open, secrets};
use serde_json::json;
use std::sync::Arc;

/// The one folder a function may write to. Nothing is kept there.
const HOME: &str = "/tmp";

/// Reads the settings, makes the clients once, and answers requests until the process is ended.
pub async fn serve() -> Result<(), lambda_http::Error> {
    // Fails if somebody chose a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let aws = aws::connect_in_haste().await;
    let mut given = Given::gather(Environment::of_process().with("HOME", HOME));
    let vault = secrets::reveal(&mut given, &aws).await?;
    let config = given.judge().context("read the settings")?;
    log(&config)?;
    let (store, queue) = open::open_to_send(&config, &aws);
    let keys = config.feishu.keys();
    let keyring = match vault {
        Some(vault) => Keyring::kept_by(Arc::new(vault), keys),
        None => Keyring::fixed(keys),
    };
    let feishu = Feishu::with_keyring(&config.feishu, keyring.clone());
    let feishu = Arc::new(feishu.context("set up Feishu")?);
    let terms = config.terms(vec![config.agents.usual.clone()]);
    let app = App::new(store, queue, feishu, terms, clock::now).with_runners();
    lambda_http::run(routes(&config, keyring, app)?).await
}

/// Makes the routes: Feishu's, and one that says what this is.
fn routes(config: &Config, keyring: Keyring, app: App) -> anyhow::Result<Router> {
    ensure!(config.state.backend == Backend::DynamoDb, "POCO_STATE_BACKEND must be dynamodb");
    let feishu = &config.feishu;
    let health = json!({
        "status": "ok",
        "app": config.app_name,
        "version": env!("CARGO_PKG_VERSION"),
        "state_backend": config.state.backend.as_str(),
        "queue": config.state.backend.queue(),
        "delivery": feishu.delivery.as_str(),
        "feishu": feishu.is_set() && keyring.keys().verifier().is_configured(),
    });
    let reception = Arc::new(Reception::new(app));
    let webhooks = webhook::routes(reception, keyring, clock::now);
    Ok(webhooks.route("/health", get(async move || Json(health))))
}

fn log(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).context("read POCO_LOG")?;
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
    lines.with_writer(std::io::stderr).with_env_filter(filter).init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // Its text may quote what came in.
        tracing::error!(place, "a request was more than this program can bear");
    }));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}
