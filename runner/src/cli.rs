//! The words of the command line, and what they lead to.

use crate::cmd::{self, Refusal};
use crate::out::{Out, complain, nobody_reads};
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  poco start                 start, and say what is ready and what is missing
  poco config --qr           have Feishu make an app: scan a code
  poco doctor                see whether everything works, and what to do if not
  poco pair                  become the owner: print a code to send to the bot
  poco logs -f               follow what it does
  poco shutdown              stop

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 PoCo is stopped, 4 PoCo is unhealthy.
Files are in ~/.poco; POCO_HOME moves them.";

/// Run coding agents on this machine from a Feishu chat.
#[derive(Debug, Parser)]
#[command(name = "poco", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    /// Print without colours (so does NO_COLOR=1, and a pipe)
    #[arg(long, global = true)]
    no_color: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connect a Feishu app, or list what is set
    Config(cmd::config::Args),
    /// Start PoCo and wait until it answers
    Start(cmd::start::Args),
    /// Say whether PoCo runs and what it lacks
    Status(cmd::status::Args),
    /// Stop PoCo and start it again where it was
    Restart(cmd::shutdown::RestartArgs),
    /// Bring running tasks to a safe point and stop
    Shutdown(cmd::shutdown::Args),
    /// Take over the settings and projects of the Python PoCo
    Import(cmd::import::Args),
    /// Look at each part, and have a tap prove that all works
    Doctor(cmd::doctor::Args),
    /// Print the log
    Logs(cmd::logs::Args),
    /// Print a one-time code that makes whoever sends it to the bot the owner
    Pair(cmd::pair::Args),
    /// List what was done that let an agent act, or see whether that list is whole
    Audit(cmd::audit::Args),
    /// Check who may do what, and say why something was allowed
    Policy(cmd::policy::Args),
    /// See whether a deployment in the cloud is well
    #[cfg(feature = "cloud")]
    Cloud(cmd::cloud::Args),
    /// Run agents on this machine for a bot in the cloud
    Runner(cmd::runner::Args),
    /// Have the system start PoCo with your session
    Service(cmd::service::Args),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  poco completions bash > ~/.local/share/bash-completion/completions/poco"
    )]
    Completions { shell: clap_complete::Shell },
}

impl Command {
    fn json(&self) -> bool {
        match self {
            Self::Config(args) => args.json,
            Self::Start(args) => args.json,
            Self::Status(args) => args.json,
            Self::Restart(args) => args.json,
            Self::Shutdown(args) => args.json,
            Self::Import(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Pair(args) => args.json,
            Self::Audit(args) => args.json,
            Self::Policy(args) => args.json,
            #[cfg(feature = "cloud")]
            Self::Cloud(args) => args.json(),
            Self::Runner(args) => args.json(),
            Self::Service(args) => args.json(),
            Self::Logs(_) | Self::Completions { .. } => false,
        }
    }
}

/// Runs the command this process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(cli.command.json(), cli.no_color);
    // It fails only if a provider is installed already, and then that one will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli.command, out)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) if nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => fail(out, &error),
    }
}

async fn dispatch(command: Command, out: Out) -> anyhow::Result<u8> {
    match command {
        Command::Config(args) => cmd::config::run(args, out).await,
        Command::Start(args) => cmd::start::run(args, out).await,
        Command::Status(args) => cmd::status::run(args, out).await,
        Command::Restart(args) => cmd::shutdown::restart(args, out).await,
        Command::Shutdown(args) => cmd::shutdown::run(args, out).await,
        Command::Doctor(args) => cmd::doctor::run(args, out).await,
        Command::Import(args) => cmd::import::run(args, out).await,
        Command::Logs(args) => cmd::logs::run(args, out).await,
        Command::Pair(args) => cmd::pair::run(args, out).await,
        Command::Audit(args) => cmd::audit::run(args, out).await,
        Command::Policy(args) => cmd::policy::run(args, out).await,
        #[cfg(feature = "cloud")]
        Command::Cloud(args) => cmd::cloud::run(args, out).await,
        Command::Runner(args) => cmd::runner::run(args, out).await,
        Command::Service(args) => cmd::service::run(args, out).await,
        Command::Completions { shell } => completions(shell, out),
    }
}

fn completions(shell: clap_complete::Shell, out: Out) -> anyhow::Result<u8> {
    let mut script = vec![];
    let mut command = Cli::command()
        .mut_subcommand("start", |start| for_people(&start))
        .mut_subcommand("runner", |it| it.mut_subcommand("start", |start| for_people(&start)));
    clap_complete::generate(shell, &mut command, "poco", &mut script);
    out.text(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Leaves out what is not for people; not every shell's completions do so by themselves.
fn for_people(command: &clap::Command) -> clap::Command {
    let shown = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let shown: Vec<_> = shown.collect();
    let bare = clap::Command::new("start").args(shown);
    match command.get_about() {
        Some(about) => bare.about(about.clone()),
        None => bare,
    }
}

/// Tells an error in a sentence, with the next step; to programs as JSON too.
fn fail(out: Out, error: &anyhow::Error) -> ExitCode {
    let refusal = Refusal::of(error);
    complain(&format!("poco: {refusal}"));
    if !refusal.next.is_empty() {
        complain(&format!("Next: {}", refusal.next));
    }
    let _ = out.value(&refusal);
    ExitCode::from(refusal.code)
}
