//! `poco service`: what the system is told, and what it is told to do.

use crate::kit::{Machine, Said};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

const UNIT: &str = ".config/systemd/user/poco.service";

/// A machine whose systemctl notes what it is told, and starts nothing.
fn machine() -> Machine {
    let mut machine = Machine::new();
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {0}\ncase \"$*\" in\n*is-active*) test -e {1} ;;\n\
         *restart*) if test -e {2}; then echo 'no bus' >&2; exit 1; fi; touch {1} ;;\n\
         *disable*) rm -f {1} ;;\nesac\n",
        machine.home().join("calls").display(),
        machine.home().join("active").display(),
        machine.home().join("broken").display(),
    );
    let bin = machine.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for name in ["systemctl", "launchctl"] {
        std::fs::write(bin.join(name), &script).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join(name), mode).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    machine.set("PATH", &format!("{}:{path}", bin.display()));
    machine
}

fn unit(machine: &Machine) -> PathBuf {
    machine.home().join(UNIT)
}

fn calls(machine: &Machine) -> String {
    std::fs::read_to_string(machine.home().join("calls")).unwrap_or_default()
}

fn cloud(machine: &mut Machine) {
    machine.write(
        "poco.config.json",
        r#"{"POCO_STATE_BACKEND": "dynamodb", "POCO_STATE_TABLE": "poco",
            "POCO_QUEUE_URL": "http://127.0.0.1:9/1/poco-{runner}.fifo", "POCO_RUNNER": "laptop"}"#,
    );
}

#[test]
fn it_is_installed_looked_at_and_removed() {
    let machine = machine();
    let none = machine.run(&["service", "status"]);
    assert_eq!((none.code, none.stdout.contains("There is no service")), (3, true), "{none:?}");
    let said = machine.run(&["service", "install"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("loginctl enable-linger"), "{said:?}");
    assert!(said.stdout.contains("poco logs"), "{said:?}");
    let text = std::fs::read_to_string(unit(&machine)).unwrap();
    assert!(text.contains("start --local --foreground --service"), "{text}");
    assert_eq!(
        calls(&machine),
        "--user daemon-reload\n--user enable poco.service\n--user restart poco.service\n"
    );
    assert_eq!(machine.json(&["service", "status", "--json"])["running"], true);
    // Again, as after an upgrade.
    assert_eq!(machine.run(&["service", "install"]).code, 0);
    let said = machine.run(&["service", "remove"]);
    assert_eq!((said.code, unit(&machine).exists()), (0, false), "{said:?}");
    assert!(calls(&machine).ends_with("--user disable --now poco.service\n--user daemon-reload\n"));
    assert_eq!(machine.json(&["service", "remove", "--json"])["removed"], false);
}

#[test]
fn it_is_shown_without_being_written() {
    let mut machine = machine();
    cloud(&mut machine);
    machine.set("AWS_PROFILE", "poco \"100%\" $HOME");
    machine.set("CLAUDE_CONFIG_DIR", "/elsewhere/claude");
    machine.set("AWS_SECRET_ACCESS_KEY", "hunter2");
    machine.set("POCO_FEISHU_APP_SECRET", "hunter3");
    let said = machine.run(&["service", "install", "--print"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("runner start --foreground --service"), "{said:?}");
    let profile = r#"Environment="AWS_PROFILE=poco \"100%%\" $HOME""#;
    assert!(said.stdout.contains(profile), "{said:?}");
    let claude = r#"Environment="CLAUDE_CONFIG_DIR=/elsewhere/claude""#;
    assert!(said.stdout.contains(claude), "{said:?}");
    assert!(!said.stdout.contains("hunter"), "secrets are not passed on: {said:?}");
    assert!(!unit(&machine).exists() && calls(&machine).is_empty());
}

#[test]
fn systemd_finds_nothing_wrong_with_it() {
    let machine = machine();
    let said = machine.run(&["service", "install", "--print"]);
    let file = machine.home().join("poco.service");
    std::fs::write(&file, &said.stdout).unwrap();
    let mut verified = Command::new("systemd-analyze");
    verified.args(["--user", "verify"]).arg(&file);
    // It wants a place for its sockets, which nobody logged in here has.
    verified.env("XDG_RUNTIME_DIR", machine.home());
    // Not every machine has it.
    let Ok(verified) = verified.output() else { return };
    let verified = Said::from(verified);
    assert_eq!(verified.code, 0, "{verified:?}");
    assert!(!verified.stderr.contains("poco.service:"), "{verified:?}");
}

#[test]
fn what_stands_in_its_way_is_told_and_nothing_is_left_running() {
    let machine = machine();
    std::fs::write(machine.home().join("broken"), "").unwrap();
    let said = machine.run(&["service", "install"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("restart poco.service failed: no bus"), "{said:?}");
    assert_eq!(machine.run(&["start", "--local"]).code, 0);
    let said = machine.run(&["service", "install"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("PoCo runs already"), "{said:?}");
}

#[test]
fn without_a_systemctl_that_is_said() {
    let mut machine = Machine::new();
    machine.set("PATH", &machine.home().join("nothing").display().to_string());
    let said = machine.run(&["service", "install"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("there is no systemctl"), "{said:?}");
}

#[test]
fn what_the_system_starts_logs_to_the_file_and_ends_in_order() {
    let machine = machine();
    let words = ["start", "--local", "--foreground", "--service"];
    let child = machine.poco(&words).spawn().unwrap();
    crate::kit::until("the service", || (machine.run(&["status"]).code == 0).then_some(()));
    // A second one does not come up, and says why where the system reads it.
    let second = machine.run(&words);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("PoCo already runs here"), "{second:?}");
    crate::kit::signal(&child.id().into(), rustix::process::Signal::TERM);
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    assert!(machine.read("poco.log").contains("PoCo starts"));
}
