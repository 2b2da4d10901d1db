//! `poco doctor`: looks at each part of PoCo, then has a person tap a card, to see that all works.

mod ear;
mod here;
mod trip;

use super::check::{self, Finding};
use super::{Refusal, server};
use crate::home::{Home, Running};
use crate::out::{Out, progress};
use poco_io::config::{Backend, Config, Delivery};
use poco_io::feishu::Feishu;
use serde_json::json;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  poco doctor                  look at everything; sends you a card to tap
  poco doctor --no-tap         do not wait for a tap
  poco doctor --json           for programs

Exit codes: 0 all is well, 1 something failed. What could not be told is no failure.
A card and a small picture are sent to the owner; they may be deleted.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Do not wait for a tap
    #[arg(long)]
    no_tap: bool,
    /// How long to wait for the tap
    #[arg(long, value_name = "SECONDS", default_value_t = 120,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How events come in while the doctor looks.
enum Way {
    /// To the PoCo that runs here.
    Instance(super::client::Client),
    /// To the doctor itself.
    Ear(ear::Ear),
    /// Elsewhere, or not at all.
    None,
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let mut findings = vec![];
    examine(&args, &mut findings).await;
    check::print(out, &findings)?;
    let failed = check::has_failed(&findings);
    let next = findings.iter().find(|finding| finding.verdict == check::Verdict::Failed);
    let next = next.map_or("", |finding| finding.fix.as_str());
    out.line(if failed { "\nSomething is wrong." } else { "\nAll that was looked at is well." })?;
    if !next.is_empty() {
        out.line(&format!("Next: {next}"))?;
    }
    out.value(&json!({ "ok": !failed, "findings": findings, "next": next }))?;
    Ok(u8::from(failed))
}

/// Looks at the parts in the order in which they need each other.
async fn examine(args: &Args, findings: &mut Vec<Finding>) {
    let given = super::given();
    let (secretless, has_secret) = (given.judge(), given.names_a_secret());
    let mut config = match secretless {
        Ok(config) => config,
        Err(mistakes) => {
            let fix = "put that right where it says; `poco config --list` shows what holds";
            let each = mistakes.0.iter();
            findings.extend(each.map(|it| Finding::failed("settings", it.to_string(), fix)));
            return;
        }
    };
    let odd = config.warnings.join("; ");
    findings.push(Finding::ok("settings", odd));
    if has_secret {
        // As a start does.
        match server::settings(given).await {
            Ok((revealed, _)) => config = revealed,
            Err(error) => {
                let Refusal { what, next, .. } = Refusal::of(&error);
                findings.push(Finding::failed("secret", what, next));
                return;
            }
        }
    }
    let home = Home::new(&config.home);
    let running = home.running();
    let mut _lock = None;
    let owner = match &running {
        Ok(Running::Instance(instance)) => here::running(instance, &config, findings).await,
        Ok(Running::Nobody) => {
            let (owner, lock) = here::stopped(&home, &config, findings).await;
            _lock = lock;
            owner
        }
        Ok(Running::Starting { pid }) => {
            let what = format!("PoCo (pid {pid}) is starting or stopping");
            findings.push(Finding::could_not_tell("lock", what, "try again in a moment"));
            config.owner.clone()
        }
        Ok(Running::Elsewhere) => {
            let elsewhere = super::elsewhere(&home);
            findings.push(Finding::could_not_tell("lock", elsewhere.what, elsewhere.next));
            config.owner.clone()
        }
        Err(error) => {
            let fix = format!("see who may read {}", home.path().display());
            findings.push(Finding::failed("lock", check::why(error), fix));
            config.owner.clone()
        }
    };
    let fix = match has_secret {
        true => "put app_secret into the secret that POCO_SECRET_ARN names; poco cloud check",
        false => "poco config --qr makes one",
    };
    let Some(feishu) = app(&config, fix, findings).await else { return };
    let way = arrivals(&config, running.ok(), findings).await;
    findings.push(groups(&feishu).await);
    if let Way::Instance(client) = &way {
        findings.push(messages(client).await);
    }
    match owner {
        Some(owner) => {
            findings.push(Finding::ok("owner", owner.to_string()));
            trip::round(&feishu, &config, &owner, &way, patience(args), findings).await;
        }
        None => {
            let fix = "poco start, then poco pair and send the code to the bot";
            findings.push(Finding::failed("owner", "nobody is the owner yet", fix));
        }
    }
    if let Way::Ear(ear) = way {
        ear.close().await;
    }
}

