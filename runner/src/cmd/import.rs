//! `poco import`: takes over the settings and projects of the Python PoCo.

mod projects;
mod settings;

use super::Refusal;
use crate::agent;
use crate::home::{Home, Running, write_private};
use crate::out::Out;
use anyhow::Context;
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::config::{Backend, Config, Given, SettingsFile, key};
use poco_io::store::python::{self, PastProject};
use poco_io::{clock, open, queue, store};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  poco import ~/.poco/poco.config.json               say what would be taken over
  poco import ~/.poco/poco.config.json --apply       take it over
  poco import old/poco.config.json old/poco.db --apply --owner ou_5ad573a6411d72b8305fda3a9c15c70e

Shut the Python PoCo down first. Nothing here is overwritten, and what was taken over before is left
alone: run it as often as you like. If the old database lies where ours is to be, it is kept beside
it as poco-python.db. Each group shows its workspace card at the next start.";

const OWNER: &str = "POCO_OWNER_OPEN_ID";

/// What the old database is called once ours is in its place.
const KEPT_AS: &str = "poco-python.db";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Settings file of the Python PoCo
    config: PathBuf,
    /// Its database [default: what the settings say, else poco.db beside them]
    db: Option<PathBuf>,
    /// Do it, instead of saying what would be done
    #[arg(long, conflicts_with = "dry_run")]
    apply: bool,
    /// Say what would be done, and change nothing (as without --apply)
    #[arg(long)]
    dry_run: bool,
    /// Open id of the owner, one of those who made the projects
    #[arg(long, value_name = "OPEN_ID")]
    owner: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// One thing that was there to be taken over.
#[derive(Debug, Serialize)]
struct Item {
    name: String,
    outcome: Outcome,
    /// Why it was not taken, or what did not come with it.
    notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Taken,
    /// It is there already, the same or another.
    Kept,
    NotTaken,
}

impl Item {
    fn new(name: impl Into<String>, outcome: Outcome, notes: Vec<String>) -> Self {
        Self { name: name.into(), outcome, notes }
    }
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let mut given = super::given();
    let config = super::judge(&given)?;
    if config.state.backend == Backend::Memory {
        let next = "set POCO_STATE_BACKEND to sqlite or dynamodb, then try again";
        return Err(Refusal::new("this PoCo keeps nothing: its state is in memory", next).into());
    }
    let old = old_settings(&args.config)?;
    let home = Home::new(&config.home);
    // Nobody else may write while we do; a look needs no lock.
    let _locks = if args.apply { lock(&home, &config).await? } else { vec![] };
    let found = find_database(&args, &old, &config)?;
    let past = match &found {
        Some(path) => python::read(path)?,
        None => vec![],
    };
    let (changes, mut settings) = settings::weigh(&mut given, &old);
    let owner = settings::owner(&mut given, args.owner.as_deref(), &config)?;
    let config = super::judge(&given)?;
    if args.apply
        && let Some(path) = &found
        && *path == config.state.db_path
    {
        std::fs::rename(path, kept_as(path)).context("move the old database aside")?;
    }
    let app = app(&config, args.apply).await?;
    let projects = projects::take(&app, &config, &past, args.apply).await?;
    if args.apply {
        save(&given, &changes, owner.as_deref())?;
    }
    settings.sort_by(|one, other| one.name.cmp(&other.name));
    let told = Told {
        applied: args.apply,
        database: found,
        settings,
        projects,
        owner: config.owner.clone().map(|owner| owner.to_string()),
        makers: makers(&past),
    };
    told.print(out, &args)?;
    Ok(0)
}

/// Refuses while a PoCo runs here, then keeps others from starting.
async fn lock(home: &Home, config: &Config) -> anyhow::Result<Vec<crate::home::Lock>> {
    home.prepare()?;
    match home.running()? {
        Running::Nobody => super::server::lock(home, config).await,
        Running::Instance(_) | Running::Starting { .. } => {
            Err(Refusal::new("PoCo runs here", "poco shutdown, then import again").into())
        }
        Running::Elsewhere => Err(super::elsewhere(home).into()),
    }
}

fn old_settings(path: &Path) -> anyhow::Result<SettingsFile> {
    if !path.is_file() {
        let what = format!("there is no settings file {}", path.display());
        return Err(Refusal::new(what, "name the poco.config.json of the Python PoCo").into());
    }
    SettingsFile::read(path).map_err(|mistake| Refusal::new(mistake.to_string(), "").into())
}

