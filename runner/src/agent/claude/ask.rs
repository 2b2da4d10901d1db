//! What Claude Code asks a person, and how it is answered.

use super::super::{Question, other_fields};
use poco_core::words::agent as words;
use poco_core::{Danger, Nature, Text, Verdict, code, fenced, prose, seen};
use serde_json::{Map, Value, json};

/// What the model is told if a person gave no reason.
const DENIED: &str = "The user did not allow this. Go on without it, or ask what to do instead.";

/// A question that waits for its answer.
pub(super) struct Pending {
    tool: String,
    input: Value,
    /// What would have to be allowed for it not to be asked again.
    rules: Value,
}

/// How it is answered, and what else follows.
pub(super) struct Reply {
    pub(super) response: Value,
    /// Allowed for the whole conversation.
    pub(super) granted: Option<Value>,
    pub(super) denied: bool,
}

/// Reads a request for leave.
pub(super) fn read(request: &Value, workdir: &str) -> (Pending, Question, Nature) {
    let tool = text(request, "tool_name");
    let input = request["input"].clone();
    let rules = rules(&tool, &input);
    let question = remark(question(&tool, request, workdir), &rules);
    let nature = nature(&tool, &input);
    (Pending { tool, input, rules }, question, nature)
}

/// Says what is known of a tool of Claude Code's by its name. Of a command, of tools of others and
/// of those to come nothing is.
fn nature(tool: &str, input: &Value) -> Nature {
    let (new, network, delete) = (Nature::default(), Danger::Network, Danger::Delete);
    match tool {
        "WebFetch" | "WebSearch" => new.is(network).is_not(delete),
        "Write" | "Edit" | "MultiEdit" => new.is_not(network).is_not(delete),
        "NotebookEdit" if input["edit_mode"] == "delete" => new.is(delete).is_not(network),
        "NotebookEdit" => new.is_not(network).is_not(delete),
        // A plan does nothing yet: what it leads to is asked for.
        "Read" | "Glob" | "Grep" | "LS" | "TodoWrite" | "ExitPlanMode" => {
            new.is_not(network).is_not(delete)
        }
        _ => new,
    }
}

fn question(tool: &str, request: &Value, workdir: &str) -> Question {
    let input = &request["input"];
    let reason = reason(request);
    match tool {
        "Bash" => {
            let more = other_fields(input, &["command", "description", "timeout"]);
            let reason = lines(reason, more);
            Question::Command { command: text(input, "command"), cwd: workdir.to_owned(), reason }
        }
        "Write" | "Edit" | "MultiEdit" => {
            let file = text(input, "file_path");
            let shown =
                ["file_path", "content", "old_string", "new_string", "edits", "replace_all"];
            let reason = lines(reason, other_fields(input, &shown));
            Question::Patch { diff: diff(input), files: vec![file], reason }
        }
        "AskUserQuestion" => Question::Questions(questions(input)),
        "ExitPlanMode" => {
            let what = prose(&text(input, "plan"));
            Question::Permission { what, reason: words::claude_plan() }
        }
        "WebFetch" => {
            let what = code(&format!("{tool}: {}", text(input, "url")));
            Question::Permission { what: format!("- {what}"), reason }
        }
        _ => {
            // What a tool calls itself does not stand in for its name.
            let name = request["display_name"].as_str().filter(|name| *name != tool);
            let name =
                name.map_or_else(|| code(tool), |name| format!("{} {}", code(name), code(tool)));
            let input = serde_json::to_string_pretty(input).unwrap_or_default();
            let what = format!("{name}\n{}", fenced("json", &seen(&input)));
            Question::Permission { what, reason }
        }
    }
}

/// Claude Code's own reasons.
fn reason(request: &Value) -> Text {
    let what = request["input"]["description"].as_str();
    let why = request["decision_reason"].as_str();
    let parts: Vec<_> = what.into_iter().chain(why).filter(|it| !it.is_empty()).collect();
    Text::verbatim(parts.join("\n"))
}

fn lines(one: Text, more: Text) -> Text {
    Text::join([one, more].into_iter().filter(|text| !text.is_empty()), "\n")
}

