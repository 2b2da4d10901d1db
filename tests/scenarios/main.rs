//! What people see, told as small stories, and what holds whatever happens.

#![expect(clippy::unwrap_used, reason = "a test stops where it goes wrong")]

mod approvals;
mod broken;
mod door;
mod faults;
mod languages;
mod laws;
mod line;
mod lobby;
mod records;
mod tasks;
mod words;
