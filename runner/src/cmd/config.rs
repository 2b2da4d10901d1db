//! `poco config`: connects a Feishu app, or lists what is set.

mod ask;
mod list;
mod qr;

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
  poco config --qr                               have Feishu make the app: scan a code
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
    /// Have the platform make the app: show a code to scan, and a link
    #[arg(long, conflicts_with_all = ["app_id", "app_secret_stdin"])]
    pub(crate) qr: bool,
    /// With --qr: make an app though there is one
    #[arg(long, requires = "qr")]
    pub(crate) force: bool,
    /// Open id of the owner, instead of pairing
    #[arg(long, value_name = "OPEN_ID")]
    pub(crate) owner: Option<String>,
    /// Save without asking the platform whether it knows the app
    #[arg(long)]
    pub(crate) no_check: bool,
    /// List what is set, and change nothing
    #[arg(long, conflicts_with_all = ["app_id", "app_secret_stdin", "owner", "no_check", "qr"])]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const OWNER: &str = "POCO_OWNER_OPEN_ID";

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
    let (changes, maker) = if args.qr {
        refuse_hidden(&given)?;
        let made = qr::make(&super::judge(&given)?, args.force).await?;
        let owner = args.owner.clone().map(|owner| (OWNER, owner));
        (made.changes.into_iter().chain(owner).collect(), made.maker)
    } else {
        (ask::changes(&args, &given)?, None)
    };
    note_hidden(&given, &changes);
    for (name, value) in &changes {
        given.set_flag(name, value.clone());
    }
    let config = super::judge(&given)?;
    if args.qr {
        // It is handed over once: whatever else goes wrong, it must not be lost.
        save(&config, &given, &mut file, &changes)?;
    }
    let bot = match args.no_check {
        true => None,
        false if args.qr => known_by_now(&config).await,
        false => checked(&config).await?,
    };
    if !args.qr {
        save(&config, &given, &mut file, &changes)?;
    }
    tell(out, &given, &config, &changes, bot.as_deref(), maker.as_deref())?;
    Ok(0)
}

/// Refuses to make an app that would not count, for the environment names another.
fn refuse_hidden(given: &Given) -> Result<(), Refusal> {
    if given.names_a_secret() {
        let what = "POCO_SECRET_ARN names what holds the app's secrets: a new app's would not be \
                    there, and the cloud would not know it";
        let next = "poco config --qr on a machine of its own, then deploy with that app";
        return Err(Refusal::new(what, next));
    }
    let names = ["POCO_FEISHU_APP_ID", "POCO_FEISHU_APP_SECRET"];
    let is_set =
        |name: &&&str| given.value(key(name).expect("the table has it")).1 == Source::Environment;
    match names.iter().find(is_set) {
        Some(name) => {
            let what = format!("the environment sets {name}, which would count before a new app");
            Err(Refusal::new(what, format!("unset {name}, then try again")))
        }
        None => Ok(()),
    }
}

/// Asks whether the platform knows an app that it has just made. It is saved, whatever it says.
async fn known_by_now(config: &Config) -> Option<String> {
    match checked(config).await {
        Ok(bot) => bot,
        Err(error) => {
            let refusal = Refusal::of(&error);
            let what = refusal.what.trim_start_matches("nothing was saved: ");
            complain(&format!("Note: the new app is not ready yet: {what}"));
            complain("If that stays so, publish a version of it in the developer console.");
            None
        }
    }
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
    maker: Option<&str>,
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
    if let Some(maker) = maker {
        out.line(&format!("You are {maker}; `poco config --owner {maker}` makes you the owner"))?;
    }
    out.line(&format!("\nNext: {next}"))?;
    let saved: Vec<_> = changes.iter().map(|(name, _)| name).collect();
    out.value(&json!({
        "ok": true, "path": given.file_path, "saved": saved,
        "checked": bot.is_some(), "bot": bot, "made_by": maker, "next": next,
    }))?;
    Ok(())
}
