//! A round trip to a person and back, to see whether everything an app needs works.

use super::call::Request;
use super::cardkit::{self, Entity};
use super::client::Feishu;
use super::error::Rejected;
use crate::port::{ChatError, Files, Parcel};
use anyhow::anyhow;
use poco_core::{Attachment, ChatId, Media, MessageRef, UserId};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The element that is typed onto.
const LINE: &str = "line";

/// The intent of the button; the core knows it too.
const TAP: &str = "doctor.tap";

/// A small grey picture, as PNG.
const PICTURE: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x10, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x98, 0xa0,
    0xbd, 0x00, 0x00, 0x00, 0x0f, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x98, 0x89, 0x06, 0x18,
    0x46, 0xb6, 0x00, 0x00, 0x4d, 0xcf, 0x99, 0x01, 0xc6, 0x6a, 0xe5, 0x89, 0x00, 0x00, 0x00, 0x00,
    0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A card that was sent, to be tapped and typed onto.
#[derive(Debug)]
pub struct Trial {
    feishu: Feishu,
    entity: Entity,
    /// What the platform calls the message.
    pub message: String,
}

/// What the card says; `button` is left out if nobody is to tap.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    pub title: &'a str,
    pub text: &'a str,
    pub button: Option<&'a str>,
}

impl Feishu {
    /// Sends a person a card, in the chat with the bot. `once` names this trial.
    pub async fn try_card(
        &self,
        to: &UserId,
        words: Words<'_>,
        once: &str,
    ) -> Result<Trial, Rejected> {
        const CREATE: &str = "POST cardkit/v1/cards";
        let created = super::call::now_ms();
        let body = json!({ "type": "card_json", "data": card(words, once).to_string() });
        let request = || Request {
            call: CREATE,
            method: Method::POST,
            path: "cardkit/v1/cards".to_owned(),
            body: Some(body.clone()),
        };
        let answer = self.call(&[], Instant::now() + PATIENCE, request).await?;
        let Some(id) = answer.body["data"]["card_id"].as_str() else {
            return Err(Rejected::unanswered(CREATE, "an answer without a card id"));
        };
        let entity = Entity::new(id, created);
        let content = json!({ "type": "card", "data": { "card_id": id } }).to_string();
        let (chat, deadline) = (ChatId::new(to.as_str()), Instant::now() + PATIENCE);
        let sent = self.send_message(&chat, None, "interactive", &content, once, deadline).await?;
        Ok(Trial { feishu: self.clone(), entity, message: sent.id })
    }

    /// Asks for a group of the bot's: whether it may manage groups shows only so.
    pub async fn try_groups(&self) -> Result<(), Rejected> {
        let request = || Request {
            call: "GET im/v1/chats",
            method: Method::GET,
            path: "im/v1/chats?page_size=1".to_owned(),
            body: None,
        };
        self.call(&[], Instant::now() + PATIENCE, request).await.map(|_| ())
    }

    /// Sends a person a picture and reads it back; `once` names this trial.
    pub async fn try_picture(&self, to: &UserId, once: &str) -> Result<(), ChatError> {
        let parcel = Parcel {
            name: "poco-doctor.png".to_owned(),
            media: Media::Picture,
            bytes: PICTURE.to_vec(),
        };
        let (kind, content) = self.upload(&parcel).await?;
        let (chat, deadline) = (ChatId::new(to.as_str()), Instant::now() + PATIENCE);
        let content_text = content.to_string();
        let sent = self.send_message(&chat, None, kind, &content_text, once, deadline).await?;
        let key = content["image_key"].as_str().or(content["file_key"].as_str());
        let media = if kind == "image" { Media::Picture } else { Media::File };
        let file = Attachment {
            message: MessageRef::new(sent.id),
            key: key.unwrap_or_default().to_owned(),
            name: parcel.name.clone(),
            media,
        };
        let read = self.fetch(&file, PICTURE.len() * 16).await?;
        if read.is_empty() {
            return Err(anyhow!("what came back is empty").into());
        }
        Ok(())
    }
}

impl Trial {
    /// Types a line onto the card, and ends the typing.
    pub async fn type_line(&self, text: &str) -> Result<(), Rejected> {
        let deadline = Instant::now() + PATIENCE;
        let call = async |request: &(dyn Fn() -> Request + Sync)| {
            self.feishu.call(&[], deadline, request).await.map(|_| ())
        };
        call(&|| cardkit::reopen(&self.entity)).await?;
        call(&|| cardkit::type_on(&self.entity, LINE, text)).await?;
        call(&|| cardkit::close(&self.entity)).await
    }
}

fn card(words: Words<'_>, once: &str) -> Value {
    let line = json!({ "tag": "markdown", "element_id": LINE, "content": words.text });
    let button = words.button.map(|label| {
        json!({
            "tag": "button",
            "element_id": "tap",
            "type": "primary",
            "text": { "tag": "plain_text", "content": label },
            "behaviors": [{
                "type": "callback",
                "value": { "intent_key": TAP, "surface": "dm", "once": once },
            }],
        })
    });
    let elements: Vec<_> = std::iter::once(line).chain(button).collect();
    json!({
        "schema": "2.0",
        "config": { "update_multi": true },
        "header": {
            "title": { "tag": "plain_text", "content": words.title },
            "template": "blue",
        },
        "body": { "elements": elements },
    })
}

/// Whether a press is the tap of this trial.
pub fn is_tap(payload: &Value, once: &str) -> bool {
    let value = &payload["event"]["action"]["value"];
    value["intent_key"] == TAP && value["once"] == once
}
