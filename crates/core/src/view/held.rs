//! Cards of files: those that wait for words, and those that were not sent.

use super::escape;
use crate::enclosed::Fate;
use crate::{Action, Button, Card, Enclosed, HOLD_FOR, Held, Tone, prose};

/// Returns the card of files that wait, or of what became of them.
pub(crate) fn held(held: &Held, fate: Option<&Fate>) -> Card {
    let (tone, title, note) = match fate {
        None => {
            let minutes = HOLD_FOR / 60_000;
            (Tone::Asking, prose::held_waiting(), prose::say_what_with(minutes))
        }
        Some(Fate::Went { task }) => (Tone::Plain, prose::held_went(), prose::went_with(task)),
        Some(Fate::Dropped) => (Tone::Ended, prose::held_dropped(), prose::left_alone()),
        Some(Fate::Late) => (Tone::Ended, prose::held_dropped(), prose::came_too_late()),
        Some(Fate::Gone) => (Tone::Ended, prose::held_dropped(), prose::left_with_project()),
    };
    let names: Vec<_> = names(&held.enclosed).iter().map(|name| escape(name)).collect();
    let drop = Button::new(&prose::drop(), Action::Drop { held: held.id.clone() });
    let under = held.topic.as_ref().map(|topic| topic.message.clone());
    let card = Card::new(tone, title).text(names.join("\n")).note(note).under(under);
    card.buttons(fate.is_none().then_some(drop).into_iter().collect())
}

/// What goes with a prompt, by its names.
pub(super) fn names(enclosed: &Enclosed) -> Vec<String> {
    let quotes = enclosed.quotes.iter().map(|quote| match quote.bundle {
        true => prose::forwarded(),
        false => prose::quoted(),
    });
    enclosed.files.iter().map(|file| file.name.clone()).chain(quotes).collect()
}

/// Says what goes with a task, if anything does.
pub(super) fn with(card: Card, enclosed: &Enclosed) -> Card {
    if enclosed.is_empty() {
        return card;
    }
    card.note(prose::comes_with(names(enclosed).join(", ")))
}

pub(crate) fn not_sent(path: &str, why: &str) -> Card {
    let path = path.replace('`', "'");
    Card::new(Tone::Bad, prose::not_sent()).text(prose::not_sent_because(path, escape(why)))
}
