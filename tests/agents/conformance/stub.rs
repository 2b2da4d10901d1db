//! The stub in the suite: it has no model, and echoes.

use super::Fixture;
use async_trait::async_trait;
use poco_core::Settings;
use poco_runner::agent::Agent;
use poco_runner::agent::stub::Stub;
use poco_sim::model::Model;
use std::path::Path;

pub(super) struct Stubbed {
    stub: Stub,
    settings: Settings,
}

#[async_trait]
impl Fixture for Stubbed {
    async fn new() -> Self {
        Self { stub: Stub::default(), settings: crate::stub::settings() }
    }

    fn folder(&self) -> &Path {
        Path::new("/nowhere")
    }

    fn agent(&self) -> &dyn Agent {
        &self.stub
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn restart(&mut self) {
        self.stub = Stub::default();
    }

    fn model(&self) -> &Model {
        panic!("the stub has no model")
    }

    fn uninstall(&mut self) -> &'static str {
        panic!("the stub is always there")
    }

    fn log_out(&mut self) -> &'static str {
        panic!("nobody logs in to the stub")
    }

    fn answer(&self, words: &str) -> String {
        format!("Stub result for: {words}")
    }

    fn slowly(&self) -> String {
        "piece 0 piece 1 piece 2 ".to_owned()
    }

    /// It does not wait.
    fn go_on(&self) {}

    fn asks(&self, command: &str) -> String {
        format!("ask: {command}")
    }

    fn long(&self, bytes: usize) -> String {
        "x".repeat(bytes)
    }

    fn was_told(&self, _words: &str) -> bool {
        false
    }

    /// What it is steered by it echoes, as what it is given.
    fn turns(&self, prompt: &str) -> usize {
        usize::from(prompt != "too late")
    }
}
