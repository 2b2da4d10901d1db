//! Who may act.

use crate::{Action, Event, Fact, Terms, UserId, Via};

/// Says whether a person may act: the owner may, and whoever sits at the machine itself.
pub(crate) fn may(terms: &Terms, by: &UserId, via: &Via) -> bool {
    matches!(via, Via::Local { .. }) || terms.owner.as_ref() == Some(by)
}

/// Sends the event of somebody who has no leave to act to the house, where it can do no harm.
/// The chat it was meant for is left untouched.
pub fn admit(terms: &Terms, event: Event) -> Event {
    let Fact::Acted { by, via, action } = &event.fact else { return event };
    if may(terms, by, via) {
        return event;
    }
    let text = if let Action::Say { text } = action { text.clone() } else { String::new() };
    let fact = Fact::Knocked { by: by.clone(), via: via.clone(), chat: event.chat, text };
    Event { id: event.id, chat: terms.house.clone(), at: event.at, lang: event.lang, fact }
}
