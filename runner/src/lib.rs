//! Runs agents for chats.

pub mod agent;
pub mod cli;
mod cmd;
pub mod home;
mod out;
pub mod serve;
