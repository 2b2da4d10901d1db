//! Runs agents for chats.

pub mod agent;
mod rpc;
