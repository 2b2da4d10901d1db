//! The simulated outside world, to try `PoCo` by hand.

use anyhow::Context;
use clap::Parser;
use poco_sim::feishu::{Feishu, Options, Webhook};
use poco_sim::model::Model;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs a simulated Feishu on loopback until it is interrupted.
///
/// Prints a JSON line for each server, with all that is needed to connect. Then play a person with curl:
/// `curl $URL/sim/messages`, `curl $URL/sim/say -d '{"user":"ada","text":"hi"}' -H 'content-type:
/// application/json'`, and likewise `/sim/press` {user, button, message?, form?}, `/sim/chats`,
/// `/sim/group` {name, users}, `/sim/advance` {seconds}, `/sim/calls`, `/sim/complaints`.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port of the open platform; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The people of the tenant.
    #[arg(long = "user", default_values_t = ["ada".to_owned(), "bob".to_owned()])]
    users: Vec<String>,
    /// Does not enforce rate limits.
    #[arg(long)]
    no_limits: bool,
    /// Sends events to this address, not over the long connection.
    #[arg(long)]
    webhook: Option<String>,
    /// Encrypts and signs what goes to the webhook.
    #[arg(long, requires = "webhook")]
    encrypt_key: Option<String>,
    /// Also runs a scripted model, and makes this folder a `CODEX_HOME` that uses it.
    #[arg(long)]
    codex_home: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _model = match &arguments.codex_home {
        Some(home) => Some(run_model(home).await?),
        None => None,
    };
    run_feishu(arguments).await?;
    tokio::signal::ctrl_c().await.context("wait for an interrupt")
}

async fn run_model(home: &Path) -> anyhow::Result<Model> {
    let model = Model::start().await;
    model.codex_home(home).context("make a home for codex")?;
    say(&json!({"what": "model", "url": model.base_url(), "codex_home": home}));
    Ok(model)
}

async fn run_feishu(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { port, users, no_limits, webhook, encrypt_key, codex_home: _ } = arguments;
    let options = Options { port, users, limits: !no_limits, ..Options::default() };
    let token = options.verification_token.clone();
    let feishu = Feishu::start(options).await?;
    feishu.webhook(webhook.map(|url| Webhook { url, encrypt_key }));
    let users = feishu.users().into_iter();
    let users = users.map(|user| json!({"name": user.name, "open_id": user.open_id}));
    say(&json!({
        "what": "feishu",
        "url": feishu.url(),
        "app_id": feishu.app_id(),
        "app_secret": feishu.app_secret(),
        "verification_token": token,
        "users": users.collect::<Vec<_>>(),
    }));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the lines are what this program is for")]
fn say(line: &serde_json::Value) {
    println!("{line}");
}
