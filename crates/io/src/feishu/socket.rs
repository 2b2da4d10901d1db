//! The long connection: events come in over a socket that PoCo opens, for ever.

mod endpoint;
mod parts;
mod session;
mod status;

pub use status::Status;

use super::door::Handler;
use crate::config;
use crate::secret::Secret;
use endpoint::{Endpoint, Refusal};
use poco_core::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long to wait before trying again with a configuration that was refused.
const MISCONFIGURED_EVERY: Duration = Duration::from_secs(180);

/// A connection that lasted less counts as a failure.
const LASTED: Duration = Duration::from_secs(10);

/// The first pause after a failure; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, if the platform allows as much.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The shortest pause, whatever the platform says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// A long connection that has yet to be opened.
#[derive(Clone)]
pub struct Socket {
    http: reqwest::Client,
    base_url: String,
    app_id: String,
    app_secret: Secret,
    clock: fn() -> Timestamp,
}

/// What the platform says about the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settings {
    /// Between two pings.
    ping: Duration,
    /// The most to wait after a connection that worked: not all clients shall come back at once.
    nonce: Duration,
    /// The longest pause between attempts.
    pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { ping: seconds(120), nonce: seconds(30), pause: LONGEST_PAUSE }
    }
}

impl Socket {
    pub fn new(http: reqwest::Client, feishu: &config::Feishu, clock: fn() -> Timestamp) -> Self {
        Self {
            http,
            base_url: feishu.base_url.trim_end_matches('/').to_owned(),
            app_id: feishu.app_id.clone(),
            app_secret: feishu.app_secret.clone(),
            clock,
        }
    }

    /// Keeps a connection open until `stop` becomes true or its sender is gone. Events under way
    /// then are finished first, within bounds.
    pub async fn run(
        &self,
        handler: Arc<dyn Handler>,
        status: &watch::Sender<Status>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut settings = Settings::default();
        let mut failures = 0;
        while !is_stopped(&stop) {
            status.send_replace(Status::Connecting);
            let connected = tokio::select! {
                connected = self.connect(&mut settings) => connected,
                () = stopped(&mut stop) => return,
            };
            failures += 1;
            let refusal = match connected {
                Ok((socket, service)) => {
                    let (since, began) = ((self.clock)(), Instant::now());
                    status.send_replace(Status::Connected { since });
                    let mut session = session::Session::new(socket, service, handler.clone());
                    let why = session.run(&mut settings, &mut stop).await;
                    if began.elapsed() >= LASTED {
                        failures = 0;
                    }
                    Refusal::Later(why)
                }
                Err(refusal) => refusal,
            };
            let pause = pause(&refusal, failures, &settings);
            if !is_stopped(&stop) {
                self.tell(status, refusal, pause);
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    async fn connect(
        &self,
        settings: &mut Settings,
    ) -> Result<(session::Connection, i32), Refusal> {
        let endpoint = Endpoint::ask(self).await?;
        settings.learn(&endpoint.config);
        endpoint.open().await
    }

    fn tell(&self, status: &watch::Sender<Status>, refusal: Refusal, pause: Duration) {
        match refusal {
            Refusal::Later(why) => {
                tracing::info!(%why, "the long connection is down; trying again");
                let wait = u64::try_from(pause.as_millis()).unwrap_or_default();
                let next = Timestamp((self.clock)().0.saturating_add(wait));
                status.send_replace(Status::Retrying { why, next });
            }
            Refusal::Misconfigured { why, fix } => {
                tracing::error!(%why, %fix, "Feishu refuses the long connection");
                status.send_replace(Status::Misconfigured { why, fix });
            }
        }
    }
}

impl Settings {
    /// Takes over what the platform says; what it leaves out stays.
    fn learn(&mut self, config: &endpoint::ClientConfig) {
        let seconds = |number: Option<i64>, least: u64, most: u64| {
            let number = number.and_then(|number| u64::try_from(number).ok())?;
            Some(Duration::from_secs(number.clamp(least, most)))
        };
        self.ping = seconds(config.ping_interval, 1, 600).unwrap_or(self.ping);
        self.nonce = seconds(config.reconnect_nonce, 0, 60).unwrap_or(self.nonce);
        self.pause =
            seconds(config.reconnect_interval, 1, LONGEST_PAUSE.as_secs()).unwrap_or(self.pause);
    }
}

/// Returns how long to wait after so many failures in a row.
fn pause(refusal: &Refusal, failures: u32, settings: &Settings) -> Duration {
    let longest = match refusal {
        Refusal::Misconfigured { .. } => MISCONFIGURED_EVERY,
        Refusal::Later(_) if failures == 0 => return chance(SHORTEST_PAUSE, settings.nonce),
        Refusal::Later(_) => {
            FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(settings.pause)
        }
    };
    chance(longest / 2, longest)
}

/// Returns a random time between two.
fn chance(least: Duration, most: Duration) -> Duration {
    // Without randomness all is well too, only less evenly spread.
    let part = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    least + most.saturating_sub(least).mul_f64(part)
}

fn is_stopped(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Waits until the connection is no longer wanted.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it whoever wanted the connection.
    let _ = stop.wait_for(|stop| *stop).await;
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
