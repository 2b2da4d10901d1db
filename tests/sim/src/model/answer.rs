//! What the model says and which tools it calls, in the pieces of the wire.

use super::script::Tools;
use super::sse::fresh;
use serde_json::{Value, json};

/// Bytes of an answer sent at a time.
const PIECE_BYTES: usize = 24;

/// A long answer goes in larger pieces.
const PIECES_MAX: usize = 400;

pub(super) enum Piece {
    /// A message begins.
    Begin { item: String },
    /// More of the message.
    Text(String),
    /// More of the message, once the test lets it.
    Gated(String),
    /// The message is whole.
    End,
    /// A whole item of another kind.
    Item(Value),
    /// Nothing more comes, and the stream stays open.
    Hang,
    /// The connection breaks.
    Cut,
}

/// A message in pieces.
pub(super) fn message(text: &str) -> Vec<Piece> {
    let size = PIECE_BYTES.max(text.len() / PIECES_MAX);
    let mut pieces = vec![Piece::Begin { item: fresh("msg") }];
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(size.min(rest.len()));
        pieces.push(Piece::Text(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    pieces.push(Piece::End);
    pieces
}

/// A message whose pieces wait for the test.
pub(super) fn slow(count: usize) -> Vec<Piece> {
    let mut pieces = vec![Piece::Begin { item: fresh("msg") }];
    pieces.push(Piece::Text("piece 0 ".to_owned()));
    pieces.extend((1..count).map(|n| Piece::Gated(format!("piece {n} "))));
    pieces.push(Piece::End);
    pieces
}

/// A text with all that cards find hard, at least this long.
pub(super) fn long(bytes: usize) -> String {
    let mut text = String::new();
    let mut section = 0;
    while text.len() < bytes {
        section += 1;
        text.push_str(&format!(
            "## Section {section}\n\nProse with *marks*, `code` and ünïcödé 漢字 🎉.\n\n"
        ));
        text.push_str("| number | square |\n|---|---|\n");
        for n in 0..12 {
            text.push_str(&format!("| {n} | {} |\n", n * n));
        }
        text.push_str("\n```rust\n");
        for n in 0..12 {
            text.push_str(&format!("let value_{section}_{n} = {n}; // a line of code\n"));
        }
        text.push_str("```\n\n");
    }
    text
}

/// One call of a tool.
pub(super) struct Call {
    tool: &'static str,
    arguments: Value,
    /// It takes bare text.
    bare: bool,
}

impl Call {
    pub(super) fn command(command: &str) -> Self {
        Self { tool: "exec_command", arguments: json!({ "cmd": command }), bare: false }
    }

    pub(super) fn escalated(command: &str) -> Self {
        let arguments = json!({
            "cmd": command,
            "sandbox_permissions": "require_escalated",
            "justification": "The script wants it.",
        });
        Self { tool: "exec_command", arguments, bare: false }
    }

    pub(super) fn patch(path: &str, text: &str) -> Self {
        let patch = format!("*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch\n");
        Self { tool: "apply_patch", arguments: json!(patch), bare: true }
    }

    pub(super) fn plan(steps: &str) -> Self {
        let step = |(at, step): (usize, &str)| {
            let status = if at == 0 { "in_progress" } else { "pending" };
            json!({ "step": step.trim(), "status": status })
        };
        let plan: Vec<_> = steps.split(';').enumerate().map(step).collect();
        Self { tool: "update_plan", arguments: json!({ "plan": plan }), bare: false }
    }

    pub(super) fn question(text: &str) -> Self {
        let options = json!([
            { "label": "Red", "description": "The warm one." },
            { "label": "Blue", "description": "The cold one." },
        ]);
        let question =
            json!({ "id": "q1", "header": "Choice", "question": text, "options": options });
        Self {
            tool: "request_user_input",
            arguments: json!({ "questions": [question] }),
            bare: false,
        }
    }

    /// Words the call as the agent wants it.
    pub(super) fn item(&self, tools: Tools) -> Value {
        let (id, call) = (fresh("item"), fresh("call"));
        match (tools, self.bare) {
            (Tools::Direct, false) => json!({
                "type": "function_call", "id": id, "call_id": call, "name": self.tool,
                "arguments": self.arguments.to_string(), "status": "completed",
            }),
            (Tools::Direct, true) => json!({
                "type": "custom_tool_call", "id": id, "call_id": call, "name": self.tool,
                "input": self.arguments, "status": "completed",
            }),
            (Tools::Code, _) => json!({
                "type": "custom_tool_call", "id": id, "call_id": call, "name": "exec",
                "namespace": "functions", "status": "completed",
                "input": format!("text(JSON.stringify(await tools.{}({})))", self.tool, self.arguments),
            }),
            (Tools::Claude, _) => {
                let (name, input) = self.of_claude();
                json!({ "type": "tool_use", "id": call, "name": name, "input": input })
            }
            (Tools::Opencode, _) => {
                let (name, input) = self.of_opencode();
                json!({
                    "type": "function_call", "id": id, "call_id": call, "name": name,
                    "arguments": input.to_string(), "status": "completed",
                })
            }
        }
    }

    /// The same call as opencode has it: much as Claude Code does, by other names.
    fn of_opencode(&self) -> (&'static str, Value) {
        match self.of_claude() {
            ("Bash", input) => {
                let why = input["description"].as_str().unwrap_or("The script wants it.");
                ("bash", json!({ "command": input["command"], "description": why }))
            }
            ("Write", input) => {
                ("write", json!({ "filePath": input["file_path"], "content": input["content"] }))
            }
            ("update_plan", input) => {
                let steps = input["plan"].as_array().unwrap().iter().enumerate();
                let todo = |(at, step): (usize, &Value)| {
                    json!({
                        "id": at.to_string(), "content": step["step"], "status": step["status"],
                        "priority": "medium",
                    })
                };
                ("todowrite", json!({ "todos": steps.map(todo).collect::<Vec<_>>() }))
            }
            other => other,
        }
    }

    /// The same call as Claude Code has it, which puts a command in no sandbox and asks for all that
    /// change something.
    fn of_claude(&self) -> (&'static str, Value) {
        let arguments = &self.arguments;
        match self.tool {
            "exec_command" => {
                let why = &arguments["justification"];
                ("Bash", json!({ "command": arguments["cmd"], "description": why }))
            }
            "apply_patch" => {
                let lines: Vec<_> = arguments.as_str().unwrap().lines().collect();
                let path = lines[1].trim_start_matches("*** Add File: ");
                let text = format!("{}\n", &lines[2][1..]);
                ("Write", json!({ "file_path": path, "content": text }))
            }
            "request_user_input" => {
                let mut question = arguments["questions"][0].clone();
                question["multiSelect"] = json!(false);
                ("AskUserQuestion", json!({ "questions": [question] }))
            }
            other => (other, arguments.clone()),
        }
    }
}
