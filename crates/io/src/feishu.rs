//! Feishu (and Lark): the only place that knows the platform's JSON.

pub mod answer;
pub mod inbound;
pub mod render;
pub mod verify;
