//! `poco runner join`: makes this machine one that runs agents for a bot in the cloud.

mod rights;

use crate::cmd::check::{self, Finding};
use crate::cmd::stack::Stack;
use crate::cmd::{Refusal, judge};
use crate::home::{Home, write_private};
use crate::out::{Out, progress};
use anyhow::Context;
use poco_io::config::{Given, Source, key};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aws cloudformation describe-stacks --stack-name poco | poco runner join --stack-outputs -
  poco runner join --stack-outputs outputs.json --name office --profile poco-office
  poco runner join --name laptop --table poco-Table-1 --queue-url https://sqs.…/poco-runner-{runner}.fifo \\
      --secret arn:aws:secretsmanager:… --app-id cli_a1

In a terminal it asks for what was not given. It tries every right the machine needs and says which
is missing; nothing is saved unless all are there. No secret is written down: the app's are read from
the cloud each time.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of this machine; the stack it was made for says the default
    #[arg(long)]
    name: Option<String>,
    /// Read what is needed from what `aws cloudformation describe-stacks` printed; - for input
    #[arg(long, value_name = "FILE")]
    stack_outputs: Option<PathBuf>,
    /// The stack's output TableName
    #[arg(long)]
    table: Option<String>,
    /// The stack's output QueueUrl; {runner} in it stands for the name
    #[arg(long)]
    queue_url: Option<String>,
    /// The stack's output SecretArn, or an SSM parameter's ARN or /name
    #[arg(long)]
    secret: Option<String>,
    /// App ID of the Feishu app
    #[arg(long)]
    app_id: Option<String>,
    /// Where the functions answer: the stack's output HealthUrl
    #[arg(long)]
    url: Option<String>,
    /// Region of the stack
    #[arg(long)]
    region: Option<String>,
    /// AWS profile this machine signs in with
    #[arg(long)]
    profile: Option<String>,
    /// Save without trying whether the rights are there
    #[arg(long)]
    no_check: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A setting to be known: its name, the output or parameter that tells it, and how it is asked for.
struct Wanted {
    setting: &'static str,
    output: &'static str,
    ask: &'static str,
    required: bool,
}

const WANTED: [Wanted; 10] = [
    wanted("POCO_RUNNER", "RunnerName", "Name of this machine"),
    wanted("POCO_STATE_TABLE", "TableName", "Table (output TableName)"),
    wanted("POCO_QUEUE_URL", "QueueUrl", "Queue (output QueueUrl)"),
    wanted("POCO_SECRET_ARN", "SecretArn", "Secret (output SecretArn)"),
    wanted("POCO_FEISHU_APP_ID", "FeishuAppId", "Feishu App ID (cli_…)"),
    optional("POCO_FEISHU_API_BASE_URL", "FeishuApiBaseUrl"),
    optional("POCO_KEEP_DAYS", "KeepDays"),
    optional("POCO_LANG", "Language"),
    optional("POCO_OWNER_OPEN_ID", "OwnerOpenId"),
    optional("POCO_CLOUD_URL", "HealthUrl"),
];

const fn wanted(setting: &'static str, output: &'static str, ask: &'static str) -> Wanted {
    Wanted { setting, output, ask, required: true }
}

const fn optional(setting: &'static str, output: &'static str) -> Wanted {
    Wanted { setting, output, ask: "", required: false }
}

