//! Keeps known secrets out of chats: the last thing that happens to a text before it leaves.

mod card;
mod chat;
mod lines;
pub mod worth;

pub use chat::Masked;
pub use lines::Lines;

use aho_corasick::{AhoCorasick, MatchKind};
use poco_core::Text;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

/// Stands for a secret.
const DOTS: &str = "•••";

/// Stands for what a text was cut at.
const CUT: char = '…';

/// The most secrets that are known at a time; those that come later are left out, and logged.
pub const SECRETS_MAX: usize = 1_000;

/// The shortest and the longest secret, in bytes. One of several lines counts line by line.
pub const SECRET_BYTES_MIN: usize = 8;
pub const SECRET_BYTES_MAX: usize = 1_024;

/// The most places where a text was cut that are looked at, from its end.
const CUTS_MAX: usize = 200;

/// The shortest beginning of a secret that is held back from a text that goes on, in bytes.
const HOLD_BYTES_MIN: usize = 4;

/// What must not be seen, and what it is called. Cheap to clone; clones know the same.
#[derive(Clone, Default)]
pub struct Mask(Arc<RwLock<Arc<Known>>>);

#[derive(Default)]
struct Known {
    /// Names by secrets.
    secrets: BTreeMap<String, String>,
    /// The same, and how else they may be written, in the order of the finder.
    spellings: Vec<(String, String)>,
    finder: Option<AhoCorasick>,
}

impl Mask {
    /// Has more secrets kept, each with a name. What is too short or too long to be one is not.
    pub fn learn(&self, secrets: impl IntoIterator<Item = (String, String)>) {
        let mut known = self.known().secrets.clone();
        let before = known.len();
        for (name, secret) in secrets {
            for line in secret.lines().map(str::trim) {
                let fits = (SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&line.len());
                if !fits || known.contains_key(line) {
                    continue;
                }
                if known.len() >= SECRETS_MAX {
                    tracing::warn!("more secrets are known than can be masked");
                    break;
                }
                known.insert(line.to_owned(), label(&name));
            }
        }
        if known.len() != before {
            let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
            *place = Arc::new(Known::of(known));
        }
    }

    /// Returns a text without any secret, nor the piece of one that stands where it was cut.
    pub fn text(&self, text: &str) -> String {
        let known = self.known();
        let spans = known.spans(text);
        if spans.is_empty() { text.to_owned() } else { known.masked(text, &spans) }
    }

    /// Like [`Mask::text`], in every language.
    pub fn told(&self, text: Text) -> Text {
        text.map(|text| self.text(text))
    }

    /// Like [`Mask::text`], for a text that goes on: an end that may be the beginning of a secret is
    /// held back.
    pub fn growing(&self, text: &str) -> String {
        let known = self.known();
        let secrets = known.spellings.iter().map(|(secret, _)| secret);
        let held = secrets.filter_map(|secret| {
            let beginnings = (HOLD_BYTES_MIN..secret.len()).rev();
            beginnings.into_iter().find(|length| ends_with(text, secret, *length))
        });
        let end = text.len() - held.max().unwrap_or_default();
        self.text(&text[..end])
    }

    /// Names a secret that stands in these bytes.
    pub fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let known = self.known();
        let found = known.finder.as_ref()?.find(bytes)?;
        Some(known.spellings[found.pattern().as_usize()].1.clone())
    }

    fn known(&self) -> Arc<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Known {
    fn of(secrets: BTreeMap<String, String>) -> Self {
        let spellings: BTreeMap<_, _> = secrets
            .iter()
            .flat_map(|(secret, name)| spellings(secret).map(|it| (it, name.clone())))
            .collect();
        let spellings: Vec<_> = spellings.into_iter().collect();
        let mut builder = AhoCorasick::builder();
        let finder = builder.match_kind(MatchKind::Standard);
        let finder = finder.build(spellings.iter().map(|(secret, _)| secret)).ok();
        Self { secrets, spellings, finder }
    }

    /// Returns where secrets stand, with their names, in order and apart.
    fn spans(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let Some(finder) = &self.finder else { return vec![] };
        let mut spans: Vec<_> = finder
            .find_overlapping_iter(text)
            .map(|found| (found.range(), self.spellings[found.pattern().as_usize()].1.as_str()))
            .collect();
        spans.extend(self.pieces(text));
        spans.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
        let mut apart: Vec<(Range<usize>, &str)> = vec![];
        for (span, name) in spans {
            match apart.last_mut() {
                Some((last, _)) if span.start < last.end => last.end = last.end.max(span.end),
                Some(_) | None => apart.push((span, name)),
            }
        }
        apart
    }

    /// Finds pieces of secrets where a text begins, ends or was cut.
    fn pieces(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let cuts: Vec<_> = text.rmatch_indices(CUT).map(|(at, _)| at).take(CUTS_MAX).collect();
        let ends = cuts.iter().copied().chain([text.len()]);
        let begins = cuts.iter().map(|at| begin(text, at + CUT.len_utf8())).chain([0]);
        let begins: Vec<_> = begins.collect();
        let mut found = vec![];
        for (secret, name) in &self.spellings {
            let least = piece_min(secret);
            for end in ends.clone() {
                let length = (least..secret.len()).rev();
                let length = length.into_iter().find(|it| ends_with(&text[..end], secret, *it));
                found.extend(length.map(|length| (end - length..end, name.as_str())));
            }
            for begin in &begins {
                let rest = &text.as_bytes()[*begin..];
                let length = (least..secret.len())
                    .rev()
                    .find(|length| rest.starts_with(&secret.as_bytes()[secret.len() - length..]));
                found.extend(length.map(|length| (*begin..begin + length, name.as_str())));
            }
        }
        found
    }

    fn masked(&self, text: &str, spans: &[(Range<usize>, &str)]) -> String {
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        for (span, name) in spans {
            out.push_str(&text[at..span.start]);
            out.push_str(DOTS);
            if !name.is_empty() {
                out.push_str(&format!("({name})"));
            }
            at = span.end;
        }
        out + &text[at..]
    }
}

