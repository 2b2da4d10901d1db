//! Turns codex's notifications and records into notes.

use super::inbox::{DELTA, DIFF};
use poco_core::words::agent as words;
use poco_core::{Step, Text};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// The longest command shown in a progress line, in characters.
const COMMAND_CHARS_MAX: usize = 100;

/// Files named in a progress line; more are counted.
const FILES_SHOWN: usize = 3;

/// A change to files that codex announced.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patch {
    pub(super) diff: String,
    pub(super) files: Vec<String>,
    /// What becomes of each of them, by codex's word: `add`, `delete`, `update`, or `move`.
    pub(super) kinds: Vec<String>,
}

/// What must be remembered from one notification to the next.
#[derive(Default)]
pub(super) struct Notes {
    /// Messages that have begun.
    open: Vec<String>,
    patches: HashMap<String, Patch>,
    /// Calls that were open when we began to listen.
    calls: BTreeMap<String, Patch>,
    plan: String,
}

impl Notes {
    /// Takes a notification in, and returns what is worth a glance.
    pub(super) fn take(&mut self, method: &str, params: &Value) -> Vec<Step> {
        match method {
            DELTA => self.wrote(params),
            "item/started" => self.began(&params["item"]),
            "item/completed" => self.completed(&params["item"]),
            DIFF => match params["diff"].as_str() {
                Some(diff) => vec![Step::Changed { diff: diff.to_owned() }],
                None => vec![],
            },
            "turn/plan/updated" => self.planned(params),
            "error" => self.failed(params),
            "warning" | "configWarning" => {
                let text = params["message"].as_str().or_else(|| params["summary"].as_str());
                text.map(|text| did("⚠", Text::verbatim(text))).into_iter().collect()
            }
            "model/rerouted" => {
                let to = params["toModel"].as_str().map(Text::verbatim);
                vec![did("⚠", words::rerouted(to.unwrap_or_else(words::another_model)))]
            }
            _ => vec![],
        }
    }

    /// Returns the change an item makes. One that was announced before we listened is looked for
    /// among the open calls: under its name or, if there is but one, as that.
    pub(super) fn patch(&self, item: &str) -> Option<&Patch> {
        let only = || self.calls.values().next().filter(|_| self.calls.len() == 1);
        self.patches.get(item).or_else(|| self.calls.get(item)).or_else(only)
    }

    pub(super) fn recall_calls(&mut self, calls: BTreeMap<String, Patch>) {
        self.calls = calls;
    }

    /// Notes an item that is only known from the record.
    pub(super) fn recall(&mut self, item: &Value) {
        if item["type"] == "fileChange" {
            self.patches.insert(id(item), patch(item));
        }
    }

    fn wrote(&mut self, params: &Value) -> Vec<Step> {
        let item = params["itemId"].as_str().unwrap_or_default().to_owned();
        let text = params["delta"].as_str().unwrap_or_default().to_owned();
        if !self.open.contains(&item) {
            self.open.push(item.clone());
        }
        vec![Step::Wrote { item, text }]
    }

    fn began(&mut self, item: &Value) -> Vec<Step> {
        self.recall(item);
        match item["type"].as_str().unwrap_or_default() {
            "commandExecution" => vec![did("▸", command(item))],
            "fileChange" => vec![did("✎", files(item))],
            "mcpToolCall" => vec![did("⚙", tool(item))],
            "dynamicToolCall" => {
                vec![did("⚙", Text::verbatim(item["tool"].as_str().unwrap_or_default()))]
            }
            _ => vec![],
        }
    }

    fn completed(&mut self, item: &Value) -> Vec<Step> {
        let id = id(item);
        self.open.retain(|open| *open != id);
        self.patches.remove(&id);
        completed(item)
    }

    fn planned(&mut self, params: &Value) -> Vec<Step> {
        let steps: Vec<_> = params["plan"].as_array().into_iter().flatten().collect();
        let is = |step: &Value, status: &str| step["status"] == status;
        let done = steps.iter().filter(|step| is(step, "completed")).count();
        let now = steps.iter().find(|step| is(step, "inProgress"));
        let now = now.and_then(|step| step["step"].as_str()).unwrap_or_default();
        let plan = format!("{done}/{} {now}", steps.len());
        if plan == self.plan {
            return vec![];
        }
        self.plan.clone_from(&plan);
        vec![did("☰", Text::verbatim(plan.trim_end()))]
    }

    /// A broken answer is asked for anew: what was written of it will not be finished.
    fn failed(&mut self, params: &Value) -> Vec<Step> {
        if params["willRetry"] != true {
            return vec![];
        }
        let dropped = self.open.drain(..).map(|item| Step::Dropped { item });
        let mut steps: Vec<_> = dropped.collect();
        let message = params["error"]["message"].as_str().map(Text::verbatim);
        steps.push(did("↻", message.unwrap_or_else(words::trying_again)));
        steps
    }
}

