//! Holds every text to its two languages.

use super::{
    acp, agent, approval, command, door, file, lobby, people, platform, project, runner, setup,
    task,
};
use std::collections::BTreeSet;

const TOPICS: &[&[[&str; 3]]] = &[
    acp::ALL,
    agent::ALL,
    approval::ALL,
    command::ALL,
    door::ALL,
    file::ALL,
    lobby::ALL,
    people::ALL,
    platform::ALL,
    project::ALL,
    runner::ALL,
    setup::ALL,
    task::ALL,
];

/// Texts that are the same in both languages, or written in the other one on purpose.
const ODD: &[&str] = &[
    "missing_one",
    "not_sent_because",
    "queue_usage",
    "new_usage",
    "help_usage",
    "people_usage",
    "rules_usage",
    "accept_usage",
    "lang_usage",
    "lang_switch",
    "usage",
    "conversation",
];

fn all() -> impl Iterator<Item = [&'static str; 3]> {
    TOPICS.iter().copied().flatten().copied().filter(|[name, ..]| !ODD.contains(name))
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The text without what stands in braces and between backticks.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let (mut hole, mut code) = (false, false);
    for c in text.chars() {
        match c {
            '{' if !code => hole = true,
            '}' if !code => hole = false,
            '`' => code = !code,
            c if !hole && !code => bare.push(c),
            _ => {}
        }
    }
    bare
}

fn holes(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

fn code(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_text_is_written_in_both_languages() {
    for [name, en, zh] in all() {
        assert!(!en.trim().is_empty() && !zh.trim().is_empty(), "{name} is empty");
        assert_ne!(en, zh, "{name} is not translated");
        assert!(!en.chars().any(is_chinese), "{name} has Chinese in its English: {en}");
        assert_eq!(holes(en), holes(zh), "{name} speaks of other things");
        assert_eq!(code(en), code(zh), "{name} names other commands");
    }
}

#[test]
fn chinese_texts_are_chinese() {
    // Texts that are but a frame for what is put in.
    let frames = ["listing", "line", "option", "with_advice", "detail", "conversation"];
    for [name, _, zh] in all().filter(|[name, ..]| !frames.contains(name)) {
        let bare = bare(zh);
        assert!(bare.chars().any(is_chinese), "{name} is not Chinese: {zh}");
        let english = bare.split(|c: char| !c.is_ascii_alphanumeric() && c != ' ');
        let longest = english.map(|words| words.split_whitespace().count()).max();
        assert!(longest < Some(3), "{name} is half English: {zh}");
    }
}

#[test]
fn texts_end_alike() {
    let stop = |text: &str, stops: &[char]| text.trim_end().ends_with(stops);
    for [name, en, zh] in all() {
        let (en_stops, zh_stops) = (stop(en, &['.', '?', '!']), stop(zh, &['。', '！', '？']));
        assert_eq!(en_stops, zh_stops, "{name}: a sentence in one language only: {en} / {zh}");
        for odd in [", ", "? ", "! ", "; "] {
            assert!(!zh.contains(odd), "{name}: the comma and its like are wide in Chinese: {zh}");
        }
    }
}

#[test]
fn chinese_and_latin_stand_apart_and_marks_are_wide() {
    let marks = "，：；（）、";
    let latin = |c: char| c.is_ascii_alphanumeric() || c == '`';
    for [name, _, zh] in all() {
        // Emphasis is not seen, and what is put in may be either.
        let zh = zh.replace('*', "");
        let narrow = |c: char| ",.;:?!()".contains(c);
        for (a, b) in zh.chars().zip(zh.chars().skip(1)) {
            let close = is_chinese(a) && latin(b) || latin(a) && is_chinese(b);
            assert!(!close, "{name}: a space lacks in “{a}{b}”: {zh}");
            let thin = is_chinese(a) && narrow(b) || narrow(a) && is_chinese(b);
            assert!(!thin, "{name}: “{a}{b}” has a mark that is not wide: {zh}");
            let loose = marks.contains(a) && b == ' ' || a == ' ' && marks.contains(b);
            assert!(!loose, "{name}: a space beside a wide mark: {zh}");
        }
    }
}
