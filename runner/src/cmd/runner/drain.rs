//! `poco runner drain`: lets a machine finish what runs, so that it can be upgraded or moved.

use crate::cmd::client::{Client, Runner};
use crate::out::{Out, progress};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often a machine that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  poco runner drain                     take nothing new; what runs is finished
  poco runner drain --wait 3600 && poco runner stop
  poco runner drain --undo              take what waits, and all that is new

It holds until it is undone, also if the runner is started again meanwhile. What is asked of the
machine waits, and its cards say so. Exit code 1 if --wait was too short.")]
pub(crate) struct Args {
    /// Take what is asked of this machine again
    #[arg(long)]
    undo: bool,
    /// Wait until nothing runs any more, so many seconds at most
    #[arg(long, value_name = "SECONDS", conflicts_with = "undo")]
    wait: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let instance = crate::cmd::running(&crate::cmd::home()?)?;
    let client = Client::new(&instance)?;
    let mut runner = client.drain(!args.undo).await?;
    if let Some(seconds) = args.wait {
        let within = Duration::from_secs(seconds);
        runner = idle(&client, runner, within).await?;
    }
    let Runner { name, running, draining, .. } = &runner;
    let (is, next) = match (draining, running) {
        (true, 0) => ("is draining, and nothing runs".to_owned(), "poco runner stop"),
        (true, running) => {
            (format!("is draining: {running} still running"), "poco runner drain --wait 3600")
        }
        (false, _) => ("takes what is asked of it".to_owned(), "poco runner status"),
    };
    out.line(&format!("{name} {is}"))?;
    out.line(&format!("\nNext: {next}"))?;
    let late = args.wait.is_some() && *running > 0;
    out.value(&json!({ "ok": !late, "runner": runner, "next": next }))?;
    Ok(u8::from(late))
}

async fn idle(client: &Client, mut runner: Runner, within: Duration) -> anyhow::Result<Runner> {
    let begun = Instant::now();
    while runner.running > 0 && begun.elapsed() < within {
        progress(&format!("{} still running …", runner.running));
        sleep(LOOK_EVERY).await;
        runner = client.health().await?.runner.unwrap_or(runner);
    }
    Ok(runner)
}
