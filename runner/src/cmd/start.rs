//! `poco start`: starts a server behind this terminal, and waits until it answers.

use super::announce::announce;
use super::client::{Client, Health};
use super::{Refusal, server};
use crate::home::{Home, Instance, append_private, random_hex};
use crate::out::{Out, progress};
use anyhow::Context;
use poco_io::config::{Backend, Config, Given};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The longest a start may take.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How often a starting server is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How often somebody who waits is told so.
const TELL_EVERY: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Examples:
  poco start                        in the background
  poco start --foreground           in this terminal, with its log; Ctrl-C stops it
  poco start --port 9000 --json

Everything runs on this machine (--local), unless the settings make it a runner of the cloud: see
poco runner.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Keep everything on this machine, or refuse if the settings say otherwise
    #[arg(long)]
    pub(crate) local: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Stay in this terminal and log to it
    #[arg(long)]
    pub(crate) foreground: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The name of this run, given by the command that waits for it
    #[arg(long, hide = true, requires = "foreground")]
    pub(crate) detached: Option<String>,
    /// Log to the file, as a service of the system
    #[arg(long, hide = true, requires = "foreground", conflicts_with = "detached")]
    pub(crate) service: bool,
}

/// Where to listen.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Place {
    /// Address to listen on [default: POCO_HOST, else 127.0.0.1]
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Port to listen on; 0 takes any free one [default: POCO_PORT, else 8000]
    #[arg(long)]
    pub(crate) port: Option<String>,
}

impl Place {
    /// Puts what was given on the command line above all other settings.
    pub(crate) fn given(&self) -> Given {
        let mut given = super::given();
        let flags = [("POCO_HOST", &self.host), ("POCO_PORT", &self.port)];
        for (name, value) in flags {
            if let Some(value) = value {
                given.set_flag(name, value.clone());
            }
        }
        given
    }

    fn arguments(&self) -> Vec<&str> {
        let flags = [("--host", &self.host), ("--port", &self.port)];
        flags
            .into_iter()
            .filter_map(|(name, value)| Some([name, value.as_deref()?]))
            .flatten()
            .collect()
    }
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    match args.detached {
        Some(id) => server::detached(&args.place, id).await,
        None if args.local => local(args, out).await,
        None if args.service => server::as_service(&args.place).await,
        None if args.foreground => server::foreground(&args.place, out).await,
        None => background(&args.place, out).await,
    }
}

/// Holds a start to what it was asked for: nothing is sent to a cloud by mistake.
async fn local(args: Args, out: Out) -> anyhow::Result<u8> {
    let config = args.place.given().judge().map_err(Refusal::from)?;
    if config.state.backend == Backend::DynamoDb {
        let what = "the settings keep state in the cloud, so --local can't be kept to";
        let next = "poco runner start; or set POCO_STATE_BACKEND=sqlite";
        return Err(Refusal::new(what, next).into());
    }
    if args.service {
        return server::as_service(&args.place).await;
    }
    match args.foreground {
        true => server::foreground(&args.place, out).await,
        false => background(&args.place, out).await,
    }
}

/// Starts a server of its own session, and tells how that went.
pub(crate) async fn background(place: &Place, out: Out) -> anyhow::Result<u8> {
    let config = super::judge(&place.given())?;
    let home = Home::new(&config.home);
    server::refuse_a_second(&home).await?;
    home.prepare()?;
    progress("Starting PoCo …");
    let id = random_hex::<8>();
    let child = spawn(&home, &config, place, &id)?;
    let (instance, health) = ready(child, &home, &id).await?;
    announce(out, &home, &instance, health).await?;
    Ok(0)
}

fn spawn(home: &Home, config: &Config, place: &Place, id: &str) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("find the poco program")?;
    let log = append_private(&home.log())
        .with_context(|| format!("open the log {}", home.log().display()))?;
    // Whoever lists processes sees what this one is.
    let words: &[&str] = match config.state.backend {
        Backend::DynamoDb => &["runner", "start"],
        Backend::Sqlite | Backend::Memory => &["start"],
    };
    Command::new(program)
        .args(words)
        .args(["--foreground", "--detached", id])
        .args(place.arguments())
        .current_dir(&config.home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("start the server")
}

/// Waits until the server that something else started answers, and tells how that went.
pub(crate) async fn await_started(before: Option<&str>, out: Out) -> anyhow::Result<u8> {
    let home = super::home()?;
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN {
        let instance = Instance::read(&home).filter(|found| Some(found.id.as_str()) != before);
        if let Some(instance) = instance
            && let Ok(health) = Client::new(&instance)?.health().await
        {
            announce(out, &home, &instance, health).await?;
            return Ok(0);
        }
        sleep(LOOK_EVERY).await;
    }
    let what = format!("PoCo did not answer within {} s", READY_WITHIN.as_secs());
    Err(Refusal::new(what, see_log(&home)).into())
}

/// Waits until this very server answers; one that does not is ended.
async fn ready(mut child: Child, home: &Home, id: &str) -> anyhow::Result<(Instance, Health)> {
    let begun = Instant::now();
    let mut told = begun;
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        if child.try_wait().context("look at the server")?.is_some() {
            return Err(report(child, home).await.into());
        }
        if let Some(instance) = Instance::read(home).filter(|instance| instance.id == id)
            && let Ok(health) = Client::new(&instance)?.health().await
        {
            return Ok((instance, health));
        }
        if begun.elapsed() > READY_WITHIN {
            child.kill().await.context("end the server")?;
            let what = format!("PoCo did not answer within {} s", READY_WITHIN.as_secs());
            return Err(Refusal::new(what, see_log(home)).into());
        }
        if told.elapsed() > TELL_EVERY {
            told = Instant::now();
            progress(&format!("still starting after {} s …", begun.elapsed().as_secs()));
        }
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = &mut interrupted => {
                child.kill().await.context("end the server")?;
                return Err(Refusal::new("interrupted; PoCo is not running", "").into());
            }
        }
    }
}

/// Hands on what a server that ended had to say.
async fn report(mut child: Child, home: &Home) -> Refusal {
    let mut said = String::new();
    if let Some(stdout) = &mut child.stdout {
        // An agent that was left behind may hold the other end open.
        let _ = timeout(Duration::from_secs(1), stdout.read_to_string(&mut said)).await;
    }
    let unsaid = || Refusal::new("PoCo ended while it was starting", see_log(home));
    serde_json::from_str(&said).unwrap_or_else(|_| unsaid())
}

fn see_log(home: &Home) -> String {
    format!("see why in {} (poco logs)", home.log().display())
}