/// Finds the old database. It may have been moved aside by an import before this one.
fn find_database(
    args: &Args,
    old: &SettingsFile,
    config: &Config,
) -> anyhow::Result<Option<PathBuf>> {
    let said = old.get(key("POCO_STATE_DB_PATH").expect("the table has it"));
    let beside = args.config.with_file_name("poco.db");
    let path = match (&args.db, said) {
        (Some(path), _) => path.clone(),
        (None, Some(said)) => settings::expand(&said),
        (None, None) => beside,
    };
    let path = path.canonicalize().unwrap_or(path);
    if path.is_file() && !python::is_ours(&path)? {
        return Ok(Some(path));
    }
    let aside = kept_as(&path);
    if aside.is_file() {
        return Ok(Some(aside));
    }
    let ours = path.is_file() && path == config.state.db_path;
    match (&args.db, ours) {
        (Some(_), false) if !path.is_file() => {
            let what = format!("there is no database {}", path.display());
            Err(Refusal::new(what, "name the poco.db of the Python PoCo").into())
        }
        (Some(_), _) => {
            let what = format!("{} is the database of this PoCo", path.display());
            Err(Refusal::new(what, "name the poco.db of the Python PoCo").into())
        }
        (None, _) => Ok(None),
    }
}

fn kept_as(path: &Path) -> PathBuf {
    path.with_file_name(KEPT_AS)
}

/// Opens what there is of ours. A look makes no file.
async fn app(config: &Config, apply: bool) -> anyhow::Result<App> {
    let database = &config.state.db_path;
    let is_empty = config.state.backend == Backend::Sqlite
        && !(database.is_file() && python::is_ours(database)?);
    let (store, queue) = if is_empty && !apply {
        let shelves: open::Shelves =
            (Arc::new(store::Memory::default()), Arc::new(queue::Memory::default()));
        shelves
    } else {
        open::open(config).await?
    };
    let terms = config.terms(agent::open(config).names());
    Ok(App::new(store, queue, Arc::new(Chats::default()), terms, clock::now))
}

fn save(
    given: &Given,
    changes: &[(&'static str, String)],
    owner: Option<&str>,
) -> anyhow::Result<()> {
    let mut file = given.file().cloned().context("read the settings file")?;
    let owner = owner.map(|owner| (OWNER, owner.to_owned()));
    let changes: Vec<_> = changes.iter().cloned().chain(owner).collect();
    if changes.is_empty() {
        return Ok(());
    }
    for (name, value) in &changes {
        file.set(key(name).expect("the table has it"), value);
    }
    write_private(&given.file_path, &file.to_text())
}

/// Who made how many projects.
fn makers(past: &[PastProject]) -> BTreeMap<String, usize> {
    let mut makers = BTreeMap::new();
    for maker in past.iter().map(|project| &project.created_by) {
        if settings::is_open_id(maker) {
            *makers.entry(maker.clone()).or_default() += 1;
        }
    }
    makers
}

#[derive(Debug, Serialize)]
struct Told {
    applied: bool,
    database: Option<PathBuf>,
    settings: Vec<Item>,
    projects: Vec<Item>,
    /// Who owns this PoCo by its settings.
    owner: Option<String>,
    /// Who made how many of the projects.
    makers: BTreeMap<String, usize>,
}

impl Told {
    fn print(&self, out: Out, args: &Args) -> anyhow::Result<()> {
        let found = self.database.as_ref().map(|path| path.display().to_string());
        out.line(&format!("Settings of {}:", args.config.display()))?;
        self.items(out, &self.settings)?;
        match found {
            Some(path) => out.line(&format!("Projects of {path}:"))?,
            None => out.line("There is no database, so no projects were looked for.")?,
        }
        self.items(out, &self.projects)?;
        out.line("Not taken over: what past tasks said; it stays in the old database.")?;
        if self.owner.is_none() {
            out.line(
                "The owner is not taken over: poco pair makes one, or name one with --owner.",
            )?;
            for (maker, count) in &self.makers {
                out.line(&format!("  {maker} made {count}"))?;
            }
        }
        let next = self.next();
        out.line(&format!("\nNext: {next}"))?;
        let mut value = serde_json::to_value(self)?;
        value["next"] = next.into();
        Ok(out.value(&value)?)
    }

    fn items(&self, out: Out, items: &[Item]) -> std::io::Result<()> {
        if items.is_empty() {
            return out.line("  none");
        }
        for item in items {
            let word = match (item.outcome, self.applied) {
                (Outcome::Taken, true) => "taken over",
                (Outcome::Taken, false) => "would be taken over",
                (Outcome::Kept, _) => "here already",
                (Outcome::NotTaken, _) => "NOT taken",
            };
            out.line(&format!("  {word:<20} {}", item.name))?;
            item.notes.iter().try_for_each(|note| out.line(&format!("{:23}{note}", "")))?;
        }
        Ok(())
    }

    fn next(&self) -> &'static str {
        match (self.applied, &self.owner) {
            (false, _) => "run it again with --apply",
            (true, Some(_)) => "poco start",
            (true, None) => "poco start, then poco pair",
        }
    }
}
