//! The simulated outside world, to try `PoCo` by hand.

use anyhow::Context;
use clap::Parser;
use poco_sim::feishu::{Feishu, Options};
use serde_json::json;

/// Runs a simulated Feishu on loopback until it is interrupted.
///
/// Prints one JSON line with all an app needs to connect. Then play a person with curl:
/// `curl $URL/sim/messages`, `curl $URL/sim/say -d '{"user":"ada","text":"hi"}' -H 'content-type:
/// application/json'`, and likewise `/sim/press` {user, button, message?, form?}, `/sim/chats`,
/// `/sim/group` {name, users}, `/sim/advance` {seconds}.
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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    run_feishu(arguments).await?;
    tokio::signal::ctrl_c().await.context("wait for an interrupt")
}

async fn run_feishu(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { port, users, no_limits } = arguments;
    let options = Options { port, users, limits: !no_limits, ..Options::default() };
    let (app_id, app_secret) = (options.app_id.clone(), options.app_secret.clone());
    let feishu = Feishu::start(options).await?;
    let users: Vec<_> = feishu
        .users()
        .into_iter()
        .map(|user| json!({"name": user.name, "open_id": user.open_id}))
        .collect();
    say(&json!({
        "what": "feishu",
        "url": feishu.url(),
        "app_id": app_id,
        "app_secret": app_secret,
        "users": users,
    }));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the lines are what this program is for")]
fn say(line: &serde_json::Value) {
    println!("{line}");
}
