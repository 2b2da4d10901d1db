//! The app's secrets as they are now: kept for a while, and read anew when they prove wrong, so that
//! changing them needs no restart.

use crate::feishu::verify::Verifier;
use crate::mask::Mask;
use crate::secret::Secret;
use async_trait::async_trait;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long secrets are taken to be right. One that was withdrawn is not accepted longer.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// How soon they may be read again because they proved wrong: whoever sends what is not Feishu's
/// must not be able to have us ask all the time.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

/// How long reading them anew may take. Feishu waits three seconds for an answer.
const READ_WITHIN: Duration = Duration::from_millis(800);

/// What the app and we share.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub app_secret: Secret,
    pub encrypt_key: Option<Secret>,
    pub verification_token: Option<Secret>,
}

/// Where the secrets are kept.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Reads them as they are now; `old` is what we have.
    async fn read(&self, old: &Keys) -> anyhow::Result<Keys>;
}

/// Holds the secrets. Cheap to clone; clones share all.
#[derive(Clone)]
pub struct Keyring {
    keeper: Option<Arc<dyn Keeper>>,
    held: Arc<Mutex<Held>>,
    /// One reads at a time; the others wait for what comes of it.
    reading: Arc<tokio::sync::Mutex<()>>,
}

struct Held {
    keys: Keys,
    /// Counts how often they were read.
    edition: u64,
    /// When they were read last, or could not be.
    tried: Instant,
    /// Learns of secrets before they are in use.
    mask: Mask,
}

impl Keyring {
    /// Holds secrets that never change.
    pub fn fixed(keys: Keys) -> Self {
        Self::new(keys, None)
    }

    /// Holds secrets that are read anew from where they are kept.
    pub fn kept_by(keeper: Arc<dyn Keeper>, keys: Keys) -> Self {
        Self::new(keys, Some(keeper))
    }

    fn new(keys: Keys, keeper: Option<Arc<dyn Keeper>>) -> Self {
        let held = Held { keys, edition: 0, tried: Instant::now(), mask: Mask::default() };
        Self { keeper, held: Arc::new(Mutex::new(held)), reading: Arc::default() }
    }

    /// Has a mask know these secrets, and all that take their place. What was a secret stays masked.
    #[must_use]
    pub fn teaching(self, mask: &Mask) -> Self {
        let mut held = self.held();
        mask.learn(held.keys.named());
        held.mask = mask.clone();
        drop(held);
        self
    }

    /// Takes them to have been read so long ago that they may be read again, for tests: their clock
    /// is the system's.
    #[must_use]
    pub fn read_long_ago(self) -> Self {
        let long = AGAIN_AFTER + Duration::from_secs(1);
        let mut held = self.held();
        held.tried = held.tried.checked_sub(long).unwrap_or(held.tried);
        drop(held);
        self
    }

    /// Returns the secrets as they were last read.
    pub fn keys(&self) -> Keys {
        self.held().keys.clone()
    }

    /// Returns the secrets, read anew if they are old. Those there are stay if that fails.
    pub async fn fresh(&self) -> Edition {
        let (now, tried) = self.edition();
        if self.keeper.is_some() && tried.elapsed() > GOOD_FOR {
            self.read(now.number).await;
            return self.edition().0;
        }
        now
    }

    /// Secrets proved wrong: returns those that took their place, if there are any.
    pub async fn instead_of(&self, wrong: &Edition) -> Option<Edition> {
        let (now, tried) = self.edition();
        if now.number == wrong.number && tried.elapsed() > AGAIN_AFTER {
            self.read(wrong.number).await;
        }
        Some(self.edition().0).filter(|now| now.number != wrong.number)
    }

    /// Returns what is held, and when it was read last.
    fn edition(&self) -> (Edition, Instant) {
        let held = self.held();
        (Edition { keys: held.keys.clone(), number: held.edition }, held.tried)
    }

