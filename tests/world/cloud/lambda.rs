//! Lambda on this machine: it starts a program for each request that finds none idle, and speaks
//! with it as the Runtime API does.

use super::kill_nine;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as Turn, OwnedSemaphorePermit, Semaphore, mpsc};

/// How long a function may run, as in the template.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many requests are at work at once, unless more places are made; the others wait.
const INSTANCES_MAX: usize = 8;

/// A function, with as many instances as there were requests at once.
#[derive(Debug)]
pub struct Lambda {
    program: Program,
    environment: Mutex<Vec<(String, String)>>,
    idle: Mutex<Vec<Instance>>,
    alive: Alive,
    started: AtomicUsize,
    places: Arc<Semaphore>,
}

/// The processes there are of a function.
type Alive = Arc<Mutex<BTreeSet<u32>>>;

/// What a function is a process of.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
}

impl Program {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: vec![] }
    }

    /// A function as it is deployed, if `POCO_BOOTSTRAPS` names the folder it is in: a file of its
    /// name, as `cargo build` leaves it, or in a folder of its name, as `cargo lambda build` does.
    ///
    /// # Panics
    /// If it is not there.
    pub fn released(name: &str) -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os("POCO_BOOTSTRAPS")?);
        let places = [folder.join(name).join("bootstrap"), folder.join(name)];
        let found = places.into_iter().find(|it| it.is_file());
        Some(Self::new(found.unwrap_or_else(|| panic!("no {name} in {}", folder.display()))))
    }
}

/// One process of a function.
#[derive(Debug)]
struct Instance {
    pid: u32,
    alive: Alive,
    child: Child,
    requests: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Result<Value, Value>>,
    server: tokio::task::JoinHandle<()>,
}

impl Lambda {
    pub fn new(program: Program, environment: &[(String, String)]) -> Self {
        let environment = Mutex::new(environment.to_vec());
        let (idle, alive, started) = Default::default();
        let places = Arc::new(Semaphore::new(INSTANCES_MAX));
        Self { program, environment, idle, alive, started, places }
    }

    /// Waits until one more request may be at work.
    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        self.places.clone().acquire_owned().await.expect("it is never closed")
    }

    /// Has so many more requests be at work at once.
    pub fn add_places(&self, count: usize) {
        self.places.add_permits(count);
    }

    /// Has processes that start from now on see this.
    pub fn set(&self, name: &str, value: &str) {
        let mut environment = self.environment.lock().unwrap();
        environment.retain(|(it, _)| it != name);
        environment.push((name.to_owned(), value.to_owned()));
    }

    /// Kills all processes there are, as nothing can prepare for; returns how many.
    pub fn kill(&self) -> usize {
        let alive = std::mem::take(&mut *self.alive.lock().unwrap());
        alive.iter().for_each(|pid| kill_nine(*pid));
        alive.len()
    }

    /// How many processes there have been.
    pub fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    /// Invokes the function; what it says, or how it failed.
    pub async fn invoke(&self, event: Value) -> Result<Value, Value> {
        let mut instance = match self.idle() {
            Some(instance) => instance,
            None => self.start().await,
        };
        if instance.requests.send(event).await.is_err() {
            return Err(json!({ "ended": true }));
        }
        let answer = tokio::select! {
            answer = instance.answers.recv() => answer.unwrap_or_else(|| Err(json!({ "ended": true }))),
            ended = instance.child.wait() => return Err(json!({ "ended": format!("{ended:?}") })),
            () = tokio::time::sleep(TIMEOUT) => return Err(json!({ "timeout": true })),
        };
        self.idle.lock().unwrap().push(instance);
        answer
    }

    /// Takes a process that waits for work, and has not died meanwhile.
    fn idle(&self) -> Option<Instance> {
        loop {
            let mut instance = self.idle.lock().unwrap().pop()?;
            // One that was killed a moment ago may not look dead yet.
            let killed = !self.alive.lock().unwrap().contains(&instance.pid);
            if !killed && matches!(instance.child.try_wait(), Ok(None)) {
                return Some(instance);
            }
        }
    }

    async fn start(&self) -> Instance {
        self.started.fetch_add(1, Ordering::Relaxed);
        let environment = self.environment.lock().unwrap().clone();
        Instance::start(&self.program, &environment, self.alive.clone()).await
    }
}

impl Instance {
    async fn start(program: &Program, environment: &[(String, String)], alive: Alive) -> Self {
        let (requests, coming) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let api = Api { coming: Arc::new(Turn::new(coming)), answered };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(succeeded))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .with_state(api);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "poco")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        alive.lock().unwrap().insert(pid);
        Self { pid, alive, child, requests, answers, server }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.alive.lock().unwrap().remove(&self.pid);
        self.server.abort();
    }
}

/// Where functions log to: here, if somebody wants to read it.
fn log() -> Stdio {
    if std::env::var_os("POCO_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() }
}

#[derive(Clone)]
struct Api {
    coming: Arc<Turn<mpsc::Receiver<Value>>>,
    answered: mpsc::Sender<Result<Value, Value>>,
}

async fn next(State(api): State<Api>) -> Response {
    let Some(event) = api.coming.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = poco_io::clock::now().0 + 10_000;
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("Lambda-Runtime-Deadline-Ms", deadline.to_string()),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:poco".to_owned(),
        ),
    ];
    (headers, Json(event)).into_response()
}

async fn succeeded(State(api): State<Api>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    // Whoever asked may have given up.
    let _ = api.answered.send(Ok(read(&body))).await;
    StatusCode::ACCEPTED
}

async fn failed(State(api): State<Api>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = api.answered.send(Err(read(&body))).await;
    StatusCode::ACCEPTED
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
