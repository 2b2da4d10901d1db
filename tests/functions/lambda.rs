//! Lambda on this machine: it starts a program for each request that finds none idle, and speaks
//! with it as the Runtime API does.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as Turn, mpsc};

/// How long a function may run, as in the template.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A function, with as many instances as there were requests at once.
#[derive(Debug)]
pub(crate) struct Lambda {
    program: &'static str,
    environment: Vec<(String, String)>,
    idle: Mutex<Vec<Instance>>,
    started: AtomicUsize,
}

/// One process of a function.
#[derive(Debug)]
struct Instance {
    child: Child,
    requests: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Result<Value, Value>>,
    server: tokio::task::JoinHandle<()>,
}

impl Lambda {
    pub(crate) fn new(program: &'static str, environment: &[(String, String)]) -> Self {
        let environment = environment.to_vec();
        Self { program, environment, idle: Mutex::default(), started: AtomicUsize::new(0) }
    }

    /// How many processes there have been.
    pub(crate) fn started(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }

    /// Invokes the function; what it says, or how it failed.
    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, Value> {
        let idle = self.idle.lock().unwrap().pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => {
                self.started.fetch_add(1, Ordering::Relaxed);
                Instance::start(self.program, &self.environment).await
            }
        };
        instance.requests.send(event).await.unwrap();
        let answer = tokio::select! {
            answer = instance.answers.recv() => answer.unwrap(),
            ended = instance.child.wait() => return Err(json!({ "ended": format!("{ended:?}") })),
            () = tokio::time::sleep(TIMEOUT) => return Err(json!({ "timeout": true })),
        };
        self.idle.lock().unwrap().push(instance);
        answer
    }
}

impl Instance {
    async fn start(program: &str, environment: &[(String, String)]) -> Self {
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
        let child = Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "poco")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(log())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, requests, answers, server }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
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
    api.answered.send(Ok(read(&body))).await.unwrap();
    StatusCode::ACCEPTED
}

async fn failed(State(api): State<Api>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    api.answered.send(Err(read(&body))).await.unwrap();
    StatusCode::ACCEPTED
}

fn read(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}
