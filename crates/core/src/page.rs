//! Cuts a long text into pages, each of which is whole markdown.
//!
//! A page is a piece of the text, with what makes it whole put before and behind it: a code block
//! that goes on is opened again and closed, a table that goes on gets its header again, and what is
//! deep in a list gets a list around it. The pieces, joined, are the text.

mod grain;

use crate::markdown::{Fence, Kind, Line, lines};
use grain::{cluster, word};
use std::iter::repeat_n;

/// The most bytes of a page, counted as JSON writes them.
pub const PAGE_BYTES: usize = 7_000;

/// The most tables of a page; Feishu shows no more in one piece of markdown.
pub const PAGE_TABLES: usize = 4;

/// Room that only blank lines may take, so that they rarely begin a page.
const SLACK_BYTES: usize = 64;

/// The least and the most bytes that a text can be shortened to.
const SHORTEST_BYTES: usize = 4 * SLACK_BYTES;
const PAGE_BYTES_MAX: usize = 1 << 20;

/// The deepest list that is put around what was in one.
const LEVELS_MAX: usize = 10;

/// Cuts markdown into pages of at most [`PAGE_BYTES`]. There is always at least one, and only an
/// empty text makes an empty one.
pub fn paginate(markdown: &str) -> Vec<String> {
    cut(markdown, PAGE_BYTES)
        .iter()
        .map(|page| format!("{}{}{}", page.head, page.piece, page.tail))
        .collect()
}

/// Returns the bytes a text takes inside a JSON string.
pub fn json_bytes(text: &str) -> usize {
    let bytes = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(bytes).sum()
}

/// A piece of a text and what makes it whole.
#[derive(Debug, Default, PartialEq)]
struct Page<'a> {
    head: String,
    piece: &'a str,
    tail: String,
}

/// Shortens markdown to its first page of at most `bytes`, and returns how many characters are not
/// on it.
pub fn shorten(markdown: &str, bytes: usize) -> (String, usize) {
    let limit = bytes.clamp(SHORTEST_BYTES, PAGE_BYTES_MAX);
    // What lies far behind the first page need not be looked at.
    let near = &markdown[..markdown.floor_char_boundary(limit.saturating_mul(2))];
    let pages = cut(near, limit);
    let Some(page) = pages.first() else { return (String::new(), 0) };
    let left = markdown[page.piece.len()..].chars().count();
    (format!("{}{}{}", page.head, page.piece, page.tail), left)
}

fn cut(text: &str, limit: usize) -> Vec<Page<'_>> {
    let mut cutter = Cutter { text, limit, ..Cutter::default() };
    let lines = lines(text);
    let mut rest = lines.as_slice();
    while !rest.is_empty() {
        let (block, after) = rest.split_at(block_length(rest));
        cutter.block(block);
        rest = after;
    }
    cutter.turn();
    if cutter.pages.is_empty() {
        cutter.pages.push(Page::default());
    }
    cutter.pages
}

/// Returns how many lines stay together if they can.
fn block_length(lines: &[Line<'_>]) -> usize {
    let count = |belongs: fn(&Kind) -> bool| {
        1 + lines[1..].iter().take_while(|line| belongs(&line.kind)).count()
    };
    match lines[0].kind {
        Kind::Blank => count(|kind| matches!(kind, Kind::Blank)),
        Kind::Open(_) => {
            let inside = count(|kind| matches!(kind, Kind::Code { .. }));
            let closed = lines.get(inside).is_some_and(|line| line.kind == Kind::Close);
            inside + usize::from(closed)
        }
        Kind::Header => count(|kind| matches!(kind, Kind::Dashes | Kind::Row)),
        Kind::Text | Kind::Code { .. } | Kind::Close | Kind::Dashes | Kind::Row => {
            count(|kind| matches!(kind, Kind::Text))
        }
    }
}

/// What goes around the pieces of something that is cut.
#[derive(Clone, Debug, Default)]
struct Frame {
    head: String,
    tail: String,
}

impl Frame {
    fn bytes(&self) -> usize {
        json_bytes(&self.head) + json_bytes(&self.tail)
    }

    /// Returns nothing rather than more than a page can bear.
    fn bounded(self, limit: usize) -> Self {
        if self.bytes() <= limit / 2 { self } else { Self::default() }
    }

    /// What is indented so far that it would be code, were it not in a list, gets one.
    fn of_line(line: &Line<'_>, limit: usize) -> Self {
        let levels = (line.indent / 2).saturating_sub(1);
        if !line.listed || line.indent < 4 || levels > LEVELS_MAX {
            return Self::default();
        }
        let item = |level| repeat_n(' ', 2 * level).chain("- …\n".chars());
        Self { head: (0..levels).flat_map(item).collect(), tail: String::new() }.bounded(limit)
    }

    fn of_code(line: &Line<'_>, fence: &Fence, limit: usize) -> Self {
        let head = Self::of_line(line, limit).head + &fence.opening();
        Self { head, tail: format!("\n{}", fence.closing()) }.bounded(limit)
    }

    fn of_table(line: &Line<'_>, dashes: &str, limit: usize) -> Self {
        let newline = if dashes.ends_with('\n') { "" } else { "\n" };
        let head = format!("{}{}{dashes}{newline}", Self::of_line(line, limit).head, line.text);
        Self { head, tail: String::new() }.bounded(limit)
    }
}

/// Fills page after page.
#[derive(Default)]
struct Cutter<'a> {
    text: &'a str,
    limit: usize,
    pages: Vec<Page<'a>>,
    start: usize,
    end: usize,
    /// What the page being filled begins with.
    head: String,
    bytes: usize,
    tables: usize,
    /// Around what is being added, if it is cut.
    frame: Frame,
    frame_bytes: usize,
    tail_bytes: usize,
    /// Where a heading begins that is the last thing on the page.
    heading: Option<usize>,
}

