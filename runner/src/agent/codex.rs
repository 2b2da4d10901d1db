//! Codex, by its app-server.
//!
//! One server holds all threads. On its Unix socket it outlives PoCo: a restart of PoCo neither
//! cuts off a turn nor loses a question, for both are found again by [`Agent::find`].

mod ask;
mod client;
mod failure;
mod folder;
mod inbox;
mod keeper;
mod nature;
mod notes;
mod program;
mod record;
mod rollout;
mod server;
mod turn;
mod usual;
mod watch;

use super::{Agent, AgentError, Found, Prompt, Surroundings, Turn, check_folder};
use async_trait::async_trait;
use client::Client;
use keeper::Keeper;
use poco_core::words::agent as words;
use poco_core::{Choices, Model, Settings, TaskId, Text, ThreadId, TurnId};
use poco_io::config;
use program::Program;
use record::Standing;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use turn::{CodexTurn, Place};

/// What people call this agent.
pub const NAME: &str = "codex";

/// The versions PoCo is made for, the last being the one it is tested with.
const TESTED: [(u32, u32); 2] = [(0, 160), (0, 169)];

#[expect(missing_debug_implementations, reason = "it holds connections and child processes")]
pub struct Codex {
    keeper: Arc<Keeper>,
    silence_max: Duration,
    /// For tasks that name none.
    model: Option<String>,
    effort: Option<String>,
}

impl Codex {
    /// Prepares a codex whose server keeps its files in a folder of `state_dir`. Starts nothing.
    pub fn new(config: &config::Codex, state_dir: &Path, surroundings: &Surroundings) -> Self {
        let program = Program::new(&config.command, surroundings);
        let keeper = Keeper::new(program, config.transport, state_dir.to_owned());
        Self {
            keeper: Arc::new(keeper),
            silence_max: config.timeout,
            model: config.model.clone(),
            effort: config.effort.clone(),
        }
    }

    /// Fills in what a task leaves to this machine.
    fn complete(&self, settings: &Settings) -> Settings {
        let or = |chosen: &Option<String>, usual: &Option<String>| chosen.clone().or(usual.clone());
        Settings {
            model: or(&settings.model, &self.model),
            effort: or(&settings.effort, &self.effort),
            ..settings.clone()
        }
    }

    /// Finds the program, or says why not and what to do.
    pub fn find_program(&self) -> Result<PathBuf, Text> {
        self.keeper.find_program()
    }

    /// Returns the number of the server process, if one is joined.
    pub async fn pid(&self) -> Option<i32> {
        self.keeper.pid().await
    }

    /// Lets go of the connection. Turns go on over a new one, if the server outlives that.
    pub async fn disconnect(&self) {
        self.keeper.disconnect().await;
    }

    /// Makes sure that the thread is open over the present connection.
    async fn opened(&self, thread: &str, settings: &Settings) -> Result<Arc<Client>, AgentError> {
        let client = self.keeper.client().await?;
        if client.kept(thread).is_none() {
            self.resume(&client, thread, thread_params(settings)).await?;
        }
        Ok(client)
    }

    /// Opens a thread of the record, and returns how it stands.
    async fn resume(
        &self,
        client: &Client,
        thread: &str,
        mut params: Map<String, Value>,
    ) -> Result<Value, AgentError> {
        params.insert("threadId".to_owned(), json!(thread));
        params.insert("excludeTurns".to_owned(), json!(true));
        let resumed = client.call("thread/resume", params.into()).await.map_err(|error| {
            if failure::is_unknown_thread(&error) {
                return AgentError::Forgotten(words::codex_lost_thread());
            }
            failure::of_query(error)
        })?;
        client.keep(thread, &resumed["sandbox"]);
        Ok(resumed["thread"].clone())
    }

    async fn found(
        &self,
        place: Place,
        task: &TaskId,
        opened: &Value,
    ) -> Result<Found, AgentError> {
        let given = |turn: &Value| record::was_given(turn, task.as_str());
        let looked = record::standing(&place.ear.client, &place.ear.thread, given).await;
        let name = |turn: &Value| turn["id"].as_str().unwrap_or_default().to_owned();
        match looked.map_err(failure::of_query)? {
            Standing::Running(turn) => {
                let calls = match opened["path"].as_str() {
                    Some(path) => rollout::open_calls(path.into()).await,
                    None => BTreeMap::new(),
                };
                let mut watched = CodexTurn::new(place, name(&turn), task, self.silence_max);
                watched.recall(calls);
                watched.catch_up(&turn);
                Ok(Found::Running(Box::new(watched)))
            }
            Standing::Over(turn) => {
                let (answer, steps) = record::sum_up(&turn);
                let end = record::end(&turn);
                Ok(Found::Over { turn: TurnId::new(name(&turn)), end, answer, steps })
            }
            Standing::Absent => Ok(Found::Never),
            Standing::Untold(reason) => Ok(Found::Unknown { reason }),
        }
    }
}

