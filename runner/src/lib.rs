//! Runs agents for chats.

pub mod agent;
mod folder;
pub mod live;
mod rpc;
mod seat;
mod seats;
pub mod settle;
