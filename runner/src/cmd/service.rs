//! `poco service`: has the system start PoCo with the user's session, and again if it ends.

mod launchd;
mod systemd;

use super::Refusal;
use crate::home::Home;
use crate::out::Out;
use anyhow::Context;
use poco_io::config::{Backend, Config};
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio::process::Command as Process;

const EXAMPLES: &str = "\
Examples:
  poco service install           for this user, as this machine is set up: local or runner
  poco service install --print   show the file, and write nothing
  poco service status
  poco service remove

It is a unit of systemd for the user, or an agent of launchd on a Mac. What the environment of this
command sets for PoCo is not seen by it: put settings into the file (poco config --list shows both).";

/// What is passed on from the environment: where programs are, and nothing secret.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "LANG",
    "POCO_HOME",
    "POCO_CONFIG_PATH",
    "CODEX_HOME",
    "CLAUDE_CONFIG_DIR",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
];

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write the service's file, start it now and with each session
    Install(InstallArgs),
    /// Stop the service and take its file away
    Remove(PlainArgs),
    /// Say whether the service is there and runs
    #[command(after_help = "Exit codes: 0 it runs, 3 it does not.")]
    Status(PlainArgs),
}

#[derive(Debug, clap::Args)]
struct InstallArgs {
    /// Show the file, and write and start nothing
    #[arg(long, conflicts_with = "json")]
    print: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct PlainArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Command::Install(args) => args.json,
            Command::Remove(args) | Command::Status(args) => args.json,
        }
    }
}

/// What the system is told to run.
struct Service {
    program: PathBuf,
    words: Vec<&'static str>,
    environment: Vec<(&'static str, String)>,
    log: PathBuf,
}

/// Which system looks after services here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Systemd,
    Launchd,
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let (system, user) = (System::here(), user_home()?);
    match args.command {
        Command::Install(args) => install(system, &user, &args, out).await,
        Command::Remove(_) => remove(system, &user, out).await,
        Command::Status(_) => status(system, &user, out).await,
    }
}

async fn install(system: System, user: &Path, args: &InstallArgs, out: Out) -> anyhow::Result<u8> {
    let config = super::judge(&super::given())?;
    let home = Home::new(&config.home);
    let text = system.text(&Service::of(&config, &home)?);
    if args.print {
        out.text(&text)?;
        return Ok(0);
    }
    let path = system.path(user);
    // A server that runs already would hold the lock, and the service would try in vain for ever;
    // the service itself makes way.
    if !(path.exists() && system.is_running().await?) {
        super::server::refuse_a_second(&home).await.map_err(|_| {
            let what = "PoCo runs already, and the service would be a second one";
            Refusal::new(what, "poco shutdown")
        })?;
    }
    home.prepare()?;
    write(&path, &text)?;
    system.load(&path).await?;
    out.line(&format!("The service runs, and will start with your session: {}", path.display()))?;
    let hint = system.hint();
    out.line(&format!("Log: {} (poco logs -f)\n\nNext: {hint}", home.log().display()))?;
    out.value(&json!({ "ok": true, "path": path, "log": home.log(), "next": hint }))?;
    Ok(0)
}

async fn remove(system: System, user: &Path, out: Out) -> anyhow::Result<u8> {
    let path = system.path(user);
    let was = path.exists();
    if was {
        system.unload(&path).await?;
        std::fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        system.forget().await?;
    }
    out.line(if was { "The service is removed; PoCo has stopped" } else { "There is no service" })?;
    out.value(&json!({ "ok": true, "removed": was, "path": path }))?;
    Ok(0)
}

async fn status(system: System, user: &Path, out: Out) -> anyhow::Result<u8> {
    let path = system.path(user);
    let installed = path.exists();
    let running = installed && system.is_running().await?;
    let (word, next) = match (installed, running) {
        (false, _) => ("There is no service", "poco service install"),
        (true, false) => ("The service does not run", "poco logs, then poco service install"),
        (true, true) => ("The service runs", "poco status"),
    };
    out.line(word)?;
    out.line(&format!("\nNext: {next}"))?;
    let state = json!({ "installed": installed, "running": running, "path": path, "next": next });
    out.value(&state)?;
    Ok(if running { 0 } else { super::STOPPED })
}

