//! A server in Python that ends with the test process, however that ends.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// By then a server is up, on however busy a machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// How often a port is tried: another process may have taken it meanwhile.
const TRIES_MAX: u32 = 5;

/// A server that is up. It lives until its standard input ends, which this process holds open.
#[derive(Debug)]
pub(super) struct Tied {
    port: u16,
    _child: Child,
}

impl Tied {
    /// Starts the server of a Python module, and waits until it answers at `health`.
    pub(super) fn start(module: &str, health: &str, args: impl Fn(u16) -> Vec<String>) -> Self {
        Self::start_with(module, health, args, &[])
    }

    /// Like [`Tied::start`], with more in its environment.
    pub(super) fn start_with(
        module: &str,
        health: &str,
        args: impl Fn(u16) -> Vec<String>,
        more: &[(&str, &str)],
    ) -> Self {
        install();
        let up = (0..TRIES_MAX).find_map(|_| Self::try_start(module, health, &args, more));
        up.unwrap_or_else(|| panic!("{module} does not start: see .tools/ministack/log"))
    }

    fn try_start(
        module: &str,
        health: &str,
        args: impl Fn(u16) -> Vec<String>,
        more: &[(&str, &str)],
    ) -> Option<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let home = root().join(".tools/ministack");
        let log = std::fs::File::create(home.join("log")).expect("a log");
        let mut child = Command::new(home.join("venv/bin/python"))
            .arg(root().join("tests/tools/tied.py"))
            .arg(module)
            .args(args(port))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", &home)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // What functions inside are told.
            .env("AWS_ENDPOINT_URL", url(port))
            .env("LOG_LEVEL", "ERROR")
            .envs(more.iter().copied())
            // A Ctrl-C is for whoever started it, whose end it sees.
            .process_group(0)
            .current_dir(&home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("python, as installed");
        let end = Instant::now() + DEADLINE;
        loop {
            if child.try_wait().expect("to look after it").is_some() {
                return None;
            }
            if http(port, "GET", health, "").is_some() {
                return Some(Self { port, _child: child });
            }
            assert!(Instant::now() < end, "{module} does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn url(&self) -> String {
        url(self.port)
    }

    /// Calls the server; returns the body of a good answer.
    pub(super) fn call(&self, method: &str, path: &str, body: &str) -> Option<String> {
        http(self.port, method, path, body)
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Makes one HTTP request; returns the body of a good answer.
fn http(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1)?.starts_with('2').then(|| body.to_owned())
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let installed = Command::new(root().join("tests/tools/install-ministack.sh")).status();
        assert!(installed.expect("a shell").success(), "MiniStack could not be installed");
    });
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
