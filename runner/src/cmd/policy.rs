//! `poco policy`: who may do what, and why something was allowed.

use super::{Refusal, audit};
use crate::out::Out;
use anyhow::Context;
use poco_core::Role;
use poco_core::policy::{Leave, TABLE};
use poco_io::app::lines;
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  poco policy test                  print the table, and check what must always hold
  poco policy test expected.txt     check what you expect of it, too
  poco policy why 1a2b3c4d5e6f      who decided what on a task, by which rule

A file of expectations has a line for each: role, action, and allow, rule or deny.
  member  approve-other  rule       # rule: if the project lets members approve
  viewer  run            deny

Exit codes: 0 all holds, 1 something does not.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check the table, and what you expect of it
    Test {
        /// A file with a line for each expectation
        file: Option<PathBuf>,
    },
    /// Say who decided what on a task, and by which rule
    Why { task: String },
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    match args.what {
        What::Test { file } => {
            let text = match &file {
                Some(file) => std::fs::read_to_string(file)
                    .with_context(|| format!("read {}", file.display()))?,
                None => String::new(),
            };
            test(&text, out)
        }
        What::Why { task } => why(&task, out).await,
    }
}

#[derive(Debug, Serialize)]
struct Tested {
    ok: bool,
    checks: usize,
    failures: Vec<String>,
}

fn test(expected: &str, out: Out) -> anyhow::Result<u8> {
    out.line(&format!("{:<15} viewer  member  admin   owner", "action"))?;
    for row in TABLE {
        let cells = row.leave.map(|leave| format!("{:<8}", leave.word())).concat();
        out.line(&format!("{:<15} {}", row.word, cells.trim_end()))?;
    }
    let mut checks = TABLE.len();
    let rank =
        |leave: Leave| [Leave::Deny, Leave::Rule, Leave::Allow].iter().position(|it| *it == leave);
    let mut failures: Vec<_> = TABLE
        .iter()
        .filter(|row| !row.leave.map(rank).is_sorted() || row.leave[3] != Leave::Allow)
        .map(|row| format!("{}: whoever is more must be allowed more", row.word))
        .collect();
    for (at, line) in expected.lines().enumerate() {
        let words = line.split('#').next().unwrap_or_default();
        if words.trim().is_empty() {
            continue;
        }
        checks += 1;
        failures.extend(wrong(words).map(|wrong| format!("line {}: {wrong}", at + 1)));
    }
    out.line("")?;
    for failure in &failures {
        out.line(failure)?;
    }
    let tested = Tested { ok: failures.is_empty(), checks, failures };
    out.line(&format!("{} checks, {} failed.", tested.checks, tested.failures.len()))?;
    out.value(&tested)?;
    Ok(u8::from(!tested.ok))
}

/// Says what is wrong with an expectation, if anything.
fn wrong(line: &str) -> Option<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    let [role, action, expected] = words.as_slice() else {
        return Some(format!("{:?} is not role, action, allow|rule|deny", line.trim()));
    };
    let leave = [Leave::Deny, Leave::Rule, Leave::Allow];
    let Some(expected) = leave.into_iter().find(|leave| leave.word() == *expected) else {
        return Some(format!("there is no {expected}: say allow, rule or deny"));
    };
    let Some(row) = TABLE.iter().find(|row| row.word == *action) else {
        return Some(format!("there is no action {action}"));
    };
    let is = match Role::read(role) {
        Some(role) => row.right.leave(role),
        None if *role == "stranger" => Leave::Deny,
        None => return Some(format!("there is no role {role}")),
    };
    let (is, expected) = (is.word(), expected.word());
    (is != expected).then(|| format!("{role} {action} is {is}, not {expected}"))
}

async fn why(task: &str, out: Out) -> anyhow::Result<u8> {
    let store = audit::store().await?;
    let mut all = lines(store.as_ref()).await.context("read the audit")?;
    all.retain(|line| line.task.as_deref() == Some(task));
    if all.is_empty() {
        let what = format!("nothing is noted of a task {task}");
        return Err(Refusal::new(what, "`poco audit` lists what was done, with its tasks").into());
    }
    for line in &all {
        out.line(&audit::told(line))?;
    }
    out.value(&all)?;
    Ok(0)
}
