//! The audit: one line for everything that lets an agent act or changes who may, for ever.
//!
//! Each chat has a chain of its own. A line is a document that never changes, and holds the hash of
//! the one before it; the chat's record knows the last one. So a line that is changed, taken out or
//! put elsewhere is noticed, and noting one costs the same however many there are.

use super::App;
use crate::digest::sha256;
use crate::port::{Document, KEYS_MAX, PutError, Store};
use crate::record::{Head, Owed, Record};
use anyhow::{Context, bail};
use poco_core::{ChatId, Effect, Entry, What, seen};
use serde::{Deserialize, Serialize};

/// Begins the keys of all lines.
const AUDIT: &str = "audit/";

/// The longest text of a line, in characters.
const TEXT_CHARS: usize = 120;

/// One line, as people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub number: u64,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    pub chat: String,
    pub by: String,
    /// `message`, `press`, `machine` or `fact`.
    pub via: String,
    pub did: String,
    /// By which line of the policy.
    pub rule: String,
    pub task: Option<String>,
    /// The beginning of the command, diff or prompt; what looks like a secret is left out.
    pub text: String,
    /// The SHA-256 of all of it, in hex.
    pub sha256: String,
    /// The card that was pressed, and the version of the chat it was decided on.
    pub card: Option<String>,
    pub version: u64,
    pub event: String,
}

/// A line as it is stored: its text is kept to the byte.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Link {
    line: String,
    prev: String,
    hash: String,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    pub chat: String,
    pub number: u64,
    pub what: String,
}

/// What was found of all chains.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// How many lines there are.
    pub lines: u64,
    /// The last hash of each chain: who writes them down elsewhere notices if all is written anew.
    pub heads: Vec<(String, u64, String)>,
    pub flaws: Vec<Flaw>,
}

impl App {
    /// Writes what a chat owes to its chain, in order, and returns what it wrote and where the
    /// chain ends then. What fails stays owed, and so does what comes behind it.
    pub(super) async fn audit(&self, chat: &ChatId, record: &Record) -> (Vec<Owed>, Option<Head>) {
        let (mut done, mut head) = (vec![], None);
        for owed in record.owed() {
            let Effect::Audit { entry } = &owed.effect else { continue };
            let before = head.clone().unwrap_or_else(|| record.audited.clone());
            match self.append(chat, owed, entry, &before).await {
                Ok(next) => {
                    head = Some(next);
                    done.push(owed.clone());
                }
                Err(error) => {
                    tracing::warn!(chat.id = %chat, event.id = %entry.event, "could not be noted yet: {error:#}");
                    break;
                }
            }
        }
        (done, head)
    }

    /// Writes one line behind another. Writing it again writes the same, and changes nothing.
    async fn append(
        &self,
        chat: &ChatId,
        owed: &Owed,
        entry: &Entry,
        before: &Head,
    ) -> anyhow::Result<Head> {
        let number = before.number + 1;
        let line = self.line(chat, owed, entry, number).await?;
        let line = serde_json::to_string(&line).context("write a line of the audit")?;
        let hash = sha256(&format!("{}\n{line}", before.hash));
        let link = Link { line, prev: before.hash.clone(), hash: hash.clone() };
        let body = serde_json::to_string(&link).context("write a line of the audit")?;
        let key = key(chat.as_str(), number);
        let written = Document { version: 1, body, due: false };
        match self.store.put(&key, &written).await {
            Ok(()) => {}
            Err(PutError::Conflict) => {
                let there = self.store.get(&key).await.context("load a line of the audit")?;
                if there.as_ref() != Some(&written) {
                    // It is not ours to repair: whoever verifies the chain is told.
                    tracing::error!(chat.id = %chat, "line {number} of the audit is not as it was written");
                }
            }
            Err(PutError::Other(error)) => return Err(error.context("note")),
        }
        Ok(Head { number, hash })
    }

