//! Asks the agents what can be chosen for them, in the background, so that a press is answered at
//! once.

use crate::agent::Agents;
use crate::presence::Presence;
use poco_io::app::App;
use std::time::Duration;

/// How often they are asked again: programs are updated, accounts change.
const AGAIN_AFTER: Duration = Duration::from_secs(30 * 60);

/// How soon one that did not answer is asked again. What failed is never kept.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// The longest an agent may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Keeps asking, for ever. Other machines know of it by this one's presence, if it has one.
pub(crate) async fn keep(app: App, agents: Agents, presence: Option<Presence>) {
    loop {
        let all = ask(&app, &agents, presence.as_ref()).await;
        tokio::time::sleep(if all { AGAIN_AFTER } else { RETRY_AFTER }).await;
    }
}

/// Asks each agent once, and says whether all answered.
async fn ask(app: &App, agents: &Agents, presence: Option<&Presence>) -> bool {
    let before = app.offers().clone();
    // Those who may not have it asked hear of this.
    let mut all = tokio::time::timeout(ANSWER_MAX, agents.look()).await.is_ok_and(|it| it.is_ok());
    for (name, agent) in &agents.by_name {
        let asked = tokio::time::timeout(ANSWER_MAX, agent.choices()).await;
        match asked {
            Ok(Ok(choices)) => {
                app.offers().insert(name.clone(), choices);
            }
            Ok(Err(error)) => {
                all = false;
                tracing::debug!(agent = name, "it is not known what it offers: {error}");
            }
            Err(_) => {
                all = false;
                tracing::debug!(agent = name, "it did not say what it offers");
            }
        }
    }
    let changed = *app.offers() != before;
    if let Some(presence) = presence.filter(|_| changed)
        && let Err(error) = presence.tell().await
    {
        tracing::warn!("could not leave word of what the agents offer: {error:#}");
    }
    all
}
