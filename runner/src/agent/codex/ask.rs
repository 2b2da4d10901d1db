//! What codex asks a person, and how it is answered.

use super::notes::Patch;
use crate::agent::Question;
use poco_core::{ApprovalId, Verdict, hash};
use serde_json::{Map, Value, json};

/// Shown where a diff was not sent again after a reconnect.
const LOST_DIFF: &str = "(codex does not show this change again after a reconnect)";

/// A question that waits for its answer.
pub(super) struct Pending {
    /// Codex's number for it on this connection.
    pub(super) id: Value,
    /// Whether the number is of the present connection: each counts anew.
    pub(super) live: bool,
    /// The item it is about.
    pub(super) item: String,
    kind: Kind,
}

enum Kind {
    /// A command or a change: yes or no.
    Decision,
    /// More rights, as they were asked for.
    Permission(Value),
    Questions,
}

/// What to do about a request of codex's.
pub(super) enum Request {
    /// Ask a person.
    Ask { approval: ApprovalId, pending: Pending, question: Question },
    /// Answer it so at once, and say what was done.
    Reply { result: Value, what: String },
    /// PoCo does not know it.
    Unknown,
}

/// Reads a request. `patch` is the change it is about, if it is about one that was announced.
pub(super) fn read(id: &Value, method: &str, params: &Value, patch: Option<&Patch>) -> Request {
    let (kind, question) = match method {
        "item/commandExecution/requestApproval" => (Kind::Decision, command(params)),
        "item/fileChange/requestApproval" => (Kind::Decision, change(params, patch)),
        "item/permissions/requestApproval" => {
            let asked = params["permissions"].clone();
            (Kind::Permission(asked), permission(params))
        }
        "item/tool/requestUserInput" => match questions(params) {
            Some(questions) => (Kind::Questions, Question::Questions(questions)),
            None => {
                let what = "⊘ asked for a secret, which must not be told in a chat".to_owned();
                return Request::Reply { result: json!({ "answers": {} }), what };
            }
        },
        "mcpServer/elicitation/request" => {
            let server = params["serverName"].as_str().unwrap_or("a tool");
            let what = format!("⊘ {server} asked for input, which PoCo can't give yet");
            return Request::Reply {
                result: json!({ "action": "decline", "content": null }),
                what,
            };
        }
        _ => return Request::Unknown,
    };
    Request::Ask {
        approval: name(method, params),
        pending: Pending { id: id.clone(), live: true, item: text(params, "itemId"), kind },
        question,
    }
}

/// Names a question by what it is about, so that it has the same name when it is put again on
/// another connection.
fn name(method: &str, params: &Value) -> ApprovalId {
    let parts = [
        "threadId",
        "turnId",
        "itemId",
        "approvalId",
        "reason",
        "command",
        "cwd",
        "permissions",
        "questions",
        "grantRoot",
        "networkApprovalContext",
    ];
    let about: Vec<_> = parts.iter().map(|part| params[*part].to_string()).collect();
    ApprovalId::new(format!("{:016x}", hash(&format!("{method}\n{}", about.join("\n")))))
}

fn command(params: &Value) -> Question {
    let mut reason = text(params, "reason");
    let host = params["networkApprovalContext"]["host"].as_str();
    let Some(command) = params["command"].as_str() else {
        let what = host.map_or_else(
            || "Run something that codex does not name".to_owned(),
            |host| format!("Reach `{host}` over the network"),
        );
        return Question::Permission { what, reason };
    };
    let host = host.map(|host| format!("It wants to reach {host}."));
    let more = &params["additionalPermissions"];
    let more = more.is_object().then(|| format!("It asks for more rights: {}", rights(more)));
    for line in host.into_iter().chain(more) {
        reason = format!("{reason}\n{line}").trim().to_owned();
    }
    Question::Command { command: command.to_owned(), cwd: text(params, "cwd"), reason }
}

