//! The model and effort of a turn for which none is chosen.
//!
//! What a turn is started with holds for the thread's later turns too, and when it is opened again.
//! So what is usual can't be left out: it is looked up in codex's own settings, and sent.

use super::client::Client;
use poco_core::Settings;
use serde_json::{Value, json};

/// Fills in what nobody chose. What codex does not tell stays as it is.
pub(super) async fn complete(client: &Client, settings: &Settings) -> Settings {
    if settings.model.is_some() && settings.effort.is_some() {
        return settings.clone();
    }
    let asked = json!({ "cwd": settings.workdir, "includeLayers": false });
    let read = client.call("config/read", asked).await.unwrap_or_else(|error| {
        tracing::warn!("codex does not tell its settings: {error}");
        Value::Null
    });
    let configured = |key: &str| read["config"][key].as_str().map(str::to_owned);
    let mut filled = settings.clone();
    filled.model = filled.model.or_else(|| configured("model"));
    filled.effort = filled.effort.or_else(|| configured("model_reasoning_effort"));
    if filled.model.is_some() && filled.effort.is_some() {
        return filled;
    }
    let models = client.models().await.unwrap_or_else(|error| {
        tracing::warn!("codex does not list its models: {error}");
        Value::Null
    });
    // Codex's settings being unread, its default is not known to be the usual one.
    if read["config"].is_object() {
        filled.model = filled.model.or_else(|| default_model(&models));
    }
    filled.effort = filled.effort.or_else(|| default_effort(&models, filled.model.as_deref()?));
    filled
}

fn listed(models: &Value) -> impl Iterator<Item = &Value> {
    models["data"].as_array().into_iter().flatten()
}

fn default_model(models: &Value) -> Option<String> {
    let model = listed(models).find(|model| model["isDefault"] == true)?;
    model["model"].as_str().map(str::to_owned)
}

fn default_effort(models: &Value, model: &str) -> Option<String> {
    let model = listed(models).find(|it| it["model"] == model)?;
    model["defaultReasoningEffort"].as_str().map(str::to_owned)
}
