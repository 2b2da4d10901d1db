//! What Claude Code says of itself: its version, who is logged in, what can be chosen.

use super::super::AgentError;
use super::super::program::{Program, runs};
use super::wire;
use poco_core::words::agent as words;
use poco_core::{Choices, Model};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// The versions PoCo is made for begin so; the last it is tested with.
const TESTED: (&str, &str) = ("2.1.", "2.1.330");

/// How long an answer holds. Whoever logs out is noticed by then, or by the turn that fails.
const FRESH: Duration = Duration::from_secs(300);

/// The longest the program may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// In the order of how much is asked.
const MODES: [&str; 5] = ["plan", "default", "acceptEdits", "auto", "dontAsk"];

#[derive(Clone)]
pub(super) struct Hello {
    program: PathBuf,
    changed: Option<SystemTime>,
    at: Instant,
    said: Value,
}

impl Hello {
    pub(super) fn is_fresh(&self, program: &Path) -> bool {
        self.program == program && self.changed == changed(program) && self.at.elapsed() < FRESH
    }

    fn version(&self) -> &str {
        self.said["claude_code_version"].as_str().unwrap_or("of an unknown version")
    }

    /// Says what to do if nobody is logged in.
    pub(super) fn check_login(&self) -> Result<(), AgentError> {
        let account = &self.said["account"];
        let none = |key: &str| matches!(account[key].as_str(), None | Some("none" | ""));
        let elsewhere = account["apiProvider"].as_str().is_some_and(|it| it != "firstParty");
        if elsewhere || !none("tokenSource") || !none("apiKeySource") {
            return Ok(());
        }
        Err(AgentError::Refused(words::claude_logged_out()))
    }

    pub(super) fn choices(&self) -> Choices {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let model = |it: &Value| {
            let efforts = it["supportedEffortLevels"].as_array().into_iter().flatten();
            Some(Model {
                id: text(&it["value"])?,
                name: text(&it["displayName"]).unwrap_or_default(),
                efforts: efforts.filter_map(text).collect(),
            })
        };
        let models = self.said["models"].as_array().into_iter().flatten();
        Choices {
            models: models.filter_map(model).collect(),
            modes: MODES.map(str::to_owned).to_vec(),
            ..Choices::default()
        }
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claude Code {}, logged in", self.version())?;
        if self.version().starts_with(TESTED.0) {
            return Ok(());
        }
        write!(f, " (PoCo is tested with {}; some things may not work)", TESTED.1)
    }
}

/// Starts the program for one question, in a folder without any settings.
pub(super) async fn ask(
    program: &Program,
    file: &Path,
    folder: &Path,
) -> Result<Hello, AgentError> {
    let failed = |what: String| AgentError::Later(format!("Claude Code does not answer: {what}."));
    let mut command = program.command(file);
    command
        .args(wire::arguments())
        .arg("--no-session-persistence")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child =
        command.spawn().map_err(|error| AgentError::Refused(words::claude_not_started(error)))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let asking = async {
        stdin.write_all(format!("{}\n", wire::request("hello", "initialize")).as_bytes()).await?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["type"] == "control_response" && line["response"]["request_id"] == "hello" {
                return Ok(Some(line["response"]["response"].clone()));
            }
        }
        Ok::<_, std::io::Error>(None)
    };
    match tokio::time::timeout(ANSWER_MAX, asking).await {
        Ok(Ok(Some(said))) => {
            let program = file.to_owned();
            Ok(Hello { changed: changed(&program), program, at: Instant::now(), said })
        }
        Ok(Ok(None)) | Ok(Err(_)) => {
            let output =
                child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let why = format!("{said} ({})", output.status);
            Err(AgentError::Refused(words::claude_not_started(why.trim())))
        }
        Err(_) => Err(failed(format!("nothing within {} s", ANSWER_MAX.as_secs()))),
    }
}

fn changed(program: &Path) -> Option<SystemTime> {
    program.metadata().ok()?.modified().ok()
}

/// Finds the native program behind npm's launcher, which would stay as a second process.
pub(super) fn native(launcher: &Path) -> Option<PathBuf> {
    let script = launcher.canonicalize().ok()?;
    if !["js", "cjs"].contains(&script.extension()?.to_str()?) {
        return None;
    }
    let packages = script.parent()?.parent()?;
    let is_native = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("claude-code-")
    };
    let entries = packages.read_dir().ok()?.flatten().map(|entry| entry.path());
    entries.filter(is_native).map(|package| package.join("claude")).find(|file| runs(file))
}
