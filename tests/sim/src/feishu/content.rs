//! The content of messages a bot sends.

use super::call::document;
use super::cards::people::validate_here;
use super::files;
use super::messages::Body;
use super::refusal::Refusal;
use super::state::State;
use serde_json::Value;

pub(crate) const CARD_MAX: usize = 30 * 1024;
const POST_MAX: usize = 30 * 1024;
const TEXT_MAX: usize = 150 * 1024;

/// Reads the content of a message of this type.
pub(crate) fn read(state: &State, kind: &str, text: &str) -> Result<Body, Refusal> {
    let content = || document(text, |why| Refusal::new(230_001, why));
    match kind {
        "text" => {
            fits(text, TEXT_MAX)?;
            let content = content()?;
            let filled = content["text"].as_str().is_some_and(|text| !text.is_empty());
            if filled { Ok(Body::Content(content)) } else { Err(invalid("text is empty")) }
        }
        "post" => {
            fits(text, POST_MAX)?;
            let content = content()?;
            post(&content)?;
            Ok(Body::Content(content))
        }
        "interactive" => {
            let content = content()?;
            if content["type"] == "card" {
                return entity(state, &content);
            }
            fits(text, CARD_MAX)?;
            validate_here(state, &content).map_err(|error| error.for_message())?;
            Ok(Body::Card(content))
        }
        "image" | "file" => {
            let content = content()?;
            if !files::sendable(state, kind, &content) {
                return Err(Refusal::new(230_055, "The file was not uploaded by this app"));
            }
            Ok(Body::Content(content))
        }
        "audio" | "media" | "sticker" => {
            Err(Refusal::new(230_055, "uploads of this type are not simulated"))
        }
        "share_chat" | "share_user" | "system" => Err(invalid("this msg_type is not simulated")),
        _ => Err(invalid("unknown msg_type")),
    }
}

/// Refuses content of more than `most` bytes.
pub(crate) fn fits(text: &str, most: usize) -> Result<(), Refusal> {
    if text.len() <= most {
        return Ok(());
    }
    Err(Refusal::new(230_025, "The length of the message content reaches its limit"))
}

fn entity(state: &State, content: &Value) -> Result<Body, Refusal> {
    let id = content["data"]["card_id"].as_str().unwrap_or_default();
    let entity = state.entities.get(id).filter(|entity| entity.sent.is_none());
    let usable = entity.is_some_and(|entity| !entity.expired(state.now()));
    if usable {
        return Ok(Body::Entity(id.to_owned()));
    }
    let why = "Failed to create card content, ext=ErrCode: 11310; ErrMsg: cardid is invalid; ";
    Err(Refusal::new(230_099, why))
}

fn post(content: &Value) -> Result<(), Refusal> {
    const LOCALES: &[&str] = &["zh_cn", "en_us", "ja_jp", "zh_hk", "zh_tw"];
    let languages = content.as_object().filter(|languages| !languages.is_empty());
    let languages = languages.ok_or_else(|| invalid("post must hold a language"))?;
    for (language, post) in languages {
        if !LOCALES.contains(&language.as_str()) {
            return Err(invalid("unknown language of post"));
        }
        let lines = post["content"].as_array().ok_or_else(|| invalid("post without content"))?;
        for line in lines {
            let nodes = line.as_array().ok_or_else(|| invalid("a line of a post is a list"))?;
            nodes.iter().try_for_each(|found| node(found, nodes.len()))?;
        }
    }
    Ok(())
}

fn node(node: &Value, siblings: usize) -> Result<(), Refusal> {
    let has = |name: &str| node[name].as_str().is_some();
    let good = match node["tag"].as_str().unwrap_or_default() {
        "text" => has("text"),
        "md" => has("text") && siblings == 1,
        "a" => has("text") && node["href"].as_str().is_some_and(|href| href.starts_with("http")),
        "at" => has("user_id"),
        "code_block" => has("text"),
        "emotion" => has("emoji_type"),
        "hr" => true,
        _ => false,
    };
    if good { Ok(()) } else { Err(invalid("invalid node in a post")) }
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(230_001, format!("Your request contains an invalid request parameter: {why}"))
}
