//! What people see, told as small stories, and what holds whatever happens.

#![expect(clippy::unwrap_used, reason = "a test stops where it goes wrong")]

mod approvals;
mod broken;
mod cards;
mod door;
mod faults;
mod languages;
mod laws;
mod line;
mod lobby;
mod records;
mod setup;
mod tasks;
mod words;
