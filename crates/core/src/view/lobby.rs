//! Cards of the direct chat.

use super::{escape, runner};
use crate::{
    Action, Block, Button, Card, Choice, Field, Form, Listing, Lobby, Making, Terms, Timestamp,
    Tone,
};

/// Projects on one page of the list.
const PROJECTS_SHOWN: usize = 8;

pub(crate) fn home(lobby: &Lobby, news: Option<&str>) -> Card {
    let count = match lobby.projects.len() {
        0 => "You have no projects yet.".to_owned(),
        1 => "You have 1 project.".to_owned(),
        count => format!("You have {count} projects."),
    };
    let card = news.map_or_else(shell, |news| shell().text(escape(news)));
    // Each stands for itself, so that clients of the Python PoCo find them where they were.
    card.text(count)
        .buttons(vec![Button::new("New", Action::NewProject).primary()])
        .buttons(vec![Button::new("Manage", Action::Manage { page: 0 })])
}

/// The form for a new project, filled in as it was if it was wrong.
pub(crate) fn form(
    terms: &Terms,
    so_far: Option<&Making>,
    wrong: Option<&str>,
    now: Timestamp,
) -> Card {
    let settings = so_far.map_or(&terms.settings, |making| &making.settings);
    let name = so_far.map(|making| making.name.clone()).unwrap_or_default();
    let known = agents(terms);
    let agents: Vec<_> =
        known.iter().map(|agent| Choice { label: agent.clone(), value: agent.clone() }).collect();
    let chosen = known.contains(&settings.agent).then(|| settings.agent.clone());
    let mut fields = vec![
        Field::Input {
            name: "name".to_owned(),
            label: "Project name".to_owned(),
            placeholder: "my-api".to_owned(),
            value: name,
            required: true,
        },
        Field::Select {
            name: "backend".to_owned(),
            label: "Agent".to_owned(),
            options: agents,
            value: chosen.or_else(|| known.first().cloned()),
        },
        Field::Input {
            name: "workdir".to_owned(),
            label: "Working directory on the machine".to_owned(),
            placeholder: "~/src/my-api".to_owned(),
            value: settings.workdir.clone(),
            required: true,
        },
    ];
    if terms.runners.len() > 1 {
        fields.push(runner::field(terms, settings.runner.as_str(), now));
    }
    let (name, agent, workdir, runner) = Default::default();
    let create = Action::Create { name, agent, workdir, runner };
    let card = Card::new(Tone::Plain, "New Project");
    let card =
        wrong.into_iter().fold(card, |card, wrong| card.text(format!("**{}**", escape(wrong))));
    card.block(Block::Form(Form {
        name: "project_create_form".to_owned(),
        fields,
        submit: Button::new("Create Project + Group", create).primary(),
        others: vec![Button::new("Cancel", Action::Home)],
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
    Card::new(Tone::Busy, "New Project").text(format!("Making “{}”…", escape(&making.name)))
}

/// Lists the projects, at the page that was last asked for or what is left of it.
pub(crate) fn manage(lobby: &Lobby) -> Card {
    let pages = lobby.projects.len().div_ceil(PROJECTS_SHOWN).max(1);
    let page = lobby.list_page.min(pages - 1);
    let mut card = Card::new(Tone::Plain, "Manage Projects");
    if pages > 1 {
        card.title.push_str(&format!(" [{}/{pages}]", page + 1));
    }
    if lobby.projects.is_empty() {
        card = card.text("You have no projects.");
    }
    let shown = lobby.projects.iter().skip(page * PROJECTS_SHOWN).take(PROJECTS_SHOWN);
    let turn = |label, page| Button::new(label, Action::Manage { page });
    let back = (page > 0).then(|| turn("Previous Page", page.saturating_sub(1)));
    let on = (page + 1 < pages).then(|| turn("Next Page", page + 1));
    let home = Some(Button::new("Back", Action::Home));
    shown.fold(card, line).buttons([back, on, home].into_iter().flatten().collect())
}

fn line(card: Card, project: &Listing) -> Card {
    let Listing { chat, name, agent, workdir, leaving } = project;
    let card = card.text(format!("**{}** ({}, {})", escape(name), escape(agent), escape(workdir)));
    if *leaving {
        return card.note("Being deleted: what runs in it is stopped first.");
    }
    let sure =
        format!("Delete “{name}”? What runs in it is stopped. The folder and the chat stay.");
    let delete = Button::new("Delete Project", Action::Delete { project: chat.clone() });
    let people = Action::People { project: Some(chat.clone()), page: None };
    let people = Button::new(&crate::people_words::people(), people);
    card.buttons(vec![people, delete.danger().confirm(sure)])
}

fn shell() -> Card {
    Card::new(Tone::Plain, "PoCo Projects")
}
