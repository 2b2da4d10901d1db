//! A card, as PoCo thinks of it. A chat platform turns it into its own.

use crate::{Action, Lang, MessageRef, PagesId, Text, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What one message in a chat looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The one language it is shown in: that of its chat, put on it by `decide`.
    #[serde(default)]
    pub lang: Lang,
    pub title: Text,
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
    Text(Text),
    /// Small and grey, plain text.
    Note(Text),
    /// Text that is shown as it is, in a fixed-width font.
    Code { language: String, text: String },
    /// Progress lines and the answer so far, as they come. At most one on a card.
    Live { steps: String, answer: String },
    /// Markdown that is kept in a document of its own; the shell fetches it.
    Stored { pages: PagesId, page: usize },
    /// Several [`Block::Fold`]s that are kept in a document of its own; the shell fetches it.
    Folds { pages: PagesId, page: usize },
    /// Markdown behind a title that people may unfold.
    Fold { title: Text, text: Text },
    /// A person, as the platform shows one, with some markdown beside.
    Person { id: UserId, name: String, text: Text },
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
    pub label: Text,
    pub action: Action,
    pub look: Look,
    /// What to ask before the press counts.
    pub confirm: Option<Text>,
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
    Input {
        name: String,
        label: Text,
        placeholder: Text,
        value: String,
        required: bool,
    },
    Select {
        name: String,
        label: Text,
        options: Vec<Choice>,
        value: Option<String>,
    },
    /// Somebody in the chat; the value is their id.
    Person {
        name: String,
        label: Text,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub label: Text,
    pub value: String,
}

impl Card {
    /// Makes a card with nothing on it.
    pub fn new(tone: Tone, title: Text) -> Self {
        let (lang, blocks, typing) = Default::default();
        Self { lang, title, tone, blocks, typing, under: None }
    }

    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    #[must_use]
    pub fn text(self, text: Text) -> Self {
        self.block(Block::Text(text))
    }

    #[must_use]
    pub fn note(self, text: Text) -> Self {
        self.block(Block::Note(text))
    }

    /// Adds a row of buttons; none if there are none.
    #[must_use]
    pub fn buttons(self, buttons: Vec<Button>) -> Self {
        if buttons.is_empty() { self } else { self.block(Block::Buttons(buttons)) }
    }

    /// Puts the language on it that people are to read it in.
    #[must_use]
    pub fn told(mut self, lang: Lang) -> Self {
        self.lang = lang;
        self
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
                | Block::Person { .. }
                | Block::Rule => {}
            }
        }
        all
    }
}

impl Button {
    pub fn new(label: Text, action: Action) -> Self {
        Self { label, action, look: Look::Plain, confirm: None }
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
    pub fn confirm(mut self, question: Text) -> Self {
        self.confirm = Some(question);
        self
    }
}

/// The card as plain text, for tests and the demo routes.
impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title.of(self.lang))?;
        self.blocks.iter().try_for_each(|block| write!(f, "\n{}", block.plain(self.lang)))
    }
}

impl Block {
    /// Returns the block as plain text.
    pub fn plain(&self, lang: Lang) -> String {
        match self {
            Self::Text(text) => text.of(lang).to_owned(),
            Self::Note(text) => format!("~ {}", text.of(lang)),
            Self::Code { text, .. } => format!("| {}", text.replace('\n', "\n| ")),
            Self::Live { steps, answer } if steps.is_empty() => answer.clone(),
            Self::Live { steps, answer } => format!("{steps}\n{answer}"),
            Self::Folds { pages, page } => format!("<{pages} folds {}>", page + 1),
            Self::Stored { pages, page } => format!("<{pages} page {}>", page + 1),
            Self::Fold { title, text } => {
                format!("> {}\n  {}", title.of(lang), text.of(lang).replace('\n', "\n  "))
            }
            Self::Person { id, name, text } => {
                let who = if name.is_empty() { id.as_str() } else { name };
                format!("@{who} {}", text.of(lang))
            }
            Self::Rule => "----".to_owned(),
            Self::Buttons(buttons) => row(buttons.iter(), lang),
            Self::Form(form) => {
                let fields = form.fields.iter().map(|field| match field {
                    Field::Input { label, value, .. } => format!("{}: {value}_\n", label.of(lang)),
                    Field::Select { label, value, .. } => {
                        let value = value.as_deref().unwrap_or_default();
                        format!("{}: <{value}>\n", label.of(lang))
                    }
                    Field::Person { label, .. } => format!("{}: @_\n", label.of(lang)),
                });
                let buttons = std::iter::once(&form.submit).chain(&form.others);
                fields.collect::<String>() + &row(buttons, lang)
            }
        }
    }
}

fn row<'a>(buttons: impl Iterator<Item = &'a Button>, lang: Lang) -> String {
    let labels: Vec<_> = buttons.map(|button| format!("[{}]", button.label.of(lang))).collect();
    labels.join(" ")
}
