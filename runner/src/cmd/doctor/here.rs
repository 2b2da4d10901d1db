//! What there is on this machine: the lock, the store, the queue and the agents.

use super::check::{self, Finding};
use crate::agent;
use crate::cmd::client::Client;
use crate::home::{Home, Instance, Lock};
use crate::out::progress;
use poco_core::{Lang, UserId};
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::config::{Backend, Config};
use poco_io::{clock, open};
use std::sync::Arc;
use std::time::Duration;

/// How long an agent may take to say how it is.
const READY_WITHIN: Duration = Duration::from_secs(30);

const LOOK_AT_LOG: &str = "poco logs, then poco restart";

/// Asks the PoCo that runs here.
pub(super) async fn running(
    instance: &Instance,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> Option<UserId> {
    let client = Client::new(instance);
    let asked = match &client {
        Ok(client) => client.health().await,
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    let (client, health) = match (client, asked) {
        (Ok(client), Ok(health)) => (client, health),
        (_, Err(error)) | (Err(error), Ok(_)) => {
            let what = format!("PoCo (pid {}) does not answer: {error:#}", instance.pid);
            findings.push(Finding::failed("lock", what, LOOK_AT_LOG));
            return config.owner.clone();
        }
    };
    let what = format!("PoCo {} runs (pid {})", instance.version, instance.pid);
    findings.push(Finding::ok("lock", what));
    let owner = match client.doctor().await {
        Ok(told) => {
            let done = told.store.map_or(Ok(()), |why| Err(anyhow::anyhow!(why)));
            findings.push(Finding::of("store and queue", done, LOOK_AT_LOG));
            told.owner.map(UserId::new)
        }
        Err(error) => {
            let why = check::why(&error);
            findings.push(Finding::failed("store and queue", why, LOOK_AT_LOG));
            config.owner.clone()
        }
    };
    let detail = health.agent_detail;
    findings.push(match health.agent_ready {
        true if detail.contains("; not ") => Finding::failed("agent", detail, AGENT),
        true => Finding::ok("agent", detail),
        false => Finding::failed("agent", detail, AGENT),
    });
    owner
}

const AGENT: &str = "do what it says; or choose another with POCO_AGENT_BACKEND";

/// Looks for itself. No PoCo starts as long as the lock is kept: it would share the events.
pub(super) async fn stopped(
    home: &Home,
    config: &Config,
    findings: &mut Vec<Finding>,
) -> (Option<UserId>, Option<Lock>) {
    let locked = home.prepare().and_then(|()| Ok(Lock::take(&home.lock())?));
    let lock = match locked {
        Ok(Ok(lock)) => {
            findings.push(Finding::ok("lock", "PoCo is stopped"));
            lock
        }
        Ok(Err(_)) => {
            let what = "a PoCo was started just now";
            findings.push(Finding::could_not_tell("lock", what, "try again"));
            return (config.owner.clone(), None);
        }
        Err(error) => {
            let fix = format!("make {} a folder you can write to", home.path().display());
            findings.push(Finding::failed("lock", check::why(&error), fix));
            return (config.owner.clone(), None);
        }
    };
    let owner = state(config, findings).await;
    agents(config, findings).await;
    (owner, Some(lock))
}

/// Opens the store and the queue, and asks who owns the house.
async fn state(config: &Config, findings: &mut Vec<Finding>) -> Option<UserId> {
    const NAME: &str = "store and queue";
    let backend = config.state.backend;
    if backend == Backend::Sqlite && !config.state.db_path.exists() {
        findings.push(Finding::ok(NAME, "none yet; the first start makes them"));
        return config.owner.clone();
    }
    let looked = async {
        let (store, queue) = open::open(config).await?;
        let terms = config.terms(vec![config.agents.usual.clone()]);
        let app = App::new(store, queue, Arc::new(Chats::default()), terms, clock::now);
        app.owing().await?;
        Ok::<_, anyhow::Error>(app.terms().await?.owner)
    };
    match looked.await {
        Ok(owner) => {
            let what = format!("{} and {}", backend.as_str(), backend.queue());
            findings.push(Finding::ok(NAME, what));
            owner
        }
        Err(error) => {
            let fix = match backend {
                Backend::Sqlite => format!(
                    "put back a copy of {0}, or move it away to begin anew; poco import takes over \
                     one of the Python PoCo",
                    config.state.db_path.display()
                ),
                Backend::Memory => "poco start".to_owned(),
                Backend::DynamoDb => "poco cloud check".to_owned(),
            };
            findings.push(Finding::failed(NAME, check::why(&error), fix));
            config.owner.clone()
        }
    }
}

/// Asks each agent whether it could work. Only the usual one must.
async fn agents(config: &Config, findings: &mut Vec<Finding>) {
    let agents = agent::open(config);
    if let Some(why) = &agents.instead {
        findings.push(Finding::failed("agent", why.of(Lang::En), AGENT));
    }
    for name in agents.names() {
        let Some(agent) = agents.get(&name) else { continue };
        progress(&format!("Asking {name} …"));
        let is_usual = name == agents.usual;
        let part = format!("agent {name}");
        findings.push(match tokio::time::timeout(READY_WITHIN, agent.ready()).await {
            Ok(Ok(detail)) => Finding::ok(part, detail),
            Ok(Err(why)) if is_usual => Finding::failed(part, why.of(Lang::En), AGENT),
            Ok(Err(why)) => Finding::could_not_tell(part, why.of(Lang::En), ""),
            Err(_) if is_usual => Finding::failed(part, "it did not answer in time", AGENT),
            Err(_) => Finding::could_not_tell(part, "it did not answer in time", ""),
        });
    }
    agents.shutdown().await;
}
