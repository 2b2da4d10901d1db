//! Feishu (and Lark): the only place that knows the platform's JSON.

pub mod render;
