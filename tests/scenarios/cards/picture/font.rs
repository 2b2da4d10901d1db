//! How wide text is, about, and where a line of it ends.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    Plain,
    Bold,
    Code,
    /// In a block of code.
    Block,
}

/// Text in one style; it may have several lines' worth.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Word {
    pub(super) fn new(text: String, style: Style) -> Self {
        Self { text, style }
    }
}

impl Style {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "b",
            Self::Code | Self::Block => "c",
        }
    }
}

/// Returns about how many pixels a text takes.
pub(super) fn width(text: &str, style: Style, size: i32) -> i32 {
    let em = |c: char| match (c, style) {
        (c, _) if c >= '\u{2e80}' => 1_000,
        (_, Style::Code | Style::Block) => 580,
        (' ' | 'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '`', _) => 310,
        ('f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/', _) => 390,
        ('m' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—', _) => 870,
        ('A'..='Z', _) => 700,
        (_, _) => 600,
    };
    let wide = if style == Style::Bold { 1_060 } else { 1_000 };
    (text.chars().map(em).sum::<i32>() * size / 1_000) * wide / 1_000
}

/// Breaks a text into lines.
pub(super) fn wrapped(words: &[Word], room: i32, size: i32) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = vec![vec![]];
    let mut used = 0;
    for word in words {
        for piece in pieces(&word.text) {
            let wide = width(piece, word.style, size);
            let line = if used > 0 && used + width(piece.trim_end(), word.style, size) > room {
                used = 0;
                lines.push(vec![]);
                lines.len() - 1
            } else {
                lines.len() - 1
            };
            used += wide;
            match lines[line].last_mut() {
                Some(last) if last.style == word.style => last.text.push_str(piece),
                _ => lines[line].push(Word::new(piece.to_owned(), word.style)),
            }
        }
    }
    lines.retain(|line| line.iter().any(|word| !word.text.trim().is_empty()));
    lines
}

/// Cuts a text where a line may end: behind a space, and beside a Chinese character unless a mark
/// follows that must not begin a line.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = vec![];
    let mut from = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let may = before.is_some_and(|before| may_end(before, c));
        if may {
            pieces.push(&text[from..at]);
            from = at;
        }
        before = Some(c);
    }
    pieces.push(&text[from..]);
    pieces
}

fn may_end(before: char, after: char) -> bool {
    let wide = |c: char| c >= '\u{2e80}';
    let closes = "，。！？；：、）”》」】".contains(after);
    let opens = "（“《「【".contains(before);
    (before == ' ' && after != ' ') || ((wide(before) || wide(after)) && !closes && !opens)
}
