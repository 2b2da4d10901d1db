//! Makes sure that a webhook request comes from Feishu, and opens it.

use crate::secret::Secret;
use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use poco_core::Timestamp;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// How far the time of a signed request may be from ours, in milliseconds.
pub const FRESH_MS: u64 = 5 * 60 * 1_000;

/// Bytes of the block AES works on, and of what comes before the first one.
const BLOCK_BYTES: usize = 16;

/// Knows what Feishu and we share. With neither secret it refuses everything.
#[derive(Clone, Debug)]
pub struct Verifier {
    token: Option<Secret>,
    encrypt_key: Option<Secret>,
}

/// Why a request is refused. Safe to log and to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    #[error(
        "no verification token and no encrypt key is set: set one, as the app's console shows it"
    )]
    NotConfigured,
    #[error("the body is not a JSON object")]
    NotJson,
    #[error(
        "the body is not encrypted, but an encrypt key is set: set the same key in the app's console"
    )]
    NotEncrypted,
    #[error(
        "the body is encrypted, but no encrypt key is set: set the key the app's console shows"
    )]
    NoKey,
    #[error(
        "the body cannot be decrypted: the encrypt key differs from the one in the app's console"
    )]
    WrongKey,
    #[error("the request is not signed")]
    NotSigned,
    #[error("the time of the request is too far from this machine's: check its clock")]
    NotFresh,
    #[error(
        "the signature is wrong: the encrypt key differs from the one in the app's console, or a proxy changed the body"
    )]
    WrongSignature,
    #[error("the verification token is missing or differs from the one in the app's console")]
    WrongToken,
}

impl Unverified {
    /// Whether another secret than ours may have been right.
    pub(super) fn may_be_our_fault(self) -> bool {
        match self {
            Self::WrongKey | Self::WrongSignature | Self::WrongToken => true,
            Self::NotConfigured
            | Self::NotJson
            | Self::NotEncrypted
            | Self::NoKey
            | Self::NotSigned
            | Self::NotFresh => false,
        }
    }
}

impl Verifier {
    /// Empty secrets count as none.
    pub fn new(token: Option<Secret>, encrypt_key: Option<Secret>) -> Self {
        let some = |secret: Option<Secret>| secret.filter(|secret| !secret.is_empty());
        Self { token: some(token), encrypt_key: some(encrypt_key) }
    }

    /// Whether anything could get through.
    pub fn is_configured(&self) -> bool {
        self.token.is_some() || self.encrypt_key.is_some()
    }

    /// Returns what a request says, decrypted, if it is Feishu that says it. `header` looks up a
    /// header by its name.
    pub fn open<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Value, Unverified> {
        let outer = object(body).ok_or(Unverified::NotJson)?;
        let encrypted = outer.get("encrypt").and_then(Value::as_str);
        match (&self.encrypt_key, encrypted) {
            (None, _) if self.token.is_none() => Err(Unverified::NotConfigured),
            (None, Some(_)) => Err(Unverified::NoKey),
            (Some(_), None) => Err(Unverified::NotEncrypted),
            (None, None) => self.open_plain(&header, body, outer, now),
            (Some(key), Some(encrypted)) => {
                let plain = decrypt(key, encrypted).and_then(|plain| object(&plain));
                let value = plain.ok_or(Unverified::WrongKey)?;
                if value["type"] != "url_verification" {
                    let signature = Signature::of(&header)?;
                    signature.check::<Sha256>(key, body, now)?;
                }
                self.check_token(&value)?;
                Ok(value)
            }
        }
    }

    fn open_plain<'h>(
        &self,
        header: &impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        value: Value,
        now: Timestamp,
    ) -> Result<Value, Unverified> {
        let token = self.token.as_ref().ok_or(Unverified::NotConfigured)?;
        if is_old_press(&value) {
            // It has a token too, but that one is for answering.
            Signature::of(header)?.check::<Sha1>(token, body, now)?;
        } else {
            self.check_token(&value)?;
        }
        Ok(value)
    }

    fn check_token(&self, value: &Value) -> Result<(), Unverified> {
        let Some(token) = &self.token else { return Ok(()) };
        let header = value.get("header").unwrap_or(value);
        let given = header.get("token").and_then(Value::as_str).unwrap_or_default();
        if token.matches(given) { Ok(()) } else { Err(Unverified::WrongToken) }
    }
}

/// Whether this is a `card.action.trigger_v1`, which has no envelope.
fn is_old_press(value: &Value) -> bool {
    value.get("action").is_some()
        && ["schema", "header", "type", "event"].iter().all(|key| value.get(key).is_none())
}

struct Signature<'h> {
    timestamp: &'h str,
    nonce: &'h str,
    hex: &'h str,
}

impl<'h> Signature<'h> {
    fn of(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Self, Unverified> {
        let header = |name| header(name).ok_or(Unverified::NotSigned);
        Ok(Self {
            timestamp: header("X-Lark-Request-Timestamp")?,
            nonce: header("X-Lark-Request-Nonce")?,
            hex: header("X-Lark-Signature")?,
        })
    }

    fn check<D: Digest>(
        &self,
        key: &Secret,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let mut digest = D::new();
        for part in [self.timestamp, self.nonce, key.expose()] {
            digest.update(part);
        }
        digest.update(body);
        let expected: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if !Secret::new(expected).matches(&self.hex.to_ascii_lowercase()) {
            return Err(Unverified::WrongSignature);
        }
        let at = self.timestamp.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1_000));
        let is_fresh = at.is_some_and(|at| at.abs_diff(now.0) <= FRESH_MS);
        if is_fresh { Ok(()) } else { Err(Unverified::NotFresh) }
    }
}

fn object(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

/// Decrypts what Feishu encrypted: AES-256-CBC, the first block being where the chain begins.
fn decrypt(key: &Secret, encrypted: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(encrypted).ok()?;
    let (start, rest) = bytes.split_at_checked(BLOCK_BYTES)?;
    let key = Sha256::digest(key.expose());
    let decryptor = Decryptor::<Aes256>::new_from_slices(&key, start).ok()?;
    decryptor.decrypt_padded_vec::<Pkcs7>(rest).ok()
}
