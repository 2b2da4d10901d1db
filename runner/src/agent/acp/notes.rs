//! What an agent does, in short lines, and what it says.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol grows: what PoCo does not know it passes over"
)]

use agent_client_protocol_schema::v1::{
    CompactionStatus, ContentBlock, ContentChunk, Plan, PlanEntryStatus, SessionUpdate, ToolCall,
    ToolCallContent, ToolCallStatus, ToolCallUpdate, ToolKind, UsageUpdate,
};
use poco_core::words::{acp as words, agent};
use poco_core::{Step, Text};
use similar::TextDiff;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The longest command in a progress line, in characters.
const COMMAND_CHARS_MAX: usize = 300;

/// Files named in one progress line.
const FILES_SHOWN: usize = 3;

/// The most tool calls known at a time.
const CALLS_MAX: usize = 1_024;

/// Lines around a change that are shown.
const CONTEXT_LINES: usize = 3;

/// The longest that two texts are compared before the rest is taken as changed.
const COMPARE_MAX: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The message that is being said: its name and all of it so far.
    message: Option<(String, String)>,
    messages: usize,
    calls: BTreeMap<String, ToolCall>,
    /// Calls of which was told that they began.
    begun: HashSet<String>,
    /// Calls that were not allowed.
    denied: HashSet<String>,
    plan: String,
    usage: Option<UsageUpdate>,
}

impl Notes {
    /// Says what an update means for a person.
    pub(super) fn take(&mut self, update: SessionUpdate) -> Vec<Step> {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => self.wrote(&chunk),
            SessionUpdate::ToolCall(call) => {
                let id = call.tool_call_id.to_string();
                self.learn(id.clone(), call);
                self.moved(&id)
            }
            SessionUpdate::ToolCallUpdate(update) => self.updated(update),
            SessionUpdate::Plan(plan) => self.planned(&plan),
            SessionUpdate::UsageUpdate(usage) => {
                self.usage = Some(usage);
                vec![]
            }
            SessionUpdate::CurrentModeUpdate(mode) => {
                vec![did("⇄", words::mode_is(mode.current_mode_id))]
            }
            SessionUpdate::Notice(notice) => vec![did("!", Text::verbatim(notice.title))],
            SessionUpdate::CompactionUpdate(it) if it.status == CompactionStatus::Completed => {
                vec![did("⇲", agent::compacted())]
            }
            _ => vec![],
        }
    }

    /// Ends what is being said, and sums up.
    pub(super) fn finish(&mut self) -> Vec<Step> {
        let mut steps = self.whole();
        if let Some(usage) = self.usage.take().filter(|usage| usage.used > 0) {
            steps.push(did("◔", spent(&usage)));
        }
        steps
    }

    /// How many messages were begun.
    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    /// Whether a tool is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.calls.values().any(|call| !is_over(call.status))
    }

    pub(super) fn call(&self, id: &str) -> Option<&ToolCall> {
        self.calls.get(id)
    }

    /// Remembers that a call was not allowed.
    pub(super) fn deny(&mut self, id: &str) {
        self.denied.insert(id.to_owned());
    }

    fn wrote(&mut self, chunk: &ContentChunk) -> Vec<Step> {
        let Some(text) = text(&chunk.content).filter(|text| !text.is_empty()) else {
            return vec![];
        };
        let named = chunk.message_id.as_ref().map(ToString::to_string);
        let goes_on = |(item, _): &(String, String)| named.as_ref().is_none_or(|it| it == item);
        let mut steps = match &self.message {
            Some(message) if !goes_on(message) => self.whole(),
            Some(_) | None => vec![],
        };
        if self.message.is_none() {
            self.messages += 1;
            let item = named.unwrap_or_else(|| format!("message-{}", self.messages));
            self.message = Some((item, String::new()));
        }
        if let Some((item, so_far)) = &mut self.message {
            so_far.push_str(text);
            steps.push(Step::Wrote { item: item.clone(), text: text.to_owned() });
        }
        steps
    }

    /// Tells the message as a whole: something else follows.
    fn whole(&mut self) -> Vec<Step> {
        let said = self.message.take().map(|(item, text)| Step::Said { item, text });
        said.into_iter().collect()
    }

    fn learn(&mut self, id: String, call: ToolCall) {
        if self.calls.len() >= CALLS_MAX && !self.calls.contains_key(&id) {
            self.calls.retain(|_, call| !is_over(call.status));
        }
        if self.calls.len() < CALLS_MAX {
            self.calls.insert(id, call);
        }
    }

    fn updated(&mut self, update: ToolCallUpdate) -> Vec<Step> {
        let id = update.tool_call_id.to_string();
        match self.calls.get_mut(&id) {
            Some(call) if is_over(call.status) => return vec![],
            Some(call) => call.update(update.fields),
            None => {
                let mut call = ToolCall::new(update.tool_call_id, String::new());
                call.update(update.fields);
                self.learn(id.clone(), call);
            }
        }
        self.moved(&id)
    }

    /// Says that a tool begins or ends, once each.
    fn moved(&mut self, id: &str) -> Vec<Step> {
        let Some(call) = self.calls.get(id) else { return vec![] };
        let what = title(call);
        let step = match call.status {
            ToolCallStatus::InProgress => {
                if what.is_empty() || !self.begun.insert(id.to_owned()) {
                    return vec![];
                }
                did(icon(call.kind), Text::verbatim(what))
            }
            ToolCallStatus::Completed if !self.denied.contains(id) => match exit_code(call) {
                Some(code) if code != 0 => did("✗", agent::exit(what, code)),
                Some(_) | None => did("✓", Text::verbatim(what)),
            },
            ToolCallStatus::Failed if !self.denied.contains(id) => did("✗", Text::verbatim(what)),
            ToolCallStatus::Completed | ToolCallStatus::Failed => {
                did("⊘", agent::not_allowed(what))
            }
            _ => return vec![],
        };
        let mut steps = self.whole();
        steps.push(step);
        steps
    }

    fn planned(&mut self, plan: &Plan) -> Vec<Step> {
        let is = |status| plan.entries.iter().filter(move |entry| entry.status == status);
        let done = is(PlanEntryStatus::Completed).count();
        let now = is(PlanEntryStatus::InProgress).next().map(|entry| entry.content.as_str());
        let line = format!("{done}/{} {}", plan.entries.len(), now.unwrap_or_default());
        if line == self.plan {
            return vec![];
        }
        self.plan.clone_from(&line);
        vec![did("☰", Text::verbatim(line))]
    }
}

