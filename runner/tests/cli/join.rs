//! `poco runner join`: what it asks for, and which rights it misses.

use crate::kit::{Machine, Said};
use poco_tests::cloud::{Cloud, Stack};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use std::fs::File;
use std::io::Write;

const SECRET: &str = r#"{"app_secret":"s3cret","encrypt_key":"k","verification_token":"v"}"#;

/// Runs a command in a terminal, in which somebody has typed these lines.
fn typing(machine: &Machine, words: &[&str], lines: &[&str]) -> Said {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, vec![]).unwrap().into_string().unwrap();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    let mut person = File::from(master);
    for line in lines {
        writeln!(person, "{line}").unwrap();
    }
    let mut command = machine.poco(words);
    Said::from(command.stdin(terminal).output().unwrap())
}

#[test]
fn in_a_terminal_it_asks_for_what_was_not_given() {
    let cloud = Cloud::new();
    let (table, (queue, _)) = (cloud.table(), cloud.queue());
    let secret = cloud.secret(SECRET);
    let mut machine = Machine::new();
    for (name, value) in cloud.environment() {
        machine.set(&name, &value);
    }
    // An empty answer is none, and nothing is saved.
    let lines = ["laptop", "", &secret, " cli_a1 "];
    let words = ["runner", "join", "--queue-url", &queue];
    let said = typing(&machine, &words, &lines);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("this is not known: Table (output TableName)"), "{said:?}");
    assert!(!machine.path("poco.config.json").exists());

    let said = typing(&machine, &words, &["laptop", &table, &secret, " cli_a1 "]);
    assert_eq!(said.code, 0, "{said:?}");
    let asked = "Name of this machine: Table (output TableName): Secret (output SecretArn): \
                 Feishu App ID (cli_…): ";
    assert!(said.stderr.starts_with(asked), "in order, and not for the queue: {said:?}");
    let file: Value = serde_json::from_str(&machine.read("poco.config.json")).unwrap();
    for (setting, value) in [
        ("POCO_RUNNER", "laptop"),
        ("POCO_STATE_TABLE", &table),
        ("POCO_QUEUE_URL", &queue),
        ("POCO_SECRET_ARN", &secret),
        ("POCO_FEISHU_APP_ID", "cli_a1"),
    ] {
        assert_eq!(file[setting], value, "{setting}");
    }
    // What is set by now is not asked for again.
    let said = typing(&machine, &["runner", "join"], &[]);
    assert_eq!((said.code, said.stderr.contains("Name of")), (0, false), "{said:?}");
}

#[test]
fn each_right_that_is_missing_is_named_with_what_to_do() {
    let stack = Stack::of_machine("laptop", SECRET);
    let mut machine = Machine::new();
    for (name, value) in stack.environment_with("RunnerPolicyArn") {
        machine.set(&name, &value);
    }
    let given = [("--table", "TableName"), ("--queue-url", "QueueUrl"), ("--secret", "SecretArn")];
    let given = given.map(|(flag, output)| [flag, stack.output(output)]).concat();
    let join = || {
        let words = ["runner", "join", "--json", "--name", "laptop", "--app-id", "cli_a1"];
        let said = machine.run(&[&words, &*given].concat());
        let answer: Value = serde_json::from_str(&said.stdout).unwrap();
        (said.code, answer["findings"].as_array().unwrap().clone())
    };
    let of = |findings: &[Value], verdict: &str| {
        let found = findings.iter().filter(|it| it["verdict"] == verdict);
        found.map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (right, action, missing) in [
        ("ReadDocument", "GetItem", vec!["read documents", "nobody else has the name"]),
        ("ReadParts", "BatchGetItem", vec!["read and delete parts"]),
        ("DeleteParts", "DeleteItem", vec!["read and delete parts"]),
        ("Write", "PutItem", vec!["write on a condition"]),
        ("List", "Query", vec!["list documents"]),
        ("Send", "SendMessage", vec!["send jobs"]),
        ("Receive", "ReceiveMessage", vec!["receive jobs"]),
        ("Strike", "DeleteMessage", vec!["strike jobs off"]),
        ("Hold", "ChangeMessageVisibility", vec!["strike jobs off"]),
        ("Secret", "GetSecretValue", vec!["read the secret"]),
    ] {
        stack.take_from_machine(right);
        let (code, findings) = join();
        assert_eq!((code, of(&findings, "failed")), (1, to_text(&missing)), "without {right}");
        for finding in findings.iter().filter(|it| it["verdict"] == "failed") {
            let (detail, fix) = (&finding["detail"].to_string(), &finding["fix"].to_string());
            assert!(detail.contains(action), "it says which right: {finding}");
            assert!(fix.contains("RunnerPolicyArn") && fix.contains("runner.yaml"), "{finding}");
        }
        assert!(!machine.path("poco.config.json").exists(), "nothing is saved");
    }
    for (right, missing) in [("ListDue", "list what is due"), ("Look", "look at the queue")] {
        stack.take_from_machine(right);
        let (code, findings) = join();
        let unclear = of(&findings, "could_not_tell");
        assert_eq!((code, unclear), (0, to_text(&[missing])), "it works without {right}");
    }
    stack.take_from_machine("");
    let (code, findings) = join();
    let ok = of(&findings, "ok").len();
    assert_eq!((code, ok), (0, findings.len()), "and no right is too much: {findings:?}");
}

fn to_text(words: &[&str]) -> Vec<String> {
    words.iter().map(|it| (*it).to_owned()).collect()
}
