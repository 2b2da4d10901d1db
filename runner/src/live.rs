//! What agents are writing at this moment, for those who ask over HTTP. Never stored.

use poco_core::TaskId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The newest text of each task at work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live(Arc<Mutex<BTreeMap<TaskId, String>>>);

impl Live {
    /// Returns what a task has written lately.
    pub(crate) fn get(&self, task: &TaskId) -> Option<String> {
        self.lock().get(task).cloned()
    }

    pub(crate) fn put(&self, task: &TaskId, text: String) {
        self.lock().insert(task.clone(), text);
    }

    pub(crate) fn forget(&self, task: &TaskId) {
        self.lock().remove(task);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TaskId, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
