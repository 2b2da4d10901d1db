//! What somebody at this machine does becomes an event like any other.

use super::{Fail, Http};
use poco_core::{
    Action, CardRef, ChatId, Event, EventId, Fact, TaskId, Timestamp, UserId, Via, hash,
};
use poco_io::app::{Taken, TaskPage};
use poco_io::chats::Chats;

/// Who acts if nobody says.
pub(super) const USER: &str = "local_demo_user";

/// Somebody at this machine, doing something.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub(super) id: EventId,
    pub(super) at: Timestamp,
    pub(super) by: UserId,
    pub(super) chat: ChatId,
    /// The card that was pressed.
    pub(super) card: Option<CardRef>,
}

impl Doing {
    /// A request of its own, in the chat of one's own.
    pub(super) fn new(http: &Http, by: UserId) -> Self {
        let id = EventId::new(format!("http-{}", crate::home::random_hex::<8>()));
        let chat = Chats::local(by.as_str());
        Self { id, at: (http.app.clock)(), by, chat, card: None }
    }

    /// A request that may come again. Nobody else's, and none for something else, is taken for it.
    pub(super) fn again(self, request: &str, intent: &str) -> Self {
        let name = [request, self.by.as_str(), intent].join("\n");
        Self { id: EventId::new(format!("http-{:016x}", hash(&name))), ..self }
    }

    /// Names the task that comes of it, if one does.
    pub(super) fn task(&self) -> TaskId {
        TaskId::of(&self.id, self.at)
    }

    pub(super) async fn take(&self, http: &Http, action: Action) -> anyhow::Result<Taken> {
        let via = Via::Local { card: self.card.clone() };
        let fact = Fact::Acted { by: self.by.clone(), via, action };
        let (id, chat, at) = (self.id.clone(), self.chat.clone(), self.at);
        let taken = http.app.take_in(Event { id, chat, at, lang: None, fact }).await?;
        http.settler.soon(&taken.chat);
        Ok(taken)
    }
}

/// Returns a task as it was just after something was done to it.
pub(super) async fn after(
    http: &Http,
    taken: &Taken,
    id: &TaskId,
) -> anyhow::Result<Option<TaskPage>> {
    if let Some(task) = taken.room.desk.find(id).cloned() {
        return Ok(Some(TaskPage::AtWork { chat: taken.chat.clone(), task, message: None }));
    }
    let ended = taken.ended.iter().rev().find(|archive| archive.task.id == *id).cloned();
    match ended {
        Some(archive) => Ok(Some(archive.into())),
        None => http.app.task(id).await,
    }
}

/// The task a command or a press is about, if it names one.
pub(super) fn named(action: &Action) -> Option<TaskId> {
    match action {
        Action::Status { task } | Action::Stop { task } | Action::Changes { task, .. } => {
            task.clone()
        }
        Action::Approve { what, .. } | Action::Deny { what, .. } => Some(task_of(what)),
        Action::Merge { task }
        | Action::Hasten { task }
        | Action::Page { task, .. }
        | Action::Resume { task }
        | Action::Again { task }
        | Action::Without { task }
        | Action::Discard { task } => Some(task.clone()),
        Action::Say { .. }
        | Action::Run { .. }
        | Action::Attach { .. }
        | Action::Drop { .. }
        | Action::Deliver { .. }
        | Action::Answer { .. }
        | Action::Steer { .. }
        | Action::Queue
        | Action::New
        | Action::Help
        | Action::Speak { .. }
        | Action::AskPage { .. }
        | Action::Tap
        | Action::Home
        | Action::NewProject
        | Action::Create { .. }
        | Action::Manage { .. }
        | Action::Delete { .. }
        | Action::Workspace
        | Action::Machines
        | Action::Dir(_)
        | Action::Tune(_)
        | Action::Session(_)
        | Action::Shelf(_)
        | Action::Compose
        | Action::Close { .. }
        | Action::Move { .. }
        | Action::People { .. }
        | Action::Invite { .. }
        | Action::Remove { .. }
        | Action::Rules
        | Action::SetRules { .. }
        | Action::HandOver { .. }
        | Action::Accept
        | Action::Unsupported { .. }
        | Action::Unknown { .. } => None,
    }
}

/// A question is named by its task and a number: `task.1`.
pub(super) fn task_of(what: &str) -> TaskId {
    TaskId::new(what.split('.').next().unwrap_or(what))
}

/// Reads who acts.
pub(super) fn user(named: Option<&str>) -> Result<UserId, Fail> {
    let named = named.unwrap_or(USER);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    if named.is_empty() || named.len() > 64 || !named.chars().all(fits) {
        return Err(Fail::wrong("user_id has 1 to 64 letters, digits, _, -, . or @."));
    }
    Ok(UserId::new(named))
}
