//! Reads the bodies of requests, within bounds of size and time.

use axum::body::Body;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::timeout;

/// How long a client may take to send a body.
const WAIT: Duration = Duration::from_secs(10);

/// How much more than its limit of a body is read, and forgotten: a client that still sends would
/// not hear the answer.
const SPILL_MAX: usize = 4 * 1024 * 1024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("The body is too large.")]
    TooLarge,
    #[error("The body took too long to come.")]
    TooSlow,
    #[error("The body broke off.")]
    BrokenOff,
}

/// Reads a body of at most `max` bytes.
pub async fn read(body: Body, max: usize) -> Result<Vec<u8>, Unread> {
    timeout(WAIT, collect(body, max)).await.unwrap_or(Err(Unread::TooSlow))
}

async fn collect(body: Body, max: usize) -> Result<Vec<u8>, Unread> {
    let (mut bytes, mut size) = (vec![], 0);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Unread::BrokenOff)?;
        size += piece.len();
        if size <= max {
            bytes.extend_from_slice(&piece);
        } else if size > max + SPILL_MAX {
            break;
        }
    }
    if size > max { Err(Unread::TooLarge) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read(Body::from("12345"), 5).await, Ok(b"12345".to_vec()));
        assert_eq!(read(Body::from("123456"), 5).await, Err(Unread::TooLarge));
        let endless = Body::from_stream(futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(vec![0u8; 1024 * 1024])
        }));
        assert_eq!(read(endless, 5).await, Err(Unread::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let stalled = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        assert_eq!(read(Body::from_stream(stalled), 5).await, Err(Unread::TooSlow));
    }
}
