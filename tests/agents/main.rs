//! Every agent, held to what PoCo expects of it. Codex and Claude Code are the real ones, on a scripted model.

#![expect(clippy::unwrap_used, reason = "tests")]

mod acp;
mod asking;
mod basics;
mod claude;
mod conformance;
mod deaths;
mod failures;
mod finding;
mod stage;
mod stub;