#[async_trait]
impl Agent for Codex {
    async fn ready(&self) -> Result<String, Text> {
        let client = self.keeper.client().await.map_err(AgentError::reason)?;
        let login = match login(&client).await {
            Ok(login) => login,
            Err(error) => {
                // A login by hand is seen by a server that is started after it.
                self.keeper.retire(&client).await;
                return Err(error.reason());
            }
        };
        let version = &client.version;
        let unheard = client.unheard();
        tracing::debug!(version, unheard, "codex is ready");
        let doubt = untested(version).unwrap_or_default();
        Ok(format!("codex {version}, {login}{doubt}"))
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        check_folder(&settings.workdir)?;
        let settings = &self.complete(settings);
        let client = self.keeper.client().await?;
        if let Err(error) = login(&client).await {
            self.keeper.retire(&client).await;
            return Err(error);
        }
        if let Some(thread) = thread {
            self.opened(thread.as_str(), settings).await?;
            return Ok(thread.clone());
        }
        let params = thread_params(settings).into();
        let started = client.call("thread/start", params).await.map_err(failure::of_query)?;
        let Some(id) = started["thread"]["id"].as_str() else {
            return Err(AgentError::Refused(words::codex_unnamed_thread()));
        };
        client.keep(id, &started["sandbox"]);
        Ok(ThreadId::new(id))
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        check_folder(&settings.workdir)?;
        let settings = &self.complete(settings);
        let thread = thread.as_str().to_owned();
        let client = self.opened(&thread, settings).await?;
        let ear = client.listen(&thread).ok_or_else(busy)?;
        let place = Place { keeper: self.keeper.clone(), ear };
        let id = begin(&place, task, prompt, settings).await?;
        Ok(Box::new(CodexTurn::new(place, id, task, self.silence_max)))
    }

    async fn find(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        settings: &Settings,
    ) -> Result<Found, AgentError> {
        let settings = &self.complete(settings);
        let client = self.keeper.client().await?;
        let ear = client.listen(thread.as_str()).ok_or_else(busy)?;
        let place = Place { keeper: self.keeper.clone(), ear };
        let mut pauses = record::pauses(&client).iter();
        loop {
            // A thread is written down with its first prompt, which may be on its way.
            let found = match self.resume(&client, thread.as_str(), thread_params(settings)).await {
                Ok(opened) => return self.found(place, task, &opened).await,
                Err(AgentError::Forgotten(_)) => Found::Never,
                Err(AgentError::Refused(reason)) => Found::Unknown { reason },
                Err(error @ (AgentError::Later(_) | AgentError::Unclear(_))) => return Err(error),
            };
            let Some(pause) = pauses.next() else { return Ok(found) };
            tokio::time::sleep(*pause).await;
        }
    }

    async fn fork(&self, thread: &ThreadId, settings: &Settings) -> Result<ThreadId, AgentError> {
        check_folder(&settings.workdir)?;
        let client = self.keeper.client().await?;
        let mut params = thread_params(settings);
        params.insert("threadId".to_owned(), json!(thread));
        let forked = client.call("thread/fork", params.into()).await.map_err(|error| {
            if failure::is_unknown_thread(&error) {
                return AgentError::Forgotten(words::codex_lost_thread());
            }
            failure::of_query(error)
        })?;
        let Some(id) = forked["thread"]["id"].as_str() else {
            return Err(AgentError::Refused(words::codex_unnamed_thread()));
        };
        client.keep(id, &forked["sandbox"]);
        Ok(ThreadId::new(id))
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        let client = self.keeper.client().await?;
        let listed = client.models().await.map_err(failure::of_query)?;
        let models = listed["data"].as_array().into_iter().flatten();
        let shown = models.filter(|model| model["hidden"] != true);
        let words = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        Ok(Choices {
            models: shown.filter_map(model).collect(),
            sandboxes: words(["read-only", "workspace-write", "danger-full-access"]),
            approval_policies: words(["untrusted", "on-request", "never"]),
            ..Choices::default()
        })
    }

    async fn shutdown(&self) {
        self.keeper.shutdown().await;
    }
}

/// Reads a model codex offers.
fn model(it: &Value) -> Option<Model> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let efforts = it["supportedReasoningEfforts"].as_array().into_iter().flatten();
    Some(Model {
        id: text(&it["model"])?,
        name: text(&it["displayName"]).unwrap_or_default(),
        efforts: efforts.filter_map(|effort| text(&effort["reasoningEffort"])).collect(),
    })
}

