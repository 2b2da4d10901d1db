//! Files: what people sent is fetched, what they asked for is uploaded and sent once.

use super::call::{Answer, Request, now_ms, pause};
use super::client::Feishu;
use super::error::{Advice, Class, Rejected};
use super::inbound::content;
use super::pacer::{Key, Urgency};
use super::recent::Outbound;
use crate::port::{ChatError, Files, Parcel, Said};
use anyhow::anyhow;
use async_trait::async_trait;
use poco_core::words::{file as file_words, platform as words};
use poco_core::{Attachment, ChatId, Media, MessageRef};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a file may be on its way, and one attempt of it.
const PATIENCE: Duration = Duration::from_secs(90);
const ATTEMPT: Duration = Duration::from_secs(60);

/// How long reading a message may take.
const READ_PATIENCE: Duration = Duration::from_secs(15);

/// The most of an answer that says how an upload went, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of an upload that the platform shows as a picture, and of any other.
pub const PICTURE_BYTES_MAX: usize = 10 * 1024 * 1024;
pub const FILE_BYTES_MAX: usize = 30 * 1024 * 1024;

/// What the platform refuses a picture with that it can't show; it can be sent as a file.
const NO_PICTURE: [i64; 3] = [234_006, 234_011, 234_039];

const FETCH: &str = "GET im/v1/messages/:id/resources/:key";
const READ: &str = "GET im/v1/messages/:id";
const PICTURE: &str = "POST im/v1/images";
const FILE: &str = "POST im/v1/files";

#[async_trait]
impl Files for Feishu {
    async fn fetch(&self, file: &Attachment, limit: usize) -> Result<Vec<u8>, ChatError> {
        let kind = if file.media == Media::Picture { "image" } else { "file" };
        let path = format!("im/v1/messages/{}/resources/{}?type={kind}", file.message, file.key);
        let request = || self.request(Method::GET, &path);
        Ok(self.transfer(FETCH, limit, request).await?.bytes)
    }

    async fn read(&self, message: &MessageRef) -> Result<Vec<Said>, ChatError> {
        let path = format!("im/v1/messages/{message}?card_msg_content_type=user_card_content");
        let request =
            || Request { call: READ, method: Method::GET, path: path.clone(), body: None };
        let answer = self.call(&[], Instant::now() + READ_PATIENCE, request).await?;
        self.said(&answer)
    }

    async fn send(
        &self,
        chat: &ChatId,
        under: Option<&MessageRef>,
        parcel: &Parcel,
        once: &str,
    ) -> Result<(), ChatError> {
        let (kind, content) = self.upload(parcel).await?;
        let deadline = Instant::now() + READ_PATIENCE;
        let sent = self.send_message(chat, under, kind, &content.to_string(), once, deadline).await;
        sent.map(|_| ()).map_err(super::post::not_posted)
    }
}

/// What came back, whole.
struct Body {
    bytes: Vec<u8>,
}

impl Feishu {
    /// Uploads a file; returns the kind of message that shows it, and its content.
    pub(super) async fn upload(&self, parcel: &Parcel) -> Result<(&'static str, Value), ChatError> {
        let Parcel { name, media, bytes } = parcel;
        if *media == Media::Picture && bytes.len() <= PICTURE_BYTES_MAX {
            let form = || {
                Form::new().text("image_type", "message").part("image", part(name, bytes.clone()))
            };
            match self.uploaded(PICTURE, "im/v1/images", "image_key", form).await {
                Ok(key) => return Ok(("image", json!({ "image_key": key }))),
                Err(rejected) if NO_PICTURE.contains(&rejected.code) => {}
                Err(rejected) => return Err(rejected.into()),
            }
        }
        let form = || {
            let form = Form::new().text("file_type", file_type(name));
            form.text("file_name", name.clone()).part("file", part(name, bytes.clone()))
        };
        let key = self.uploaded(FILE, "im/v1/files", "file_key", form).await?;
        Ok(("file", json!({ "file_key": key })))
    }

    async fn uploaded(
        &self,
        call: &'static str,
        path: &str,
        field: &str,
        form: impl Fn() -> Form,
    ) -> Result<String, Rejected> {
        let request = || self.request(Method::POST, path).multipart(form());
        let body = self.transfer(call, ANSWER_BYTES_MAX, request).await?;
        let answer: Value = serde_json::from_slice(&body.bytes).unwrap_or_default();
        let key = answer["data"][field].as_str().filter(|key| !key.is_empty());
        key.map(str::to_owned).ok_or_else(|| Rejected::unanswered(call, "an answer without a key"))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/open-apis/{path}", self.shared.base_url);
        self.shared.http.request(method, url).timeout(ATTEMPT)
    }

