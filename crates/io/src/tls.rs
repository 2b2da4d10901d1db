//! Whom to believe that a server is who it says it is.

#[cfg(feature = "aws")]
use anyhow::Context;

/// The authorities that are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Those of this system: a company may have its own.
    System,
    /// Those that came with this program. Reading the system's is a good part of what a function
    /// would take to start.
    #[cfg(feature = "aws")]
    BuiltIn,
}

impl Roots {
    /// Has a client believe them.
    pub fn trust(self, client: reqwest::ClientBuilder) -> anyhow::Result<reqwest::ClientBuilder> {
        // Fails if somebody chose a provider before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        match self {
            Self::System => Ok(client),
            #[cfg(feature = "aws")]
            Self::BuiltIn => {
                let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
                let roots = rustls::RootCertStore { roots: roots.collect() };
                let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
                let config = rustls::ClientConfig::builder_with_provider(provider);
                let config = config.with_safe_default_protocol_versions().context("set up TLS")?;
                let config = config.with_root_certificates(roots).with_no_client_auth();
                Ok(client.tls_backend_preconfigured(config))
            }
        }
    }
}
