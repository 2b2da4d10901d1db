//! The projects: each is told to the chat it lives in, and listed for the owner.

use super::{Item, Outcome};
use crate::folder::Roots;
use poco_core::setup::PRESETS_MAX;
use poco_core::{
    ChatId, Event, EventId, Fact, Kind, Lang, Listing, NAME_CHARS_MAX, PROJECTS_MAX, Settings,
    Terms, ThreadId, UserId,
};
use poco_io::app::App;
use poco_io::config::Config;
use poco_io::store::python::PastProject;
use std::collections::BTreeSet;

/// The values of a sandbox and of an approval policy that mean the same here.
const SANDBOXES: [&str; 3] = ["read-only", "workspace-write", "danger-full-access"];
const POLICIES: [&str; 3] = ["untrusted", "on-request", "never"];

/// What lets an agent do things without asking, by the agents' own words.
const LAX: [&str; 5] = ["danger-full-access", "never", "bypassPermissions", "yolo", "force"];

/// The longest name of an agent's conversation, in characters.
const SESSION_CHARS_MAX: usize = 200;

/// A project that can be taken over.
struct Taking<'a> {
    past: &'a PastProject,
    listing: Listing,
    settings: Settings,
    presets: Vec<String>,
    notes: Vec<String>,
}

/// Takes over the projects, or says what would come of it.
pub(super) async fn take(
    app: &App,
    config: &Config,
    past: &[PastProject],
    apply: bool,
) -> anyhow::Result<Vec<Item>> {
    let terms = app.terms().await?;
    let roots = Roots::new(config.workdir_roots.clone());
    let lobby = app.lobby().await?;
    let mut places = PROJECTS_MAX - lobby.as_ref().map_or(0, |(_, it)| it.projects.len());
    let (mut items, mut taken, mut chats) = (vec![], vec![], BTreeSet::new());
    for past in past {
        let weighed = match weigh(config, &terms, &roots, past) {
            Ok(taking) if !chats.insert(taking.listing.chat.clone()) => {
                Err(vec!["another project lives in the same group".to_owned()])
            }
            Ok(_) if places == 0 => {
                Err(vec![format!("there is room for {PROJECTS_MAX} projects, and no more")])
            }
            weighed => weighed,
        };
        let name = name(past);
        let taking = match weighed {
            Ok(taking) => taking,
            Err(why) => {
                items.push(Item::new(name, Outcome::NotTaken, why));
                continue;
            }
        };
        let (outcome, notes) = match app.room(&taking.listing.chat).await?.kind {
            Kind::Fresh => (Outcome::Taken, taking.notes.clone()),
            Kind::Project(_) => (Outcome::Kept, vec![]),
            Kind::Gone => (Outcome::NotTaken, vec!["it was deleted here".to_owned()]),
            Kind::Lobby(_) | Kind::House(_) => {
                (Outcome::NotTaken, vec!["its chat is not a group".to_owned()])
            }
        };
        if outcome != Outcome::NotTaken {
            places = places.saturating_sub(1);
            taken.push(taking);
        }
        items.push(Item::new(name, outcome, notes));
    }
    if apply {
        // Those there already are listed too, if an import before this one was cut off.
        write(app, &terms, lobby.map(|(chat, _)| chat), &taken, config).await?;
    }
    Ok(items)
}

/// Tells each chat of its project, and then whoever lists them. Told again, nothing changes.
async fn write(
    app: &App,
    terms: &Terms,
    lobby: Option<ChatId>,
    taken: &[Taking<'_>],
    config: &Config,
) -> anyhow::Result<()> {
    let lang = Some(config.lang);
    let event = |id: String, chat: ChatId, fact| Event {
        id: EventId::new(id),
        chat,
        at: (app.clock)(),
        lang,
        fact,
    };
    for Taking { past, listing, settings, presets, .. } in taken {
        let fact = Fact::TakenOver {
            name: listing.name.clone(),
            by: UserId::new(&past.created_by),
            settings: settings.clone(),
            thread: session(past).map(ThreadId::new),
            presets: presets.clone(),
        };
        app.take_in(event(format!("taken-over-{}", past.id), listing.chat.clone(), fact)).await?;
    }
    if taken.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = taken.iter().map(|taking| taking.listing.chat.as_str()).collect();
    let id = format!("adopted-{:016x}", poco_core::hash(&names.join(" ")));
    let projects = taken.iter().map(|taking| taking.listing.clone()).collect();
    let lister = lobby.unwrap_or_else(|| terms.house.clone());
    app.take_in(event(id, lister, Fact::Adopted { projects })).await?;
    Ok(())
}

/// Says whether a project can go on here, and what of it can't; or why not.
fn weigh<'a>(
    config: &Config,
    terms: &Terms,
    roots: &Roots,
    past: &'a PastProject,
) -> Result<Taking<'a>, Vec<String>> {
    let mut wrong = vec![];
    if past.platform != "feishu" {
        wrong.push(format!("it is on {}, where this PoCo is not", past.platform));
    }
    if past.archived {
        wrong.push("it is archived".to_owned());
    }
    if past.chat.is_none() {
        wrong.push("it has no group".to_owned());
    }
    if !terms.agents.contains(&past.backend) {
        let known = terms.agents.join(", ");
        wrong.push(format!("its agent {} is not here; there is: {known}", past.backend));
    }
    let mut notes = vec![];
    let workdir = match &past.workdir {
        Some(named) => roots.look(named).unwrap_or_else(|why| {
            wrong.push(why.of(Lang::En).to_owned());
            String::new()
        }),
        None => {
            notes.push(format!("no folder was set; it works in {}", terms.settings.workdir));
            terms.settings.workdir.clone()
        }
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let settings = settings(config, terms, past, workdir.clone(), &mut notes);
    if past.session.is_some() && session(past).is_none() {
        notes.push("its conversation has an odd name; the next prompt starts a new one".to_owned());
    }
    if past.unfinished > 0 {
        notes.push(format!("prompts that were not over: {}; send them again", past.unfinished));
    }
    let presets = presets(roots, past, &mut notes);
    let listing = Listing {
        chat: ChatId::new(past.chat.clone().unwrap_or_default()),
        name: name(past),
        agent: settings.agent.clone(),
        workdir,
        leaving: false,
        archived: false,
    };
    Ok(Taking { past, listing, settings, presets, notes })
}

