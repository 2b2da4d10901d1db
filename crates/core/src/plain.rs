//! Shows what an agent asks leave for so that it can't look like anything else: what can't be seen
//! is written out, and text that would be more than text is not.

use crate::markdown::{Kind, lines};
use crate::view::escape;
use std::fmt::Write;

/// The longest run of blanks that is shown as it is: behind more of them something may be out of
/// sight.
const BLANKS_MAX: usize = 40;

/// The same for line breaks.
const BREAKS_MAX: usize = 6;

/// Writes out every character that can't be seen or turns others around, and long runs of blanks.
pub fn seen(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let is_same = |it: &char| match c {
            '\n' => *it == '\n',
            _ => matches!(it, ' ' | '\t'),
        };
        let (count, most) = match c {
            '\n' => (rest.chars().take_while(is_same).count(), BREAKS_MAX),
            ' ' | '\t' => (rest.chars().take_while(is_same).count(), BLANKS_MAX),
            _ => (1, 1),
        };
        let (run, after) = rest.split_at(if count == 1 { c.len_utf8() } else { count });
        match c {
            '\n' if count > most => out.push_str(&format!("\n⟨⏎×{}⟩\n", count - 1)),
            ' ' | '\t' if count > most => out.push_str(&format!("⟨␠×{count}⟩")),
            c if is_unseen(c) => out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            _ => out.push_str(run),
        }
        rest = after;
    }
    out
}

/// Like [`seen`], on one line.
pub fn seen_line(text: &str) -> String {
    seen(&text.trim().replace("\r\n", "\n").replace(['\n', '\r'], "⏎"))
}

/// Puts text on one line between marks of code that nothing in it can close.
pub fn code(text: &str) -> String {
    let line = seen_line(text);
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let marks = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{marks}{gap}{line}{gap}{marks}")
}

/// Returns markdown of an agent without links, pictures and tags: all of it is text to read.
pub fn prose(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    for line in lines(&seen(markdown)) {
        match line.kind {
            Kind::Open(_) | Kind::Code { .. } | Kind::Close => out.push_str(line.text),
            Kind::Blank | Kind::Text | Kind::Header | Kind::Dashes | Kind::Row => {
                unlinked(&mut out, line.text);
            }
        }
    }
    out
}

fn unlinked(out: &mut String, line: &str) {
    let mut before = None;
    for c in line.chars() {
        let is_escaped = before == Some('\\');
        if matches!(c, '[' | ']' | '<') && !is_escaped {
            out.push('\\');
        }
        out.push(c);
        // A backslash that is itself escaped escapes nothing.
        before = if c == '\\' && is_escaped { None } else { Some(c) };
    }
}

/// Writes plain text on one line of markdown, as it is.
pub fn plain_line(text: &str) -> String {
    escape(&seen_line(text))
}

/// Writes out what turns text around. Nothing that PoCo shows has a use for it.
pub fn unturned(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(turns) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if turns(c) {
            // Writing to a string can't fail.
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character can't be seen, or is not the blank it looks like.
fn is_unseen(c: char) -> bool {
    match c {
        '\n' | '\t' | ' ' => false,
        // Emoji have them.
        '\u{fe0e}' | '\u{fe0f}' => false,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0d}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        '\u{3000}' => false,
        c => c.is_control() || c.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_in_what_is_asked() {
        for (text, shown) in [
            ("ls -la\n\tcat 中文 ⚠️", "ls -la\n\tcat 中文 ⚠️"),
            ("ls \u{202e}fr- mr", "ls ⟨U+202E⟩fr- mr"),
            ("ls\rrm -rf /", "ls⟨U+000D⟩rm -rf /"),
            ("a\r\nb", "a\nb"),
            ("\u{1b}[8mrm\u{1b}[0m", "⟨U+001B⟩[8mrm⟨U+001B⟩[0m"),
            ("r\u{200b}m\u{a0}x", "r⟨U+200B⟩m⟨U+00A0⟩x"),
            ("a\u{e0041}b\u{feff}", "a⟨U+E0041⟩b⟨U+FEFF⟩"),
            ("\0", "⟨U+0000⟩"),
        ] {
            assert_eq!(seen(text), shown, "{text:?}");
            assert_eq!(seen(shown), shown, "it stays so");
        }
        let far = format!("ls{}; rm -rf ~", " ".repeat(400));
        assert_eq!(seen(&far), "ls⟨␠×400⟩; rm -rf ~");
        let below = format!("ls{}rm -rf ~", "\n".repeat(400));
        assert_eq!(seen(&below), "ls\n⟨⏎×399⟩\nrm -rf ~");
        assert_eq!(seen(&" ".repeat(40)), " ".repeat(40));
    }

    #[test]
    fn one_line_stays_one() {
        assert_eq!(seen_line(" /srv\n\n**Allowed** "), "/srv⏎⏎**Allowed**");
        assert_eq!(plain_line("/srv\r\n**x**"), "/srv⏎\\*\\*x\\*\\*");
        assert_eq!(code("a`b\nc"), "`` a`b⏎c ``");
        assert_eq!(code("plain"), "`plain`");
    }

    #[test]
    fn prose_has_no_links() {
        let text = "# Plan\n- [ ] do [Allow once](https://evil.example) <at id=all></at>\n\
                    ```\n[x](y)\n```\n\\[a\\\\[b](c)";
        assert_eq!(
            prose(text),
            "# Plan\n- \\[ \\] do \\[Allow once\\](https://evil.example) \\<at id=all>\\</at>\n\
             ```\n[x](y)\n```\n\\[a\\\\\\[b\\](c)"
        );
    }

    #[test]
    fn nothing_turns_text_around() {
        assert_eq!(unturned("a\u{202e}b\u{2066}"), "a⟨U+202E⟩b⟨U+2066⟩");
        assert_eq!(unturned("שלום"), "שלום");
    }
}
