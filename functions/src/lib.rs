//! What Feishu calls in the cloud: the routes of local mode, in functions that are there only when
//! something comes in.

mod reception;
mod sweep;

pub use reception::Reception;

use anyhow::{Context, ensure};
use axum::routing::get;
use axum::{Json, Router};
use poco_io::app::{App, runners};
use poco_io::config::{Backend, Config, Environment, Given};
use poco_io::feishu::{Feishu, webhook};
use poco_io::keyring::Keyring;
use poco_io::mask::{Mask, worth};
use poco_io::tls::Roots;
use poco_io::{aws, clock, open, secrets};
use serde_json::json;
use std::sync::Arc;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// The one folder a function may write to. Nothing is kept there.
const HOME: &str = "/tmp";

/// Reads the settings, makes the clients once, and answers requests until the process is ended.
pub async fn serve() -> Result<(), lambda_http::Error> {
    let aws = aws::connect_in_haste(roots()).await;
    let mut given = Given::gather(Environment::of_process().with("HOME", HOME));
    let table = open::peek(&given, &aws);
    // Neither needs the other, and both are far away.
    let (vault, runners) = tokio::join!(secrets::reveal(&mut given, &aws), runners(&table));
    let vault = vault?;
    let config = given.judge().context("read the settings")?;
    // What a project's own files hold is masked by its machine, before it is stored.
    let mask = Mask::default();
    mask.learn(worth::of_process(&config, worth::environment()));
    log(&config, &mask)?;
    let (store, queue) = open::open_to_send(&config, &aws);
    let keys = config.feishu.keys();
    let keyring = match vault {
        Some(vault) => Keyring::kept_by(Arc::new(vault), keys),
        None => Keyring::fixed(keys),
    };
    let keyring = keyring.teaching(&mask);
    let feishu = Feishu::trusting(&config.feishu, keyring.clone(), roots());
    let feishu = Arc::new(feishu.context("set up Feishu")?);
    let terms = config.terms(vec![config.agents.usual.clone()]);
    let app = App::new(store, queue, feishu, terms, clock::now);
    let app = match runners {
        Ok(runners) => app.with_runners_of(runners),
        Err(error) => {
            tracing::warn!("the first event will ask again what machines there are: {error:#}");
            app.with_runners()
        }
    };
    let app = app.masking(mask);
    lambda_http::run(routes(&config, keyring, app)?).await
}

/// Whom to believe that a server is who it says it is.
fn roots() -> Roots {
    let named = |name| std::env::var_os(name).is_some();
    if named("SSL_CERT_FILE") || named("SSL_CERT_DIR") { Roots::System } else { Roots::BuiltIn }
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
    let reception = Arc::new(Reception::new(app.clone()));
    let webhooks = webhook::routes(reception, keyring, clock::now);
    Ok(webhooks.route("/health", get(async move || Json(health))).merge(sweep::routes(app)))
}

fn log(config: &Config, mask: &Mask) -> anyhow::Result<()> {
    let mask = mask.clone();
    // What a filter can say beyond this takes a regular expression engine along.
    let filter: Targets = config.log.parse().context("read POCO_LOG")?;
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let lines = lines.with_current_span(false).with_writer(move || mask.lines(std::io::stderr()));
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
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
