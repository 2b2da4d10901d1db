//! Makes the one-time codes with which a person becomes the owner.

use anyhow::Context;
use poco_core::{Event, EventId, Fact, Timestamp};
use poco_io::app::App;

/// How long a code is good for, in minutes.
pub(crate) const MINUTES: u64 = 10;

/// Characters of a code.
const CHARS: usize = 8;

/// What codes are made of: nothing that is misread or misheard.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A code that was offered.
#[derive(Debug)]
pub(crate) struct Offer {
    /// As it is printed, with a dash in the middle.
    pub(crate) code: String,
}

/// Offers a new code in place of any before it. `None` if there is an owner.
pub(crate) async fn offer(app: &App) -> anyhow::Result<Option<Offer>> {
    let terms = app.terms().await?;
    if terms.owner.is_some() {
        return Ok(None);
    }
    let code = code()?;
    let at = (app.clock)();
    let until = Timestamp(at.0 + MINUTES * 60_000);
    let fact = Fact::PairingOffered { code: code.clone(), until };
    let id = EventId::new(format!("pairing-{}", crate::home::random_hex::<8>()));
    app.handle(Event { id, chat: terms.house, at, lang: None, fact })
        .await
        .context("offer a code")?;
    Ok(Some(Offer { code: format!("{}-{}", &code[..CHARS / 2], &code[CHARS / 2..]) }))
}

fn code() -> anyhow::Result<String> {
    let mut bytes = [0u8; CHARS];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    // 32 characters divide 256 evenly, so none comes up more often.
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}
