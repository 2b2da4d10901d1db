//! A card, as PoCo thinks of it. A chat platform turns it into its own.

use crate::{Action, MessageRef, PagesId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one message in a chat looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub title: String,
    pub tone: Tone,
    pub blocks: Vec<Block>,
    /// Whether text will be typed onto this card while people look.
    pub typing: Typing,
    /// Post it below this message, in its topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<MessageRef>,
}

/// Whether a card is one that output is typed onto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Typing {
    /// It changes in steps.
    #[default]
    No,
    /// It may be typed onto later, or was; nothing is being typed now.
    Idle,
    /// Its [`Block::Live`] is being typed now.
    Now,
}

/// The mood of a card; a platform shows it as a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    Plain,
    Busy,
    Asking,
    Good,
    Bad,
    /// Over, and neither good nor bad.
    Ended,
}

/// One part of a card, from top to bottom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Block {
    /// Markdown.
    Text(String),
    /// Small and grey, plain text.
    Note(String),
    /// Text that is shown as it is, in a fixed-width font.
    Code { language: String, text: String },
    /// Progress lines and the answer so far, as they come. At most one on a card.
    Live { steps: String, answer: String },
    /// Markdown that is kept in a document of its own; the shell fetches it.
    Stored { pages: PagesId, page: usize },
    /// Several [`Block::Fold`]s that are kept in a document of its own; the shell fetches it.
    Folds { pages: PagesId, page: usize },
    /// Markdown behind a title that people may unfold.
    Fold { title: String, text: String },
    /// A line across.
    Rule,
    /// Buttons side by side.
    Buttons(Vec<Button>),
    /// Fields and the buttons that send them.
    Form(Form),
}

/// Something to press.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Button {
    pub label: String,
    pub action: Action,
    pub look: Look,
    /// What to ask before the press counts.
    pub confirm: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    Plain,
    Primary,
    Danger,
}

/// Fields whose values go with the action of `submit`, by field name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// Unique on its card; ASCII letters, digits and underscores.
    pub name: String,
    pub fields: Vec<Field>,
    pub submit: Button,
    /// Further buttons in the form that do not send the fields.
    pub others: Vec<Button>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Field {
    Input { name: String, label: String, placeholder: String, value: String, required: bool },
    Select { name: String, label: String, options: Vec<Choice>, value: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub label: String,
    pub value: String,
}

impl Card {
    /// Makes a card with nothing on it.
    pub fn new(tone: Tone, title: impl Into<String>) -> Self {
        Self { title: title.into(), tone, blocks: Vec::new(), typing: Typing::No, under: None }
    }

    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text(text.into()))
    }

    #[must_use]
    pub fn note(self, text: impl Into<String>) -> Self {
        self.block(Block::Note(text.into()))
    }

    /// Adds a row of buttons; none if there are none.
    #[must_use]
    pub fn buttons(self, buttons: Vec<Button>) -> Self {
        if buttons.is_empty() { self } else { self.block(Block::Buttons(buttons)) }
    }

    #[must_use]
    pub fn typing(mut self, typing: Typing) -> Self {
        self.typing = typing;
        self
    }

    #[must_use]
    pub fn under(mut self, message: Option<MessageRef>) -> Self {
        self.under = message;
        self
    }

    /// Returns every button on the card, those of forms included.
    pub fn all_buttons(&self) -> Vec<&Button> {
        let mut all = vec![];
        for block in &self.blocks {
            match block {
                Block::Buttons(buttons) => all.extend(buttons),
                Block::Form(form) => {
                    all.push(&form.submit);
                    all.extend(&form.others);
                }
                Block::Text(_)
                | Block::Note(_)
                | Block::Code { .. }
                | Block::Live { .. }
                | Block::Stored { .. }
                | Block::Folds { .. }
                | Block::Fold { .. }
                | Block::Rule => {}
            }
        }
        all
    }
}

impl Button {
    pub fn new(label: &str, action: Action) -> Self {
        Self { label: label.to_owned(), action, look: Look::Plain, confirm: None }
    }

    #[must_use]
    pub fn primary(mut self) -> Self {
        self.look = Look::Primary;
        self
    }

    #[must_use]
    pub fn danger(mut self) -> Self {
        self.look = Look::Danger;
        self
    }

    #[must_use]
    pub fn confirm(mut self, question: impl Into<String>) -> Self {
        self.confirm = Some(question.into());
        self
    }
}

/// The card as plain text, for tests and the demo routes.
impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)?;
        self.blocks.iter().try_for_each(|block| write!(f, "\n{block}"))
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text}"),
            Self::Note(text) => write!(f, "~ {text}"),
            Self::Code { text, .. } => write!(f, "| {}", text.replace('\n', "\n| ")),
            Self::Live { steps, answer } if steps.is_empty() => write!(f, "{answer}"),
            Self::Live { steps, answer } => write!(f, "{steps}\n{answer}"),
            Self::Folds { pages, page } => write!(f, "<{pages} folds {}>", page + 1),
            Self::Stored { pages, page } => write!(f, "<{pages} page {}>", page + 1),
            Self::Fold { title, text } => write!(f, "> {title}\n  {}", text.replace('\n', "\n  ")),
            Self::Rule => write!(f, "----"),
            Self::Buttons(buttons) => row(f, buttons.iter()),
            Self::Form(form) => {
                for field in &form.fields {
                    match field {
                        Field::Input { label, value, .. } => writeln!(f, "{label}: {value}_")?,
                        Field::Select { label, value, .. } => {
                            writeln!(f, "{label}: <{}>", value.as_deref().unwrap_or_default())?;
                        }
                    }
                }
                row(f, std::iter::once(&form.submit).chain(&form.others))
            }
        }
    }
}

fn row<'a>(f: &mut fmt::Formatter<'_>, buttons: impl Iterator<Item = &'a Button>) -> fmt::Result {
    let labels: Vec<_> = buttons.map(|button| format!("[{}]", button.label)).collect();
    write!(f, "{}", labels.join(" "))
}