/// Says whether PoCo is this machine's service and runs.
pub(crate) async fn runs() -> anyhow::Result<bool> {
    let system = System::here();
    Ok(system.path(&user_home()?).exists() && system.is_running().await?)
}

/// Has the system start the service, which has ended.
pub(crate) async fn start() -> anyhow::Result<()> {
    match System::here() {
        System::Systemd => call("systemctl", &["--user", "restart", systemd::UNIT]).await,
        System::Launchd => launchd::start().await,
    }
}

impl Service {
    fn of(config: &Config, home: &Home) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find the poco program")?;
        let words = match config.state.backend {
            Backend::DynamoDb => vec!["runner", "start", "--foreground", "--service"],
            Backend::Sqlite | Backend::Memory => {
                vec!["start", "--local", "--foreground", "--service"]
            }
        };
        let given = |name: &'static str| Some((name, std::env::var(name).ok()?));
        let environment = PASSED_ON.into_iter().filter_map(given);
        let environment: Vec<_> = environment.filter(|(_, value)| !value.is_empty()).collect();
        for (name, value) in &environment {
            if value.chars().any(char::is_control) {
                let what = format!("{name} has a control character in it");
                return Err(Refusal::new(what, "set it again, then install").into());
            }
        }
        Ok(Self { program, words, environment, log: home.log() })
    }
}

impl System {
    fn here() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    /// Where the service's file lies.
    fn path(self, user: &Path) -> PathBuf {
        match self {
            Self::Systemd => systemd::path(user),
            Self::Launchd => launchd::path(user),
        }
    }

    fn text(self, service: &Service) -> String {
        match self {
            Self::Systemd => systemd::text(service),
            Self::Launchd => launchd::text(service),
        }
    }

    async fn load(self, path: &Path) -> anyhow::Result<()> {
        match self {
            Self::Systemd => systemd::load().await,
            Self::Launchd => launchd::load(path).await,
        }
    }

    async fn unload(self, path: &Path) -> anyhow::Result<()> {
        match self {
            Self::Systemd => systemd::unload().await,
            Self::Launchd => launchd::unload(path).await,
        }
    }

    /// Has the system forget a file that is gone.
    async fn forget(self) -> anyhow::Result<()> {
        match self {
            Self::Systemd => call("systemctl", &["--user", "daemon-reload"]).await,
            Self::Launchd => Ok(()),
        }
    }

    async fn is_running(self) -> anyhow::Result<bool> {
        match self {
            Self::Systemd => asked("systemctl", &["--user", "is-active", systemd::UNIT]).await,
            Self::Launchd => launchd::is_running().await,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Systemd => {
                "loginctl enable-linger, so that it runs when you are not logged in; poco status"
            }
            Self::Launchd => "poco status",
        }
    }
}

fn user_home() -> anyhow::Result<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute()).context("find your home: set HOME")
}

/// Puts the file in place at once and whole. It holds nothing secret.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().context("name a file")?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    crate::home::write_private(path, text)
}

/// Calls a program of the system; what it says against it is told.
async fn call(program: &str, words: &[&str]) -> anyhow::Result<()> {
    let said = output(program, words).await?;
    if said.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&said.stderr);
    let what = format!("{program} {} failed: {}", words.join(" "), why.trim());
    let next = "is there a session of this user? Else poco start runs PoCo without a service";
    Err(Refusal::new(what, next).into())
}

/// Asks a program something that it answers with its exit code.
async fn asked(program: &str, words: &[&str]) -> anyhow::Result<bool> {
    Ok(output(program, words).await?.status.success())
}

async fn output(program: &str, words: &[&str]) -> anyhow::Result<std::process::Output> {
    match Process::new(program).args(words).output().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let what = format!("there is no {program} on this machine");
            Err(Refusal::new(what, "start PoCo with poco start, from whatever starts things here")
                .into())
        }
        output => output.with_context(|| format!("run {program}")),
    }
}
