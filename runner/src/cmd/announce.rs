//! Says that PoCo runs: where, what is ready, what is missing, and what to do next.

use super::client::{Client, Health, Pairing, Runner};
use crate::home::{Home, Instance};
use crate::out::Out;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the connection to the platform is waited for before it is told as it is.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// How often a server that is settling is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Prints how a server that has just become ready is.
pub(crate) async fn announce(
    out: Out,
    home: &Home,
    instance: &Instance,
    health: Health,
) -> anyhow::Result<()> {
    let client = Client::new(instance)?;
    let health = settled(&client, health).await;
    let needs_owner = health.feishu_enabled && !health.owner_known;
    // Without a code PoCo works all the same; `poco pair` tells what is wrong.
    let pairing = if needs_owner { client.pair().await.ok() } else { None };
    let next = next_step(instance, &health, pairing.as_ref());
    let url = instance.url();
    out.line(&format!("PoCo {} runs at {}", instance.version, out.strong(&url)))?;
    facts(out, home, instance, &health)?;
    out.line(&format!("\nNext: {next}"))?;
    out.value(&json!({
        "ok": true,
        "address": url,
        "pid": instance.pid,
        "log": home.log(),
        "health": health.whole,
        "pairing": pairing,
        "next": next,
    }))?;
    Ok(())
}

/// Gives the agent and the connection to the platform a moment, so that what is printed holds.
async fn settled(client: &Client, mut health: Health) -> Health {
    let begun = Instant::now();
    while is_settling(&health) && begun.elapsed() < SETTLED_WITHIN {
        sleep(LOOK_EVERY).await;
        health = client.health().await.unwrap_or(health);
    }
    health
}

fn is_settling(health: &Health) -> bool {
    let listens = health.feishu_enabled && health.runner.is_none();
    let connects = listens && health.feishu_listener_detail == "connecting";
    let agent_starts = !health.agent_ready && health.agent_detail.ends_with("still starting.");
    connects || agent_starts
}

/// Prints a line for each part of a running PoCo.
pub(crate) fn facts(
    out: Out,
    home: &Home,
    instance: &Instance,
    health: &Health,
) -> anyhow::Result<()> {
    let line = |name: &str, text: &str| out.line(&format!("  {name:<8} {text}"));
    line("agent", &readiness(health.agent_ready, agent_detail(health)))?;
    if let Some(runner) = &health.runner {
        line("runner", &load(runner))?;
    }
    line("Feishu", &feishu(health))?;
    line("owner", if health.owner_known { "known" } else { "nobody yet" })?;
    line("state", health.state_db_path.as_deref().unwrap_or(&health.state_backend))?;
    line("log", &home.log().display().to_string())?;
    line("pid", &instance.pid.to_string())?;
    for missing in &health.missing {
        line("missing", missing)?;
    }
    for warning in &health.warnings {
        line("note", warning)?;
    }
    Ok(())
}

fn load(runner: &Runner) -> String {
    let Runner { name, running, seats, draining } = runner;
    let drains = if *draining { "; draining: takes nothing new" } else { "" };
    format!("{name}: {running} of {seats} seats taken{drains}")
}

fn feishu(health: &Health) -> String {
    match (health.feishu_enabled, health.feishu_delivery_mode.as_str()) {
        (false, _) => "not set up".to_owned(),
        (true, _) if health.runner.is_some() => "cards go out; events reach functions".to_owned(),
        (true, "webhook") => "waits for webhooks".to_owned(),
        (true, _) => readiness(health.feishu_listener_ready, &health.feishu_listener_detail),
    }
}

/// Leaves out what `/health` puts before the agent's own words.
fn agent_detail(health: &Health) -> &str {
    let detail = health.agent_detail.as_str();
    detail.strip_prefix("default=").and_then(|rest| rest.split_once("; ")).map_or(detail, |it| it.1)
}

fn readiness(ready: bool, detail: &str) -> String {
    let word = if ready { "ready" } else { "not ready" };
    if detail.is_empty() { word.to_owned() } else { format!("{word}: {detail}") }
}

fn next_step(instance: &Instance, health: &Health, pairing: Option<&Pairing>) -> String {
    if !health.feishu_enabled {
        let url = instance.url();
        return format!(
            "connect a Feishu app with `poco config`, or try it from here:\n  curl -s \
             {url}/demo/command -H 'content-type: application/json' -d '{{\"text\":\"/help\"}}'"
        );
    }
    match pairing {
        Some(pairing) => pairing_step(pairing),
        None if health.owner_known => "send the bot a direct message in Feishu".to_owned(),
        None => "run `poco pair` to become the owner".to_owned(),
    }
}

/// Says what to do with a pairing code.
pub(crate) fn pairing_step(pairing: &Pairing) -> String {
    let minutes = pairing.expires_in_seconds.div_ceil(60);
    format!(
        "send the bot this code in a direct message, to become its owner:\n\n    {}\n\nIt works \
         once, and for {minutes} minutes.",
        pairing.code
    )
}
