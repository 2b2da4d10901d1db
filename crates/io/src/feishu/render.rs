//! Turns a card into Feishu's card JSON 2.0, within every limit of the platform.

mod budget;
mod element;
mod inline;
mod markdown;
mod part;

pub(crate) use part::NUMBER_MARK;

use budget::fit;
use element::{LINE_MAX, clip, colour, text};
use part::parts;
use poco_core::{Card, Typing, unturned};
use serde_json::{Value, json};

/// The `element_id` of the answer that is typed while the agent works.
pub const ANSWER_ID: &str = "answer";

/// The `element_id` of the progress lines above it.
pub const STEPS_ID: &str = "steps";

/// The most bytes of a card; the platform refuses 30 KB.
pub const CARD_BYTES_MAX: usize = 28_000;

/// The most objects of a card that carry a `tag`; the platform refuses more than 200.
pub const CARD_TAGS_MAX: usize = 180;

/// The most tables of a card; some clients fail at more.
pub const CARD_TABLES_MAX: usize = 4;

/// Milliseconds between two steps of typing.
const TYPING_EVERY: u64 = 50;

/// Characters typed in a step.
const TYPING_STEP: u64 = 4;

/// Returns the card JSON 2.0 of a card. What does not fit is shortened where people see it.
pub fn render(card: &Card) -> Value {
    let mut parts = parts(card);
    let mut shell = shell(card);
    let elements = fit(&mut parts, shell.to_string().len(), card.lang);
    shell["body"]["elements"] = elements.into();
    shell
}

/// Returns the content of one element of a rendered card: what is typed there.
pub fn content<'a>(card: &'a Value, element_id: &str) -> Option<&'a str> {
    let elements = card["body"]["elements"].as_array()?;
    elements.iter().find(|it| it["element_id"] == element_id)?["content"].as_str()
}

fn shell(card: &Card) -> Value {
    let title = match clip(unturned(card.title.of(card.lang)).trim(), LINE_MAX) {
        empty if empty.is_empty() => "PoCo".to_owned(),
        title => title,
    };
    let mut config = json!({
        "update_multi": true,
        "width_mode": "fill",
        "summary": { "content": title },
    });
    match card.typing {
        Typing::No | Typing::Idle => {}
        Typing::Now => {
            config["streaming_mode"] = true.into();
            config["streaming_config"] = json!({
                "print_frequency_ms": { "default": TYPING_EVERY },
                "print_step": { "default": TYPING_STEP },
                "print_strategy": "fast",
            });
        }
    }
    json!({
        "schema": "2.0",
        "config": config,
        "header": { "title": text(&title), "template": colour(card.tone) },
        "body": { "elements": [] },
    })
}
