//! A task as the routes tell it, in the fields of the Python PoCo.

use super::Http;
use crate::traffic::iso;
use poco_core::{ChatId, Kind, Lang, Moment, Outcome, Pages, Phase, Task};
use poco_io::app::TaskPage;
use poco_io::chats::Chats;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The longest summary of a result, in characters.
const SUMMARY_CHARS: usize = 240;

/// The longest text in a reply, in characters.
const REPLY_CHARS: usize = 1_200;

/// Returns a task's JSON, with its whole result.
pub(super) async fn whole(http: &Http, task: &TaskPage) -> anyhow::Result<Value> {
    let in_project = in_project(http, task.chat()).await?;
    one(http, task, in_project).await
}

/// Returns the JSON of many tasks; each chat is looked at once.
pub(super) async fn all(http: &Http, tasks: &[TaskPage]) -> anyhow::Result<Vec<Value>> {
    let (mut projects, mut list) = (BTreeMap::new(), vec![]);
    for task in tasks {
        let chat = task.chat();
        let in_project = match projects.get(chat) {
            Some(in_project) => *in_project,
            None => in_project(http, chat).await?,
        };
        projects.insert(chat, in_project);
        list.push(one(http, task, in_project).await?);
    }
    Ok(list)
}

/// Whether a project lives in a chat, or did.
async fn in_project(http: &Http, chat: &ChatId) -> anyhow::Result<bool> {
    Ok(matches!(http.app.room(chat).await?.kind, Kind::Project(_) | Kind::Gone))
}

async fn one(http: &Http, task: &TaskPage, in_project: bool) -> anyhow::Result<Value> {
    let result = match result(task.outcome()) {
        Some(pages) => Some(http.app.pages(pages).await?),
        None => None,
    };
    Ok(task_json(http, task, in_project, result.as_deref()))
}

fn task_json(http: &Http, page: &TaskPage, in_project: bool, result: Option<&str>) -> Value {
    let task = page.task();
    let settings = &task.settings;
    let chat = page.chat().as_str();
    let in_feishu = !Chats::is_local(page.chat());
    let ended = page.ended();
    let updated = ended.or(task.history.last().map(|it| it.at)).unwrap_or(task.since);
    let summary = result.map(summary).or_else(|| reason(page.outcome()));
    json!({
        "id": task.id,
        "source": task.source,
        "requester_id": task.by,
        "prompt": task.prompt,
        "agent_backend": settings.agent,
        "effective_backend_config": { "approval_policy": settings.approval_policy },
        "effective_model": settings.model.as_deref().unwrap_or(&settings.agent),
        "effective_sandbox": settings.sandbox,
        "backend_session_id": task.thread,
        "project_id": in_project.then_some(chat),
        "session_id": Value::Null,
        "effective_workdir": settings.workdir,
        "notification_message_id": page.message().filter(|_| in_feishu),
        "reply_receive_id": in_feishu.then_some(chat),
        "reply_receive_id_type": in_feishu.then_some("chat_id"),
        "status": status(task, page.outcome()),
        "awaiting_confirmation_reason": waits_for(task, page.outcome()),
        "live_output": http.live.get(&task.id).unwrap_or_default(),
        "raw_result": result,
        "result_summary": summary,
        "created_at": iso(task.since.0),
        "updated_at": iso(updated.0),
        "events": task.history.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(moment: &Moment) -> Value {
    json!({ "kind": moment.kind, "message": sentence(&moment.kind), "created_at": iso(moment.at.0) })
}

/// The wire names of the Python PoCo.
pub(super) fn status(task: &Task, outcome: Option<&Outcome>) -> &'static str {
    match (outcome, &task.phase) {
        (Some(Outcome::Answered { .. }), _) => "completed",
        (
            Some(Outcome::Failed { .. } | Outcome::Interrupted { .. } | Outcome::Lacking { .. }),
            _,
        ) => "failed",
        (Some(Outcome::Stopped { .. } | Outcome::Cancelled { .. } | Outcome::Merged { .. }), _) => {
            "cancelled"
        }
        (None, Phase::Waiting) => "queued",
        (None, Phase::Confirming) => "waiting_for_confirmation",
        // It was told to run, and does as soon as the agent is free.
        (None, Phase::Starting | Phase::Claimed { .. }) if was_approved(task) => "running",
        (None, Phase::Starting | Phase::Claimed { .. }) => "created",
        (None, Phase::Running | Phase::Stopping) if task.pending.is_empty() => "running",
        (None, Phase::Running | Phase::Stopping) => "waiting_for_confirmation",
    }
}

fn was_approved(task: &Task) -> bool {
    task.history.iter().any(|moment| moment.kind == "confirmation_approved")
}

fn waits_for(task: &Task, outcome: Option<&Outcome>) -> Option<String> {
    match status(task, outcome) {
        "waiting_for_confirmation" if task.pending.is_empty() => {
            Some("The prompt began with `confirm:`.".to_owned())
        }
        "waiting_for_confirmation" => {
            Some(format!("The agent asks {} thing(s).", task.pending.len()))
        }
        _ => None,
    }
}

fn result(outcome: Option<&Outcome>) -> Option<&Pages> {
    match outcome? {
        Outcome::Answered { answer } => Some(answer),
        Outcome::Failed { partial, .. }
        | Outcome::Stopped { partial }
        | Outcome::Interrupted { partial, .. } => partial.as_ref(),
        Outcome::Lacking { .. } | Outcome::Cancelled { .. } | Outcome::Merged { .. } => None,
    }
}

fn reason(outcome: Option<&Outcome>) -> Option<String> {
    match outcome? {
        Outcome::Failed { reason, .. } | Outcome::Interrupted { reason, .. } => {
            Some(reason.of(Lang::En).to_owned())
        }
        Outcome::Lacking { missing } => {
            let told = missing
                .iter()
                .map(|it| format!("{}: {}", it.name.of(Lang::En), it.why.of(Lang::En)));
            Some(told.collect::<Vec<_>>().join("; "))
        }
        Outcome::Answered { .. }
        | Outcome::Stopped { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Merged { .. } => None,
    }
}

fn summary(result: &str) -> String {
    cut(result, SUMMARY_CHARS)
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some(_) => text.chars().take(chars - 3).chain("...".chars()).collect(),
        None => text.to_owned(),
    }
}

fn sentence(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).chain(".".chars()).collect()
    })
}

