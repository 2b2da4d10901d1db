use super::*;
use proptest::prelude::*;

/// Checks all that holds of every text, and returns its pages.
fn check(text: &str) -> Vec<String> {
    let pages = cut(text, PAGE_BYTES);
    let whole = paginate(text);
    assert_eq!(pages.iter().map(|page| page.piece).collect::<String>(), text);
    assert!(!whole.is_empty());
    for (page, whole) in pages.iter().zip(&whole) {
        assert!(json_bytes(whole) <= PAGE_BYTES, "{} bytes", json_bytes(whole));
        assert!(text.is_empty() || !page.piece.is_empty());
        let lines = lines(whole);
        let tables = lines.iter().filter(|line| line.kind == Kind::Dashes).count();
        assert!(tables <= PAGE_TABLES, "{tables} tables");
    }
    whole
}

/// Whether the last code block of a page is closed.
fn is_closed(page: &str) -> bool {
    let lines = lines(page);
    !matches!(lines.last().map(|line| &line.kind), Some(Kind::Open(_) | Kind::Code { .. }))
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

#[test]
fn a_short_text_is_its_own_page() {
    for text in ["", "a", "\n", "# a\n\nb\n", "```\nnever closed", "| a |\n|---|\n| 1 |"] {
        assert_eq!(check(text), [text]);
    }
}

#[test]
fn paragraphs_stay_whole() {
    let pages = check(&numbered(100, |n| format!("{}\n\n", format!("word{n} ").repeat(40))));
    assert!(pages.len() > 3);
    for page in &pages {
        assert!(page.starts_with("word") && page.trim_end().split(' ').count() % 40 == 0);
    }
}

#[test]
fn code_that_fits_a_page_moves_whole() {
    let code = format!("```rust\n{}```\n", "let x = 1;\n".repeat(300));
    let pages = check(&format!("{}\n\n{code}\nend", "text ".repeat(1_000)));
    assert_eq!(pages.len(), 2);
    assert!(pages[1].starts_with(&code) && pages[1].ends_with("end"));
}

#[test]
fn long_code_is_closed_and_opened_again() {
    for (open, close) in
        [("```rust", "```"), ("~~~~py", "~~~~"), ("> ```rust", "> ```"), ("  ```js", "  ```")]
    {
        let prefix = open.split(['`', '~']).next().expect("a fence");
        let body = numbered(2_000, |n| format!("{prefix}let x{n} = \"{n}\";\n"));
        let pages = check(&format!("{open} title=x\n{body}{close}\n\nend"));
        assert!(pages.len() > 5);
        for (n, page) in pages.iter().enumerate() {
            assert!(page.starts_with(open), "page {n}: {}", &page[..20]);
            assert!(is_closed(page), "page {n}");
            assert_eq!(lines(page).iter().filter(|it| it.kind == Kind::Close).count(), 1);
        }
    }
}

#[test]
fn code_in_a_list_stays_in_one() {
    let body = numbered(1_000, |n| format!("    let x{n} = 1;\n"));
    let pages = check(&format!("- a\n  - b\n    ```rust\n{body}    ```\n    after\n"));
    assert!(pages.len() > 2);
    assert!(pages[1].starts_with("- …\n    ```rust\n    let"), "{}", &pages[1][..40]);
    assert!(pages.iter().all(|page| is_closed(page)));
}

#[test]
fn code_is_not_parted_from_its_end() {
    // Around the size at which all but the last line fits on a page.
    for bytes in PAGE_BYTES - 2 * SLACK_BYTES..PAGE_BYTES {
        let code = format!("```\n{}\n```\n", "x".repeat(bytes));
        assert!(check(&code).iter().all(|page| is_closed(page)), "{bytes} bytes");
    }
}

#[test]
fn no_page_is_only_the_end_of_code() {
    // Around the length at which the last line fits in the room that is kept for closing.
    let two_pages = 2 * (PAGE_BYTES - SLACK_BYTES) / json_bytes("x\n");
    for lines in two_pages - 40..two_pages + 10 {
        let pages = check(&format!("```rust\n{}```\n", "x\n".repeat(lines)));
        assert!(pages.iter().all(|page| page.contains('x')), "{lines} lines");
    }
}

#[test]
fn long_code_begins_on_the_page_only_if_half_of_it_is_left() {
    let code = format!("```rust\n{}```\n", "let x = 1;\n".repeat(2_000));
    let pages = check(&format!("{}\n\n{code}", "text ".repeat(1_000)));
    assert!(!pages[0].contains("```") && pages[1].starts_with("```rust"));
    let pages = check(&format!("{}\n\n{code}", "text ".repeat(500)));
    assert!(pages[0].contains("```rust"));
}

#[test]
fn what_is_very_deep_in_a_list_gets_no_list_around_it() {
    for (levels, begins) in [(LEVELS_MAX, true), (LEVELS_MAX + 1, false), (LEVELS_MAX + 2, false)] {
        let list = numbered(levels + 1, |level| format!("{}- a\n", "  ".repeat(level)));
        let deep = format!("{}word ", "  ".repeat(levels + 1));
        let pages = check(&format!("{list}{}", numbered(600, |n| format!("{deep}{n}\n"))));
        assert_eq!(pages[1].starts_with("- …\n"), begins, "{levels} levels");
    }
}

#[test]
fn a_long_table_repeats_its_header() {
    let head = "| n | square |\n|--:|:------:|\n";
    let rows = numbered(2_000, |n| format!("| {n} | {} |\n", n * n));
    let pages = check(&format!("Squares:\n\n{head}{rows}\nend"));
    assert!(pages.len() > 4);
    assert!(pages[1..].iter().all(|page| page.starts_with(head)));
    assert!(pages[..pages.len() - 1].iter().all(|page| page.ends_with(" |\n")), "rows are whole");
}

#[test]
fn a_page_has_few_tables() {
    let pages = check(&numbered(11, |n| format!("Table {n}\n\n| a |\n|---|\n| {n} |\n\n")));
    assert_eq!(pages.len(), 3);
}

#[test]
fn a_heading_goes_with_its_text() {
    let text = format!("{}\n\n## Next\n\n{}", "a ".repeat(2_500), "b ".repeat(2_500));
    let pages = check(&text);
    assert!(pages[1].starts_with("## Next\n\nb"), "{}", &pages[1][..20]);
}

#[test]
fn what_has_no_place_to_cut_is_cut_anyway() {
    check(&"x".repeat(50_000));
    check(&"`".repeat(50_000));
    check(&"\u{1}".repeat(9_000));
    check(&format!("a{}", "\u{301}".repeat(20_000)));
    check(&format!("| a |\n|---|\n| {} |", "x".repeat(30_000)));
    check(&format!("| {} |\n|---|\n{}", "x".repeat(9_000), "| 1 |\n".repeat(3_000)));
    check(&format!("```{}\n{}\n```", "x".repeat(9_000), "y".repeat(9_000)));
    check(&"\n".repeat(20_000));
    check(&">".repeat(20_000));
    check(&"- ".repeat(20_000));
    for page in check(&"👩‍👩‍👧‍👦".repeat(2_000)) {
        assert!(page.starts_with('👩') && !page.ends_with('\u{200d}'));
    }
    for page in check(&"🇨🇳".repeat(3_000)) {
        assert_eq!(page.chars().count() % 2, 0);
    }
}

#[test]
fn what_people_take_for_one_character_stays_one() {
    let wholes =
        ["a", "e\u{301}", "👍🏽", "👩\u{200d}👩\u{200d}👧", "🇨🇳", "🇨", "\r\n", "\r", "\n", "a``"];
    for whole in wholes {
        for next in ["b", "字", "\r"] {
            assert_eq!(
                cluster(&format!("{whole}{next}")),
                whole.len(),
                "{whole:?} before {next:?}"
            );
        }
    }
    assert_eq!(cluster("🇨🇳🇨🇳"), "🇨🇳".len());
    assert_eq!(cluster("a🇨🇳"), 1);
    assert_eq!(cluster("a\n"), 1);
    for (text, first) in [("ab cd", "ab "), ("a `b c", "a `b "), ("a ~b", "a ~b"), ("字 b", "字 ")]
    {
        assert_eq!(word(text), first.len(), "{text:?}");
    }
}

#[test]
fn cutting_takes_time_in_proportion() {
    // In a debug build, and far below what a quadratic way would need.
    let text = "some words and `code`\n\n```\nx\n```\n\n| a |\n|---|\n| 1 |\n\n".repeat(40_000);
    assert!(paginate(&text).len() > 200);
}

#[test]
fn a_shortened_text_is_whole_and_says_what_is_left() {
    let (short, left) = shorten(&format!("```rust\n{}```\n", "let x = 1;\n".repeat(500)), 1_000);
    assert!(json_bytes(&short) <= 1_000 && is_closed(&short), "{short}");
    assert_eq!(left, 4 + 500 * 11 - short.matches("let").count() * 11);
    assert_eq!(shorten("a", 1_000), ("a".to_owned(), 0));
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("```\n".to_owned()),
        Just("```rust\n".to_owned()),
        Just("\n~~~~\n".to_owned()),
        Just("> ".to_owned()),
        Just("- ".to_owned()),
        Just("1. ".to_owned()),
        Just("    ".to_owned()),
        Just("\t".to_owned()),
        Just("\n# ".to_owned()),
        Just("\n$$\n".to_owned()),
        Just("<div>".to_owned()),
        Just("\n| a | b |\n|---|---|\n".to_owned()),
        (1..300usize).prop_map(|n| "| 1 | two |\n".repeat(n)),
        (1..2_000usize).prop_map(|n| "word ".repeat(n)),
        (1..9_000usize).prop_map(|n| "x".repeat(n)),
        "\\PC{1,20}",
        ".{1,20}",
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pages_hold_the_whole_text(text in pieces()) {
        check(&text);
    }

    #[test]
    fn a_text_is_shortened_to_any_size(text in pieces(), bytes in 0..9_000usize) {
        let (short, _) = shorten(&text, bytes);
        prop_assert!(json_bytes(&short) <= bytes.max(SHORTEST_BYTES));
    }

    #[test]
    fn code_is_closed_on_every_page_but_the_last(
        (mark, length, lines) in ("[`~]", 3..6usize, proptest::collection::vec(0..400usize, 1..200))
    ) {
        let fence = mark.repeat(length);
        let body: String = lines.iter().map(|n| format!("{}\n", "x".repeat(*n))).collect();
        for page in check(&format!("before\n\n{fence}c\n{body}{fence}\n\nafter")) {
            prop_assert!(is_closed(&page));
        }
    }
}
