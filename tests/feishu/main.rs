//! What goes over the wire to and from Feishu.

mod render;
