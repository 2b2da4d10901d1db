//! Everything that touches the world: ports, the adapters behind them, and the `App` that joins
//! them to the core.

pub mod app;
#[cfg(feature = "aws")]
pub mod aws;
pub mod body;
pub mod chats;
pub mod clock;
pub mod config;
mod digest;
pub mod feishu;
pub mod keyring;
pub mod mask;
pub mod open;
pub mod port;
pub mod queue;
mod record;
pub mod secret;
#[cfg(feature = "aws")]
pub mod secrets;
pub mod store;
pub mod tls;
