//! The Feishu adapter, against a strict simulator of the platform and the platform's own vectors.

mod cards;
mod faults;
mod files;
mod inbound;
mod registration;
mod render;
mod setup;
mod soak;
mod socket;
mod streaming;
mod support;
mod verify;