fn change(params: &Value, patch: Option<&Patch>) -> Question {
    let mut reason = text(params, "reason");
    if let Some(root) = params["grantRoot"].as_str() {
        reason = format!("{reason}\nIt asks to write anywhere under {root}.").trim().to_owned();
    }
    let diff = patch.map_or_else(|| LOST_DIFF.to_owned(), |patch| patch.diff.clone());
    let files = patch.map(|patch| patch.files.clone()).unwrap_or_default();
    Question::Patch { diff, files, reason }
}

fn permission(params: &Value) -> Question {
    Question::Permission { what: rights(&params["permissions"]), reason: text(params, "reason") }
}

/// Words a set of rights in markdown; what is not known is shown as it came.
fn rights(permissions: &Value) -> String {
    let mut lines = vec![];
    if permissions["network"]["enabled"] == true {
        lines.push("- use the network".to_owned());
    }
    let files = &permissions["fileSystem"];
    for (key, word) in [("read", "read"), ("write", "write")] {
        for path in files[key].as_array().into_iter().flatten() {
            lines.push(format!("- {word} `{}`", path.as_str().unwrap_or_default()));
        }
    }
    for entry in files["entries"].as_array().into_iter().flatten() {
        lines.push(format!("- `{entry}`"));
    }
    if lines.is_empty() {
        lines.push(format!("- `{permissions}`"));
    }
    lines.join("\n")
}

/// Reads questions; `None` if one of them asks for a secret.
fn questions(params: &Value) -> Option<Vec<poco_core::Question>> {
    let asked: Vec<_> = params["questions"].as_array().into_iter().flatten().collect();
    if asked.iter().any(|it| it["isSecret"] == true) {
        return None;
    }
    let option = |it: &Value| it["label"].as_str().map(str::to_owned);
    let read = |it: &&Value| poco_core::Question {
        id: text(it, "id"),
        text: text(it, "question"),
        options: it["options"].as_array().into_iter().flatten().filter_map(option).collect(),
    };
    Some(asked.iter().map(read).collect())
}

impl Pending {
    /// Words a person's verdict as codex wants it.
    pub(super) fn reply(&self, verdict: &Verdict) -> Value {
        match (&self.kind, verdict) {
            (Kind::Decision, Verdict::AllowOnce) => json!({ "decision": "accept" }),
            (Kind::Decision, Verdict::AllowSession) => json!({ "decision": "acceptForSession" }),
            (Kind::Decision, Verdict::Deny { .. } | Verdict::Answers(_)) => {
                json!({ "decision": "decline" })
            }
            (Kind::Permission(asked), Verdict::AllowOnce) => {
                json!({ "permissions": granted(asked), "scope": "turn" })
            }
            (Kind::Permission(asked), Verdict::AllowSession) => {
                json!({ "permissions": granted(asked), "scope": "session" })
            }
            (Kind::Permission(_), Verdict::Deny { .. } | Verdict::Answers(_)) => {
                json!({ "permissions": {}, "scope": "turn" })
            }
            (Kind::Questions, Verdict::Answers(answers)) => {
                let answer =
                    |(id, text): (&String, &String)| (id.clone(), json!({ "answers": [text] }));
                json!({ "answers": answers.iter().map(answer).collect::<Map<_, _>>() })
            }
            (
                Kind::Questions,
                Verdict::AllowOnce | Verdict::AllowSession | Verdict::Deny { .. },
            ) => json!({ "answers": {} }),
        }
    }
}

/// Grants what was asked; codex does not take a right that is null.
fn granted(asked: &Value) -> Value {
    let rights = asked.as_object().into_iter().flatten();
    rights
        .filter(|(_, right)| !right.is_null())
        .map(|(name, right)| (name.clone(), right.clone()))
        .collect::<Map<_, _>>()
        .into()
}

fn text(params: &Value, key: &str) -> String {
    params[key].as_str().unwrap_or_default().to_owned()
}
