//! Where jobs wait for a runner.

mod line;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "aws")]
pub mod sqs;

pub(crate) use line::Line;
pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::load;
#[cfg(feature = "aws")]
pub use sqs::Sqs;
