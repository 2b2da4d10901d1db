//! Where the new values come from: flags, standard input, the environment, or a person.

use super::{Args, Change};
use crate::cmd::Refusal;
use anyhow::Context;
use poco_io::config::{Given, Key, Source, key};
use std::io::{BufRead, IsTerminal, Read, Write};

const APP_ID: &str = "POCO_FEISHU_APP_ID";
const APP_SECRET: &str = "POCO_FEISHU_APP_SECRET";
const OWNER: &str = "POCO_OWNER_OPEN_ID";

/// The longest secret that is read from standard input, in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// Collects what is to be written. What the environment gives is not.
pub(super) fn changes(args: &Args, given: &Given) -> anyhow::Result<Vec<Change>> {
    let owner_only = args.owner.is_some() && args.app_id.is_none() && !args.app_secret_stdin;
    let mut changes = vec![];
    if !owner_only {
        // Standard input may hold the secret, and then nobody can be asked.
        let app_id = match &args.app_id {
            Some(id) => Some(id.clone()),
            None if in_environment(given, APP_ID) => None,
            None if args.app_secret_stdin => kept(given, APP_ID)?,
            None => ask_openly(given)?,
        };
        changes.extend(app_id.map(|id| (APP_ID, id)));
        let secret = match args.app_secret_stdin {
            true => Some(from_stdin()?),
            false if in_environment(given, APP_SECRET) => None,
            false => ask_secretly(given)?,
        };
        changes.extend(secret.map(|secret| (APP_SECRET, secret)));
    }
    changes.extend(args.owner.clone().map(|owner| (OWNER, owner)));
    Ok(changes)
}

fn table(name: &'static str) -> &'static Key {
    key(name).expect("the table has it")
}

fn in_environment(given: &Given, name: &'static str) -> bool {
    given.value(table(name)).1 == Source::Environment
}

/// Asks for the App ID; an empty answer keeps what there is.
fn ask_openly(given: &Given) -> anyhow::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return kept(given, APP_ID);
    }
    let old = given.value(table(APP_ID)).0;
    let shown = if old.is_empty() { String::new() } else { format!(" [{old}]") };
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "Feishu App ID{shown}: ").and_then(|()| stderr.flush()).context("ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    match answer.trim() {
        "" => kept(given, APP_ID),
        answer => Ok(Some(answer.to_owned())),
    }
}

/// Asks for the App Secret without showing it; an empty answer keeps what there is.
fn ask_secretly(given: &Given) -> anyhow::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return kept(given, APP_SECRET);
    }
    let is_set = !given.value(table(APP_SECRET)).0.is_empty();
    let shown = if is_set { " [set; Enter keeps it]" } else { "" };
    let answer = rpassword::prompt_password(format!("Feishu App Secret (hidden){shown}: "));
    match answer.context("read the secret")?.trim() {
        "" => kept(given, APP_SECRET),
        answer => Ok(Some(answer.to_owned())),
    }
}

/// Keeps a value that is there; one that is not must be given.
fn kept(given: &Given, name: &'static str) -> anyhow::Result<Option<String>> {
    match given.value(table(name)).0 {
        value if !value.is_empty() => Ok(Some(value)),
        _ => Err(Refusal::new(
            format!("{name} is not known"),
            "give --app-id, and the secret with --app-secret-stdin; or run poco config in a \
             terminal and answer",
        )
        .into()),
    }
}

fn from_stdin() -> anyhow::Result<String> {
    let mut text = String::new();
    let mut stdin = std::io::stdin().lock().take(SECRET_BYTES_MAX);
    stdin.read_to_string(&mut text).context("read the secret from standard input")?;
    match text.trim() {
        "" => Err(Refusal::new("standard input held no secret", "pipe the App Secret in").into()),
        secret => Ok(secret.to_owned()),
    }
}
