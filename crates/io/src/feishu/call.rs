//! One call to the platform: paced, with a token, and tried again when that helps.

use super::client::Feishu;
use super::error::{Class, Rejected, classify, classify_status};
use super::pacer::{Key, Permit, Urgency};
use super::recent::Outbound;
use crate::secret::Secret;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a press whose answer is on its way keeps its card locked, as a rule.
const LOCK_WAIT: Duration = Duration::from_millis(250);

/// How long an unanswered press keeps its card locked, at most.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(3_100);

/// The first wait before a failed call is tried again; it doubles up to [`BACKOFF_MAX`].
const BACKOFF: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The longest part of the platform's words that is passed on, in characters.
const MESSAGE_CHARS: usize = 300;

tokio::task_local! {
    /// Known to hold nothing once whoever waits for the work at hand has gone.
    static WAITING: Weak<()>;
}

/// Returns work that makes no further calls once the other thing returned is dropped.
pub(super) fn awaited<F: Future>(work: F) -> (Arc<()>, impl Future<Output = F::Output>) {
    let waiting = Arc::new(());
    let known = Arc::downgrade(&waiting);
    (waiting, WAITING.scope(known, work))
}

/// Whether somebody waits for the work at hand, as far as is known.
fn is_awaited() -> bool {
    WAITING.try_with(|waiting| waiting.strong_count() > 0).unwrap_or(true)
}

/// One call to make.
#[derive(Debug)]
pub(super) struct Request {
    /// Method and kind of path; limits are counted by it.
    pub(super) call: &'static str,
    pub(super) method: Method,
    /// Behind `/open-apis/`.
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

/// An answer that is no refusal.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Value,
    /// The platform's clock, to the second.
    pub(super) date: Option<SystemTime>,
}

impl Feishu {
    /// Makes a call that must be made, again and again until the deadline if that may help.
    /// `request` is asked anew for every attempt.
    pub(super) async fn call(
        &self,
        keys: &[Key],
        deadline: Instant,
        request: impl Fn() -> Request,
    ) -> Result<Answer, Rejected> {
        let (mut tries, mut renewed) = (0, false);
        loop {
            let mut keys = keys.to_vec();
            let call = request().call;
            keys.push(Key::Api(call));
            let Some(permit) = self.shared.pacer.admit(&keys, Urgency::Due, deadline).await else {
                return Err(Rejected::unanswered(call, "too many calls at once"));
            };
            if !is_awaited() {
                return Err(Rejected::unanswered(call, "nobody waits for it any more"));
            }
            let rejected = match self.attempt(permit, &keys, request(), deadline).await {
                Ok(answer) => return Ok(answer),
                Err(rejected) => rejected,
            };
            let Some(wait) = pause(rejected.class, tries, &mut renewed) else {
                return Err(rejected);
            };
            if Instant::now() + wait >= deadline {
                return Err(rejected);
            }
            tries += 1;
            sleep(wait).await;
        }
    }

    /// Makes a call once. What the platform says about limits and tokens is heeded for later.
    pub(super) async fn attempt(
        &self,
        permit: Permit,
        keys: &[Key],
        request: Request,
        deadline: Instant,
    ) -> Result<Answer, Rejected> {
        let call = request.call;
        let late = || Rejected::unanswered(call, "no answer in time");
        let token = timeout_at(deadline, self.shared.tokens.get(|| self.fetch_token()));
        let token = token.await.map_err(|_| late())??;
        let answer = timeout_at(deadline, self.send(request, Some(&token))).await;
        let answer = answer.unwrap_or_else(|_| Err(late()));
        drop(permit);
        if let Err(rejected) = &answer {
            if rejected.class == Class::Token {
                self.shared.tokens.forget(&token).await;
            }
            if let Class::RateLimited { after } = rejected.class {
                self.shared.pacer.hold(closed(keys, rejected), after);
            }
        }
        answer
    }

    pub(super) async fn send(
        &self,
        request: Request,
        token: Option<&Secret>,
    ) -> Result<Answer, Rejected> {
        let (call, started) = (request.call, Instant::now());
        let answer = self.exchange(request, token).await;
        let error = answer.as_ref().err();
        self.shared.recent.note(Outbound {
            at: now_ms(),
            call,
            code: error.map_or(0, |rejected| rejected.code),
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            error: error.map(|rejected| rejected.message.clone()),
        });
        answer
    }

