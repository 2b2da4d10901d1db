//! Runs agents for chats.

pub mod agent;
pub mod home;
pub mod serve;
