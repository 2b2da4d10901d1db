//! What codex asks a person, and how it is answered.

use super::nature;
use super::notes::Patch;
use crate::agent::Question;
use poco_core::words::agent as words;
use poco_core::{ApprovalId, Nature, Text, Verdict, code, hash};
use serde_json::{Map, Value, json};

/// Stands where a diff was not sent again after a reconnect.
const LOST_DIFF: &str = "…";

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
    Ask { approval: ApprovalId, pending: Pending, question: Question, nature: Nature },
    /// Answer it so at once, and say what was done.
    Reply { result: Value, what: Text },
    /// PoCo does not know it.
    Unknown,
}

/// Reads a request. `patch` is the change it is about, if it is about one that was announced.
pub(super) fn read(id: &Value, method: &str, params: &Value, patch: Option<&Patch>) -> Request {
    let nature = nature::of(method, params, patch);
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
                let what = words::asked_secret();
                return Request::Reply { result: json!({ "answers": {} }), what };
            }
        },
        "mcpServer/elicitation/request" => {
            let server = params["serverName"].as_str().map(Text::verbatim);
            let what = words::asked_input(server.unwrap_or_else(words::a_tool));
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
        nature,
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
    let host = params["networkApprovalContext"]["host"].as_str();
    let mut reasons = vec![said(params)];
    let Some(command) = params["command"].as_str() else {
        let what = host.map(|host| format!("- {}", code(&format!("network: {host}"))));
        let what = what.unwrap_or_else(|| "`?`".to_owned());
        reasons.push(host.map_or_else(words::unnamed, words::wants_host));
        return Question::Permission { what, reason: lines(reasons) };
    };
    reasons.extend(host.map(words::wants_host));
    let more = &params["additionalPermissions"];
    reasons.extend(more.is_object().then(|| words::wants_rights(rights(more))));
    let (command, cwd) = (command.to_owned(), text(params, "cwd"));
    Question::Command { command, cwd, reason: lines(reasons) }
}

fn change(params: &Value, patch: Option<&Patch>) -> Question {
    let mut reasons = vec![said(params)];
    reasons.extend(params["grantRoot"].as_str().map(words::wants_to_write));
    if patch.is_none() {
        reasons.push(words::lost_diff());
    }
    let diff = patch.map_or_else(|| LOST_DIFF.to_owned(), |patch| patch.diff.clone());
    let files = patch.map(|patch| patch.files.clone()).unwrap_or_default();
    Question::Patch { diff, files, reason: lines(reasons) }
}

fn permission(params: &Value) -> Question {
    Question::Permission { what: rights(&params["permissions"]), reason: said(params) }
}

/// Codex's own reason.
fn said(params: &Value) -> Text {
    Text::verbatim(text(params, "reason"))
}

fn lines(reasons: Vec<Text>) -> Text {
    Text::join(reasons.into_iter().filter(|reason| !reason.is_empty()), "\n")
}

/// Writes a set of rights in markdown, in codex's own terms: it is kept once, for all languages.
/// What is not known is shown as it came.
fn rights(permissions: &Value) -> String {
    let mut lines = vec![];
    if permissions["network"]["enabled"] == true {
        lines.push("- `network`".to_owned());
    }
    let files = &permissions["fileSystem"];
    for right in ["read", "write"] {
        for path in files[right].as_array().into_iter().flatten() {
            lines.push(format!("- `{right}` {}", code(path.as_str().unwrap_or_default())));
        }
    }
    for entry in files["entries"].as_array().into_iter().flatten() {
        lines.push(format!("- {}", code(&entry.to_string())));
    }
    if lines.is_empty() {
        lines.push(format!("- {}", code(&permissions.to_string())));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_can_not_be_written_so_that_they_look_like_more_than_text() {
        let params = json!({ "permissions": { "fileSystem": { "read": ["/x`\n\n**Allowed**"] } } });
        let Question::Permission { what, .. } = permission(&params) else { panic!() };
        assert_eq!(what, "- `read` `` /x`⏎⏎**Allowed** ``");
    }
}
