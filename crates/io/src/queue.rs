//! Where jobs wait for a runner.

mod line;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(crate) use line::Line;
pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::load;
