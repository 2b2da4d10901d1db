//! No secret reaches a chat, however it is cut.

use poco_core::{Block, Button, Card, Step, Text, Tone, Transcript, paginate};
use poco_io::mask::Mask;
use proptest::prelude::*;

fn mask(secrets: &[String]) -> Mask {
    let mask = Mask::default();
    mask.learn(secrets.iter().map(|secret| ("API_KEY".to_owned(), secret.clone())));
    mask
}

fn secrets() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ab12_*]{8,24}", 1..4)
}

/// A text with secrets in it, between words of the same letters.
fn text(secrets: Vec<String>) -> impl Strategy<Value = (Vec<String>, String)> {
    let count = secrets.len();
    let piece = prop_oneof![
        2 => "[ab12_* …\n]{0,12}".prop_map(Ok),
        1 => (0..count).prop_map(Err),
    ];
    prop::collection::vec(piece, 0..8).prop_map(move |pieces| {
        let text = pieces.into_iter().map(|it| it.unwrap_or_else(|at| secrets[at].clone()));
        (secrets.clone(), text.collect())
    })
}

fn shows(secrets: &[String], text: &str) -> bool {
    secrets.iter().any(|secret| text.contains(secret.as_str()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the text is, and however it is escaped.
    #[test]
    fn no_text_shows_a_secret((secrets, text) in secrets().prop_flat_map(text)) {
        let mask = mask(&secrets);
        prop_assert!(!shows(&secrets, &mask.text(&text)));
        let escaped = mask.text(&poco_core::escape(&text));
        prop_assert!(!shows(&secrets, &escaped.replace('\\', "")));
        prop_assert_eq!(mask.text(&mask.text(&text)), mask.text(&text));
    }

    /// What comes in deltas never shows more of a secret than its first few letters.
    #[test]
    fn no_delta_shows_a_secret((secrets, text) in secrets().prop_flat_map(text), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mask = mask(&secrets);
        let mut ends: Vec<_> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
        ends.push(text.len());
        ends.sort_unstable();
        let (mut transcript, mut from) = (Transcript::default(), 0);
        for end in ends {
            let delta = text[from..end].to_owned();
            from = end;
            transcript.apply(Step::Wrote { item: "m".to_owned(), text: delta });
            let shown = transcript.mapped(|text, last| if last { mask.growing(text) } else { mask.text(text) });
            let shown = shown.answer();
            prop_assert!(!shows(&secrets, &shown));
            for secret in &secrets {
                prop_assert!(!shown.ends_with(&secret[..secret.len() / 2]), "{} ends like {}", shown, secret);
            }
        }
    }

    /// A page begins and ends anywhere; no two of them show a secret between them.
    #[test]
    fn no_page_shows_a_secret(secret in "[a-z0-9]{16,40}", before in 6_900usize..7_100) {
        let mask = mask(std::slice::from_ref(&secret));
        let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(7_000));
        let pages = paginate(&mask.text(&text));
        prop_assert!(!shows(std::slice::from_ref(&secret), &pages.concat()));
        // Also of a text that was cut before anybody knew of the secret.
        let shown: Vec<_> = paginate(&text).iter().map(|page| mask.text(page)).collect();
        prop_assert!(!shows(&[secret], &shown.concat()));
    }

    /// No part of a card does.
    #[test]
    fn no_card_shows_a_secret((secrets, text) in secrets().prop_flat_map(text)) {
        let words = || Text::verbatim(&text);
        let action = poco_core::Action::Deliver { path: text.clone() };
        let card = Card::new(Tone::Plain, words())
            .text(words())
            .note(words())
            .block(Block::Code { language: String::new(), text: text.clone() })
            .block(Block::Live { steps: text.clone(), answer: text.clone() })
            .block(Block::Fold { title: words(), text: words() })
            .buttons(vec![Button::new(words(), action).confirm(words())]);
        let masked = mask(&secrets).card(&card);
        let whole = format!("{masked:?}").replace("\\n", "\n");
        prop_assert!(!shows(&secrets, &whole));
    }
}

#[test]
fn what_is_no_secret_stays() {
    let mask = mask(&["s3cr3t-value-1".to_owned()]);
    let text = "true 8000 /home/ann the s3cr value";
    assert_eq!(mask.text(text), text);
}