/// The reply of the text commands: a line for each fact.
pub(super) fn lines(headline: &str, json: &Value) -> String {
    let running = json["status"] == "running";
    let fields = [
        ("task_id", &json["id"]),
        ("agent_backend", &json["agent_backend"]),
        ("effective_model", &json["effective_model"]),
        ("status", &json["status"]),
        ("source", &json["source"]),
        ("prompt", &json["prompt"]),
        ("project_id", &json["project_id"]),
        ("effective_workdir", &json["effective_workdir"]),
        ("awaiting_confirmation", &json["awaiting_confirmation_reason"]),
        ("live_output", if running { &json["live_output"] } else { &Value::Null }),
        (
            "result",
            if json["raw_result"].is_null() {
                &json["result_summary"]
            } else {
                &json["raw_result"]
            },
        ),
        ("latest_event", latest(json)),
    ];
    let told = fields.iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.is_empty())?;
        Some(format!("{name}={}", cut(text, REPLY_CHARS)))
    });
    let mut lines: Vec<_> = std::iter::once(headline.to_owned()).chain(told).collect();
    if json["status"] == "waiting_for_confirmation" {
        let id = json["id"].as_str().unwrap_or_default();
        lines.push(format!("next=/approve {id} or /reject {id}"));
    }
    lines.join("\n")
}

fn latest(json: &Value) -> &Value {
    json["events"].as_array().and_then(|it| it.last()).map_or(&Value::Null, |it| &it["message"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_before() {
        assert_eq!(iso(1_700_000_000_123), "2023-11-14T22:13:20.123000+00:00");
    }

    #[test]
    fn a_summary_is_short() {
        assert_eq!(summary("short"), "short");
        let long = summary(&"ü".repeat(300));
        assert_eq!(long.chars().count(), 240);
        assert!(long.ends_with("..."));
    }
}
