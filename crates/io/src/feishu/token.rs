//! The token that opens every call: fetched once for all who need it, renewed in time.

use super::error::Rejected;
use crate::secret::Secret;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A token as the platform hands it out.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) token: Secret,
    pub(super) lasts: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// How many fetches have ended: tells whoever waited for one that it has.
    fetches: AtomicU64,
    held: Mutex<Option<Result<Held, Rejected>>>,
}

#[derive(Clone, Debug)]
struct Held {
    token: Secret,
    until: Instant,
}

impl Tokens {
    /// Returns a token that lasts, and fetches one if there is none. Whoever asks meanwhile waits
    /// for that fetch and shares what came of it.
    pub(super) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Secret, Rejected>
    where
        F: Future<Output = Result<Issued, Rejected>>,
    {
        let before = self.fetches.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        match &*held {
            Some(Ok(held)) if Instant::now() < held.until => return Ok(held.token.clone()),
            Some(Err(rejected)) if self.fetches.load(Ordering::Acquire) != before => {
                return Err(rejected.clone());
            }
            Some(_) | None => {}
        }
        let fetched = fetch().await.map(|issued| {
            let margin = MARGIN.min(issued.lasts / 2);
            Held { token: issued.token, until: Instant::now() + issued.lasts - margin }
        });
        self.fetches.fetch_add(1, Ordering::Release);
        *held = Some(fetched.clone());
        fetched.map(|held| held.token)
    }

    /// Gives up a token that was not accepted, unless it has been replaced since.
    pub(super) async fn forget(&self, token: &Secret) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|it| matches!(it, Ok(it) if it.token.matches(token.expose())))
        {
            *held = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::atomic::AtomicUsize;

    async fn issue(count: &AtomicUsize, seconds: u64) -> Result<Issued, Rejected> {
        let n = count.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(Issued { token: Secret::new(format!("t-{n}")), lasts: Duration::from_secs(seconds) })
    }

    #[tokio::test(start_paused = true)]
    async fn all_callers_share_one_fetch_until_five_minutes_before_the_end() {
        let (tokens, count) = (Tokens::default(), AtomicUsize::new(0));
        let all = join_all((0..50).map(|_| tokens.get(|| issue(&count, 7_200)))).await;
        assert!(all.iter().all(|it| it.as_ref().is_ok_and(|it| it.matches("t-0"))));
        tokio::time::advance(Duration::from_secs(7_200 - 301)).await;
        assert!(tokens.get(|| issue(&count, 7_200)).await.expect("one").matches("t-0"));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(tokens.get(|| issue(&count, 7_200)).await.expect("one").matches("t-1"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_token_that_failed_is_forgotten() {
        let (tokens, count) = (Tokens::default(), AtomicUsize::new(0));
        let first = tokens.get(|| issue(&count, 7_200)).await.expect("one");
        tokens.forget(&first).await;
        let second = tokens.get(|| issue(&count, 7_200)).await.expect("one");
        tokens.forget(&first).await;
        assert!(tokens.get(|| issue(&count, 7_200)).await.expect("one").matches(second.expose()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waited_shares_a_failure_and_the_next_tries_again() {
        let (tokens, count) = (Tokens::default(), AtomicUsize::new(0));
        let fail = || async {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            Err(Rejected::unanswered("token", "down"))
        };
        let all = join_all((0..20).map(|_| tokens.get(fail))).await;
        assert!(all.iter().all(Result::is_err));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert!(tokens.get(|| issue(&count, 7_200)).await.is_ok());
    }
}
