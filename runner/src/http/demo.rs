//! The whole flow without a chat platform: text commands over HTTP.

use super::event::{self, Doing};
use super::given::{self, Given};
use super::{Fail, Http, task_json, tasks};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use poco_core::words::task as words;
use poco_core::{Action, Lang, TaskId, UserId};
use poco_io::app::{Taken, TaskPage};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
pub(super) struct Said {
    text: String,
    user_id: Option<String>,
}

/// Says something as if in a chat of one's own on this machine.
pub(super) async fn command(
    State(http): State<Http>,
    Given(said): Given<Said>,
) -> Result<Json<Value>, Fail> {
    if said.text.is_empty() {
        return Err(Fail::wrong("text is empty."));
    }
    let by = event::user(said.user_id.as_deref())?;
    let action = Action::parse(&said.text);
    match event::named(&action) {
        Some(id) => about(&http, by, action, &id).await,
        None => ask(&http, by, action).await,
    }
}

/// Has something done that names no task; one may come of it.
async fn ask(http: &Http, by: UserId, action: Action) -> Result<Json<Value>, Fail> {
    let doing = Doing::new(http, by);
    let taken = doing.take(http, action).await?;
    let id = doing.task();
    if taken.room.desk.find(&id).is_none() {
        return Ok(Json(answer(&text(&taken), None, None)));
    }
    let Some(task) = event::after(http, &taken, &id).await? else {
        return Ok(Json(answer(&text(&taken), None, None)));
    };
    let json = task_json::whole(http, &task).await?;
    let waits = json["status"] == "queued";
    let headline = if waits { "Task queued." } else { "Task created." };
    let text = task_json::lines(headline, &json);
    Ok(Json(answer(&text, Some(&json), (!waits).then_some("start"))))
}

/// Has something done to a task, or tells how it is.
async fn about(http: &Http, by: UserId, action: Action, id: &TaskId) -> Result<Json<Value>, Fail> {
    let Some(task) = http.app.task(id).await? else {
        return Ok(Json(answer(&unknown(id), None, None)));
    };
    let (headline, dispatch) = outcome(&action);
    if matches!(action, Action::Status { .. }) {
        let json = task_json::whole(http, &task).await?;
        let text = task_json::lines(headline, &json);
        return Ok(Json(answer(&text, Some(&json), None)));
    }
    let Done { json, text, did } = done(http, by, action, &task, headline).await?;
    Ok(Json(answer(&text, Some(&json), dispatch.filter(|_| did))))
}

/// What the Python PoCo said, and called what follows.
fn outcome(action: &Action) -> (&'static str, Option<&'static str>) {
    if matches!(action, Action::Approve { .. }) {
        return ("Task approved.", Some("resume"));
    }
    if matches!(action, Action::Deny { .. }) {
        return ("Task rejected.", Some("advance_queue"));
    }
    if matches!(action, Action::Stop { .. }) {
        return ("Task stopped.", None);
    }
    ("Task status.", None)
}

fn answer(text: &str, task: Option<&Value>, dispatch: Option<&str>) -> Value {
    json!({
        "ok": true,
        "mode": "demo",
        "response_text": text,
        "task_id": task.map(|task| &task["id"]),
        "dispatch_action": dispatch,
        "task": task,
    })
}

pub(super) async fn approve(
    State(http): State<Http>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Fail> {
    let what = given::name(path)?;
    decide(&http, &what, Action::Approve { what: what.clone(), session: false }).await
}

pub(super) async fn reject(
    State(http): State<Http>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Fail> {
    let what = given::name(path)?;
    decide(&http, &what, Action::Deny { what: what.clone(), why: None }).await
}

async fn decide(http: &Http, what: &str, action: Action) -> Result<Json<Value>, Fail> {
    let task = tasks::find(http, &event::task_of(what)).await?;
    let (headline, _) = outcome(&action);
    let done = done(http, UserId::new(event::USER), action, &task, headline).await?;
    Ok(Json(json!({
        "ok": true,
        "mode": "demo",
        "response_text": done.text,
        "task": done.json,
    })))
}

struct Done {
    json: Value,
    text: String,
    /// Something came of it.
    did: bool,
}

async fn done(
    http: &Http,
    by: UserId,
    action: Action,
    task: &TaskPage,
    headline: &str,
) -> Result<Done, Fail> {
    let id = &task.task().id;
    let doing = Doing { chat: task.chat().clone(), ..Doing::new(http, by) };
    let (was_over, before) = (task.outcome().is_some(), task.task().clone());
    let taken = doing.take(http, action).await?;
    let Some(task) = event::after(http, &taken, id).await? else {
        return Err(Fail::missing(unknown(id)));
    };
    let json = task_json::whole(http, &task).await?;
    let did = !was_over && (task.outcome().is_some() || *task.task() != before);
    let text = if did { task_json::lines(headline, &json) } else { text(&taken) };
    Ok(Done { json, text, did })
}

pub(super) fn unknown(id: &TaskId) -> String {
    words::unknown_task(id).of(Lang::En).to_owned()
}

fn text(taken: &Taken) -> String {
    let card = taken.shown.last().map(ToString::to_string);
    taken
        .toast
        .as_ref()
        .map(|toast| toast.of(taken.lang).to_owned())
        .or(card)
        .unwrap_or_else(|| "OK".to_owned())
}
