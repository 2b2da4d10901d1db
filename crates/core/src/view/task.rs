//! Cards of tasks, from waiting to over.

use super::held::with;
use super::{brief, escape, fenced, runner, session};
use crate::decide::approval::once_only;
use crate::plain::{plain_line, seen};
use crate::policy;
use crate::words::{
    approval as ask_words, file as file_words, people as people_words, task as words,
};
use crate::{
    Action, Archive, Ask, Block, Button, CONFIRMATION, Card, CardKey, Choice, Field, Form, Lang,
    Look, Missing, OFFERED_MAX, Outcome, Pages, Pending, Phase, Question, Room, Task, TaskId, Text,
    Tone, Transcript, Typing,
};
use std::collections::BTreeMap;

/// Questions shown at once; the others follow as these are answered.
const ASKS_SHOWN: usize = 3;

/// Options of a question that get a place in its list.
const OPTIONS_MAX: usize = 20;

/// Returns the card of a task under way, with what it has brought so far.
///
/// `lang` is what the room speaks. `None` if the room is not at this task, or if its card has something to ask.
pub fn live(
    room: &Room,
    lang: Lang,
    id: &TaskId,
    transcript: &Transcript,
) -> Option<(CardKey, Card)> {
    let desk = &room.desk;
    let task = desk.current.as_ref().filter(|task| task.id == *id)?;
    if task.phase != Phase::Running || !task.pending.is_empty() {
        return None;
    }
    let (steps, answer) = (transcript.steps_shown(lang), transcript.window(lang));
    Some((task.card(), running(task, steps, answer).told(lang)))
}

/// Returns the card of a task that is not over; `place` is its place in line.
pub(super) fn card(room: &Room, task: &Task, place: usize) -> Card {
    let card = standing(room, task, place);
    // Whoever waits for a machine that is not there should know.
    let away = runner::away(room).filter(|_| place == 0 && task.phase != Phase::Confirming);
    match away.or_else(|| runner::held(task)) {
        Some(note) => card.text(note),
        None => card,
    }
}

fn standing(room: &Room, task: &Task, place: usize) -> Card {
    let desk = &room.desk;
    let stop = Action::Stop { task: Some(task.id.clone()) };
    match &task.phase {
        Phase::Waiting => {
            let card = shell(Tone::Plain, words::queued(), task)
                .text(Text::verbatim(escape(&brief(&task.prompt))));
            let card = with(card, &task.enclosed);
            let running = desk.current.as_ref().filter(|it| it.phase == Phase::Running);
            let running = running.filter(|_| task.enclosed.is_empty());
            let merge = running.map(|_| {
                Button::new(words::add_to_turn(), Action::Merge { task: task.id.clone() })
            });
            let buttons = [Some(Button::new(words::cancel(), stop)), merge].into_iter().flatten();
            card.note(words::place_in_line(place)).buttons(buttons.collect())
        }
        Phase::Confirming => shell(Tone::Asking, words::waiting(), task)
            .text(ask_words::run_this())
            .block(Block::Text(Text::verbatim(fenced("", &seen(&task.prompt)))))
            .buttons(vec![
                Button::new(
                    ask_words::approve(),
                    Action::Approve { what: task.question(CONFIRMATION), session: false },
                )
                .primary(),
                Button::new(
                    ask_words::reject(),
                    Action::Deny { what: task.question(CONFIRMATION), why: None },
                )
                .danger(),
            ]),
        Phase::Starting | Phase::Claimed { .. } => {
            let card = shell(Tone::Busy, words::created(), task);
            with(card.note(Text::verbatim(brief(&task.prompt))), &task.enclosed)
                .buttons(vec![Button::new(words::stop(), stop).danger()])
        }
        Phase::Running if task.pending.is_empty() => running(task, String::new(), String::new()),
        Phase::Running => asking(room, task),
        Phase::Stopping => {
            shell(Tone::Busy, words::stopping(), task).note(Text::verbatim(brief(&task.prompt)))
        }
    }
}

fn running(task: &Task, steps: String, answer: String) -> Card {
    let stop = Action::Stop { task: Some(task.id.clone()) };
    shell(Tone::Busy, words::running(), task)
        .note(Text::verbatim(brief(&task.prompt)))
        .block(Block::Live { steps, answer })
        .buttons(vec![Button::new(words::stop(), stop).danger()])
        .typing(Typing::Now)
}

