//! A home of its own for each test, and the program in it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The longest a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// One user's machine. What was started on it is stopped at the end.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let mut machine = Self { folder: tempfile::tempdir().unwrap(), variables: vec![] };
        let home = machine.folder.path().display().to_string();
        machine.set("HOME", &home);
        // Neither the agent nor the platform of whoever runs the tests is touched.
        machine.set("POCO_AGENT_BACKEND", "stub");
        machine.set("POCO_FEISHU_API_BASE_URL", "http://127.0.0.1:9");
        machine.set("POCO_PORT", "0");
        machine
    }

    /// Sets an environment variable for all commands that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// The user's home.
    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a path in PoCo's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(".poco").join(name)
    }

    /// Writes a file in PoCo's folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path("")).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn poco(&self, arguments: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_poco"), arguments)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::from(self.poco(arguments).output().unwrap())
    }

    /// Runs a command with text on its standard input.
    pub(crate) fn pipe(&self, arguments: &[&str], text: &str) -> Said {
        let input = self.folder.path().join("input");
        std::fs::write(&input, text).unwrap();
        let mut command = self.poco(arguments);
        command.stdin(std::fs::File::open(input).unwrap());
        Said::from(command.output().unwrap())
    }

    /// Runs a command that must do what it should, and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{said:?}");
        serde_json::from_str(&said.stdout).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.poco(&["shutdown"]).output();
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Waits until something holds.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        std::thread::yield_now();
    }
}

/// Sends a signal to a process the test started.
pub(crate) fn signal(pid: &Value, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid.as_i64().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
