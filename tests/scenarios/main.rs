//! What people see, told as small stories, and what holds whatever happens.

#![expect(clippy::unwrap_used, reason = "a test stops where it goes wrong")]

mod approvals;
mod broken;
mod cards;
mod door;
mod faults;
mod files;
mod jobs;
mod languages;
mod laws;
mod line;
mod lobby;
mod mask;
mod people;
mod python;
mod records;
mod rights;
mod runners;
mod setup;
mod taken;
mod tasks;
mod topics;
mod words;
