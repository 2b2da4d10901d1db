//! Makes one line of markdown harmless.

use poco_core::markdown::is_dashes;

/// Breaks up what Feishu would recognise, and is not seen.
pub(super) const INVISIBLE: char = '\u{200b}';

/// The longest link between angle brackets, in bytes.
const LINK_MAX: usize = 500;

/// How a character is kept from meaning anything.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Hide {
    /// As an entity, which Feishu documents for this. Inside code it would be seen.
    Entity,
    /// With an invisible character behind it, where this may be code.
    Invisible,
}

/// One line outside code blocks.
pub(super) struct Inline<'a> {
    pub(super) out: &'a mut String,
    pub(super) text: &'a str,
    pub(super) hide: Hide,
}

impl Inline<'_> {
    /// Writes the line. Returns whether every code span on it ends on it.
    pub(super) fn write(mut self) -> bool {
        let (mut at, mut balanced) = (0, true);
        if looks_like_fence(self.text) || is_dashes(self.text) {
            // No block and no table begins here, but a simpler reader might think so.
            self.out.push(INVISIBLE);
        }
        let is_definition = self.text.trim_start_matches([' ', '\t', '>']).starts_with('[');
        while let Some(c) = self.text[at..].chars().next() {
            let rest = &self.text[at + c.len_utf8()..];
            at += match c {
                '\\' => self.escaped(rest),
                '`' => self.span(at).unwrap_or_else(|length| {
                    balanced = false;
                    length
                }),
                '<' => self.angle(at),
                '!' if rest.starts_with('[') => self.hidden('!'),
                ']' if rest.starts_with('(') && !is_web(&rest[1..]) => {
                    self.out.push(']');
                    1 + self.hidden('(')
                }
                ']' if is_definition && rest.starts_with(':') && !is_web(&rest[1..]) => {
                    self.out.push(']');
                    1 + self.hidden(':')
                }
                c => {
                    self.out.push(c);
                    c.len_utf8()
                }
            };
        }
        balanced
    }

    fn hidden(&mut self, c: char) -> usize {
        match self.hide {
            Hide::Entity => entity(self.out, c),
            // Between two characters that only mean something side by side.
            Hide::Invisible if c == '(' || c == ':' => self.out.extend([INVISIBLE, c]),
            Hide::Invisible => self.out.extend([c, INVISIBLE]),
        }
        c.len_utf8()
    }

    /// A backslash, and what is behind it. Feishu may look for tags before it looks for these.
    fn escaped(&mut self, rest: &str) -> usize {
        match rest.chars().next() {
            Some(c @ ('<' | '!')) if self.hide == Hide::Entity => 1 + self.hidden(c),
            Some(c) if c.is_ascii_punctuation() && !matches!(c, '<' | '!') => {
                self.out.extend(['\\', c]);
                2
            }
            _ => {
                self.out.push('\\');
                1
            }
        }
    }

    /// A code span, or marks that begin none: then their number is the error.
    fn span(&mut self, at: usize) -> Result<usize, usize> {
        let text = &self.text[at..];
        let inside = text.trim_start_matches('`');
        let marks = text.len() - inside.len();
        let Some(length) = closing(inside, marks) else {
            self.out.push_str(&text[..marks]);
            return Err(marks);
        };
        let span = &text[..2 * marks + length];
        verbatim(self.out, span);
        Ok(span.len())
    }

    fn angle(&mut self, at: usize) -> usize {
        let text = &self.text[at..];
        let near = &text[..text.floor_char_boundary(LINK_MAX)];
        let whole = near.find('>').map(|end| &text[..=end]);
        let keeps = |whole: &str| {
            matches!(whole, "<br>" | "<br/>" | "<br />")
                || is_web(&whole[1..]) && !whole.contains(|c: char| c.is_whitespace() || c == '`')
        };
        if let Some(whole) = whole.filter(|whole| keeps(whole)) {
            self.out.push_str(whole);
            return whole.len();
        }
        if text[1..].chars().next().is_some_and(begins_tag) {
            return self.hidden('<');
        }
        self.out.push('<');
        1
    }
}

/// Finds as many marks as opened a code span, no more and no fewer.
fn closing(text: &str, marks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == marks {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// Whether a link leads to the web, the only place Feishu lets links of cards lead to.
fn is_web(target: &str) -> bool {
    let target = target.trim_start_matches([' ', '\t', '<']);
    let host = target.strip_prefix("https://").or(target.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

/// Writes what is code to most readers, so that it pings nobody and shows no picture to the others.
pub(super) fn verbatim(out: &mut String, text: &str) {
    for (at, c) in text.char_indices() {
        out.push(c);
        let rest = &text[at + c.len_utf8()..];
        let means = match c {
            '<' => ["at", "person"].iter().any(|tag| {
                rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
                    && !rest[tag.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '>')
            }),
            '!' => rest.starts_with('[') && rest.contains("]("),
            _ => false,
        };
        if means {
            out.push(INVISIBLE);
        }
    }
}

fn begins_tag(next: char) -> bool {
    !(next.is_whitespace() || next.is_ascii_digit() || matches!(next, '=' | '-' | '<' | '>'))
}

pub(super) fn entity(out: &mut String, c: char) {
    out.push_str(&format!("&#{};", u32::from(c)));
}

pub(super) fn looks_like_fence(line: &str) -> bool {
    let start = line.trim_start();
    start.starts_with("```") || start.starts_with("~~~")
}