    async fn line(
        &self,
        chat: &ChatId,
        owed: &Owed,
        entry: &Entry,
        number: u64,
    ) -> anyhow::Result<Line> {
        let (text, sha256) = match &entry.what {
            What::Text(text) => (text.clone(), sha256(text)),
            What::Pages(pages) if pages.digest.is_empty() => {
                let text = self.pages(pages).await.context("read what was asked")?;
                let digest = sha256(&text);
                (text, digest)
            }
            What::Pages(pages) => (pages.first.clone(), pages.digest.clone()),
        };
        Ok(Line {
            number,
            at: entry.at.0,
            chat: chat.to_string(),
            by: entry.by.to_string(),
            via: entry.via.clone(),
            did: entry.did.clone(),
            rule: entry.rule.clone(),
            task: entry.task.as_ref().map(ToString::to_string),
            // It is read in terminals, too.
            text: seen(&brief(&self.mask.text(&text))),
            sha256,
            card: entry.card.as_ref().map(ToString::to_string),
            version: owed.order,
            event: entry.event.to_string(),
        })
    }
}

fn key(chat: &str, number: u64) -> String {
    format!("{AUDIT}{chat}/{number:012}")
}

/// Reads the chat and the number out of a key.
fn place(key: &str) -> Option<(&str, u64)> {
    let (chat, number) = key.strip_prefix(AUDIT)?.rsplit_once('/')?;
    Some((chat, number.parse().ok()?))
}

/// Returns all lines, chat by chat, each in order; those that can't be read are left out.
pub async fn lines(store: &dyn Store) -> anyhow::Result<Vec<Line>> {
    let mut lines = vec![];
    for key in all_keys(store).await? {
        let link = read(store, &key).await?;
        lines.extend(link.and_then(|link| serde_json::from_str(&link.line).ok()));
    }
    Ok(lines)
}

/// Looks at every chain from end to end.
pub async fn verify(store: &dyn Store) -> anyhow::Result<Verified> {
    let mut verified = Verified::default();
    let keys = all_keys(store).await?;
    let mut chats: Vec<String> = keys.iter().filter_map(|key| Some(place(key)?.0.into())).collect();
    // A chain may have been taken out whole.
    chats.extend(super::tasks::chats(store).await?.iter().map(ToString::to_string));
    chats.sort();
    chats.dedup();
    for chat in chats {
        let of_chat = |key: &&String| place(key).is_some_and(|it| it.0 == chat);
        let keys: Vec<_> = keys.iter().filter(of_chat).collect();
        chain(store, &chat, &keys, &mut verified).await?;
    }
    Ok(verified)
}

async fn chain(
    store: &dyn Store,
    chat: &str,
    keys: &[&String],
    verified: &mut Verified,
) -> anyhow::Result<()> {
    let flaw = |number, what: &str| Flaw { chat: chat.to_owned(), number, what: what.to_owned() };
    let (mut head, mut events) = (Head::default(), vec![]);
    for key in keys {
        let Some((_, number)) = place(key) else { continue };
        let Some(link) = read(store, key).await? else {
            verified.flaws.push(flaw(number, "cannot be read"));
            continue;
        };
        verified.lines += 1;
        if number != head.number + 1 {
            verified.flaws.push(flaw(head.number + 1, "is missing"));
        } else if link.prev != head.hash {
            verified.flaws.push(flaw(number, "does not follow the line before it"));
        }
        let line: Option<Line> = serde_json::from_str(&link.line).ok();
        let is_here = line.as_ref().is_some_and(|it| it.number == number && it.chat == chat);
        events.push((number, line.map(|line| line.event)));
        if !is_here || sha256(&format!("{}\n{}", link.prev, link.line)) != link.hash {
            verified.flaws.push(flaw(number, "was changed"));
        }
        head = Head { number, hash: link.hash };
    }
    let known = super::tasks::record(store, &ChatId::new(chat)).await?;
    let owed: Vec<_> = known.owed().filter_map(|it| owes(&it.effect)).collect();
    match head.number.checked_sub(known.audited.number) {
        None => verified.flaws.push(flaw(head.number + 1, "is missing")),
        Some(0) if head.hash != known.audited.hash => {
            verified.flaws.push(flaw(head.number, "is not the last one that was written"));
        }
        Some(_) => {}
    }
    // What is owed may be written already, in its order; nothing else may be.
    let mut ahead = events.iter().filter(|(number, _)| *number > known.audited.number).zip(0..);
    let added = ahead.find(|((_, event), at)| event.as_deref() != owed.get(*at).copied());
    verified.flaws.extend(added.map(|((number, _), _)| flaw(*number, "was added")));
    if head.number > 0 {
        verified.heads.push((chat.to_owned(), head.number, head.hash));
    }
    Ok(())
}

