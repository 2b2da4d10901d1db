//! What a running server tells the commands of its owner, in a file only they can read.

use super::{Home, random_hex, write_private};
use poco_io::secret::Secret;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// One server, from its start to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// Tells this run from every other; `/health` says it as `instance`.
    pub id: String,
    pub pid: u32,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_at: u64,
    /// The host it was told to listen on.
    pub host: String,
    /// Where it really listens.
    pub address: SocketAddr,
    /// Opens the `/admin` routes.
    #[serde(with = "exposed")]
    pub admin_token: Secret,
    pub version: String,
}

impl Instance {
    /// Describes this process.
    pub fn here(id: String, host: &str, address: SocketAddr) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            id,
            pid: std::process::id(),
            started_at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            host: host.to_owned(),
            address,
            admin_token: Secret::new(random_hex::<32>()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Reads what was last written, whether or not that server still runs.
    pub fn read(home: &Home) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(home.instance_file()).ok()?).ok()
    }

    pub fn write(&self, home: &Home) -> anyhow::Result<()> {
        write_private(&home.instance_file(), &serde_json::to_string_pretty(self)?)
    }

    /// Takes the file away at the end, unless it is another's by now.
    pub fn remove(&self, home: &Home) {
        if Self::read(home).is_some_and(|found| found.id == self.id) {
            let _ = std::fs::remove_file(home.instance_file());
        }
    }

    /// Returns the URL under which this machine reaches it.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            });
        }
        format!("http://{address}")
    }
}

mod exposed {
    use poco_io::secret::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
