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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::process::Command;

    /// Reads a property list as its own library does, which no crate here comes with.
    fn read(plist: &str) -> serde_json::Value {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.plist");
        std::fs::write(&file, plist).unwrap();
        let script = "import json, plistlib, sys; \
                      print(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))";
        let said = Command::new("python3").args(["-c", script]).arg(file).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        serde_json::from_slice(&said.stdout).unwrap()
    }

    #[test]
    fn launchd_reads_what_was_meant_however_odd() {
        let odd = r#"/Users/ada & <bob>/"it's" 日本 ]]>"#;
        let service = Service {
            program: PathBuf::from(format!("{odd}/poco")),
            words: vec!["runner", "start", "--foreground", "--service"],
            environment: vec![
                ("PATH", "/bin:/usr/bin".to_owned()),
                ("AWS_PROFILE", odd.to_owned()),
            ],
            log: PathBuf::from(format!("{odd}/poco.log")),
        };
        let expected = serde_json::json!({
            "Label": "dev.poco.poco",
            "ProgramArguments":
                [format!("{odd}/poco"), "runner", "start", "--foreground", "--service"],
            "EnvironmentVariables": { "PATH": "/bin:/usr/bin", "AWS_PROFILE": odd },
            // Started with the session, and again after a crash, but not after an end in order.
            "RunAtLoad": true,
            "KeepAlive": { "SuccessfulExit": false },
            "ThrottleInterval": 10,
            // Agents outlive a crash; PoCo has time to bring what runs to a safe point.
            "AbandonProcessGroup": true,
            "ExitTimeOut": 40,
            // Nobody else reads what it writes: 077.
            "Umask": 0o077,
            "StandardOutPath": format!("{odd}/poco.log"),
            "StandardErrorPath": format!("{odd}/poco.log"),
        });
        assert_eq!(read(&text(&service)), expected);
        assert_eq!(
            path(Path::new("/Users/ada")),
            PathBuf::from("/Users/ada/Library/LaunchAgents/dev.poco.poco.plist")
        );
    }

    #[test]
    fn without_anything_to_pass_on_it_is_still_a_property_list() {
        let (program, log) = (PathBuf::from("/poco"), PathBuf::from("/log"));
        let service = Service { program, words: vec!["start"], environment: vec![], log };
        assert_eq!(read(&text(&service))["EnvironmentVariables"], serde_json::json!({}));
    }
}
