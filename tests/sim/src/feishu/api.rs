//! The open API: from an HTTP request to a handler and back, with faults and a record between.

use super::call::Call;
use super::faults::{Trouble, strike};
use super::refusal::{Answer, Refusal, respond};
use super::state::{ApiCall, State};
use super::{Feishu, auth, cardkit, chats, delayed, files, messages, socket};
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::BTreeMap;

type Handler = fn(&mut State, &Call) -> Answer;

/// Answers one request.
pub(crate) async fn answer(
    Shared(feishu): Shared<Feishu>,
    Query(query): Query<BTreeMap<String, String>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = content_type.is_some_and(|kind| kind.starts_with("multipart/"));
    let raw = if is_form { body.clone() } else { Bytes::new() };
    let body = if is_form { Bytes::new() } else { body };
    let document = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let call = Call {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query,
        authorization: authorization.map(str::to_owned),
        garbled: document.is_err(),
        content_type: content_type.map(str::to_owned),
        raw,
        body: document.unwrap_or_default(),
    };
    let Some((name, handler)) = find(&call) else {
        feishu
            .change(|state| state.complain(format!("no such API: {} {}", call.method, call.path)));
        return not_found();
    };
    let trouble =
        feishu.change(|state| strike(&mut state.faults, &call.method, &call.path, &call.body));
    if let Some(trouble) = &trouble
        && let Some(response) = before(&feishu, &call, trouble)
    {
        return response;
    }
    if let Some(Trouble::Late(by)) = trouble {
        tokio::time::sleep(by).await;
    }
    let answer = feishu.change(|state| {
        let answer = guarded(state, &call, name, handler);
        record(state, &call, answer_status(&answer));
        answer
    });
    match trouble {
        Some(Trouble::LoseAnswer) => break_connection(),
        Some(Trouble::Delay(by)) => tokio::time::sleep(by).await,
        Some(
            Trouble::Refuse { .. } | Trouble::Gateway { .. } | Trouble::Cut | Trouble::Late(_),
        )
        | None => {}
    }
    match (&answer, name) {
        (Ok(found), "resource get") => attachment(&feishu, found),
        _ => respond(&answer),
    }
}

/// Answers with the bytes of a file.
fn attachment(feishu: &Feishu, found: &Value) -> Response {
    let key = found["file"].as_str().unwrap_or_default();
    let file = feishu.look(|state| state.files.get(key).cloned());
    let bytes = file.map(|file| file.bytes).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"file\""),
    ];
    (StatusCode::OK, headers, bytes).into_response()
}

/// Plays the troubles that keep a call from taking effect.
fn before(feishu: &Feishu, call: &Call, trouble: &Trouble) -> Option<Response> {
    match trouble {
        Trouble::Refuse { status, code, message } => {
            feishu.change(|state| record(state, call, (*status, *code)));
            let refusal = Refusal { status: *status, ..Refusal::new(*code, message.clone()) };
            let reset = (*status == 429).then_some(1);
            Some(respond(&Err(Refusal { reset, ..refusal })))
        }
        Trouble::Gateway { status, body } => {
            feishu.change(|state| record(state, call, (*status, -1)));
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            Some((status, [(header::CONTENT_TYPE, "text/html")], body.clone()).into_response())
        }
        Trouble::Cut => {
            feishu.change(|state| record(state, call, (0, -1)));
            break_connection()
        }
        Trouble::LoseAnswer | Trouble::Delay(_) | Trouble::Late(_) => None,
    }
}

/// Ends the task that serves this connection, and the connection with it, without an answer.
fn break_connection() -> ! {
    std::panic::resume_unwind(Box::new("the connection breaks here"))
}

fn guarded(state: &mut State, call: &Call, name: &str, handler: Handler) -> Answer {
    if !name.starts_with("token") {
        auth::check(state, call)?;
        state.pace_api(name)?;
    }
    if call.garbled {
        return Err(Refusal::new(9499, "Bad Request: the body is not JSON"));
    }
    handler(state, call)
}

fn answer_status(answer: &Answer) -> (u16, i64) {
    match answer {
        Ok(_) => (200, 0),
        Err(refusal) => (refusal.status, refusal.code),
    }
}