    /// Reads the secrets, unless somebody did since the edition of this number.
    async fn read(&self, number: u64) {
        let Some(keeper) = &self.keeper else { return };
        let _turn = self.reading.lock().await;
        let (Edition { keys, number: now }, _) = self.edition();
        if now != number {
            return;
        }
        self.held().tried = Instant::now();
        match timeout(READ_WITHIN, keeper.read(&keys)).await {
            Ok(Ok(keys)) => {
                let mut held = self.held();
                let changed = !held.keys.is_same(&keys);
                held.mask.learn(keys.named());
                held.keys = keys;
                held.edition += u64::from(changed);
                if changed {
                    tracing::info!("the app's secrets changed; the new ones are in use");
                }
            }
            Ok(Err(error)) => tracing::warn!("the app's secrets could not be read: {error:#}"),
            Err(_) => tracing::warn!("the app's secrets could not be read in time"),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Secrets, and which of those there were in time they are.
#[derive(Clone, Debug)]
pub struct Edition {
    pub keys: Keys,
    number: u64,
}

impl Keys {
    /// Returns what makes sure that a request comes from Feishu.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.verification_token.clone(), self.encrypt_key.clone())
    }

    /// Returns what is set, each with the name of its setting.
    fn named(&self) -> Vec<(String, String)> {
        let all = [
            ("POCO_FEISHU_APP_SECRET", Some(&self.app_secret)),
            ("POCO_FEISHU_ENCRYPT_KEY", self.encrypt_key.as_ref()),
            ("POCO_FEISHU_VERIFICATION_TOKEN", self.verification_token.as_ref()),
        ];
        let set = |(name, secret): (&str, Option<&Secret>)| {
            let secret = secret?.expose();
            (!secret.is_empty()).then(|| (name.to_owned(), secret.to_owned()))
        };
        all.into_iter().filter_map(set).collect()
    }

    fn is_same(&self, other: &Self) -> bool {
        let expose = |secret: &Option<Secret>| secret.as_ref().map(|it| it.expose().to_owned());
        self.app_secret.matches(other.app_secret.expose())
            && expose(&self.encrypt_key) == expose(&other.encrypt_key)
            && expose(&self.verification_token) == expose(&other.verification_token)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    struct Vault {
        reads: AtomicU64,
        secret: Mutex<Option<String>>,
    }

    #[async_trait]
    impl Keeper for Vault {
        async fn read(&self, old: &Keys) -> anyhow::Result<Keys> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            let secret = self.secret.lock().unwrap().clone();
            let secret = secret.ok_or_else(|| anyhow::anyhow!("the vault is shut"))?;
            Ok(Keys { app_secret: Secret::new(secret), ..old.clone() })
        }
    }

    fn ring() -> (Arc<Vault>, Keyring) {
        let vault = Arc::new(Vault::default());
        let keys = Keys { app_secret: Secret::new("old"), ..Keys::default() };
        (vault.clone(), Keyring::kept_by(vault, keys))
    }

    #[tokio::test(start_paused = true)]
    async fn what_proved_wrong_is_read_anew_and_not_all_the_time() {
        let (vault, ring) = ring();
        let old = ring.fresh().await;
        tokio::time::advance(AGAIN_AFTER * 2).await;
        *vault.secret.lock().unwrap() = Some("new".to_owned());
        let both = tokio::join!(ring.instead_of(&old), ring.instead_of(&old));
        assert!(both.0.is_some_and(|new| new.keys.app_secret.matches("new")));
        assert!(both.1.is_some_and(|new| new.keys.app_secret.matches("new")));
        assert_eq!(vault.reads.load(Ordering::Relaxed), 1, "one reads for both");
        let new = ring.fresh().await;
        for _ in 0..50 {
            assert!(ring.instead_of(&new).await.is_none(), "somebody sends nonsense");
        }
        assert_eq!(vault.reads.load(Ordering::Relaxed), 1);
        tokio::time::advance(AGAIN_AFTER * 2).await;
        assert!(ring.instead_of(&new).await.is_none(), "they are the same still");
        assert_eq!(vault.reads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mask_knows_what_takes_the_place_of_a_secret() {
        let vault = Arc::new(Vault::default());
        let keys = Keys {
            app_secret: Secret::new("the-first-secret"),
            encrypt_key: Some(Secret::new("the-encrypt-key")),
            ..Keys::default()
        };
        let mask = Mask::default();
        let ring = Keyring::kept_by(vault.clone(), keys).teaching(&mask);
        let shown = |text: &str| mask.text(text);
        assert_eq!(shown("the-first-secret the-encrypt-key").matches("•••").count(), 2);
        assert_eq!(shown("the-second-one"), "the-second-one");
        *vault.secret.lock().unwrap() = Some("the-second-one".to_owned());
        tokio::time::advance(AGAIN_AFTER * 2).await;
        let old = ring.fresh().await;
        assert!(ring.clone().instead_of(&old).await.is_some(), "a clone reads for all");
        assert_eq!(shown("the-second-one"), "•••(POCO_FEISHU_APP_SECRET)");
        assert_eq!(shown("the-first-secret"), "•••(POCO_FEISHU_APP_SECRET)", "it was one");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_is_read_anew_and_stays_if_that_fails() {
        let (vault, ring) = ring();
        tokio::time::advance(GOOD_FOR + Duration::from_secs(1)).await;
        assert!(ring.fresh().await.keys.app_secret.matches("old"), "the vault is shut");
        *vault.secret.lock().unwrap() = Some("new".to_owned());
        assert!(ring.fresh().await.keys.app_secret.matches("old"), "it was asked just now");
        tokio::time::advance(GOOD_FOR + Duration::from_secs(1)).await;
        assert!(ring.fresh().await.keys.app_secret.matches("new"));
        let fixed = Keyring::fixed(Keys::default());
        tokio::time::advance(GOOD_FOR * 2).await;
        let keys = fixed.fresh().await;
        assert!(fixed.instead_of(&keys).await.is_none());
    }
}
