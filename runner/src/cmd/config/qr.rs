//! `poco config --qr`: has the platform make the app, by a link that a person follows.

use super::Change;
use crate::cmd::Refusal;
use crate::out::complain;
use poco_io::config::Config;
use poco_io::feishu::http_client;
use poco_io::feishu::registration::{Accounts, Failure, Offer, Registered, Registration};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::{IsTerminal, Write};

/// What was made, and what of it is to be written down.
pub(super) struct Made {
    pub(super) changes: Vec<Change>,
    /// Who made it, if nobody is the owner yet.
    pub(super) maker: Option<String>,
}

/// Makes an app. Everything for the person goes to standard error: a program reads the rest.
pub(super) async fn make(config: &Config, is_forced: bool) -> anyhow::Result<Made> {
    if config.feishu.is_set() && !is_forced {
        let what = format!("there is an app already: {}", config.feishu.app_id);
        return Err(Refusal::new(what, "poco config --qr --force makes another").into());
    }
    let asked = &config.feishu.base_url;
    let flow = Registration::new(http_client(asked)?, Accounts::of(asked));
    let offer = flow.begin(&config.app_name).await.map_err(|failure| refusal(&failure))?;
    show(&offer);
    let registered = tokio::select! {
        registered = flow.wait(&offer) => registered.map_err(|failure| refusal(&failure))?,
        _ = tokio::signal::ctrl_c() => {
            let what = "stopped waiting; nothing was saved";
            return Err(Refusal::new(what, "poco config --qr shows a new code").into());
        }
    };
    complain("Agreed: the app is made.");
    Ok(made(config, registered))
}

fn made(config: &Config, registered: Registered) -> Made {
    let base = registered.base_url(&config.feishu.base_url);
    let mut changes = vec![
        ("POCO_FEISHU_APP_ID", registered.app_id),
        ("POCO_FEISHU_APP_SECRET", registered.app_secret.expose().to_owned()),
    ];
    changes.extend(base.map(|base| ("POCO_FEISHU_API_BASE_URL", base.to_owned())));
    let maker = registered.open_id.filter(|_| config.owner.is_none());
    Made { changes, maker }
}

fn show(offer: &Offer) {
    let minutes = offer.expires_in.as_secs().div_ceil(60);
    let code = drawn(&offer.link).filter(|_| std::io::stderr().is_terminal());
    if let Some(code) = code {
        let _ = writeln!(std::io::stderr().lock(), "{code}");
        complain("Scan this with Feishu on your phone, or open the link:");
    } else {
        complain("Open this link in Feishu:");
    }
    complain(&offer.link);
    let user_code = &offer.user_code;
    complain(&format!(
        "The page shows the code {user_code}. The link holds for {minutes} minutes."
    ));
}

/// Draws a link for a phone to read, two rows in a line; none if it is too long for a code.
fn drawn(link: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(link, qrcode::EcLevel::L).ok()?;
    // Terminals are dark as a rule: light modules are drawn.
    let mut drawn = code.render::<Dense1x2>();
    Some(drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn refusal(failure: &Failure) -> Refusal {
    let (what, next) = match failure {
        Failure::Denied => ("nothing was saved: whoever followed the link said no", AGAIN),
        Failure::Expired => ("nothing was saved: nobody followed the link in time", AGAIN),
        Failure::Refused(why) => return Refusal::new(format!("nothing was saved: {why}"), BY_HAND),
        Failure::Unreachable(_) => {
            let next = "look at the network and POCO_FEISHU_API_BASE_URL, then try again";
            return Refusal::new(format!("nothing was saved: {failure}"), next);
        }
    };
    Refusal::new(what, next)
}

const AGAIN: &str = "poco config --qr shows a new code";
const BY_HAND: &str = "make the app in the developer console, then poco config";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_drawn_so_that_a_phone_can_read_it() {
        let link = format!("https://open.feishu.cn/page/launcher?addons={}", "a".repeat(400));
        let drawn = drawn(&link).unwrap();
        let lines: Vec<_> = drawn.lines().collect();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert!(lines.len() * 2 >= width && width < 120, "{width} wide");
        let blocks = |c: char| " \u{2580}\u{2584}\u{2588}".contains(c);
        assert!(drawn.chars().all(|c| c == '\n' || blocks(c)));
        assert!(super::drawn(&"a".repeat(5_000)).is_none(), "the link alone must do");
    }
}