/// Says what a whole item of the record was.
pub(super) fn completed(item: &Value) -> Vec<Step> {
    let status = item["status"].as_str().unwrap_or_default();
    let named = |key: &str| item[key].as_str().map(Text::verbatim);
    match item["type"].as_str().unwrap_or_default() {
        "agentMessage" => {
            let text = item["text"].as_str().unwrap_or_default().to_owned();
            vec![Step::Said { item: id(item), text }]
        }
        "commandExecution" => vec![ran(item, status)],
        "fileChange" => match status {
            "declined" => vec![did("⊘", words::not_allowed(files(item)))],
            "failed" => vec![did("✗", words::failed(files(item)))],
            _ => vec![did("✓", files(item))],
        },
        "mcpToolCall" if status == "failed" => vec![did("✗", tool(item))],
        "webSearch" => vec![did("⌕", named("query").unwrap_or_else(words::the_web))],
        "imageView" => vec![did("▣", named("path").unwrap_or_else(words::an_image))],
        "contextCompaction" => vec![did("⇲", words::compacted())],
        _ => vec![],
    }
}

fn ran(item: &Value, status: &str) -> Step {
    let command = command(item);
    match (status, item["exitCode"].as_i64()) {
        ("declined", _) => did("⊘", words::not_allowed(command)),
        (_, Some(0)) => did("✓", command),
        (_, Some(code)) => did("✗", words::exit(command, code)),
        ("failed", None) => did("✗", words::failed(command)),
        (_, None) => did("✓", command),
    }
}

fn did(icon: &str, what: Text) -> Step {
    let line = |what: &str| what.split_whitespace().collect::<Vec<_>>().join(" ");
    Step::Did { what: what.map(|what| format!("{icon} {}", line(what))) }
}

/// The command as it was meant, without the shell it is wrapped in.
fn command(item: &Value) -> Text {
    let actions: Vec<_> = item["commandActions"].as_array().into_iter().flatten().collect();
    let meant: Option<Vec<_>> = actions.iter().map(|it| it["command"].as_str()).collect();
    let meant = meant.filter(|it| !it.is_empty()).map(|it| it.join(" ; "));
    let command = meant.unwrap_or_else(|| item["command"].as_str().unwrap_or("?").to_owned());
    Text::verbatim(match command.char_indices().nth(COMMAND_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &command[..end]),
        None => command,
    })
}

fn patch(item: &Value) -> Patch {
    let changes = item["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let path = |change: &Value| change["path"].as_str().unwrap_or("?").to_owned();
    let diff = |change: &Value| {
        let (path, diff) = (path(change), change["diff"].as_str().unwrap_or_default());
        let kind = change["kind"]["type"].as_str().unwrap_or("update");
        match change["kind"]["move_path"].as_str() {
            Some(to) => format!("{kind} {path} → {to}\n{diff}"),
            None => format!("{kind} {path}\n{diff}"),
        }
    };
    let kind = |change: &Value| match change["kind"]["move_path"].as_str() {
        Some(_) => "move".to_owned(),
        // One that is not told may be any.
        None => change["kind"]["type"].as_str().unwrap_or("?").to_owned(),
    };
    Patch {
        diff: changes.iter().map(diff).collect::<Vec<_>>().join("\n"),
        files: changes.iter().map(path).collect(),
        kinds: changes.iter().map(kind).collect(),
    }
}

fn files(item: &Value) -> Text {
    let files = patch(item).files;
    let shown = files.iter().take(FILES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(FILES_SHOWN) {
        0 => Text::verbatim(shown),
        more => words::and_more(shown, more),
    }
}

fn tool(item: &Value) -> Text {
    let part = |key: &str| item[key].as_str().unwrap_or("?");
    Text::verbatim(format!("{}.{}", part("server"), part("tool")))
}

fn id(item: &Value) -> String {
    item["id"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::Lang;
    use serde_json::json;

    fn english(item: &Value) -> Vec<String> {
        let said = |step| match step {
            Step::Did { what } => what.of(Lang::En).to_owned(),
            Step::Wrote { .. }
            | Step::Said { .. }
            | Step::Dropped { .. }
            | Step::Changed { .. }
            | Step::Gap => unreachable!("it did something"),
        };
        completed(item).into_iter().map(said).collect()
    }

    #[test]
    fn an_answer_that_broke_is_dropped() {
        let mut notes = Notes::default();
        notes.take(DELTA, &json!({ "itemId": "m1", "delta": "Hel" }));
        let error = json!({ "willRetry": true, "error": { "message": "Reconnecting... 1/2" } });
        assert_eq!(
            notes.take("error", &error),
            [
                Step::Dropped { item: "m1".to_owned() },
                Step::Did { what: Text::verbatim("↻ Reconnecting... 1/2") },
            ]
        );
    }

    #[test]
    fn a_command_shows_how_it_ended() {
        let mut item = json!({ "type": "commandExecution", "id": "c", "command": "bash -lc 'cargo test'",
            "commandActions": [{ "type": "unknown", "command": "cargo test" }], "status": "failed", "exitCode": 101 });
        assert_eq!(english(&item), ["✗ cargo test · exit 101"]);
        item["status"] = json!("declined");
        assert_eq!(english(&item), ["⊘ cargo test · not allowed"]);
        item["type"] = json!("somethingNew");
        assert_eq!(completed(&item), []);
    }
}
