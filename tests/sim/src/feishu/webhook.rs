//! Events and callbacks by HTTP to the app's own address.

use super::Feishu;
use super::state::State;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use anyhow::{Context, bail};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where events go, and how they are protected.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub url: String,
    /// Encrypts bodies and signs requests; without it only the verification token protects.
    pub encrypt_key: Option<String>,
}

impl Feishu {
    /// Sends events and callbacks to a webhook from now on, or with none over the long connection.
    pub fn webhook(&self, webhook: Option<Webhook>) {
        self.change(|state| {
            state.outbox.webhook = webhook;
            state.outbox.callbacks = None;
        });
    }

    /// Sends callbacks to an address of their own, if events go to a webhook: the console asks for
    /// two addresses.
    pub fn callbacks_to(&self, url: impl Into<String>) {
        self.change(|state| state.outbox.callbacks = Some(url.into()));
    }

    /// Asks the webhook whether it is the app's, as the console does.
    ///
    /// # Errors
    /// If it does not answer with the challenge.
    pub async fn verify_url(&self) -> anyhow::Result<()> {
        let webhook = self.look(|state| state.outbox.webhook.clone()).context("find a webhook")?;
        let challenge = self.change(|state| state.id("c-"));
        let token = self.look(|state| state.options.verification_token.clone());
        let check = json!({"challenge": challenge, "token": token, "type": "url_verification"});
        match self.post(&webhook, &check).await {
            Ok(answer) if answer["challenge"] == challenge.as_str() => Ok(()),
            Ok(answer) => bail!("the webhook answered {answer} to the challenge"),
            Err(code) => bail!("the webhook failed the challenge with {code}"),
        }
    }

    /// Posts a payload and returns the answer, or the code a person would see.
    pub(crate) async fn post(&self, webhook: &Webhook, payload: &Value) -> Result<Value, i64> {
        let (body, headers) = self.change(|state| protect(state, webhook, payload));
        let mut request = self.http().post(&webhook.url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let patience = self.look(|state| state.options.answer_within);
        let response = request.body(body).timeout(patience).send().await;
        let response =
            response.map_err(|error| if error.is_timeout() { 200_341 } else { 200_342 })?;
        if response.status() != 200 {
            return Err(200_671);
        }
        let bytes = response.bytes().await.map_err(|_| 200_342)?;
        if bytes.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(&bytes).map_err(|_| 200_672)
    }
}

type Headers = Vec<(&'static str, String)>;

fn protect(state: &mut State, webhook: &Webhook, payload: &Value) -> (String, Headers) {
    let Some(key) = &webhook.encrypt_key else { return (payload.to_string(), Vec::new()) };
    let seed = u128::from(state.count()) * 0x9e37_79b9_7f4a_7c15_f39c;
    let body =
        json!({"encrypt": encrypt(key, seed.to_be_bytes(), &payload.to_string())}).to_string();
    if payload["type"] == "url_verification" {
        return (body, Vec::new());
    }
    let (timestamp, nonce) = ((state.now() / 1000).to_string(), state.id(""));
    let signature = sign(&timestamp, &nonce, key, &body);
    let headers = vec![
        ("X-Lark-Request-Timestamp", timestamp),
        ("X-Lark-Request-Nonce", nonce),
        ("X-Lark-Signature", signature),
    ];
    (body, headers)
}

/// Encrypts a body as the platform does.
pub fn encrypt(key: &str, iv: [u8; 16], text: &str) -> String {
    let key: [u8; 32] = Sha256::digest(key).into();
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&key.into(), &iv.into());
    let encrypted = cipher.encrypt_padded_vec::<Pkcs7>(text.as_bytes());
    BASE64_STANDARD.encode([&iv[..], &encrypted].concat())
}

/// Signs a body as the platform does.
pub fn sign(timestamp: &str, nonce: &str, key: &str, body: &str) -> String {
    let digest = Sha256::digest([timestamp, nonce, key, body].concat());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
