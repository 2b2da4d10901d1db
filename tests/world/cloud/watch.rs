//! `cargo lambda watch`: AWS Lambda and its function URLs as cargo-lambda plays them.

use super::lambda::Program;
use super::process::root;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// By then it is up, on however busy a machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server of it; it ends, with what it started, when this is dropped.
#[derive(Debug)]
pub struct Watch {
    port: u16,
    _child: Child,
    functions: Mutex<Vec<Child>>,
}

impl Watch {
    /// Serves functions that are started with [`Watch::run`].
    pub async fn bare() -> Self {
        Self::start(&["--only-lambda-apis"], &[]).await
    }

    /// Serves the functions of this repository, built when they are first called and again when
    /// they change, with this environment. `folder` is where that is written down.
    pub async fn building(environment: &[(String, String)], folder: &Path) -> Self {
        let file = folder.join("functions.env");
        write_private(&file, environment);
        let file = file.display().to_string();
        let more = ["--package", "poco-functions", "--concurrency", "4", "--env-file", &file];
        Self::start(&more, environment).await
    }

    async fn start(more: &[&str], environment: &[(String, String)]) -> Self {
        let install = root().join("tests/tools/install-cargo-lambda.sh");
        let installed = Command::new(install).status().await.expect("a shell");
        assert!(installed.success(), "cargo-lambda could not be installed");
        let free = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let child = Command::new(root().join(".tools/cargo-lambda/venv/bin/cargo-lambda"))
            .args(["lambda", "watch", "-A", "127.0.0.1", "-P", &port.to_string()])
            .args(more)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .expect("cargo-lambda, as installed");
        let up = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, up).await.expect("cargo lambda watch does not answer");
        Self { port, _child: child, functions: Mutex::default() }
    }

    /// Starts a process of a function, as Lambda does at a cold start.
    pub fn run(&self, name: &str, program: &Program, environment: &[(String, String)]) {
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/{name}", self.port))
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .expect("a program");
        self.functions.lock().unwrap().push(child);
    }

    /// Where a function is called.
    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/lambda-url/{name}", self.port)
    }
}

fn log() -> Stdio {
    if std::env::var_os("POCO_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() }
}

/// Writes settings down for whoever runs this, and nobody else: there are secrets among them.
fn write_private(file: &PathBuf, settings: &[(String, String)]) {
    use std::os::unix::fs::OpenOptionsExt;
    let open = File::options().create(true).truncate(true).write(true).mode(0o600).open(file);
    let mut file = open.expect("a file of our own");
    for (name, value) in settings {
        writeln!(file, "{name}={value}").expect("room for a line");
    }
}
