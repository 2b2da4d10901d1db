//! Turns what Claude Code says into what is worth a glance.

use poco_core::words::agent as words;
use poco_core::{Step, Text};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The longest detail of a tool call that is shown, in characters.
const DETAIL_CHARS_MAX: usize = 100;

/// What the model is called that stands for Claude Code itself; what it says is no answer.
const SYNTHETIC: &str = "<synthetic>";

#[derive(Default)]
pub(super) struct Notes {
    /// The message being streamed, and how many of its blocks are whole.
    message: String,
    whole: usize,
    /// A text that has begun and is not whole.
    open: Option<String>,
    /// Calls of tools that have no result yet, as they are shown.
    calls: HashMap<String, String>,
    /// Calls a person did not allow.
    denied: HashSet<String>,
}

impl Notes {
    pub(super) fn take(&mut self, line: &Value) -> Vec<Step> {
        // Sub-agents speak to the agent, not to people.
        if line["parent_tool_use_id"].is_string() {
            return vec![];
        }
        match line["type"].as_str().unwrap_or_default() {
            "stream_event" => self.streamed(&line["event"]),
            "assistant" => self.said(&line["message"]),
            "user" => self.results(&line["message"]),
            "system" => self.system(line),
            _ => vec![],
        }
    }

    /// A call is known to be denied before its result says so.
    pub(super) fn deny(&mut self, call: &str) {
        self.denied.insert(call.to_owned());
    }

    fn streamed(&mut self, event: &Value) -> Vec<Step> {
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                let steps = self.dropped();
                self.begin(&event["message"]);
                steps
            }
            "content_block_delta" => {
                let Some(text) = event["delta"]["text"].as_str() else { return vec![] };
                let item = format!("{}-{}", self.message, event["index"]);
                self.open = Some(item.clone());
                vec![Step::Wrote { item, text: text.to_owned() }]
            }
            _ => vec![],
        }
    }

    fn begin(&mut self, message: &Value) {
        message["id"].as_str().unwrap_or_default().clone_into(&mut self.message);
        self.whole = 0;
    }

    /// A text that broke off is written anew.
    fn dropped(&mut self) -> Vec<Step> {
        self.open.take().map(|item| Step::Dropped { item }).into_iter().collect()
    }

    /// Takes whole blocks of a message; they come one by one, in order.
    fn said(&mut self, message: &Value) -> Vec<Step> {
        if message["model"] == SYNTHETIC {
            return vec![];
        }
        let mut steps = vec![];
        if message["id"] != self.message.as_str() {
            steps = self.dropped();
            self.begin(message);
        }
        for block in message["content"].as_array().into_iter().flatten() {
            let item = format!("{}-{}", self.message, self.whole);
            self.whole += 1;
            if let Some(text) = block["text"].as_str() {
                self.open = self.open.take().filter(|open| *open != item);
                steps.push(Step::Said { item, text: text.to_owned() });
            }
            if block["type"] == "tool_use" {
                steps.push(self.called(block));
            }
        }
        steps
    }

    fn called(&mut self, block: &Value) -> Step {
        let (icon, what) = call(block);
        let id = block["id"].as_str().unwrap_or_default().to_owned();
        self.calls.insert(id, what.clone());
        did(icon, Text::verbatim(what))
    }

    fn results(&mut self, message: &Value) -> Vec<Step> {
        let blocks = message["content"].as_array().into_iter().flatten();
        let results = blocks.filter(|block| block["type"] == "tool_result");
        let step = |block: &Value| {
            let id = block["tool_use_id"].as_str().unwrap_or_default();
            let what = self.calls.remove(id)?;
            if self.denied.remove(id) {
                return Some(did("⊘", words::not_allowed(what)));
            }
            let icon = if block["is_error"] == true { "✗" } else { "✓" };
            Some(did(icon, Text::verbatim(what)))
        };
        results.filter_map(step).collect()
    }

    fn system(&mut self, line: &Value) -> Vec<Step> {
        match line["subtype"].as_str().unwrap_or_default() {
            "api_retry" => {
                let mut steps = self.dropped();
                let part = |key: &str| line[key].as_u64().unwrap_or_default();
                let why = line["error"].as_str().map(|why| Text::verbatim(why.replace('_', " ")));
                let why = why.unwrap_or_else(words::model_unreached);
                let status = line["error_status"].as_u64();
                let why =
                    words::with_detail(why, &status.map_or_else(String::new, |it| it.to_string()));
                steps.push(did("↻", words::retry(why, part("attempt"), part("max_retries"))));
                steps
            }
            "compact_boundary" => vec![did("⇲", words::compacted())],
            _ => vec![],
        }
    }
}

