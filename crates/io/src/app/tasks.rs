//! Tasks by their names: those at work are in rooms, those that are over in documents of their own.

use super::{App, ROOMS};
use crate::port::{Document, MessageId, PutError, Store};
use crate::record::Record;
use anyhow::Context;
use poco_core::{Archive, ChatId, Effect, Kind, Lobby, Outcome, Room, Task, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// Begins the keys of tasks that are over; their ids sort by time.
pub(crate) const TASKS: &str = "task/";

/// How often keeping is tried again when another writer came first.
const TRIES_MAX: usize = 4;

/// A task that is over, and the message its card became.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) archive: Archive,
    pub(super) message: Option<MessageId>,
}

/// A task as it is, wherever it is kept.
#[derive(Clone, Debug)]
pub enum TaskPage {
    AtWork { chat: ChatId, task: Task, message: Option<MessageId> },
    Over { archive: Archive, message: Option<MessageId> },
}

impl App {
    /// Returns a task by its id. One that is not over is looked for in every room: this is for
    /// people at the machine, not for each event.
    pub async fn task(&self, id: &TaskId) -> anyhow::Result<Option<TaskPage>> {
        if let Some(kept) = self.kept(id).await? {
            return Ok(Some(kept.into()));
        }
        let in_room = self.in_rooms().await?.into_iter().find(|page| page.task().id == *id);
        match in_room {
            Some(page) => Ok(Some(page)),
            // It may have left its room while the others were looked at.
            None => Ok(self.kept(id).await?.map(TaskPage::from)),
        }
    }

    /// Lists tasks that are over, newest first, from the one before `before` down.
    pub async fn tasks_over(
        &self,
        before: Option<&TaskId>,
        limit: usize,
    ) -> anyhow::Result<Vec<TaskPage>> {
        let before = before.map(|id| format!("{TASKS}{id}"));
        let keys = self.store.keys_down(TASKS, before.as_deref()).await.context("list tasks")?;
        let mut tasks = vec![];
        for key in keys.iter().take(limit) {
            let id = TaskId::new(key.trim_start_matches(TASKS));
            tasks.extend(self.kept(&id).await?.map(TaskPage::from));
        }
        Ok(tasks)
    }

    /// Lists the tasks that are in rooms: those not over, and those over that are not kept in
    /// documents of their own yet. It reads every room.
    pub async fn in_rooms(&self) -> anyhow::Result<Vec<TaskPage>> {
        let mut tasks: Vec<TaskPage> = vec![];
        for chat in self.chats().await? {
            let Some(record) = self.readable(&chat).await? else { continue };
            let unkept = record.owed().filter_map(|owed| match &owed.effect {
                Effect::Keep { archive } => Some(TaskPage::Over {
                    message: record.message(&archive.task.card()),
                    archive: archive.clone(),
                }),
                Effect::Show { .. }
                | Effect::Post { .. }
                | Effect::Toast { .. }
                | Effect::Send { .. }
                | Effect::Open { .. }
                | Effect::Tell { .. }
                | Effect::Audit { .. }
                | Effect::Recall { .. } => None,
            });
            // Of what is to be kept of one task, the last word counts.
            let mut unkept: Vec<_> = unkept.collect();
            unkept.reverse();
            let desk = &record.room.desk;
            let at_work = desk.current.iter().chain(&desk.waiting).map(|task| TaskPage::AtWork {
                chat: chat.clone(),
                message: record.message(&task.card()),
                task: task.clone(),
            });
            for page in at_work.chain(unkept) {
                if tasks.iter().all(|it| it.task().id != page.task().id) {
                    tasks.push(page);
                }
            }
        }
        Ok(tasks)
    }

    /// Lists every room that can be read. For start-up, sweeps and people at the machine, not for each event.
    pub async fn rooms(&self) -> anyhow::Result<Vec<(ChatId, Room)>> {
        let mut rooms = vec![];
        for chat in self.chats().await? {
            if let Some(record) = self.readable(&chat).await? {
                rooms.push((chat, record.room));
            }
        }
        Ok(rooms)
    }

    /// Returns what is stored of a chat, unless it cannot be read, as after going back to an older
    /// version: the other chats have done nothing to deserve waiting.
    async fn readable(&self, chat: &ChatId) -> anyhow::Result<Option<Record>> {
        let Some(document) = self.store.get(&super::key(chat)).await.context("load")? else {
            return Ok(Some(Record::default()));
        };
        let passed_over =
            |error: &serde_json::Error| tracing::error!(chat.id = %chat, "passed over: {error}");
        Ok(Record::read(&document).inspect_err(passed_over).ok())
    }

