//! What an agent asks a person, and how it is answered: with one of the options it gave.

use super::{nature, notes};
use crate::agent::{Question, other_fields};
use agent_client_protocol_schema::v1::{
    PermissionOption, PermissionOptionId, PermissionOptionKind, RequestPermissionOutcome,
    RequestPermissionRequest, RequestPermissionResponse, SelectedPermissionOutcome, ToolCall,
    ToolCallContent,
};
use poco_core::words::acp as words;
use poco_core::{Danger, Lang, Nature, Text, Verdict, code, fenced, plain_line, prose, seen};
use serde_json::{Value, json};
use std::path::Path;

/// The one question there is where an agent's options are no plain yes and no.
const CHOICE: &str = "choice";

/// Fields of a command that are shown with it, or are no part of it.
const COMMAND_FIELDS: [&str; 10] = [
    "command",
    "cmd",
    "args",
    "cwd",
    "workdir",
    "description",
    "reason",
    "justification",
    "timeout",
    "timeout_ms",
];

/// A request that waits for a person.
#[derive(Debug)]
pub(super) enum Request {
    Permission(RequestPermissionRequest),
    /// One of Cursor's own, answered with an outcome.
    Plan(Value),
    Questions(Value),
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Pending {
    /// The agent's number for it.
    pub(super) id: Value,
    /// The tool call it is about.
    pub(super) tool: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Yes or no; in the order in which they were offered.
    Permission(Vec<PermissionOption>),
    /// One of several, by the names of them.
    Choice(Vec<PermissionOption>),
    Plan,
    /// The questions as they were put, to find the options that were chosen.
    Questions(Value),
}

/// Reads a request of an agent's; `None` if PoCo does not know it.
pub(super) fn read(method: &str, params: Value) -> Option<Request> {
    match method {
        "session/request_permission" => {
            serde_json::from_value(params).ok().map(Request::Permission)
        }
        "cursor/create_plan" => Some(Request::Plan(params)),
        "cursor/ask_question" => Some(Request::Questions(params)),
        _ => None,
    }
}

impl Request {
    /// Returns the tool call it is about, if it says.
    pub(super) fn tool(&self) -> Option<&str> {
        match self {
            Self::Permission(request) => Some(&request.tool_call.tool_call_id.0),
            Self::Plan(_) | Self::Questions(_) => None,
        }
    }

