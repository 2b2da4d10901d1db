//! Card actions over HTTP: a press on a button, and the card it leads to.

use super::event::{self, Doing};
use super::given::Given;
use super::view::{self, View};
use super::{Fail, Http};
use axum::Json;
use axum::extract::State;
use poco_core::words;
use poco_core::{Action, Card, CardRef, ChatId, Kind, Lang, Press, TaskId, UserId, hash, recalled};
use poco_io::app::{Taken, TaskPage};
use poco_io::feishu::inbound;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a project may take to be made before the answer goes out without it.
const MAKING: Duration = Duration::from_secs(5);

/// Shows the home card.
pub(super) async fn projects(State(http): State<Http>) -> Result<Json<Value>, Fail> {
    let doing = Doing::new(&http, UserId::new(event::USER));
    let taken = doing.take(&http, Action::Home).await?;
    let view = View { room: taken.room, card: taken.shown.into_iter().last(), ..View::default() };
    let terms = http.app.terms().await?;
    Ok(Json(json!({
        "instruction": view.instruction("dm", &terms),
        "card": view.card_json(),
        "mode": "demo",
    })))
}

/// Presses a button: the body is that of the platform's own callback.
pub(super) async fn card_action(
    State(http): State<Http>,
    Given(body): Given<Map<String, Value>>,
) -> Result<Json<Value>, Fail> {
    let body = Value::Object(body);
    let pressed = read(&http, &body)?;
    let view = lead(&http, &pressed).await?;
    let terms = http.app.terms().await?;
    let lang = view.room.lang(&terms);
    let (content, kind) = match &view.refusal {
        Some(refusal) => (refusal.of(lang), "warning"),
        None => (view.news.as_ref().map_or("OK", |news| news.of(lang)), "success"),
    };
    let mut answer = json!({
        "toast": { "type": kind, "content": content },
        "instruction": view.instruction(pressed.surface, &terms),
        "mode": "demo",
    });
    if view.card.is_some() {
        answer["card"] = json!({ "type": "raw", "data": view.card_json() });
    }
    Ok(Json(answer))
}

struct Pressed {
    doing: Doing,
    action: Action,
    surface: &'static str,
    project: Option<ChatId>,
    task: Option<TaskId>,
}

fn read(http: &Http, body: &Value) -> Result<Pressed, Fail> {
    let event = &body["event"];
    let value = &event["action"]["value"];
    if !value.is_object() {
        return Err(Fail::bad("event.action.value is no object with the fields of a button."));
    }
    let press = inbound::press(&event["action"]);
    let action = press.action();
    let intent = field(&press, "intent_key").unwrap_or_default();
    if let Action::Unknown { .. } = &action {
        let intent: String = intent.chars().take(80).collect();
        return Err(Fail::bad(format!("There is no intent “{intent}”, or it lacks a field.")));
    }
    let operator = &event["operator"];
    let by = operator["open_id"].as_str().or(operator["user_id"].as_str());
    let by = by.map_or(Ok(UserId::new("anonymous")), |by| event::user(Some(by)))?;
    let doing = Doing::new(http, by);
    let request = [&value["request_id"], &body["event_id"], &body["header"]["event_id"]];
    let doing = match request.iter().find_map(|id| id.as_str()).filter(|id| !id.is_empty()) {
        Some(request) => doing.again(request, intent),
        None => doing,
    };
    // A card of this machine, whatever it is called: none of the platform's is changed by it.
    let card = event["context"]["open_message_id"].as_str().unwrap_or_default();
    let card = CardRef::new(format!("local-{:016x}", hash(&format!("{card}\n{}", doing.id))));
    Ok(Pressed {
        task: event::named(&action).or_else(|| field(&press, "task_id").map(event::task_of)),
        project: field(&press, "project_id").map(ChatId::new),
        surface: if field(&press, "surface") == Some("group") { "group" } else { "dm" },
        doing: Doing { card: Some(card), ..doing },
        action,
    })
}

fn field<'a>(press: &'a Press, name: &str) -> Option<&'a str> {
    press.0.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Does what was pressed, in the chat it belongs to: that of its task or project, or one's own.
