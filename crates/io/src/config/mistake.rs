//! What is wrong with the settings, all of it at once.

use std::fmt;

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Flag,
    Environment,
    File,
    /// A secret of the cloud.
    Secret,
    Default,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "command line",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Secret => "secret",
            Self::Default => "default",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, or the file and the place in it.
    pub key: String,
    /// What was given; a secret never is.
    pub given: Option<String>,
    pub source: Source,
    /// What is allowed, or what to do.
    pub allowed: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, given, source, allowed } = self;
        match given {
            Some(given) => write!(f, "{key} is {given:?} ({}): {allowed}", source.as_str()),
            None => write!(f, "{key} ({}): {allowed}", source.as_str()),
        }
    }
}

/// Why PoCo does not run with these settings. There is at least one mistake in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("One setting is wrong:")?,
            count => write!(f, "{count} settings are wrong:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// Says which of the known words somebody may have meant.
pub(super) fn hint<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let far = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    match known.map(|candidate| (far(candidate), candidate)).min() {
        Some((distance, nearest)) if distance <= 1 + word.len() / 5 => {
            format!("; did you mean {nearest}?")
        }
        Some(_) | None => String::new(),
    }
}
