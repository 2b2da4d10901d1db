//! Documents that are gone when the process is.

use crate::port::{Document, KEYS_MAX, PutError, Store};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A shelf in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Document>>);

impl Memory {
    fn shelf(&self) -> MutexGuard<'_, BTreeMap<String, Document>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        Ok(self.shelf().get(key).cloned())
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        let mut shelf = self.shelf();
        let stored = shelf.get(key).map_or(0, |stored| stored.version);
        if stored + 1 != document.version {
            return Err(PutError::Conflict);
        }
        shelf.insert(key.to_owned(), document.clone());
        Ok(())
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let shelf = self.shelf();
        let keys = shelf.range::<str, _>((start, Bound::Unbounded)).map(|(key, _)| key);
        Ok(keys.take_while(|key| key.starts_with(prefix)).take(KEYS_MAX).cloned().collect())
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        let shelf = self.shelf();
        let keys = shelf.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let keys = keys.map(|(key, _)| key).take_while(|key| key.starts_with(prefix));
        let keys: Vec<_> = keys.filter(|key| before.is_none_or(|it| key.as_str() < it)).collect();
        Ok(keys.into_iter().rev().take(KEYS_MAX).cloned().collect())
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let shelf = self.shelf();
        let due = shelf.range::<str, _>((start, Bound::Unbounded)).filter(|(_, it)| it.due);
        Ok(Some(due.map(|(key, _)| key).take(KEYS_MAX).cloned().collect()))
    }
}
