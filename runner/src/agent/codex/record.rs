//! What codex wrote down of a thread's turns.

use super::client::Client;
use super::{failure, notes};
use crate::agent::End;
use crate::rpc::CallError;
use poco_core::{Step, Transcript};
use serde_json::{Value, json};

/// Turns read at a time.
const PAGE: usize = 20;

/// The most pages looked through for one turn.
const PAGES_MAX: usize = 50;

pub(super) enum Looked {
    Found(Value),
    /// The whole record was read, and it is not there.
    Absent,
    /// The record is too long to say.
    TooLong,
}

/// Looks for the newest turn that fits.
pub(super) async fn look(
    client: &Client,
    thread: &str,
    fits: impl Fn(&Value) -> bool + Send,
) -> Result<Looked, CallError> {
    let mut cursor = Value::Null;
    for _ in 0..PAGES_MAX {
        let params = json!({
            "threadId": thread, "cursor": cursor, "limit": PAGE,
            "sortDirection": "desc", "itemsView": "full",
        });
        let mut page = client.call("thread/turns/list", params).await?;
        let turns = page["data"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if let Some(turn) = turns.into_iter().find(|turn| fits(turn)) {
            return Ok(Looked::Found(turn));
        }
        cursor = page["nextCursor"].take();
        if cursor.is_null() {
            return Ok(Looked::Absent);
        }
    }
    Ok(Looked::TooLong)
}

/// Whether this turn was given the text that PoCo calls `id`.
pub(super) fn was_given(turn: &Value, id: &str) -> bool {
    given(turn).any(|it| it == id)
}

/// What PoCo calls the texts that this turn was given.
pub(super) fn given(turn: &Value) -> impl Iterator<Item = &str> {
    let items = turn["items"].as_array().into_iter().flatten();
    items.filter(|item| item["type"] == "userMessage").filter_map(|item| item["clientId"].as_str())
}

pub(super) fn is_running(turn: &Value) -> bool {
    turn["status"] == "inProgress"
}

/// Returns what whole items say.
pub(super) fn steps(turn: &Value) -> Vec<Step> {
    turn["items"].as_array().into_iter().flatten().flat_map(notes::completed).collect()
}

/// Sums a turn up: its answer, and its progress lines.
pub(super) fn sum_up(turn: &Value) -> (String, Vec<String>) {
    let mut transcript = Transcript::default();
    steps(turn).into_iter().for_each(|step| transcript.apply(step));
    (transcript.answer(), transcript.steps())
}

/// Says how a turn ended. Only whoever interrupted it knows that it was [`End::Stopped`].
pub(super) fn end(turn: &Value) -> End {
    match turn["status"].as_str().unwrap_or_default() {
        "completed" => End::Completed,
        "failed" => End::Failed { reason: failure::of_turn(&turn["error"]) },
        "interrupted" => End::Lost { reason: "The turn was cut off.".to_owned() },
        "inProgress" => End::Lost { reason: "Codex left the turn unfinished.".to_owned() },
        other => End::Lost { reason: format!("Codex says the turn is `{other}`.") },
    }
}
