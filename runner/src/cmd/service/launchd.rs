//! An agent of launchd, for one user.

use super::{Service, asked, call};
use anyhow::Context;
use std::path::{Path, PathBuf};

const LABEL: &str = "dev.poco.poco";

pub(super) fn path(user: &Path) -> PathBuf {
    user.join("Library/LaunchAgents").join(format!("{LABEL}.plist"))
}

pub(super) async fn load(path: &Path) -> anyhow::Result<()> {
    let path = path.to_str().context("read the path of the file")?;
    // One that is there with an older file makes way.
    let _ = asked("launchctl", &["bootout", &service()]).await?;
    call("launchctl", &["bootstrap", &domain(), path]).await
}

pub(super) async fn unload(_: &Path) -> anyhow::Result<()> {
    // One that is not loaded is as good as stopped.
    let _ = asked("launchctl", &["bootout", &service()]).await?;
    Ok(())
}

pub(super) async fn start() -> anyhow::Result<()> {
    call("launchctl", &["kickstart", &service()]).await
}

pub(super) async fn is_running() -> anyhow::Result<bool> {
    asked("launchctl", &["print", &service()]).await
}

fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

fn service() -> String {
    format!("{}/{LABEL}", domain())
}

pub(super) fn text(service: &Service) -> String {
    let Service { program, words, environment, log } = service;
    let string = |text: &str| format!("    <string>{}</string>\n", escaped(text));
    let program = program.to_string_lossy();
    let words: String =
        std::iter::once(&*program).chain(words.iter().copied()).map(string).collect();
    let set = |(name, value): &(&str, String)| {
        format!("    <key>{}</key>\n{}", escaped(name), string(value))
    };
    let environment: String = environment.iter().map(set).collect();
    let log = escaped(&log.to_string_lossy());
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  <key>ProgramArguments</key>
  <array>
{words}  </array>
  <key>EnvironmentVariables</key>
  <dict>
{environment}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ExitTimeOut</key>
  <integer>40</integer>
  <key>Umask</key>
  <integer>63</integer>
  <key>StandardOutPath</key>
  <string>{log}</string>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
