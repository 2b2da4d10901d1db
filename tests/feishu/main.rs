//! The Feishu adapter against a strict simulator of the platform.

mod cards;
mod faults;
mod render;
mod setup;
mod streaming;
mod support;
