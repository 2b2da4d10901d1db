//! A thread with a connection of its own: the file is slow, and tasks must not wait in turn for it.

use rusqlite::Connection;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// The most pieces of work that are committed together.
const GROUP_MAX: usize = 256;

/// Why the file did not take or give something.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the database failed: {0}")]
    Sqlite(Arc<rusqlite::Error>),
    #[error("the database is closed")]
    Closed,
}

/// One piece of work; it returns what is to be done once it is known whether it was committed.
type Work = Box<dyn FnOnce(Result<&Connection, Failure>) -> Then + Send>;
type Then = Box<dyn FnOnce(Result<(), Failure>)>;

pub(crate) struct Worker {
    works: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread that writes. What comes in while the disk is busy is committed together.
    pub(super) fn writing(file: Connection) -> anyhow::Result<Self> {
        Self::spawn("poco-writer", move |works| {
            while let Ok(first) = works.recv() {
                let group = std::iter::once(first).chain(works.try_iter().take(GROUP_MAX));
                commit_together(&file, group);
            }
        })
    }

    /// Starts a thread that reads: each read sees all that was committed before it.
    pub(super) fn reading(file: Connection) -> anyhow::Result<Self> {
        Self::spawn("poco-reader", move |works| {
            while let Ok(work) = works.recv() {
                work(Ok(&file))(Ok(()));
            }
        })
    }

    fn spawn(
        name: &str,
        run: impl FnOnce(mpsc::Receiver<Work>) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (works, received) = mpsc::channel();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || run(received))?;
        Ok(Self { works: Some(works), thread: Some(thread) })
    }

    /// Does work on the thread; what it returns is given back once it is committed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run_then(work, |_| {}).await
    }

    /// Like [`Worker::run`]; `then` is called on the thread, in the order of the commits, even if
    /// nobody waits any more.
    pub(crate) async fn run_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        self.post(Box::new(move |file| {
            let done = file.and_then(|file| work(file).map_err(Failure::from));
            Box::new(move |committed| {
                let done = committed.and(done);
                if let Ok(done) = &done {
                    then(done);
                }
                // Whoever asked may be gone.
                let _ = answer.send(done);
            })
        }));
        answered.await.unwrap_or(Err(Failure::Closed))
    }

    /// Does work that nobody waits for, and whose failure changes nothing.
    pub(crate) fn run_later(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) {
        self.post(Box::new(move |file| {
            let done = file.and_then(|file| work(file).map_err(Failure::from));
            Box::new(move |committed| {
                if let Err(failure) = committed.and(done) {
                    tracing::warn!("{failure}");
                }
            })
        }));
    }

    fn post(&self, work: Work) {
        if let Some(works) = &self.works {
            // A thread that is gone drops the work, and with it the way to answer.
            let _ = works.send(work);
        }
    }
}

/// Does several pieces of work in one transaction: one wait for the disk serves them all. A piece
/// that fails takes nothing with it, for each is one statement, or several that need not go together.
fn commit_together(file: &Connection, group: impl Iterator<Item = Work>) {
    let begun = file.execute_batch("BEGIN IMMEDIATE").map_err(Failure::from);
    let thens: Vec<_> = group.map(|work| work(begun.clone().map(|()| file))).collect();
    let committed = begun.and_then(|()| file.execute_batch("COMMIT").map_err(Failure::from));
    if committed.is_err() {
        let _ = file.execute_batch("ROLLBACK"); // Fails if there is nothing to roll back.
    }
    for then in thens {
        then(committed.clone());
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl Drop for Worker {
    /// Waits until all work is done and the file is closed.
    fn drop(&mut self) {
        drop(self.works.take());
        if let Some(thread) = self.thread.take() {
            // It was told all; a panic of it was reported when it happened.
            let _ = thread.join();
        }
    }
}
