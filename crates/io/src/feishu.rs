//! Feishu (and Lark): the only place that knows the platform's JSON.

pub mod answer;
mod call;
mod cardkit;
mod chat;
mod client;
pub mod door;
mod error;
mod glance;
pub mod inbound;
mod lane;
mod look;
mod made;
mod pacer;
mod post;
mod recent;
pub mod render;
mod token;
pub mod verify;
pub mod webhook;

pub use client::{Bot, Feishu, http_client};
pub use error::{Class, Rejected};
pub use recent::Outbound;