/// Gives the prompt, and returns the turn's name.
async fn begin(
    place: &Place,
    task: &TaskId,
    prompt: &Prompt,
    settings: &Settings,
) -> Result<String, AgentError> {
    let active = record::is_active(&place.ear.client, &place.ear.thread).await;
    if active.map_err(failure::of_query)? {
        // Codex would take the prompt as a word to the turn that runs.
        return Err(busy());
    }
    let mut params = Map::new();
    params.insert("threadId".to_owned(), json!(place.ear.thread));
    params.insert("clientUserMessageId".to_owned(), json!(task));
    params.insert("input".to_owned(), json!(input(prompt)));
    params.insert("cwd".to_owned(), json!(settings.workdir));
    params.insert("approvalPolicy".to_owned(), json!(settings.approval_policy));
    params.insert("approvalsReviewer".to_owned(), json!("user"));
    params.insert("sandboxPolicy".to_owned(), sandbox_policy(place, settings));
    let chosen = usual::complete(&place.ear.client, settings).await;
    if let Some(model) = &chosen.model {
        params.insert("model".to_owned(), json!(model));
    }
    if let Some(effort) = &chosen.effort {
        params.insert("effort".to_owned(), json!(effort));
    }
    place.ear.client.newborn.store(false, Ordering::Relaxed);
    let started =
        place.ear.client.call("turn/start", params.into()).await.map_err(failure::of_deed)?;
    let id = started["turn"]["id"].as_str();
    id.map(str::to_owned)
        .ok_or_else(|| AgentError::Unclear("Codex did not name the turn.".to_owned()))
}

/// The text, and each picture as one to look at.
fn input(prompt: &Prompt) -> Vec<Value> {
    let text = json!({ "type": "text", "text": prompt.text });
    let picture = |path: &PathBuf| json!({ "type": "localImage", "path": path });
    std::iter::once(text).chain(prompt.pictures.iter().map(picture)).collect()
}

fn busy() -> AgentError {
    AgentError::Later("Codex is still at another task in this conversation.".to_owned())
}

/// What a thread is opened with.
fn thread_params(settings: &Settings) -> Map<String, Value> {
    let mut params = Map::new();
    params.insert("cwd".to_owned(), json!(settings.workdir));
    params.insert("sandbox".to_owned(), json!(settings.sandbox));
    params.insert("approvalPolicy".to_owned(), json!(settings.approval_policy));
    params.insert("approvalsReviewer".to_owned(), json!("user"));
    if let Some(model) = &settings.model {
        params.insert("model".to_owned(), json!(model));
    }
    params
}

/// The sandbox of this turn. If it is the one the thread has, then with all that the person's own
/// codex settings say of it.
fn sandbox_policy(place: &Place, settings: &Settings) -> Value {
    let kind = match settings.sandbox.as_str() {
        "danger-full-access" => "dangerFullAccess",
        "workspace-write" => "workspaceWrite",
        // Anything else is no reason to allow more.
        _ => "readOnly",
    };
    let kept = place.ear.client.kept(&place.ear.thread).filter(|kept| kept["type"] == kind);
    kept.unwrap_or_else(|| json!({ "type": kind }))
}

/// Says who is logged in, or what to do.
async fn login(client: &Client) -> Result<String, AgentError> {
    if client.logged_in.load(Ordering::Relaxed) {
        return Ok("logged in".to_owned());
    }
    let params = json!({ "refreshToken": false });
    let read = client.call("account/read", params).await.map_err(failure::of_query)?;
    let login = match read["account"]["type"].as_str() {
        Some("chatgpt") => "logged in with ChatGPT",
        Some("apiKey") => "logged in with an API key",
        Some(_) => "logged in",
        None if read["requiresOpenaiAuth"] == true => {
            let warnings = client.warnings();
            let logged_out = words::codex_logged_out(warnings);
            return Err(AgentError::Refused(logged_out.map(|text| text.trim_end().to_owned())));
        }
        None => "with a model provider of its own",
    };
    client.logged_in.store(true, Ordering::Relaxed);
    Ok(login.to_owned())
}

/// Says so if PoCo is not tested with this version.
fn untested(version: &str) -> Option<String> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let known = (parts.next().flatten()?, parts.next().flatten()?);
    let [from, to] = TESTED;
    (known < from || known > to).then(|| {
        format!(
            " (PoCo is tested with {}.{} to {}.{}; some things may not work)",
            from.0, from.1, to.0, to.1
        )
    })
}

#[cfg(test)]
mod tests {
    use super::untested;

    #[test]
    fn versions_outside_the_range_are_told() {
        assert!(untested("0.169.0").is_none() && untested("0.160.2").is_none());
        assert!(untested("0.170.0").is_some() && untested("1.0.0").is_some());
    }
}
