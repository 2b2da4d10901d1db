//! How things look. Each card is a function of what PoCo remembers.

mod dir;
mod held;
mod lobby;
mod people;
mod runner;
mod session;
mod task;
mod tune;
mod workspace;

use crate::words::{people as people_words, project as words, task as task_words};
use crate::{
    Action, Button, Card, CardKey, Desk, Kind, Phase, Room, RunnerId, Settings, Text, Tone,
};
use std::collections::BTreeMap;

pub(crate) use dir::{
    browser, closed, default_dir, kept, looking, presets, recent, typed, works_in,
};
pub(crate) use held::{held, not_sent};
pub(crate) use lobby::{form, home, making, manage};
pub(crate) use people::{hand_over, page_of, people, role_word, rules};
pub(crate) use runner::{machines, unreadable};
pub(crate) use session::{session_fresh, session_id, session_picked, sessions};
pub(crate) use task::text;
pub use task::{changes, live, recalled};
pub(crate) use tune::{agent, tuned};
pub(crate) use workspace::{composed, composer, project, repo, shelf};

/// The longest piece of a prompt shown beside other things, in characters.
const BRIEF_CHARS: usize = 80;

/// What every card of a room that follows its state looks like.
pub(crate) type Looks = BTreeMap<CardKey, Card>;

/// Returns the look of every card that follows the room's state.
pub(crate) fn looks(room: &Room) -> Looks {
    let desk = &room.desk;
    let tasks = desk.current.iter().map(|task| (task, 0));
    let waiting = desk.waiting.iter().zip(1..);
    let mut looks: Looks = tasks
        .chain(waiting)
        .map(|(task, place)| (task.card(), task::card(room, task, place)))
        .collect();
    let waits = |it: &crate::Held| (CardKey::Held(it.id.clone()), held(it, None));
    looks.extend(desk.held.iter().map(waits));
    looks.extend(workspace(room).map(|card| (CardKey::Workspace, card)));
    looks
}

/// Returns the card of a project, if one lives in the room.
pub(crate) fn workspace(room: &Room) -> Option<Card> {
    let Kind::Project(project) = &room.kind else { return None };
    let Settings { agent, workdir, .. } = &project.settings;
    let (word, tone) = standing_word(&room.desk);
    let mut facts = vec![Text::verbatim(agent), Text::verbatim(workdir)];
    if project.settings.runner != RunnerId::local() {
        facts.push(Text::verbatim(project.settings.runner.as_str()));
    }
    facts.extend(room.desk.current.as_ref().map(|task| Text::verbatim(task.id.as_str())));
    if !room.desk.waiting.is_empty() {
        facts.push(words::queue(room.desk.waiting.len()));
    }
    let title = words::workspace(word, &project.name, Text::list(facts));
    let mut card = Card::new(tone, title);
    if project.leaving {
        return Some(card.text(words::leaving()));
    }
    if let Some(note) = runner::away(room) {
        card = card.text(note);
    }
    card = match &room.desk.current {
        Some(task) => card.text(task_words::now(escape(&brief(&task.prompt)))).buttons(stop(task)),
        None if project.archived => card,
        None => card.text(words::say_what()),
    };
    card = match project.archived {
        true => workspace::archived(card),
        false => workspace::controls(card, &room.desk),
    };
    let elsewhere = project.settings.runner != RunnerId::local();
    let machines = elsewhere.then(|| Button::new(words::machine(), Action::Machines));
    let people = Action::People { project: None, page: None };
    let people = Button::new(people_words::people(), people);
    Some(card.buttons(machines.into_iter().chain([people]).collect()))
}

fn stop(task: &crate::Task) -> Vec<Button> {
    if task.phase == Phase::Stopping {
        return vec![];
    }
    vec![Button::new(task_words::stop(), Action::Stop { task: Some(task.id.clone()) }).danger()]
}

/// Returns a card that says where things stand in a room.
pub(crate) fn standing(room: &Room) -> Card {
    let desk = &room.desk;
    let (word, tone) = standing_word(desk);
    let mut card = Card::new(tone, words::standing(word));
    if let Kind::Project(project) = &room.kind {
        let Settings { agent, workdir, .. } = &project.settings;
        card = card.text(words::about(escape(&project.name), agent, workdir));
    }
    let now = match &desk.current {
        Some(task) => task_words::now_named(&task.id, escape(&brief(&task.prompt))),
        None => task_words::nothing_runs(),
    };
    let waiting =
        desk.waiting.iter().zip(1..).map(|(task, place)| {
            format!("\n{place}. `{}` {}", task.id, escape(&brief(&task.prompt)))
        });
    let waiting = waiting.collect::<String>();
    card.text(now.map(|now| format!("{now}{waiting}")))
}

fn standing_word(desk: &Desk) -> (Text, Tone) {
    match desk.current.as_ref().map(|task| (&task.phase, task.pending.is_empty())) {
        None => (task_words::idle(), Tone::Plain),
        Some((Phase::Confirming, _) | (_, false)) => (task_words::waiting(), Tone::Asking),
        Some((Phase::Stopping, _)) => (task_words::stopping(), Tone::Busy),
        Some((Phase::Waiting | Phase::Starting | Phase::Claimed { .. } | Phase::Running, true)) => {
            (task_words::running(), Tone::Busy)
        }
    }
}

/// The beginning of a prompt, on one line.
pub(crate) fn brief(prompt: &str) -> String {
    let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(BRIEF_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Writes plain text so that markdown shows it as it is.
pub fn escape(text: &str) -> String {
    let special = |c| matches!(c, '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '#' | '|');
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Puts text between fences that nothing in it can close.
pub fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}