/// How long a tap is waited for, if at all.
fn patience(args: &Args) -> Option<Duration> {
    (!args.no_tap).then(|| Duration::from_secs(args.wait))
}

/// Whether the platform knows the app.
async fn app(config: &Config, fix: &str, findings: &mut Vec<Finding>) -> Option<Feishu> {
    const NAME: &str = "Feishu app";
    if !config.feishu.is_set() {
        findings.push(Finding::failed(NAME, "there is none", fix));
        return None;
    }
    progress(&format!("Asking {} …", config.feishu.base_url));
    let feishu = match Feishu::new(&config.feishu) {
        Ok(feishu) => feishu,
        Err(error) => {
            findings.push(Finding::failed(NAME, check::why(&error), "poco config"));
            return None;
        }
    };
    match feishu.check().await {
        Ok(bot) => {
            let what =
                format!("{} is known, its bot is called {}", config.feishu.app_id, bot.app_name);
            findings.push(Finding::ok(NAME, what));
            Some(feishu)
        }
        Err(rejected) => {
            let fix = trip::fix(&rejected, "look at the network, then poco config");
            findings.push(Finding::failed(NAME, rejected.to_string(), fix));
            None
        }
    }
}

/// Whether the bot may have groups.
async fn groups(feishu: &Feishu) -> Finding {
    const NAME: &str = "groups";
    match feishu.try_groups().await {
        Ok(()) => Finding::ok(NAME, "the bot may look at its groups"),
        Err(rejected) => {
            let fix = trip::fix(&rejected, "add the permission im:chat and publish a version");
            Finding::failed(NAME, rejected.to_string(), fix)
        }
    }
}

/// Whether messages come in, which only a message shows.
async fn messages(client: &super::client::Client) -> Finding {
    const NAME: &str = "messages";
    match client.doctor().await {
        Ok(told) if told.heard.is_some() => Finding::ok(NAME, "they arrive"),
        Ok(_) => {
            let fix = "write anything to the bot; if nothing comes back, subscribe to the event \
                       im.message.receive_v1 in the developer console and publish a version";
            Finding::could_not_tell(NAME, "none came since the start", fix)
        }
        Err(error) => Finding::could_not_tell(NAME, check::why(&error), ""),
    }
}

/// Whether events could come in.
async fn arrivals(config: &Config, running: Option<Running>, findings: &mut Vec<Finding>) -> Way {
    const NAME: &str = "events";
    if config.state.backend == Backend::DynamoDb {
        let what = "they come in through functions";
        findings.push(Finding::could_not_tell(NAME, what, "poco cloud check"));
        return Way::None;
    }
    match (running, config.feishu.delivery) {
        (Some(Running::Instance(instance)), delivery) => {
            let Ok(client) = super::client::Client::new(&instance) else { return Way::None };
            match client.health().await {
                Ok(health) if health.feishu_listener_ready => {
                    let what = match delivery {
                        Delivery::LongConnection => "the long connection is up",
                        Delivery::Webhook => "webhooks are listened for",
                    };
                    findings.push(Finding::ok(NAME, what));
                }
                Ok(health) => {
                    let fix = "poco logs says more; poco restart tries anew";
                    findings.push(Finding::failed(NAME, health.feishu_listener_detail, fix));
                }
                Err(_) => return Way::None,
            }
            Way::Instance(client)
        }
        (Some(Running::Nobody), Delivery::LongConnection) => {
            progress("Opening the long connection …");
            match ear::Ear::open(config).await {
                Ok(ear) => {
                    findings.push(Finding::ok(NAME, "the long connection can be opened"));
                    Way::Ear(ear)
                }
                Err((why, fix)) => {
                    findings.push(Finding::failed(NAME, why, fix));
                    Way::None
                }
            }
        }
        (Some(Running::Nobody), Delivery::Webhook) => {
            let (what, fix) = ("PoCo is stopped, and webhooks come to it", "poco start");
            findings.push(Finding::could_not_tell(NAME, what, fix));
            Way::None
        }
        (Some(Running::Starting { .. } | Running::Elsewhere) | None, _) => Way::None,
    }
}
