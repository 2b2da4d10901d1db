//! Where documents are kept.

#[cfg(feature = "aws")]
pub mod dynamo;
mod memory;
#[cfg(feature = "sqlite")]
pub mod python;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "aws")]
pub use dynamo::Dynamo;
pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Connection;
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