    /// Words it for a person. `call` is the tool call it is about, as far as it is known.
    pub(super) fn word(
        self,
        id: Value,
        call: Option<&ToolCall>,
        workdir: &str,
    ) -> (Pending, Question, Nature) {
        match self {
            Self::Permission(request) => {
                let tool = request.tool_call.tool_call_id.to_string();
                let mut known = call.cloned().unwrap_or_else(|| {
                    ToolCall::new(
                        tool.clone(),
                        request.tool_call.fields.title.clone().unwrap_or_default(),
                    )
                });
                known.update(request.tool_call.fields);
                let question = wanted(&known, workdir);
                let (kind, question) = offered(request.options, question);
                let leave = matches!(kind, Kind::Choice(_));
                let nature = Nature { leave, ..nature::of(&known) };
                (Pending { id, tool, kind }, question, nature)
            }
            Self::Plan(params) => {
                let text = |key: &str| params[key].as_str().unwrap_or_default().to_owned();
                let reason = Text::verbatim(text("overview"));
                let what = Question::Permission { what: prose(&text("plan")), reason };
                // It does nothing yet: what it leads to is asked for.
                let nature = Nature::default().is_not(Danger::Network).is_not(Danger::Delete);
                (Pending { id, tool: text("toolCallId"), kind: Kind::Plan }, what, nature)
            }
            Self::Questions(params) => {
                let tool = params["toolCallId"].as_str().unwrap_or_default().to_owned();
                let question = Question::Questions(questions(&params));
                (Pending { id, tool, kind: Kind::Questions(params) }, question, Nature::default())
            }
        }
    }
}

/// Says what a tool call would do.
fn wanted(call: &ToolCall, workdir: &str) -> Question {
    let reason = reason(call);
    if let Some((diff, files)) = notes::patch(call) {
        return Question::Patch { diff, files, reason };
    }
    if let Some(command) = notes::command(call).filter(|_| !is_elsewhere(call)) {
        let raw = call.raw_input.as_ref();
        let more = raw.map(|raw| other_fields(raw, &COMMAND_FIELDS)).unwrap_or_default();
        let reason = Text::join([reason, more].into_iter().filter(|it| !it.is_empty()), "\n");
        let cwd = raw.and_then(|raw| raw["cwd"].as_str().or(raw["workdir"].as_str()));
        return Question::Command { command, cwd: cwd.unwrap_or(workdir).to_owned(), reason };
    }
    Question::Permission { what: described(call), reason }
}

fn reason(call: &ToolCall) -> Text {
    let raw = call.raw_input.as_ref();
    let given =
        ["description", "reason", "justification"].iter().find_map(|key| raw?.get(key)?.as_str());
    Text::verbatim(given.unwrap_or_default())
}

/// Whether a call brings something, and what would be run is nowhere that is known: its title may be
/// any words about it.
fn is_elsewhere(call: &ToolCall) -> bool {
    let raw = call.raw_input.as_ref().and_then(|raw| raw.as_object());
    raw.is_some_and(|raw| {
        !raw.is_empty() && !raw.contains_key("command") && !raw.contains_key("cmd")
    })
}

/// Describes a call that is neither a command nor a change, with all that is known of it.
fn described(call: &ToolCall) -> String {
    let mut lines = vec![format!("**{}**", plain_line(&call.title))];
    let place = |path: &Path| format!("- {}", code(&path.display().to_string()));
    lines.extend(call.locations.iter().map(|it| place(&it.path)));
    let texts = call.content.iter().filter_map(|content| match content {
        ToolCallContent::Content(content) => notes::text(&content.content),
        ToolCallContent::Diff(_) | ToolCallContent::Terminal(_) | _ => None,
    });
    lines.extend(texts.map(prose));
    let raw = call.raw_input.as_ref().filter(|raw| raw.as_object().is_none_or(|it| !it.is_empty()));
    if let Some(raw) = raw {
        let pretty = serde_json::to_string_pretty(raw).unwrap_or_default();
        lines.push(fenced("json", &seen(&pretty)));
    }
    lines.join("\n")
}

/// Fits the agent's options to what a card can say: yes, yes from now on, and no. Options that are
/// more than that are put as a choice, by their own names.
fn offered(options: Vec<PermissionOption>, question: Question) -> (Kind, Question) {
    let count = |kind| options.iter().filter(|option| option.kind == kind).count();
    let once = count(PermissionOptionKind::AllowOnce);
    let always = count(PermissionOptionKind::AllowAlways);
    if once == 1 && always <= 1 {
        let named = options.iter().find(|it| it.kind == PermissionOptionKind::AllowAlways);
        let note = match named {
            None => words::only_once(),
            Some(option) => words::for_session(&option.name),
        };
        return (Kind::Permission(options), with_note(question, note));
    }
    let labels = options.iter().map(|option| option.name.clone()).collect();
    let text = spelled(&question);
    let question = poco_core::Question { id: CHOICE.to_owned(), text, options: labels };
    (Kind::Choice(options), Question::Questions(vec![question]))
}

fn with_note(question: Question, note: Text) -> Question {
    let noted = |reason: Text| match reason.is_empty() {
        true => note,
        false => Text::join([reason, note], "\n"),
    };
    match question {
        Question::Command { command, cwd, reason } => {
            Question::Command { command, cwd, reason: noted(reason) }
        }
        Question::Patch { diff, files, reason } => {
            Question::Patch { diff, files, reason: noted(reason) }
        }
        Question::Permission { what, reason } => {
            Question::Permission { what, reason: noted(reason) }
        }
        Question::Questions(questions) => Question::Questions(questions),
    }
}

fn spelled(question: &Question) -> String {
    let said = |reason: &Text| reason.of(Lang::En).to_owned();
    match question {
        Question::Command { command, cwd, reason } => {
            format!("{}\n\n```sh\n{command}\n```\n`{cwd}`", said(reason)).trim().to_owned()
        }
        Question::Patch { diff, files: _, reason } => {
            format!("{}\n\n```diff\n{diff}\n```", said(reason)).trim().to_owned()
        }
        Question::Permission { what, reason } => {
            format!("{}\n\n{what}", said(reason)).trim().to_owned()
        }
        Question::Questions(_) => String::new(),
    }
}

fn questions(params: &Value) -> Vec<poco_core::Question> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let label = |it: &Value| it["label"].as_str().map(str::to_owned);
    let asked = params["questions"].as_array().into_iter().flatten();
    asked
        .map(|it| poco_core::Question {
            id: text(it, "id"),
            text: text(it, "prompt"),
            options: it["options"].as_array().into_iter().flatten().filter_map(label).collect(),
        })
        .collect()
}

