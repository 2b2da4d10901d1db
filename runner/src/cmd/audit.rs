//! `poco audit`: what was done that let an agent act or changed who may, and whether that record
//! is whole.

use super::Refusal;
use crate::out::Out;
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use poco_io::app::{Line, lines, verify};
use poco_io::config::{Backend, Config};
use poco_io::port::Store;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  poco audit --since 1d             what was done since yesterday
  poco audit --project oc_1a2b      of one project, by the id of its group
  poco audit --json | jq .          for programs
  poco audit verify                 see whether anything was changed, removed or reordered

Exit codes: 0 done, 1 failed or not whole.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Only this project: the id of its group
    #[arg(long)]
    project: Option<String>,
    /// Only since this time, or for so long: 2026-11-25T09:00:00Z, 90m, 8h, 7d
    #[arg(long, value_parser = since)]
    since: Option<Timestamp>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// See whether anything was changed, removed or reordered
    Verify,
}

/// Reads a time, or how long ago it was.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let hours = |unit| match unit {
        "m" => Some(1.0 / 60.0),
        "h" => Some(1.0),
        "d" => Some(24.0),
        _ => None,
    };
    let split = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at));
    let parts = split.map(|at| text.split_at(at));
    let ago = parts
        .and_then(|(number, unit)| Some(f64::from(number.parse::<u32>().ok()?) * hours(unit)?));
    let ago = ago.map(|hours| SignedDuration::from_secs_f64(hours * 3_600.0));
    ago.and_then(|ago| Timestamp::now().checked_sub(ago).ok())
        .ok_or_else(|| "give a time such as 2026-11-25T09:00:00Z, or 90m, 8h, 7d".to_owned())
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let store = store().await?;
    match args.what {
        Some(What::Verify) => check(store.as_ref(), out).await,
        None => list(store.as_ref(), &args, out).await,
    }
}

/// Opens what is kept, to read it; PoCo may be running.
pub(crate) async fn store() -> anyhow::Result<Arc<dyn Store>> {
    let config: Config = super::judge(&super::given())?;
    match config.state.backend {
        Backend::Memory => {
            let what = "this PoCo keeps its state in memory only, so there is no audit to read";
            return Err(Refusal::new(what, "set POCO_STATE_BACKEND to sqlite").into());
        }
        Backend::Sqlite if !config.state.db_path.exists() => {
            let what = format!("there is no database at {}", config.state.db_path.display());
            return Err(Refusal::new(what, "poco start").into());
        }
        Backend::Sqlite | Backend::DynamoDb => {}
    }
    let (store, _) = poco_io::open::open(&config).await.context("open what is kept")?;
    Ok(store)
}

async fn list(store: &dyn Store, args: &Args, out: Out) -> anyhow::Result<u8> {
    let mut all = lines(store).await.context("read the audit")?;
    let since = args.since.map_or(0, |at| u64::try_from(at.as_millisecond()).unwrap_or_default());
    all.retain(|line| {
        line.at >= since && args.project.as_ref().is_none_or(|project| *project == line.chat)
    });
    all.sort_by_key(|line| line.at);
    for line in &all {
        out.line(&told(line))?;
    }
    if all.is_empty() {
        out.line("Nothing was done.")?;
    }
    out.value(&all)?;
    Ok(0)
}

/// Writes a line for people.
pub(crate) fn told(line: &Line) -> String {
    let at = i64::try_from(line.at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let at = at.map(|at| at.strftime("%F %T").to_string()).unwrap_or_default();
    let task = line.task.as_ref().map(|task| format!(" [{task}]")).unwrap_or_default();
    let text = if line.text.is_empty() { String::new() } else { format!(": {}", line.text) };
    let Line { chat, number, by, did, rule, via, sha256, .. } = line;
    format!("{at} {chat}/{number} {by} {did}{task}{text}\n    by {via}; {rule}; sha256 {sha256}")
}

async fn check(store: &dyn Store, out: Out) -> anyhow::Result<u8> {
    let verified = verify(store).await.context("read the audit")?;
    out.value(&verified)?;
    for flaw in &verified.flaws {
        out.line(&format!("{}/{} {}", flaw.chat, flaw.number, flaw.what))?;
    }
    for (chat, number, hash) in &verified.heads {
        out.line(&format!("{chat} ends at {number} with {hash}"))?;
    }
    if verified.flaws.is_empty() {
        out.line(&format!("The audit is whole: {} lines.", verified.lines))?;
        return Ok(0);
    }
    out.line(&format!("The audit is NOT whole: {} flaws.", verified.flaws.len()))?;
    Ok(1)
}
