//! What goes over the wire to and from Feishu.

mod inbound;
mod render;
mod verify;
