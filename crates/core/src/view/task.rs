//! Cards of tasks, from waiting to over.

use super::held::with;
use super::{brief, escape, fenced, runner};
use crate::{
    Action, Archive, Ask, Block, Button, CONFIRMATION, Card, CardKey, Choice, Desk, Field, Form,
    Look, Missing, OFFERED_MAX, Outcome, Pages, Pending, Phase, Question, Room, Task, TaskId, Tone, Transcript,
    Typing, prose,
};
use std::collections::BTreeMap;

/// Questions shown at once; the others follow as these are answered.
const ASKS_SHOWN: usize = 3;

/// Options of a question that get a place in its list.
const OPTIONS_MAX: usize = 20;

/// Returns the card of a task under way, with what it has brought so far.
///
/// `None` if the room is not at this task, or if its card has something to ask.
pub fn live(room: &Room, id: &TaskId, transcript: &Transcript) -> Option<(CardKey, Card)> {
    let desk = &room.desk;
    let task = desk.current.as_ref().filter(|task| task.id == *id)?;
    if task.phase != Phase::Running || !task.pending.is_empty() {
        return None;
    }
    let (steps, answer) = (transcript.steps_shown(), transcript.window());
    Some((task.card(), running(task, steps, answer)))
}

/// Returns the card of a task that is not over; `place` is its place in line.
pub(super) fn card(room: &Room, task: &Task, place: usize) -> Card {
    let card = standing(&room.desk, task, place);
    // Whoever waits for a machine that is not there should know.
    match runner::away(room).filter(|_| place == 0 && task.phase != Phase::Confirming) {
        Some(note) => card.text(note),
        None => card,
    }
}

fn standing(desk: &Desk, task: &Task, place: usize) -> Card {
    let stop = Action::Stop { task: Some(task.id.clone()) };
    match &task.phase {
        Phase::Waiting => {
            let card = shell(Tone::Plain, "Queued", task).text(escape(&brief(&task.prompt)));
            let card = with(card, &task.enclosed);
            let running = desk.current.as_ref().filter(|it| it.phase == Phase::Running);
            let running = running.filter(|_| task.enclosed.is_empty());
            let merge = running.map(|_| {
                Button::new("Add to the running turn", Action::Merge { task: task.id.clone() })
            });
            let buttons = [Some(Button::new("Cancel", stop)), merge].into_iter().flatten();
            card.note(format!("Place {place} in line.")).buttons(buttons.collect())
        }
        Phase::Confirming => shell(Tone::Asking, "Waiting", task)
            .text("Run this?")
            .block(Block::Text(fenced("", &task.prompt)))
            .buttons(vec![
                Button::new(
                    "Approve",
                    Action::Approve { what: task.question(CONFIRMATION), session: false },
                )
                .primary(),
                Button::new(
                    "Reject",
                    Action::Deny { what: task.question(CONFIRMATION), why: None },
                )
                .danger(),
            ]),
        Phase::Starting | Phase::Claimed { .. } => with(
            shell(Tone::Busy, "Created", task).note(brief(&task.prompt)),
            &task.enclosed,
        )
        .buttons(vec![Button::new("Stop", stop).danger()]),
        Phase::Running if task.pending.is_empty() => running(task, String::new(), String::new()),
        Phase::Running => asking(task),
        Phase::Stopping => shell(Tone::Busy, "Stopping", task).note(brief(&task.prompt)),
    }
}

fn running(task: &Task, steps: String, answer: String) -> Card {
    let stop = Action::Stop { task: Some(task.id.clone()) };
    shell(Tone::Busy, "Running", task)
        .note(brief(&task.prompt))
        .block(Block::Live { steps, answer })
        .buttons(vec![Button::new("Stop", stop).danger()])
        .typing(Typing::Now)
}

fn asking(task: &Task) -> Card {
    let card = shell(Tone::Asking, "Waiting", task).note(brief(&task.prompt));
    let card = task.pending.iter().take(ASKS_SHOWN).fold(card, |card, it| ask(card, task, it));
    let card = match task.pending.len().saturating_sub(ASKS_SHOWN) {
        0 => card,
        more => card.note(format!("{more} more questions follow when these are answered.")),
    };
    let stop = Action::Stop { task: Some(task.id.clone()) };
    card.block(Block::Rule).buttons(vec![Button::new("Stop", stop).danger()])
}

