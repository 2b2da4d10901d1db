//! The content of messages: what a person wrote, and what came along.

use super::{id, text};
use crate::port::Said;
use poco_core::words::platform as words;
use poco_core::{Action, Attachment, Lang, Media, MessageRef, PICTURE, Text, UserId};
use serde_json::Value;

/// The deepest nesting that is read of a formatted message.
const DEPTH_MAX: usize = 8;

/// The longest name of a file, in bytes: longer ones are no file's.
const NAME_BYTES_MAX: usize = 1024;

/// The most text that is read of somebody else's card, in bytes.
const CARD_BYTES_MAX: usize = 4_000;

/// Reads the content of a message that is delivered. `None` if PoCo can't make anything of it.
pub(super) fn read(
    kind: &str,
    content: &Value,
    mentions: &Mentions<'_>,
    message: Option<&str>,
) -> Option<Said> {
    let attach = |key: &str, media, name: &str| {
        let (message, key) = (id(message)?, id(text(content, key))?);
        Some(attachment(message, key, media, name))
    };
    let file = |name: &str| {
        let name = text(content, "/file_name").filter(|it| !it.is_empty()).unwrap_or(name);
        attach("/file_key", Media::File, name)
    };
    let alone = |file: Option<Attachment>| Some(Said { files: vec![file?], ..Said::default() });
    match kind {
        "text" => {
            let text = mentions.resolve(text(content, "/text")?).trim().to_owned();
            Some(Said { text, files: vec![] })
        }
        "post" => {
            let said = post(content, mentions, message);
            (said != Said::default()).then_some(said)
        }
        "image" => alone(attach("/image_key", Media::Picture, PICTURE)),
        "file" => alone(file("file")),
        "audio" => alone(file("voice.opus")),
        "media" => alone(file("video.mp4")),
        _ => None,
    }
}

/// Reads a message as the platform returns it when asked.
pub(in crate::feishu) fn of_item(item: &Value) -> Said {
    let kind = text(item, "/msg_type").unwrap_or_default();
    let content = text(item, "/body/content").and_then(|it| serde_json::from_str::<Value>(it).ok());
    let content = content.unwrap_or_default();
    let mentions = Mentions::of(&item["mentions"], None);
    if kind == "interactive" {
        return Said { text: card(&content), files: vec![] };
    }
    let said = read(kind, &content, &mentions, text(item, "/message_id"));
    let unknown = || Said { text: format!("[{}]", name(kind).of(Lang::En)), files: vec![] };
    said.unwrap_or_else(unknown)
}

/// What people call a kind of message.
pub(super) fn name(kind: &str) -> Text {
    match kind {
        "image" => words::picture(),
        "file" => words::file(),
        "folder" => words::folder(),
        "audio" => words::voice(),
        "media" => words::video(),
        "sticker" => words::sticker(),
        "interactive" => words::card(),
        "merge_forward" => words::forwarded(),
        "location" => words::location(),
        "post" | "text" => words::no_text(),
        _ => words::this_kind(),
    }
}

fn attachment(message: &str, key: &str, media: Media, name: &str) -> Attachment {
    let (message, key) = (MessageRef::new(message), key.to_owned());
    // The end is what tells its kind.
    let start = name.ceil_char_boundary(name.len().saturating_sub(NAME_BYTES_MAX));
    Attachment { message, key, media, name: name[start..].to_owned() }
}

/// Gathers what can be read on a card, whatever made it.
fn card(content: &Value) -> String {
    let inner = ["/json_card", "/user_dsl"].iter().find_map(|key| text(content, key));
    let inner = inner.and_then(|it| serde_json::from_str::<Value>(it).ok());
    let mut out = String::new();
    gather(inner.as_ref().unwrap_or(content), &mut out, 0);
    out.trim().to_owned()
}

