//! Cards of the direct chat.

use super::{escape, runner};
use crate::setup::Shelf;
use crate::words::{lobby as words, setup as setup_words, task as task_words};
use crate::{
    Action, Block, Button, Card, Choice, Field, Form, Listing, Lobby, Making, Terms, Text,
    Timestamp, Tone,
};

/// Projects on one page of the list.
const PROJECTS_SHOWN: usize = 8;

pub(crate) fn home(lobby: &Lobby, news: Option<Text>) -> Card {
    let card = news.map_or_else(shell, |news| shell().text(news.map(escape)));
    // Each stands for itself, so that clients of the Python PoCo find them where they were.
    card.text(words::projects(lobby.projects.len()))
        .buttons(vec![Button::new(words::new(), Action::NewProject).primary()])
        .buttons(vec![Button::new(words::manage(), Action::Manage { page: 0 })])
}

/// The form for a new project, filled in as it was if it was wrong.
pub(crate) fn form(
    terms: &Terms,
    so_far: Option<&Making>,
    wrong: Option<Text>,
    now: Timestamp,
) -> Card {
    let settings = so_far.map_or(&terms.settings, |making| &making.settings);
    let name = so_far.map(|making| making.name.clone()).unwrap_or_default();
    let known = agents(terms);
    let agents: Vec<_> = known
        .iter()
        .map(|agent| Choice { label: Text::verbatim(agent), value: agent.clone() })
        .collect();
    let chosen = known.contains(&settings.agent).then(|| settings.agent.clone());
    let mut fields = vec![
        Field::Input {
            name: "name".to_owned(),
            label: words::name(),
            placeholder: Text::verbatim("my-api"),
            value: name,
            required: true,
        },
        Field::Select {
            name: "backend".to_owned(),
            label: words::agent(),
            options: agents,
            value: chosen.or_else(|| known.first().cloned()),
        },
        Field::Input {
            name: "workdir".to_owned(),
            label: words::workdir(),
            placeholder: Text::verbatim("~/src/my-api"),
            value: settings.workdir.clone(),
            required: true,
        },
    ];
    if terms.runners.len() > 1 {
        fields.push(runner::field(terms, settings.runner.as_str(), now));
    }
    let (name, agent, workdir, runner) = Default::default();
    let create = Action::Create { name, agent, workdir, runner };
    let card = Card::new(Tone::Plain, words::new_project());
    let bold = |wrong: &str| format!("**{}**", escape(wrong));
    let card = wrong.into_iter().fold(card, |card, wrong| card.text(wrong.map(bold)));
    card.block(Block::Form(Form {
        name: "project_create_form".to_owned(),
        fields,
        submit: Button::new(words::create(), create).primary(),
        others: vec![Button::new(words::cancel(), Action::Home)],
    }))
}

/// Every agent of any machine, the usual one first.
fn agents(terms: &Terms) -> Vec<String> {
    let mut agents = terms.agents.clone();
    for agent in terms.runners.iter().flat_map(|runner| &runner.agents) {
        if !agents.contains(agent) {
            agents.push(agent.clone());
        }
    }
    agents
}

pub(crate) fn making(making: &Making) -> Card {
    Card::new(Tone::Busy, words::new_project()).text(words::making(escape(&making.name)))
}

/// Lists the projects, at the page that was last asked for or what is left of it.
pub(crate) fn manage(lobby: &Lobby) -> Card {
    let pages = lobby.projects.len().div_ceil(PROJECTS_SHOWN).max(1);
    let page = lobby.list_page.min(pages - 1);
    let mut card = Card::new(Tone::Plain, words::manage_projects());
    if pages > 1 {
        card.title = card.title.map(|title| format!("{title} [{}/{pages}]", page + 1));
    }
    if lobby.projects.is_empty() {
        card = card.text(words::no_projects());
    }
    let shown = lobby.projects.iter().skip(page * PROJECTS_SHOWN).take(PROJECTS_SHOWN);
    let turn = |label, page| Button::new(label, Action::Manage { page });
    let back = (page > 0).then(|| turn(task_words::previous_page(), page.saturating_sub(1)));
    let on = (page + 1 < pages).then(|| turn(task_words::next_page(), page + 1));
    let home = Some(Button::new(words::back(), Action::Home));
    shown.fold(card, line).buttons([back, on, home].into_iter().flatten().collect())
}

fn line(card: Card, project: &Listing) -> Card {
    let Listing { chat, name, agent, workdir, leaving, archived } = project;
    let line = words::listing(escape(name), escape(agent), escape(workdir));
    let mark = archived.then(setup_words::archived_mark);
    let card = card.text(Text::join([line].into_iter().chain(mark), ""));
    if *leaving {
        return card.note(words::leaving());
    }
    let delete = Button::new(words::delete(), Action::Delete { project: chat.clone() });
    let open = Action::Shelf(Shelf::Open { project: Some(chat.clone()) });
    let open = Button::new(setup_words::open(), open);
    let people = Action::People { project: Some(chat.clone()), page: None };
    let people = Button::new(crate::words::people::people(), people);
    card.buttons(vec![open, people, delete.danger().confirm(words::delete_sure(name))])
}

fn shell() -> Card {
    Card::new(Tone::Plain, words::home())
}
