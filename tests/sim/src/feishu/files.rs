//! Files: what people put into messages, and what the app uploads.

use super::call::Call;
use super::chats;
use super::messages::Body;
use super::people::{Incoming, Said};
use super::refusal::{Answer, Refusal, success};
use super::state::State;
use super::{Feishu, multipart};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// A file as the platform keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    pub picture: bool,
    /// The app uploaded it; else a person sent it.
    pub by_app: bool,
}

const MB: usize = 1024 * 1024;
const PICTURE_MAX: usize = 10 * MB;
const UPLOAD_MAX: usize = 30 * MB;
const DOWNLOAD_MAX: usize = 100 * MB;
const TYPES: &[&str] = &["opus", "mp4", "pdf", "doc", "xls", "ppt", "stream"];

/// `POST /im/v1/images`
pub(crate) fn upload_image(state: &mut State, call: &Call) -> Answer {
    let form = form(call)?;
    if !matches!(form.text("image_type"), Some("message" | "avatar")) {
        return Err(Refusal::new(234_001, "Invalid request param: image_type"));
    }
    let bytes = upload(&form, "image", PICTURE_MAX)?;
    if !is_picture(&bytes) {
        return Err(Refusal::new(234_011, "Can't recognize the image format"));
    }
    let file = File { name: String::new(), bytes, picture: true, by_app: true };
    Ok(success(&json!({"image_key": keep(state, file)})))
}

/// `POST /im/v1/files`
pub(crate) fn upload_file(state: &mut State, call: &Call) -> Answer {
    let form = form(call)?;
    if !form.text("file_type").is_some_and(|kind| TYPES.contains(&kind)) {
        return Err(Refusal::new(234_001, "Invalid request param: file_type"));
    }
    let Some(name) = form.text("file_name").filter(|name| !name.is_empty()) else {
        return Err(Refusal::new(234_001, "Invalid request param: file_name"));
    };
    let bytes = upload(&form, "file", UPLOAD_MAX)?;
    let file = File { name: name.to_owned(), bytes, picture: false, by_app: true };
    Ok(success(&json!({"file_key": keep(state, file)})))
}

fn form(call: &Call) -> Result<multipart::Form, Refusal> {
    let kind = call.content_type.as_deref().unwrap_or_default();
    multipart::read(kind, &call.raw)
        .ok_or_else(|| Refusal::new(234_001, "Invalid request param: the body is no form"))
}

fn upload(form: &multipart::Form, field: &str, most: usize) -> Result<Vec<u8>, Refusal> {
    let part = form.part(field).filter(|part| part.file_name.is_some());
    let part = part.ok_or_else(|| Refusal::new(234_001, format!("{field} is missing")))?;
    match part.bytes.len() {
        0 => Err(Refusal::new(234_010, "File's size can't be 0")),
        length if length > most => Err(Refusal::new(234_006, "The file size exceed the max value")),
        _ => Ok(part.bytes.clone()),
    }
}

fn is_picture(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 4] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"];
    starts.iter().any(|start| bytes.starts_with(start))
}

fn keep(state: &mut State, file: File) -> String {
    let key = state.id(if file.picture { "img_v3_" } else { "file_v3_" });
    state.files.insert(key.clone(), file);
    key
}

/// `GET /im/v1/messages/:id/resources/:key`: what a person sent. The answer names the file, whose
/// bytes are the body.
pub(crate) fn resource(state: &mut State, call: &Call) -> Answer {
    let (id, key) = (call.part(3), call.part(5));
    let Some(message) = state.messages.get(id).filter(|message| !message.deleted) else {
        return Err(Refusal::new(234_003, "File not in msg."));
    };
    if chats::reachable(state, &message.chat).is_err() {
        return Err(Refusal::new(234_004, "App not in chat."));
    }
    if matches!(message.kind.as_str(), "interactive" | "merge_forward") || message.upper.is_some() {
        return Err(Refusal::new(234_043, "Unsupported message type."));
    }
    let Body::Content(content) = &message.body else {
        return Err(Refusal::new(234_043, "Unsupported message type."));
    };
    let kind = call.query("type").unwrap_or_default();
    let Some(file) = state.files.get(key).filter(|_| holds(content, key)) else {
        return Err(Refusal::new(234_003, "File not in msg."));
    };
    if !matches!((kind, file.picture), ("image", true) | ("file", false)) {
        return Err(Refusal::new(234_001, "Invalid request param: type"));
    }
    if file.bytes.len() > DOWNLOAD_MAX {
        return Err(Refusal::new(234_037, "Downloaded file size exceeds limit."));
    }
    Ok(json!({"file": key}))
}

fn holds(content: &Value, key: &str) -> bool {
    match content {
        Value::String(text) => text == key,
        Value::Array(values) => values.iter().any(|value| holds(value, key)),
        Value::Object(fields) => fields.values().any(|value| holds(value, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether the app may send this key in a message of this kind.
pub(crate) fn sendable(state: &State, kind: &str, content: &Value) -> bool {
    let field = if kind == "image" { "image_key" } else { "file_key" };
    let file = content[field].as_str().and_then(|key| state.files.get(key));
    file.is_some_and(|file| file.by_app && file.picture == (kind == "image"))
}

impl Feishu {
    /// Puts a file of a person's onto the platform, and returns its key, to be used in a message.
    pub fn put_file(&self, name: &str, bytes: &[u8], picture: bool) -> String {
        let file = File { name: name.to_owned(), bytes: bytes.to_vec(), picture, by_app: false };
        self.change(|state| keep(state, file))
    }

    /// Sends a picture alone.
    ///
    /// # Errors
    /// If the person is not in that chat.
    pub fn send_picture(&self, user: &str, chat: &str, bytes: &[u8]) -> anyhow::Result<Said> {
        let key = self.put_file("", bytes, true);
        self.send(user, chat, &Incoming::other("image", json!({"image_key": key})))
    }

    /// Sends a file alone.
    ///
    /// # Errors
    /// If the person is not in that chat.
    pub fn send_file(
        &self,
        user: &str,
        chat: &str,
        name: &str,
        bytes: &[u8],
    ) -> anyhow::Result<Said> {
        let key = self.put_file(name, bytes, false);
        let content = json!({"file_key": key, "file_name": name});
        self.send(user, chat, &Incoming::other("file", content))
    }

    /// Forwards messages as one bundle.
    ///
    /// # Errors
    /// If a message is not there, or the person not in that chat.
    pub fn forward(&self, user: &str, chat: &str, messages: &[&str]) -> anyhow::Result<Said> {
        let content = json!({"content": "Merged and Forwarded Message"});
        ensure!(!messages.is_empty(), "nothing to forward");
        let said = self.send_with(
            user,
            chat,
            &Incoming::other("merge_forward", content),
            |state, bundle| {
                for id in messages {
                    let original = state.messages.get(*id).context("find a message")?.clone();
                    let copy = state.id("om_");
                    let child = super::messages::Stored {
                        id: copy.clone(),
                        upper: Some(bundle.to_owned()),
                        ..original
                    };
                    state.messages.insert(copy, child);
                }
                Ok(())
            },
        )?;
        Ok(said)
    }

    /// Returns the file that a message carries.
    pub fn file_of(&self, message: &str) -> Option<File> {
        self.look(|state| {
            let Body::Content(content) = &state.messages.get(message)?.body else { return None };
            let key = content["image_key"].as_str().or(content["file_key"].as_str())?;
            state.files.get(key).cloned()
        })
    }
}
