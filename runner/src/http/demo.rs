//! The whole flow without a chat platform: commands and card actions over HTTP.

use super::{Fail, Http, task_json, tasks};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use poco_core::{Action, CardRef, ChatId, Event, EventId, Fact, Press, Room, TaskId, UserId, Via};
use poco_io::app::{Taken, TaskPage};
use poco_io::chats::Chats;
use poco_io::feishu::inbound;
use poco_io::feishu::render::render;
use serde::Deserialize;
use serde_json::{Value, json};

/// Who acts if nobody says.
const USER: &str = "local_demo_user";

#[derive(Debug, Deserialize)]
pub(super) struct Said {
    text: String,
    user_id: Option<String>,
}

/// Says something as if in a chat of one's own on this machine.
pub(super) async fn command(
    State(http): State<Http>,
    said: Result<Json<Said>, JsonRejection>,
) -> Result<Json<Value>, Fail> {
    let Json(said) = said.map_err(|error| Fail::wrong(error.body_text()))?;
    if said.text.trim().is_empty() {
        return Err(Fail::wrong("text is empty."));
    }
    let user = user(said.user_id.as_deref())?;
    let action = Action::parse(&said.text);
    let id = event_id();
    let at = (http.app.clock)();
    let task = TaskId::of(&id, at);
    let named = named(&action);
    let chat = match &named {
        Some(task) => chat_of(&http, task).await?.unwrap_or_else(|| home(&user)),
        None => home(&user),
    };
    let headline = headline(&action);
    let fact = Fact::Acted { by: user, via: Via::Local { card: None }, action: action.clone() };
    let taken = take(&http, Event { id, chat, at, fact }).await?;
    let made = http.app.task(&task).await?;
    let about = match named {
        Some(task) => http.app.task(&task).await?,
        None => None,
    };
    let dispatch = match (&made, &action) {
        (Some(task), _) => {
            (task_json::status(task.task(), task.outcome()) == "created").then_some("start")
        }
        (None, Action::Approve { .. }) => Some("resume"),
        (None, Action::Deny { .. }) => Some("advance_queue"),
        (None, _) => None,
    };
    let task = made.or(about);
    let json = match &task {
        Some(task) => Some(task_json::whole(&http, task).await?),
        None => None,
    };
    let text = match (&json, &task) {
        (Some(json), Some(task)) => task_json::lines(headline, &task.task().id, json),
        _ => text(&taken),
    };
    Ok(Json(json!({
        "ok": true,
        "mode": "demo",
        "response_text": text,
        "task_id": task.as_ref().map(|task| &task.task().id),
        "dispatch_action": dispatch.filter(|_| task.is_some()),
        "task": json,
    })))
}

