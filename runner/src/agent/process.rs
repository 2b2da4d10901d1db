//! One process, told from any other that had or will have its number.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep};

/// The longest a process may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(5);

/// What marks a process and all that it starts, with a value that no other has.
pub(in crate::agent) const MARK: &str = "STARTED_BY_POCO";

/// Makes a value for [`MARK`].
pub(in crate::agent) fn fresh_mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{next}", std::process::id(), since_epoch.as_nanos())
}

/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::agent) struct Process {
    pid: i32,
    /// When it was started, and in which run of the machine.
    since: String,
    /// The mark it was started with, empty if it is not known.
    #[serde(default)]
    mark: String,
}

impl Process {
    /// Names the live process that has this number now.
    pub(in crate::agent) fn of(pid: i32) -> Option<Self> {
        since(pid).map(|since| Self { pid, since, mark: mark(pid).unwrap_or_default() })
    }

    pub(in crate::agent) fn pid(&self) -> i32 {
        self.pid
    }

    pub(in crate::agent) fn is_alive(&self) -> bool {
        since(self.pid).as_ref() == Some(&self.since)
    }

    /// Ends it and its group: asks first, then makes it. Of a group whose leader is gone only if
    /// that is still known to be it.
    pub(in crate::agent) async fn end(&self) {
        let Some(pid) = Pid::from_raw(self.pid) else { return };
        if !self.is_alive() {
            if self.left_some() {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            return;
        }
        let _ = kill_process_group(pid, Signal::TERM).or_else(|_| kill_process(pid, Signal::TERM));
        if !self.gone_within(END_MAX).await {
            let _ = kill_process(pid, Signal::KILL);
        }
        // No other gets its number while the group has members, so if none has it the group is its.
        if since(self.pid).is_none_or(|since| since == self.since) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.gone_within(END_MAX).await;
    }

    /// Whether the group of its number has a member that was started by it.
    fn left_some(&self) -> bool {
        !self.mark.is_empty()
            && members(self.pid).into_iter().any(|it| mark(it).as_ref() == Some(&self.mark))
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

/// Reads the mark a process was started with.
#[cfg(target_os = "linux")]
fn mark(pid: i32) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    let value = |it: &[u8]| {
        let rest = it.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(rest).into_owned())
    };
    variables.find_map(value)
}

/// Elsewhere that is not to be seen.
#[cfg(not(target_os = "linux"))]
fn mark(_pid: i32) -> Option<String> {
    None
}

/// Lists the live processes of a group.
#[cfg(target_os = "linux")]
fn members(group: i32) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_member = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let words = stat.rsplit_once(')').map_or("", |(_, words)| words);
        words.split_whitespace().nth(2).and_then(|it| it.parse().ok()) == Some(group)
    };
    pids.filter(is_member).collect()
}

#[cfg(not(target_os = "linux"))]
fn members(_group: i32) -> Vec<i32> {
    vec![]
}

#[cfg(not(target_os = "linux"))]
use asked::since;

/// Where only a program tells of processes: it is asked once a second for each.
#[cfg(any(test, not(target_os = "linux")))]
mod asked {
    use crate::rpc::lock;
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    const AGAIN_AFTER: Duration = Duration::from_secs(1);

    /// What was told of live processes not long ago.
    pub(super) static KNOWN: Mutex<BTreeMap<i32, (Instant, String)>> = Mutex::new(BTreeMap::new());

    pub(super) fn since(pid: i32) -> Option<String> {
        // That it is gone is seen at once, but for one that nobody has waited for.
        let is_gone = test_kill_process(Pid::from_raw(pid)?) == Err(Errno::SRCH);
        {
            let mut known = lock(&KNOWN);
            known.retain(|_, (at, _)| at.elapsed() < AGAIN_AFTER);
            if is_gone {
                known.remove(&pid);
                return None;
            }
            if let Some((_, since)) = known.get(&pid) {
                return Some(since.clone());
            }
        }
        let since = ask(pid)?;
        lock(&KNOWN).insert(pid, (Instant::now(), since.clone()));
        Some(since)
    }

    fn ask(pid: i32) -> Option<String> {
        let arguments = ["-o", "stat=,lstart=", "-p", &pid.to_string()];
        let ps = std::process::Command::new("ps").args(arguments).output();
        let line = String::from_utf8(ps.ok()?.stdout).ok()?;
        let (state, since) = line.trim().split_once(' ')?;
        (!state.starts_with('Z')).then(|| since.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_very_process_is_ended() {
        let mut child = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        let process = Process::of(pid).unwrap();
        let stranger = Process { pid, since: "another".to_owned(), mark: String::new() };
        assert!(process.is_alive() && !stranger.is_alive());
        stranger.end().await;
        assert!(process.is_alive());
        process.end().await;
        assert!(!process.is_alive());
        child.wait().await.unwrap();
    }

    /// Starts a shell that leads a group, with a process in it that does not heed a request to end.
    async fn group(folder: &std::path::Path, mark: &str) -> (tokio::process::Child, Process, i32) {
        let file = folder.join("pid");
        let script = "trap '' TERM; sleep 60 & echo $! > \"$0\".new; mv \"$0\".new \"$0\"; trap - TERM; wait";
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", script]).arg(&file).process_group(0).env(MARK, mark);
        let child = command.spawn().unwrap();
        let process = Process::of(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        while !file.exists() {
            sleep(LOOK_EVERY).await;
        }
        let sleeper = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        (child, process, sleeper)
    }

    #[tokio::test]
    async fn a_program_is_asked_seldom_and_not_of_what_is_gone() {
        let mut child = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id().unwrap()).unwrap();
        let told = asked::since(pid).unwrap();
        assert!(told.len() > 10, "{told}");
        // What is told now is what was told before.
        let known = (std::time::Instant::now(), "before".to_owned());
        crate::rpc::lock(&asked::KNOWN).insert(pid, known);
        assert_eq!(asked::since(pid).as_deref(), Some("before"));
        child.kill().await.unwrap();
        assert_eq!(asked::since(pid), None);
    }

    async fn gone(pid: i32) {
        while since(pid).is_some() {
            sleep(LOOK_EVERY).await;
        }
    }

    #[tokio::test]
    async fn what_it_started_is_ended_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, process, sleeper) = group(folder.path(), &fresh_mark()).await;
        process.end().await;
        tokio::time::timeout(END_MAX, gone(sleeper)).await.unwrap();
        child.wait().await.unwrap();
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_a_dead_one_left_is_ended_if_it_is_surely_its() {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, process, sleeper) = group(folder.path(), &fresh_mark()).await;
        child.kill().await.unwrap();
        assert!(!process.is_alive() && since(sleeper).is_some());
        for mark in [String::new(), fresh_mark()] {
            Process { mark, ..process.clone() }.end().await;
        }
        sleep(LOOK_EVERY).await;
        assert!(since(sleeper).is_some(), "another's is let be");
        process.end().await;
        tokio::time::timeout(END_MAX, gone(sleeper)).await.unwrap();
    }
}
