//! Who may do what, and what was done, by the commands.

use crate::kit::Machine;
use serde_json::Value;

#[test]
fn the_policy_is_checked_against_what_is_expected() {
    let machine = Machine::new();
    let said = machine.run(&["policy", "test"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("approve-other   deny    rule    allow   allow"), "{said:?}");
    machine.write(
        "good",
        "# ours\nviewer run deny\nmember approve-other rule # as the project says\n",
    );
    machine.write(
        "bad",
        "viewer run allow\nking run deny\nviewer fly deny\nviewer run\nviewer run may\n",
    );
    let path = |name: &str| machine.path(name).display().to_string();
    assert_eq!(machine.run(&["policy", "test", &path("good")]).code, 0);
    let said = machine.run(&["policy", "test", "--json", &path("bad")]);
    assert_eq!(said.code, 1);
    let told: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(told["failures"].as_array().unwrap().len(), 5, "{told}");
    assert_eq!(told["failures"][0], "line 1: viewer run is deny, not allow");
    assert_eq!(machine.run(&["policy", "test", &path("none")]).code, 1);
    assert_eq!(machine.run(&["policy"]).code, 2);
}

#[test]
fn what_was_done_is_listed_and_whole() {
    let machine = Machine::new();
    let said = machine.run(&["audit"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("there is no database"), "{said:?}");
    assert_eq!(machine.run(&["audit", "--since", "yesterday"]).code, 2);
    assert_eq!(machine.run(&["start"]).code, 0);
    let verified = machine.run(&["audit", "verify", "--json"]);
    let told: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!((verified.code, &told["flaws"]), (0, &Value::Array(vec![])), "{told}");
    let listed = machine.run(&["audit", "--json", "--since", "1d"]);
    assert_eq!(serde_json::from_str::<Value>(&listed.stdout).unwrap(), Value::Array(vec![]));
    let why = machine.run(&["policy", "why", "nothing"]);
    assert_eq!(why.code, 1);
    assert!(why.stderr.contains("nothing is noted of a task nothing"), "{why:?}");
    assert_eq!(machine.run(&["shutdown"]).code, 0);
}