    async fn exchange(&self, request: Request, token: Option<&Secret>) -> Result<Answer, Rejected> {
        let call = request.call;
        let url = format!("{}/open-apis/{}", self.shared.base_url, request.path);
        let mut http = self.shared.http.request(request.method, url);
        if let Some(token) = token {
            http = http.bearer_auth(token.expose());
        }
        if let Some(body) = &request.body {
            http = http.json(body);
        }
        let response = http.send().await.map_err(|error| broken(call, &error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| broken(call, &error))?;
        self.told(call, status, &headers, &body, token)
    }

    /// Reads an answer: what it says comes before its status.
    pub(super) fn told(
        &self,
        call: &'static str,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
        token: Option<&Secret>,
    ) -> Result<Answer, Rejected> {
        let header = |name| headers.get(name).and_then(|it| it.to_str().ok());
        let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let (code, message, class) = match body["code"].as_i64() {
            Some(0) => {
                let date = header("date").and_then(|date| httpdate::parse_http_date(date).ok());
                return Ok(Answer { body, date });
            }
            Some(code) => {
                let message = body["msg"].as_str().unwrap_or_default();
                let mut class = classify(code, message);
                if class == Class::Invalid && (status == 429 || status >= 500) {
                    class = classify_status(status);
                }
                (code, format!("{} ({code})", self.scrub(message, token)), class)
            }
            None => {
                let message = format!("HTTP status {status} without a code");
                (i64::from(status), message, classify_status(status))
            }
        };
        let reset = header("x-ogw-ratelimit-reset").and_then(|seconds| seconds.parse().ok());
        let class = match (class, reset) {
            (Class::RateLimited { .. }, Some(seconds)) => {
                Class::RateLimited { after: Duration::from_secs(seconds) }
            }
            (class, _) => class,
        };
        Err(Rejected { call, code, message, class })
    }

    /// Takes out of the platform's words what must not be seen, and what it quotes of a card.
    fn scrub(&self, message: &str, token: Option<&Secret>) -> String {
        let message = message.split("ErrorValue:").next().unwrap_or_default().trim();
        let app_secret = self.shared.keyring.keys().app_secret;
        let secrets = [Some(&app_secret), token].into_iter().flatten();
        let secrets = secrets.filter(|secret| !secret.is_empty());
        let message = secrets
            .fold(message.to_owned(), |message, secret| message.replace(secret.expose(), "***"));
        message.chars().take(MESSAGE_CHARS).collect()
    }
}

/// Milliseconds since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The gate the platform found full: that of all such calls, or that of one chat or card.
fn closed<'a>(keys: &'a [Key], rejected: &Rejected) -> &'a Key {
    const ALL_CALLS: [i64; 2] = [99991400, 429];
    let is_api = |key: &&Key| matches!(key, Key::Api(_));
    let of_all = ALL_CALLS.contains(&rejected.code);
    let found = keys.iter().find(|key| is_api(key) == of_all);
    found.or_else(|| keys.iter().find(is_api)).unwrap_or(&Key::Opening)
}

/// Says how a call broke off, without any address in it.
pub(super) fn broken(call: &'static str, error: &reqwest::Error) -> Rejected {
    let what = match (error.is_connect(), error.is_timeout()) {
        (true, _) => "could not connect",
        (false, true) => "no answer in time",
        (false, false) => "the connection broke",
    };
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let io = cause.downcast_ref::<std::io::Error>();
    let why = io.map(|io| format!(": {}", io.kind())).unwrap_or_default();
    Rejected::unanswered(call, format!("{what}{why}"))
}

/// Says how long to wait before the same call is made again. `None` if that does not help.
pub(super) fn pause(class: Class, tries: u32, renewed: &mut bool) -> Option<Duration> {
    match class {
        Class::Token => (!std::mem::replace(renewed, true)).then_some(Duration::ZERO),
        Class::RateLimited { after } => Some(after + jitter(backoff(tries))),
        Class::Transient => Some(jitter(backoff(tries))),
        Class::Lock => Some(if tries == 0 { LOCK_WAIT } else { LOCK_WAIT_MAX }),
        Class::Sequence
        | Class::StreamClosed
        | Class::Gone
        | Class::EntityGone
        | Class::CardInvalid
        | Class::Invalid
        | Class::Setup(_)
        | Class::Refused(_) => None,
    }
}

fn backoff(tries: u32) -> Duration {
    BACKOFF.saturating_mul(1 << tries.min(8)).min(BACKOFF_MAX)
}

/// Returns a random part of a time, so that not all come back at once.
fn jitter(time: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    time.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
