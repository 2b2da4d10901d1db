//! Runs agents for chats.

pub mod agent;
pub mod cli;
mod cmd;
mod folder;
pub mod home;
mod http;
mod listen;
mod live;
mod offers;
mod out;
mod pairing;
mod presence;
mod rpc;
mod seat;
mod seats;
pub mod serve;
mod settle;
mod traffic;