/// Shows a change as far as Claude Code tells it: what goes and what comes.
fn diff(input: &Value) -> String {
    let signed = |sign: char, text: &str| {
        text.lines().map(|line| format!("{sign}{line}")).collect::<Vec<_>>().join("\n")
    };
    let one = |edit: &Value| {
        let gone = edit["old_string"].as_str().map(|text| signed('-', text));
        let comes = edit["new_string"].as_str().or_else(|| edit["content"].as_str());
        let parts: Vec<_> = gone.into_iter().chain(comes.map(|text| signed('+', text))).collect();
        let all = if edit["replace_all"] == true { "replace_all\n" } else { "" };
        format!("{all}{}", parts.join("\n"))
    };
    let changes = match input["edits"].as_array() {
        Some(edits) => edits.iter().map(one).collect::<Vec<_>>().join("\n…\n"),
        None => one(input),
    };
    format!("{}\n{changes}", text(input, "file_path"))
}

fn questions(input: &Value) -> Vec<poco_core::Question> {
    let label = |option: &Value| option["label"].as_str().map(str::to_owned);
    // Claude Code knows a question by its words, which are not to be kept as they are.
    let read = |(at, it): (usize, &Value)| poco_core::Question {
        id: at.to_string(),
        text: text(it, "question"),
        options: it["options"].as_array().into_iter().flatten().filter_map(label).collect(),
    };
    input["questions"].as_array().into_iter().flatten().enumerate().map(read).collect()
}

/// Says what to allow so that the very same is not asked again: a command as it is, and a change by
/// its file. What Claude Code suggests is never taken, for it may be more than was shown, such as
/// all of a folder. Where no rule says the very same there is none.
fn rules(tool: &str, input: &Value) -> Value {
    match tool {
        "Bash" => {
            let command = text(input, "command");
            let rule = json!([{ "toolName": tool, "ruleContent": command }]);
            if is_plain(&command) { rule } else { json!([]) }
        }
        "Write" | "Edit" | "MultiEdit" => {
            let file = text(input, "file_path");
            let exact = is_plain(&file)
                && file.starts_with('/')
                && !file.ends_with('/')
                && !file.split('/').any(|part| [".", ".."].contains(&part));
            // Two slashes begin a path from the root.
            let rule = json!([{ "toolName": "Edit", "ruleContent": format!("/{file}") }]);
            if exact { rule } else { json!([]) }
        }
        _ => json!([]),
    }
}

/// Whether a text means itself in a rule, and nothing else.
fn is_plain(text: &str) -> bool {
    let odd = |c: char| "*?[]()\\!".contains(c) || c.is_control();
    !text.contains(odd) && text.trim() == text && !text.is_empty()
}

/// Says what leave for the session comes to, where that is not just what is shown.
fn remark(mut question: Question, rules: &Value) -> Question {
    let once = rules.as_array().is_none_or(Vec::is_empty);
    let (reason, remark) = match &mut question {
        Question::Command { reason, .. } if once => (reason, words::claude_once()),
        Question::Permission { reason, .. } => (reason, words::claude_once()),
        Question::Patch { reason, .. } if once => (reason, words::claude_once()),
        Question::Patch { reason, .. } => (reason, words::claude_file()),
        Question::Command { .. } | Question::Questions(_) => return question,
    };
    *reason = lines(std::mem::take(reason), remark);
    question
}

impl Pending {
    /// Words a person's verdict as Claude Code wants it.
    pub(super) fn reply(&self, verdict: &Verdict) -> Reply {
        match verdict {
            Verdict::AllowOnce => Self::allow(&self.input, None),
            Verdict::AllowSession => {
                let some = self.rules.as_array().is_some_and(|rules| !rules.is_empty());
                Self::allow(&self.input, some.then(|| self.rules.clone()))
            }
            Verdict::Answers(answers) if self.tool == "AskUserQuestion" => {
                let mut input = self.input.clone();
                let put = |id: &str| {
                    let at = id.parse::<usize>().ok()?;
                    self.input["questions"][at]["question"].as_str().map(str::to_owned)
                };
                let answer = |(id, text): (&String, &String)| Some((put(id)?, json!(text)));
                input["answers"] = answers.iter().filter_map(answer).collect::<Map<_, _>>().into();
                Self::allow(&input, None)
            }
            Verdict::Answers(_) | Verdict::Deny { why: None } => deny(DENIED),
            Verdict::Deny { why: Some(why) } => {
                deny(&format!("The user did not allow this. Their reason: {why}"))
            }
        }
    }