    /// Moves a file, again and again while that may help.
    async fn transfer(
        &self,
        call: &'static str,
        limit: usize,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Body, Rejected> {
        let (deadline, keys) = (Instant::now() + PATIENCE, [Key::Api(call)]);
        let (mut tries, mut renewed) = (0, false);
        loop {
            let Some(permit) = self.shared.pacer.admit(&keys, Urgency::Due, deadline).await else {
                return Err(Rejected::unanswered(call, "too many calls at once"));
            };
            let started = Instant::now();
            let moved = timeout_at(deadline, self.moved(call, limit, request())).await;
            let moved =
                moved.unwrap_or_else(|_| Err(Rejected::unanswered(call, "it took too long")));
            drop(permit);
            let error = moved.as_ref().err();
            self.shared.recent.note(Outbound {
                at: now_ms(),
                call,
                code: error.map_or(0, |rejected| rejected.code),
                took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                error: error.map(|rejected| rejected.message.clone()),
            });
            let rejected = match moved {
                Ok(body) => return Ok(body),
                Err(rejected) => rejected,
            };
            if let Class::RateLimited { after } = rejected.class {
                self.shared.pacer.hold(&keys[0], after);
            }
            let wait = pause(rejected.class, tries, &mut renewed);
            let Some(wait) = wait.filter(|wait| Instant::now() + *wait < deadline) else {
                return Err(rejected);
            };
            tries += 1;
            sleep(wait).await;
        }
    }

    async fn moved(
        &self,
        call: &'static str,
        limit: usize,
        request: RequestBuilder,
    ) -> Result<Body, Rejected> {
        let token = self.shared.tokens.get(|| self.fetch_token()).await?;
        let broken = |error: reqwest::Error| super::call::broken(call, &error);
        let response = request.bearer_auth(token.expose()).send().await.map_err(broken)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let is_file = headers.contains_key(reqwest::header::CONTENT_DISPOSITION);
        let bytes = if status == 200 {
            within(call, response, limit).await?
        } else {
            within(call, response, ANSWER_BYTES_MAX).await?
        };
        if status == 200 && is_file {
            return Ok(Body { bytes });
        }
        // An upload's answer, or a refusal of either.
        let told = self.told(call, status, &headers, &bytes, Some(&token));
        match told {
            Ok(_) => Ok(Body { bytes }),
            Err(_) if status == 200 && call == FETCH && !is_envelope(&bytes) => Ok(Body { bytes }),
            Err(rejected) => {
                if rejected.class == Class::Token {
                    self.shared.tokens.forget(&token).await;
                }
                Err(rejected)
            }
        }
    }

    /// Reads what a message says, or each one of a bundle.
    fn said(&self, answer: &Answer) -> Result<Vec<Said>, ChatError> {
        let items = answer.body["data"]["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some((first, rest)) = items.split_first() else {
            return Err(anyhow!("the platform returned no message").into());
        };
        if first["deleted"] == true {
            return Err(ChatError::Refused(file_words::recalled()));
        }
        if first["msg_type"] == "merge_forward" {
            let told = rest.iter().filter(|item| item["deleted"] != true).map(|item| {
                let Said { text, files } = content::of_item(item);
                // What is in a bundle can't be fetched; that it was there can be told.
                let names = files.iter().map(|file| format!("[{}]", file.name));
                let lines: Vec<_> = std::iter::once(text).chain(names).collect();
                Said { text: lines.join("\n").trim().to_owned(), files: vec![] }
            });
            return Ok(told.filter(|said| !said.text.is_empty()).collect());
        }
        let is_ours = first["sender"]["id"] == self.app_id() && first["msg_type"] == "interactive";
        Ok(if is_ours { vec![] } else { vec![content::of_item(first)] })
    }
}

/// Whether these bytes are the platform's own words.
fn is_envelope(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|it| it["code"].is_i64())
}

/// Reads a body that has no more than so many bytes.
async fn within(
    call: &'static str,
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, Rejected> {
    let too_big = || Rejected {
        call,
        code: 234_037,
        message: format!("it has more than {} MB", limit / 1024 / 1024),
        class: Class::Refused(Advice(words::put_elsewhere)),
    };
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_big());
    }
    let mut bytes = vec![];
    while let Some(chunk) =
        response.chunk().await.map_err(|error| super::call::broken(call, &error))?
    {
        if bytes.len() + chunk.len() > limit {
            return Err(too_big());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn part(name: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned())
}

/// What the platform calls a kind of file; it shows some of them.
fn file_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, it)| it.to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => "pdf",
        Some("doc" | "docx") => "doc",
        Some("xls" | "xlsx") => "xls",
        Some("ppt" | "pptx") => "ppt",
        Some(_) | None => "stream",
    }
}
