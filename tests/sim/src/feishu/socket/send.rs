//! Messages to the client in one or more frames, and their acknowledgement.

use super::frame::Frame;
use super::{Order, Waiting};
use crate::feishu::Feishu;
use crate::feishu::state::State;
use base64::prelude::{BASE64_STANDARD, Engine};
use prost::Message as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// What a person sees when the app does not answer over the long connection.
const NO_ANSWER: i64 = 200_340;
/// What a person sees when the app answers with a failure.
const FAILED: i64 = 200_671;
/// What a person sees when the answer cannot be read.
const UNREADABLE: i64 = 200_672;

impl Feishu {
    /// Sends a payload over one of the connections and returns the answer to it, or the code a
    /// person would see.
    pub(crate) async fn frame(&self, payload: &Value, kind: &str) -> Result<Value, i64> {
        let (done, answer) = oneshot::channel();
        self.change(|state| dispatch(state, payload, kind, done)).ok_or(NO_ANSWER)?;
        let patience = self.look(|state| state.options.answer_within);
        let answer = tokio::time::timeout(patience, answer).await;
        answer.map_err(|_| NO_ANSWER)?.map_err(|_| NO_ANSWER)?
    }
}

fn dispatch(
    state: &mut State,
    payload: &Value,
    kind: &str,
    done: oneshot::Sender<Result<Value, i64>>,
) -> Option<()> {
    if state.links.live.is_empty() {
        return None;
    }
    let chosen = state.roll(state.links.live.len());
    let id = state.id("");
    let frames = cut(state, chosen, &id, kind, payload.to_string().as_bytes());
    let link = &mut state.links.live[chosen];
    link.waiting.insert(id, Waiting { sent: frames.last()?.clone(), done });
    for frame in frames {
        link.orders.send(Order::Send(frame.encode_to_vec())).ok()?;
    }
    Some(())
}

fn cut(state: &mut State, link: usize, id: &str, kind: &str, payload: &[u8]) -> Vec<Frame> {
    let framing = state.links.framing;
    let parts = framing.parts.clamp(1, payload.len().max(1));
    let (number, trace) = (state.count(), state.id(""));
    let (service, now) = (state.links.live[link].service, state.now().to_string());
    let bounds = |part: usize| payload.len() * part / parts;
    let frame = |part: usize| {
        Frame {
            seq_id: number,
            log_id: number * 1_000_003,
            service,
            method: 1,
            payload: Some(payload[bounds(part)..bounds(part + 1)].to_vec()),
            log_id_new: Some(trace.clone()),
            ..Frame::default()
        }
        .with("type", kind)
        .with("message_id", id)
        .with("sum", parts.to_string())
        .with("seq", part.to_string())
        .with("trace_id", &trace)
        .with("timestamp", &now)
    };
    let mut frames: Vec<_> = (0..parts).map(frame).collect();
    if framing.doubled {
        let twice = frames[state.roll(parts)].clone();
        frames.insert(0, twice);
    }
    if framing.shuffled {
        for last in (1..frames.len()).rev() {
            frames.swap(last, state.roll(last + 1));
        }
    }
    frames
}

/// Takes in the client's answer to a message.
pub(super) fn acknowledge(state: &mut State, number: u64, frame: &Frame) {
    let id = frame.header("message_id");
    let link = state.links.live.iter_mut().find(|link| link.number == number);
    // Late, or for the second copy of a part: the platform does not care.
    let Some(waiting) = link.and_then(|link| link.waiting.remove(id)) else { return };
    if let Some(fault) = unlike(&waiting.sent, frame) {
        state.complain(format!("an acknowledgement does not keep {fault}"));
        return;
    }
    if frame.header("biz_rt").parse::<i64>().is_err() {
        state.complain("an acknowledgement has no biz_rt");
    }
    let answer = answer(frame).unwrap_or_else(|why| {
        state.complain(why);
        Err(UNREADABLE)
    });
    let _ = waiting.done.send(answer);
}

/// Names what an acknowledgement should have kept of the frame it answers.
fn unlike(sent: &Frame, ack: &Frame) -> Option<&'static str> {
    if (sent.seq_id, sent.log_id) != (ack.seq_id, ack.log_id) {
        return Some("SeqID and LogID");
    }
    ["type", "sum", "trace_id", "timestamp"]
        .into_iter()
        .find(|header| sent.header(header) != ack.header(header))
}

/// Reads the answer: its data, or the code a person would see.
fn answer(frame: &Frame) -> Result<Result<Value, i64>, &'static str> {
    let payload = frame.payload.as_deref().unwrap_or_default();
    let Ok(payload) = serde_json::from_slice::<Value>(payload) else {
        return Err("the payload of an acknowledgement is not JSON");
    };
    if payload["code"] != 200 {
        return Ok(Err(FAILED));
    }
    let data = match (&payload["data"], payload["data"].as_str()) {
        (Value::Null, _) | (_, Some("")) => return Ok(Ok(json!({}))),
        (_, Some(data)) => data,
        (_, None) => return Err("the data of an acknowledgement must be a base64 string"),
    };
    let Ok(data) = BASE64_STANDARD.decode(data) else {
        return Err("the data of an acknowledgement is not base64");
    };
    serde_json::from_slice(&data).map(Ok).map_err(|_| "the data of an acknowledgement is not JSON")
}