fn asking(room: &Room, task: &Task) -> Card {
    let card =
        shell(Tone::Asking, words::waiting(), task).note(Text::verbatim(brief(&task.prompt)));
    let asks = task.pending.iter().take(ASKS_SHOWN);
    let card = asks.fold(card, |card, it| ask(card, room, task, it));
    let card = match task.pending.len().saturating_sub(ASKS_SHOWN) {
        0 => card,
        more => card.note(ask_words::more(more)),
    };
    let stop = Action::Stop { task: Some(task.id.clone()) };
    card.block(Block::Rule).buttons(vec![Button::new(words::stop(), stop).danger()])
}

/// Adds a question and the ways to answer it.
fn ask(card: Card, room: &Room, task: &Task, pending: &Pending) -> Card {
    let what = task.question(pending.number);
    let (card, no_reason) = (card.block(Block::Rule), Text::default());
    let (card, reason) = match &pending.approval.ask {
        Ask::Command { cwd, reason, .. } => {
            (card.text(ask_words::command(&what, plain_line(cwd))), reason)
        }
        Ask::Patch { files, reason, .. } => {
            let files: Vec<_> = files.iter().map(|file| plain_line(file)).collect();
            (card.text(ask_words::patch(&what, files.join("\n"))), reason)
        }
        Ask::Permission { reason, .. } => (card.text(ask_words::permission(&what)), reason),
        Ask::Questions(questions) if once_only(&policy::rules(room), &pending.approval) => {
            let asked = questions.iter().map(|it| it.text.as_str()).collect::<Vec<_>>();
            let asked = Text::verbatim(fenced("", &asked.join("\n")));
            (card.text(ask_words::permission(&what)).text(asked), &no_reason)
        }
        Ask::Questions(questions) => return questions_form(card, task, pending, questions),
    };
    let card = match pending.approval.ask.long() {
        Some(pages) => {
            let part = ask_words::part(pending.page + 1, pages.count);
            let card = if pages.count > 1 { card.note(part) } else { card };
            turned(card, pages, pending.page, |page| Action::AskPage {
                approval: pending.approval.id.clone(),
                page,
            })
        }
        None => card,
    };
    let card = if reason.is_empty() { card } else { card.note(ask_words::why(reason)) };
    let approve = |session| Action::Approve { what: what.clone(), session };
    let deny = Action::Deny { what: what.clone(), why: None };
    let rules = policy::rules(room);
    let card = if policy::takes_two(&rules, &pending.approval) {
        card.text(people_words::two_must())
    } else {
        card
    };
    let card = pending.allowed.iter().fold(card, |card, id| {
        let (name, text) = (policy::name(room, id), people_words::one_of_two());
        card.block(Block::Person { id: id.clone(), name, text })
    });
    // Where a rule of two holds, nothing is let through that nobody would be asked again.
    let session = rules.two.is_empty();
    let session = session.then(|| Button::new(ask_words::allow_session(), approve(true)));
    let once = Button::new(ask_words::allow_once(), approve(false)).primary();
    let no = Button::new(ask_words::deny(), deny.clone()).danger();
    card.buttons([Some(once), session, Some(no)].into_iter().flatten().collect()).block(
        Block::Form(Form {
            name: format!("deny_{}", pending.number),
            fields: vec![Field::Input {
                name: format!("why_{}", pending.number),
                label: Text::default(),
                placeholder: ask_words::what_instead(),
                value: String::new(),
                required: true,
            }],
            submit: Button::new(ask_words::deny_with_why(), deny),
            others: vec![],
        }),
    )
}

fn questions_form(card: Card, task: &Task, pending: &Pending, questions: &[Question]) -> Card {
    let what = task.question(pending.number);
    let field = |(at, question): (usize, &Question)| {
        let (name, label) = (format!("answer_{at}"), Text::verbatim(&question.text));
        if question.options.is_empty() {
            let (placeholder, value) = Default::default();
            return Field::Input { name, label, placeholder, value, required: true };
        }
        let options = question.options.iter().take(OPTIONS_MAX);
        let options =
            options.map(|it| Choice { label: Text::verbatim(it), value: it.clone() }).collect();
        Field::Select { name, label, options, value: None }
    };
    let answers =
        Action::Answer { approval: pending.approval.id.clone(), answers: BTreeMap::new() };
    card.text(ask_words::questions(&what))
        .block(Block::Form(Form {
            name: format!("answer_{}", pending.number),
            fields: questions.iter().enumerate().map(field).collect(),
            submit: Button { look: Look::Primary, ..Button::new(ask_words::answer(), answers) },
            others: vec![],
        }))
        .buttons(vec![Button::new(ask_words::deny(), Action::Deny { what, why: None }).danger()])
}

