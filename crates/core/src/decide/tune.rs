//! Which agent a project has, and how it is run. Only what the agent offers can be chosen.

use super::{Scene, shelf};
use crate::setup::{Tune, Tuning, USUAL};
use crate::words::{project as project_words, setup as words};
use crate::{Choices, Effect, Kind, Room, Settings, Terms, Text, view};

pub(super) fn act(scene: &Scene<'_>, room: &mut Room, tune: &Tune) -> Vec<Effect> {
    let Kind::Project(project) = &room.kind else { return scene.reply(words::in_its_group()) };
    if project.leaving {
        return scene.reply(project_words::leaving());
    }
    match tune {
        Tune::Choose { agent: None } => {
            let card = view::agent(scene.terms, project, &project.settings.agent, None);
            vec![scene.open(card)]
        }
        Tune::Choose { agent: Some(agent) } => {
            if !scene.terms.agents_of(&project.settings.runner).contains(agent) {
                return scene.reply(no_agent(scene.terms, &project.settings, agent));
            }
            vec![scene.here(view::agent(scene.terms, project, agent, None))]
        }
        Tune::Apply(tuning) => apply(scene, room, tuning),
    }
}

fn apply(scene: &Scene<'_>, room: &mut Room, tuning: &Tuning) -> Vec<Effect> {
    let Kind::Project(project) = &mut room.kind else { return vec![] };
    let settings = match tuned(scene.terms, &project.settings, tuning) {
        Ok(settings) => settings,
        Err(wrong) => {
            let asked = tuning.agent.as_ref().unwrap_or(&project.settings.agent);
            let known = scene.terms.agents_of(&project.settings.runner).contains(asked);
            let agent = if known { asked } else { &project.settings.agent };
            return vec![scene.here(view::agent(scene.terms, project, agent, Some(wrong)))];
        }
    };
    let switched = settings.agent != project.settings.agent;
    project.settings = settings;
    let mut effects = vec![scene.here(view::tuned(project))];
    effects.extend(shelf::relist(project, scene.event));
    if switched {
        super::session::take_up_last(room);
    }
    effects
}

/// Returns the settings as they would be, or says what can't be chosen.
fn tuned(terms: &Terms, old: &Settings, tuning: &Tuning) -> Result<Settings, Text> {
    let agent = tuning.agent.clone().unwrap_or_else(|| old.agent.clone());
    if !terms.agents_of(&old.runner).contains(&agent) {
        return Err(no_agent(terms, old, &agent));
    }
    let same = agent == old.agent;
    let offers = terms.offers(&old.runner).get(&agent);
    let pick = Pick { agent: &agent, same, offers };
    let model = pick.one(&tuning.model, &old.model, |it| {
        it.models.iter().map(|model| model.id.clone()).collect()
    })?;
    let fits = |it: &Choices| it.efforts(model.as_deref());
    let mut effort = pick.one(&tuning.effort, &old.effort, fits)?;
    if tuning.effort.is_none() && tuning.model.is_some() {
        // What was set for another model may not be there for this one.
        effort = effort.filter(|it| offers.is_some_and(|offers| fits(offers).contains(it)));
    }
    let mode = pick.one(&tuning.mode, &old.mode, |it| it.modes.clone())?;
    let usual = |picked: Option<String>, usual: &String| picked.unwrap_or_else(|| usual.clone());
    let sandbox =
        pick.one(&tuning.sandbox, &Some(old.sandbox.clone()), |it| it.sandboxes.clone())?;
    let policy = pick.one(&tuning.approval_policy, &Some(old.approval_policy.clone()), |it| {
        it.approval_policies.clone()
    })?;
    Ok(Settings {
        runner: old.runner.clone(),
        workdir: old.workdir.clone(),
        sandbox: usual(sandbox, &terms.settings.sandbox),
        approval_policy: usual(policy, &terms.settings.approval_policy),
        agent,
        model,
        effort,
        mode,
    })
}

/// What is chosen from.
struct Pick<'a> {
    agent: &'a str,
    /// It is the agent the project has.
    same: bool,
    offers: Option<&'a Choices>,
}

impl Pick<'_> {
    fn one(
        &self,
        wish: &Option<String>,
        old: &Option<String>,
        offered: impl Fn(&Choices) -> Vec<String>,
    ) -> Result<Option<String>, Text> {
        let kept = old.clone().filter(|_| self.same);
        match wish {
            None => Ok(kept),
            Some(wish) if wish == USUAL => Ok(None),
            Some(wish) if kept.as_ref() == Some(wish) => Ok(kept),
            Some(wish) => {
                let offers = self.offers.ok_or_else(|| words::not_known_yet(self.agent))?;
                let offered = offered(offers);
                if offered.contains(wish) {
                    return Ok(Some(wish.clone()));
                }
                let wish = wish.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
                Err(match offered.is_empty() {
                    true => words::offers_none(self.agent, wish),
                    false => words::not_offered(self.agent, wish, offered.join(", ")),
                })
            }
        }
    }
}

fn no_agent(terms: &Terms, settings: &Settings, agent: &str) -> Text {
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(60).collect();
    let known = terms.agents_of(&settings.runner).join(", ");
    crate::words::lobby::no_agent(agent, known)
}
