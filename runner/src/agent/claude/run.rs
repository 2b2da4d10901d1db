//! One process of Claude Code, which runs one turn, and the files it is found again by.
//!
//! | file | |
//! |---|---|
//! | `<turn>.json` | which process it is; there before it is given anything |
//! | `<turn>.in` | the named pipe it reads from, and holds open itself; there before the process is |
//! | `<turn>.out` | what it says |
//! | `<turn>.err` | what it complains of |

use super::busy;
use super::tail::Tail;
use crate::agent::AgentError;
use crate::agent::process::Process;
use anyhow::{Context, ensure};
use poco_core::Text;
use poco_core::words::agent as words;
use rustix::fs::{CWD, Mode, OFlags};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::sync::Mutex;

/// The longest a process may take to read what it is given.
const GIVE_MAX: Duration = Duration::from_secs(30);

/// How often it is looked whether something new was said.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long the files of a session stay after its last turn.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The most of what it complains of that is read and told.
const WORDS_BYTES: u64 = 16_384;
const WORDS_CHARS_MAX: usize = 300;

/// How a turn stands, as far as its files and its process tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Running,
    Over,
    /// It surely never began.
    Never,
}

/// Where the files of all sessions are.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the folder of one session.
    pub(super) fn of(&self, session: &str) -> PathBuf {
        self.0.join(session)
    }

    /// Makes it, for this user's eyes only, and removes what is long over.
    pub(super) fn make(&self) -> Result<(), AgentError> {
        make(&self.0).map_err(|error| AgentError::Later(format!("{error:#}")))?;
        for session in sessions(&self.0) {
            let changed = session.metadata().and_then(|it| it.modified());
            let old = changed.is_ok_and(|it| it.elapsed().is_ok_and(|age| age > KEEP));
            if old && labels(&session).iter().all(|(_, process)| !process.is_alive()) {
                let _ = std::fs::remove_dir_all(session);
            }
        }
        Ok(())
    }

    /// Ends every process there is.
    pub(super) async fn end_all(&self) {
        for session in sessions(&self.0) {
            for stem in stems(&session) {
                end_unnamed(&stem).await;
            }
        }
        let labels = sessions(&self.0).into_iter().flat_map(|session| labels(&session));
        let ends = labels.map(|(_, process)| async move { process.end().await });
        futures_util::future::join_all(ends).await;
    }
}

fn sessions(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Lists the turns of a session by the stems of their files, with their processes.
fn labels(folder: &Path) -> Vec<(PathBuf, Process)> {
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let label = |path: PathBuf| {
        let process = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some((path.with_extension(""), process))
    };
    entries
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .filter_map(label)
        .collect()
}

/// The kinds of files a turn has.
const KINDS: [&str; 5] = ["json", "new", "in", "out", "err"];

/// Lists the turns of a session, also those whose process was never named.
fn stems(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let of_turn = |path: &PathBuf| {
        let kind = path.extension().unwrap_or_default().to_string_lossy();
        KINDS.contains(&kind.as_ref())
    };
    entries.filter(of_turn).map(|path| path.with_extension("")).collect()
}

/// Ends a process that was started and not named, for PoCo died in between. It was given nothing,
/// so it waits at its pipe.
#[cfg(target_os = "linux")]
async fn end_unnamed(stem: &Path) {
    if stem.with_extension("json").exists() {
        return;
    }
    let Ok(pipe) = stem.with_extension("in").canonicalize() else { return };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let reads = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path().join("fd/0")).is_ok_and(|it| it == pipe)
    };
    let pids = entries.filter(reads).filter_map(|it| it.file_name().to_str()?.parse().ok());
    for process in pids.filter_map(Process::of).collect::<Vec<_>>() {
        process.end().await;
    }
}

/// Elsewhere it is not to be found. It waits for ever, and does nothing.
#[cfg(not(target_os = "linux"))]
async fn end_unnamed(_stem: &Path) {}

fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("make the folder {}", path.display()))
}

