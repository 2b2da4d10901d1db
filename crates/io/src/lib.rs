//! Everything that touches the world: ports, the adapters behind them, and the `App` that joins
//! them to the core.

pub mod app;
pub mod body;
pub mod chats;
pub mod config;
pub mod feishu;
pub mod port;
pub mod queue;
mod record;
pub mod secret;
pub mod store;