fn gather(value: &Value, out: &mut String, depth: usize) {
    if depth > 4 * DEPTH_MAX || out.len() > CARD_BYTES_MAX {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|it| gather(it, out, depth + 1)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("content" | "text" | "title", Value::String(text)) => {
                        out.push_str(text);
                        out.push('\n');
                    }
                    ("behaviors" | "value" | "tag", _) => {}
                    (_, value) => gather(value, out, depth + 1),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes a formatted message as markdown, and takes out what came with it.
fn post(content: &Value, mentions: &Mentions<'_>, message: Option<&str>) -> Said {
    // Some clients put the language of the text around it.
    let inner =
        content.as_object().and_then(|it| it.values().find(|it| it.get("content").is_some()));
    let post = if content.get("content").is_some() { content } else { inner.unwrap_or(content) };
    let title = text(post, "/title").map(|title| mentions.resolve(title)).unwrap_or_default();
    let paragraphs = post["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut writer = Writer { mentions, message: id(message), files: vec![], words: false };
    let mut lines = vec![];
    if !title.trim().is_empty() {
        writer.words = true;
        lines.extend([title.trim().to_owned(), String::new()]);
    }
    lines.extend(paragraphs.iter().map(|paragraph| {
        let mut line = String::new();
        writer.node(paragraph, &mut line, 0);
        line.trim_end().to_owned()
    }));
    let text = lines.join("\n").trim().to_owned();
    // A picture alone says nothing, though it has a place in the text.
    let said = writer.words || writer.files.is_empty();
    Said { text: if said { text } else { String::new() }, files: writer.files }
}

struct Writer<'a> {
    mentions: &'a Mentions<'a>,
    message: Option<&'a str>,
    files: Vec<Attachment>,
    /// There is more than places of files.
    words: bool,
}

impl Writer<'_> {
    fn node(&mut self, value: &Value, out: &mut String, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(nodes) = value.as_array() {
            nodes.iter().for_each(|it| self.node(it, out, depth + 1));
            return;
        }
        let before = out.trim().len();
        let words = text(value, "/text").unwrap_or_default();
        match text(value, "/tag").unwrap_or_default() {
            "img" => return self.file(value, "/image_key", Media::Picture, out),
            "media" => return self.file(value, "/file_key", Media::File, out),
            "a" => match text(value, "/href") {
                Some(href) if href != words => out.push_str(&format!("[{words}]({href})")),
                _ => out.push_str(words),
            },
            "at" => self.mentions.person(
                text(value, "/user_id").unwrap_or_default(),
                text(value, "/user_name").unwrap_or_default(),
                out,
            ),
            "code_block" => {
                let language = text(value, "/language").unwrap_or_default().to_lowercase();
                out.push_str(&format!("```{language}\n{}\n```", words.trim_end_matches('\n')));
            }
            "emotion" => {
                out.push_str(&format!(":{}:", text(value, "/emoji_type").unwrap_or_default()));
            }
            "hr" => out.push_str("---"),
            tag => {
                if tag == "li" {
                    out.push_str("\n- ");
                }
                out.push_str(&self.mentions.resolve(words));
                for inside in ["content", "elements", "items", "children"] {
                    if value[inside].is_array() {
                        self.node(&value[inside], out, depth + 1);
                    }
                }
                return self.words |= !words.trim().is_empty();
            }
        }
        self.words |= out.trim().len() > before;
    }

    fn file(&mut self, value: &Value, key: &str, media: Media, out: &mut String) {
        let word = if media == Media::Picture { "picture" } else { "video" };
        out.push_str(&format!("[{word}]"));
        let name = if media == Media::Picture { PICTURE } else { "video.mp4" };
        if let (Some(message), Some(key)) = (self.message, id(text(value, key))) {
            self.files.push(attachment(message, key, media, name));
        }
    }
}

/// Who is mentioned, by the key that stands for them in the text.
pub(super) struct Mentions<'a> {
    all: Vec<Mention<'a>>,
    /// Each is written with the person's id.
    pub(super) with_ids: bool,
}

pub(super) struct Mention<'a> {
    key: &'a str,
    open_id: &'a str,
    name: &'a str,
    is_us: bool,
}

/// Stands for everybody.
const ALL: &str = "@_all";

impl<'a> Mentions<'a> {
    pub(super) fn of(mentions: &'a Value, bot: Option<&str>) -> Self {
        let mention = |value: &'a Value| {
            let key = text(value, "/key").filter(|key| key.starts_with('@'))?;
            let open_id = text(value, "/id/open_id").or(text(value, "/id")).unwrap_or_default();
            let is_us = match bot {
                Some(bot) => open_id == bot,
                None => text(value, "/mentioned_type") == Some("bot"),
            };
            Some(Mention { key, open_id, name: text(value, "/name").unwrap_or_default(), is_us })
        };
        let mut mentions: Vec<_> =
            mentions.as_array().into_iter().flatten().filter_map(mention).collect();
        // The key of the tenth begins with that of the first.
        mentions.sort_by_key(|mention| std::cmp::Reverse(mention.key.len()));
        Self { all: mentions, with_ids: false }
    }

    /// Puts names where keys stand. Ours goes, and so does the one for everybody.
    fn resolve(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(mention) = self.all.iter().find(|it| rest.starts_with(it.key)) {
                rest = &rest[mention.key.len()..];
                mention.write(&mut out, self.with_ids);
            } else if rest.starts_with(ALL) {
                rest = &rest[ALL.len()..];
            } else {
                out.push('@');
                rest = &rest[1..];
                continue;
            }
            if out.is_empty() || out.ends_with(char::is_whitespace) {
                rest = rest.strip_prefix(' ').unwrap_or(rest);
            }
        }
        out + rest
    }

    /// Writes a mention in a formatted message, which has either the key or the id.
    fn person(&self, id: &str, name: &str, out: &mut String) {
        let mention = self.all.iter().find(|it| it.key == id || it.open_id == id && !id.is_empty());
        match mention {
            Some(mention) => mention.write(out, self.with_ids),
            None if id == ALL || id == "all" => {}
            None => {
                Mention { key: id, open_id: "", name, is_us: name.is_empty() }.write(out, false)
            }
        }
    }
}

impl Mention<'_> {
    fn write(&self, out: &mut String, with_id: bool) {
        match id(Some(self.open_id)) {
            _ if self.is_us => {}
            Some(id) if with_id => out.push_str(&Action::mention(&UserId::new(id), self.name)),
            Some(_) | None => {
                out.push('@');
                out.push_str(self.name);
            }
        }
    }
}
