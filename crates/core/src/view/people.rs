//! Cards about people: who may do what in a project, and who answers what its agent asks.

use super::escape;
use crate::danger::{Danger, words};
use crate::people::{Named, People, Person, Role, Rules};
use crate::press::{MEMBERS, SENDER};
use crate::words::people as w;
use crate::{Action, Block, Button, Card, Choice, Field, Form, Project, Terms, Text, Tone, UserId};
use std::collections::BTreeSet;

/// People on one page of the card.
const PEOPLE_SHOWN: usize = 5;

/// Returns the page of the card on which somebody is, or would be.
pub(crate) fn page_of(people: &People, id: &UserId) -> usize {
    people.keys().take_while(|it| *it < id).count() / PEOPLE_SHOWN
}

/// Lists the people of a project, with what can be done about each.
pub(crate) fn people(terms: &Terms, project: &Project, page: usize, news: Option<Text>) -> Card {
    let pages = project.people.len().div_ceil(PEOPLE_SHOWN).max(1);
    let page = page.min(pages - 1);
    let mut card = Card::new(Tone::Plain, w::title(&project.name));
    if pages > 1 {
        let place = format!(" [{}/{pages}]", page + 1);
        card.title = card.title.map(|title| format!("{title}{place}"));
    }
    if let Some(news) = news {
        card = card.text(news.map(escape));
    }
    if let Some(owner) = &terms.owner {
        card = card.block(shown(owner, "", w::owner()));
    }
    if project.people.is_empty() {
        card = card.text(w::nobody());
    }
    let here = project.people.iter().skip(page * PEOPLE_SHOWN).take(PEOPLE_SHOWN);
    card = here.fold(card, |card, (id, person)| line(card, id, person));
    let card = card.block(Block::Rule).block(Block::Form(invite())).note(said(&project.rules));
    let turn =
        |label: Text, page| Button::new(label, Action::People { project: None, page: Some(page) });
    let back = (page > 0).then(|| turn(w::previous(), page.saturating_sub(1)));
    let on = (page + 1 < pages).then(|| turn(w::next(), page + 1));
    let rules = Some(Button::new(w::rules(), Action::Rules));
    card.buttons([back, on, rules].into_iter().flatten().collect())
}

fn shown(id: &UserId, name: &str, text: Text) -> Block {
    Block::Person { id: id.clone(), name: name.to_owned(), text }
}

fn line(card: Card, id: &UserId, person: &Person) -> Card {
    let named = Named { id: id.clone(), name: person.name.clone() };
    let make = |role: Role| {
        let action = Action::Invite { people: vec![named.clone()], role };
        Button::new(w::make(role_word(role)), action)
    };
    let others = Role::GIVEN.into_iter().filter(|role| *role != person.role);
    let mut buttons: Vec<_> = others.map(make).collect();
    let to_owner = Action::HandOver { to: named.clone(), sure: false };
    buttons.push(Button::new(w::make_owner(), to_owner));
    let name = if named.name.is_empty() { named.id.to_string() } else { named.name.clone() };
    let remove = Button::new(w::remove(), Action::Remove { people: vec![named] });
    buttons.push(remove.danger().confirm(w::remove_sure(name)));
    card.block(shown(id, &person.name, role_word(person.role))).buttons(buttons)
}

/// What people call a role.
pub(crate) fn role_word(role: Role) -> Text {
    match role {
        Role::Viewer => w::viewer(),
        Role::Member => w::member(),
        Role::Admin => w::admin(),
        Role::Owner => w::owner(),
    }
}

fn invite() -> Form {
    let option = |role| Choice {
        value: Role::word(role).to_owned(),
        label: match role {
            Role::Viewer => w::viewer_option(),
            Role::Member => w::member_option(),
            Role::Admin | Role::Owner => w::admin_option(),
        },
    };
    let fields = vec![
        Field::Person { name: "person".to_owned(), label: w::whom() },
        Field::Select {
            name: "as".to_owned(),
            label: w::as_what(),
            options: [Role::Member, Role::Viewer, Role::Admin].map(option).to_vec(),
            value: Some(Role::Member.word().to_owned()),
        },
    ];
    let action = Action::Invite { people: vec![], role: Role::Member };
    Form {
        name: "invite_form".to_owned(),
        fields,
        submit: chosen(w::invite(), action),
        others: vec![],
    }
}

fn chosen(label: Text, action: Action) -> Button {
    Button::new(label, action).primary()
}

/// Says who answers what the agent of a project asks.
fn said(rules: &Rules) -> Text {
    let who = if rules.members_approve { w::members_answer() } else { w::sender_answers() };
    if rules.two.is_empty() {
        return who;
    }
    Text::join([who, w::two_for(kind(&rules.two))], " ")
}

fn kind(two: &BTreeSet<Danger>) -> Text {
    let has = |kind| two.contains(&kind);
    match (has(Danger::Outside), has(Danger::Network), has(Danger::Delete)) {
        (true, _, _) => w::all(),
        (false, true, true) => w::both(),
        (false, true, false) => w::network(),
        (false, false, true) => w::deleting(),
        (false, false, false) => w::never(),
    }
}

/// The form in which the owner says who answers what the agent asks.
pub(crate) fn rules(project: &Project) -> Card {
    let Rules { members_approve, two } = &project.rules;
    let choice = |value: &str, label: Text| Choice { value: value.to_owned(), label };
    let twos: [&[Danger]; 5] = [
        &[],
        &[Danger::Network],
        &[Danger::Delete],
        &[Danger::Network, Danger::Delete],
        &[Danger::Outside],
    ];
    let twos = twos.map(|two| two.iter().copied().collect::<BTreeSet<_>>());
    let value = |two: &BTreeSet<Danger>| match two.is_empty() {
        true => "none".to_owned(),
        false => words(two),
    };
    let fields = vec![
        Field::Select {
            name: "who_answers".to_owned(),
            label: w::who_answers(),
            options: vec![choice(SENDER, w::sender_option()), choice(MEMBERS, w::members_option())],
            value: Some(if *members_approve { MEMBERS } else { SENDER }.to_owned()),
        },
        Field::Select {
            name: "when_two".to_owned(),
            label: w::when_two(),
            options: twos.iter().map(|two| choice(&value(two), kind(two))).collect(),
            value: Some(value(two)),
        },
    ];
    let action = Action::SetRules { members_approve: *members_approve, two: two.clone() };
    let back = Action::People { project: None, page: Some(0) };
    Card::new(Tone::Plain, w::rules_title(&project.name))
        .text(said(&project.rules))
        .block(Block::Form(Form {
            name: "rules_form".to_owned(),
            fields,
            submit: chosen(w::set(), action),
            others: vec![Button::new(w::back(), back)],
        }))
        .note(w::rules_note())
}

/// Asks the owner whether they mean it.
pub(crate) fn hand_over(to: &Named, name: &Text) -> Card {
    let sure = Action::HandOver { to: to.clone(), sure: true };
    let back = Action::People { project: None, page: Some(0) };
    let name = name.clone().map(escape);
    Card::new(Tone::Asking, w::hand_over_title())
        .block(shown(&to.id, &to.name, Text::default()))
        .text(w::hand_over_sure(name))
        .buttons(vec![Button::new(w::hand_over(), sure).danger(), Button::new(w::cancel(), back)])
}
