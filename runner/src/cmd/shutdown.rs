//! `poco shutdown` and `poco restart`: asks our own server, and nobody else, to end.

use super::start::{Place, await_started, background};
use super::{Refusal, elsewhere, service};
use crate::home::{Home, Instance, Running};
use crate::out::{Out, progress};
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often an ending server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many seconds running tasks may take to come to a safe point
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Host and port stay as they were, unless you give others.")]
pub(crate) struct RestartArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How many seconds running tasks may take to come to a safe point
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let home = super::home()?;
    let stopped = stop(&home, Signal::TERM, Duration::from_secs(args.timeout)).await?;
    match stopped {
        Some(pid) => out.line(&format!("PoCo (pid {pid}) has stopped"))?,
        None => out.line("PoCo is not running")?,
    }
    out.value(&json!({ "ok": true, "state": "stopped", "pid": stopped }))?;
    Ok(0)
}

/// Stops the server if there is one, and starts it where it was.
pub(crate) async fn restart(args: RestartArgs, out: Out) -> anyhow::Result<u8> {
    let home = super::home()?;
    // A server that was killed has left word of where it was, too.
    let before = Instance::read(&home);
    let was_host = before.as_ref().map(|instance| instance.host.clone());
    let was_port = before.as_ref().map(|instance| instance.address.port().to_string());
    let place = Place { host: args.place.host.or(was_host), port: args.place.port.or(was_port) };
    // Wrong settings are told while the old server still runs.
    super::judge(&place.given())?;
    let is_service = service::runs().await.unwrap_or_default();
    // This signal leaves running turns to the next server, where the agent can go on meanwhile.
    stop(&home, Signal::HUP, Duration::from_secs(args.timeout)).await?;
    if is_service {
        // Whoever started it goes on looking after it; host and port are those of the settings.
        service::start().await?;
        return await_started(before.as_ref().map(|it| it.id.as_str()), out).await;
    }
    background(&place, out).await
}

/// Asks the server to stop and waits until it has; returns its pid if there was one.
async fn stop(home: &Home, how: Signal, within: Duration) -> anyhow::Result<Option<u32>> {
    let Some(pid) = holder(home)? else { return Ok(None) };
    tell(pid, how)?;
    progress("Stopping PoCo …");
    let begun = Instant::now();
    while holder(home)? == Some(pid) {
        if begun.elapsed() > within {
            let seconds = within.as_secs();
            let what = format!("PoCo (pid {pid}) has been asked to stop, {seconds} s ago");
            let next = format!("wait and run it again; if PoCo hangs (poco logs): kill -9 {pid}");
            return Err(Refusal::new(what, next).into());
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(Some(pid))
}

/// Returns the process that holds our lock: the kernel says so, not a file.
fn holder(home: &Home) -> anyhow::Result<Option<u32>> {
    match home.running()? {
        Running::Nobody => Ok(None),
        Running::Instance(Instance { pid, .. }) | Running::Starting { pid } => Ok(Some(pid)),
        Running::Elsewhere => Err(elsewhere(home).into()),
    }
}

fn tell(pid: u32, signal: Signal) -> anyhow::Result<()> {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw).context("read the pid")?;
    match kill_process(process, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => {
            let what = format!("PoCo (pid {pid}) can't be asked to stop: {error}");
            Err(Refusal::new(what, "run this as the user who started it").into())
        }
    }
}