/// Whether a call has come to its end.
pub(super) fn is_done(call: &ToolCall) -> bool {
    is_over(call.status)
}

fn is_over(status: ToolCallStatus) -> bool {
    matches!(status, ToolCallStatus::Completed | ToolCallStatus::Failed)
}

pub(super) fn did(icon: &str, what: Text) -> Step {
    let line =
        |text: &str| format!("{icon} {}", text.split_whitespace().collect::<Vec<_>>().join(" "));
    Step::Did { what: what.map(line) }
}

fn icon(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Execute => "▸",
        ToolKind::Edit | ToolKind::Delete | ToolKind::Move => "✎",
        ToolKind::Search | ToolKind::Fetch => "⌕",
        _ => "⚙",
    }
}

fn title(call: &ToolCall) -> String {
    if let Some(command) = command(call) {
        return shortened(&command);
    }
    let files: Vec<_> = call.locations.iter().map(|it| it.path.display().to_string()).collect();
    if matches!(call.kind, ToolKind::Edit | ToolKind::Delete | ToolKind::Move) && !files.is_empty()
    {
        let shown =
            files.iter().take(FILES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        return match files.len().saturating_sub(FILES_SHOWN) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        };
    }
    shortened(&call.title)
}

/// Returns how a command ended, where the agent says it in one of the usual words.
fn exit_code(call: &ToolCall) -> Option<i64> {
    let raw = call.raw_output.as_ref()?;
    let places = [&raw["exitCode"], &raw["exit_code"], &raw["metadata"]["exit"]];
    places.into_iter().find_map(serde_json::Value::as_i64)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(COMMAND_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn spent(usage: &UsageUpdate) -> Text {
    let thousands = |tokens: u64| match tokens {
        0..1_000 => tokens.to_string(),
        _ => format!("{}k", tokens / 1_000),
    };
    let context = words::context(thousands(usage.used), thousands(usage.size));
    match &usage.cost {
        Some(cost) if cost.amount > 0.0 => {
            words::cost(context, format!("{:.2}", cost.amount), &cost.currency)
        }
        Some(_) | None => context,
    }
}

/// Returns the text of a piece of content, if it is one.
pub(super) fn text(content: &ContentBlock) -> Option<&str> {
    match content {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    }
}

/// Returns the command that a call runs, if it runs one.
pub(super) fn command(call: &ToolCall) -> Option<String> {
    if call.kind != ToolKind::Execute {
        return None;
    }
    let given = call.raw_input.as_ref().and_then(|raw| raw.get("command").or(raw.get("cmd")));
    let words = |words: &Vec<serde_json::Value>| {
        let words: Option<Vec<_>> = words.iter().map(|word| word.as_str()).collect();
        words.and_then(|words| shlex::try_join(words).ok())
    };
    let spelled =
        given.and_then(|it| it.as_str().map(str::to_owned).or_else(|| words(it.as_array()?)));
    // A program may be named apart from what it is given.
    let more = call.raw_input.as_ref().and_then(|raw| words(raw.get("args")?.as_array()?));
    let spelled = match (spelled, more) {
        (Some(program), Some(more)) => Some(format!("{program} {more}")),
        (spelled, _) => spelled,
    };
    let title = || Some(call.title.trim_matches('`').to_owned());
    spelled.filter(|it| !it.is_empty()).or_else(title).filter(|it| !it.is_empty())
}

/// Returns the change that a call makes, as a diff and the files it is about, if it makes one.
pub(super) fn patch(call: &ToolCall) -> Option<(String, Vec<String>)> {
    let diffs = call.content.iter().filter_map(|content| match content {
        ToolCallContent::Diff(diff) => Some(diff),
        _ => None,
    });
    let (mut texts, mut files) = (vec![], vec![]);
    for diff in diffs {
        let path = diff.path.display().to_string();
        let old = diff.old_text.as_deref().unwrap_or_default();
        let kind = if diff.old_text.is_none() { "add" } else { "update" };
        let changed = TextDiff::configure().timeout(COMPARE_MAX).diff_lines(old, &diff.new_text);
        let hunks = changed.unified_diff().context_radius(CONTEXT_LINES).to_string();
        texts.push(format!("{kind} {path}\n{hunks}"));
        files.push(path);
    }
    (!files.is_empty()).then(|| (texts.join("\n"), files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn update(value: Value) -> SessionUpdate {
        serde_json::from_value(value).unwrap()
    }

    fn chunk(text: &str) -> SessionUpdate {
        let content = json!({ "type": "text", "text": text });
        update(json!({ "sessionUpdate": "agent_message_chunk", "content": content }))
    }

    fn wrote(item: &str, text: &str) -> Step {
        Step::Wrote { item: item.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_message_is_whole_when_something_else_begins() {
        let mut notes = Notes::default();
        assert_eq!(notes.take(chunk("Hel")), [wrote("message-1", "Hel")]);
        assert_eq!(notes.take(chunk("lo")), [wrote("message-1", "lo")]);
        let call = json!({ "sessionUpdate": "tool_call", "toolCallId": "c", "title": "bash", "kind": "execute",
            "status": "in_progress", "rawInput": { "command": "ls -l" } });
        let whole = Step::Said { item: "message-1".to_owned(), text: "Hello".to_owned() };
        assert_eq!(notes.take(update(call.clone())), [whole, did("▸", Text::verbatim("ls -l"))]);
        assert_eq!(notes.take(update(call)), []);
        assert!(notes.is_at_work());
        let over = json!({ "sessionUpdate": "tool_call_update", "toolCallId": "c", "status": "completed" });
        assert_eq!(notes.take(update(over.clone())), [did("✓", Text::verbatim("ls -l"))]);
        assert_eq!(notes.take(update(over)), []);
        assert!(!notes.is_at_work());
        assert_eq!(notes.take(chunk("on")), [wrote("message-2", "on")]);
    }

    #[test]
    fn a_change_is_shown_as_a_diff() {
        let content = json!([{ "type": "diff", "path": "/w/a.txt", "oldText": "one\ntwo\n", "newText": "one\n2\n" }]);
        let call =
            json!({ "toolCallId": "c", "title": "edit", "kind": "edit", "content": content });
        let (diff, files) = patch(&serde_json::from_value(call).unwrap()).unwrap();
        assert_eq!(files, ["/w/a.txt"]);
        assert!(diff.contains("-two\n+2\n") && diff.starts_with("update /w/a.txt\n"), "{diff}");
    }

    #[test]
    fn what_is_spent_is_told_at_the_end() {
        let mut notes = Notes::default();
        let usage = json!({ "sessionUpdate": "usage_update", "used": 24_100, "size": 200_000, "cost": { "amount": 0.034, "currency": "USD" } });
        assert_eq!(notes.take(update(usage)), []);
        let Step::Did { what } = &notes.finish()[0] else { panic!("no step") };
        assert_eq!(
            what.of(poco_core::Lang::En),
            "◔ 24k of 200k tokens of context, 0.03 USD so far"
        );
    }
}
