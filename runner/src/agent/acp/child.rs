//! A process that was started for PoCo, with all that it starts: ended with PoCo, or by the next.

use super::journal::make;
use crate::agent::process::Process;
use crate::rpc::lock;
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::timeout;

/// The longest a process may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(3);

/// The longest a process that is gone may take to say how it ended.
const WORDS_MAX: Duration = Duration::from_secs(1);

pub(super) struct Child {
    child: tokio::sync::Mutex<tokio::process::Child>,
    process: Process,
    /// Names the process to the next PoCo, should this one be killed.
    label: PathBuf,
    ended: Mutex<bool>,
}

impl Child {
    /// Takes charge of a process that leads its own group.
    pub(super) fn new(child: tokio::process::Child, labels: &Path) -> anyhow::Result<Self> {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let process = pid.and_then(Process::of).context("the agent ended at once")?;
        make(labels)?;
        let label = labels.join(process.pid().to_string());
        std::fs::write(&label, serde_json::to_string(&process).context("name a process")?)
            .context("name a process")?;
        Ok(Self { child: child.into(), process, label, ended: Mutex::default() })
    }

    pub(super) fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Sees off one that has let go of its pipes, with all that it left behind, and says how it
    /// ended.
    pub(super) async fn bury(&self) -> Option<String> {
        self.process.gone_within(WORDS_MAX).await;
        self.kill();
        let status = timeout(WORDS_MAX, async { self.child.lock().await.wait().await }).await;
        status.ok()?.ok().map(|status| status.to_string())
    }

    /// Ends it and its group: asks first, then makes it.
    pub(super) async fn end(&self) {
        self.signal(Signal::TERM);
        self.process.gone_within(END_MAX).await;
        self.bury().await;
    }

    /// Makes it and its group end. Nobody has waited for it by then, so the number is still its.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
        *lock(&self.ended) = true;
        let _ = std::fs::remove_file(&self.label);
    }

    fn signal(&self, signal: Signal) {
        if !*lock(&self.ended)
            && let Some(group) = Pid::from_raw(self.process.pid())
        {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends what an earlier PoCo had started and was killed too soon to end.
pub(super) async fn end_leftovers(labels: &Path) {
    let Ok(entries) = labels.read_dir() else { return };
    for entry in entries.flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        if let Ok(process) = serde_json::from_str::<Process>(&text) {
            tracing::info!(pid = process.pid(), "what is left of an earlier agent is ended");
            process.end().await;
        }
        let _ = std::fs::remove_file(entry.path());
    }
}
