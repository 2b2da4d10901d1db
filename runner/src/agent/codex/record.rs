//! What codex wrote down of a thread's turns.

use super::client::Client;
use super::{failure, notes};
use crate::agent::End;
use crate::rpc::CallError;
use poco_core::words::agent as words;
use poco_core::{Step, Text, Transcript};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Turns read at a time.
const PAGE: usize = 20;

/// The most pages looked through for one turn.
const PAGES_MAX: usize = 50;

/// When a record is looked at again that may not be up to date: codex may still be reading what a
/// PoCo that was killed wrote last, and a turn that begins or ends at this moment may look cut off.
const LOOK_AGAIN: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1_200)];

/// How a turn stands.
pub(super) enum Standing {
    Running(Value),
    Over(Value),
    /// The whole record was read, and it is not there.
    Absent,
    /// The record does not tell, for this reason.
    Untold(Text),
}

enum Looked {
    Found(Value),
    Absent,
    TooLong,
}

/// Returns the pauses after which doubt about what codex knows is at an end. A server that was
/// started for us has nothing under way.
pub(super) fn pauses(client: &Client) -> &'static [Duration] {
    if client.newborn.load(Ordering::Relaxed) { &[] } else { &LOOK_AGAIN }
}

/// Finds out how the newest turn that fits stands, in a thread that is open.
pub(super) async fn standing(
    client: &Client,
    thread: &str,
    fits: impl Fn(&Value) -> bool + Send + Sync,
) -> Result<Standing, CallError> {
    let mut pauses = pauses(client).iter();
    loop {
        let doubtful = match glance(client, thread, &fits).await {
            Ok(Standing::Over(turn)) if !is_running(&turn) && turn["status"] != "interrupted" => {
                return Ok(Standing::Over(turn));
            }
            Ok(Standing::Running(turn)) => return Ok(Standing::Running(turn)),
            Ok(doubtful @ (Standing::Over(_) | Standing::Absent | Standing::Untold(_))) => doubtful,
            // A record that is only being begun can't be read.
            Err(CallError::Refused { message, .. }) => {
                Standing::Untold(words::codex_unreadable(message))
            }
            Err(error) => return Err(error),
        };
        let Some(pause) = pauses.next() else { return Ok(doubtful) };
        tokio::time::sleep(*pause).await;
    }
}

async fn glance(
    client: &Client,
    thread: &str,
    fits: impl Fn(&Value) -> bool + Send + Sync,
) -> Result<Standing, CallError> {
    Ok(match look(client, thread, fits).await? {
        Looked::Absent => Standing::Absent,
        Looked::TooLong => Standing::Untold(words::too_long_to_look()),
        Looked::Found(turn) if is_running(&turn) && is_active(client, thread).await? => {
            Standing::Running(turn)
        }
        Looked::Found(turn) => Standing::Over(turn),
    })
}

/// Whether a turn runs in the thread.
pub(super) async fn is_active(client: &Client, thread: &str) -> Result<bool, CallError> {
    let params = json!({ "threadId": thread, "includeTurns": false });
    let read = client.call("thread/read", params).await?;
    Ok(read["thread"]["status"]["type"] == "active")
}

/// Looks for the newest turn that fits.
async fn look(
    client: &Client,
    thread: &str,
    fits: impl Fn(&Value) -> bool + Send + Sync,
) -> Result<Looked, CallError> {
    let mut cursor = Value::Null;
    for _ in 0..PAGES_MAX {
        let params = json!({
            "threadId": thread, "cursor": cursor, "limit": PAGE,
            "sortDirection": "desc", "itemsView": "full",
        });
        let mut page = match client.call("thread/turns/list", params).await {
            Ok(page) => page,
            // Some servers can't page, or not yet in a thread that is only being written down.
            Err(CallError::Refused { .. }) => return look_whole(client, thread, fits).await,
            Err(error) => return Err(error),
        };
        if let Some(turn) = turns(&mut page["data"]).into_iter().find(|turn| fits(turn)) {
            return Ok(Looked::Found(turn));
        }
        cursor = page["nextCursor"].take();
        if cursor.is_null() {
            return Ok(Looked::Absent);
        }
    }
    Ok(Looked::TooLong)
}

async fn look_whole(
    client: &Client,
    thread: &str,
    fits: impl Fn(&Value) -> bool + Send + Sync,
) -> Result<Looked, CallError> {
    let params = json!({ "threadId": thread, "includeTurns": true });
    let mut read = client.call("thread/read", params).await?;
    let turns = turns(&mut read["thread"]["turns"]);
    let found = turns.into_iter().rfind(|turn| fits(turn));
    Ok(found.map_or(Looked::Absent, Looked::Found))
}

fn turns(list: &mut Value) -> Vec<Value> {
    list.as_array_mut().map(std::mem::take).unwrap_or_default()
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

fn is_running(turn: &Value) -> bool {
    turn["status"] == "inProgress"
}

/// Returns what whole items say.
pub(super) fn steps(turn: &Value) -> Vec<Step> {
    turn["items"].as_array().into_iter().flatten().flat_map(notes::completed).collect()
}

/// Sums a turn up: its answer, and its progress lines.
pub(super) fn sum_up(turn: &Value) -> (String, Vec<Text>) {
    let mut transcript = Transcript::default();
    steps(turn).into_iter().for_each(|step| transcript.apply(step));
    (transcript.answer(), transcript.steps())
}

/// Says how a turn ended. Only whoever interrupted it knows that it was [`End::Stopped`].
pub(super) fn end(turn: &Value) -> End {
    match turn["status"].as_str().unwrap_or_default() {
        "completed" => End::Completed,
        "failed" => End::Failed { reason: failure::of_turn(&turn["error"]) },
        "interrupted" => End::Lost { reason: words::codex_cut_off() },
        "inProgress" => End::Lost { reason: words::codex_unfinished() },
        other => End::Lost { reason: words::codex_odd_state(other) },
    }
}