/// Adds a question and the ways to answer it.
fn ask(card: Card, task: &Task, pending: &Pending) -> Card {
    let what = task.question(pending.number);
    let card = card.block(Block::Rule);
    let (card, reason) = match &pending.approval.ask {
        Ask::Command { cwd, reason, .. } => {
            (card.text(format!("**Run this command?** `{what}`\nin {}", escape(cwd))), reason)
        }
        Ask::Patch { files, reason, .. } => {
            let files: Vec<_> = files.iter().map(|file| escape(file)).collect();
            (card.text(format!("**Change these files?** `{what}`\n{}", files.join("\n"))), reason)
        }
        Ask::Permission { reason, .. } => {
            (card.text(format!("**Give these permissions?** `{what}`")), reason)
        }
        Ask::Questions(questions) => return questions_form(card, task, pending, questions),
    };
    let card = match pending.approval.ask.long() {
        Some(pages) => turned(card, pages, pending.page, |page| Action::AskPage {
            approval: pending.approval.id.clone(),
            page,
        }),
        None => card,
    };
    let card = if reason.is_empty() { card } else { card.note(format!("Why: {reason}")) };
    let approve = |session| Action::Approve { what: what.clone(), session };
    let deny = Action::Deny { what: what.clone(), why: None };
    card.buttons(vec![
        Button::new("Allow once", approve(false)).primary(),
        Button::new("Allow for this session", approve(true)),
        Button::new("Deny", deny.clone()).danger(),
    ])
    .block(Block::Form(Form {
        name: format!("deny_{}", pending.number),
        fields: vec![Field::Input {
            name: format!("why_{}", pending.number),
            label: String::new(),
            placeholder: "What should it do instead?".to_owned(),
            value: String::new(),
            required: true,
        }],
        submit: Button::new("Deny and tell it why", deny),
        others: vec![],
    }))
}

fn questions_form(card: Card, task: &Task, pending: &Pending, questions: &[Question]) -> Card {
    let what = task.question(pending.number);
    let field = |(at, question): (usize, &Question)| {
        let (name, label) = (format!("answer_{at}"), question.text.clone());
        if question.options.is_empty() {
            let (placeholder, value) = Default::default();
            return Field::Input { name, label, placeholder, value, required: true };
        }
        let options = question.options.iter().take(OPTIONS_MAX);
        let options = options.map(|it| Choice { label: it.clone(), value: it.clone() }).collect();
        Field::Select { name, label, options, value: None }
    };
    let answers =
        Action::Answer { approval: pending.approval.id.clone(), answers: BTreeMap::new() };
    card.text(format!("**The agent asks** `{what}`"))
        .block(Block::Form(Form {
            name: format!("answer_{}", pending.number),
            fields: questions.iter().enumerate().map(field).collect(),
            submit: Button { look: Look::Primary, ..Button::new("Answer", answers) },
            others: vec![],
        }))
        .buttons(vec![Button::new("Deny", Action::Deny { what, why: None }).danger()])
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
        card.title.push_str(&format!(" [{}/{count}]", page + 1));
    }
    card = match outcome {
        Outcome::Answered { .. } => card,
        Outcome::Failed { reason, .. } => card.text(format!("**Failed:** {}", escape(reason))),
        Outcome::Stopped { partial: None } => card.text("Stopped before it said anything."),
        Outcome::Stopped { partial: Some(_) } => card.note("Stopped. This is what it had said:"),
        Outcome::Interrupted { reason, begun, .. } => card.text(cut_off(reason, *begun)),
        Outcome::Lacking { missing } => {
            card.text(escape(&brief(&task.prompt))).text(prose::lacking(list(missing)))
        }
        Outcome::Cancelled { .. } => {
            card.text(escape(&brief(&task.prompt))).note("Cancelled before it started.")
        }
        Outcome::Merged { into } => card
            .text(escape(&brief(&task.prompt)))
            .note(format!("Added to the running task {into}.")),
    };
    if let Some(pages) = pages {
        card = turned(card, pages, page, |page| Action::Page { task: task.id.clone(), page });
    }
    if !archive.steps.is_empty() {
        let title = format!("{} steps", archive.steps.len());
        card = card.block(Block::Fold { title, text: archive.steps.join("\n") });
    }
    card = card.buttons(brought(task));
    match (&archive.settled, outcome) {
        (Some(how), _) => card.note(how),
        (None, Outcome::Lacking { .. }) => card.buttons(vec![
            Button::new(&prose::try_again(), Action::Again { task: task.id.clone() }).primary(),
            Button::new(&prose::run_without(), Action::Without { task: task.id.clone() }),
            Button::new("Discard", Action::Discard { task: task.id.clone() }),
        ]),
        (None, Outcome::Interrupted { .. }) => card.buttons(choices(&task.id)),
        (None, _) => card,
    }
}