/// How a secret may be written on a card: as it is, and as markdown, JSON and addresses have it.
fn spellings(secret: &str) -> impl Iterator<Item = String> {
    let json = serde_json::Value::String(secret.to_owned()).to_string();
    let json = json.trim_matches('"').to_owned();
    let url = secret.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    [secret.to_owned(), poco_core::escape(secret), json, url.collect()].into_iter()
}

/// The shortest piece of a secret that is not shown where a text was cut, in bytes.
fn piece_min(secret: &str) -> usize {
    (secret.len() / 2).clamp(4, 8)
}

/// Whether a text ends with so much of the beginning of a secret.
fn ends_with(text: &str, secret: &str, length: usize) -> bool {
    text.as_bytes().ends_with(&secret.as_bytes()[..length])
}

/// Where a text goes on behind a cut: blanks and an opened fence do not count.
fn begin(text: &str, cut: usize) -> usize {
    let rest = text[cut..].trim_start();
    let fence = rest.starts_with("```").then(|| rest.find('\n')).flatten();
    text.len() - rest.len() + fence.map_or(0, |end| end + 1)
}

/// A name that can stand in a text: it may come from anywhere.
fn label(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    name.chars().filter(is_plain).take(40).collect()
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mask").field("secrets", &self.known().secrets.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        let mask = Mask::default();
        mask.learn(secrets.iter().map(|secret| ("API_KEY".to_owned(), (*secret).to_owned())));
        mask
    }

    #[test]
    fn a_secret_is_masked_however_it_is_written() {
        let mask = mask(&["sk_live_a*b\"c"]);
        for text in
            ["sk_live_a*b\"c", "sk\\_live\\_a\\*b\"c", "sk_live_a*b\\\"c", "sk_live_a%2Ab%22c"]
        {
            assert_eq!(mask.text(&format!("it is {text}!")), "it is •••(API_KEY)!", "{text}");
        }
        assert_eq!(mask.text("nothing here"), "nothing here");
    }

    #[test]
    fn secrets_that_overlap_leave_no_rest() {
        let mask = mask(&["abcdefgh", "fghijklmn"]);
        assert_eq!(mask.text("-abcdefghijklmn-"), "-•••(API_KEY)-");
    }

    #[test]
    fn pieces_at_cuts_go() {
        let mask = mask(&["0123456789abcdef"]);
        assert_eq!(mask.text("see 0123456789…"), "see •••(API_KEY)…");
        assert_eq!(mask.text("see 0123456789"), "see •••(API_KEY)");
        assert_eq!(mask.text("…\n\n```\n789abcdef"), "…\n\n```\n•••(API_KEY)");
        assert_eq!(mask.text("789abcdef rest"), "•••(API_KEY) rest");
        assert_eq!(mask.text("see 0123"), "see 0123");
    }

    #[test]
    fn what_may_become_a_secret_is_held_back() {
        let mask = mask(&["0123456789abcdef"]);
        assert_eq!(mask.growing("see 012345"), "see ");
        assert_eq!(mask.growing("see 012345x"), "see 012345x");
        assert_eq!(mask.growing("see 0123456789abcdef"), "see •••(API_KEY)");
    }

    #[test]
    fn each_line_of_a_long_secret_counts() {
        let mask = mask(&["-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nqhkiG9w0BAQEFA\n"]);
        assert_eq!(mask.text("a MIIEvQIBADANBg qhkiG9w0BAQEFA b"), "a •••(API_KEY) •••(API_KEY) b");
    }
}