/// How finely a text is cut.
#[derive(Clone, Copy)]
enum Grain {
    Line,
    Word,
    Cluster,
    Char,
}

impl<'a> Cutter<'a> {
    fn block(&mut self, lines: &[Line<'a>]) {
        let first = &lines[0];
        let bytes = lines.iter().map(|line| json_bytes(line.text)).sum();
        let length = lines.iter().map(|line| line.text.len()).sum();
        let is_table = first.kind == Kind::Header;
        if is_table && self.tables == PAGE_TABLES {
            self.set(Frame::of_line(first, self.limit));
            self.turn();
        }
        self.set(Frame::of_line(first, self.limit));
        if first.kind == Kind::Blank {
            self.blank(lines, bytes, length);
        } else if self.fits(bytes) {
            self.take(length, bytes);
        } else if self.fits_fresh(bytes) {
            self.turn_before_heading(bytes);
            self.take(length, bytes);
        } else {
            self.long(lines);
        }
        self.tables += usize::from(is_table);
        if first.kind != Kind::Blank {
            let is_heading = lines.len() == 1 && first.text.starts_with('#');
            let at = self.end - length;
            self.heading = (is_heading && at > self.start).then_some(at);
        }
    }

    fn blank(&mut self, lines: &[Line<'a>], bytes: usize, length: usize) {
        if self.bytes + bytes <= self.limit {
            return self.take(length, bytes);
        }
        lines.iter().for_each(|line| self.add(line.text, Grain::Line));
    }

    /// Adds what is longer than a page.
    fn long(&mut self, lines: &[Line<'a>]) {
        if self.bytes > self.limit / 2 {
            self.turn();
        }
        let first = &lines[0];
        let table = lines.get(1).filter(|_| first.kind == Kind::Header);
        let inside = match (&first.kind, table) {
            (Kind::Open(fence), _) => Some(Frame::of_code(first, fence, self.limit)),
            (_, Some(dashes)) => Some(Frame::of_table(first, dashes.text, self.limit)),
            (_, None) => None,
        };
        let opening = if table.is_some() { 2 } else { 1 };
        for (at, line) in lines.iter().enumerate() {
            match &inside {
                Some(_) if at < opening => {}
                Some(frame) => {
                    if at == opening {
                        self.set(frame.clone());
                    }
                }
                None => self.set(Frame::of_line(line, self.limit)),
            }
            if line.kind == Kind::Close {
                // It takes the room that was kept for closing.
                self.set(Frame { tail: String::new(), ..self.frame.clone() });
            }
            self.add(line.text, Grain::Line);
        }
        self.set(Frame::default());
    }

    fn set(&mut self, frame: Frame) {
        self.tail_bytes = json_bytes(&frame.tail);
        self.frame_bytes = frame.bytes();
        self.frame = frame;
    }

    fn add(&mut self, piece: &'a str, grain: Grain) {
        let bytes = json_bytes(piece);
        if self.fits(bytes) {
            return self.take(piece.len(), bytes);
        }
        if self.fits_fresh(bytes) || matches!(grain, Grain::Char) {
            self.turn();
            return self.take(piece.len(), bytes);
        }
        let (ends, finer): (fn(&str) -> usize, _) = match grain {
            Grain::Line => (word, Grain::Word),
            Grain::Word => (cluster, Grain::Cluster),
            Grain::Cluster => (|rest| rest.chars().next().map_or(0, char::len_utf8), Grain::Char),
            Grain::Char => unreachable!("handled above"),
        };
        let mut rest = piece;
        while !rest.is_empty() {
            let (part, after) = rest.split_at(ends(rest));
            self.add(part, finer);
            rest = after;
        }
    }

    fn fits(&self, bytes: usize) -> bool {
        self.bytes + bytes + self.tail_bytes <= self.limit - SLACK_BYTES
    }

    fn fits_fresh(&self, bytes: usize) -> bool {
        bytes + self.frame_bytes <= self.limit - SLACK_BYTES
    }

    fn take(&mut self, length: usize, bytes: usize) {
        self.end += length;
        self.bytes += bytes;
    }

    /// Ends the page and begins the next one inside the frame.
    fn turn(&mut self) {
        let piece = &self.text[self.start..self.end];
        if !piece.is_empty() {
            // What was put behind the piece must begin on a line of its own.
            let newline = piece.ends_with('\n') && self.frame.tail.starts_with('\n');
            let tail = self.frame.tail[usize::from(newline)..].to_owned();
            self.pages.push(Page { head: std::mem::take(&mut self.head), piece, tail });
        }
        self.start = self.end;
        self.head.clone_from(&self.frame.head);
        self.bytes = json_bytes(&self.head);
        self.tables = 0;
        self.heading = None;
    }

    /// Turns the page; a heading goes with what it is the heading of.
    fn turn_before_heading(&mut self, bytes: usize) {
        let (end, heading) = (self.end, self.heading);
        let moved = heading.map(|at| (end - at, json_bytes(&self.text[at..end])));
        match (heading, moved) {
            (Some(at), Some((length, more))) if self.fits_fresh(bytes + more) => {
                self.end = at;
                self.turn();
                self.take(length, more);
            }
            _ => self.turn(),
        }
    }
}

#[cfg(test)]
mod tests;
