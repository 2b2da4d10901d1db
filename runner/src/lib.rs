//! Runs agents for chats.

pub mod agent;
pub mod cli;
mod cmd;
mod folder;
pub mod home;
pub mod live;
mod out;
mod rpc;
mod seat;
mod seats;
pub mod settle;
