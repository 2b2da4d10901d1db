//! What holds whatever happens, in whatever order.

mod checks;
mod history;
mod made;
mod two;

use history::{History, Place, final_title, steps};
use poco_core::{
    Action, ChatId, Command, Effect, Event, EventId, Fact, Kind, Person, Phase, Role, Room,
    Timestamp, UserId, Via, WAITING_MAX, admit, decide,
};
use proptest::prelude::*;

/// The most steps of a history.
const STEPS: usize = 80;

/// Lives through some steps; what must hold after each is checked on the way.
fn live(place: Place, steps: Vec<history::Step>) -> History {
    let mut history = History::new(place);
    for step in steps {
        history.take(&step);
    }
    history
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![3 => Just(Place::Project), 1 => Just(Place::Lobby)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Every button on a card that follows the room does something; one on a card that nobody
    /// updates at least says what happened since.
    #[test]
    fn no_button_is_dead(place in place(), steps in steps(STEPS)) {
        let history = live(place, steps);
        for (card, button) in history.buttons() {
            let mut later = history.clone();
            let effects = later.press(&card, &button);
            prop_assert!(!effects.is_empty(), "{button:?} on {card} is dead");
            let refused = effects.iter().all(|effect| matches!(effect, Effect::Toast { .. }));
            let archived =
                matches!(&history.room.kind, Kind::Project(project) if project.archived);
            let full = (archived || history.room.desk.waiting.len() >= WAITING_MAX)
                && matches!(button.action, Action::Resume { .. } | Action::Again { .. } | Action::Without { .. });
            // The folder of a project that is gone is no longer PoCo's to send from.
            let gone = history.room.kind == Kind::Gone
                && matches!(button.action, Action::Deliver { .. });
            let follows = history.follows(&card);
            prop_assert!(!refused || full || gone || !follows, "{button:?} on {card}: {effects:?}");
        }
    }

    /// Once all reports are in, every card of a task is final, and every task is kept.
    #[test]
    fn everything_comes_to_an_end(place in place(), steps in steps(STEPS)) {
        let mut history = live(place, steps);
        history.finish();
        prop_assert!(history.room.desk.current.is_none());
        prop_assert!(history.room.desk.waiting.is_empty());
        for (task, card) in history.task_cards() {
            prop_assert!(final_title(&card.title), "{task} is left at: {card}");
            prop_assert!(history.kept.contains_key(&task), "{task} was not kept");
        }
    }

    /// A task is started once, when the one before it is over; it is told of nothing before it was
    /// started or after it was over, and to stop at most once, after which it is told nothing.
    #[test]
    fn commands_come_in_order(place in place(), steps in steps(STEPS)) {
        let history = live(place, steps);
        let (mut started, mut stopped) = (vec![], vec![]);
        for (command, over) in &history.sent {
            match command {
                Command::Start { task, .. } => {
                    prop_assert!(!started.contains(task), "{task} is started twice");
                    for before in &started {
                        prop_assert!(over.contains(before), "{task} is started beside {before}");
                    }
                    started.push(task.clone());
                }
                Command::Answer { task, .. } | Command::Steer { task, .. } => {
                    prop_assert!(started.contains(task) && !over.contains(task), "{command:?}");
                    prop_assert!(!stopped.contains(task), "{command:?} after the stop");
                }
                Command::Stop { task, .. } => {
                    prop_assert!(started.contains(task) && !over.contains(task), "{command:?}");
                    prop_assert!(!stopped.contains(task), "{task} is stopped twice");
                    stopped.push(task.clone());
                }
                Command::Settle
                | Command::Unreadable
                | Command::Look { .. }
                | Command::Browse { .. }
                | Command::Deliver { .. } => {}
            }
        }
    }

    /// Whoever has no leave changes nothing, and gets no further than the house.
    #[test]
    fn a_stranger_changes_nothing(place in place(), steps in steps(STEPS), text in "\\PC{0,12}") {
        let history = live(place, steps);
        let pressed = history.buttons().into_iter().map(|(card, button)| {
            (Via::Press { card }, button.action)
        });
        let said = [Via::Direct, Via::Group].map(|via| (via, Action::parse(&text)));
        for (via, action) in pressed.chain(said) {
            let by = UserId::new("eve");
            let (id, chat) = (EventId::new("x"), ChatId::new("chat"));
            let event = Event { id, chat, at: Timestamp(1), lang: None, fact: Fact::Acted { by, via, action } };
            let mut room = history.room.clone();
            let effects = decide(&history.terms, &mut room, &event);
            prop_assert_eq!(&room, &history.room);
            let told = effects.iter().all(|effect| matches!(effect, Effect::Toast { .. }));
            prop_assert!(told, "{effects:?}");
            let admitted = admit(&history.terms, &history.room, event);
            prop_assert_eq!(&admitted.chat, &history.terms.house);
            let knocked = matches!(admitted.fact, Fact::Knocked { .. });
            prop_assert!(knocked);
        }
    }

    /// Whatever somebody does, a machine hears of it only if the table says that they may, and what
    /// a machine hears of is noted.
    #[test]
    fn no_right_no_command(steps in steps(STEPS), role in 0..3usize, other in any::<bool>()) {
        let history = live(Place::Project, steps);
        let mut room = history.room.clone();
        let Kind::Project(project) = &mut room.kind else { return Ok(()) };
        let role = Role::ALL[role];
        let (name, since, by) = ("Bob".to_owned(), Timestamp(1), UserId::new("ann"));
        let bob = UserId::new("bob");
        project.people.insert(bob.clone(), Person { name, role, since, by });
        project.rules.members_approve = other;
        let people = project.people.clone();
        let pressed = history.buttons().into_iter().map(|(card, button)| {
            (Via::Press { card }, button.action)
        });
        let words = ["do it", "/stop", "/steer x", "/invite @Eve<eve> viewer", "/remove @Bob<bob>"];
        let more = ["/invite @Bob<bob> admin", "/owner @Bob<bob>", "/new"];
        let said = words.iter().chain(&more).map(|text| (Via::Group, Action::parse(text)));
        for (via, action) in pressed.chain(said) {
            let (id, chat) = (EventId::new("x"), ChatId::new("chat"));
            let by = bob.clone();
            let fact = Fact::Acted { by, via, action: action.clone() };
            let event = Event { id, chat, at: Timestamp(1), lang: None, fact };
            let mut after = room.clone();
            let effects = decide(&history.terms, &mut after, &event);
            let sends = effects.iter().any(|effect| matches!(effect, Effect::Send { .. }));
            let noted = effects.iter().any(|effect| matches!(effect, Effect::Audit { .. }));
            prop_assert!(noted || !sends, "{action:?} is not noted");
            prop_assert!(!sends || role >= Role::Member, "{action:?} by a viewer");
            let Kind::Project(project) = &after.kind else { continue };
            let left = matches!(action, Action::Remove { .. });
            let same = project.people == people;
            prop_assert!(same || left || role == Role::Admin, "{action:?} by {role:?}");
            prop_assert!(same || noted, "{action:?} is not noted");
            let now = project.people.get(&bob).map(|person| person.role);
            prop_assert!(now.is_none_or(|now| now == role), "{action:?} raised {role:?}");
        }
    }

    /// Two people allow what takes two, whatever becomes of them and of the rules meanwhile.
    #[test]
    fn two_people_allow_what_takes_two(steps in two::steps()) {
        two::check(&steps);
    }

    /// What is remembered survives being written down.
    #[test]
    fn a_room_reads_back_as_written(place in place(), steps in steps(STEPS)) {
        let room = live(place, steps).room;
        let text = serde_json::to_string(&room).unwrap();
        prop_assert_eq!(serde_json::from_str::<Room>(&text).unwrap(), room);
    }

    /// A deleted project lets go of everything once its running task has ended.
    #[test]
    fn a_project_that_is_deleted_goes(steps in steps(STEPS)) {
        let mut history = live(Place::Project, steps);
        history.remove();
        history.finish();
        prop_assert_eq!(&history.room.kind, &Kind::Gone);
        for (key, card) in history.following() {
            let pages = |action: &Action| {
                matches!(
                    action,
                    Action::Page { .. } | Action::Changes { .. } | Action::Deliver { .. }
                )
            };
            let left = card.all_buttons().into_iter().any(|button| !pages(&button.action));
            prop_assert!(!left, "{key}: {card}");
        }
    }

    /// Stopping what runs starts what waits first; nobody who waits is lost.
    #[test]
    fn stopping_loses_nobody(steps in steps(STEPS)) {
        let mut history = live(Place::Project, steps);
        let waiting: Vec<_> = history.room.desk.waiting.iter().map(|it| it.id.clone()).collect();
        history.stop();
        if let Some(task) = &history.room.desk.current
            && task.phase == Phase::Stopping
        {
            history.end_current();
        }
        let desk = &history.room.desk;
        let after: Vec<_> =
            desk.current.iter().chain(&desk.waiting).map(|it| it.id.clone()).collect();
        let leaving = matches!(&history.room.kind, Kind::Gone);
        prop_assert!(leaving || after == waiting, "{after:?} of {waiting:?}");
    }
}