    pub(super) async fn chats(&self) -> anyhow::Result<Vec<ChatId>> {
        chats(self.store.as_ref()).await
    }

    /// Returns the direct chat in which the owner keeps projects, once there is one.
    pub async fn lobby(&self) -> anyhow::Result<Option<(ChatId, Lobby)>> {
        for chat in self.chats().await? {
            let is_local = crate::chats::Chats::is_local(&chat);
            if let (false, Kind::Lobby(lobby)) = (is_local, self.room(&chat).await?.kind) {
                return Ok(Some((chat, lobby)));
            }
        }
        Ok(None)
    }

    pub(super) async fn kept(&self, id: &TaskId) -> anyhow::Result<Option<Kept>> {
        let document = self.store.get(&key(id)).await.context("load a task")?;
        document
            .map(|document| serde_json::from_str(&document.body).context("unreadable task"))
            .transpose()
    }

    /// Keeps a task that is over. What was made of it later is not forgotten for an earlier word.
    pub(super) async fn keep(
        &self,
        archive: &Archive,
        message: Option<MessageId>,
    ) -> anyhow::Result<()> {
        for _ in 0..TRIES_MAX {
            let old = self.store.get(&key(&archive.task.id)).await.context("load a task")?;
            let version = old.as_ref().map_or(0, |old| old.version);
            let mut message = message.clone();
            if let Some(old) = old {
                let old: Kept = serde_json::from_str(&old.body).context("unreadable task")?;
                if old.archive.settled.is_some() && archive.settled.is_none() {
                    return Ok(());
                }
                message = message.or(old.message);
            }
            let kept = Kept { archive: archive.clone(), message };
            let body = serde_json::to_string(&kept).context("write a task")?;
            let document = Document { version: version + 1, body, due: false };
            match self.store.put(&key(&archive.task.id), &document).await {
                Ok(()) => return Ok(()),
                Err(PutError::Conflict) => {}
                Err(PutError::Other(error)) => return Err(error.context("keep a task")),
            }
        }
        anyhow::bail!("too many writers at once of task {}", archive.task.id)
    }
}

/// Lists the chats there are rooms of.
pub(super) async fn chats(store: &dyn Store) -> anyhow::Result<Vec<ChatId>> {
    let mut chats: Vec<ChatId> = vec![];
    loop {
        let after = chats.last().map(|chat| format!("{ROOMS}{chat}"));
        let keys = store.keys(ROOMS, after.as_deref()).await.context("list rooms")?;
        let full = keys.len() == crate::port::KEYS_MAX;
        chats.extend(keys.iter().map(|key| ChatId::new(key.trim_start_matches(ROOMS))));
        if !full {
            return Ok(chats);
        }
    }
}

/// Reads the record of a chat.
pub(super) async fn record(store: &dyn Store, chat: &ChatId) -> anyhow::Result<Record> {
    let document = store.get(&format!("{ROOMS}{chat}")).await.context("load")?;
    let record = document.map(|document| Record::read(&document)).transpose();
    Ok(record.with_context(|| format!("unreadable record of chat {chat}"))?.unwrap_or_default())
}

fn key(id: &TaskId) -> String {
    format!("{TASKS}{id}")
}

impl From<Kept> for TaskPage {
    fn from(Kept { archive, message }: Kept) -> Self {
        Self::Over { archive, message }
    }
}

impl From<Archive> for TaskPage {
    fn from(archive: Archive) -> Self {
        Self::Over { archive, message: None }
    }
}

impl TaskPage {
    pub fn task(&self) -> &Task {
        match self {
            Self::AtWork { task, .. } => task,
            Self::Over { archive, .. } => &archive.task,
        }
    }

    pub fn chat(&self) -> &ChatId {
        match self {
            Self::AtWork { chat, .. } => chat,
            Self::Over { archive, .. } => &archive.chat,
        }
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            Self::AtWork { .. } => None,
            Self::Over { archive, .. } => Some(&archive.outcome),
        }
    }

    /// When it ended, if it has.
    pub fn ended(&self) -> Option<Timestamp> {
        match self {
            Self::AtWork { .. } => None,
            Self::Over { archive, .. } => Some(archive.ended),
        }
    }

    /// The message its card became, as the platform calls it, if that is known.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::AtWork { message, .. } | Self::Over { message, .. } => {
                message.as_ref()?.0.split(' ').next()
            }
        }
    }
}
