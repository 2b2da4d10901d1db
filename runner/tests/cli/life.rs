//! From start to end: exit codes, where it listens, and whom it stops.

use crate::kit::{Machine, Said, signal, until};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Child;

#[test]
fn a_life_in_exit_codes() {
    let machine = Machine::new();
    assert_eq!(machine.run(&["status"]).code, 3);
    let started = machine.run(&["start", "--local"]);
    assert_eq!(started.code, 0, "{started:?}");
    assert!(started.stdout.contains("runs at http://127.0.0.1:"), "{started:?}");
    assert!(started.stdout.contains("\nNext: "), "{started:?}");
    let status = machine.run(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert_eq!(machine.run(&["shutdown"]).code, 0);
    assert_eq!(machine.run(&["status"]).code, 3);
    let again = machine.run(&["shutdown"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "PoCo is not running\n"));
    assert!(!machine.path("instance.json").exists());
}

#[test]
fn commands_that_need_a_server_say_so() {
    let machine = Machine::new();
    let pair = machine.run(&["pair"]);
    assert_eq!(
        (pair.code, pair.stderr.as_str()),
        (3, "poco: PoCo is not running\nNext: poco start\n")
    );
    let logs = machine.run(&["logs"]);
    assert_eq!(logs.code, 1);
    assert!(logs.stderr.contains("there is no log at"), "{logs:?}");
}

#[test]
fn a_home_that_makes_no_sense_is_told_by_every_command() {
    let mut machine = Machine::new();
    machine.set("POCO_HOME", "here");
    for command in ["start", "status", "restart", "shutdown", "logs", "pair", "config"] {
        let said = machine.run(&[command]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.starts_with("poco: One setting is wrong:\n  POCO_HOME"), "{said:?}");
    }
}

#[test]
fn a_taken_port_is_told_in_a_line_and_nothing_stays() {
    let machine = Machine::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = machine.run(&["start", "--port", &port]);
    assert_eq!(said.code, 1, "{said:?}");
    let first = said.stderr.lines().next().unwrap();
    let expected = format!("poco: can't listen on 127.0.0.1, port {port}: another program has it");
    assert_eq!(first, expected);
    assert_eq!(machine.run(&["status"]).code, 3);
}

#[test]
fn a_host_that_is_not_here_is_told() {
    let machine = Machine::new();
    let said = machine.run(&["start", "--host", "192.0.2.1"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("can't listen on 192.0.2.1"), "{said:?}");
}

#[test]
fn restart_keeps_host_and_port() {
    let machine = Machine::new();
    let before = machine.json(&["start", "--host", "localhost", "--json"]);
    let after = machine.json(&["restart", "--json"]);
    assert_eq!(before["address"], after["address"]);
    assert_ne!(before["pid"], after["pid"]);
    // One that was killed comes back where it was, too.
    signal(&after["pid"], Signal::KILL);
    until("its end", || (machine.run(&["status"]).code == 3).then_some(()));
    let last = machine.json(&["restart", "--json"]);
    assert_eq!(before["address"], last["address"]);
    assert_eq!(machine.json(&["status", "--json"])["host"], "localhost");
}

#[test]
fn restart_with_wrong_settings_leaves_the_server_alone() {
    let mut machine = Machine::new();
    let started = machine.json(&["start", "--json"]);
    machine.set("POCO_STATE_BACKEND", "postgres");
    assert_eq!(machine.run(&["restart"]).code, 1);
    assert_eq!(machine.json(&["status", "--json"])["pid"], started["pid"]);
}

#[test]
fn a_server_that_hangs_is_unhealthy_and_shutdown_says_so() {
    let machine = Machine::new();
    let started = machine.json(&["start", "--json"]);
    signal(&started["pid"], Signal::STOP);
    let status = machine.run(&["status"]);
    assert_eq!(status.code, 4, "{status:?}");
    assert!(status.stdout.contains("does not answer"), "{status:?}");
    let said = machine.run(&["shutdown", "--timeout", "1"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("has been asked to stop, 1 s ago"), "{said:?}");
    signal(&started["pid"], Signal::CONT);
    until("its end", || (machine.run(&["status"]).code == 3).then_some(()));
}

#[test]
fn a_foreign_process_is_never_signalled() {
    let machine = Machine::new();
    let started = machine.json(&["start", "--json"]);
    let instance = machine.read("instance.json");
    signal(&started["pid"], Signal::KILL);
    until("its end", || (machine.run(&["status"]).code == 3).then_some(()));

    // Its pid is somebody else's now.
    let mut stranger = Stranger::new(&machine);
    let mut stale: Value = serde_json::from_str(&instance).unwrap();
    stale["pid"] = stranger.0.id().into();
    machine.write("instance.json", &stale.to_string());
    machine.write("poco.pid", &format!("{}\n", stranger.0.id()));
    assert_eq!(machine.run(&["status"]).code, 3);
    assert_eq!(machine.run(&["shutdown"]).stdout, "PoCo is not running\n");
    assert_eq!(machine.run(&["restart"]).code, 0);
    assert_eq!(machine.run(&["shutdown"]).code, 0);
    assert!(stranger.0.try_wait().unwrap().is_none(), "the stranger was ended");
}

/// A process that has nothing to do with PoCo.
struct Stranger(Child);

impl Stranger {
    fn new(machine: &Machine) -> Self {
        Self(machine.command("sleep", &["1000"]).spawn().unwrap())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn in_the_foreground_it_logs_here_and_ends_with_the_signal() {
    let machine = Machine::new();
    let mut child = machine.poco(&["start", "--foreground"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("runs at http://127.0.0.1:"), "{line}");
    assert_eq!(machine.run(&["status"]).code, 0);
    signal(&child.id().into(), Signal::TERM);
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("PoCo starts"), "{said:?}");
    assert!(!machine.path("instance.json").exists());
}

#[test]
fn a_pairing_code_is_for_those_who_have_no_owner() {
    let mut machine = Machine::new();
    machine.json(&["start", "--json"]);
    let pairing = machine.json(&["pair", "--json"]);
    assert!(!pairing["code"].as_str().unwrap().is_empty());
    assert!(pairing["expires_in_seconds"].as_u64().unwrap() > 0);
    assert_eq!(machine.run(&["shutdown"]).code, 0);

    machine.set("POCO_OWNER_OPEN_ID", "ou_me");
    machine.json(&["start", "--json"]);
    let said = machine.run(&["pair"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("already has an owner"), "{said:?}");
}
