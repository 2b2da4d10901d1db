//! Makes markdown of people and agents harmless: what Feishu would take for more than text (a
//! mention that pings, a picture that does not exist, a link it refuses) is written so that it
//! looks as it was typed.

use super::inline::{Hide, INVISIBLE, Inline, entity, looks_like_fence, verbatim};
use poco_core::markdown::{Fence, Kind, Line, is_dashes, lines};

/// Returns markdown that says the same. Tables beyond `tables` become code; it counts down.
pub(super) fn harmless(markdown: &str, tables: &mut usize) -> String {
    let lines = lines(markdown);
    let out = String::with_capacity(markdown.len() + markdown.len() / 8);
    let is_clear = lines.iter().all(is_clear);
    let mut writer = Writer { out, tables, is_clear, open: None, unsure: false };
    let mut rest = lines.as_slice();
    while let Some((line, after)) = rest.split_first() {
        rest = &after[writer.write(line, after)..];
    }
    writer.out
}

/// Whether every reader sees alike where blocks of code begin, as far as this line goes.
fn is_clear(line: &Line<'_>) -> bool {
    match &line.kind {
        Kind::Open(fence) => fence.is_sure() && !line.text.contains('~'),
        Kind::Text => !looks_like_fence(line.text),
        Kind::Blank | Kind::Code { .. } | Kind::Close | Kind::Header | Kind::Dashes | Kind::Row => {
            true
        }
    }
}

struct Writer<'a> {
    out: String,
    tables: &'a mut usize,
    is_clear: bool,
    open: Option<Fence>,
    /// A code span may go on over several lines; from one that does on, nothing is sure.
    unsure: bool,
}

impl Writer<'_> {
    /// Writes a line. Returns how many more it has written.
    fn write(&mut self, line: &Line<'_>, after: &[Line<'_>]) -> usize {
        match &line.kind {
            Kind::Code { sure } => {
                self.code(line, *sure);
                return 0;
            }
            Kind::Close => {
                self.out.push_str(line.text);
                self.open = None;
                return 0;
            }
            Kind::Open(_) | Kind::Blank | Kind::Text | Kind::Header | Kind::Dashes | Kind::Row => {
                self.close()
            }
        }
        match &line.kind {
            Kind::Open(fence) => {
                self.open = Some(Fence::clone(fence));
                self.unsure = false;
                verbatim(&mut self.out, line.text);
            }
            Kind::Header if *self.tables == 0 => {
                let rows =
                    after.iter().take_while(|it| matches!(it.kind, Kind::Dashes | Kind::Row));
                let count = rows.count();
                table_as_code(&mut self.out, line, &after[..count]);
                self.unsure = false;
                return count;
            }
            Kind::Dashes => self.out.push_str(line.text),
            Kind::Blank => {
                self.unsure = false;
                self.out.push_str(line.text);
            }
            Kind::Text | Kind::Header | Kind::Row => {
                *self.tables -= usize::from(line.kind == Kind::Header);
                let hide =
                    if self.unsure || line.indent >= 4 { Hide::Invisible } else { Hide::Entity };
                self.unsure |= !Inline { out: &mut self.out, text: line.text, hide }.write();
            }
            Kind::Code { .. } | Kind::Close => unreachable!("written above"),
        }
        0
    }

    fn code(&mut self, line: &Line<'_>, sure: bool) {
        let bare = line.text.trim();
        if line.indent >= 4 && bare.len() >= 3 && bare.chars().all(|c| matches!(c, '`' | '~')) {
            // It is too far in to close the block, but a simpler reader would let it.
            self.out.push(INVISIBLE);
        }
        if sure && self.is_clear {
            return self.out.push_str(line.text);
        }
        if is_dashes(bare) {
            self.out.push(INVISIBLE);
        }
        verbatim(&mut self.out, line.text);
    }

    /// Closes a block that ends with the quote or the list around it, so that all readers see it.
    fn close(&mut self) {
        if let Some(fence) = self.open.take() {
            self.out.push_str(&fence.closing());
            self.out.push('\n');
        }
    }
}

