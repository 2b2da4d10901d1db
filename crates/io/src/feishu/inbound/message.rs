//! Messages: what people write becomes a prompt or a command.

use super::{Inbound, Origin, lang, text, time};
use poco_core::words::platform as words;
use poco_core::{Action, Text, Timestamp, Via};
use serde_json::Value;

/// The deepest nesting that is read of a formatted message.
const DEPTH_MAX: usize = 8;

/// Reads an `im.message.receive_v1`.
pub(super) fn read(payload: &Value, bot: Option<&str>, now: Timestamp) -> Inbound {
    let event = &payload["event"];
    let message = &event["message"];
    if text(event, "/sender/sender_type") != Some("user") {
        return Inbound::Ignored("a message of a bot");
    }
    let kind = text(message, "/message_type").unwrap_or_default();
    let content = text(message, "/content").and_then(|it| serde_json::from_str::<Value>(it).ok());
    let mentions = Mentions::of(&message["mentions"], bot);
    let written = content.and_then(|content| written(kind, &content, &mentions));
    let action = match written {
        Some(text) => Action::parse(&text),
        None => Action::Unsupported { what: name(kind) },
    };
    // Two subscriptions may deliver a message twice, as two events.
    let origin = Origin {
        id: text(message, "/message_id"),
        chat: text(message, "/chat_id"),
        by: text(event, "/sender/sender_id/open_id"),
        at: time(text(message, "/create_time"), now),
        lang: lang(event),
    };
    let is_direct = text(message, "/chat_type") == Some("p2p");
    origin.acted(if is_direct { Via::Direct } else { Via::Group }, action)
}

/// Reads a `message` of the old envelope, from which mentions of the bot are gone already.
pub(super) fn read_old(payload: &Value, now: Timestamp) -> Inbound {
    let event = &payload["event"];
    let written = text(event, "/text_without_at_bot").or(text(event, "/text"));
    let action = match (text(event, "/msg_type"), written) {
        (Some("text") | None, Some(written)) => Action::parse(written.trim()),
        (kind, _) => Action::Unsupported { what: name(kind.unwrap_or_default()) },
    };
    let origin = Origin {
        id: text(event, "/open_message_id"),
        chat: text(event, "/open_chat_id"),
        by: text(event, "/open_id"),
        at: now,
        lang: lang(event),
    };
    let is_direct = text(event, "/chat_type") == Some("private");
    origin.acted(if is_direct { Via::Direct } else { Via::Group }, action)
}

/// Returns the text of a message, if it is one that has any.
fn written(kind: &str, content: &Value, mentions: &Mentions<'_>) -> Option<String> {
    match kind {
        "text" => Some(mentions.resolve(text(content, "/text")?).trim().to_owned()),
        "post" => {
            let written = post(content, mentions);
            (!written.is_empty()).then_some(written)
        }
        _ => None,
    }
}

/// What people call a kind of message.
fn name(kind: &str) -> Text {
    match kind {
        "image" => words::picture(),
        "file" | "folder" => words::file(),
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

/// Writes a formatted message as markdown.
fn post(content: &Value, mentions: &Mentions<'_>) -> String {
    // Some clients put the language of the text around it.
    let inner =
        content.as_object().and_then(|it| it.values().find(|it| it.get("content").is_some()));
    let post = if content.get("content").is_some() { content } else { inner.unwrap_or(content) };
    let title = text(post, "/title").map(|title| mentions.resolve(title)).unwrap_or_default();
    let paragraphs = post["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![];
    if !title.trim().is_empty() {
        lines.extend([title.trim().to_owned(), String::new()]);
    }
    lines.extend(paragraphs.iter().map(|paragraph| {
        let mut line = String::new();
        node(paragraph, mentions, &mut line, 0);
        line.trim_end().to_owned()
    }));
    lines.join("\n").trim().to_owned()
}

fn node(value: &Value, mentions: &Mentions<'_>, out: &mut String, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(nodes) = value.as_array() {
        nodes.iter().for_each(|it| node(it, mentions, out, depth + 1));
        return;
    }
    let words = text(value, "/text").unwrap_or_default();
    match text(value, "/tag").unwrap_or_default() {
        "a" => match text(value, "/href") {
            Some(href) if href != words => out.push_str(&format!("[{words}]({href})")),
            _ => out.push_str(words),
        },
        "at" => mentions.person(
            text(value, "/user_id").unwrap_or_default(),
            text(value, "/user_name").unwrap_or_default(),
            out,
        ),
        "code_block" => {
            let language = text(value, "/language").unwrap_or_default().to_lowercase();
            out.push_str(&format!("```{language}\n{}\n```", words.trim_end_matches('\n')));
        }
        "img" => out.push_str("[picture]"),
        "media" => out.push_str("[video]"),
        "emotion" => {
            out.push_str(&format!(":{}:", text(value, "/emoji_type").unwrap_or_default()));
        }
        "hr" => out.push_str("---"),
        tag => {
            if tag == "li" {
                out.push_str("\n- ");
            }
            out.push_str(&mentions.resolve(words));
            for inside in ["content", "elements", "items", "children"] {
                if value[inside].is_array() {
                    node(&value[inside], mentions, out, depth + 1);
                }
            }
        }
    }
}

/// Who is mentioned, by the key that stands for them in the text.
struct Mentions<'a>(Vec<Mention<'a>>);

struct Mention<'a> {
    key: &'a str,
    open_id: &'a str,
    name: &'a str,
    is_us: bool,
}

/// Stands for everybody.
const ALL: &str = "@_all";

impl<'a> Mentions<'a> {
    fn of(mentions: &'a Value, bot: Option<&str>) -> Self {
        let mention = |value: &'a Value| {
            let key = text(value, "/key").filter(|key| key.starts_with('@'))?;
            let open_id = text(value, "/id/open_id").unwrap_or_default();
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
        Self(mentions)
    }

    /// Puts names where keys stand. Ours goes, and so does the one for everybody.
    fn resolve(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(mention) = self.0.iter().find(|it| rest.starts_with(it.key)) {
                rest = &rest[mention.key.len()..];
                mention.write(&mut out);
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
        let mention = self.0.iter().find(|it| it.key == id || it.open_id == id && !id.is_empty());
        match mention {
            Some(mention) => mention.write(out),
            None if id == ALL || id == "all" => {}
            None => Mention { key: id, open_id: id, name, is_us: name.is_empty() }.write(out),
        }
    }
}

impl Mention<'_> {
    fn write(&self, out: &mut String) {
        if !self.is_us {
            out.push('@');
            out.push_str(self.name);
        }
    }
}
