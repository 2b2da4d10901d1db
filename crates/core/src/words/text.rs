//! A text in every language, and the languages.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A language PoCo speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese, in simplified characters.
    Zh,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Reads a language's name, or a locale such as `zh-CN`, `en_us` or `zh_CN.UTF-8`.
    pub fn read(name: &str) -> Option<Self> {
        let word = name.trim().split(['-', '_', '.', '@']).next().unwrap_or_default();
        match word.to_ascii_lowercase().as_str() {
            "en" | "english" => Some(Self::En),
            "zh" | "cn" | "chinese" | "中文" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Returns the short name, as settings and commands have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Returns the other language.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is chosen from when it is shown.
///
/// Stored as an object, or as a bare string if it is the same in every language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// Not PoCo's own words: see [`Text::verbatim`].
    Same(String),
    /// PoCo's own words, made in [`words`](crate::words).
    Two { en: String, zh: String },
}

impl Text {
    /// Takes words that are not PoCo's: a name, what a person wrote, what an agent or a program
    /// said. They are shown as they are in every language.
    pub fn verbatim(words: impl Into<String>) -> Self {
        Self::Same(words.into())
    }

    /// Returns the text in a language.
    pub fn of(&self, lang: Lang) -> &str {
        match (self, lang) {
            (Self::Same(text), _)
            | (Self::Two { en: text, .. }, Lang::En)
            | (Self::Two { zh: text, .. }, Lang::Zh) => text,
        }
    }

    /// Changes the text in every language: escapes it, say, or puts a mark before it.
    #[must_use]
    pub fn map(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Same(text) => Self::Same(change(&text)),
            Self::Two { en, zh } => Self::Two { en: change(&en), zh: change(&zh) },
        }
    }

    /// Puts texts one after the other.
    #[must_use]
    pub fn join(texts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let texts: Vec<_> = texts.into_iter().collect();
        let joined =
            |lang| texts.iter().map(|text| text.of(lang)).collect::<Vec<_>>().join(between);
        let [en, zh] = Lang::ALL.map(joined);
        if en == zh { Self::Same(en) } else { Self::Two { en, zh } }
    }

    /// Puts items side by side, as each language lists them.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        let en = Self::join(items.iter().cloned(), ", ").of(Lang::En).to_owned();
        let zh = Self::join(items, "，").of(Lang::Zh).to_owned();
        Self::Two { en, zh }
    }

    pub fn is_empty(&self) -> bool {
        self.of(Lang::En).is_empty()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Same(String::new())
    }
}

/// What a text can speak of: names and numbers, and other texts.
pub trait Say {
    fn say(&self, lang: Lang) -> Cow<'_, str>;
}

impl Say for Text {
    fn say(&self, lang: Lang) -> Cow<'_, str> {
        self.of(lang).into()
    }
}

impl Say for &Text {
    fn say(&self, lang: Lang) -> Cow<'_, str> {
        self.of(lang).into()
    }
}

impl<T: fmt::Display> Say for T {
    fn say(&self, _lang: Lang) -> Cow<'_, str> {
        self.to_string().into()
    }
}
