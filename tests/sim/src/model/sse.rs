//! Sends pieces as server-sent events of the Responses API.

use super::Shared;
use super::answer::Piece;
use futures_util::Stream;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

pub(super) type Frames = mpsc::Sender<io::Result<String>>;

/// The agent went away.
pub(super) struct Gone;

/// Returns a name that was never given before, also not by a server that ran earlier.
pub(super) fn fresh(kind: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{kind}_{:x}_{}", since.as_micros(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sends the pieces in a task of its own, and notes how far that went.
pub(super) fn stream(
    shared: Arc<Shared>,
    number: usize,
    pieces: Vec<Piece>,
) -> impl Stream<Item = io::Result<String>> {
    let (frames, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        let sent = send(&frames, &shared, pieces).await;
        shared.records.end(number, sent.is_err());
    });
    received(receiver)
}

pub(super) fn received(
    receiver: mpsc::Receiver<io::Result<String>>,
) -> impl Stream<Item = io::Result<String>> {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (frame, receiver))
    })
}

/// Waits until the test lets one more piece go.
pub(super) async fn let_on(frames: &Frames, shared: &Shared) -> Result<(), Gone> {
    tokio::select! {
        permit = shared.gate.acquire() => permit.unwrap().forget(),
        () = frames.closed() => return Err(Gone),
    }
    Ok(())
}

/// Breaks the connection.
pub(super) async fn cut(frames: &Frames) -> Result<(), Gone> {
    let cut = io::Error::from(io::ErrorKind::ConnectionReset);
    frames.send(Err(cut)).await.map_err(|_| Gone)
}

async fn send(frames: &Frames, shared: &Shared, pieces: Vec<Piece>) -> Result<(), Gone> {
    let response = fresh("resp");
    let event = |value| event(frames, value);
    event(json!({ "type": "response.created", "response": { "id": response } })).await?;
    let (mut item, mut text) = (String::new(), String::new());
    for piece in pieces {
        match piece {
            Piece::Begin { item: id } => {
                item = id;
                let begun = message(&item, "", "in_progress");
                event(json!({ "type": "response.output_item.added", "output_index": 0, "item": begun })).await?;
            }
            Piece::Text(more) => {
                text.push_str(&more);
                event(delta(&item, &more)).await?;
            }
            Piece::Gated(more) => {
                let_on(frames, shared).await?;
                text.push_str(&more);
                event(delta(&item, &more)).await?;
            }
            Piece::End => {
                let whole = message(&item, &text, "completed");
                event(json!({ "type": "response.output_item.done", "output_index": 0, "item": whole })).await?;
            }
            Piece::Item(item) => {
                event(json!({ "type": "response.output_item.added", "output_index": 0, "item": item })).await?;
                event(
                    json!({ "type": "response.output_item.done", "output_index": 0, "item": item }),
                )
                .await?;
            }
            Piece::Hang => {
                frames.closed().await;
                return Err(Gone);
            }
            Piece::Cut => return cut(frames).await,
        }
    }
    let usage = json!({
        "input_tokens": 10, "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": 10, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 20,
    });
    event(json!({ "type": "response.completed", "response": { "id": response, "usage": usage } }))
        .await
}

pub(super) async fn event(frames: &Frames, value: Value) -> Result<(), Gone> {
    let name = value["type"].as_str().unwrap();
    frames.send(Ok(format!("event: {name}\ndata: {value}\n\n"))).await.map_err(|_| Gone)
}

fn delta(item: &str, text: &str) -> Value {
    json!({
        "type": "response.output_text.delta", "item_id": item, "output_index": 0,
        "content_index": 0, "delta": text,
    })
}

fn message(id: &str, text: &str, status: &str) -> Value {
    let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
    json!({ "type": "message", "id": id, "role": "assistant", "status": status, "content": content })
}
