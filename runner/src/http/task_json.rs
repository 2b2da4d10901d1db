//! A task as the routes tell it, in the fields of the Python PoCo.

use super::Http;
use poco_core::{Moment, Outcome, Pages, Phase, Task, TaskId, Timestamp};
use poco_io::app::TaskPage;
use serde_json::{Value, json};

/// The longest summary of a result, in characters.
const SUMMARY_CHARS: usize = 240;

/// Returns a task's JSON, with its whole result.
pub(super) async fn whole(http: &Http, task: &TaskPage) -> anyhow::Result<Value> {
    let result = match result(task.outcome()) {
        Some(pages) => Some(http.app.pages(pages).await?),
        None => None,
    };
    Ok(task_json(http, task, result.as_deref()))
}

fn task_json(http: &Http, page: &TaskPage, result: Option<&str>) -> Value {
    let task = page.task();
    let settings = &task.settings;
    let chat = page.chat().as_str();
    let in_feishu = task.source == "feishu";
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
        "project_id": in_feishu.then_some(chat),
        "session_id": Value::Null,
        "effective_workdir": settings.workdir,
        "notification_message_id": page.message(),
        "reply_receive_id": in_feishu.then_some(chat),
        "reply_receive_id_type": in_feishu.then_some("chat_id"),
        "status": status(task, page.outcome()),
        "awaiting_confirmation_reason": waits_for(task, page.outcome()),
        "live_output": http.live.get(&task.id).unwrap_or_default(),
        "raw_result": result,
        "result_summary": summary,
        "created_at": iso(task.since),
        "updated_at": iso(updated),
        "events": task.history.iter().map(event).collect::<Vec<_>>(),
    })
}

fn event(moment: &Moment) -> Value {
    json!({ "kind": moment.kind, "message": sentence(&moment.kind), "created_at": iso(moment.at) })
}

/// The wire names of the Python PoCo.
pub(super) fn status(task: &Task, outcome: Option<&Outcome>) -> &'static str {
    match (outcome, &task.phase) {
        (Some(Outcome::Answered { .. }), _) => "completed",
        (Some(Outcome::Failed { .. } | Outcome::Interrupted { .. }), _) => "failed",
        (Some(Outcome::Stopped { .. } | Outcome::Cancelled { .. } | Outcome::Merged { .. }), _) => {
            "cancelled"
        }
        (None, Phase::Waiting) => "queued",
        (None, Phase::Confirming) => "waiting_for_confirmation",
        (None, Phase::Starting | Phase::Claimed { .. }) => "created",
        (None, Phase::Running | Phase::Stopping) if task.pending.is_empty() => "running",
        (None, Phase::Running | Phase::Stopping) => "waiting_for_confirmation",
    }
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
        Outcome::Cancelled { .. } | Outcome::Merged { .. } => None,
    }
}

fn reason(outcome: Option<&Outcome>) -> Option<String> {
    match outcome? {
        Outcome::Failed { reason, .. } | Outcome::Interrupted { reason, .. } => {
            Some(reason.clone())
        }
        Outcome::Answered { .. }
        | Outcome::Stopped { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Merged { .. } => None,
    }
}

fn summary(result: &str) -> String {
    match result.char_indices().nth(SUMMARY_CHARS) {
        Some(_) => result.chars().take(SUMMARY_CHARS - 3).chain("...".chars()).collect(),
        None => result.to_owned(),
    }
}

fn sentence(kind: &str) -> String {
    let words = kind.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).chain(".".chars()).collect()
    })
}

/// Writes a time as the Python PoCo did: UTC with microseconds.
fn iso(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// The reply of the text commands: a line for each fact.
pub(super) fn lines(headline: &str, task: &TaskId, json: &Value) -> String {
    let mut lines = vec![headline.to_owned(), format!("task_id={task}")];
    let fields = [
        ("agent_backend", "agent_backend"),
        ("effective_model", "effective_model"),
        ("status", "status"),
        ("source", "source"),
        ("prompt", "prompt"),
        ("project_id", "project_id"),
        ("effective_workdir", "effective_workdir"),
        ("awaiting_confirmation", "awaiting_confirmation_reason"),
        ("result", "result_summary"),
    ];
    for (name, field) in fields {
        if let Some(text) = json[field].as_str().filter(|text| !text.is_empty()) {
            lines.push(format!("{name}={text}"));
        }
    }
    if json["status"] == "waiting_for_confirmation" {
        lines.push(format!("next=/approve {task} or /reject {task}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_before() {
        assert_eq!(iso(Timestamp(1_700_000_000_123)), "2023-11-14T22:13:20.123000+00:00");
    }

    #[test]
    fn a_summary_is_short() {
        assert_eq!(summary("short"), "short");
        let long = summary(&"ü".repeat(300));
        assert_eq!(long.chars().count(), 240);
        assert!(long.ends_with("..."));
    }
}
