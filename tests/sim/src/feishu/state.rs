//! Everything the platform remembers.

use super::cardkit::Entity;
use super::chats::Chat;
use super::clock::Clock;
use super::delivery::Outbox;
use super::faults::Fault;
use super::files::File;
use super::limits::{Limits, Violation};
use super::messages::Stored;
use super::options::Options;
use super::refusal::Refusal;
use super::socket::Links;
use serde_json::Value;
use std::collections::BTreeMap;

/// A person of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What tests call the person.
    pub name: String,
    /// `ou_…`
    pub open_id: String,
    /// Whether the app is available to the person.
    pub available: bool,
}

/// One call of the open API, as it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiCall {
    pub method: String,
    pub path: String,
    /// The test clock, in milliseconds since 1970.
    pub at: u64,
    pub status: u16,
    /// The platform's code; 0 is a success.
    pub code: i64,
    pub body: Value,
}

/// A tenant access token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) expires: u64,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) chats: BTreeMap<String, Chat>,
    pub(crate) messages: BTreeMap<String, Stored>,
    /// Message ids in the order of their making.
    pub(crate) order: Vec<String>,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) entities: BTreeMap<String, Entity>,
    pub(crate) tokens: Vec<Token>,
    /// Ids given by clients to calls that must act once, with the result and the time.
    pub(crate) once: BTreeMap<String, (String, u64)>,
    /// Messages whose card callback is unanswered, once for each callback.
    pub(crate) locked: Vec<String>,
    /// Callback tokens: message, time of the answer, uses.
    pub(crate) callbacks: BTreeMap<String, super::delayed::Callback>,
    pub(crate) limits: Limits,
    pub(crate) violations: Vec<Violation>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: Vec<ApiCall>,
    pub(crate) links: Links,
    pub(crate) outbox: Outbox,
    /// Device flows, by device code.
    pub(crate) registrations: BTreeMap<String, super::registration::Begun>,
    /// What a client did that the protocol does not allow.
    pub(crate) complaints: Vec<String>,
    next: u64,
    dice: u64,
}

impl State {
    pub(crate) fn new(options: Options) -> Self {
        let users = options.users.iter().map(|name| User::new(name));
        Self {
            users: users.map(|user| (user.open_id.clone(), user)).collect(),
            clock: Clock::new(),
            chats: BTreeMap::new(),
            messages: BTreeMap::new(),
            order: Vec::new(),
            files: BTreeMap::new(),
            entities: BTreeMap::new(),
            tokens: Vec::new(),
            once: BTreeMap::new(),
            locked: Vec::new(),
            callbacks: BTreeMap::new(),
            limits: Limits::new(options.limits),
            violations: Vec::new(),
            faults: Vec::new(),
            calls: Vec::new(),
            links: Links::default(),
            outbox: Outbox::default(),
            registrations: BTreeMap::new(),
            complaints: Vec::new(),
            next: 0,
            dice: options.seed | 1,
            options,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Returns a number never returned before.
    pub(crate) fn count(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Makes an id that looks like the platform's.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let number = self.count();
        format!("{prefix}{}", scramble(self.options.seed ^ number))
    }

    /// Returns a number below `most`, by chance, the same chance for the same seed.
    pub(crate) fn roll(&mut self, most: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 11).unwrap_or_default() % most.max(1)
    }

    /// Finds a person by open id or name.
    pub(crate) fn user(&self, who: &str) -> anyhow::Result<&User> {
        let found = self.users.get(who);
        found
            .or_else(|| self.users.values().find(|user| user.name == who))
            .ok_or_else(|| anyhow::anyhow!("there is no user {who}"))
    }

    /// Takes one of the `most` places a second of `key`, or refuses with `code`.
    pub(crate) fn pace(&mut self, key: &str, most: usize, code: i64) -> Result<(), Refusal> {
        let now = self.clock.real();
        let Err(wait) = self.limits.take(key, most, super::clock::SECOND, now) else {
            return Ok(());
        };
        Err(self.violated(key, code, wait))
    }

    /// Takes one of the 50 places a second and 1000 a minute of one API.
    pub(crate) fn pace_api(&mut self, api: &str) -> Result<(), Refusal> {
        self.pace(&format!("api {api}"), 50, 99_991_400)?;
        let (key, now) = (format!("api minute {api}"), self.clock.now());
        let taken = self.limits.take(&key, 1000, super::clock::MINUTE, now);
        taken.map_err(|wait| self.violated(&key, 99_991_400, wait))
    }

    fn violated(&mut self, key: &str, code: i64, wait: u64) -> Refusal {
        let at = self.now();
        self.violations.push(Violation { what: key.to_owned(), code, at });
        if code == 99_991_400 {
            Refusal::too_many(wait.div_ceil(1000))
        } else {
            Refusal::new(code, "The operation triggers the frequency limit")
        }
    }

    /// Returns what a call with this id did before, if that is no longer ago than `within`.
    pub(crate) fn done_before(&self, key: &str, within: u64) -> Option<String> {
        let (result, at) = self.once.get(key)?;
        (self.now() < at + within).then(|| result.clone())
    }

    pub(crate) fn remember(&mut self, key: String, result: &str) {
        let now = self.now();
        self.once.insert(key, (result.to_owned(), now));
    }

    /// Notes what a client did wrong; tests assert that nothing was noted.
    pub(crate) fn complain(&mut self, what: impl Into<String>) {
        let what = what.into();
        tracing::warn!(what, "the client broke the protocol");
        self.complaints.push(what);
    }
}

impl User {
    pub(crate) fn new(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { name: name.to_owned(), open_id: format!("ou_{}", scramble(seed)), available: true }
    }
}

/// Spreads a number over 32 hexadecimal digits.
fn scramble(number: u64) -> String {
    let mix = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let high = mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15));
    format!("{high:016x}{:016x}", mix(high ^ number))
}
