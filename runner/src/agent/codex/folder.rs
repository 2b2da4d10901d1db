//! Where a codex server's socket, its name and its log are kept: for this user's eyes only.

use crate::agent::process::Process;
use anyhow::{Context, bail, ensure};
use rustix::process::getuid;
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket, on any system we know.
const SOCKET_BYTES_MAX: usize = 103;

/// The most of a log that is kept, twice: now and before.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// How much of the end of a log is told when a start fails.
const TAIL_BYTES: u64 = 16_384;

/// The most words of it that are told, in characters.
const WORDS_CHARS_MAX: usize = 300;

pub(super) struct Folder {
    path: PathBuf,
    socket: PathBuf,
}

/// What is remembered of a server that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) process: Process,
    /// How it was started.
    pub(super) signature: String,
}

impl Folder {
    pub(super) fn open(state: &Path) -> anyhow::Result<Self> {
        let path = state.join("codex");
        make(&path)?;
        let path = path.canonicalize().context("find the codex folder")?;
        let mut socket = path.join("app.sock");
        if socket.as_os_str().len() > SOCKET_BYTES_MAX {
            socket = short(&path)?.join("app.sock");
        }
        Ok(Self { path, socket })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Opens the log for a program that writes to its end.
    pub(super) fn log(&self) -> anyhow::Result<File> {
        self.trim_log();
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log_path())
            .context("open the log of codex")
    }

    /// Keeps the log small. Whoever writes to it goes on at its new end.
    pub(super) fn trim_log(&self) {
        let log = self.log_path();
        if log.metadata().is_ok_and(|it| it.len() > LOG_BYTES_MAX) {
            let _ = std::fs::copy(&log, log.with_extension("log.1"));
            let _ = OpenOptions::new().write(true).truncate(true).open(&log);
        }
    }

    /// Returns the last lines of the log, for a person.
    pub(super) fn last_words(&self) -> String {
        let Ok(mut log) = File::open(self.log_path()) else { return String::new() };
        let length = log.metadata().map_or(0, |it| it.len());
        let mut bytes = vec![];
        let _ = log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)));
        let _ = log.take(TAIL_BYTES).read_to_end(&mut bytes);
        let text = plain(&String::from_utf8_lossy(&bytes));
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        // A trace may follow the line that counts.
        let error = lines.iter().rfind(|line| line.starts_with("Error"));
        let words = error.or(lines.last()).copied().unwrap_or_default();
        words.chars().take(WORDS_CHARS_MAX).collect()
    }

    pub(super) fn label(&self) -> Option<Label> {
        serde_json::from_str(&std::fs::read_to_string(self.label_path()).ok()?).ok()
    }

    /// Writes the label whole or not at all.
    pub(super) fn set_label(&self, label: &Label) -> anyhow::Result<()> {
        let draft = self.path.join("server.json.new");
        let text = serde_json::to_string(label).context("write a server's label")?;
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .context("open a server's label")?;
        file.write_all(text.as_bytes()).context("write a server's label")?;
        std::fs::rename(draft, self.label_path()).context("keep a server's label")
    }

    /// Forgets a server that is gone.
    pub(super) fn clear(&self) {
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(self.label_path());
    }

    /// Takes the folder with the short name away, if there is one.
    pub(super) fn leave(&self) {
        if let Some(short) = self.socket.parent().filter(|it| *it != self.path) {
            let _ = std::fs::remove_dir(short);
        }
    }

    fn label_path(&self) -> PathBuf {
        self.path.join("server.json")
    }

    fn log_path(&self) -> PathBuf {
        self.path.join("codex.log")
    }
}

fn make(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("make the folder {}", path.display()))?;
    let stat = rustix::fs::lstat(path).context("look at the codex folder")?;
    ensure!(
        rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir(),
        "{} is not a folder",
        path.display()
    );
    if stat.st_uid != getuid().as_raw() {
        bail!("the folder {} belongs to somebody else", path.display());
    }
    rustix::fs::chmod(path, rustix::fs::Mode::RWXU).context("close the codex folder to others")
}

/// Makes a folder with a short name that stands for this one.
fn short(path: &Path) -> anyhow::Result<PathBuf> {
    let name = format!("poco-{:016x}", poco_core::hash(&path.to_string_lossy()));
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let fits = |it: &PathBuf| it.is_dir() && it.as_os_str().len() < 60;
    let base = runtime.filter(fits).unwrap_or_else(|| PathBuf::from("/tmp"));
    let folder = base.join(name);
    make(&folder)?;
    Ok(folder)
}

/// Takes colour codes out.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            rest.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}