pub(super) async fn approve(
    State(http): State<Http>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fail> {
    let action = Action::Approve { what: id.clone(), session: false };
    decide(&http, &id, action, "Task approved.").await
}

pub(super) async fn reject(
    State(http): State<Http>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fail> {
    let action = Action::Deny { what: id.clone(), why: None };
    decide(&http, &id, action, "Task rejected.").await
}

async fn decide(
    http: &Http,
    id: &str,
    action: Action,
    headline: &str,
) -> Result<Json<Value>, Fail> {
    let task = tasks::find(http, task_of(id).as_str()).await?;
    let waits = task_json::status(task.task(), task.outcome()) == "waiting_for_confirmation";
    let by = UserId::new(USER);
    let fact = Fact::Acted { by, via: Via::Local { card: None }, action };
    let at = (http.app.clock)();
    let event = Event { id: event_id(), chat: task.chat().clone(), at, fact };
    let taken = take(http, event).await?;
    let task = tasks::find(http, task_of(id).as_str()).await?;
    let json = task_json::whole(http, &task).await?;
    let response =
        if waits { task_json::lines(headline, &task.task().id, &json) } else { text(&taken) };
    Ok(Json(json!({ "ok": true, "mode": "demo", "response_text": response, "task": json })))
}

/// Shows the home card.
pub(super) async fn projects(State(http): State<Http>) -> Result<Json<Value>, Fail> {
    let by = UserId::new(USER);
    let fact = Fact::Acted { by, via: Via::Local { card: None }, action: Action::Home };
    let at = (http.app.clock)();
    let event = Event { id: event_id(), chat: home(&UserId::new(USER)), at, fact };
    let taken = take(&http, event).await?;
    let view = view(&Action::Home, "dm", &taken);
    Ok(Json(json!({ "instruction": view.instruction, "card": view.card, "mode": "demo" })))
}

/// Presses a button: the body is that of the platform's own callback.
pub(super) async fn card_action(
    State(http): State<Http>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Fail> {
    let Json(body) = body.map_err(|error| Fail::bad(error.body_text()))?;
    if !body.is_object() {
        return Err(Fail::wrong("The body is no JSON object."));
    }
    let event = &body["event"];
    if !event["action"]["value"].is_object() {
        return Err(Fail::bad("event.action.value is no object with the fields of a button."));
    }
    let press = inbound::press(&event["action"]);
    let action = press.action();
    if let Action::Unknown { what } = &action {
        return Err(Fail::bad(format!("There is no intent “{what}”, or it lacks a field.")));
    }
    let operator = &event["operator"];
    let named = operator["open_id"].as_str().or(operator["user_id"].as_str());
    let by = user(named)?;
    let card = event["context"]["open_message_id"].as_str().unwrap_or("local-card");
    let via = Via::Local { card: Some(CardRef::new(card)) };
    let chat = room_of(&http, &press, &action, &by).await?;
    let surface = press.0.get("surface").map_or("dm", String::as_str);
    let surface = if surface == "group" { "group" } else { "dm" };
    let id = body["header"]["event_id"].as_str().map_or_else(event_id, EventId::new);
    let fact = Fact::Acted { by, via, action: action.clone() };
    let at = (http.app.clock)();
    let taken = take(&http, Event { id, chat, at, fact }).await?;
    let View { instruction, card } = view(&action, surface, &taken);
    let content = taken.toast.clone().unwrap_or_else(|| "OK".to_owned());
    let kind = if card.is_some() || taken.toast.is_none() { "success" } else { "warning" };
    let mut answer = json!({
        "toast": { "type": kind, "content": content },
        "instruction": instruction,
        "mode": "demo",
    });
    if let Some(card) = card {
        answer["card"] = json!({ "type": "raw", "data": card });
    }
    Ok(Json(answer))
}

/// The chat a press on this machine belongs to: that of its task or project, or one's own.
async fn room_of(http: &Http, press: &Press, action: &Action, by: &UserId) -> Result<ChatId, Fail> {
    let in_lobby = matches!(
        action,
        Action::Home
            | Action::NewProject
            | Action::Create { .. }
            | Action::Manage
            | Action::Delete { .. }
    );
    let field = |name: &str| press.0.get(name).filter(|_| !in_lobby);
    if let Some(task) = field("task_id") {
        return Ok(tasks::find(http, task_of(task).as_str()).await?.chat().clone());
    }
    match field("project_id").map(ChatId::new) {
        Some(chat)
            if matches!(
                http.app.room(&chat).await?,
                Room { kind: poco_core::Kind::Project(_), .. }
            ) =>
        {
            Ok(chat)
        }
        Some(chat) => Err(Fail::bad(format!("There is no project {chat}."))),
        None => Ok(home(by)),
    }
}

async fn chat_of(http: &Http, task: &TaskId) -> Result<Option<ChatId>, Fail> {
    let task = http.app.task(task).await?;
    Ok(task.as_ref().map(TaskPage::chat).cloned())
}

async fn take(http: &Http, event: Event) -> anyhow::Result<Taken> {
    let taken = http.app.take_in(event).await?;
    http.settler.soon(&taken.chat);
    Ok(taken)
}

struct View {
    instruction: Value,
    card: Option<Value>,
}

/// What the Python PoCo called an instruction: which view, where, and in whose place.
fn view(action: &Action, surface: &str, taken: &Taken) -> View {
    let card = taken.shown.last();
    let target = if card.is_some() { "current_card" } else { "ack" };
    let mode = if card.is_some() { "replace_current" } else { "ack_only" };
    let template = card.map(|_| template(action));
    let instruction = json!({
        "surface": surface,
        "render_target": target,
        "template_key": template,
        "template_data": {},
        "refresh_mode": mode,
        "message": taken.toast.as_deref().unwrap_or_default(),
    });
    View { instruction, card: card.map(render) }
}

/// The Python PoCo's name of the view an action leads to.
fn template(action: &Action) -> &'static str {
    match action {
        Action::Home | Action::Create { .. } => "project_home",
        Action::NewProject => "project_create",
        Action::Manage | Action::Delete { .. } => "project_manage",
        Action::Workspace | Action::New => "workspace_overview",
        Action::Say { .. }
        | Action::Run { .. }
        | Action::Status { .. }
        | Action::Approve { .. }
        | Action::Deny { .. }
        | Action::Answer { .. }
        | Action::Stop { .. }
        | Action::Steer { .. }
        | Action::Merge { .. }
        | Action::Queue
        | Action::Help
        | Action::Page { .. }
        | Action::AskPage { .. }
        | Action::Resume { .. }
        | Action::Again { .. }
        | Action::Discard { .. }
        | Action::Unsupported { .. }
        | Action::Unknown { .. } => "task_status",
    }
}

fn headline(action: &Action) -> &'static str {
    if matches!(action, Action::Approve { .. }) {
        return "Task approved.";
    }
    if matches!(action, Action::Deny { .. }) {
        return "Task rejected.";
    }
    if matches!(action, Action::Status { .. }) { "Task status." } else { "Task created." }
}

/// The task a command is about, if it names one.
fn named(action: &Action) -> Option<TaskId> {
    if let Action::Status { task } | Action::Stop { task } = action {
        return task.clone();
    }
    if let Action::Approve { what, .. } | Action::Deny { what, .. } = action {
        return Some(task_of(what));
    }
    None
}

fn text(taken: &Taken) -> String {
    let card = taken.shown.last().map(ToString::to_string);
    taken.toast.clone().or(card).unwrap_or_else(|| "OK".to_owned())
}

/// A question is named by its task and a number: `task.1`.
fn task_of(what: &str) -> TaskId {
    TaskId::new(what.split('.').next().unwrap_or(what))
}

fn home(user: &UserId) -> ChatId {
    Chats::local(user.as_str())
}

fn user(named: Option<&str>) -> Result<UserId, Fail> {
    let named = named.unwrap_or(USER);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    if named.is_empty() || named.len() > 64 || !named.chars().all(fits) {
        return Err(Fail::wrong("user_id has 1 to 64 letters, digits, _, -, . or @."));
    }
    Ok(UserId::new(named))
}

/// Every request is an event of its own.
fn event_id() -> EventId {
    EventId::new(format!("http-{}", crate::home::random_hex::<8>()))
}
