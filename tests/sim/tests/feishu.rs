//! The simulated Feishu refuses what the real one refuses.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "feishu/app.rs"]
mod app;
#[path = "feishu/callbacks.rs"]
mod callbacks;
#[path = "feishu/cardkit.rs"]
mod cardkit;
#[path = "feishu/cards.rs"]
mod cards;
#[path = "feishu/chats.rs"]
mod chats;
#[path = "feishu/connection.rs"]
mod connection;
#[path = "feishu/files.rs"]
mod files;
#[path = "feishu/messages.rs"]
mod messages;
#[path = "feishu/tokens.rs"]
mod tokens;
#[path = "feishu/webhooks.rs"]
mod webhooks;
