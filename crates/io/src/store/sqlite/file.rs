//! Opens the file, and brings it to the shape this version knows.

use anyhow::{Context, bail};
use rusqlite::Connection;
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// "PoCo" in ASCII: tells our files from those of others.
pub(in crate::store) const APPLICATION: i64 = 0x506f_436f;

/// How long another connection is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// What to do to a file of each version to make it one of the next; never change a released one.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE document (key TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE job (
        number INTEGER PRIMARY KEY AUTOINCREMENT, -- is never given out twice
        id TEXT NOT NULL UNIQUE, -- stays known for a while after the job is done
        body TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        at INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX job_to_do ON job (number) WHERE NOT done;
    CREATE INDEX job_done ON job (at) WHERE done;
    PRAGMA application_id = 0x506f436f;
", "
    ALTER TABLE document ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX document_due ON document (key) WHERE due;
"];

/// Opens a file, and makes it if there is none.
pub(super) fn open(path: &Path) -> anyhow::Result<Connection> {
    make_private(path).with_context(|| format!("cannot make the file {}", path.display()))?;
    connect(path).map_err(|error| match error.downcast_ref::<rusqlite::Error>() {
        Some(reason) if is_damaged(reason) => error.context(format!(
            "the database {} is damaged or is not one of PoCo's. Put back a copy of it, or move it \
             away (with {0}-wal and {0}-shm) to begin anew",
            path.display(),
        )),
        Some(_) | None => error.context(format!("cannot open the database {}", path.display())),
    })
}

fn connect(path: &Path) -> anyhow::Result<Connection> {
    let mut file = Connection::open(path)?;
    file.busy_timeout(BUSY)?;
    check(&file)?;
    file.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL would survive a crash of the process but not the loss of power: what was acknowledged
    // to the platform, which then does not deliver it again, could be gone.
    file.pragma_update(None, "synchronous", "FULL")?;
    migrate(&mut file)?;
    Ok(file)
}

/// Refuses files that this version would harm, before anything is written to them.
fn check(file: &Connection) -> anyhow::Result<()> {
    let number = |pragma| file.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let empty: bool =
        file.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    if application != APPLICATION && !empty {
        bail!(
            "it holds the data of another program (an earlier PoCo, perhaps). Move it away, or set \
             POCO_STATE_DB_PATH to another file"
        );
    }
    let known = MIGRATIONS.len();
    if usize::try_from(version).is_ok_and(|version| version > known) {
        bail!(
            "it was written by a newer PoCo (its format is {version}, this one knows {known}). \
             Install the newer PoCo again, or move the file away to begin anew"
        );
    }
    Ok(())
}

fn migrate(file: &mut Connection) -> anyhow::Result<()> {
    let step = file.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: usize = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(version) {
        step.execute_batch(migration).context("bring it to the format of this version")?;
    }
    if version < MIGRATIONS.len() {
        step.pragma_update(None, "user_version", MIGRATIONS.len())?;
    }
    Ok(step.commit()?)
}

/// Makes the file, and the folder it lies in, so that nobody else can read them.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        && !folder.exists()
    {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode();
    // SQLite gives its side files the mode of this one.
    if mode & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}
