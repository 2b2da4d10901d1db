//! All of it: real PoCo processes on SQLite, the real codex on a scripted model, a strict Feishu.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod approvals;
mod doctor;
mod files;
mod flows;
mod found;
mod history;
mod import;
mod kill;
mod life;
mod pairing;
mod people;
mod place;
mod projects;
mod python;
mod queue;
mod stage;
mod strangers;
