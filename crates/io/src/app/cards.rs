//! Shows cards: posts those that are new, updates those that are not.

use super::App;
use super::perform::once;
use crate::port::{ChatError, MessageId};
use crate::record::{Owed, Record};
use poco_core::words::task as words;
use poco_core::{
    Card, CardKey, CardRef, ChatId, Effect, Lang, MessageRef, Part, TaskId, Text, Tone, changes,
    recalled,
};

impl App {
    /// Makes one card look as it should. `None` if that failed and may work later.
    pub(super) async fn show<'a>(
        &self,
        chat: &ChatId,
        record: &Record,
        owed: &'a Owed,
    ) -> Option<(&'a Owed, Option<(CardKey, MessageId)>)> {
        let done = match &owed.effect {
            Effect::Show { key, card } => self.show_card(chat, record, owed, key, card).await,
            Effect::Post { chat, card } => {
                self.post(chat, card, &once(&[&owed.id])).await.map(|_| None)
            }
            Effect::Recall { task, page, on, part, under, lang } => {
                let (page, part, lang) = (*page, *part, *lang);
                let (on, under) = (on.as_ref(), under.as_ref());
                let recall = Recall { task, page, part, on, under, lang };
                self.recall(chat, record, owed, &recall).await.map(|()| None)
            }
            Effect::Toast { .. }
            | Effect::Send { .. }
            | Effect::Open { .. }
            | Effect::Tell { .. }
            | Effect::Audit { .. }
            | Effect::Keep { .. } => return None,
        };
        match done {
            Ok(posted) => Some((owed, posted)),
            Err(ChatError::Refused(reason) | ChatError::Gone(reason)) => {
                // It would fail for ever; the task goes on and can be asked for with /status.
                let reason = reason.of(Lang::En);
                tracing::error!(chat.id = %chat, effect.id = owed.id, "a card was refused: {reason}");
                Some((owed, None))
            }
            Err(ChatError::Later(error)) => {
                tracing::warn!(chat.id = %chat, effect.id = owed.id, "a card could not be shown yet: {error:#}");
                None
            }
        }
    }

    async fn show_card(
        &self,
        chat: &ChatId,
        record: &Record,
        owed: &Owed,
        key: &CardKey,
        card: &Card,
    ) -> Result<Option<(CardKey, MessageId)>, ChatError> {
        let mut name = vec![chat.to_string(), card_name(key, owed)];
        if let Some(message) = record.message(key) {
            let card = self.fill(card.clone()).await?;
            match self.chat.update(&message, &card, owed.order).await {
                Err(ChatError::Gone(_)) => name.push(message.0),
                Err(error) => return Err(error),
                Ok(()) => return Ok(None),
            }
        }
        let name: Vec<_> = name.iter().map(String::as_str).collect();
        let message = self.post(chat, card, &once(&name)).await?;
        // Posting again under the same name returns the first message. That looks older only if an
        // older look is owed still: once paid, the message would be known.
        if record.owed().any(|it| it.order < owed.order && it.is_same_card(owed)) {
            let card = self.fill(card.clone()).await?;
            self.chat.update(&message, &card, owed.order).await?;
        }
        Ok(Some((key.clone(), message)))
    }

    async fn post(&self, chat: &ChatId, card: &Card, once: &str) -> Result<MessageId, ChatError> {
        let card = self.fill(card.clone()).await?;
        self.chat.post(chat, &card, once).await
    }

    async fn recall(
        &self,
        chat: &ChatId,
        record: &Record,
        owed: &Owed,
        recall: &Recall<'_>,
    ) -> Result<(), ChatError> {
        let Recall { task, page, part, on, under, lang } = *recall;
        let kept = self.kept(task).await?;
        // A task is only shown in its own chat, whoever knows its name elsewhere.
        let Some(kept) = kept.filter(|kept| kept.archive.chat == *chat) else {
            let card = Card::new(Tone::Plain, Text::verbatim("PoCo")).text(words::none_here());
            let card = card.told(lang).under(under.cloned());
            return self.post(chat, &card, &once(&[&owed.id])).await.map(|_| ());
        };
        let card = match part {
            Part::Answer => recalled(&kept.archive, page),
            Part::Changes => changes(&kept.archive, page),
        };
        let card = card.told(lang);
        let Some(on) = on else {
            let card = Card { typing: poco_core::Typing::No, under: under.cloned(), ..card };
            return self.post(chat, &card, &once(&[&owed.id])).await.map(|_| ());
        };
        let card = self.fill(card).await?;
        let message = kept.message.filter(|message| message.is(on));
        let message = message.unwrap_or_else(|| record.pressed(on));
        self.chat.update(&message, &card, owed.order).await
    }
}

/// A kept task to show again; see [`Effect::Recall`].
struct Recall<'a> {
    task: &'a TaskId,
    page: usize,
    part: Part,
    on: Option<&'a CardRef>,
    under: Option<&'a MessageRef>,
    lang: Lang,
}

/// Names a card so that posting it again is known for what it is.
fn card_name(key: &CardKey, owed: &Owed) -> String {
    match key {
        CardKey::Workspace => "workspace".to_owned(),
        CardKey::Task(task) => format!("task {task}"),
        CardKey::Page(opened) => format!("page {opened}"),
        CardKey::Held(event) => format!("held {event}"),
        CardKey::This(_) => owed.id.clone(),
    }
}