/// What there is to see and to have beside the answer.
fn brought(task: &Task) -> Vec<Button> {
    let brought = &task.brought;
    let changes = brought.changes.as_ref().map(|it| {
        let label = prose::changes(it.files, it.added, it.removed);
        Button::new(&label, Action::Changes { task: Some(task.id.clone()), page: 0 })
    });
    let send = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        Button::new(&prose::send_file(name), Action::Deliver { path: path.clone() })
    };
    changes.into_iter().chain(brought.files.iter().take(OFFERED_MAX).map(send)).collect()
}

/// Returns the card of what a task changed, at a page of it.
pub fn changes(archive: &Archive, page: usize) -> Card {
    let task = &archive.task;
    let Some(changes) = &task.brought.changes else {
        return Card::new(Tone::Plain, "PoCo").text(prose::no_changes_of(&task.id));
    };
    let page = page.min(changes.pages.saturating_sub(1));
    let mut card = Card::new(Tone::Plain, prose::changes_of(&task.id)).typing(Typing::Idle);
    if changes.pages > 1 {
        card.title.push_str(&format!(" [{}/{}]", page + 1, changes.pages));
    }
    let turn = |page| Action::Changes { task: Some(task.id.clone()), page };
    let back = (page > 0).then(|| Button::new("Previous Page", turn(page.saturating_sub(1))));
    let on = (page + 1 < changes.pages).then(|| Button::new("Next Page", turn(page + 1)));
    let answer = Button::new(&prose::back(), Action::Page { task: task.id.clone(), page: 0 });
    card.text(prose::changes(changes.files, changes.added, changes.removed))
        .block(Block::Folds { pages: changes.id.clone(), page })
        .buttons([back, on, Some(answer)].into_iter().flatten().collect())
}

fn list(missing: &[Missing]) -> String {
    let line = |it: &Missing| prose::missing_one(escape(&it.name), escape(&it.why));
    missing.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn choices(id: &TaskId) -> Vec<Button> {
    vec![
        Button::new("Resume", Action::Resume { task: id.clone() }).primary(),
        Button::new("Run again", Action::Again { task: id.clone() }),
        Button::new("Discard", Action::Discard { task: id.clone() }),
    ]
}

fn cut_off(reason: &str, begun: Option<bool>) -> String {
    let known = match begun {
        Some(true) => "It had begun; what it did until then stays.",
        Some(false) => "It had not begun.",
        None => "It is not known whether it had begun. Look at the folder before you run it again.",
    };
    format!("**Interrupted:** {} {known}", escape(reason))
}

fn verdict(outcome: &Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Answered { .. } => (Tone::Good, "Complete"),
        Outcome::Failed { .. } => (Tone::Bad, "Error"),
        Outcome::Stopped { .. } | Outcome::Cancelled { .. } => (Tone::Ended, "Stopped"),
        Outcome::Interrupted { begun: None, .. } => (Tone::Bad, "Unknown"),
        Outcome::Interrupted { .. } => (Tone::Bad, "Interrupted"),
        Outcome::Lacking { .. } => (Tone::Bad, "Not started"),
        Outcome::Merged { .. } => (Tone::Ended, "Added"),
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
        card.text(&pages.first)
    } else {
        card.block(Block::Stored { pages: pages.id.clone(), page })
    };
    let back = (page > 0).then(|| Button::new("Previous Page", action(page.saturating_sub(1))));
    let on = (page + 1 < pages.count).then(|| Button::new("Next Page", action(page + 1)));
    card.buttons([back, on].into_iter().flatten().collect())
}

fn shell(tone: Tone, word: &str, task: &Task) -> Card {
    let model = task.settings.model.as_ref().unwrap_or(&task.settings.agent);
    let title = format!("[{word}] Task: {} ({model}, {})", task.id, task.settings.workdir);
    let under = task.topic.as_ref().map(|topic| topic.message.clone());
    Card::new(tone, title).typing(Typing::Idle).under(under)
}
