//! Where a line can be cut, if it must be.

/// Returns where the first word ends, the space behind it included.
pub(super) fn word(text: &str) -> usize {
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_whitespace()) {
        let end = at + c.len_utf8();
        // What would open a code block must not come to the beginning of a line.
        if !text[end..].starts_with(['`', '~']) {
            return end;
        }
    }
    text.len()
}

/// Returns where the first cluster ends: roughly, what people take for one character.
pub(super) fn cluster(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    let mut flags = 0;
    while let Some((_, last)) = chars.next() {
        flags += usize::from(is_flag(last));
        let Some((end, next)) = chars.peek().copied() else { break };
        let pair = is_flag(next) && flags % 2 == 1;
        if !(pair || last == '\u{200d}' || last == '\r' && next == '\n' || extends(next)) {
            return end;
        }
    }
    text.len()
}

fn is_flag(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether a character belongs to the one before it. Marks that open code blocks are kept from the
/// beginning of a page the same way.
fn extends(c: char) -> bool {
    matches!(c,
        '`' | '~'
        | '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{93a}'..='\u{94f}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1160}'..='\u{11ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{302a}'..='\u{302f}' | '\u{3099}' | '\u{309a}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}
