//! Decides what the model does, from what a person said last:
//!
//! | said | done |
//! |---|---|
//! | anything else | answers in pieces, echoing it |
//! | `run: CMD` | runs a command in the sandbox, then tells its output |
//! | `escalate: CMD` | runs a command that must be allowed |
//! | `two: A ; B` | runs two such commands at once |
//! | `patch: PATH TEXT` | adds a file |
//! | `plan: A ; B` | sets a plan, then answers |
//! | `question: TEXT` | asks the person, if the agent lets it |
//! | `slow: N` | answers in N pieces, each when [`go`](super::Model::go) lets it |
//! | `long: N` | answers with at least N bytes of tables, code and prose |
//! | `hang` | begins, and says nothing |
//! | `fail: HOW` | fails: `400`, `401`, `429`, `500`, `quota`, `cut` |

use super::answer::{Call, Piece};
use super::{answer, sse};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// What matters of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: String,
    pub(super) turn: String,
    /// What tools brought since a person spoke last.
    pub(super) outputs: Vec<String>,
    pub(super) tools: Tools,
}

/// How the agent wants its tools called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tools {
    /// Each tool by its name.
    Direct,
    /// One tool that runs a script which calls the others.
    Code,
    /// Those of Claude Code, which has its own.
    Claude,
    /// Those of opencode, which has its own too.
    Opencode,
}

pub(super) enum Act {
    Stream(Vec<Piece>),
    Fail { status: StatusCode, body: Value, retry_after: Option<u64> },
}

impl Request {
    pub(super) fn read(body: &Value) -> Self {
        let input = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
        let said = input.iter().rposition(|item| said(item).is_some());
        let later = said.map_or(&[][..], |at| &input[at + 1..]);
        Self {
            prompt: said.and_then(|at| said_at(input, at)).unwrap_or_default(),
            turn: turn(body),
            outputs: later.iter().filter_map(output).collect(),
            tools: tools(body),
        }
    }
}

/// Returns what a person said, if a person did: agents put context of their own in such items.
fn said(item: &Value) -> Option<String> {
    if item["role"] != "user" {
        return None;
    }
    let parts = item["content"].as_array()?;
    let text: Vec<_> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    let text = text.join("\n");
    (!text.starts_with('<') && !text.starts_with("# AGENTS.md")).then_some(text)
}

fn said_at(input: &[Value], at: usize) -> Option<String> {
    said(&input[at])
}

fn output(item: &Value) -> Option<String> {
    let kind = item["type"].as_str()?;
    let output = &item["output"];
    kind.ends_with("_output")
        .then(|| output.as_str().map_or_else(|| output.to_string(), str::to_owned))
}

fn turn(body: &Value) -> String {
    let direct = body["client_metadata"]["turn_id"].as_str().map(str::to_owned);
    let nested = || {
        let text = body["client_metadata"]["x-codex-turn-metadata"].as_str()?;
        let metadata: Value = serde_json::from_str(text).ok()?;
        metadata["turn_id"].as_str().map(str::to_owned)
    };
    direct.or_else(nested).unwrap_or_else(|| counted(body))
}

/// Names a turn by the conversation and how often somebody spoke in it, for agents that have no name
/// for one.
fn counted(body: &Value) -> String {
    let session = body["prompt_cache_key"].as_str().unwrap_or_default();
    let input = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    format!("{session}-{}", input.iter().filter(|item| said(item).is_some()).count())
}

fn tools(body: &Value) -> Tools {
    let listed = body["tools"].as_array().into_iter().flatten();
    let names: Vec<_> = listed.filter_map(|tool| tool["name"].as_str()).collect();
    match (names.contains(&"exec_command"), names.contains(&"bash")) {
        (true, _) => Tools::Direct,
        (false, true) => Tools::Opencode,
        (false, false) => Tools::Code,
    }
}

/// Says what to do.
pub(super) fn decide(request: &Request) -> Act {
    let (word, rest) = request.prompt.split_once(':').unwrap_or((&request.prompt, ""));
    let rest = rest.trim();
    let number = || rest.split_whitespace().next().and_then(|it| it.parse().ok()).unwrap_or(1);
    match word.trim() {
        "fail" => fail(rest),
        "hang" => Act::Stream(vec![Piece::Hang]),
        "slow" => Act::Stream(answer::slow(number())),
        "long" => Act::Stream(answer::message(&answer::long(number()))),
        "run" => once(request, || vec![Call::command(rest)]),
        "escalate" => once(request, || vec![Call::escalated(rest)]),
        "two" => once(request, || rest.split(';').map(|it| Call::escalated(it.trim())).collect()),
        "patch" => {
            let (path, text) = rest.split_once(' ').unwrap_or((rest, "hello"));
            once(request, || vec![Call::patch(path, text)])
        }
        "plan" => once(request, || vec![Call::plan(rest)]),
        "question" => once(request, || vec![Call::question(rest)]),
        _ => Act::Stream(answer::message(&format!("Model answer to: {}", request.prompt))),
    }
}

/// Calls tools if none was called yet, else tells what they brought.
fn once(request: &Request, calls: impl FnOnce() -> Vec<Call>) -> Act {
    if request.outputs.is_empty() {
        let calls = calls().into_iter().map(|call| Piece::Item(call.item(request.tools)));
        return Act::Stream(calls.collect());
    }
    let outputs = request.outputs.join("\n---\n");
    Act::Stream(answer::message(&format!("Tools said:\n\n{outputs}")))
}

fn fail(how: &str) -> Act {
    let error = |status, kind: &str, message: &str| Act::Fail {
        status,
        body: json!({ "error": { "type": kind, "code": kind, "message": message } }),
        retry_after: None,
    };
    match how {
        "400" => error(StatusCode::BAD_REQUEST, "invalid_request_error", "scripted bad request"),
        "401" => error(StatusCode::UNAUTHORIZED, "invalid_api_key", "scripted bad key"),
        "429" => error(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "scripted rate limit"),
        "500" => error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "scripted server error"),
        "quota" => error(StatusCode::TOO_MANY_REQUESTS, "usage_limit_reached", "scripted quota"),
        _ => Act::Stream(vec![
            Piece::Begin { item: sse::fresh("msg") },
            Piece::Text("This will be cut".to_owned()),
            Piece::Cut,
        ]),
    }
}
