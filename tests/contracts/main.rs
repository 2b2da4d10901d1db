//! What every store and every queue must keep to, whatever is behind it.

#![expect(clippy::unwrap_used, reason = "a test stops where it goes wrong")]

mod audit;
#[cfg(feature = "aws")]
mod cloud;
mod file;
mod kill;
mod queue;
#[cfg(feature = "aws")]
mod secrets;
mod store;

use poco_io::port::{Queue, Store};
use poco_io::store::Sqlite;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Long enough that nobody gets a job that somebody is at.
const LEASE: Duration = Duration::from_secs(60);

/// Everything the contracts are tried on.
const BACKENDS: &[Backend] = &[
    Backend::Memory,
    Backend::Sqlite,
    #[cfg(feature = "aws")]
    Backend::Cloud,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Backend {
    Memory,
    Sqlite,
    /// DynamoDB and SQS.
    #[cfg(feature = "aws")]
    Cloud,
}

/// A backend in use, which can be closed and opened again.
struct Bench {
    backend: Backend,
    folder: TempDir,
    lease: Duration,
    store: Option<Arc<dyn Store>>,
    queue: Option<Arc<dyn Queue>>,
    #[cfg(feature = "aws")]
    cloud: Option<cloud::Place>,
}

impl Bench {
    fn new(backend: Backend, lease: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bench = Self {
            backend,
            folder,
            lease,
            store: None,
            queue: None,
            #[cfg(feature = "aws")]
            cloud: (backend == Backend::Cloud).then(cloud::Place::new),
        };
        bench.open();
        bench
    }

    fn open(&mut self) {
        let (store, queue): (Arc<dyn Store>, Arc<dyn Queue>) = match self.backend {
            Backend::Memory => (
                Arc::new(poco_io::store::Memory::default()),
                Arc::new(poco_io::queue::Memory::with_lease(self.lease)),
            ),
            Backend::Sqlite => {
                let file = Sqlite::with_lease(&self.path(), self.lease).expect("a database");
                (file.clone(), file)
            }
            #[cfg(feature = "aws")]
            Backend::Cloud => self.cloud.as_ref().expect("it is there").open(self.lease),
        };
        (self.store, self.queue) = (Some(store), Some(queue));
    }

    /// Closes it and opens it again, if it outlives that.
    fn reopen(&mut self) {
        if self.backend != Backend::Memory {
            (self.store, self.queue) = (None, None);
            self.open();
        }
    }

    fn path(&self) -> PathBuf {
        Path::new(self.folder.path()).join("poco.db")
    }

    fn store(&self) -> Arc<dyn Store> {
        self.store.clone().expect("it is open")
    }

    fn queue(&self) -> Arc<dyn Queue> {
        self.queue.clone().expect("it is open")
    }
}
