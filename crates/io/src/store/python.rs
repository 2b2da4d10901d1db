//! Reads what the Python PoCo (0.4.0, 0.5.0) kept in its database, and writes nothing to it.

use anyhow::{Context, bail};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The most projects that are read; nobody has as many.
const PROJECTS_MAX: usize = 1_000;

/// A project as it was left. An empty text counts as none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastProject {
    pub id: String,
    pub name: String,
    /// Who made it: an open id, or `anonymous`.
    pub created_by: String,
    /// `feishu` or `slack`.
    pub platform: String,
    /// `codex`, `claude_code`, `cursor_agent`, `coco`.
    pub backend: String,
    /// The agent's settings, by name.
    pub config: BTreeMap<String, String>,
    /// The chat it lives in.
    pub chat: Option<String>,
    /// Where it last worked: what was chosen, else the project's own.
    pub workdir: Option<String>,
    pub presets: Vec<String>,
    pub archived: bool,
    /// The agent's memory of it, if that is to go on.
    pub session: Option<String>,
    /// Prompts that were not over.
    pub unfinished: usize,
}

/// Whether a file is the database of this PoCo, rather than of the one before.
pub fn is_ours(path: &Path) -> anyhow::Result<bool> {
    let file = open(path)?;
    let id = file.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0));
    let id = id.with_context(|| format!("read {}", path.display()))?;
    Ok(id == super::sqlite::APPLICATION)
}

/// Reads the projects, oldest first. A file of another shape is refused with what it lacks.
pub fn read(path: &Path) -> anyhow::Result<Vec<PastProject>> {
    let file = open(path)?;
    let tables = Tables::of(&file).with_context(|| format!("read {}", path.display()))?;
    let lacks = tables.lacks();
    if !lacks.is_empty() {
        bail!(
            "read {}: it is not a database of the Python PoCo 0.4.0 or 0.5.0, for it lacks {}",
            path.display(),
            lacks.join(", "),
        );
    }
    projects(&file, &tables).with_context(|| format!("read the projects of {}", path.display()))
}

fn open(path: &Path) -> anyhow::Result<Connection> {
    let journal = path.with_file_name(format!(
        "{}-journal",
        path.file_name().unwrap_or_default().to_string_lossy()
    ));
    if std::fs::metadata(&journal).is_ok_and(|file| file.len() > 0) {
        bail!(
            "read {}: the Python PoCo is using it, or was cut off in writing it. Start and shut \
             down the Python PoCo once, then try again",
            path.display(),
        );
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).with_context(|| format!("open {}", path.display()))
}

