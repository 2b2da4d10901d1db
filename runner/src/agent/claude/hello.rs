//! What Claude Code says of itself: its version, who is logged in, what can be chosen.

use super::super::AgentError;
use super::super::program::{Program, runs};
use super::wire;
use crate::rpc::lines::Lines;
use poco_core::words::agent as words;
use poco_core::{Choices, Model};
use serde_json::Value;
use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use tokio::io::AsyncWriteExt;

/// The versions PoCo is made for begin so; the last it is tested with.
const TESTED: (&str, &str) = ("2.1.", "2.1.330");

/// How long an answer holds. Whoever logs out is noticed by then, or by the turn that fails.
const FRESH: Duration = Duration::from_secs(300);

/// The longest the program may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// The longest a program that answered nothing may take to end.
const END_MAX: Duration = Duration::from_secs(5);

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
    // Into a file: nobody reads it before the answer, and a full pipe would hold up that.
    let complaint = folder.join("hello.err");
    let mut options = OpenOptions::new();
    let complaints = options.create(true).write(true).truncate(true).mode(0o600).open(&complaint);
    let complaints = complaints.map_err(|error| failed(error.to_string()))?;
    let mut command = program.command(file);
    command
        .args(wire::arguments())
        .arg("--no-session-persistence")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .kill_on_drop(true);
    let mut child =
        command.spawn().map_err(|error| AgentError::Refused(words::claude_not_started(error)))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let asking = async {
        stdin.write_all(format!("{}\n", wire::request("hello", "initialize")).as_bytes()).await?;
        let mut lines = Lines::of(stdout);
        while let Some(line) = lines.next_line().await? {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if line["type"] == "control_response" && line["response"]["request_id"] == "hello" {
                return Ok(Some(line["response"]["response"].clone()));
            }
        }
        Ok::<_, anyhow::Error>(None)
    };
    match tokio::time::timeout(ANSWER_MAX, asking).await {
        Ok(Ok(Some(said))) => {
            let program = file.to_owned();
            Ok(Hello { changed: changed(&program), program, at: Instant::now(), said })
        }
        Ok(Ok(None)) | Ok(Err(_)) => {
            let ended = tokio::time::timeout(END_MAX, child.wait()).await;
            let status = ended.map_err(|_| failed("it does not end".to_owned()))?;
            let status = status.map_err(|error| failed(error.to_string()))?;
            let said = std::fs::read(&complaint).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            let why = format!("{said} ({status})");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Surroundings;

    #[tokio::test]
    async fn one_that_complains_at_length_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let said = r#"{"claude_code_version":"2.1.330"}"#;
        let answer = format!(
            r#"{{"type":"control_response","response":{{"request_id":"hello","response":{said}}}}}"#
        );
        let script =
            format!("head -c 200000 /dev/zero | tr '\\0' x >&2; read line; echo '{answer}'");
        let words = ["sh", "-c", script.as_str()].map(str::to_owned);
        let program = Program::new(&words, &Surroundings::of(std::env::vars_os(), &[], &[]));
        let hello = ask(&program, &program.find().unwrap(), folder.path()).await.unwrap();
        assert_eq!(hello.version(), "2.1.330");
    }
}
