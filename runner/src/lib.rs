//! Runs agents for chats.

pub mod agent;
pub mod agents;
mod folder;
pub mod live;
mod rpc;
mod seat;
mod seats;
pub mod settle;
