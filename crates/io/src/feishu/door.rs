//! Where everything from Feishu comes in, whichever way it came: read it, take it in, answer.

use super::{answer, inbound};
use crate::app::{App, Taken};
use anyhow::Context;
use async_trait::async_trait;
use poco_core::{Event, Fact, TaskId, UserId, Via};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// Takes in what Feishu sends, whichever way it came.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Takes in one payload. Returning says that it will not be lost: Feishu is told, with the
    /// answer. After an error Feishu sends it again.
    async fn take(&self, payload: &Value) -> anyhow::Result<Reply>;
}

/// What goes back to Feishu.
#[derive(Debug)]
pub struct Reply {
    pub body: Value,
    /// Dropped as soon as the body is out, or cannot go out any more: whoever waits for that holds
    /// the other end.
    pub out: Option<oneshot::Sender<()>>,
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self { body, out: None }
    }
}

/// The way in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    app: App,
    /// Our bot's open id, once it is known.
    bot: Arc<OnceLock<String>>,
}

/// What to send back, and what remains to be done. The state is saved by now.
#[derive(Debug)]
pub struct Answer {
    pub body: Value,
    /// What was taken in, if anything was.
    pub event: Option<Seen>,
}

/// An event that was taken in.
#[derive(Debug)]
pub struct Seen {
    pub id: String,
    /// What came of it; its chat is the one to settle.
    pub taken: Taken,
    pub by: Option<UserId>,
    /// A press, whose answer must be out before its card changes.
    pub pressed: bool,
    pub kind: &'static str,
}

impl Door {
    pub fn new(app: App) -> Self {
        Self { app, bot: Arc::default() }
    }

    /// Remembers which mentions are of our bot.
    pub fn know_bot(&self, open_id: &str) {
        // It never changes: the first word stands.
        let _ = self.bot.set(open_id.to_owned());
    }

    /// Takes in a payload, which must be known to be Feishu's. After an error it may come again.
    pub async fn take(&self, payload: &Value) -> anyhow::Result<Answer> {
        let bot = self.bot.get().map(String::as_str);
        match inbound::read(payload, bot, (self.app.clock)()) {
            inbound::Inbound::Challenge(text) => {
                Ok(Answer { body: answer::challenge(&text), event: None })
            }
            inbound::Inbound::Ignored(reason) => {
                let body = json!({ "ok": true, "ignored": true, "reason": reason });
                Ok(Answer { body, event: None })
            }
            inbound::Inbound::Event(event) => self.event(event).await,
        }
    }

    async fn event(&self, event: Event) -> anyhow::Result<Answer> {
        let (id, task) = (event.id.clone(), TaskId::of(&event.id, event.at));
        let (by, pressed) = if let Fact::Acted { by, via, .. } = &event.fact {
            (Some(by.clone()), matches!(via, Via::Press { .. }))
        } else {
            (None, false)
        };
        let taken = self.app.take_in(event).await.context("take in an event")?;
        let body = if pressed {
            answer::pressed(taken.toast.as_ref(), taken.lang)
        } else {
            heard(&taken, &task)
        };
        let kind = if pressed { "press" } else { "message" };
        let seen = Seen { id: id.to_string(), taken, by, pressed, kind };
        Ok(Answer { body, event: Some(seen) })
    }
}

/// The answer to a message, in the fields of the Python PoCo. Feishu reads none of them.
fn heard(taken: &Taken, task: &TaskId) -> Value {
    let made = taken.room.desk.find(task).map(|task| &task.id);
    let preview = taken.shown.last().map(|card| format!("[card] {}", card.title.of(card.lang)));
    json!({
        "ok": true,
        "delivered": true,
        "reply_preview": preview.unwrap_or_default(),
        "task_id": made,
    })
}
