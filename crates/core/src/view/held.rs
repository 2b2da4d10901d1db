//! Cards of files: those that wait for words, and those that were not sent.

use super::escape;
use crate::enclosed::Fate;
use crate::words::file as words;
use crate::{Action, Button, Card, Enclosed, HOLD_FOR, Held, PICTURE, Text, Tone};

/// Returns the card of files that wait, or of what became of them.
pub(crate) fn held(held: &Held, fate: Option<&Fate>) -> Card {
    let (tone, title, note) = match fate {
        None => {
            let minutes = HOLD_FOR / 60_000;
            (Tone::Asking, words::held_waiting(), words::say_what_with(minutes))
        }
        Some(Fate::Went { task }) => (Tone::Plain, words::held_went(), words::went_with(task)),
        Some(Fate::Dropped) => (Tone::Ended, words::held_dropped(), words::left_alone()),
        Some(Fate::Late) => (Tone::Ended, words::held_dropped(), words::came_too_late()),
        Some(Fate::Gone) => (Tone::Ended, words::held_dropped(), words::left_with_project()),
    };
    let names = names(&held.enclosed).into_iter().map(|name| name.map(escape));
    let drop = Button::new(words::drop(), Action::Drop { held: held.id.clone() });
    let under = held.topic.as_ref().map(|topic| topic.message.clone());
    let card = Card::new(tone, title).text(Text::join(names, "\n")).note(note).under(under);
    card.buttons(fate.is_none().then_some(drop).into_iter().collect())
}

/// What goes with a prompt, by its names.
pub(super) fn names(enclosed: &Enclosed) -> Vec<Text> {
    let quotes = enclosed.quotes.iter().map(|quote| match quote.bundle {
        true => words::forwarded(),
        false => words::quoted(),
    });
    let files = enclosed.files.iter().map(|file| named(&file.name));
    files.chain(quotes).collect()
}

/// Says what goes with a task, if anything does.
pub(super) fn with(card: Card, enclosed: &Enclosed) -> Card {
    if enclosed.is_empty() {
        return card;
    }
    card.note(words::comes_with(Text::join(names(enclosed), ", ")))
}

/// What people call a file. Those that have no name of their own are called by their kind.
fn named(name: &str) -> Text {
    match name {
        PICTURE => words::picture(),
        name => Text::verbatim(name),
    }
}

pub(crate) fn not_sent(path: &str, why: &Text) -> Card {
    let (path, why) = (path.replace('`', "'"), why.clone().map(escape));
    Card::new(Tone::Bad, words::not_sent()).text(words::not_sent_because(path, why))
}
