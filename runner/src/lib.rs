//! Runs agents for chats.
