//! Anthropic's Messages API: what Claude Code asks the model with, streamed or whole.

use super::answer::Piece;
use super::script::{self, Act, Request, Tools};
use super::sse::{Frames, Gone, event, fresh};
use super::{Shared, failed};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How Claude Code begins what a person said to it while it worked.
const MEANWHILE: &str = "The user sent a new message while you were working:\n";

pub(super) async fn respond(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let Ok(body) = serde_json::from_str::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "not JSON").into_response();
    };
    let request = read(&body);
    let model = body["model"].clone();
    let streamed = body["stream"] == true;
    let number = shared.records.begin(&request, body);
    match script::decide(&request) {
        Act::Fail { status, body, retry_after } => {
            shared.records.end(number, false);
            let error = json!({ "type": "error", "error": body["error"] });
            failed(status, &error, retry_after)
        }
        Act::Stream(pieces) if streamed => {
            let (frames, receiver) = mpsc::channel(16);
            tokio::spawn(async move {
                let sent = send(&frames, &shared, &model, pieces).await;
                shared.records.end(number, sent.is_err());
            });
            let stream = super::sse::received(receiver);
            ([("content-type", "text/event-stream")], Body::from_stream(stream)).into_response()
        }
        Act::Stream(pieces) => {
            shared.records.end(number, false);
            axum::Json(whole(&model, pieces)).into_response()
        }
    }
}

/// Reads what matters of a request.
fn read(body: &Value) -> Request {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut prompt, mut said, mut outputs) = (String::new(), 0, vec![]);
    for message in messages {
        for block in blocks(&message["content"]) {
            if let Some(text) = spoken(message, &block) {
                (prompt, outputs) = (text, vec![]);
                said += 1;
            }
            if block["type"] == "tool_result" {
                outputs.push(text_of(&block["content"]));
            }
        }
    }
    let session = body["metadata"]["user_id"].as_str().unwrap_or_default();
    let session: Value = serde_json::from_str(session).unwrap_or_default();
    let session = session["session_id"].as_str().unwrap_or_default();
    // It has no name for a turn: a prompt given again is said once more, or in another session.
    let turn = format!("{session}-{said}");
    Request { prompt, turn, outputs, tools: Tools::Claude }
}

/// Returns what a person said in a block. Whatever Claude Code itself adds begins with a tag.
fn spoken(message: &Value, block: &Value) -> Option<String> {
    let text = block["text"].as_str()?;
    match message["role"].as_str()? {
        "user" => (!text.trim_start().starts_with('<')).then(|| text.to_owned()),
        "system" => text.strip_prefix(MEANWHILE)?.split("\n\n").next().map(str::to_owned),
        _ => None,
    }
}

fn blocks(content: &Value) -> Vec<Value> {
    let alone = || vec![json!({ "type": "text", "text": content })];
    content.as_array().cloned().unwrap_or_else(alone)
}

fn text_of(content: &Value) -> String {
    let text = |block: Value| block["text"].as_str().unwrap_or_default().to_owned();
    blocks(content).into_iter().map(text).collect::<Vec<_>>().join("\n")
}

fn usage() -> Value {
    json!({ "input_tokens": 10, "output_tokens": 10 })
}

fn message(model: &Value, content: &[Value], stop: &Value) -> Value {
    json!({
        "id": fresh("msg"), "type": "message", "role": "assistant", "model": model,
        "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage(),
    })
}

/// The answer as one document. There is nothing to break off or to wait for.
fn whole(model: &Value, pieces: Vec<Piece>) -> Value {
    let (mut text, mut content) = (String::new(), vec![]);
    for piece in pieces {
        match piece {
            Piece::Text(more) | Piece::Gated(more) => text.push_str(&more),
            Piece::Item(item) => content.push(item),
            Piece::Begin { .. } | Piece::End | Piece::Hang | Piece::Cut => {}
        }
    }
    let stop = if content.is_empty() { "end_turn" } else { "tool_use" };
    if !text.is_empty() {
        content.insert(0, json!({ "type": "text", "text": text }));
    }
    message(model, &content, &json!(stop))
}

async fn send(
    frames: &Frames,
    shared: &Shared,
    model: &Value,
    pieces: Vec<Piece>,
) -> Result<(), Gone> {
    let event = |value| event(frames, value);
    let begun = message(model, &[], &Value::Null);
    event(json!({ "type": "message_start", "message": begun })).await?;
    let (mut index, mut stop) = (0, "end_turn");
    let text = |index, more: &str| {
        let delta = json!({ "type": "text_delta", "text": more });
        json!({ "type": "content_block_delta", "index": index, "delta": delta })
    };
    for piece in pieces {
        match piece {
            Piece::Begin { .. } => {
                let block = json!({ "type": "text", "text": "" });
                event(json!({ "type": "content_block_start", "index": index, "content_block": block })).await?;
            }
            Piece::Text(more) => event(text(index, &more)).await?,
            Piece::Gated(more) => {
                super::sse::let_on(frames, shared).await?;
                event(text(index, &more)).await?;
            }
            Piece::End => {
                event(json!({ "type": "content_block_stop", "index": index })).await?;
                index += 1;
            }
            Piece::Item(mut item) => {
                let input = item["input"].take();
                item["input"] = json!({});
                event(
                    json!({ "type": "content_block_start", "index": index, "content_block": item }),
                )
                .await?;
                let delta =
                    json!({ "type": "input_json_delta", "partial_json": input.to_string() });
                event(json!({ "type": "content_block_delta", "index": index, "delta": delta }))
                    .await?;
                event(json!({ "type": "content_block_stop", "index": index })).await?;
                (index, stop) = (index + 1, "tool_use");
            }
            Piece::Hang => {
                frames.closed().await;
                return Err(Gone);
            }
            Piece::Cut => return super::sse::cut(frames).await,
        }
    }
    let delta = json!({ "stop_reason": stop, "stop_sequence": null });
    event(json!({ "type": "message_delta", "delta": delta, "usage": usage() })).await?;
    event(json!({ "type": "message_stop" })).await
}
