//! Documents and jobs in one SQLite file, owned by one process.

mod file;
mod worker;

pub(super) use file::APPLICATION;

use crate::port::{Document, KEYS_MAX, PutError, Store};
use crate::queue::Line;
use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use worker::{Failure, Worker};

pub(crate) use rusqlite::Connection;

/// A file of documents and jobs. What a call says it has written survives the loss of power.
pub struct Sqlite {
    pub(crate) writer: Worker,
    reader: Worker,
    /// The jobs of the file, in memory: this process is the only one that receives them.
    pub(crate) line: Arc<Line>,
}

impl Sqlite {
    /// Opens a file, and makes it if there is none. Jobs that were under way when it was last in
    /// use are delivered again.
    pub fn open(path: &Path) -> anyhow::Result<Arc<Self>> {
        Self::open_with(path, Line::default())
    }

    /// Like [`Sqlite::open`]; a job that was received and not heard of again is delivered anew
    /// after `lease`.
    pub fn with_lease(path: &Path, lease: Duration) -> anyhow::Result<Arc<Self>> {
        Self::open_with(path, Line::new(lease))
    }

    fn open_with(path: &Path, line: Line) -> anyhow::Result<Arc<Self>> {
        let (writer, reader, line) = (file::open(path)?, file::open(path)?, Arc::new(line));
        crate::queue::load(&writer, &line)?;
        let (writer, reader) = (Worker::writing(writer)?, Worker::reading(reader)?);
        Ok(Arc::new(Self { writer, reader, line }))
    }

    /// Forgets documents whose keys lie between a prefix and the prefix followed by `before`. Keys
    /// of tasks and pages begin with the time, so that this is by age.
    pub fn forget(&self, prefix: &str, before: &str) {
        let (from, to) = (prefix.to_owned(), format!("{prefix}{before}"));
        self.writer.run_later(move |file| {
            let gone = file
                .prepare_cached("DELETE FROM document WHERE key >= ?1 AND key < ?2")?
                .execute([from, to])?;
            if gone > 0 {
                tracing::info!(gone, "old documents were forgotten");
            }
            Ok(())
        });
    }

    /// Lists a page of keys; `range` names its bound `?1`.
    async fn list(&self, range: &'static str, bound: String) -> Result<Vec<String>, Failure> {
        let keys = self.reader.run(move |file| {
            file.prepare_cached(&format!("SELECT key FROM document {range} LIMIT {KEYS_MAX}"))?
                .query_map([bound], |row| row.get(0))?
                .collect()
        });
        keys.await
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        let key = key.to_owned();
        let document = self.reader.run(move |file| {
            file.prepare_cached("SELECT version, body, due FROM document WHERE key = ?1")?
                .query_row([key], |row| {
                    Ok(Document { version: row.get(0)?, body: row.get(1)?, due: row.get(2)? })
                })
                .optional()
        });
        Ok(document.await?)
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        let (key, document) = (key.to_owned(), document.clone());
        let written = self.writer.run(move |file| put(file, &key, &document));
        match written.await.map_err(anyhow::Error::from)? {
            1 => Ok(()),
            _ => Err(PutError::Conflict),
        }
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        let keys = match after.filter(|after| *after >= prefix) {
            Some(after) => self.list("WHERE key > ?1 ORDER BY key", after.to_owned()),
            None => self.list("WHERE key >= ?1 ORDER BY key", prefix.to_owned()),
        };
        Ok(of_prefix(keys.await?, prefix))
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        let ends = [behind(prefix), before.map(str::to_owned)];
        let keys = match ends.into_iter().flatten().min() {
            Some(end) => self.list("WHERE key < ?1 ORDER BY key DESC", end),
            None => self.list("WHERE key >= ?1 ORDER BY key DESC", String::new()),
        };
        Ok(of_prefix(keys.await?, prefix))
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        let after = after.unwrap_or_default().to_owned();
        Ok(Some(self.list("WHERE due AND key > ?1 ORDER BY key", after).await?))
    }
}

/// Writes one version, and says how many documents that changed.
fn put(file: &Connection, key: &str, document: &Document) -> rusqlite::Result<usize> {
    let Document { version, body, due } = document;
    let statement = if *version == 1 {
        "INSERT INTO document (key, version, body, due) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE document SET version = ?2, body = ?3, due = ?4 \
         WHERE key = ?1 AND version = ?2 - 1"
    };
    file.prepare_cached(statement)?.execute(params![key, version, body, due])
}

/// Keys in order that have a prefix lie side by side; those behind them are not wanted.
fn of_prefix(keys: Vec<String>, prefix: &str) -> Vec<String> {
    keys.into_iter().take_while(|key| key.starts_with(prefix)).collect()
}

/// The least text behind all that start with `prefix`; `None` if there is no such text.
fn behind(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The range knows which numbers are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            return Some(chars.into_iter().chain([next]).collect());
        }
    }
    None
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}
