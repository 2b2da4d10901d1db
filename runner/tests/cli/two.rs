//! Two at once: one state has one server.

use crate::kit::{Machine, Said};
use std::process::Child;

#[test]
fn a_second_start_is_refused_with_pid_and_address() {
    let machine = Machine::new();
    let first = machine.json(&["start", "--json"]);
    let second = machine.run(&["start"]);
    assert_eq!(second.code, 1, "{second:?}");
    let expected = format!(
        "poco: PoCo already runs here (pid {}, {})\n",
        first["pid"],
        first["address"].as_str().unwrap()
    );
    assert!(second.stderr.starts_with(&expected), "{second:?}");
    let here = machine.run(&["start", "--foreground"]);
    assert_eq!(here.code, 1, "{here:?}");
    assert!(here.stderr.contains(&expected), "{here:?}");
    assert_eq!(machine.json(&["status", "--json"])["pid"], first["pid"]);
}

#[test]
fn of_many_starts_at_once_one_wins() {
    let machine = Machine::new();
    let start = || machine.poco(&["start"]).spawn().unwrap();
    let starts: Vec<Child> = std::iter::repeat_with(start).take(5).collect();
    let said = starts.into_iter().map(|child| Said::from(child.wait_with_output().unwrap()));
    let said: Vec<_> = said.collect();
    let (won, lost): (Vec<_>, Vec<_>) = said.into_iter().partition(|said| said.code == 0);
    assert_eq!(won.len(), 1, "{won:?} {lost:?}");
    for said in &lost {
        assert!(said.stderr.contains("PoCo already runs here (pid "), "{said:?}");
    }
    let status = machine.json(&["status", "--json"]);
    assert!(won[0].stdout.contains(status["address"].as_str().unwrap()));
}

#[test]
fn two_homes_do_not_share_a_database() {
    let (mut one, mut two) = (Machine::new(), Machine::new());
    let shared = tempfile::tempdir().unwrap();
    let database = shared.path().join("state/poco.db").display().to_string();
    one.set("POCO_STATE_DB_PATH", &database);
    two.set("POCO_STATE_DB_PATH", &database);
    let first = one.json(&["start", "--json"]);
    let said = two.run(&["start"]);
    assert_eq!(said.code, 1, "{said:?}");
    let expected = format!("another PoCo (pid {}) uses the database {database}", first["pid"]);
    assert!(said.stderr.contains(&expected), "{said:?}");
    assert_eq!(one.run(&["shutdown"]).code, 0);
    assert_eq!(two.run(&["start"]).code, 0);
}
