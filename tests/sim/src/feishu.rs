//! A strict simulator of the Feishu Open Platform: one tenant, one app, some people.
//!
//! What the platform refuses, it refuses, with the platform's codes. Tests talk to it as people
//! do ([`Feishu::say`], [`Feishu::press`]), look at what people see ([`Feishu::messages`]) and
//! stand in the way of calls ([`Feishu::fault`]).

mod api;
mod auth;
mod call;
mod callback;
mod cardkit;
mod cards;
mod chats;
mod clock;
mod content;
mod control;
mod delayed;
mod delivery;
mod faults;
mod files;
mod limits;
mod messages;
mod multipart;
mod options;
mod people;
mod press;
mod refusal;
mod registration;
mod rooms;
mod socket;
mod state;
mod watch;
mod webhook;

pub use callback::{PressResult, Toast};
pub use cards::error::CardError;
pub use cards::find::{SeenButton, SeenField, card_buttons, card_fields, card_plain, card_text};
pub use cards::validate::validate_card;
pub use chats::Chat;
pub use faults::{Fault, Trouble};
pub use files::File;
pub use limits::Violation;
pub use options::{CallbackFrame, Options};
pub use people::{Incoming, Said};
pub use registration::{Consent, Flow, Wanted};
pub use socket::frame::{Frame, Header};
pub use socket::{ClientConfig, Cut, Framing};
pub use state::{ApiCall, User};
pub use watch::Message;
pub use webhook::{Webhook, encrypt, sign};

use anyhow::Context;
use axum::extract::DefaultBodyLimit;
use state::State;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch as signal;

/// The longest body of a call: more than an upload may have, so that it can be refused.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// A running simulator; clones are handles to the same one. It ends with its runtime.
#[derive(Clone)]
pub struct Feishu(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// Told of every change, so that nobody has to poll.
    changed: signal::Sender<u64>,
    url: String,
    lark: String,
    runtime: Handle,
    http: reqwest::Client,
}

impl Feishu {
    /// Starts a simulator on loopback.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        // Plain HTTP only, but the HTTP client wants to know its crypto all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = listen(options.port).await?;
        let socket = listen(0).await?;
        let lark = listen(0).await?;
        let mut state = State::new(options);
        state.links.url = format!("ws://{}/ws/v2", socket.local_addr()?);
        let feishu = Self(Arc::new(Inner {
            state: Mutex::new(state),
            changed: signal::Sender::new(0),
            url: format!("http://{}", api.local_addr()?),
            lark: format!("http://{}", lark.local_addr()?),
            runtime: Handle::current(),
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
        }));
        let accounts = registration::routes(true).with_state(feishu.clone());
        tokio::spawn(async move { axum::serve(lark, accounts).await });
        let router = control::routes()
            .merge(registration::routes(false))
            .fallback(api::answer)
            .with_state(feishu.clone());
        let router = router.layer(DefaultBodyLimit::max(BODY_MAX));
        tokio::spawn(async move { axum::serve(api, router).await });
        tokio::spawn(socket::accept(feishu.clone(), socket));
        tokio::spawn(delivery::redeliver_when_due(feishu.clone()));
        Ok(feishu)
    }

    /// Returns the address of the open platform, in place of `https://open.feishu.cn`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Returns the app's id.
    pub fn app_id(&self) -> String {
        self.look(|state| state.options.app_id.clone())
    }

    /// Returns the app's secret.
    pub fn app_secret(&self) -> String {
        self.look(|state| state.options.app_secret.clone())
    }

    /// Changes the state, and wakes whoever waits for a change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.state.lock().unwrap());
        self.0.changed.send_modify(|changes| *changes += 1);
        result
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.lock().unwrap())
    }

    pub(crate) fn changes(&self) -> signal::Receiver<u64> {
        self.0.changed.subscribe()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("listen on loopback")
}

impl fmt::Debug for Feishu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feishu").field("url", &self.0.url).finish_non_exhaustive()
    }
}
