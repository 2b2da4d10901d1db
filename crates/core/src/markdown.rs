//! Tells what each line of a markdown text is, as far as cutting and showing it needs to know.

/// One line, its ending included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub text: &'a str,
    pub kind: Kind,
    /// The column at which it begins, markers of quotes left out.
    pub indent: usize,
    /// It is part of a list item.
    pub listed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Blank,
    Text,
    /// Opens a code block.
    Open(Box<Fence>),
    /// Inside a code block. `sure`: no reader of markdown could see it otherwise.
    Code {
        sure: bool,
    },
    /// Closes a code block.
    Close,
    /// The header of a table.
    Header,
    /// The dashes below the header.
    Dashes,
    Row,
}

/// How a code block was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// What stands before the fence on the lines of the block: markers of quotes, spaces.
    pub prefix: String,
    pub mark: char,
    pub length: usize,
    pub language: String,
    quotes: usize,
    indent: usize,
    /// A line that begins before this column is outside.
    offset: usize,
}

/// The longest language that is repeated when a block is opened again, in bytes.
const LANGUAGE_MAX: usize = 32;

impl Fence {
    /// Returns the line that opens a block like this one.
    pub fn opening(&self) -> String {
        format!("{}{}\n", self.closing(), self.language)
    }

    /// Returns the line that closes the block, without its ending.
    pub fn closing(&self) -> String {
        let run: String = std::iter::repeat_n(self.mark, self.length).collect();
        format!("{}{run}", self.prefix)
    }

    fn is_closed_by(&self, lead: &Lead<'_>) -> bool {
        let rest = lead.rest.trim_end();
        rest.len() >= self.length
            && rest.chars().all(|c| c == self.mark)
            && lead.indent < self.offset + 4
    }

    /// Whether the quote or the list item around the block ends before this line.
    fn is_left_by(&self, lead: &Lead<'_>) -> bool {
        lead.quotes < self.quotes || !lead.is_blank() && lead.indent < self.offset
    }

    /// Whether every reader of markdown sees this block alike. What is in a quote or a list may be
    /// outside to a simpler one.
    pub fn is_sure(&self) -> bool {
        self.mark == '`' && self.quotes == 0 && self.offset == 0 && self.indent < 4
    }
}

/// Returns the lines of a text, each with what it is. Joined, they are the text.
pub fn lines(text: &str) -> Vec<Line<'_>> {
    let mut scanner = Scanner::default();
    for line in text.split_inclusive('\n') {
        scanner.line(line);
    }
    scanner.lines
}

#[derive(Default)]
struct Scanner<'a> {
    lines: Vec<Line<'a>>,
    open: Option<Fence>,
    quotes: usize,
    /// Where the text of each list item around the line begins, outermost first.
    items: Vec<usize>,
}

impl<'a> Scanner<'a> {
    fn line(&mut self, text: &'a str) {
        if let Some(fence) = &self.open {
            let lead = Lead::within(text, fence.quotes);
            if !fence.is_left_by(&lead) {
                let closed = fence.is_closed_by(&lead);
                let kind = if closed { Kind::Close } else { Kind::Code { sure: fence.is_sure() } };
                self.push(text, kind, lead.indent);
                if closed {
                    self.open = None;
                }
                return;
            }
            self.open = None;
        }
        let lead = Lead::of(text);
        self.enter(&lead);
        let kind = self.kind(text, &lead);
        self.push(text, kind, lead.first);
    }

    fn push(&mut self, text: &'a str, kind: Kind, indent: usize) {
        let listed = !self.items.is_empty();
        self.lines.push(Line { text, kind, indent, listed });
    }

    /// Notes in which list items this line is.
    fn enter(&mut self, lead: &Lead<'_>) {
        if lead.is_blank() && lead.offsets.is_empty() {
            return;
        }
        if lead.quotes != self.quotes {
            self.quotes = lead.quotes;
            self.items.clear();
        }
        while self.items.last().is_some_and(|item| *item > lead.first) {
            self.items.pop();
        }
        self.items.extend(&lead.offsets);
    }

    fn kind(&mut self, text: &str, lead: &Lead<'_>) -> Kind {
        if lead.is_blank() {
            return if lead.offsets.is_empty() { Kind::Blank } else { Kind::Text };
        }
        let offset = self.items.last().copied().unwrap_or_default();
        if lead.indent >= offset + 4 {
            return Kind::Text;
        }
        if let Some(fence) = fence(text, lead, offset) {
            self.open = Some(fence.clone());
            return Kind::Open(Box::new(fence));
        }
        let Some(last) = self.lines.last_mut() else { return Kind::Text };
        let table = matches!(last.kind, Kind::Dashes | Kind::Row);
        if table && lead.rest.contains('|') && lead.offsets.is_empty() {
            return Kind::Row;
        }
        if last.kind == Kind::Text && is_dashes(lead.rest) {
            last.kind = Kind::Header;
            return Kind::Dashes;
        }
        Kind::Text
    }
}

fn fence(text: &str, lead: &Lead<'_>, offset: usize) -> Option<Fence> {
    let mark = lead.rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = lead.rest.trim_start_matches(mark);
    let length = lead.rest.len() - info.len();
    if length < 3 || mark == '`' && info.contains('`') {
        return None;
    }
    let language = info.split_whitespace().next().filter(|it| it.len() <= LANGUAGE_MAX);
    let marks = |c: char| matches!(c, '>' | '\t').then_some(c).unwrap_or(' ');
    let prefix = text[..text.len() - lead.rest.len()].chars().map(marks).collect();
    let language = language.unwrap_or_default().to_owned();
    let (quotes, indent) = (lead.quotes, lead.indent);
    Some(Fence { prefix, mark, length, language, quotes, indent, offset })
}

