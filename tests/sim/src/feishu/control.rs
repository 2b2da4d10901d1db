//! Routes for trying the app by hand with curl.

use super::{ApiCall, Feishu};
use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Deserialize)]
struct Say {
    user: String,
    /// A chat's id, a group's name, or nothing for the chat with the bot.
    #[serde(default)]
    chat: String,
    text: String,
    #[serde(default)]
    mention: bool,
}

#[derive(Debug, Deserialize)]
struct Press {
    user: String,
    /// A message's id, or nothing for the last card the button is on.
    #[serde(default)]
    message: String,
    button: String,
    #[serde(default)]
    form: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Which {
    #[serde(default)]
    chat: String,
}

#[derive(Debug, Deserialize)]
struct Advance {
    seconds: u64,
}

#[derive(Debug, Deserialize)]
struct Group {
    name: String,
    users: Vec<String>,
}

type Refused = (StatusCode, String);

pub(crate) fn routes() -> Router<Feishu> {
    Router::new()
        .route("/sim/say", post(say))
        .route("/sim/press", post(press))
        .route("/sim/messages", get(messages))
        .route("/sim/chats", get(chats))
        .route("/sim/group", post(group))
        .route("/sim/advance", post(advance))
        .route("/sim/calls", get(calls))
        .route("/sim/complaints", get(complaints))
}

async fn say(State(feishu): State<Feishu>, Json(say): Json<Say>) -> Result<Json<Value>, Refused> {
    let chat = match say.chat.as_str() {
        "" => feishu.direct_chat(&say.user).map_err(refused)?,
        chat => named(&feishu, chat),
    };
    let said = if say.mention {
        feishu.mention(&say.user, &chat, &say.text)
    } else {
        feishu.say(&say.user, &chat, &say.text)
    };
    let said = said.map_err(refused)?;
    Ok(Json(json!({"message": said.message_id, "event": said.event_id, "chat": chat})))
}

async fn press(
    State(feishu): State<Feishu>,
    Json(press): Json<Press>,
) -> Result<Json<Value>, Refused> {
    let message = match press.message.as_str() {
        "" => last(&feishu, &press.button),
        message => message.to_owned(),
    };
    let form: Vec<_> =
        press.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let result =
        feishu.press(&press.user, &message, &press.button, &form).await.map_err(refused)?;
    let toast = result.toast.map(|toast| json!({"type": toast.kind, "content": toast.content}));
    let card = result.card.as_ref().map(super::card_plain);
    let (error, opened) = (result.error, result.opened);
    Ok(Json(json!({"toast": toast, "card": card, "error": error, "opened": opened})))
}

async fn messages(State(feishu): State<Feishu>, Query(which): Query<Which>) -> String {
    let wanted = named(&feishu, &which.chat);
    let chats = feishu.chats().into_iter().map(|chat| chat.id);
    let chats = chats.filter(|chat| which.chat.is_empty() || *chat == wanted);
    let shown = chats.flat_map(|chat| feishu.messages(&chat)).map(|message| {
        let from = message.from.as_deref().unwrap_or("bot");
        let gone = if message.deleted { " (recalled)" } else { "" };
        format!("── {} {} {from}{gone}\n{}\n", message.chat, message.id, message.plain())
    });
    shown.collect::<Vec<_>>().join("\n")
}

async fn chats(State(feishu): State<Feishu>) -> Json<Value> {
    let chats = feishu.chats().into_iter().map(|chat| {
        json!({
            "chat": chat.id, "name": chat.name, "group": chat.group,
            "members": chat.members, "bot": chat.bot_inside, "dissolved": chat.dissolved,
        })
    });
    Json(chats.collect())
}

async fn group(
    State(feishu): State<Feishu>,
    Json(group): Json<Group>,
) -> Result<Json<Value>, Refused> {
    let users: Vec<_> = group.users.iter().map(String::as_str).collect();
    let chat = feishu.group(&group.name, &users).map_err(refused)?;
    Ok(Json(json!({"chat": chat})))
}

async fn advance(State(feishu): State<Feishu>, Json(advance): Json<Advance>) -> Json<Value> {
    feishu.advance(Duration::from_secs(advance.seconds));
    Json(json!({"now": feishu.now()}))
}

/// Lists the calls of the app, one a line.
async fn calls(State(feishu): State<Feishu>) -> String {
    let line = |call: &ApiCall| {
        format!("{} {} {} {} {}\n", call.at, call.status, call.code, call.method, call.path)
    };
    feishu.calls().iter().map(line).collect()
}

async fn complaints(State(feishu): State<Feishu>) -> Json<Vec<String>> {
    Json(feishu.complaints())
}

/// Returns the id of the chat that is called so, by id or name.
fn named(feishu: &Feishu, chat: &str) -> String {
    let found = feishu.chats().into_iter().find(|known| known.id == chat || known.name == chat);
    found.map_or_else(|| chat.to_owned(), |chat| chat.id)
}

/// Returns the last message that has this button.
fn last(feishu: &Feishu, button: &str) -> String {
    let messages = feishu.chats().into_iter().flat_map(|chat| feishu.messages(&chat.id));
    let with = messages.filter(|message| message.labels().iter().any(|label| label == button));
    with.max_by_key(|message| message.updated).map(|message| message.id).unwrap_or_default()
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn refused(error: anyhow::Error) -> Refused {
    (StatusCode::BAD_REQUEST, format!("{error:#}\n"))
}
