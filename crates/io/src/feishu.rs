//! Feishu (and Lark): the only place that knows the platform's JSON.

pub mod answer;
mod call;
mod cardkit;
mod chat;
mod client;
pub mod door;
mod error;
pub mod files;
#[cfg(feature = "socket")]
mod frame;
mod glance;
pub mod inbound;
mod lane;
mod look;
mod made;
mod pacer;
mod post;
mod recent;
pub mod registration;
pub mod render;
#[cfg(feature = "socket")]
pub mod socket;
mod token;
pub mod trial;
pub mod verify;
pub mod webhook;

pub use client::{Bot, Feishu, http_client};
pub use error::{Class, Rejected};
pub use recent::Outbound;
