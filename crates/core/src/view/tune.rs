//! The card to choose an agent with, and how it is run.

use super::dir::close;
use super::escape;
use crate::setup::{Tune, Tuning, USUAL};
use crate::words::setup as words;
use crate::{
    Action, Block, Button, Card, Choice, Choices, Field, Form, Project, Settings, Terms, Text, Tone,
};

/// The most values of one setting that are listed.
const VALUES_MAX: usize = 50;

/// What can be chosen for an agent.
pub(crate) fn agent(terms: &Terms, project: &Project, agent: &str, wrong: Option<Text>) -> Card {
    let settings = &project.settings;
    let same = agent == settings.agent;
    let card = Card::new(Tone::Plain, words::agent_title(&project.name));
    let bold = |wrong: &str| format!("**{}**", escape(wrong));
    let card = wrong.into_iter().fold(card, |card, wrong| card.text(wrong.map(bold)));
    let card =
        card.text(words::agent_now(escape(&settings.agent), model(settings), effort(settings)));
    let choose = |agent: Option<String>| Action::Tune(Tune::Choose { agent });
    let others = terms.agents_of(&settings.runner).iter().filter(|it| *it != agent);
    let others = others.map(|it| Button::new(Text::verbatim(it), choose(Some(it.clone()))));
    let card = card.buttons(others.collect());
    let apply = Tuning { agent: Some(agent.to_owned()), ..Tuning::default() };
    let apply = Action::Tune(Tune::Apply(apply));
    let use_it = Button::new(words::use_agent(agent), apply.clone()).primary();
    let Some(offers) = terms.offers(&settings.runner).get(agent) else {
        let again = Button::new(words::ask_again(), choose(Some(agent.to_owned())));
        let use_it = (!same).then_some(use_it);
        let buttons = use_it.into_iter().chain([again, close()]).collect();
        return card.text(words::offers_unknown(agent)).buttons(buttons);
    };
    let fields = fields(offers, settings, same, &terms.settings);
    if fields.is_empty() {
        let use_it = (!same).then_some(use_it);
        return card
            .text(words::no_choice(agent))
            .buttons(use_it.into_iter().chain([close()]).collect());
    }
    let submit = if same { words::apply() } else { words::use_agent(agent) };
    card.text(words::choosing(escape(agent)))
        .block(Block::Form(Form {
            name: "agent_form".to_owned(),
            fields,
            submit: Button::new(submit, apply).primary(),
            others: vec![close()],
        }))
        .note(words::next_task())
}

fn fields(offers: &Choices, settings: &Settings, same: bool, usual: &Settings) -> Vec<Field> {
    let now = |value: &Option<String>| value.clone().filter(|_| same);
    let now_model = now(&settings.model);
    let models = offers.models.iter().map(|it| {
        let name = if it.name.is_empty() { &it.id } else { &it.name };
        Choice { label: Text::verbatim(name), value: it.id.clone() }
    });
    let plain = |values: Vec<String>| {
        let choice = |value: String| Choice { label: Text::verbatim(&value), value };
        values.into_iter().map(choice).collect::<Vec<_>>()
    };
    let named = |values: &[String], name: fn(&str) -> Text| {
        let choice = |value: &String| Choice { label: name(value), value: value.clone() };
        values.iter().map(choice).collect::<Vec<_>>()
    };
    let efforts = plain(offers.efforts(now_model.as_deref()));
    let strict = if same { settings } else { usual };
    let (sandbox, policy) = (strict.sandbox.clone(), strict.approval_policy.clone());
    let sandboxes = named(&offers.sandboxes, words::sandbox_name);
    let policies = named(&offers.approval_policies, words::policy_name);
    let optional = [
        select("model", words::model(), models.collect(), now_model),
        select("reasoning_effort", words::effort(), efforts, now(&settings.effort)),
        select("permission_mode", words::mode(), plain(offers.modes.clone()), now(&settings.mode)),
    ];
    let strict = [
        field("sandbox", words::sandbox(), sandboxes, sandbox),
        field("approval_policy", words::approval_policy(), policies, policy),
    ];
    optional.into_iter().chain(strict).flatten().collect()
}

/// A list whose first choice leaves it to the agent. None if there is nothing to choose.
fn select(name: &str, label: Text, choices: Vec<Choice>, now: Option<String>) -> Option<Field> {
    if choices.is_empty() {
        return None;
    }
    let usual = Choice { label: words::as_set_up(), value: USUAL.to_owned() };
    let choices = [usual].into_iter().chain(choices).collect();
    field(name, label, choices, now.unwrap_or_else(|| USUAL.to_owned()))
}

fn field(name: &str, label: Text, mut options: Vec<Choice>, now: String) -> Option<Field> {
    if options.is_empty() {
        return None;
    }
    options.truncate(VALUES_MAX);
    if options.iter().all(|it| it.value != now) {
        // What is set stays to be seen, whether it is offered or not.
        options.push(Choice { label: Text::verbatim(&now), value: now.clone() });
    }
    Some(Field::Select { name: name.to_owned(), label, options, value: Some(now) })
}

fn model(settings: &Settings) -> Text {
    settings.model.as_deref().map_or_else(words::as_set_up, |it| Text::verbatim(escape(it)))
}

fn effort(settings: &Settings) -> Text {
    settings.effort.as_deref().map_or_else(words::as_set_up, |it| Text::verbatim(escape(it)))
}

/// Says what was chosen.
pub(crate) fn tuned(project: &Project) -> Card {
    let settings = &project.settings;
    let card = Card::new(Tone::Good, words::agent_title(&project.name));
    let card = card.text(words::tuned(escape(&settings.agent), model(settings), effort(settings)));
    let full = settings.sandbox == "danger-full-access";
    let card = if full { card.text(words::full_access()) } else { card };
    card.note(words::next_task())
}
