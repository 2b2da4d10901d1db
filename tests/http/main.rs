//! Everything that can be asked over HTTP of a real PoCo, by those who may and those who may not.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod cards;
mod door;
mod feishu;
mod kit;
mod odd;
mod shape;
mod slow;
mod webhook;
