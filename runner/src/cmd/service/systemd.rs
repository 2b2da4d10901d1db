//! A unit of systemd, for one user.

use super::{Service, call};
use std::path::{Path, PathBuf};

/// The unit's name.
pub(super) const UNIT: &str = "poco.service";

pub(super) fn path(user: &Path) -> PathBuf {
    let elsewhere = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = elsewhere.filter(|path| path.is_absolute());
    config.unwrap_or_else(|| user.join(".config")).join("systemd/user").join(UNIT)
}

pub(super) async fn load() -> anyhow::Result<()> {
    call("systemctl", &["--user", "daemon-reload"]).await?;
    call("systemctl", &["--user", "enable", UNIT]).await?;
    // One that ran with an older file runs with this one now.
    call("systemctl", &["--user", "restart", UNIT]).await
}

pub(super) async fn unload() -> anyhow::Result<()> {
    call("systemctl", &["--user", "disable", "--now", UNIT]).await
}

pub(super) fn text(service: &Service) -> String {
    let Service { program, words, environment, log: _ } = service;
    // A dollar sign stands for something in a command, and for itself in a variable.
    let program = quoted(&program.to_string_lossy().replace('$', "$$"));
    let words = words.join(" ");
    let set = |(name, value): &(&str, String)| {
        format!("Environment={}\n", quoted(&format!("{name}={value}")))
    };
    let environment: String = environment.iter().map(set).collect();
    format!(
        "[Unit]
Description=PoCo, coding agents from a chat
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={program} {words}
{environment}# Stopping brings what runs to a safe point, which takes up to 20 s.
KillSignal=SIGTERM
TimeoutStopSec=40
# PoCo ends its agents itself. If it crashes they go on, and the next one joins them.
KillMode=process
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
UMask=0077

[Install]
WantedBy=default.target
"
    )
}

/// Writes a word as systemd reads it back.
fn quoted(text: &str) -> String {
    let text = specifiers(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

/// A per cent sign stands for something, unless it is written twice.
fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}
