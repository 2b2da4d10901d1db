//! `poco cloud`: a deployment, looked at from outside.

mod deployed;

use super::check;
use super::stack::Stack;
use crate::out::{Out, progress};
use poco_io::config::key;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Look at every part of a deployment, and say what is wrong and how to mend it
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  poco cloud check                               on a machine that has joined
  aws cloudformation describe-stacks --stack-name poco | poco cloud check --stack-outputs -
  poco cloud check --json

It asks the functions, the table, the queue and the secret with the credentials of whoever runs it. A
machine's own may not see everything: what it could not tell is no failure. It changes nothing.

Exit codes: 0 nothing failed, 1 something did.")]
struct CheckArgs {
    /// Read what is needed from what `aws cloudformation describe-stacks` printed; - for input
    #[arg(long, value_name = "FILE")]
    stack_outputs: Option<PathBuf>,
    /// Where the functions answer: the stack's output HealthUrl
    #[arg(long)]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn json(&self) -> bool {
        match &self.command {
            Command::Check(args) => args.json,
        }
    }
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let Command::Check(args) = args.command;
    let mut given = super::given();
    let stack = args.stack_outputs.as_deref().map(Stack::read).transpose()?.unwrap_or_default();
    let told = [
        ("POCO_STATE_TABLE", "TableName"),
        ("POCO_QUEUE_URL", "QueueUrl"),
        ("POCO_SECRET_ARN", "SecretArn"),
        ("POCO_RUNNER", "RunnerName"),
        ("POCO_CLOUD_URL", "HealthUrl"),
    ];
    for (setting, output) in told {
        if let Some(value) = stack.get(output) {
            given.set_flag(key(setting).expect("the table has it").name, value.to_owned());
        }
    }
    if let Some(url) = args.url {
        given.set_flag("POCO_CLOUD_URL", url);
    }
    // Whatever this machine is for, it is the cloud that is looked at.
    given.set_flag("POCO_STATE_BACKEND", "dynamodb".to_owned());
    let config = super::judge(&given)?;
    progress("Looking at the cloud …");
    let findings = deployed::look(&config, &given).await;
    check::print(out, &findings)?;
    let failed = check::has_failed(&findings);
    let unknown = findings.iter().any(|it| it.verdict == check::Verdict::CouldNotTell);
    let next = match (failed, unknown) {
        (true, _) => "put right what failed, then run this again",
        (false, true) => "nothing failed; the rest shows to whoever may see it",
        (false, false) => "all is well",
    };
    out.line(&format!("\nNext: {next}"))?;
    out.value(&json!({ "ok": !failed, "findings": findings, "next": next }))?;
    Ok(u8::from(failed))
}
