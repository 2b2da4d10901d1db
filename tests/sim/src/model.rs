//! A scripted model server for the real agents.
//!
//! What it does is decided by the last thing a person said, so a test drives it through prompts;
//! see `model/script.rs`. It speaks OpenAI's Responses API and Anthropic's Messages API, on loopback.

mod answer;
mod home;
mod messages;
mod program;
mod record;
mod script;
mod sse;

pub use home::write_home;
pub use program::{claude_program, codex_launcher, codex_program, opencode_program};
pub use record::Seen;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use record::Records;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The largest request: a long conversation goes with each.
const BODY_BYTES_MAX: usize = 64 << 20;

/// The longest a test may wait for a request.
const WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(30);

/// A running model server; it ends when it is dropped.
#[derive(Debug)]
pub struct Model {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    records: Records,
    /// One permit lets a `slow:` answer go on by one piece.
    gate: Semaphore,
}

impl Model {
    /// Starts a server on a free port of loopback.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts a server on a port of loopback; 0 takes any free one.
    pub async fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { records: Records::default(), gate: Semaphore::new(0) });
        let router = Router::new()
            .route("/v1/responses", post(respond))
            .route("/v1/messages", post(messages::respond))
            .route("/control/go", post(go))
            .route("/control/requests", get(requests))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, shared, serving }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What agents call the base URL.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// What Claude Code calls the base URL.
    pub fn anthropic_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets `slow:` answers go on by so many pieces, all of them together.
    pub fn go(&self, pieces: usize) {
        self.shared.gate.add_permits(pieces);
    }

    /// Returns every request so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.records.all()
    }

    /// Counts requests so far, and those whose answer has ended; cheaper than looking at them.
    pub fn counts(&self) -> (usize, usize) {
        self.shared.records.counts()
    }

    /// Waits until the counts fit, however long.
    pub async fn until_counts(&self, fits: impl Fn(usize, usize) -> bool) {
        self.shared.records.until_counts(fits).await;
    }

    /// Returns how many turns had this as what a person said last.
    pub fn turns(&self, prompt: &str) -> usize {
        self.shared.records.turns(prompt)
    }

    /// Waits until the requests fit, and returns them.
    ///
    /// # Panics
    /// If they do not within a generous time.
    pub async fn until(&self, fits: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        self.shared.records.until(fits, WAIT_MAX).await
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn respond(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let Ok(body) = serde_json::from_str::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "not JSON").into_response();
    };
    let request = script::Request::read(&body);
    let number = shared.records.begin(&request, body);
    match script::decide(&request) {
        script::Act::Fail { status, body, retry_after } => {
            shared.records.end(number, false);
            failed(status, &body, retry_after)
        }
        script::Act::Stream(pieces) => {
            let stream = sse::stream(shared, number, pieces);
            ([("content-type", "text/event-stream")], Body::from_stream(stream)).into_response()
        }
    }
}

fn failed(status: StatusCode, body: &Value, retry_after: Option<u64>) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}

#[derive(Deserialize)]
struct Pieces {
    #[serde(default = "one")]
    n: usize,
}

fn one() -> usize {
    1
}

async fn go(State(shared): State<Arc<Shared>>, Query(pieces): Query<Pieces>) -> StatusCode {
    shared.gate.add_permits(pieces.n);
    StatusCode::NO_CONTENT
}

async fn requests(State(shared): State<Arc<Shared>>) -> axum::Json<Value> {
    axum::Json(json!(shared.records.all()))
}