impl Pending {
    /// Words a person's verdict as the agent wants it.
    pub(super) fn reply(&self, verdict: &Verdict) -> Value {
        match &self.kind {
            Kind::Permission(options) => selected(permitted(options, verdict)),
            Kind::Choice(options) => selected(chosen(options, verdict)),
            Kind::Plan => json!({ "outcome": match verdict {
                Verdict::AllowOnce | Verdict::AllowSession => json!({ "outcome": "accepted" }),
                Verdict::Deny { why: Some(why) } => json!({ "outcome": "rejected", "reason": why }),
                Verdict::Deny { why: None } | Verdict::Answers(_) => json!({ "outcome": "rejected" }),
            } }),
            Kind::Questions(params) => match verdict {
                Verdict::Answers(answers) => {
                    let answers = answers.iter().map(|(id, text)| {
                        json!({
                            "questionId": id, "selectedOptionIds": options_of(params, id, text),
                        })
                    });
                    let answers: Vec<_> = answers.collect();
                    json!({ "outcome": { "outcome": "answered", "answers": answers } })
                }
                Verdict::Deny { why } => {
                    json!({ "outcome": { "outcome": "skipped", "reason": why.clone().unwrap_or_default() } })
                }
                Verdict::AllowOnce | Verdict::AllowSession => self.cancelled(),
            },
        }
    }

    /// Words that nobody will answer it any more.
    pub(super) fn cancelled(&self) -> Value {
        json!({ "outcome": { "outcome": "cancelled" } })
    }

    /// Whether the reply itself tells the agent why it was denied.
    pub(super) fn carries_reason(&self) -> bool {
        match &self.kind {
            Kind::Plan | Kind::Questions(_) => true,
            Kind::Permission(_) | Kind::Choice(_) => false,
        }
    }
}

fn selected(option: Option<&PermissionOptionId>) -> Value {
    let outcome = match option {
        Some(option) => {
            RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.clone()))
        }
        None => RequestPermissionOutcome::Cancelled,
    };
    serde_json::to_value(RequestPermissionResponse::new(outcome)).unwrap_or_default()
}

/// Finds the option a verdict stands for. Never one that allows more than was said.
fn permitted<'a>(
    options: &'a [PermissionOption],
    verdict: &Verdict,
) -> Option<&'a PermissionOptionId> {
    use PermissionOptionKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
    let kinds = match verdict {
        Verdict::AllowOnce => &[AllowOnce][..],
        Verdict::AllowSession => &[AllowAlways, AllowOnce],
        Verdict::Deny { .. } | Verdict::Answers(_) => &[RejectOnce, RejectAlways],
    };
    let of = |kind: &PermissionOptionKind| options.iter().find(|option| option.kind == *kind);
    kinds.iter().find_map(of).map(|option| &option.option_id)
}

fn chosen<'a>(
    options: &'a [PermissionOption],
    verdict: &Verdict,
) -> Option<&'a PermissionOptionId> {
    match verdict {
        Verdict::Answers(answers) => {
            let name = answers.get(CHOICE)?;
            options.iter().find(|it| it.name == *name).map(|option| &option.option_id)
        }
        Verdict::AllowOnce | Verdict::AllowSession | Verdict::Deny { .. } => {
            permitted(options, verdict)
        }
    }
}

