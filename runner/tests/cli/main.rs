//! The real `poco` program, as people and scripts meet it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud;
mod import;
mod join;
mod kit;
mod life;
mod output;
mod people;
mod qr;
mod runner;
mod service;
mod settings;
mod two;