/// Returns the card of a task that is over, at a page of what it brought.
pub fn recalled(archive: &Archive, page: usize) -> Card {
    let Archive { task, outcome, .. } = archive;
    let (tone, word) = verdict(outcome);
    let pages = text(outcome);
    let count = pages.map_or(1, |pages| pages.count);
    let page = page.min(count - 1);
    let mut card = shell(tone, word, task);
    if count > 1 {
        card.title = card.title.map(|title| format!("{title} [{}/{count}]", page + 1));
    }
    card = match outcome {
        Outcome::Answered { answer } if answer.first.trim().is_empty() => {
            card.note(words::silent())
        }
        Outcome::Answered { .. } => card,
        Outcome::Failed { reason, .. } => {
            card.text(words::failed_because(reason.clone().map(escape)))
        }
        Outcome::Stopped { partial: None } => card.text(words::stopped_before()),
        Outcome::Stopped { partial: Some(_) } => card.note(words::stopped_with()),
        Outcome::Interrupted { reason, begun, .. } => card.text(cut_off(reason, *begun)),
        Outcome::Lacking { missing } => card
            .text(Text::verbatim(escape(&brief(&task.prompt))))
            .text(file_words::lacking(list(missing))),
        Outcome::Cancelled { .. } => {
            card.text(Text::verbatim(escape(&brief(&task.prompt)))).note(words::cancelled_before())
        }
        Outcome::Merged { into } => {
            card.text(Text::verbatim(escape(&brief(&task.prompt)))).note(words::added_to(into))
        }
    };
    if let Some(pages) = pages {
        card = turned(card, pages, page, |page| Action::Page { task: task.id.clone(), page });
    }
    if let Some(usage) = &task.usage {
        card = card.note(session::usage(usage));
    }
    if !archive.steps.is_empty() {
        let title = words::steps(archive.steps.len());
        card = card.block(Block::Fold { title, text: Text::join(archive.steps.clone(), "\n") });
    }
    card = card.buttons(brought(task));
    match (&archive.settled, outcome) {
        (Some(how), _) => card.note(how.clone()),
        (None, Outcome::Lacking { .. }) => card.buttons(vec![
            Button::new(file_words::try_again(), Action::Again { task: task.id.clone() }).primary(),
            Button::new(file_words::run_without(), Action::Without { task: task.id.clone() }),
            Button::new(words::discard(), Action::Discard { task: task.id.clone() }),
        ]),
        (None, Outcome::Interrupted { .. }) => card.buttons(choices(&task.id)),
        (None, _) => card,
    }
}

/// A number of tokens, as people read it: 950, 12.3k, 4.5M.
pub(super) fn count(tokens: u64) -> String {
    let tenths = |unit: u64| (tokens / (unit / 10), tokens / unit);
    match tokens {
        0..1_000 => tokens.to_string(),
        1_000..1_000_000 => {
            let (tenths, whole) = tenths(1_000);
            format!("{whole}.{}k", tenths % 10)
        }
        _ => {
            let (tenths, whole) = tenths(1_000_000);
            format!("{whole}.{}M", tenths % 10)
        }
    }
}

/// What there is to see and to have beside the answer.
fn brought(task: &Task) -> Vec<Button> {
    let brought = &task.brought;
    let changes = brought.changes.as_ref().map(|it| {
        let label = file_words::changes(it.files, it.added, it.removed);
        Button::new(label, Action::Changes { task: Some(task.id.clone()), page: 0 })
    });
    let send = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        Button::new(file_words::send_file(name), Action::Deliver { path: path.clone() })
    };
    changes.into_iter().chain(brought.files.iter().take(OFFERED_MAX).map(send)).collect()
}

