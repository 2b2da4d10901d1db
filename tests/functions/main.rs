//! The functions as Lambda runs them: the real programs, the services emulated, Feishu simulated.

#![expect(clippy::unwrap_used, reason = "what goes wrong must stop the test")]

mod answers;
mod burst;
mod busy;
mod calls;
mod deployed;
mod shaky;
mod stage;
mod strangers;
mod sweep;
mod watched;
