//! Every agent, held to what PoCo expects of it. Codex is the real one, on a scripted model.

#![expect(clippy::unwrap_used, reason = "tests")]

mod acp;
mod asking;
mod basics;
mod conformance;
mod deaths;
mod failures;
mod finding;
mod stage;
mod stub;
