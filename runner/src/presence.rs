//! Leaves word that this machine is there, and tells projects whose machine is not.

use crate::agent::Agents;
use crate::settle::Settler;
use poco_core::{Runner, RunnerId, Settings, Timestamp};
use poco_io::app::{App, Unheard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How often word is left: thrice before a machine is taken to be asleep.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(30);

/// How this machine is, for all others.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) app: App,
    pub(crate) settler: Settler,
    pub(crate) agents: Agents,
    pub(crate) runner: RunnerId,
    /// Names whoever runs on this home: the name of a machine is one process's at a time.
    pub(crate) instance: String,
    /// Whether the machine's name is ours. Nothing is taken while it is not.
    pub(crate) ours: watch::Sender<bool>,
    /// What this machine does where nobody says otherwise.
    pub(crate) settings: Settings,
    /// Places for turns that are not taken.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) turns_max: usize,
    /// When this process began.
    pub(crate) since: Timestamp,
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

    /// Takes the machine's name, before anything is done under it. Goes on draining if this machine
    /// was before it was started again: its own word says so.
    pub(crate) async fn resume(&self) -> anyhow::Result<()> {
        let runners = self.app.runners().await?;
        let was = runners.iter().any(|it| it.id == self.runner && it.draining);
        self.draining.store(was, Ordering::Relaxed);
        if was {
            tracing::info!("this machine is draining: it takes nothing new");
        }
        self.app.heartbeat(&self.here(), &self.instance).await?;
        Ok(())
    }

    /// Gives the machine's name back at the end.
    pub(crate) async fn release(&self) {
        if let Err(error) = self.app.release(&self.here(), &self.instance).await {
            tracing::warn!("could not leave word that this machine has stopped: {error:#}");
        }
    }

    /// Takes nothing new from now on, or takes it again. Others know before this returns.
    pub(crate) async fn drain(&self, draining: bool) -> anyhow::Result<Runner> {
        let before = self.draining.swap(draining, Ordering::Relaxed);
        if let Err(error) = self.tell().await {
            self.draining.store(before, Ordering::Relaxed);
            return Err(error.context("leave word of it"));
        }
        Ok(self.here())
    }

    /// Leaves word once, and tells the projects for which something changed.
    pub(crate) async fn tell(&self) -> anyhow::Result<()> {
        let told = self.app.heartbeat(&self.here(), &self.instance).await;
        match &told {
            Ok(()) => {
                if !self.ours.send_replace(true) {
                    tracing::warn!("this machine has its name again: it takes jobs");
                }
            }
            // It may have slept for long enough that another one began.
            Err(Unheard::Taken { .. }) => {
                if self.ours.send_replace(false) {
                    tracing::error!("this machine takes no jobs: its name is another's now");
                }
            }
            Err(Unheard::Other(_)) => {}
        }
        told?;
        for chat in self.app.check_runners().await? {
            self.settler.soon(&chat);
        }
        Ok(())
    }

    /// How this machine is now.
    pub(crate) fn here(&self) -> Runner {
        Runner {
            id: self.runner.clone(),
            host: host(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agents: self.agents.names(),
            settings: Some(self.settings.clone()),
            models: self.models(),
            offers: self.app.offers().clone(),
            turns: self.turns_max.saturating_sub(self.places.available_permits()),
            seats: self.turns_max,
            since: self.since,
            draining: self.draining.load(Ordering::Relaxed),
            seen: (self.app.clock)(),
        }
    }
}

impl Presence {
    /// The model that is set is the only one known of so far.
    fn models(&self) -> BTreeMap<String, Vec<String>> {
        let model = self.settings.model.clone();
        model.map(|model| (self.settings.agent.clone(), vec![model])).into_iter().collect()
    }
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