/// Returns the card of what a task changed, at a page of it.
pub fn changes(archive: &Archive, page: usize) -> Card {
    let task = &archive.task;
    let Some(changes) = &task.brought.changes else {
        let card = Card::new(Tone::Plain, Text::verbatim("PoCo"));
        return card.text(file_words::no_changes_of(&task.id));
    };
    let page = page.min(changes.pages.saturating_sub(1));
    let mut card = Card::new(Tone::Plain, file_words::changes_of(&task.id)).typing(Typing::Idle);
    if changes.pages > 1 {
        card.title = card.title.map(|title| format!("{title} [{}/{}]", page + 1, changes.pages));
    }
    let turn = |page| Action::Changes { task: Some(task.id.clone()), page };
    let back =
        (page > 0).then(|| Button::new(words::previous_page(), turn(page.saturating_sub(1))));
    let on = (page + 1 < changes.pages).then(|| Button::new(words::next_page(), turn(page + 1)));
    let answer = Button::new(file_words::back(), Action::Page { task: task.id.clone(), page: 0 });
    card.text(file_words::changes(changes.files, changes.added, changes.removed))
        .block(Block::Folds { pages: changes.id.clone(), page })
        .buttons([back, on, Some(answer)].into_iter().flatten().collect())
}

fn list(missing: &[Missing]) -> Text {
    let escaped = |text: &Text| text.clone().map(escape);
    let line = |it: &Missing| file_words::missing_one(escaped(&it.name), escaped(&it.why));
    Text::join(missing.iter().map(line), "\n")
}

fn choices(id: &TaskId) -> Vec<Button> {
    vec![
        Button::new(words::resume(), Action::Resume { task: id.clone() }).primary(),
        Button::new(words::again(), Action::Again { task: id.clone() }),
        Button::new(words::discard(), Action::Discard { task: id.clone() }),
    ]
}

fn cut_off(reason: &Text, begun: Option<bool>) -> Text {
    let known = match begun {
        Some(true) => words::cut_off_begun(),
        Some(false) => words::cut_off_not_begun(),
        None => words::cut_off_unclear(),
    };
    words::cut_off(reason.clone().map(escape), known)
}

fn verdict(outcome: &Outcome) -> (Tone, Text) {
    match outcome {
        Outcome::Answered { .. } => (Tone::Good, words::complete()),
        Outcome::Failed { .. } => (Tone::Bad, words::error()),
        Outcome::Stopped { .. } | Outcome::Cancelled { .. } => (Tone::Ended, words::stopped()),
        Outcome::Interrupted { begun: None, .. } => (Tone::Bad, words::unknown()),
        Outcome::Interrupted { .. } => (Tone::Bad, words::interrupted()),
        Outcome::Lacking { .. } => (Tone::Bad, words::not_started()),
        Outcome::Merged { .. } => (Tone::Ended, words::added()),
    }
}

pub(crate) fn text(outcome: &Outcome) -> Option<&Pages> {
    match outcome {
        Outcome::Answered { answer } => Some(answer),
        Outcome::Failed { partial, .. }
        | Outcome::Stopped { partial }
        | Outcome::Interrupted { partial, .. } => partial.as_ref(),
        Outcome::Lacking { .. } | Outcome::Cancelled { .. } | Outcome::Merged { .. } => None,
    }
}

/// Adds one page of a text, and the buttons to turn it.
fn turned(card: Card, pages: &Pages, page: usize, action: impl Fn(usize) -> Action) -> Card {
    let card = if page == 0 {
        card.text(Text::verbatim(&pages.first))
    } else {
        card.block(Block::Stored { pages: pages.id.clone(), page })
    };
    let back =
        (page > 0).then(|| Button::new(words::previous_page(), action(page.saturating_sub(1))));
    let on = (page + 1 < pages.count).then(|| Button::new(words::next_page(), action(page + 1)));
    card.buttons([back, on].into_iter().flatten().collect())
}

fn shell(tone: Tone, word: Text, task: &Task) -> Card {
    let model = task.settings.model.as_ref().unwrap_or(&task.settings.agent);
    let title = words::title(word, &task.id, model, &task.settings.workdir);
    let under = task.topic.as_ref().map(|topic| topic.message.clone());
    Card::new(tone, title).typing(Typing::Idle).under(under)
}
