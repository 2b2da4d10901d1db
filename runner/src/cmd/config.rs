//! `poco config`: connects a Feishu app, or lists what is set.

mod ask;
mod list;

use super::Refusal;
use crate::home::{Home, Running, write_private};
use crate::out::{Out, complain, progress};
use anyhow::Context;
use poco_core::Lang;
use poco_io::config::{Config, Given, SettingsFile, Source, key};
use poco_io::feishu::Feishu;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  poco config                                    ask for App ID and App Secret
  pass feishu | poco config --app-id cli_a1 --app-secret-stdin
  poco config --owner ou_5ad573a6411d72b8305fda3a9c15c70e
  poco config --list                             what holds, and where it comes from

The secret is never a flag: others could read it in the list of processes. What is set in the
environment (POCO_FEISHU_APP_ID, POCO_FEISHU_APP_SECRET) is used, and not written to the file.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// App ID of the Feishu app
    #[arg(long)]
    pub(crate) app_id: Option<String>,
    /// Read the App Secret from standard input
    #[arg(long)]
    pub(crate) app_secret_stdin: bool,
    /// Open id of the owner, instead of pairing
    #[arg(long, value_name = "OPEN_ID")]
    pub(crate) owner: Option<String>,
    /// Save without asking the platform whether it knows the app
    #[arg(long)]
    pub(crate) no_check: bool,
    /// List what is set, and change nothing
    #[arg(long, conflicts_with_all = ["app_id", "app_secret_stdin", "owner", "no_check"])]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A setting to write to the file.
type Change = (&'static str, String);

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let mut given = super::given();
    if args.list {
        return list::run(&given, out);
    }
    // A file that can't be understood is not written over.
    let Some(mut file) = given.file().cloned() else {
        super::judge(&given)?;
        return Err(Refusal::new("the settings file can't be read", "").into());
    };
    let changes = ask::changes(&args, &given)?;
    note_hidden(&given, &changes);
    for (name, value) in &changes {
        given.set_flag(name, value.clone());
    }
    let config = super::judge(&given)?;
    let bot = if args.no_check { None } else { checked(&config).await? };
    save(&config, &given, &mut file, &changes)?;
    tell(out, &given, &config, &changes, bot.as_deref())?;
    Ok(0)
}

/// Warns of values that will not count.
fn note_hidden(given: &Given, changes: &[Change]) {
    for (name, _) in changes {
        if given.value(key(name).expect("the table has it")).1 == Source::Environment {
            complain(&format!("Note: the environment sets {name} too, and counts before the file"));
        }
    }
}

/// Asks the platform at once whether it knows the app, so that a typo is told where it was made.
async fn checked(config: &Config) -> anyhow::Result<Option<String>> {
    if !config.feishu.is_set() {
        return Ok(None);
    }
    progress(&format!("Asking {} …", config.feishu.base_url));
    let feishu = Feishu::new(&config.feishu).context("prepare to ask Feishu")?;
    let bot = feishu.check().await.map_err(|rejected| {
        let next = rejected.advice().map_or_else(
            || {
                "Look at App ID, App Secret and POCO_FEISHU_API_BASE_URL; or save unchecked with \
                 --no-check."
                    .to_owned()
            },
            |advice| advice.of(Lang::En).to_owned(),
        );
        Refusal::new(format!("nothing was saved: {rejected}"), next)
    })?;
    Ok(Some(bot.app_name))
}

fn save(
    config: &Config,
    given: &Given,
    file: &mut SettingsFile,
    changes: &[Change],
) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    for (name, value) in changes {
        file.set(key(name).expect("the table has it"), value);
    }
    Home::new(&config.home).prepare()?;
    write_private(&given.file_path, &file.to_text())
}

fn tell(
    out: Out,
    given: &Given,
    config: &Config,
    changes: &[Change],
    bot: Option<&str>,
) -> anyhow::Result<()> {
    if let Some(bot) = bot {
        out.line(&format!("Feishu knows the app; its bot is called {bot}"))?;
    }
    let path = given.file_path.display();
    match changes.len() {
        0 => out.line("Everything comes from the environment; nothing to write down")?,
        _ => out.line(&format!("Saved to {path}, which only you can read"))?,
    }
    let next = match Home::new(&config.home).running()? {
        Running::Nobody if config.feishu.is_set() => "poco start",
        Running::Nobody => "poco start, to try PoCo without Feishu",
        Running::Instance(_) | Running::Starting { .. } | Running::Elsewhere => {
            "poco restart, so that it counts"
        }
    };
    out.line(&format!("\nNext: {next}"))?;
    let saved: Vec<_> = changes.iter().map(|(name, _)| name).collect();
    out.value(&json!({
        "ok": true, "path": given.file_path, "saved": saved,
        "checked": bot.is_some(), "bot": bot, "next": next,
    }))?;
    Ok(())
}
