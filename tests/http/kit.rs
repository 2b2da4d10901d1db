//! A PoCo of its own for each test, and a client that says exactly what it is told to.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Poco {
    folder: tempfile::TempDir,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Poco {
    pub(crate) fn start() -> Self {
        Self::with(&[], &[])
    }

    /// Starts one with these settings and arguments.
    pub(crate) fn with(settings: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("stderr.log")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_poco"))
            .args(["start", "--local", "--foreground", "--port", "0"])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder.path())
            .env("POCO_HOME", folder.path().join("poco"))
            .env("POCO_CODEX_COMMAND", folder.path().join("no-such-codex"))
            .env("POCO_CODEX_WORKDIR", folder.path().join("work"))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name));
        let log = read("stderr.log").unwrap();
        assert!(!line.is_empty(), "PoCo did not start:\n{log}");
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let instance: Value = serde_json::from_str(&read("poco/instance.json").unwrap()).unwrap();
        let address: SocketAddr = instance["address"].as_str().unwrap().parse().unwrap();
        let here = if address.ip().is_unspecified() { [127, 0, 0, 1].into() } else { address.ip() };
        let address = SocketAddr::new(here, address.port());
        Self { folder, child, address }
    }

    pub(crate) fn work(&self) -> String {
        self.folder.path().join("work").to_str().unwrap().to_owned()
    }

    /// Everything that is stored, but not how it got there.
    pub(crate) fn stored(&self) -> Vec<(String, i64, String)> {
        let file = self.folder.path().join("poco/poco.db");
        let database = rusqlite::Connection::open(file).unwrap();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let mut tables = database.prepare(tables).unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        tables.map(|table| Self::rows(&database, &table.unwrap())).collect()
    }

    fn rows(database: &rusqlite::Connection, table: &str) -> (String, i64, String) {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = rows.column_count();
        let rows = rows.query_map([], |row| {
            let cells = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            Ok(cells.collect::<Vec<_>>().join("|"))
        });
        let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        (table.to_owned(), i64::try_from(rows.len()).unwrap(), rows.join("\n"))
    }

    pub(crate) fn ask(&self, request: &Request) -> Answer {
        self.ask_at(self.address, request)
    }

    pub(crate) fn ask_at(&self, address: SocketAddr, request: &Request) -> Answer {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&request.bytes(self.address)).unwrap();
        Answer::read(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask(&Request::get(path));
        assert_eq!(answer.status, 200, "GET {path}: {answer:?}");
        answer.json()
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(&Request::post(path, body));
        assert_eq!(answer.status, 200, "POST {path}: {answer:?}");
        answer.json()
    }

    pub(crate) fn say(&self, text: &str) -> Value {
        self.post("/demo/command", &json!({ "text": text }))
    }

    /// Waits until a task is in this state.
    pub(crate) fn task_in(&self, id: &Value, status: &str) -> Value {
        let path = format!("/tasks/{}", id.as_str().unwrap());
        let begun = Instant::now();
        loop {
            let task = self.get(&path);
            if task["status"] == status {
                return task;
            }
            assert!(begun.elapsed() < PATIENCE, "never {status}: {task}");
            std::thread::yield_now();
        }
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Poco {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    path: Vec<u8>,
    /// A `host` that is not given is PoCo's own address; an empty one is left out.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, path: impl Into<Vec<u8>>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: vec![], body: vec![] }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::raw(path, body.to_string())
    }

    /// A body that says it is JSON.
    pub(crate) fn raw(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).header("content-type", "application/json").body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(it, _)| it != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn bytes(&self, host: SocketAddr) -> Vec<u8> {
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend(&self.path);
        bytes.extend(b" HTTP/1.1\r\nconnection: close\r\n");
        if self.headers.iter().all(|(name, _)| name != "host") {
            bytes.extend(format!("host: {host}\r\n").bytes());
        }
        for (name, value) in self.headers.iter().filter(|(_, value)| !value.is_empty()) {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        if !self.body.is_empty() || self.method == "POST" {
            bytes.extend(format!("content-length: {}\r\n", self.body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let mut bytes = vec![];
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(!head.contains("chunked"), "{head}");
        Self { status, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A refusal says why, and nothing else.
    pub(crate) fn detail(&self) -> String {
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
        json["detail"].as_str().unwrap().to_owned()
    }

    /// Stops the test unless this is a refusal with this status.
    pub(crate) fn refuses(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(!self.detail().is_empty());
    }
}
