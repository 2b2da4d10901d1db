//! `poco status`: whether PoCo runs, and how it is.

use super::client::{Client, Health};
use super::{STOPPED, UNHEALTHY, announce};
use crate::home::{Home, Instance, Running};
use crate::out::Out;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 running, 3 stopped, 4 runs but does not answer well.")]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(_args: Args, out: Out) -> anyhow::Result<u8> {
    let home = super::home()?;
    match home.running()? {
        Running::Instance(instance) => tell(out, &home, &instance).await,
        Running::Nobody => {
            out.line("PoCo is stopped")?;
            out.line("\nNext: poco start")?;
            say(out, "stopped", &json!({ "next": "poco start" }))?;
            Ok(STOPPED)
        }
        Running::Starting { pid } => {
            let text = format!("PoCo (pid {pid}) is starting or stopping");
            out.line(&text)?;
            say(out, "unhealthy", &json!({ "pid": pid, "error": text }))?;
            Ok(UNHEALTHY)
        }
        Running::Elsewhere => {
            let refusal = super::elsewhere(&home);
            out.line(&refusal.what)?;
            say(out, "unhealthy", &json!({ "error": refusal.what, "next": refusal.next }))?;
            Ok(UNHEALTHY)
        }
    }
}

async fn tell(out: Out, home: &Home, instance: &Instance) -> anyhow::Result<u8> {
    let url = instance.url();
    let known = |extra: Value| {
        let mut all = json!({
            "address": url, "host": instance.host, "port": instance.address.port(),
            "pid": instance.pid, "version": instance.version,
            "started_at": instance.started_at, "log": home.log(),
        });
        if let (Value::Object(all), Value::Object(extra)) = (&mut all, extra) {
            all.extend(extra);
        }
        all
    };
    match Client::new(instance)?.health().await {
        Ok(health) => {
            let (state, code) = judge(&health);
            let version = &instance.version;
            let since = age(instance);
            out.line(&format!("PoCo {version} is {state} at {} for {since}", out.strong(&url)))?;
            announce::facts(out, home, instance, &health)?;
            say(out, state, &known(json!({ "health": health.whole })))?;
            Ok(code)
        }
        Err(error) => {
            let error = format!("PoCo (pid {}) does not answer at {url}: {error:#}", instance.pid);
            out.line(&error)?;
            out.line("\nNext: poco logs, then poco restart")?;
            say(out, "unhealthy", &known(json!({ "error": error })))?;
            Ok(UNHEALTHY)
        }
    }
}

fn judge(health: &Health) -> (&'static str, u8) {
    if health.status == "ok" { ("running", 0) } else { ("unhealthy", UNHEALTHY) }
}

fn say(out: Out, state: &str, more: &Value) -> anyhow::Result<()> {
    let mut all = json!({ "state": state });
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more.clone());
    }
    Ok(out.value(&all)?)
}

fn age(instance: &Instance) -> String {
    let started = UNIX_EPOCH + Duration::from_millis(instance.started_at);
    let seconds = SystemTime::now().duration_since(started).unwrap_or_default().as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
