//! A unified diff, folded by file and cut into pages.

use crate::page::{PAGE_BYTES, json_bytes, paginate};
use crate::view::fenced;
use serde::{Deserialize, Serialize};

/// The most folds on one page.
const FOLDS_MAX: usize = 12;

/// The longest path in a title, in characters; the end of it says most.
const PATH_CHARS_MAX: usize = 90;

/// The most files of a diff that are shown.
const FILES_MAX: usize = 200;

/// What a diff says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff<'a> {
    pub path: &'a str,
    pub added: usize,
    pub removed: usize,
    /// All lines, headers included.
    pub text: &'a str,
}

/// Markdown behind a title, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    pub title: String,
    pub text: String,
}

impl<'a> FileDiff<'a> {
    /// Takes a diff apart. What stands before the first file is no part of any.
    pub fn all(diff: &'a str) -> Vec<Self> {
        let mut starts: Vec<usize> = vec![];
        let (mut at, mut hunk) = (0, Hunk::default());
        let has_git = diff.starts_with("diff --git ") || diff.contains("\ndiff --git ");
        let lines: Vec<_> = diff.split_inclusive('\n').collect();
        for (number, line) in lines.iter().enumerate() {
            let next = lines.get(number + 1).copied().unwrap_or_default();
            let bare = line.starts_with("--- ") && next.starts_with("+++ ");
            let begins = if has_git { line.starts_with("diff --git ") } else { bare };
            if begins && !hunk.goes_on() {
                starts.push(at);
            }
            hunk.take(line);
            at += line.len();
        }
        let ends = starts.iter().skip(1).copied().chain([diff.len()]);
        starts.iter().zip(ends).map(|(start, end)| Self::one(&diff[*start..end])).collect()
    }

    fn one(text: &'a str) -> Self {
        let (mut found, mut hunk) = (Self { text, ..Self::default() }, Hunk::default());
        let (mut old, mut new) = ("", "");
        for line in text.lines() {
            if hunk.goes_on() {
                found.added += usize::from(line.starts_with('+'));
                found.removed += usize::from(line.starts_with('-'));
            } else if let Some(path) = line.strip_prefix("--- ") {
                old = path;
            } else if let Some(path) = line.strip_prefix("+++ ") {
                new = path;
            } else if let Some(path) = line.strip_prefix("rename to ") {
                new = path;
            }
            hunk.take(line);
        }
        let git = text.lines().next().and_then(|line| line.strip_prefix("diff --git "));
        let named = [new, old].into_iter().find(|path| !path.is_empty() && *path != "/dev/null");
        let path = named.or_else(|| git?.split_once(" b/").map(|(_, path)| path));
        let path = path.unwrap_or_default().trim_end();
        let path = path.split('\t').next().unwrap_or_default();
        let bare = path.strip_prefix("b/").or_else(|| path.strip_prefix("a/"));
        found.path = bare.unwrap_or(path);
        found
    }
}

/// Counts down the lines of a hunk: only outside of one can a header stand.
#[derive(Debug, Default)]
struct Hunk {
    old: usize,
    new: usize,
}

impl Hunk {
    fn goes_on(&self) -> bool {
        self.old > 0 || self.new > 0
    }

    fn take(&mut self, line: &str) {
        if !self.goes_on() {
            *self = Self::read(line).unwrap_or_default();
            return;
        }
        match line.as_bytes().first() {
            Some(b'+') => self.new = self.new.saturating_sub(1),
            Some(b'-') => self.old = self.old.saturating_sub(1),
            Some(b'\\') => {}
            Some(_) | None => {
                self.old = self.old.saturating_sub(1);
                self.new = self.new.saturating_sub(1);
            }
        }
    }

    /// Reads `@@ -1,2 +3,4 @@`.
    fn read(line: &str) -> Option<Self> {
        let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
        let (new, _) = rest.split_once(" @@")?;
        let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, n)| n.parse().ok());
        Some(Self { old: count(old)?, new: count(new)? })
    }
}

/// Folds a diff by file, in pages that each fit on a card. Empty if there is no file in it.
pub fn fold(diff: &str) -> Vec<Vec<Folded>> {
    let folds = FileDiff::all(diff).into_iter().take(FILES_MAX).flat_map(|file| folded(&file));
    let (mut pages, mut room): (Vec<Vec<Folded>>, usize) = (vec![], 0);
    for fold in folds {
        let need = json_bytes(&fold.text) + json_bytes(&fold.title);
        match pages.last_mut() {
            Some(page) if need <= room && page.len() < FOLDS_MAX => page.push(fold),
            Some(_) | None => {
                pages.push(vec![fold]);
                room = 2 * PAGE_BYTES;
            }
        }
        room = room.saturating_sub(need);
    }
    pages
}

/// One fold for a file; several if it is long.
fn folded(file: &FileDiff<'_>) -> Vec<Folded> {
    let texts = paginate(&fenced("diff", file.text.trim_end_matches('\n')));
    let (count, path) = (texts.len(), shown(file.path));
    let title = |at: usize| {
        let part = if count > 1 { format!(" [{}/{count}]", at + 1) } else { String::new() };
        format!("{path} +{} −{}{part}", file.added, file.removed)
    };
    texts.into_iter().enumerate().map(|(at, text)| Folded { title: title(at), text }).collect()
}

fn shown(path: &str) -> String {
    let chars = path.chars().count();
    match chars.checked_sub(PATH_CHARS_MAX) {
        None | Some(0) => path.to_owned(),
        Some(over) => std::iter::once('…').chain(path.chars().skip(over + 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n\
        +++ b/src/a.rs\n@@ -1,2 +1,2 @@\n-old\n+new\n --- same\n\
        diff --git a/b c.txt b/b c.txt\nnew file mode 100644\n--- /dev/null\n+++ b/b c.txt\n\
        @@ -0,0 +1,2 @@\n+++ plus\n+two\n";

    #[test]
    fn files_are_told_apart() {
        let files = FileDiff::all(TWO);
        let told: Vec<_> = files.iter().map(|it| (it.path, it.added, it.removed)).collect();
        assert_eq!(told, [("src/a.rs", 1, 1), ("b c.txt", 2, 0)]);
        assert_eq!(files.iter().map(|it| it.text).collect::<String>(), TWO);
        let bare =
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- a/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-z\n";
        let told: Vec<_> = FileDiff::all(bare).iter().map(|it| (it.path, it.removed)).collect();
        assert_eq!(told, [("x", 1), ("y", 1)]);
        assert_eq!(FileDiff::all("no diff"), []);
    }

    #[test]
    fn a_line_that_looks_like_a_header_is_none() {
        let text = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n same\n";
        assert_eq!(FileDiff::all(text).len(), 1);
    }

    #[test]
    fn a_long_file_folds_into_parts_and_each_page_fits() {
        let line = "+let some = \"line\"; // of code\n";
        let long = format!(
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,2000 @@\n{}",
            line.repeat(2_000)
        );
        let pages = fold(&format!("{long}{TWO}"));
        assert!(pages.len() > 2);
        for page in &pages {
            let bytes: usize = page.iter().map(|it| json_bytes(&it.text)).sum();
            assert!(bytes <= 2 * PAGE_BYTES && page.len() <= FOLDS_MAX);
        }
        assert!(pages[0][0].title.starts_with("x +2000 −0 [1/"));
        assert_eq!(fold(""), Vec::<Vec<Folded>>::new());
    }
}
