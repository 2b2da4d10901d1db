//! One process, told from any other that had or will have its number.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The longest a process may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(5);

/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::agent) struct Process {
    pid: i32,
    /// When it was started, and in which run of the machine.
    since: String,
}

impl Process {
    /// Names the live process that has this number now.
    pub(in crate::agent) fn of(pid: i32) -> Option<Self> {
        since(pid).map(|since| Self { pid, since })
    }

    pub(in crate::agent) fn pid(&self) -> i32 {
        self.pid
    }

    pub(in crate::agent) fn is_alive(&self) -> bool {
        since(self.pid).as_ref() == Some(&self.since)
    }

    /// Ends it and its group: asks first, then makes it.
    pub(in crate::agent) async fn end(&self) {
        if !self.is_alive() {
            return;
        }
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        let _ = kill_process(pid, Signal::TERM);
        if self.gone_within(END_MAX).await || !self.is_alive() {
            return;
        }
        let _ = kill_process_group(pid, Signal::KILL).or_else(|_| kill_process(pid, Signal::KILL));
        self.gone_within(END_MAX).await;
    }

    /// Waits until it is gone; `false` if it is still there after `limit`.
    pub(in crate::agent) async fn gone_within(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }
}

#[cfg(target_os = "linux")]
fn since(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; behind it the state is the first word.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(words.next()?, "Z" | "X") {
        return None;
    }
    let ticks = words.nth(18)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{}:{ticks}", boot.trim()))
}

#[cfg(not(target_os = "linux"))]
fn since(pid: i32) -> Option<String> {
    let pid = pid.to_string();
    let ps = std::process::Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid]).output();
    let line = String::from_utf8(ps.ok()?.stdout).ok()?;
    let (state, since) = line.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| since.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_very_process_is_ended() {
        let mut child = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        let process = Process::of(pid).unwrap();
        let stranger = Process { pid, since: "another".to_owned() };
        assert!(process.is_alive() && !stranger.is_alive());
        stranger.end().await;
        assert!(process.is_alive());
        process.end().await;
        assert!(!process.is_alive());
        child.wait().await.unwrap();
    }
}
