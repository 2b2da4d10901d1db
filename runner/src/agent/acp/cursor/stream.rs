//! What Cursor's `stream-json` says, line by line.

use super::super::notes::did;
use crate::agent::End;
use poco_core::words::{acp as words, agent};
use poco_core::{Step, Text};
use serde_json::Value;

/// What people call it.
const TITLE: &str = "Cursor Agent";

/// The longest description of a tool call, in characters.
const WHAT_CHARS_MAX: usize = 300;

/// Reads the lines of one turn.
#[derive(Debug, Default)]
pub(super) struct Reader {
    messages: usize,
    /// What is written of the message that is being said.
    so_far: Option<String>,
}

/// What a line means.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Read {
    pub(super) steps: Vec<Step>,
    pub(super) end: Option<End>,
}

impl Reader {
    /// Takes in a line. What is not understood means nothing.
    pub(super) fn take(&mut self, line: &str) -> Read {
        let Ok(event) = serde_json::from_str::<Value>(line) else { return Read::default() };
        match event["type"].as_str().unwrap_or_default() {
            "assistant" => Read { steps: self.said(&event), end: None },
            "tool_call" => {
                let mut steps = self.whole();
                steps.extend(called(&event));
                Read { steps, end: None }
            }
            "result" => self.over(&event),
            _ => Read::default(),
        }
    }

    /// A piece has a time and no call; with a call, or without a time, it is told once more as a
    /// whole.
    fn said(&mut self, event: &Value) -> Vec<Step> {
        let parts = event["message"]["content"].as_array().into_iter().flatten();
        let text: String = parts.filter_map(|part| part["text"].as_str()).collect();
        let is_piece = event["timestamp_ms"].is_number() && event["model_call_id"].is_null();
        match (&mut self.so_far, is_piece) {
            (Some(so_far), true) => {
                so_far.push_str(&text);
                vec![Step::Wrote { item: self.item(), text }]
            }
            (None, true) => {
                self.messages += 1;
                self.so_far = Some(text.clone());
                vec![Step::Wrote { item: self.item(), text }]
            }
            (Some(so_far), false) => {
                // The last of all may repeat what was said before tools were called.
                if text.contains(so_far.as_str()) && !text.is_empty() {
                    return self.whole();
                }
                *so_far = text;
                self.whole()
            }
            (None, false) if self.messages > 0 && event["timestamp_ms"].is_null() => vec![],
            (None, false) => {
                self.messages += 1;
                vec![Step::Said { item: self.item(), text }]
            }
        }
    }

    fn over(&mut self, event: &Value) -> Read {
        let text = event["result"].as_str().unwrap_or_default().to_owned();
        let mut steps = self.whole();
        if event["is_error"] == true {
            let reason = match text.is_empty() {
                true => words::failed_silently(TITLE),
                false => words::failed(TITLE, shortened(&text)),
            };
            return Read { steps, end: Some(End::Failed { reason }) };
        }
        if self.messages == 0 {
            self.messages += 1;
            steps.push(Step::Said { item: self.item(), text });
        }
        Read { steps, end: Some(End::Completed) }
    }

    /// Ends the message that is being said.
    pub(super) fn whole(&mut self) -> Vec<Step> {
        let item = self.item();
        self.so_far.take().map(|text| Step::Said { item, text }).into_iter().collect()
    }

    fn item(&self) -> String {
        format!("message-{}", self.messages)
    }
}

/// Words a tool call: `{"shellToolCall": {"args": …, "result": …}}`.
fn called(event: &Value) -> Option<Step> {
    let (kind, call) = event["tool_call"].as_object()?.iter().next()?;
    let args = &call["args"];
    let about = ["command", "path", "globPattern", "pattern", "query", "url", "name"];
    let about = about.iter().find_map(|key| args[*key].as_str()).unwrap_or_default();
    let name = kind.trim_end_matches("ToolCall");
    let what = match name {
        "shell" => about.to_owned(),
        _ => format!("{name} {about}"),
    };
    let what = shortened(&what);
    if event["subtype"] == "started" {
        let icon = match name {
            "shell" => "▸",
            "write" | "edit" | "delete" => "✎",
            _ => "⚙",
        };
        return Some(did(icon, Text::verbatim(what)));
    }
    let result = call["result"].as_object()?;
    if result.contains_key("success") {
        return Some(did("✓", Text::verbatim(what)));
    }
    match result.contains_key("rejected") {
        true => Some(did("⊘", agent::not_allowed(what))),
        false => Some(did("✗", agent::failed(what))),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(WHAT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn assistant(text: &str, more: &Value) -> String {
        let message = json!({ "role": "assistant", "content": [{ "type": "text", "text": text }] });
        let mut event = json!({ "type": "assistant", "message": message, "session_id": "c" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event.to_string()
    }

    #[test]
    fn pieces_are_told_once() {
        let mut reader = Reader::default();
        let piece = |text: &str| assistant(text, &json!({ "timestamp_ms": 1 }));
        let steps = |read: Read| read.steps;
        let wrote =
            |item: &str, text: &str| Step::Wrote { item: item.to_owned(), text: text.to_owned() };
        let said =
            |item: &str, text: &str| Step::Said { item: item.to_owned(), text: text.to_owned() };
        assert_eq!(steps(reader.take(&piece("Let me "))), [wrote("message-1", "Let me ")]);
        assert_eq!(steps(reader.take(&piece("look."))), [wrote("message-1", "look.")]);
        let whole = assistant("Let me look.", &json!({ "timestamp_ms": 2, "model_call_id": "m" }));
        assert_eq!(steps(reader.take(&whole)), [said("message-1", "Let me look.")]);
        let call = |subtype: &str, result: &Value| {
            let call =
                json!({ "shellToolCall": { "args": { "command": "ls" }, "result": result } });
            json!({ "type": "tool_call", "subtype": subtype, "call_id": "t", "tool_call": call })
                .to_string()
        };
        assert_eq!(
            steps(reader.take(&call("started", &Value::Null))),
            [did("▸", Text::verbatim("ls"))]
        );
        let success = json!({ "success": { "exitCode": 0 } });
        assert_eq!(
            steps(reader.take(&call("completed", &success))),
            [did("✓", Text::verbatim("ls"))]
        );
        assert_eq!(steps(reader.take(&piece("Done."))), [wrote("message-2", "Done.")]);
        let last = assistant("Let me look.Done.", &json!({}));
        assert_eq!(steps(reader.take(&last)), [said("message-2", "Done.")]);
        let result = json!({ "type": "result", "subtype": "success", "is_error": false, "result": "Let me look.Done." });
        let read = reader.take(&result.to_string());
        assert_eq!(read, Read { steps: vec![], end: Some(End::Completed) });
    }

    #[test]
    fn an_answer_without_pieces_is_told_and_errors_are_errors() {
        let mut reader = Reader::default();
        assert_eq!(reader.take("no json"), Read::default());
        let result = json!({ "type": "result", "is_error": false, "result": "All." });
        let read = reader.take(&result.to_string());
        assert_eq!(
            read.steps,
            [Step::Said { item: "message-1".to_owned(), text: "All.".to_owned() }]
        );
        let result = json!({ "type": "result", "is_error": true, "result": "no more credit" });
        let end = Reader::default().take(&result.to_string()).end;
        assert!(
            matches!(end, Some(End::Failed { reason }) if reason.of(poco_core::Lang::En).contains("no more credit"))
        );
    }
}
