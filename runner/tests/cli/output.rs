//! What is printed: for people, for programs, into pipes, into the log.

use crate::kit::{Machine, Said, until};
use serde_json::Value;
use std::io::Read;

#[test]
fn wrong_usage_is_code_2_and_help_shows_examples() {
    let machine = Machine::new();
    for wrong in [&[][..], &["dance"], &["start", "--prot", "1"], &["shutdown", "--timeout", "0"]] {
        assert_eq!(machine.run(wrong).code, 2, "{wrong:?}");
    }
    let help = machine.run(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Examples:") && help.stdout.contains("Exit codes:"));
    for command in ["config", "start", "logs"] {
        assert!(machine.run(&[command, "--help"]).stdout.contains("Examples:"), "{command}");
    }
    let version = machine.run(&["--version"]).stdout;
    assert_eq!(version, format!("poco {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_for_the_usual_shells() {
    let machine = Machine::new();
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef poco"), ("fish", "complete -c")]
    {
        let said = machine.run(&["completions", shell]);
        assert_eq!(said.code, 0);
        assert!(said.stdout.contains(sign) && said.stdout.contains("shutdown"), "{shell}");
        assert!(!said.stdout.contains("detached"), "{shell} offers what is not for people");
    }
}

#[test]
fn pipes_get_no_colours() {
    let mut machine = Machine::new();
    machine.set("TERM", "xterm-256color");
    let commands: [&[&str]; 9] = [
        &["--help"],
        &["start"],
        &["start"],
        &["status"],
        &["config", "--list"],
        &["pair"],
        &["logs"],
        &["dance"],
        &["shutdown"],
    ];
    for command in commands {
        let Said { stdout, stderr, .. } = machine.run(command);
        assert!(!(stdout + &stderr).contains('\u{1b}'), "{command:?}");
    }
}

#[test]
fn json_is_json_whatever_happens() {
    let mut machine = Machine::new();
    let json = |machine: &Machine, arguments: &[&str]| -> Value {
        let said = machine.run(arguments);
        let read = serde_json::from_str(&said.stdout);
        read.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said:?}"))
    };
    assert_eq!(json(&machine, &["status", "--json"])["state"], "stopped");
    assert_eq!(json(&machine, &["pair", "--json"])["exit_code"], 3);
    let started = json(&machine, &["start", "--json"]);
    assert_eq!(started["ok"], true);
    assert_eq!(started["health"]["status"], "ok");
    assert!(json(&machine, &["start", "--json"])["error"].as_str().unwrap().contains("already"));
    assert_eq!(json(&machine, &["status", "--json"])["state"], "running");
    assert_eq!(json(&machine, &["restart", "--json"])["address"], started["address"]);
    assert_eq!(json(&machine, &["shutdown", "--json"])["state"], "stopped");
    assert_eq!(json(&machine, &["config", "--list", "--json"])["ok"], true);
    assert!(json(&machine, &["config", "--json"])["error"].as_str().unwrap().contains("APP_ID"));
    machine.set("POCO_PORT", "x");
    assert_eq!(json(&machine, &["start", "--json"])["exit_code"], 1);
    let list = json(&machine, &["config", "--list", "--json"]);
    assert_eq!(list["mistakes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let machine = Machine::new();
    machine.write("poco.log", &"a line that fills the pipe\n".repeat(100_000));
    let mut child = machine.poco(&["logs", "-n", "100000"]).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
}

#[test]
fn a_full_log_steps_aside() {
    let machine = Machine::new();
    machine.write("poco.log", &"x".repeat(10 * 1024 * 1024));
    machine.json(&["start", "--json"]);
    assert_eq!(machine.read("poco.log.1").len(), 10 * 1024 * 1024);
    assert!(machine.read("poco.log").contains("PoCo starts"));
}

#[test]
fn logs_show_the_end_and_follow_over_a_rotation() {
    let machine = Machine::new();
    machine.write("poco.log", "one\ntwo\nthree\n");
    assert_eq!(machine.run(&["logs", "-n", "2"]).stdout, "two\nthree\n");

    let mut child = machine.poco(&["logs", "-f", "-n", "1"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut seen = String::new();
    let mut read_to = |end: &str| {
        until(end, || {
            let mut some = [0; 64];
            let count = stdout.read(&mut some).unwrap();
            seen += std::str::from_utf8(&some[..count]).unwrap();
            seen.ends_with(end).then_some(())
        });
    };
    read_to("three\n");
    std::fs::rename(machine.path("poco.log"), machine.path("poco.log.1")).unwrap();
    machine.write("poco.log", "four\n");
    read_to("four\n");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seen, "three\nfour\n");
}
