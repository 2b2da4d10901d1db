//! Which of the old settings are taken over: what means the same here, and is not set yet.

use super::{Item, OWNER, Outcome};
use crate::cmd::Refusal;
use poco_io::config::{Config, Given, KEYS, Kind, SettingsFile, Source, key};
use std::path::{Path, PathBuf};

/// Settings of the old PoCo that are about its own files.
const ITS_OWN: [&str; 3] = ["POCO_CONFIG_PATH", "POCO_STATE_BACKEND", "POCO_STATE_DB_PATH"];

/// Settings with which agents ask nobody.
const LAX: [(&str, &str); 4] = [
    ("POCO_CODEX_SANDBOX", "danger-full-access"),
    ("POCO_CODEX_APPROVAL_POLICY", "never"),
    ("POCO_CLAUDE_PERMISSION_MODE", "bypassPermissions"),
    ("POCO_COCO_APPROVAL_MODE", "yolo"),
];

/// Weighs each setting. Those to take over are also put into `given`, so that they are judged.
pub(super) fn weigh(
    given: &mut Given,
    old: &SettingsFile,
) -> (Vec<(&'static str, String)>, Vec<Item>) {
    let (mut changes, mut items) = (vec![], vec![]);
    for key in KEYS.iter().filter(|key| !ITS_OWN.contains(&key.name)) {
        let Some(value) = old.get(key).filter(|value| !value.trim().is_empty()) else { continue };
        let mut item = |outcome, notes| items.push(Item::new(key.name, outcome, notes));
        if key.kind == Kind::Unused {
            item(Outcome::NotTaken, vec!["this version does not use it".to_owned()]);
            continue;
        }
        let (here, source) = given.value(key);
        if source != Source::Default {
            let same = here == value.trim();
            let note = format!("another value is set here, and stays ({})", source.as_str());
            item(Outcome::Kept, if same { vec![] } else { vec![note] });
            continue;
        }
        let mut tried = given.clone();
        tried.set_flag(key.name, value.clone());
        match tried.judge() {
            Ok(_) => {
                *given = tried;
                let lax = LAX.contains(&(key.name, value.trim()));
                let note = format!("mind: {value} lets the agent do things without asking");
                item(Outcome::Taken, if lax { vec![note] } else { vec![] });
                changes.push((key.name, value));
            }
            // A secret's own value must not be told.
            Err(_) if key.secret => item(Outcome::NotTaken, vec!["it is not usable".to_owned()]),
            Err(mistakes) => {
                item(Outcome::NotTaken, mistakes.0.iter().map(ToString::to_string).collect());
            }
        }
    }
    (changes, items)
}

/// Takes in who is named as the owner; returns what is to be written down.
pub(super) fn owner(
    given: &mut Given,
    named: Option<&str>,
    config: &Config,
) -> Result<Option<String>, Refusal> {
    let Some(named) = named else { return Ok(None) };
    match &config.owner {
        Some(owner) if owner.as_str() == named => return Ok(None),
        Some(owner) => {
            let what = format!("this PoCo has an owner already: {owner}");
            return Err(Refusal::new(what, "poco config --owner changes who that is"));
        }
        None => {}
    }
    given.set_flag(key(OWNER).expect("the table has it").name, named.to_owned());
    given.judge()?;
    Ok(Some(named.to_owned()))
}

/// Whether somebody is named as Feishu names people.
pub(super) fn is_open_id(text: &str) -> bool {
    text.strip_prefix("ou_").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Reads a path as whoever set it meant it.
pub(super) fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}
