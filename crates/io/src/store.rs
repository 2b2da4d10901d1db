//! Where documents are kept.

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Connection;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