type Change = (&'static str, String);

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let mut given = crate::cmd::given();
    // A file that can't be understood is not written over.
    let Some(mut file) = given.file().cloned() else {
        judge(&given)?;
        return Err(Refusal::new("the settings file can't be read", "").into());
    };
    let changes = changes(&args, &given)?;
    for (name, value) in &changes {
        given.set_flag(name, value.clone());
    }
    let config = judge(&given)?;
    let findings = match args.no_check {
        true => vec![],
        false => {
            progress("Trying what this machine may do …");
            rights::try_all(&config, &given).await
        }
    };
    check::print(out, &findings)?;
    if check::has_failed(&findings) {
        out.value(&json!({ "ok": false, "findings": findings }))?;
        let what = "nothing was saved: this machine can't work like this";
        let next = "put right what failed, or save it all the same with --no-check";
        return refuse(out, &Refusal::new(what, next));
    }
    for (name, value) in &changes {
        file.set(key(name).expect("the table has it"), value);
    }
    Home::new(&config.home).prepare()?;
    write_private(&given.file_path, &file.to_text())?;
    let next = "poco runner start; poco service install has it started with this machine";
    out.line(&format!("\nSaved to {}, which only you can read", given.file_path.display()))?;
    out.line(&format!("This machine is “{}” now\n\nNext: {next}", config.runner))?;
    out.value(&json!({
        "ok": true, "runner": config.runner, "path": given.file_path,
        "saved": changes.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "findings": findings, "next": next,
    }))?;
    Ok(0)
}

/// The findings were printed as JSON already, so that this is for people only.
fn refuse(out: Out, refusal: &Refusal) -> anyhow::Result<u8> {
    if !out.json {
        return Err(refusal.clone().into());
    }
    Ok(refusal.code)
}

/// Collects what is to be written: flags before outputs before what is set before answers.
fn changes(args: &Args, given: &Given) -> anyhow::Result<Vec<Change>> {
    let stack = args.stack_outputs.as_deref().map(Stack::read).transpose()?.unwrap_or_default();
    let mut changes = vec![("POCO_STATE_BACKEND", "dynamodb".to_owned())];
    let mut missing = vec![];
    for it in &WANTED {
        let flag = flag(args, it.setting).cloned();
        let told = flag.or_else(|| stack.get(it.output).map(str::to_owned));
        let (set, source) = given.value(key(it.setting).expect("the table has it"));
        let known = told.or_else(|| Some(set).filter(|_| source != Source::Default));
        match known.map_or_else(|| ask(it), |known| Ok(Some(known)))? {
            Some(value) => changes.push((it.setting, value)),
            None if it.required => missing.push(it.ask),
            None => {}
        }
    }
    if !missing.is_empty() {
        let what = format!("this is not known: {}", missing.join(", "));
        let next = "give --stack-outputs with what aws cloudformation describe-stacks printed; or \
                    run this in a terminal and answer";
        return Err(Refusal::new(what, next).into());
    }
    let queue = changes.iter().find(|(name, _)| *name == "POCO_QUEUE_URL");
    let region = args.region.clone().or_else(|| queue.and_then(|(_, url)| region_of(url)));
    changes.extend(region.map(|region| ("POCO_AWS_REGION", region)));
    let profile = args.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    let profile = profile.filter(|profile| !profile.is_empty());
    changes.extend(profile.map(|profile| ("POCO_AWS_PROFILE", profile)));
    Ok(changes)
}

fn flag<'a>(args: &'a Args, setting: &str) -> Option<&'a String> {
    let flags = [
        ("POCO_RUNNER", &args.name),
        ("POCO_STATE_TABLE", &args.table),
        ("POCO_QUEUE_URL", &args.queue_url),
        ("POCO_SECRET_ARN", &args.secret),
        ("POCO_FEISHU_APP_ID", &args.app_id),
        ("POCO_CLOUD_URL", &args.url),
    ];
    flags.into_iter().find(|(name, _)| *name == setting).and_then(|(_, flag)| flag.as_ref())
}

/// A queue's URL says where it is.
fn region_of(queue: &str) -> Option<String> {
    let rest = queue.strip_prefix("https://sqs.")?;
    rest.split_once(".amazonaws.com").map(|(region, _)| region.to_owned())
}

fn ask(wanted: &Wanted) -> anyhow::Result<Option<String>> {
    if !wanted.required || !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{}: ", wanted.ask).and_then(|()| stderr.flush()).context("ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("read the answer")?;
    Ok(Some(answer.trim().to_owned()).filter(|answer| !answer.is_empty()))
}

/// Says that something could not even be tried.
fn untried(name: &str, error: &anyhow::Error, fix: &str) -> Finding {
    Finding::failed(name, check::why(error), fix)
}