/// Takes over the folders that were kept to choose from, as far as there may be worked in them.
fn presets(roots: &Roots, past: &PastProject, notes: &mut Vec<String>) -> Vec<String> {
    let mut presets: Vec<String> = vec![];
    for named in &past.presets {
        match roots.look(named) {
            Ok(path) if presets.contains(&path) => {}
            Ok(path) if presets.len() < PRESETS_MAX => presets.push(path),
            Ok(_) => notes.push(format!(
                "folder preset {named} did not come along: there is room for {PRESETS_MAX}"
            )),
            Err(why) => notes
                .push(format!("folder preset {named} did not come along: {}", why.of(Lang::En))),
        }
    }
    presets
}

/// What an agent may do without asking is not taken over unless this machine's own settings say it:
/// people would have approvals switched off without a word.
fn is_lax(config: &Config, backend: &str, name: &str, value: &str) -> bool {
    let own = &config.agents;
    let said = match (backend, name) {
        ("codex", "sandbox") => own.codex.sandbox.as_str(),
        ("codex", "approval_policy") => own.codex.approval_policy.as_str(),
        ("claude_code", "permission_mode") => own.claude.permission_mode.as_str(),
        _ => "",
    };
    LAX.contains(&value) && said != value
}

/// Takes over the agent's settings that mean the same here; others are as usual.
fn settings(
    config: &Config,
    terms: &Terms,
    past: &PastProject,
    workdir: String,
    notes: &mut Vec<String>,
) -> Settings {
    let mut settings = Settings { agent: past.backend.clone(), workdir, ..terms.settings.clone() };
    if past.backend != terms.settings.agent {
        (settings.model, settings.effort, settings.mode) = (None, None, None);
    }
    for (name, value) in &past.config {
        match name.as_str() {
            _ if is_lax(config, &past.backend, name, value) => {
                if name == "permission_mode" {
                    settings.mode = Some("default".to_owned());
                }
                notes.push(format!(
                    "{name} {value} did not come along: it would let the agent do things without \
                     asking, and this machine's settings do not say so; it asks now"
                ));
            }
            "model" => settings.model = Some(value.clone()),
            "reasoning_effort" => settings.effort = Some(value.clone()),
            "sandbox" if SANDBOXES.contains(&value.as_str()) => settings.sandbox.clone_from(value),
            "approval_policy" if POLICIES.contains(&value.as_str()) => {
                settings.approval_policy.clone_from(value);
            }
            _ if value == "default" => {}
            "permission_mode" if past.backend == "claude_code" => {
                settings.mode = Some(value.clone());
            }
            "mode" if past.backend == "cursor_agent" => settings.mode = Some(value.clone()),
            _ => notes.push(format!("{name} did not come along: {value}")),
        }
    }
    settings
}

/// A name as ours are: of one line, and not too long.
fn name(past: &PastProject) -> String {
    let plain: String = past.name.chars().filter(|c| !c.is_control()).collect();
    let short: String = plain.trim().chars().take(NAME_CHARS_MAX).collect();
    if short.is_empty() { past.id.clone() } else { short }
}

fn session(past: &PastProject) -> Option<&str> {
    let is_word = |text: &&str| {
        text.chars().count() <= SESSION_CHARS_MAX && text.chars().all(|c| c.is_ascii_graphic())
    };
    past.session.as_deref().filter(is_word)
}
