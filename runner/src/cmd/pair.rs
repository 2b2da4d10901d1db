//! `poco pair`: a one-time code that makes somebody the owner.

use super::announce::pairing_step;
use super::client::Client;
use crate::out::Out;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(_args: Args, out: Out) -> anyhow::Result<u8> {
    let instance = super::running(&super::home()?)?;
    let pairing = Client::new(&instance)?.pair().await?;
    let next = pairing_step(&pairing);
    out.line(&format!("Next: {next}"))?;
    out.value(&json!({
        "ok": true,
        "code": pairing.code,
        "expires_in_seconds": pairing.expires_in_seconds,
        "next": next,
    }))?;
    Ok(0)
}