/// Makes sure that no earlier turn is at work in a session, and removes what is left of those.
pub(super) async fn clear_way(folder: &Path) -> Result<(), AgentError> {
    for (stem, process) in labels(folder) {
        if process.is_alive() {
            // It may only be on its way out.
            if !process.gone_within(Duration::from_millis(500)).await && !is_over(&stem) {
                return Err(busy());
            }
            process.end().await;
        }
        remove(&stem);
    }
    for stem in stems(folder) {
        end_unnamed(&stem).await;
        remove(&stem);
    }
    Ok(())
}

fn remove(stem: &Path) {
    for kind in KINDS {
        let _ = std::fs::remove_file(stem.with_extension(kind));
    }
}

/// Whether the process of a turn has nothing more to do.
fn is_over(stem: &Path) -> bool {
    let Ok(mut tail) = Tail::open(&stem.with_extension("out")) else { return true };
    let mut over = false;
    while let Ok(Some(line)) = tail.next() {
        over = line["type"] == "result" || (over && line["type"] == "command_lifecycle");
    }
    over
}

pub(super) struct Run {
    id: String,
    stem: PathBuf,
    process: Process,
    tail: Tail,
    /// Whoever holds it speaks, for long lines must not be mixed.
    turn_to_speak: Arc<Mutex<()>>,
    /// Kept so that it is reaped; a process that was found has none.
    child: Option<tokio::process::Child>,
}

impl Run {
    /// Starts a process for a turn. It is given nothing yet.
    pub(super) fn start(folder: &Path, id: &str, command: Command) -> Result<Self, AgentError> {
        let refused = |error: anyhow::Error| {
            AgentError::Refused(words::claude_not_started(format!("{error:#}")))
        };
        Self::spawn(folder, id, command).map_err(refused)
    }

    fn spawn(folder: &Path, id: &str, mut command: Command) -> anyhow::Result<Self> {
        make(folder)?;
        let stem = folder.join(id);
        let input = stem.with_extension("in");
        rustix::fs::mkfifoat(CWD, &input, Mode::RUSR | Mode::WUSR).context("make a pipe")?;
        // Open for writing too: it does not end with us.
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let input = rustix::fs::open(&input, flags, Mode::empty()).context("open a pipe")?;
        let out = private(&stem.with_extension("out"))?;
        command.stdin(File::from(input)).stdout(out).stderr(private(&stem.with_extension("err"))?);
        let mut child = command.spawn().context("start it")?;
        match Self::name(&stem, &child) {
            Ok((process, tail)) => Ok(Self {
                id: id.to_owned(),
                stem,
                process,
                tail,
                turn_to_speak: Arc::default(),
                child: Some(child),
            }),
            Err(error) => {
                // Nobody would find it again.
                let _ = child.start_kill();
                Err(error)
            }
        }
    }

