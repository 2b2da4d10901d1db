//! Looks after a turn that has gone silent, or whose connection was lost.

use super::client::{ALIVE_MAX, Client, Ear};
use super::keeper::{Fate, Keeper};
use super::record::{self, Standing};
use crate::rpc::CallError;
use poco_core::Text;
use poco_core::words::agent as words;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest a turn that was taken may take to begin.
const BEGIN_MAX: Duration = Duration::from_secs(5);

/// When a turn that was about to begin is interrupted again.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(50);

/// Since when a turn is silent, and since when it can't reach its model.
pub(super) struct Watch {
    limit: Duration,
    last: Instant,
    cut: Option<Instant>,
}

impl Watch {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, last: Instant::now(), cut: None }
    }

    pub(super) fn heard(&mut self) {
        self.last = Instant::now();
    }

    /// The turn goes on; whatever it tried anew has worked.
    pub(super) fn moved(&mut self) {
        self.cut = None;
    }

    pub(super) fn retrying(&mut self) {
        self.cut.get_or_insert_with(Instant::now);
    }

    pub(super) fn deadline(&self) -> Instant {
        self.cut.map_or(self.last, |cut| cut.min(self.last)) + self.limit
    }

    /// Whether the model has been out of reach for too long.
    pub(super) fn is_cut_off(&self) -> bool {
        self.cut.is_some_and(|cut| cut.elapsed() >= self.limit)
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }
}

/// What was found out about a turn.
pub(super) enum Finding {
    /// It is at work.
    AtWork,
    /// It is at work, and heard over a new connection.
    Rejoined { ear: Ear, turn: Value },
    /// It is over, as the record has it.
    Over(Value),
    /// It is lost, for this reason.
    Lost(Text),
    /// It was interrupted, for it could not go on.
    GivenUp,
}

/// Looks whether a silent turn is still at work.
pub(super) async fn probe(
    keeper: Arc<Keeper>,
    client: Arc<Client>,
    thread: String,
    turn: String,
) -> Finding {
    match tokio::time::timeout(ALIVE_MAX, record::is_active(&client, &thread)).await {
        Ok(Ok(true)) => Finding::AtWork,
        Ok(Ok(false)) => match standing(&client, &thread, &turn).await {
            Ok(standing) => over(standing),
            Err(error) => Finding::Lost(Text::verbatim(error.to_string())),
        },
        Ok(Err(CallError::Refused { message, .. })) => Finding::Lost(Text::verbatim(message)),
        Ok(Err(CallError::NotSent(_) | CallError::Unanswered(_))) | Err(_) => {
            keeper.give_up(&client).await;
            Finding::Lost(words::codex_unanswering())
        }
    }
}

/// Finds out what became of a turn whose connection was lost.
pub(super) async fn rejoin(keeper: Arc<Keeper>, thread: String, turn: String) -> Finding {
    if let Fate::Dead(how) = keeper.fate().await {
        return Finding::Lost(Text::verbatim(format!("{how}.")));
    }
    let client = match keeper.client().await {
        Ok(client) => client,
        Err(error) => return Finding::Lost(Text::verbatim(error.to_string())),
    };
    let Some(ear) = client.listen(&thread) else {
        return Finding::Lost(words::watched_elsewhere());
    };
    let params = json!({ "threadId": thread, "excludeTurns": true });
    let resumed = match client.call("thread/resume", params).await {
        Ok(resumed) => resumed,
        Err(error) => return Finding::Lost(Text::verbatim(error.to_string())),
    };
    client.keep(&thread, &resumed["sandbox"]);
    match standing(&client, &thread, &turn).await {
        Ok(Standing::Running(turn)) => Finding::Rejoined { ear, turn },
        Ok(standing) => over(standing),
        Err(error) => Finding::Lost(Text::verbatim(error.to_string())),
    }
}

async fn standing(client: &Client, thread: &str, turn: &str) -> Result<Standing, CallError> {
    record::standing(client, thread, |it| it["id"] == turn).await
}

fn over(standing: Standing) -> Finding {
    match standing {
        Standing::Running(_) => Finding::AtWork,
        Standing::Over(turn) => Finding::Over(turn),
        Standing::Absent => Finding::Lost(words::codex_no_record()),
        Standing::Untold(reason) => Finding::Lost(reason),
    }
}

/// Interrupts a turn that can't go on.
pub(super) async fn give_up(client: Arc<Client>, thread: String, turn: String) -> Finding {
    interrupt(&client, &thread, &turn).await.unwrap_or_else(|error| {
        tracing::warn!("a turn could not be interrupted: {error}");
    });
    Finding::GivenUp
}

/// Interrupts a turn and the commands it left running. Fine if it is over.
pub(super) async fn interrupt(client: &Client, thread: &str, turn: &str) -> Result<(), CallError> {
    let params = json!({ "threadId": thread, "turnId": turn });
    let end = Instant::now() + BEGIN_MAX;
    loop {
        match client.call("turn/interrupt", params.clone()).await {
            Ok(_) => break,
            Err(error) if super::failure::is_over(&error) => {}
            Err(error) => return Err(error),
        }
        if Instant::now() > end || !begins(client, thread, turn).await {
            break;
        }
        tokio::time::sleep(INTERRUPT_AGAIN).await;
    }
    let params = json!({ "threadId": thread });
    if let Err(error) = client.call("thread/backgroundTerminals/clean", params).await {
        tracing::warn!("commands of a stopped turn may still run: {error}");
    }
    Ok(())
}

/// Whether a turn that codex calls not active may be about to begin: it says so of one that it has
/// taken a moment ago, and runs it all the same.
async fn begins(client: &Client, thread: &str, turn: &str) -> bool {
    match standing(client, thread, turn).await {
        Ok(Standing::Running(_) | Standing::Absent | Standing::Untold(_)) => true,
        Ok(Standing::Over(_)) | Err(_) => false,
    }
}
