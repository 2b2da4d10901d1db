//! Feishu (and Lark): the only place that knows the platform's JSON.

pub mod answer;
#[cfg(feature = "socket")]
mod frame;
pub mod inbound;
pub mod render;
#[cfg(feature = "socket")]
pub mod socket;
pub mod verify;
