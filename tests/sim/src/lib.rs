//! The outside world of PoCo, played on loopback: a strict Feishu and a scripted model.

#![expect(clippy::unwrap_used, reason = "test support: a broken simulator must stop the test")]

pub mod feishu;
pub mod model;