    /// Writes down which process it is.
    fn name(stem: &Path, child: &tokio::process::Child) -> anyhow::Result<(Process, Tail)> {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).context("name the process")?;
        let process = Process::of(pid).context("it ended as it was started")?;
        let label = serde_json::to_vec(&process).context("write its label")?;
        let draft = stem.with_extension("new");
        std::fs::write(&draft, label).context("write its label")?;
        std::fs::rename(draft, stem.with_extension("json")).context("keep its label")?;
        let tail = Tail::open(&stem.with_extension("out")).context("read what it says")?;
        Ok((process, tail))
    }

    /// Finds the process that was started for a turn, dead or alive.
    pub(super) fn find(folder: &Path, id: &str) -> Result<Option<Self>, AgentError> {
        let stem = folder.join(id);
        let Some((_, process)) = labels(folder).into_iter().find(|(it, _)| *it == stem) else {
            return Ok(None);
        };
        let tail = Tail::open(&stem.with_extension("out"))
            .map_err(|error| AgentError::Later(format!("A record can't be read: {error}.")))?;
        Ok(Some(Self {
            id: id.to_owned(),
            stem,
            process,
            tail,
            turn_to_speak: Arc::default(),
            child: None,
        }))
    }

    /// What the turn is called.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Where the session's own files are.
    pub(super) fn folder(&self) -> &Path {
        self.stem.parent().unwrap_or(&self.stem)
    }

    pub(super) fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// Returns what it said next, if it has by now.
    pub(super) fn said(&mut self) -> Option<Value> {
        self.tail.next().unwrap_or_else(|error| {
            tracing::warn!(turn = self.id, "what Claude Code says can't be read: {error}");
            None
        })
    }

    /// Returns the way to speak to it.
    pub(super) fn pipe(&self) -> Pipe {
        Pipe {
            path: self.stem.with_extension("in"),
            process: self.process.clone(),
            turn_to_speak: self.turn_to_speak.clone(),
        }
    }

    /// Ends the process and all it started.
    pub(super) async fn end(&self) {
        self.process.end().await;
    }

    /// Ends it without waiting for that.
    pub(super) fn end_soon(&mut self) {
        let (process, child) = (self.process.clone(), self.child.take());
        tokio::spawn(async move {
            process.end().await;
            drop(child);
        });
    }

    /// Says how it died, once it has.
    pub(super) async fn last_words(&mut self) -> Text {
        let how = match &mut self.child {
            Some(child) => match tokio::time::timeout(Duration::from_secs(1), child.wait()).await {
                Ok(Ok(status)) if status.success() => words::claude_ended(),
                Ok(Ok(status)) => words::claude_ended_with(status),
                Ok(Err(_)) | Err(_) => words::claude_ended(),
            },
            None => words::claude_killed(),
        };
        words::with_detail(how, &self.complaint())
    }

    /// Returns the last line it complained with.
    pub(super) fn complaint(&self) -> String {
        let mut text = String::new();
        if let Ok(file) = File::open(self.stem.with_extension("err")) {
            let _ = file.take(WORDS_BYTES).read_to_string(&mut text);
        }
        let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        line.trim().chars().take(WORDS_CHARS_MAX).collect()
    }
}

/// The way to speak to a process.
pub(super) struct Pipe {
    path: PathBuf,
    process: Process,
    turn_to_speak: Arc<Mutex<()>>,
}

impl Pipe {
    /// Gives it a line. Whether it was taken, it says itself.
    pub(super) async fn give(&self, message: &Value) -> Result<(), AgentError> {
        let giving = async {
            let _turn = self.turn_to_speak.lock().await;
            ensure!(self.process.is_alive(), "it is dead");
            let mut pipe =
                pipe::OpenOptions::new().open_sender(&self.path).context("open its pipe")?;
            // Whoever wrote before us may have died over it.
            let line = format!("\n{message}\n");
            pipe.write_all(line.as_bytes()).await.context("write to its pipe")
        };
        match tokio::time::timeout(GIVE_MAX, giving).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                Err(AgentError::Unclear(format!("Claude Code does not listen: {error:#}.")))
            }
            Err(_) => Err(AgentError::Unclear("Claude Code does not listen.".to_owned())),
        }
    }
}

fn private(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_was_never_named_stands_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let started = Run::start(folder.path(), "t", Command::new("cat")).unwrap();
        std::fs::remove_file(folder.path().join("t.json")).unwrap();
        clear_way(folder.path()).await.unwrap();
        #[cfg(target_os = "linux")]
        assert!(!started.is_alive());
        let again = Run::start(folder.path(), "t", Command::new("cat")).unwrap();
        again.end().await;
        started.end().await;
    }

    #[tokio::test]
    async fn a_process_that_can_not_be_named_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        // There the label would be.
        std::fs::create_dir_all(folder.path().join("t.json/in-the-way")).unwrap();
        let mut command = Command::new("sh");
        let pid = folder.path().join("pid");
        command.args(["-c", "echo $$ > \"$0\"; exec cat"]).arg(&pid);
        assert!(Run::start(folder.path(), "t", command).is_err());
        let gone = async {
            let text = || std::fs::read_to_string(&pid).unwrap_or_default();
            while text().trim().parse().ok().and_then(Process::of).is_some() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    }
}
