//! Runs agents for chats.

pub mod agent;
pub mod cli;
mod cmd;
mod files;
mod folder;
pub mod home;
mod http;
mod listen;
mod live;
mod offers;
mod out;
mod pairing;
mod parcel;
mod presence;
mod rpc;
mod seat;
mod seats;
mod secrets;
pub mod serve;
mod settle;
mod traffic;