/// The event that is to be noted, if an effect does that.
fn owes(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Audit { entry } => Some(entry.event.as_str()),
        Effect::Show { .. }
        | Effect::Post { .. }
        | Effect::Toast { .. }
        | Effect::Send { .. }
        | Effect::Open { .. }
        | Effect::Tell { .. }
        | Effect::Keep { .. }
        | Effect::Recall { .. } => None,
    }
}

async fn read(store: &dyn Store, key: &str) -> anyhow::Result<Option<Link>> {
    let document = store.get(key).await.with_context(|| format!("load {key}"))?;
    // A line is written once.
    let whole = document.filter(|document| document.version == 1);
    Ok(whole.and_then(|document| serde_json::from_str(&document.body).ok()))
}

async fn all_keys(store: &dyn Store) -> anyhow::Result<Vec<String>> {
    let mut keys: Vec<String> = vec![];
    loop {
        let page = store.keys(AUDIT, keys.last().map(String::as_str)).await;
        let page = page.context("list the audit")?;
        let full = page.len() == KEYS_MAX;
        if !page.is_empty() && keys.last() >= page.first() {
            bail!("the store lists the same keys again");
        }
        keys.extend(page);
        if !full {
            return Ok(keys);
        }
    }
}

/// The beginning of a text on one line, without what looks like a secret.
fn brief(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("```"));
    let words = lines.flat_map(str::split_whitespace);
    let (mut brief, mut hide) = (String::new(), false);
    for word in words {
        if brief.chars().count() > TEXT_CHARS {
            break;
        }
        if !brief.is_empty() {
            brief.push(' ');
        }
        // `--token x`, `Bearer x`, `password: x`.
        let is_name = names_secret(word.trim_end_matches([':', '=']));
        match word.split_once(['=', ':']) {
            _ if hide => brief.push('…'),
            Some((name, rest)) if names_secret(name) && !rest.is_empty() => {
                brief.push_str(&format!("{name}=…"));
            }
            _ if looks_secret(word) => brief.push('…'),
            _ => brief.push_str(word),
        }
        hide = !hide && is_name;
    }
    match brief.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &brief[..end]),
        None => brief,
    }
}

fn names_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let marks = ["password", "passwd", "secret", "token", "apikey", "api_key", "api-key"];
    marks.iter().any(|mark| name.ends_with(mark)) || name == "bearer" || name.ends_with("_key")
}

/// Long runs without a pause, in which digits are mixed with letters, and what is in a URL before
/// an `@`.
fn looks_secret(word: &str) -> bool {
    let known = ["sk-", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "AKIA", "eyJ"];
    if known.iter().any(|start| word.contains(start)) || word.contains("://") && word.contains('@')
    {
        return true;
    }
    let run = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'));
    word.split(run).any(|run| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        run.len() >= 20 && digits >= 3 && run.chars().any(|c| c.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_done_and_no_secret() {
        assert_eq!(brief("```sh\nrm -rf data\n```"), "rm -rf data");
        assert_eq!(brief("a\n\n b"), "a b");
        let long = brief(&"ab ".repeat(100));
        assert_eq!(long.chars().count(), TEXT_CHARS + 1);
        for (text, told) in [
            ("curl -H 'Authorization: Bearer abc'", "curl -H 'Authorization: Bearer …"),
            ("deploy --token hunter2 now", "deploy --token … now"),
            ("API_KEY=hunter2 make", "API_KEY=… make"),
            ("password: hunter2", "password: …"),
            ("export X=ghp_abcdef", "export …"),
            ("git clone https://me:pw@host/x", "git clone …"),
            ("echo 9f86d081884c7d659a2feaa0c55ad015", "echo …"),
            (
                "cargo test a_name_that_is_long_and_has_no_number",
                "cargo test a_name_that_is_long_and_has_no_number",
            ),
        ] {
            assert_eq!(brief(text), told);
        }
    }

    #[test]
    fn keys_tell_their_place() {
        assert_eq!(place(&key("oc_1", 12)), Some(("oc_1", 12)));
        assert_eq!(place("audit/oc_1"), None);
    }
}
