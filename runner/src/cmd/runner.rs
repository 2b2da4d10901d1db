//! `poco runner`: this machine as one of several that run agents for one bot in the cloud.

mod drain;
#[cfg(feature = "cloud")]
mod join;

use super::start::Place;
use super::{Refusal, server, shutdown, start, status};
use crate::out::Out;
use poco_io::config::{Backend, Config};

const EXAMPLES: &str = "\
Examples:
  poco runner join --stack-outputs outputs.json
  poco runner start                 in the background
  poco runner start --foreground    in this terminal, with its log
  poco runner status --json
  poco runner drain --wait 3600     finish what runs, take nothing new
  poco runner stop

A runner takes jobs from its own queue and keeps state in a table of the cloud; events reach it
through functions, so it needs no public address. docs/cloud.md says how to set up all of it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make this machine a runner: give it a name and try its rights
    #[cfg(feature = "cloud")]
    Join(join::Args),
    /// Start this machine as a runner and wait until it answers
    Start(StartArgs),
    /// Say whether the runner runs and how it is
    Status(status::Args),
    /// Finish what runs and take nothing new, or undo that
    Drain(drain::Args),
    /// Bring running tasks to a safe point and stop
    Stop(shutdown::Args),
}

#[derive(Debug, clap::Args)]
struct StartArgs {
    #[command(flatten)]
    place: Place,
    /// Stay in this terminal and log to it
    #[arg(long)]
    foreground: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The name of this run, given by the command that waits for it
    #[arg(long, hide = true, requires = "foreground")]
    detached: Option<String>,
    /// Log to the file, as a service of the system
    #[arg(long, hide = true, requires = "foreground", conflicts_with = "detached")]
    service: bool,
}

impl Args {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            #[cfg(feature = "cloud")]
            Command::Join(args) => args.json,
            Command::Start(args) => args.json,
            Command::Status(args) => args.json,
            Command::Drain(args) => args.json,
            Command::Stop(args) => args.json,
        }
    }
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    match args.command {
        #[cfg(feature = "cloud")]
        Command::Join(args) => join::run(args, out).await,
        Command::Start(args) => begin(args, out).await,
        Command::Status(args) => status::run(args, out).await,
        Command::Drain(args) => drain::run(args, out).await,
        Command::Stop(args) => shutdown::run(args, out).await,
    }
}

async fn begin(args: StartArgs, out: Out) -> anyhow::Result<u8> {
    let StartArgs { place, foreground, detached, service, .. } = args;
    if let Some(id) = detached {
        return server::detached(&place, id).await;
    }
    // What is wrong with a setting is told before what is missing.
    is_runner(&place.given().judge().map_err(Refusal::from)?)?;
    if service {
        return server::as_service(&place).await;
    }
    match foreground {
        true => server::foreground(&place, out).await,
        false => start::background(&place, out).await,
    }
}

/// Refuses a machine whose settings keep everything on it.
fn is_runner(config: &Config) -> Result<(), Refusal> {
    match config.state.backend {
        Backend::DynamoDb => Ok(()),
        Backend::Sqlite | Backend::Memory => Err(Refusal::new(
            "this machine is no runner: its settings keep state here, not in the cloud",
            "poco runner join makes it one; poco start --local runs PoCo here alone",
        )),
    }
}
