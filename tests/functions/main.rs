//! The functions as Lambda runs them: the real programs, the services emulated, Feishu simulated.

mod answers;
mod busy;
mod calls;
mod deployed;
mod gateway;
mod lambda;
mod shaky;
mod stage;
mod strangers;
