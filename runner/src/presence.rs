//! Leaves word that this machine is there, and tells projects whose machine is not.

use crate::agent::Agents;
use crate::settle::Settler;
use poco_core::{Runner, RunnerId, Settings};
use poco_io::app::App;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often word is left: thrice before a machine is taken to be asleep.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);

/// How this machine is, for all others.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) app: App,
    pub(crate) settler: Settler,
    pub(crate) agents: Agents,
    pub(crate) runner: RunnerId,
    /// What this machine does where nobody says otherwise.
    pub(crate) settings: Settings,
    /// Places for turns that are not taken.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) turns_max: usize,
    pub(crate) draining: Arc<AtomicBool>,
}

impl Presence {
    /// Keeps leaving word, for ever. A machine that slept does so as soon as it wakes.
    pub(crate) async fn keep(&self) {
        let mut every = tokio::time::interval(HEARTBEAT_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.tell().await {
                tracing::warn!("could not leave word of this machine: {error:#}");
            }
        }
    }

    /// Leaves word once, and tells the projects for which something changed.
    pub(crate) async fn tell(&self) -> anyhow::Result<()> {
        self.app.heartbeat(&self.here()).await?;
        for chat in self.app.check_runners().await? {
            self.settler.soon(&chat);
        }
        Ok(())
    }

    fn here(&self) -> Runner {
        Runner {
            id: self.runner.clone(),
            host: host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agents: self.agents.names(),
            settings: Some(self.settings.clone()),
            turns: self.turns_max.saturating_sub(self.places.available_permits()),
            draining: self.draining.load(Ordering::Relaxed),
            seen: (self.app.clock)(),
        }
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