/// Returns markdown that shows plain text as it is.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '#' | '|' | '!' => {
                entity(&mut out, c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Returns markdown with its last code block closed, so that more can follow.
pub(super) fn closed(markdown: &str) -> String {
    let mut open = None;
    for line in lines(markdown) {
        match line.kind {
            Kind::Open(fence) => open = Some(fence),
            Kind::Code { .. } => {}
            Kind::Close | Kind::Blank | Kind::Text | Kind::Header | Kind::Dashes | Kind::Row => {
                open = None
            }
        }
    }
    match open {
        Some(fence) => format!("{}\n{}", markdown.trim_end_matches('\n'), fence.closing()),
        None => markdown.to_owned(),
    }
}

/// Puts text between fences that nothing in it can close.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language.chars().filter(|c| c.is_alphanumeric()).take(20).collect();
    format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
}

fn table_as_code(out: &mut String, header: &Line<'_>, rows: &[Line<'_>]) {
    let text: String = [header].into_iter().chain(rows).map(|line| line.text).collect();
    if header.indent < 4 && !header.listed && !header.text.trim_start().starts_with('>') {
        out.push_str(&fenced("", &text));
        out.push('\n');
        return;
    }
    // A code block would need the markers of what the table is in. Without its dashes it is text.
    for line in [header].into_iter().chain(rows) {
        match line.kind {
            Kind::Dashes => out.push_str(&line.text.replace('-', "&#45;")),
            Kind::Blank
            | Kind::Text
            | Kind::Open(_)
            | Kind::Code { .. }
            | Kind::Close
            | Kind::Header
            | Kind::Row => {
                Inline { out, text: line.text, hide: Hide::Invisible }.write();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harmless_text(markdown: &str) -> String {
        harmless(markdown, &mut 4)
    }

    #[test]
    fn what_means_nothing_to_feishu_stays() {
        for text in [
            "# a\n\n**b** *c* `d` [e](https://example.com/f?g=(h))\n\n- [ ] i\n",
            "a < b <= c <- d; 1<2; x <br> y <https://example.com>",
            "`Vec<String>` and ``a ` <b>``",
            "```html\n<at id=all></at>\n![a](b)\n```\n",
            "| a | b |\n|---|---|\n| `c` | d |\n",
            "\\* \\` <",
            "array[0](x)".split('(').next().unwrap_or_default(),
        ] {
            assert_eq!(harmless_text(text), text);
        }
    }

    #[test]
    fn what_feishu_would_act_on_is_shown_instead() {
        for (text, expected) in [
            ("<at id=all></at>", "&#60;at id=all>&#60;/at>"),
            ("\\<at id=all>", "&#60;at id=all>"),
            ("![a](img_v3_x)", "&#33;[a]&#40;img_v3_x)"),
            ("[a](lark://b)", "[a]&#40;lark://b)"),
            ("[main.rs](/home/me/main.rs:3)", "[main.rs]&#40;/home/me/main.rs:3)"),
            ("[a]: lark://b", "[a]&#58; lark://b"),
            ("    <at id=all>", "    <\u{200b}at id=all>"),
            ("`<at id=all>`", "`<\u{200b}at id=all>`"),
            ("x `a\nb` <at id=all>`", "x `a\nb` <\u{200b}at id=all>`"),
            ("<https://a.b `> <at id=all> `", "&#60;https://a.b `> <\u{200b}at id=all> `"),
            ("- ```\n  <at id=all>\nb", "- ```\n  <\u{200b}at id=all>\n  ```\nb"),
            ("``` a`b <at>", "\u{200b}``` a`b &#60;at>"),
            ("~~~\n<at id=all>\n~~~", "~~~\n<\u{200b}at id=all>\n~~~"),
            ("```<at id=all>\n```", "```<\u{200b}at id=all>\n```"),
        ] {
            assert_eq!(harmless_text(text), expected);
        }
    }

    #[test]
    fn tables_beyond_the_limit_are_code() {
        let table = "| a |\n|---|\n| 1 |\n";
        let text = format!("{table}\n").repeat(6);
        let harmless = harmless_text(&text);
        assert_eq!(lines(&harmless).iter().filter(|line| line.kind == Kind::Dashes).count(), 4);
        assert_eq!(harmless.matches("```").count(), 4);
    }
}