/// Whether a line is what stands between the header of a table and its rows.
pub fn is_dashes(rest: &str) -> bool {
    let has = |wanted: char| rest.contains(wanted);
    has('-') && has('|') && rest.chars().all(|c| matches!(c, '|' | '-' | ':') || c.is_whitespace())
}

/// What a line begins with, and what is left of it.
struct Lead<'a> {
    quotes: usize,
    /// The column of the first marker of a list, or of the rest.
    first: usize,
    /// The column of the rest.
    indent: usize,
    /// Where the text of each list item begins that begins on this line.
    offsets: Vec<usize>,
    rest: &'a str,
}

impl<'a> Lead<'a> {
    /// Reads every marker of quotes and lists.
    fn of(text: &'a str) -> Self {
        let mut lead = Self::within(text, usize::MAX);
        lead.first = lead.indent;
        while let Some(width) = marker(lead.rest) {
            let item = &lead.rest[width..];
            let rest = item.trim_start_matches([' ', '\t']);
            let gap = columns(&item[..item.len() - rest.len()]);
            let is_text = (1..=4).contains(&gap) && !rest.trim().is_empty();
            lead.offsets.push(lead.indent + width + if is_text { gap } else { 1 });
            lead.indent += width + gap;
            lead.rest = rest;
        }
        lead
    }

    /// Reads at most so many markers of quotes, and none of lists.
    fn within(text: &'a str, quotes_max: usize) -> Self {
        let mut lead = Self { quotes: 0, first: 0, indent: 0, offsets: vec![], rest: text };
        loop {
            let rest = lead.rest.trim_start_matches([' ', '\t']);
            lead.indent += columns(&lead.rest[..lead.rest.len() - rest.len()]);
            lead.rest = rest;
            let Some(quoted) = rest.strip_prefix('>') else { return lead };
            if lead.quotes == quotes_max {
                return lead;
            }
            lead.quotes += 1;
            lead.indent = 0;
            lead.rest = quoted.strip_prefix(' ').unwrap_or(quoted);
        }
    }

    fn is_blank(&self) -> bool {
        self.rest.trim().is_empty()
    }
}

fn columns(space: &str) -> usize {
    space.chars().fold(0, |column, c| if c == '\t' { column / 4 * 4 + 4 } else { column + 1 })
}

/// Returns the width of the marker of a list item.
fn marker(rest: &str) -> Option<usize> {
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let marks: &[char] = if digits == 0 { &['-', '*', '+'] } else { &['.', ')'] };
    let after = rest[digits..].strip_prefix(marks).filter(|_| digits <= 9)?;
    let is_marker = after.starts_with([' ', '\t']) || after.trim().is_empty();
    is_marker.then_some(digits + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a line.
    fn kinds(text: &str) -> String {
        let letter = |line: &Line<'_>| match line.kind {
            Kind::Blank => ' ',
            Kind::Text => 't',
            Kind::Open(_) => '[',
            Kind::Code { sure: true } => 'c',
            Kind::Code { sure: false } => '?',
            Kind::Close => ']',
            Kind::Header => 'H',
            Kind::Dashes => '-',
            Kind::Row => 'r',
        };
        lines(text).iter().map(letter).collect()
    }

    #[test]
    fn code_is_told_from_text() {
        assert_eq!(kinds("a\n```rust\nb\n\n```\nc"), "t[c ]t".replace(' ', "c"));
        assert_eq!(kinds("````\n```\n````"), "[c]");
        assert_eq!(kinds("~~~\n```\n~~~"), "[?]");
        assert_eq!(kinds("``` a`b\nc"), "tt");
        assert_eq!(kinds("```\r\na\r\n```\r\n"), "[c]");
        assert_eq!(kinds("```\nnever closed"), "[c");
        assert_eq!(kinds("``` \n``` x\n```"), "[c]");
    }

    #[test]
    fn what_holds_a_block_ends_it() {
        assert_eq!(kinds("> ```\n> a\nb"), "[?t");
        assert_eq!(kinds("> ```\n> a\n> ```\nb"), "[?]t");
        assert_eq!(kinds("- ```\n  a\n  ```\nb"), "[?]t");
        assert_eq!(kinds("- ```\n  a\nb"), "[?t");
        assert_eq!(kinds("1. a\n\n   ```\n   b\n   ```"), "t [?]");
        assert_eq!(kinds("- a\n  - b\n    ```\n    c\n    ```"), "tt[?]");
        assert_eq!(kinds("    ```\n<at>"), "tt", "indented code, not a fence");
    }

    #[test]
    fn tables_are_seen() {
        assert_eq!(kinds("x\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\ny"), "t H-r t");
        assert_eq!(kinds("a | b\n--|--\n1 | 2\nend"), "H-rt");
        assert_eq!(kinds("> | a |\n> |---|\n> | 1 |"), "H-r");
        assert_eq!(kinds("a\n---\nb"), "ttt");
        assert_eq!(kinds("|---|\n|---|"), "H-");
    }
}
