//! Sends files of a project into its chat.

use super::Seat;
use super::command::Done;
use super::learn;
use crate::parcel;
use poco_core::words::file as words;
use poco_core::{Command, EventId, Fact, Text, Topic, hash};
use poco_io::chats::Chats;
use poco_io::port::ChatError;

/// How long after a file was asked for it may be sent again, in milliseconds: the platform knows a
/// repeat for an hour.
const AGAIN_WITHIN: u64 = 50 * 60 * 1_000;

impl Seat {
    /// Sends a file once, or tells why not.
    pub(super) async fn deliver(&self, command: &Command, tries: u32) -> anyhow::Result<Done> {
        let Command::Deliver { request, path, workdir, topic, at } = command else {
            return Ok(Done::Yes);
        };
        let topic = topic.as_ref();
        let files = self.shared.enclosures.source().filter(|_| !Chats::is_local(&self.chat));
        let Some(files) = files else {
            return self.refuse(request, path, words::no_platform(), topic).await;
        };
        let now = (self.shared.app.clock)();
        if tries > 1 && now.since(*at) > AGAIN_WITHIN {
            return self.refuse(request, path, words::sent_or_not(), topic).await;
        }
        if let Err(why) = self.shared.roots.look(workdir) {
            // It may have been allowed when the project was made, and be no more.
            return self.refuse(request, path, why, topic).await;
        }
        learn(&self.shared.mask, workdir).await;
        let mask = self.shared.mask.clone();
        let (root, named) = (workdir.clone(), path.clone());
        let opened =
            tokio::task::spawn_blocking(move || parcel::open(&root, &named, &mask)).await?;
        let parcel = match opened {
            Ok(parcel) => parcel,
            Err(why) => return self.refuse(request, path, why, topic).await,
        };
        let once = format!("file-{:016x}", hash(&format!("{} {request}", self.chat)));
        let under = topic.map(|topic| &topic.message);
        match files.send(&self.chat, under, &parcel, &once).await {
            Ok(()) => Ok(Done::Yes),
            Err(ChatError::Refused(why) | ChatError::Gone(why)) => {
                self.refuse(request, path, why, topic).await
            }
            Err(ChatError::Later(error)) => Ok(Done::Later(format!("{error:#}"))),
        }
    }

    async fn refuse(
        &self,
        request: &EventId,
        path: &str,
        why: Text,
        topic: Option<&Topic>,
    ) -> anyhow::Result<Done> {
        self.not_sent(request, path, why, topic).await?;
        Ok(Done::Yes)
    }

    pub(super) async fn not_sent(
        &self,
        request: &EventId,
        path: &str,
        why: Text,
        topic: Option<&Topic>,
    ) -> anyhow::Result<()> {
        let (path, topic) = (path.to_owned(), topic.cloned());
        let why = self.shared.mask.told(why);
        self.tell(&format!("{request}-not-sent"), Fact::NotSent { path, why, topic }).await
    }
}
