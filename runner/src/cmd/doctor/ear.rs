//! Listens on a long connection of its own, while no PoCo runs, for one tap.

use async_trait::async_trait;
use poco_core::UserId;
use poco_core::words::command as words;
use poco_io::clock;
use poco_io::config::Config;
use poco_io::feishu::door::{Handler, Reply};
use poco_io::feishu::socket::{Socket, Status};
use poco_io::feishu::{answer, http_client, trial};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the connection may take to open.
const OPENS_WITHIN: Duration = Duration::from_secs(15);

/// How long the answer to the tap may take to be out.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// An open connection.
pub(super) struct Ear {
    heard: Arc<Heard>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<()>,
}

struct Heard {
    /// Names the trial whose tap is waited for, and who is to tap.
    wanted: Mutex<Option<(String, UserId)>>,
    tapped: watch::Sender<bool>,
}

#[async_trait]
impl Handler for Heard {
    async fn take(&self, payload: &Value) -> anyhow::Result<Reply> {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_it = wanted.is_some_and(|(once, owner)| {
            let by = payload["event"]["operator"]["open_id"].as_str();
            trial::is_tap(payload, &once) && by == Some(owner.as_str())
        });
        if !is_it {
            // It is for PoCo: Feishu brings it again when that runs.
            anyhow::bail!("PoCo does not run; only the doctor listens")
        }
        self.tapped.send_replace(true);
        Ok(answer::pressed(Some(&words::tapped()), poco_core::Lang::En).into())
    }
}

impl Ear {
    /// Opens the connection, or says why not and what to do.
    pub(super) async fn open(config: &Config) -> Result<Self, (String, String)> {
        let again = "look at the network, then try again";
        let http = http_client(&config.feishu.base_url)
            .map_err(|error| (format!("{error:#}"), again.to_owned()))?;
        let socket = Socket::new(http, &config.feishu, clock::now);
        let heard = Arc::new(Heard { wanted: Mutex::default(), tapped: watch::Sender::new(false) });
        let (stop, stopped) = watch::channel(false);
        let (status, mut told) = watch::channel(Status::Connecting);
        let handler = heard.clone();
        let listening = tokio::spawn(async move { socket.run(handler, &status, stopped).await });
        let opened = |status: &Status| match status {
            Status::Connecting => None,
            Status::Connected { .. } => Some(Ok(())),
            Status::Retrying { why, .. } => Some(Err((why.clone(), again.to_owned()))),
            Status::Misconfigured { why, fix } => Some(Err((why.clone(), fix.clone()))),
        };
        let wait = told.wait_for(|status| opened(status).is_some());
        let came = match tokio::time::timeout(OPENS_WITHIN, wait).await {
            Ok(Ok(status)) => opened(&status),
            Ok(Err(_)) | Err(_) => None,
        };
        let late =
            || Err(("the long connection did not open in time".to_owned(), again.to_owned()));
        let ear = Self { heard, stop, listening };
        match came.unwrap_or_else(late) {
            Ok(()) => Ok(ear),
            Err(why) => {
                ear.close().await;
                Err(why)
            }
        }
    }

    /// Waits for the tap of a trial, for ever.
    pub(super) async fn tapped(&self, once: &str, owner: &UserId) {
        let wanted = Some((once.to_owned(), owner.clone()));
        *self.heard.wanted.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
        let mut tapped = self.heard.tapped.subscribe();
        // The sender lives as long as this does.
        let _ = tapped.wait_for(|tapped| *tapped).await;
    }

    pub(super) async fn close(self) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(CLOSES_WITHIN, self.listening).await;
    }
}