/// Words a call of a tool.
fn call(block: &Value) -> (&'static str, String) {
    let (tool, input) = (block["name"].as_str().unwrap_or("?"), &block["input"]);
    let of = |key: &str| short(input[key].as_str().unwrap_or_default());
    match tool {
        "Bash" => ("▸", of("command")),
        "Write" | "Edit" | "MultiEdit" => ("✎", of("file_path")),
        "NotebookEdit" => ("✎", of("notebook_path")),
        "Read" => ("▣", of("file_path")),
        "Grep" | "Glob" => ("⌕", of("pattern")),
        "WebSearch" => ("⌕", of("query")),
        "WebFetch" => ("⌕", of("url")),
        "Agent" | "Task" => ("⚙", format!("{tool}: {}", of("description"))),
        _ => ("⚙", tool.to_owned()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(DETAIL_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn did(icon: &str, what: Text) -> Step {
    let line = |what: &str| what.split_whitespace().collect::<Vec<_>>().join(" ");
    Step::Did { what: what.map(|what| format!("{icon} {}", line(what))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn start(id: &str) -> Value {
        json!({ "type": "stream_event", "event": { "type": "message_start", "message": { "id": id } } })
    }

    fn delta(index: usize, text: &str) -> Value {
        let delta = json!({ "type": "text_delta", "text": text });
        json!({ "type": "stream_event", "event": { "type": "content_block_delta", "index": index, "delta": delta } })
    }

    fn whole(id: &str, block: &Value) -> Value {
        json!({ "type": "assistant", "message": { "id": id, "content": [block] } })
    }

    #[test]
    fn a_whole_text_replaces_what_was_streamed_of_it() {
        let mut notes = Notes::default();
        notes.take(&start("m"));
        notes.take(&whole("m", &json!({ "type": "thinking", "thinking": "hm" })));
        let item = "m-1".to_owned();
        let wrote = Step::Wrote { item: item.clone(), text: "Hel".to_owned() };
        assert_eq!(notes.take(&delta(1, "Hel")), [wrote]);
        let said = Step::Said { item, text: "Hello".to_owned() };
        assert_eq!(notes.take(&whole("m", &json!({ "type": "text", "text": "Hello" }))), [said]);
        assert_eq!(notes.take(&start("n")), []);
    }

    #[test]
    fn a_text_that_broke_is_dropped() {
        let mut notes = Notes::default();
        notes.take(&start("m"));
        notes.take(&delta(0, "Hel"));
        let said = notes.take(&whole("n", &json!({ "type": "text", "text": "Hello" })));
        assert_eq!(said[0], Step::Dropped { item: "m-0".to_owned() });
    }

    #[test]
    fn a_call_shows_how_it_ended() {
        let mut notes = Notes::default();
        let block = json!({ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": "make" } });
        assert_eq!(notes.take(&whole("m", &block)), [Step::Did { what: Text::verbatim("▸ make") }]);
        notes.deny("t");
        let result = json!({ "type": "tool_result", "tool_use_id": "t", "is_error": true });
        let result = json!({ "type": "user", "message": { "content": [result] } });
        let step = Step::Did { what: words::not_allowed("make").map(|what| format!("⊘ {what}")) };
        assert_eq!(notes.take(&result), [step]);
    }
}
