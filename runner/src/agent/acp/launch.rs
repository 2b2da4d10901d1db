//! How an agent is started: its program, its surroundings, and where its files are kept.

use super::journal::make;
use super::preset::Preset;
use crate::agent::program::Program;
use anyhow::Context;
use poco_core::Text;
use poco_core::words::acp as words;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The most of a log that is kept, twice: now and before.
const LOG_BYTES_MAX: u64 = 4 << 20;

/// The most words of a log that are told, in characters.
const WORDS_CHARS_MAX: usize = 300;

pub(super) struct Launch {
    /// The setting that names its command.
    pub(super) setting: &'static str,
    pub(super) preset: Option<&'static Preset>,
    pub(super) program: Program,
    /// Where its log and PoCo's notes about it are kept.
    pub(super) folder: PathBuf,
}

impl Launch {
    /// Returns what people call the agent.
    pub(super) fn title(&self) -> String {
        match (self.preset, self.program.name()) {
            (Some(preset), _) => preset.title.to_owned(),
            (None, name) if name.is_empty() => "ACP".to_owned(),
            (None, name) => name,
        }
    }

    /// Finds the program, or says why not and what to do.
    pub(super) fn find(&self) -> Result<PathBuf, Text> {
        self.program.find().ok_or_else(|| {
            let how = self.preset.map_or_else(words::install_it, Preset::how_to_install);
            words::missing(self.title(), self.program.name(), how, self.setting)
        })
    }

    /// Prepares to start it in a folder: in its own process group, on pipes, without our secrets.
    pub(super) fn command(&self, arguments: &[&OsStr], folder: &Path) -> Result<Command, Text> {
        let mut command = self.program.command(&self.find()?);
        command
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Opens the log for a program that writes to its end.
    pub(super) fn log(&self) -> anyhow::Result<File> {
        make(&self.folder)?;
        self.trim_log();
        let mut options = OpenOptions::new();
        let opened = options.create(true).append(true).mode(0o600).open(self.log_path());
        opened.context("open the agent's log")
    }

    /// Keeps the log small. Whoever writes to it goes on at its new end.
    pub(super) fn trim_log(&self) {
        let log = self.log_path();
        if log.metadata().is_ok_and(|it| it.len() > LOG_BYTES_MAX) {
            let _ = std::fs::copy(&log, log.with_extension("log.1"));
            let _ = OpenOptions::new().write(true).truncate(true).open(&log);
        }
    }

    /// How long the log is now: what comes after is new.
    pub(super) fn log_end(&self) -> u64 {
        self.log_path().metadata().map_or(0, |it| it.len())
    }

    /// Returns the last line of the log that was written since, for a person.
    pub(super) fn last_words(&self, since: u64) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        let start = usize::try_from(since).unwrap_or(usize::MAX).min(bytes.len());
        let text = String::from_utf8_lossy(&bytes[start..]).into_owned();
        let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        line.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("agent.log")
    }
}
