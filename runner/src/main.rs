//! The `poco` command.

fn main() {}