/// The columns there are, by table.
struct Tables(BTreeMap<&'static str, BTreeSet<String>>);

/// What no project can be read without.
const NEEDED: [(&str, &[&str]); 1] = [("projects", &["id", "name", "backend", "group_chat_id"])];

impl Tables {
    fn of(file: &Connection) -> rusqlite::Result<Self> {
        let columns = |table: &'static str| {
            let mut rows = file.prepare("SELECT name FROM pragma_table_info(?1)")?;
            let names = rows.query_map([table], |row| row.get(0))?;
            Ok((table, names.collect::<rusqlite::Result<BTreeSet<String>>>()?))
        };
        let tables = ["projects", "sessions", "workspace_contexts", "tasks"].map(columns);
        Ok(Self(tables.into_iter().collect::<rusqlite::Result<_>>()?))
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.0.get(table).is_some_and(|columns| columns.contains(column))
    }

    fn have(&self, table: &str, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.has(table, column))
    }

    fn lacks(&self) -> Vec<String> {
        let needed = NEEDED.iter().flat_map(|(table, columns)| {
            columns.iter().filter(|column| !self.has(table, column)).map(move |column| {
                if self.has(table, "id") {
                    format!("the column {table}.{column}")
                } else {
                    format!("the table {table}")
                }
            })
        });
        needed.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn projects(file: &Connection, tables: &Tables) -> anyhow::Result<Vec<PastProject>> {
    // A version before 0.5.0 lacks some columns; those read as nothing.
    let column = |name: &str| match tables.has("projects", name) {
        true => format!("CAST({name} AS TEXT)"),
        false => "NULL".to_owned(),
    };
    let names = [
        "id",
        "name",
        "created_by",
        "platform",
        "backend",
        "backend_config",
        "model",
        "sandbox",
        "group_chat_id",
        "workdir",
        "workdir_presets",
        "archived",
    ];
    let order = if tables.has("projects", "created_at") { "created_at, id" } else { "id" };
    let columns = names.map(column).join(", ");
    let query = format!("SELECT {columns} FROM projects ORDER BY {order} LIMIT {PROJECTS_MAX}");
    let mut rows = file.prepare(&query)?;
    let mut rows = rows.query([])?;
    let mut projects = vec![];
    while let Some(row) = rows.next()? {
        let text = |at: usize| Ok::<_, rusqlite::Error>(some(row.get::<_, Option<String>>(at)?));
        let mut config = config(&text(5)?.unwrap_or_default());
        for (name, value) in [("model", text(6)?), ("sandbox", text(7)?)] {
            config.extend(value.map(|value| (name.to_owned(), value)));
        }
        let id = text(0)?.unwrap_or_default();
        let chosen = one(file, tables, &WORKDIR, &id)?;
        projects.push(PastProject {
            name: text(1)?.unwrap_or_default(),
            created_by: text(2)?.unwrap_or_default(),
            platform: text(3)?.unwrap_or_else(|| "feishu".to_owned()),
            backend: text(4)?.unwrap_or_default(),
            config,
            chat: text(8)?,
            workdir: chosen.or(text(9)?),
            presets: presets(&text(10)?.unwrap_or_default()),
            archived: text(11)?.is_some_and(|flag| flag != "0"),
            session: one(file, tables, &SESSION, &id)?,
            unfinished: unfinished(file, tables, &id)?,
            id,
        });
    }
    Ok(projects)
}

/// A value of a table that has one row, or several by age, for each project.
struct Lookup {
    table: &'static str,
    column: &'static str,
    order: &'static str,
}

const WORKDIR: Lookup =
    Lookup { table: "workspace_contexts", column: "active_workdir", order: "updated_at" };

/// Only the latest counts: one without a value means that the conversation starts anew.
const SESSION: Lookup =
    Lookup { table: "sessions", column: "backend_session_id", order: "updated_at" };

fn one(
    file: &Connection,
    tables: &Tables,
    lookup: &Lookup,
    project: &str,
) -> anyhow::Result<Option<String>> {
    let Lookup { table, column, order } = lookup;
    if !tables.have(table, &["project_id", column, order]) {
        return Ok(None);
    }
    let query =
        format!("SELECT {column} FROM {table} WHERE project_id = ?1 ORDER BY {order} DESC LIMIT 1");
    let mut rows = file.prepare_cached(&query)?;
    let mut found = rows.query([project])?;
    let found = found.next()?.map(|row| row.get::<_, Option<String>>(0)).transpose()?;
    Ok(found.and_then(some))
}

fn unfinished(file: &Connection, tables: &Tables, project: &str) -> anyhow::Result<usize> {
    if !tables.have("tasks", &["project_id", "status"]) {
        return Ok(0);
    }
    let query = "SELECT COUNT(*) FROM tasks WHERE project_id = ?1 AND status IN \
                 ('created', 'queued', 'running', 'waiting_for_confirmation')";
    Ok(file.prepare_cached(query)?.query_row([project], |row| row.get(0))?)
}

fn some(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Reads the agent's settings; a value that is no plain one is left out.
fn config(text: &str) -> BTreeMap<String, String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return BTreeMap::new() };
    let plain = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    fields.into_iter().filter_map(plain).filter(|(_, value)| !value.is_empty()).collect()
}

fn presets(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}
