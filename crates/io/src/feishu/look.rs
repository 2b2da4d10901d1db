//! What a card comes to on the platform, and simpler forms of it for when it is refused.

use super::render::{ANSWER_ID, STEPS_ID, render};
use poco_core::words::platform as words;
use poco_core::{Block, Card, Lang, Text, hash};
use serde_json::{Value, json};

/// The most bytes of text in a simple card or a text message, as JSON writes them; the platform refuses 30 KB.
const TEXT_BYTES: usize = 20_000;

/// The longest title of a text message, in characters.
const TITLE_CHARS: usize = 200;

/// A rendered card.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) card: Value,
    /// Stands for all of it but what is typed.
    pub(super) frame: u64,
    pub(super) typed: Typed,
}

/// The contents of the elements that are typed onto; `None` if the card has no such element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) steps: Option<String>,
    pub(super) answer: Option<String>,
}

/// Progress lines and the answer so far, as the core puts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    steps: String,
    answer: String,
}

impl Look {
    pub(super) fn of(card: &Card) -> Self {
        let card = render(card);
        let mut frame = card.clone();
        let typed =
            Typed { steps: take(&mut frame, STEPS_ID), answer: take(&mut frame, ANSWER_ID) };
        Self { card, frame: hash(&frame.to_string()), typed }
    }

    /// A form with little that could be refused: the card as plain text, and its buttons.
    pub(super) fn simple(card: &Card) -> Self {
        let buttons = card.all_buttons().into_iter().cloned().collect();
        let simple = Card::new(card.tone, card.title.clone())
            .note(Text::verbatim(cut(&plain(card), card.lang)))
            .buttons(buttons);
        Self::of(&simple.told(card.lang))
    }

    /// Whether the card is being typed onto.
    pub(super) fn is_streaming(&self) -> bool {
        self.card["config"]["streaming_mode"] == true
    }

    /// The card for an ordinary message, which nothing can be typed onto.
    pub(super) fn still(&self) -> String {
        let mut card = self.card.clone();
        if let Some(config) = card["config"].as_object_mut() {
            config.remove("streaming_mode");
            config.remove("streaming_config");
        }
        card.to_string()
    }
}

impl Live {
    /// Returns what a card says is live, if it says anything.
    pub(super) fn on(card: &Card) -> Option<Self> {
        card.blocks.iter().find_map(|block| match block {
            Block::Live { steps, answer } if !(steps.is_empty() && answer.is_empty()) => {
                Some(Self { steps: steps.clone(), answer: answer.clone() })
            }
            Block::Live { .. }
            | Block::Text(_)
            | Block::Note(_)
            | Block::Code { .. }
            | Block::Stored { .. }
            | Block::Folds { .. }
            | Block::Fold { .. }
            | Block::Person { .. }
            | Block::Rule
            | Block::Buttons(_)
            | Block::Form(_) => None,
        })
    }

    /// Puts it onto a card that leaves its live part empty: the core does not know the output, and
    /// what people could read already must not vanish.
    pub(super) fn put_on(&self, card: &mut Card) {
        for block in &mut card.blocks {
            if let Block::Live { steps, answer } = block
                && steps.is_empty()
                && answer.is_empty()
            {
                steps.clone_from(&self.steps);
                answer.clone_from(&self.answer);
            }
        }
    }
}

/// The content of a `post` message with the text of a card, for when even a simple card is refused.
pub(super) fn text_message(card: &Card) -> String {
    let text = json!([[{ "tag": "text", "text": cut(&plain(card), card.lang) }]]);
    let title = card.title.of(card.lang).chars().take(TITLE_CHARS).collect::<String>();
    let locale = match card.lang {
        Lang::En => "en_us",
        Lang::Zh => "zh_cn",
    };
    json!({ locale: { "title": title, "content": text } }).to_string()
}

/// Returns the text on a card, without title, buttons and fields.
fn plain(card: &Card) -> String {
    let is_text = |block: &&Block| !matches!(block, Block::Buttons(_) | Block::Form(_));
    let texts = card.blocks.iter().filter(is_text).map(|block| block.plain(card.lang));
    texts.collect::<Vec<_>>().join("\n")
}

/// Cuts a text to what fits, and says so.
fn cut(text: &str, lang: Lang) -> String {
    let mut room = TEXT_BYTES;
    let fits = text.char_indices().find(|(_, c)| {
        // The content is JSON in a JSON string: quotes and the like are escaped twice.
        let bytes = match c {
            '"' | '\\' | '\n' | '\t' | '\r' => 4,
            c if c.is_control() => 8,
            c => c.len_utf8(),
        };
        let fits = room >= bytes;
        room = room.saturating_sub(bytes);
        !fits
    });
    match fits {
        Some((end, _)) => format!("{}\n{}", &text[..end], words::cut().of(lang)),
        None => text.to_owned(),
    }
}

/// Takes the content out of the element with this id.
fn take(value: &mut Value, id: &str) -> Option<String> {
    match value {
        Value::Object(object) => {
            if object.get("element_id").is_some_and(|it| it == id)
                && let Some(Value::String(content)) = object.get_mut("content")
            {
                return Some(std::mem::take(content));
            }
            object.values_mut().find_map(|value| take(value, id))
        }
        Value::Array(values) => values.iter_mut().find_map(|value| take(value, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::{Action, Button, Tone};

    #[test]
    fn a_simple_card_fits_whatever_the_text() {
        for piece in ["a", "\"", "\n", "\\", "字", "\u{1}", "🦀"] {
            let card = Card::new(Tone::Good, Text::verbatim(piece.repeat(5_000)))
                .text(Text::verbatim(piece.repeat(50_000)))
                .buttons(vec![
                    Button::new(Text::verbatim("Stop"), Action::Stop { task: None });
                    100
                ]);
            let simple = Look::simple(&card).card;
            let bytes = simple.to_string().len();
            assert!(bytes <= 28_000, "{piece:?}: {bytes} bytes");
            assert!(simple.to_string().contains("task.stop"), "buttons stay");
            assert!(json!({ "content": text_message(&card) }).to_string().len() < 28_000);
        }
    }

    #[test]
    fn what_was_typed_stays_when_the_core_leaves_it_open() {
        let live = |steps: &str, answer: &str| {
            let block = Block::Live { steps: steps.into(), answer: answer.into() };
            Card::new(Tone::Busy, Text::verbatim("t")).block(block)
        };
        let typed = Live::on(&live("ran x", "so far")).expect("one");
        let mut card = live("", "");
        typed.put_on(&mut card);
        assert_eq!(card, live("ran x", "so far"));
        let mut other = live("", "newer");
        typed.put_on(&mut other);
        assert_eq!(other, live("", "newer"));
    }
}
