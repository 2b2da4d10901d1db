//! The long connection: where a client gets its address, and what goes over it.

mod endpoint;
pub(crate) mod frame;
mod link;
mod send;

pub(crate) use endpoint::endpoint;
pub(crate) use link::accept;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokio::sync::{mpsc, oneshot};

/// The most connections of one app.
const LINKS_MAX: usize = 50;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// With a proper goodbye.
    Close,
    /// By a reset, between frames.
    Reset,
    /// In the middle of a frame.
    MidFrame,
    /// Not at all: the platform falls silent, as after a sleep of the machine.
    Silence,
}

/// How messages are cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    pub parts: usize,
    /// Whether the parts come in another order.
    pub shuffled: bool,
    /// Whether a part comes twice.
    pub doubled: bool,
}

/// What the platform tells a client about the connection; what is none is not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect_count: Option<i64>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect_interval: Option<u64>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconnect_nonce: Option<u64>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_interval: Option<u64>,
}

/// Everything about long connections.
#[derive(Debug)]
pub(crate) struct Links {
    /// The address of the socket, without a query.
    pub(crate) url: String,
    pub(crate) live: Vec<Link>,
    tickets: BTreeMap<String, i32>,
    used: BTreeSet<String>,
    pub(crate) framing: Framing,
    pub(crate) config: ClientConfig,
    /// Sent with the next pongs.
    pub(crate) pong_config: Option<ClientConfig>,
    /// Codes the next requests for an address are refused with.
    pub(crate) refusals: VecDeque<i64>,
    /// Status and auth code the next handshakes are refused with.
    pub(crate) handshakes: VecDeque<(u16, i64)>,
    pub(crate) pings: u64,
    /// How many connections there have been.
    pub(crate) made: u64,
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Link {
    number: u64,
    service: i32,
    orders: mpsc::UnboundedSender<Order>,
    waiting: BTreeMap<String, Waiting>,
}

/// A message whose acknowledgement is awaited.
#[derive(Debug)]
struct Waiting {
    sent: frame::Frame,
    done: oneshot::Sender<Result<serde_json::Value, i64>>,
}

/// What a connection is told to do.
#[derive(Debug)]
enum Order {
    Send(Vec<u8>),
    Cut(Cut),
}

impl Default for Links {
    fn default() -> Self {
        let config = ClientConfig {
            reconnect_count: Some(-1),
            reconnect_interval: Some(120),
            reconnect_nonce: Some(30),
            ping_interval: Some(120),
        };
        Self {
            url: String::new(),
            live: Vec::new(),
            tickets: BTreeMap::new(),
            used: BTreeSet::new(),
            framing: Framing { parts: 1, shuffled: false, doubled: false },
            config,
            pong_config: None,
            refusals: VecDeque::new(),
            handshakes: VecDeque::new(),
            pings: 0,
            made: 0,
        }
    }
}