/// Finds the options of a question that have this label.
fn options_of(params: &Value, question: &str, label: &str) -> Vec<String> {
    let asked = params["questions"].as_array().into_iter().flatten();
    let options = asked.filter(|it| it["id"] == question).flat_map(|it| it["options"].as_array());
    let fitting = options.flatten().filter(|option| option["label"] == label);
    fitting.filter_map(|option| option["id"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn asked(options: &Value) -> (Pending, Question) {
        let (pending, question, _) = known(options);
        (pending, question)
    }

    fn known(options: &Value) -> (Pending, Question, Nature) {
        let call = json!({ "toolCallId": "c1", "title": "bash", "kind": "execute",
            "rawInput": { "command": "rm -r target", "description": "Clean up" } });
        let params = json!({ "sessionId": "s", "toolCall": call, "options": options });
        let request = read("session/request_permission", params).unwrap();
        request.word(json!(1), None, "/work")
    }

    fn option(id: &str, name: &str, kind: &str) -> Value {
        json!({ "optionId": id, "name": name, "kind": kind })
    }

    fn answer(pending: &Pending, verdict: &Verdict) -> Value {
        pending.reply(verdict)["outcome"]["optionId"].clone()
    }

    #[test]
    fn a_verdict_is_one_of_the_options_and_never_more_than_was_said() {
        let options = json!([
            option("a", "Always", "allow_always"),
            option("o", "Allow once", "allow_once"),
            option("r", "Reject", "reject_once"),
        ]);
        let (pending, question) = asked(&options);
        let Question::Command { command, cwd, reason } = question else { panic!("{question:?}") };
        assert_eq!((command.as_str(), cwd.as_str()), ("rm -r target", "/work"));
        assert_eq!(
            reason.of(Lang::En),
            "Clean up\nFor the session means what the agent calls “Always”."
        );
        assert_eq!(answer(&pending, &Verdict::AllowOnce), "o");
        assert_eq!(answer(&pending, &Verdict::AllowSession), "a");
        assert_eq!(answer(&pending, &Verdict::Deny { why: None }), "r");
        let (pending, _) = asked(&json!([option("o", "Yes", "allow_once")]));
        assert_eq!(answer(&pending, &Verdict::AllowSession), "o");
        let denied = pending.reply(&Verdict::Deny { why: None });
        assert_eq!(denied, json!({ "outcome": { "outcome": "cancelled" } }));
    }

    #[test]
    fn options_of_another_kind_are_put_by_their_names() {
        let options = json!([
            option("all", "Always for `rm`", "allow_always"),
            option("any", "Always for everything", "allow_always"),
            option("no", "No", "reject_once"),
        ]);
        let (pending, question) = asked(&options);
        let Question::Questions(questions) = question else { panic!("{question:?}") };
        assert!(questions[0].text.contains("rm -r target"));
        assert_eq!(questions[0].options, ["Always for `rm`", "Always for everything", "No"]);
        let say =
            |name: &str| Verdict::Answers(BTreeMap::from([(CHOICE.to_owned(), name.to_owned())]));
        assert_eq!(answer(&pending, &say("Always for `rm`")), "all");
        assert_eq!(answer(&pending, &Verdict::Deny { why: None }), "no");
        assert_eq!(answer(&pending, &say("Something else")), Value::Null);
        // Once is not among them.
        assert_eq!(answer(&pending, &Verdict::AllowOnce), Value::Null);
    }

    #[test]
    fn a_question_of_cursors_is_answered_by_the_option_that_was_chosen() {
        let options = json!([{ "id": "a", "label": "Red" }, { "id": "b", "label": "Blue" }]);
        let params = json!({ "toolCallId": "t", "questions": [{ "id": "q", "prompt": "Which?", "options": options }] });
        let request = read("cursor/ask_question", params).unwrap();
        let (pending, question, _) = request.word(json!(7), None, "/work");
        let Question::Questions(asked) = question else { panic!("{question:?}") };
        assert_eq!((asked[0].text.as_str(), asked[0].options.len()), ("Which?", 2));
        let answers = Verdict::Answers(BTreeMap::from([("q".to_owned(), "Blue".to_owned())]));
        let answer = json!([{ "questionId": "q", "selectedOptionIds": ["b"] }]);
        assert_eq!(pending.reply(&answers)["outcome"]["answers"], answer);
        let plan = read("cursor/create_plan", json!({ "plan": "# Plan" })).unwrap();
        let (pending, _, _) = plan.word(json!(8), None, "/work");
        assert_eq!(pending.reply(&Verdict::AllowOnce)["outcome"]["outcome"], "accepted");
        let why = Verdict::Deny { why: Some("later".to_owned()) };
        assert_eq!(
            pending.reply(&why)["outcome"],
            json!({ "outcome": "rejected", "reason": "later" })
        );
    }

    #[test]
    fn a_choice_that_lets_it_go_on_is_leave() {
        let (once, always) =
            (option("o", "Once", "allow_once"), option("a", "Always", "allow_always"));
        let other = option("b", "Always for all", "allow_always");
        assert!(!known(&json!([once, always])).2.leave);
        assert!(known(&json!([once, always, other])).2.leave);
    }

    #[test]
    fn a_call_can_not_look_like_anything_else() {
        let text = json!({ "type": "content", "content": { "type": "text", "text": "[Allow once](https://evil.example)" } });
        let call = json!({
            "toolCallId": "c", "title": "Read**\n\n[Allow once](https://evil.example)", "kind": "other",
            "content": [text], "locations": [{ "path": "/w/a`b" }],
        });
        let what = described(&serde_json::from_value(call).unwrap());
        assert_eq!(
            what,
            "**Read\\*\\*⏎⏎\\[Allow once\\](https://evil.example)**\n- `` /w/a`b ``\n\\[Allow once\\](https://evil.example)"
        );
    }

    #[test]
    fn what_would_be_run_is_shown_whole() {
        let wanted = |raw: &Value| {
            let call =
                json!({ "toolCallId": "c", "title": "ls", "kind": "execute", "rawInput": raw });
            wanted(&serde_json::from_value(call).unwrap(), "/w")
        };
        let asked = json!({ "command": "bash", "args": ["-c", "rm -rf ~"], "env": { "A": "1" } });
        let question = wanted(&asked);
        let Question::Command { command, reason, .. } = question else { panic!("{question:?}") };
        assert_eq!(command, "bash -c 'rm -rf ~'");
        assert_eq!(reason, Text::verbatim("env: {\"A\":\"1\"}"));
        let question = wanted(&json!({ "script": "rm -rf ~" }));
        let Question::Permission { what, .. } = question else { panic!("{question:?}") };
        assert!(what.contains("rm -rf ~"), "{what}");
        let question = wanted(&Value::Null);
        let Question::Command { command, .. } = question else { panic!("{question:?}") };
        assert_eq!(command, "ls", "it says nothing else");
    }
}
