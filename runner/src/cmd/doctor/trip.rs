//! The round trip: a card goes out, a tap comes back, a line is typed, a picture is read.

use super::Way;
use super::check::{self, Finding};
use crate::home::random_hex;
use crate::out::complain;
use poco_core::{Lang, UserId};
use poco_io::clock;
use poco_io::config::Config;
use poco_io::feishu::trial::Words;
use poco_io::feishu::{Feishu, Rejected};
use std::time::Duration;

/// How often a PoCo that runs here is asked whether the tap came.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// How often the person is reminded.
const REMIND_EVERY: Duration = Duration::from_secs(20);

const CARD: &str = "card to the owner";
const TAP: &str = "tap comes back";
const LINE: &str = "live line";
const PICTURE: &str = "picture there and back";

pub(super) async fn round(
    feishu: &Feishu,
    config: &Config,
    owner: &UserId,
    way: &Way,
    patience: Option<Duration>,
    findings: &mut Vec<Finding>,
) {
    let once = format!("doctor-{}", random_hex::<8>());
    let taps = patience.is_some() && !matches!(way, Way::None);
    let words = words(config.lang, taps);
    let since = clock::now().0;
    let trial = match feishu.try_card(owner, words, &once).await {
        Ok(trial) => trial,
        Err(rejected) => {
            let fix = fix(&rejected, "the owner must be a person the app is available to");
            findings.push(Finding::failed(CARD, rejected.to_string(), fix));
            return;
        }
    };
    findings.push(Finding::ok(CARD, format!("sent to {owner}")));
    match (patience, taps) {
        (Some(patience), true) => {
            complain("A card is in your chat with the bot: tap its button.");
            findings.push(tap(way, &once, owner, since, patience).await);
        }
        (Some(_), false) => {
            let what = "nothing here hears of it";
            findings.push(Finding::could_not_tell(TAP, what, "poco start, then poco doctor"));
        }
        (None, _) => findings.push(Finding::could_not_tell(TAP, "not waited for (--no-tap)", "")),
    }
    let done = config.lang;
    findings.push(match trial.type_line(typed(done)).await {
        Ok(()) => Finding::ok(LINE, "typed onto the card"),
        Err(rejected) => {
            let fix = fix(&rejected, "try again; without it cards change in steps");
            Finding::failed(LINE, rejected.to_string(), fix)
        }
    });
    findings.push(match feishu.try_picture(owner, &format!("{once}-p")).await {
        Ok(()) => Finding::ok(PICTURE, "sent and read"),
        Err(error) => {
            let fix = "add the permission im:resource in the developer console and publish";
            Finding::failed(PICTURE, check::why(&error.into()), fix)
        }
    });
}

/// Waits for the tap, and says on the way that it does.
async fn tap(way: &Way, once: &str, owner: &UserId, since: u64, patience: Duration) -> Finding {
    let remind = async {
        let mut left = patience;
        loop {
            tokio::time::sleep(REMIND_EVERY).await;
            left = left.saturating_sub(REMIND_EVERY);
            complain(&format!("Still waiting for the tap; {} s left.", left.as_secs()));
        }
    };
    let came = async {
        tokio::select! {
            came = arrival(way, once, owner, since) => came,
            () = remind => Ok(()),
        }
    };
    let fix = "in the developer console under Events & callbacks, subscribe to the callback \
               card.action.trigger over the way PoCo listens, and publish a version";
    match tokio::time::timeout(patience, came).await {
        Ok(Ok(())) => Finding::ok(TAP, "it arrived"),
        Ok(Err(error)) => Finding::failed(TAP, check::why(&error), "poco logs"),
        Err(_) => {
            let what = format!("none arrived within {} s", patience.as_secs());
            Finding::failed(TAP, what, fix)
        }
    }
}

async fn arrival(way: &Way, once: &str, owner: &UserId, since: u64) -> anyhow::Result<()> {
    match way {
        Way::Ear(ear) => {
            ear.tapped(once, owner).await;
            Ok(())
        }
        Way::Instance(client) => loop {
            let told = client.doctor().await?;
            let is_it = |at: &u64| *at >= since;
            if told.presses.iter().any(|press| press.by == owner.as_str() && is_it(&press.at)) {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        },
        Way::None => std::future::pending().await,
    }
}

/// What to do about a refusal.
pub(super) fn fix(rejected: &Rejected, otherwise: &str) -> String {
    let advice = rejected.advice().map(|advice| advice.of(Lang::En).to_owned());
    advice.unwrap_or_else(|| otherwise.to_owned())
}

fn words(lang: Lang, taps: bool) -> Words<'static> {
    match lang {
        Lang::En => Words {
            title: "PoCo doctor",
            text: if taps { "Tap the button, so that I see it arrives." } else { "Just looking." },
            button: taps.then_some("I see it"),
        },
        Lang::Zh => Words {
            title: "PoCo 体检",
            text: if taps {
                "请点击按钮，以便确认能收到。"
            } else {
                "只是检查一下。"
            },
            button: taps.then_some("我看到了"),
        },
    }
}

fn typed(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "This line was typed onto the card. The terminal says how it went.",
        Lang::Zh => "这一行是实时写入的。结果请看终端。",
    }
}
