//! What time it is.

use poco_core::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time now.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
