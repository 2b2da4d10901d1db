//! What can be done from a project's card, and the cards of a project itself.

use super::dir::close;
use super::{brief, escape};
use crate::setup::{Dir, FolderQuery, Session, Shelf, Tune};
use crate::words::{lobby as lobby_words, setup as words, task as task_words};
use crate::{
    Action, Block, Button, Card, ChatId, Desk, Field, Form, Listing, Project, Task, Text, Tone,
};

/// Adds who waits, and the ways to everything that can be set up.
pub(super) fn controls(card: Card, desk: &Desk) -> Card {
    let card = desk.waiting.iter().zip(1..).fold(card, |card, (task, place)| {
        let front = (place > 1)
            .then(|| Button::new(words::to_front(), Action::Hasten { task: task.id.clone() }));
        let stop = Action::Stop { task: Some(task.id.clone()) };
        let cancel = Button::new(task_words::cancel(), stop);
        card.text(words::waits(place, &task.id, escape(&brief(&task.prompt))))
            .buttons(front.into_iter().chain([cancel]).collect())
    });
    card.buttons(vec![
        Button::new(words::working_dir(), Action::Dir(Dir::Browse(FolderQuery::default()))),
        Button::new(words::agent(), Action::Tune(Tune::Choose { agent: None })),
        Button::new(words::session(), Action::Session(Session::Choose)),
        Button::new(words::run_task(), Action::Compose),
        Button::new(words::project(), Action::Shelf(Shelf::Open { project: None })),
    ])
}

/// The rest of the card of a project that is archived.
pub(super) fn archived(card: Card) -> Card {
    let restore = Shelf::Archive { project: None, archived: false };
    card.text(words::is_archived())
        .buttons(vec![Button::new(words::restore(), Action::Shelf(restore)).primary()])
}

/// A form for a prompt, and one to add to what runs.
pub(crate) fn composer(project: &Project, running: Option<&Task>) -> Card {
    let input = |name: &str, label| Field::Input {
        name: name.to_owned(),
        label,
        placeholder: Text::default(),
        value: String::new(),
        required: true,
    };
    let run = Action::Run { prompt: String::new() };
    let card = Card::new(Tone::Plain, words::composer_title(&project.name))
        .text(words::composer_about(
            escape(&project.settings.agent),
            project.settings.workdir.replace('`', "'"),
        ))
        .block(Block::Form(Form {
            name: "task_form".to_owned(),
            fields: vec![input("prompt", words::prompt())],
            submit: Button::new(words::submit(), run).primary(),
            others: vec![close()],
        }));
    let Some(task) = running else { return card };
    let steer = Action::Steer { text: String::new() };
    card.block(Block::Rule).block(Block::Form(Form {
        name: "steer_form".to_owned(),
        fields: vec![input("steer_prompt", words::steer(brief(&task.prompt)))],
        submit: Button::new(words::steer_submit(), steer),
        others: vec![],
    }))
}

/// Says what became of a prompt that was written in a form.
pub(crate) fn composed(task: &Task) -> Card {
    Card::new(Tone::Ended, Text::verbatim("PoCo")).text(words::composed(&task.id))
}

/// What there is to set up for a project, in its own group.
pub(crate) fn project(chat: &ChatId, project: &Project) -> Card {
    let button = |label, action| Button::new(label, action);
    let (agent, workdir) = (escape(&project.settings.agent), &project.settings.workdir);
    Card::new(Tone::Plain, words::project_title(&project.name))
        .text(words::project_about(agent, workdir.replace('`', "'")))
        .buttons(vec![
            button(words::configure_default(), Action::Dir(Dir::Default)),
            button(words::manage_presets(), Action::Dir(Dir::ManagePresets)),
            button(words::configure_repo(), Action::Shelf(Shelf::Repo)),
        ])
        .buttons(ends(chat, &project.name, project.archived).into_iter().chain([close()]).collect())
}

/// The ways to put a project out of use.
fn ends(chat: &ChatId, name: &str, archived: bool) -> Vec<Button> {
    let archive =
        |archived| Action::Shelf(Shelf::Archive { project: Some(chat.clone()), archived });
    let archive = match archived {
        true => Button::new(words::restore(), archive(false)),
        false => Button::new(words::archive(), archive(true)).confirm(words::archive_sure(name)),
    };
    let delete = Button::new(lobby_words::delete(), Action::Delete { project: chat.clone() });
    vec![archive, delete.danger().confirm(lobby_words::delete_sure(name))]
}

/// What there is to do with a project, in the direct chat.
pub(crate) fn shelf(listing: &Listing, wrong: Option<Text>) -> Card {
    let Listing { chat, name, agent, workdir, archived, .. } = listing;
    let card = Card::new(Tone::Plain, words::project_title(name));
    let bold = |wrong: &str| format!("**{}**", escape(wrong));
    let card = wrong.into_iter().fold(card, |card, wrong| card.text(wrong.map(bold)));
    let card = card.text(words::project_about(escape(agent), workdir.replace('`', "'")));
    let card = if *archived { card.text(words::is_archived()) } else { card };
    let rename = Shelf::Rename { project: Some(chat.clone()), name: String::new() };
    card.block(Block::Form(Form {
        name: "rename_form".to_owned(),
        fields: vec![Field::Input {
            name: "name".to_owned(),
            label: lobby_words::name(),
            placeholder: Text::verbatim("my-api"),
            value: name.clone(),
            required: true,
        }],
        submit: Button::new(words::rename(), Action::Shelf(rename)),
        others: vec![],
    }))
    .buttons(
        ends(chat, name, *archived)
            .into_iter()
            .chain([Button::new(lobby_words::back(), Action::Manage { page: 0 })])
            .collect(),
    )
    .note(words::in_group_hint())
}

/// Where a project's repository is.
pub(crate) fn repo(project: &Project) -> Card {
    Card::new(Tone::Plain, words::repo_title(&project.name))
        .text(words::repo_is(project.settings.workdir.replace('`', "'")))
        .buttons(vec![
            Button::new(
                words::working_dir(),
                Action::Dir(Dir::Browse(FolderQuery {
                    path: project.settings.workdir.clone(),
                    ..FolderQuery::default()
                })),
            ),
            close(),
        ])
}
