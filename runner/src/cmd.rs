//! The commands, one file each, and what they share.

pub(crate) mod announce;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod client;
#[cfg(feature = "cloud")]
pub(crate) mod cloud;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod import;
pub(crate) mod logs;
pub(crate) mod pair;
pub(crate) mod policy;
pub(crate) mod runner;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod shutdown;
#[cfg(feature = "cloud")]
pub(crate) mod stack;
pub(crate) mod start;
pub(crate) mod status;

use crate::home::{Home, Instance, Running};
use crate::out::complain;
use anyhow::Context;
use poco_io::config::{Config, Environment, Given, Mistakes};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The exit code of a command that needs a running PoCo, when there is none.
pub(crate) const STOPPED: u8 = 3;

/// The exit code when PoCo runs but does not answer.
pub(crate) const UNHEALTHY: u8 = 4;

/// Why a command did not do what was asked: a sentence, and what to do next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    #[serde(rename = "error")]
    pub(crate) what: String,
    pub(crate) next: String,
    #[serde(rename = "exit_code")]
    pub(crate) code: u8,
}

impl Refusal {
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), code: 1 }
    }

    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Finds the refusal in an error; any other error becomes one, its causes in one line.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<Self>() {
            Some(refusal) => refusal.clone(),
            None => Self::new(format!("could not {error:#}"), ""),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Refusal {}

impl From<Mistakes> for Refusal {
    fn from(mistakes: Mistakes) -> Self {
        let next = "put that right where it says; `poco config --list` shows what holds";
        Self::new(mistakes.to_string(), next)
    }
}

/// Takes what was given to this process, without judging it.
pub(crate) fn given() -> Given {
    Given::gather(Environment::of_process())
}

/// Judges the settings; what is odd is told.
pub(crate) fn judge(given: &Given) -> Result<Config, Refusal> {
    let config = given.judge()?;
    config.warnings.iter().for_each(|warning| complain(&format!("Note: {warning}")));
    Ok(config)
}

/// Finds PoCo's folder, however wrong other settings are.
pub(crate) fn home() -> Result<Home, Refusal> {
    Ok(Home::new(given().home()?))
}

/// Finds the running instance, or says why it can't be talked to.
pub(crate) fn running(home: &Home) -> anyhow::Result<Instance> {
    let refusal = match home.running().context("find out whether PoCo runs")? {
        Running::Instance(instance) => return Ok(instance),
        Running::Nobody => Refusal::new("PoCo is not running", "poco start").with_code(STOPPED),
        Running::Starting { pid } => Refusal::new(
            format!("PoCo (pid {pid}) is just starting or stopping"),
            "try again in a moment",
        )
        .with_code(UNHEALTHY),
        Running::Elsewhere => elsewhere(home).with_code(UNHEALTHY),
    };
    Err(refusal.into())
}

/// Refuses what can't be done to a process that can't be seen.
pub(crate) fn elsewhere(home: &Home) -> Refusal {
    Refusal::new(
        format!("{} is in use by a PoCo that can't be seen from here", home.path().display()),
        "run this command where that PoCo runs, such as in its container",
    )
}
