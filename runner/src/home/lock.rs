//! A lock the kernel keeps, and whose holder it names.

use super::append_private;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, fcntl_getlk};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held as long as this value lives, and not longer than the process.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Nobody,
    Process(u32),
    /// A process that can't be seen from here.
    Elsewhere,
}

/// Locks this process holds. A process that closes any handle of a file loses its lock on it, so
/// a file that is locked here is not opened a second time.
static HELD: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

impl Lock {
    /// Takes a lock, or says who has it.
    pub fn take(path: &Path) -> io::Result<Result<Self, Holder>> {
        let mut held = held();
        if held.iter().any(|locked| locked == path) {
            return Ok(Err(Holder::Process(std::process::id())));
        }
        let file = append_private(path)?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                held.push(path.to_owned());
                Ok(Ok(Self { path: path.to_owned(), _file: file }))
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => Ok(Err(holder(&file)?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Says who holds a lock, without touching it.
    pub fn holder(path: &Path) -> io::Result<Holder> {
        if held().iter().any(|locked| locked == path) {
            return Ok(Holder::Process(std::process::id()));
        }
        // Asking about a lock for writing needs no right to write.
        match File::open(path) {
            Ok(file) => holder(&file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Holder::Nobody),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        held().retain(|locked| *locked != self.path);
    }
}

fn holder(file: &File) -> io::Result<Holder> {
    Ok(match fcntl_getlk(file, &Flock::from(FlockType::WriteLock))? {
        None => Holder::Nobody,
        Some(Flock { pid: Some(pid), .. }) => Holder::Process(pid.as_raw_pid().unsigned_abs()),
        Some(Flock { pid: None, .. }) => Holder::Elsewhere,
    })
}

fn held() -> MutexGuard<'static, Vec<PathBuf>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