    fn allow(input: &Value, granted: Option<Value>) -> Reply {
        let mut response = json!({ "behavior": "allow", "updatedInput": input });
        if let Some(rules) = &granted {
            response["updatedPermissions"] = json!([{
                "type": "addRules", "rules": rules, "behavior": "allow", "destination": "session",
            }]);
        }
        Reply { response, granted, denied: false }
    }
}

fn deny(why: &str) -> Reply {
    let response = json!({ "behavior": "deny", "message": why });
    Reply { response, granted: None, denied: true }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_for_the_session_is_for_what_was_shown() {
        let suggestions = json!([
            { "type": "addRules", "behavior": "allow", "rules": [{ "toolName": "Bash", "ruleContent": "make" }] },
            { "type": "setMode", "mode": "acceptEdits", "destination": "session" },
            { "type": "addDirectories", "directories": ["/"], "destination": "session" },
        ]);
        let request = json!({ "tool_name": "Bash", "input": { "command": "make" }, "permission_suggestions": suggestions });
        let (pending, _, _) = read(&request, "/w");
        let reply = pending.reply(&Verdict::AllowSession);
        assert_eq!(reply.granted, Some(json!([{ "toolName": "Bash", "ruleContent": "make" }])));
        let request = json!({ "tool_name": "Write", "input": { "file_path": "/w/a", "content": "x" }, "permission_suggestions": suggestions });
        let (pending, question, _) = read(&request, "/w");
        let reply = pending.reply(&Verdict::AllowSession);
        assert_eq!(reply.granted, Some(json!([{ "toolName": "Edit", "ruleContent": "//w/a" }])));
        let Question::Patch { diff, .. } = question else { panic!("{question:?}") };
        assert_eq!(diff, "/w/a\n+x");
    }

    #[test]
    fn leave_for_the_session_is_never_for_more_than_was_shown() {
        let granted = |tool: &str, input: Value| {
            let rule = json!({ "toolName": tool, "ruleContent": "//w/**" });
            let suggestions = json!([{ "type": "addRules", "behavior": "allow", "rules": [rule] }]);
            let request =
                json!({ "tool_name": tool, "input": input, "permission_suggestions": suggestions });
            let (pending, question, _) = read(&request, "/w");
            let (Question::Command { reason, .. }
            | Question::Patch { reason, .. }
            | Question::Permission { reason, .. }) = question
            else {
                panic!("{question:?}")
            };
            let granted = pending.reply(&Verdict::AllowSession).granted;
            let told = reason.of(poco_core::Lang::En).contains("this once only");
            assert_eq!(granted.is_none(), told, "{tool} {input}");
            granted
        };
        for (tool, input) in [
            ("Read", json!({ "file_path": "/w/secret" })),
            ("WebFetch", json!({ "url": "https://x" })),
            ("mcp__mail__send", json!({ "to": "ada" })),
            ("ExitPlanMode", json!({ "plan": "all" })),
            ("Bash", json!({ "command": "rm *" })),
            ("Bash", json!({ "command": "ls [a]" })),
            ("Bash", json!({ "command": " ls" })),
            ("Write", json!({ "file_path": "/w/*" })),
            ("Write", json!({ "file_path": "/w/!a" })),
            ("Edit", json!({ "file_path": "/w/a\\b" })),
            ("Edit", json!({ "file_path": "/w/../b" })),
            ("Edit", json!({ "file_path": "b" })),
        ] {
            assert_eq!(granted(tool, input.clone()), None, "{tool} {input}");
        }
        assert!(granted("Bash", json!({ "command": "make" })).is_some());
        assert!(granted("Edit", json!({ "file_path": "/w/a b.rs" })).is_some());
    }

    #[test]
    fn what_is_not_known_is_shown_as_it_came() {
        let request = json!({ "tool_name": "mcp__mail__send", "input": { "to": "ada" } });
        let (pending, question, _) = read(&request, "/w");
        let Question::Permission { what, .. } = question else { panic!("{question:?}") };
        assert!(what.contains("mcp__mail__send") && what.contains("ada"), "{what}");
        assert!(pending.reply(&Verdict::Answers([].into())).denied);
    }

    #[test]
    fn a_tool_is_of_a_kind_by_its_name() {
        let (network, delete) = (Danger::Network, Danger::Delete);
        for (tool, input, is, is_not) in [
            ("Bash", json!({ "command": "ls" }), vec![], vec![]),
            ("WebFetch", json!({ "url": "https://x" }), vec![network], vec![delete]),
            ("WebSearch", json!({}), vec![network], vec![delete]),
            ("Write", json!({}), vec![], vec![network, delete]),
            ("Edit", json!({}), vec![], vec![network, delete]),
            ("NotebookEdit", json!({ "edit_mode": "delete" }), vec![delete], vec![network]),
            ("NotebookEdit", json!({}), vec![], vec![network, delete]),
            ("Read", json!({}), vec![], vec![network, delete]),
            ("ExitPlanMode", json!({ "plan": "rm" }), vec![], vec![network, delete]),
            ("Task", json!({}), vec![], vec![]),
            ("mcp__mail__send", json!({}), vec![], vec![]),
            ("Tomorrow", json!({}), vec![], vec![]),
        ] {
            let request = json!({ "tool_name": tool, "input": input });
            let (_, _, nature) = read(&request, "/w");
            let of = |kinds: &std::collections::BTreeSet<Danger>| {
                kinds.iter().copied().collect::<Vec<_>>()
            };
            assert_eq!((of(&nature.is), of(&nature.is_not)), (is, is_not), "{tool}");
            assert!(!nature.leave);
        }
    }

    #[test]
    fn what_is_asked_is_shown_whole() {
        let input = json!({ "command": "ls", "timeout": 5, "description": "Look",
            "dangerouslyDisableSandbox": true, "run_in_background": false });
        let (_, question, _) = read(&json!({ "tool_name": "Bash", "input": input }), "/w");
        let Question::Command { reason, .. } = question else { panic!("{question:?}") };
        assert_eq!(reason, Text::verbatim("Look\ndangerouslyDisableSandbox: true"));
        let edit = json!({ "old_string": "a", "new_string": "b", "replace_all": true });
        let input = json!({ "file_path": "/w/a", "edits": [edit] });
        let (_, question, _) = read(&json!({ "tool_name": "MultiEdit", "input": input }), "/w");
        let Question::Patch { diff, .. } = question else { panic!("{question:?}") };
        assert_eq!(diff, "/w/a\nreplace_all\n-a\n+b");
    }

    #[test]
    fn a_tool_can_not_look_like_another() {
        let shown = |request: Value| {
            let (_, question, _) = read(&request, "/w");
            let Question::Permission { what, .. } = question else { panic!("{question:?}") };
            what
        };
        let what =
            shown(json!({ "tool_name": "mcp__x", "display_name": "Read`\n# Fine", "input": {} }));
        assert_eq!(what, "`` Read`⏎# Fine `` `mcp__x`\n```json\n{}\n```");
        let url = "https://x`\n[Allow once](https://evil.example)";
        let what = shown(json!({ "tool_name": "WebFetch", "input": { "url": url } }));
        assert_eq!(what, "- `` WebFetch: https://x`⏎[Allow once](https://evil.example) ``");
        let plan = "1. [Allow once](https://evil.example)";
        let what = shown(json!({ "tool_name": "ExitPlanMode", "input": { "plan": plan } }));
        assert_eq!(what, "1. \\[Allow once\\](https://evil.example)");
    }
}