fn record(state: &mut State, call: &Call, (status, code): (u16, i64)) {
    let at = state.now();
    // The app's secret stays out of records and logs.
    let secret = call.path.contains("/auth/") || call.path.starts_with("/callback/");
    let body = if secret { Value::Null } else { call.body.clone() };
    tracing::debug!(method = call.method, path = call.path, status, code, "api call");
    let (method, path) = (call.method.clone(), call.path.clone());
    state.calls.push(ApiCall { method, path, at, status, code, body });
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain")], "404 page not found")
        .into_response()
}

/// Finds the handler of a call and the name its rate limit goes by.
fn find(call: &Call) -> Option<(&'static str, Handler)> {
    if call.method == "POST" && call.path == "/callback/ws/endpoint" {
        return Some(("token endpoint", socket::endpoint));
    }
    let found: (&'static str, Handler) = match (call.method.as_str(), &call.parts()[..]) {
        ("POST", ["auth", "v3", "tenant_access_token", "internal"]) => ("token", auth::token),
        ("GET", ["bot", "v3", "info"]) => ("bot info", auth::bot),
        ("POST", ["im", "v1", "messages"]) => ("message send", messages::send),
        ("GET", ["im", "v1", "messages", _, "resources", _]) => ("resource get", files::resource),
        ("POST", ["im", "v1", "images"]) => ("image upload", files::upload_image),
        ("POST", ["im", "v1", "files"]) => ("file upload", files::upload_file),
        ("POST", ["im", "v1", "messages", _, "reply"]) => ("message reply", messages::reply),
        ("GET", ["im", "v1", "messages"]) => ("message list", messages::list),
        ("GET", ["im", "v1", "messages", _]) => ("message get", messages::get),
        ("PATCH", ["im", "v1", "messages", _]) => ("message patch", messages::patch),
        ("PUT", ["im", "v1", "messages", _]) => ("message put", messages::put),
        ("DELETE", ["im", "v1", "messages", _]) => ("message delete", messages::delete),
        ("POST", ["im", "v1", "chats"]) => ("chat create", chats::create),
        ("GET", ["im", "v1", "chats"]) => ("chat list", chats::list),
        ("GET", ["im", "v1", "chats", _]) => ("chat get", chats::get),
        ("PUT", ["im", "v1", "chats", _]) => ("chat put", chats::put),
        ("DELETE", ["im", "v1", "chats", _]) => ("chat delete", chats::delete),
        ("GET", ["im", "v1", "chats", _, "members"]) => ("members get", chats::members),
        ("POST", ["im", "v1", "chats", _, "members"]) => ("members add", chats::add_members),
        ("DELETE", ["im", "v1", "chats", _, "members"]) => {
            ("members remove", chats::remove_members)
        }
        ("POST", ["cardkit", "v1", "cards"]) => ("card create", cardkit::create),
        ("POST", ["cardkit", "v1", "cards", "id_convert"]) => ("card of", cardkit::id_convert),
        ("PUT", ["cardkit", "v1", "cards", _]) => ("card put", cardkit::put),
        ("PATCH", ["cardkit", "v1", "cards", _, "settings"]) => {
            ("card settings", cardkit::settings)
        }
        ("POST", ["cardkit", "v1", "cards", _, "batch_update"]) => ("card batch", cardkit::batch),
        ("POST", ["cardkit", "v1", "cards", _, "elements"]) => ("element add", cardkit::add),
        ("PUT", ["cardkit", "v1", "cards", _, "elements", _]) => ("element put", cardkit::replace),
        ("PATCH", ["cardkit", "v1", "cards", _, "elements", _]) => {
            ("element patch", cardkit::modify)
        }
        ("DELETE", ["cardkit", "v1", "cards", _, "elements", _]) => {
            ("element delete", cardkit::remove)
        }
        ("PUT", ["cardkit", "v1", "cards", _, "elements", _, "content"]) => {
            ("element content", cardkit::content)
        }
        ("POST", ["interactive", "v1", "card", "update"]) => ("delayed update", delayed::update),
        _ => return None,
    };
    Some(found)
}
