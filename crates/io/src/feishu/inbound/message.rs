//! Messages: what people write becomes a prompt or a command.

use super::content::{self, Mentions, name};
use super::{Inbound, Origin, id, lang, text, time};
use crate::port::Said;
use poco_core::{Action, Enclosed, MessageRef, Quote, Timestamp, Topic, TopicId, Via};
use serde_json::Value;

/// Reads an `im.message.receive_v1`.
pub(super) fn read(payload: &Value, bot: Option<&str>, now: Timestamp) -> Inbound {
    let event = &payload["event"];
    let message = &event["message"];
    if text(event, "/sender/sender_type") != Some("user") {
        return Inbound::Ignored("a message of a bot");
    }
    // Two subscriptions may deliver a message twice, as two events.
    let origin = Origin {
        id: text(message, "/message_id"),
        chat: text(message, "/chat_id"),
        by: text(event, "/sender/sender_id/open_id"),
        at: time(text(message, "/create_time"), now),
        lang: lang(event),
    };
    let (via, quotes) = place(message);
    let kind = text(message, "/message_type").unwrap_or_default();
    origin.acted(via, action(kind, message, bot, quotes))
}

fn action(kind: &str, message: &Value, bot: Option<&str>, mut quotes: Vec<Quote>) -> Action {
    let own = text(message, "/message_id");
    let content = text(message, "/content").and_then(|it| serde_json::from_str::<Value>(it).ok());
    let mut mentions = Mentions::of(&message["mentions"], bot);
    let said = match (kind, id(own)) {
        ("merge_forward", Some(own)) => {
            quotes.push(Quote { message: MessageRef::new(own), bundle: true });
            Some(Said::default())
        }
        _ => {
            let mut read = |with_ids| {
                mentions.with_ids = with_ids;
                content.as_ref().and_then(|content| content::read(kind, content, &mentions, own))
            };
            match read(false) {
                // It matters who is meant, not what they are called.
                Some(said) if Action::is_about_people(&said.text) => read(true),
                said => said,
            }
        }
    };
    match said {
        Some(Said { text, files }) => Action::parse_with(&text, Enclosed { files, quotes }),
        None => Action::Unsupported { what: name(kind) },
    }
}

/// Says where a message came, and what it answers.
fn place(message: &Value) -> (Via, Vec<Quote>) {
    let named = |key| id(text(message, key)).map(MessageRef::new);
    let (parent, root) = (named("/parent_id"), named("/root_id"));
    let quote = |message| Quote { message, bundle: false };
    if text(message, "/chat_type") == Some("p2p") {
        return (Via::Direct, parent.map(quote).into_iter().collect());
    }
    let topic = id(text(message, "/thread_id")).zip(named("/message_id"));
    let Some((topic, own)) = topic else {
        return (Via::Group, parent.map(quote).into_iter().collect());
    };
    // Whatever is said in a topic answers the message it began with.
    let quotes = parent.filter(|parent| root.as_ref() != Some(parent)).map(quote);
    let topic = Topic { id: TopicId::new(topic), message: own };
    (Via::Topic { topic, root }, quotes.into_iter().collect())
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