async fn lead(http: &Http, pressed: &Pressed) -> Result<View, Fail> {
    let Pressed { doing, action, .. } = pressed;
    let by = &doing.by;
    if in_lobby(action) {
        let view = make(http, doing, action).await?;
        return Ok(View { by: Some(by.clone()), ..view });
    }
    let task = match &pressed.task {
        Some(id) => match http.app.task(id).await? {
            Some(task) => Some(task),
            None => return Ok(View::refused(words::task::unknown_task(id))),
        },
        None => None,
    };
    if let (Some(task @ TaskPage::Over { .. }), Some(page)) = (&task, page(action)) {
        return Ok(open(http, task, page).await?);
    }
    let chat = match (&task, &pressed.project) {
        (Some(task), _) => task.chat().clone(),
        (None, Some(chat)) => match http.app.room(chat).await?.kind {
            Kind::Project(_) => chat.clone(),
            Kind::Fresh | Kind::Lobby(_) | Kind::Gone | Kind::House(_) => {
                return Ok(View::refused(words::project::unknown_project(chat)));
            }
        },
        (None, None) => doing.chat.clone(),
    };
    let doing = Doing { chat, ..doing.clone() };
    // A task at work has no pages yet; it is shown as it is.
    let action = match (&task, page(action)) {
        (Some(task), Some(_)) => Action::Status { task: Some(task.task().id.clone()) },
        (Some(_), None) | (None, _) => action.clone(),
    };
    let taken = doing.take(http, action).await?;
    let id = task.map_or_else(|| doing.task(), |task| task.task().id.clone());
    Ok(shown(http, taken, &id).await?)
}

fn in_lobby(action: &Action) -> bool {
    matches!(
        action,
        Action::Home
            | Action::NewProject
            | Action::Create { .. }
            | Action::Manage { .. }
            | Action::Delete { .. }
    )
}

/// The page of a task that is to be shown, if nothing else is wanted.
fn page(action: &Action) -> Option<usize> {
    if let Action::Page { page, .. } = action {
        return Some(*page);
    }
    matches!(action, Action::Status { task: Some(_) }).then_some(0)
}

/// Shows a task that is over, at a page of its answer.
async fn open(http: &Http, task: &TaskPage, page: usize) -> anyhow::Result<View> {
    let TaskPage::Over { archive, .. } = task else { return Ok(View::default()) };
    let card = http.app.fill(recalled(archive, page)).await?;
    let room = http.app.room(&archive.chat).await?;
    let task = Some(super::task_json::whole(http, task).await?);
    Ok(View { room, card: Some(card), task, page, ..View::default() })
}

/// Does what concerns the list of projects; a new one is waited for.
async fn make(http: &Http, doing: &Doing, action: &Action) -> anyhow::Result<View> {
    let pressed = doing.card.clone().unwrap_or_else(|| CardRef::new(doing.id.as_str()));
    let mut watch = http.screen.watch(&pressed);
    let taken = doing.take(http, action.clone()).await?;
    if taken.nothing {
        return again(http, doing, action).await;
    }
    let Taken { toast, shown, room, .. } = taken;
    let card = shown.into_iter().last();
    let is_making = matches!(&room.kind, Kind::Lobby(it) if it.making.contains_key(&doing.id));
    let (Some(first), true) = (&card, is_making) else {
        let refusal = toast.or_else(|| card.as_ref().and_then(view::mistake));
        return Ok(View { room, card, refusal, ..View::default() });
    };
    let Some(card) = watch.after(first, MAKING).await else {
        let news = Some(words::lobby::still_making());
        return Ok(View { room, card, news, ..View::default() });
    };
    let room = http.app.room(&doing.chat).await?;
    Ok(View { room, refusal: view::mistake(&card), card: Some(card), ..View::default() })
}

/// Answers a press that was taken in before: shows where it led to, as that is now.
async fn again(http: &Http, doing: &Doing, action: &Action) -> anyhow::Result<View> {
    let look = if matches!(action, Action::Delete { .. }) {
        Action::Manage { page: 0 }
    } else {
        Action::Home
    };
    let Doing { chat, card, .. } = doing.clone();
    let doing = Doing { chat, card, ..Doing::new(http, doing.by.clone()) };
    let taken = doing.take(http, look).await?;
    let card = taken.shown.into_iter().last();
    Ok(View { room: taken.room, card, ..View::default() })
}

/// Shows what came of a press in a chat where tasks are worked on.
async fn shown(http: &Http, taken: Taken, id: &TaskId) -> anyhow::Result<View> {
    let task = match event::after(http, &taken, id).await? {
        Some(task) => Some(super::task_json::whole(http, &task).await?),
        None => None,
    };
    if taken.nothing {
        return Ok(View { refusal: Some(words::task::done_before()), ..View::default() });
    }
    let named = format!("Task: {id} ");
    let mut cards = taken.shown;
    let about = cards.iter().position(|card| card.title.of(Lang::En).contains(&named));
    let card: Option<Card> = match about {
        Some(at) => Some(cards.swap_remove(at)),
        None => cards.pop(),
    };
    let card = match card {
        Some(card) => Some(http.app.fill(card).await?),
        None => None,
    };
    let refusal = taken.toast.clone().filter(|_| card.is_none());
    let news = taken.toast.filter(|_| card.is_some());
    Ok(View { room: taken.room, card, task, refusal, news, ..View::default() })
}
