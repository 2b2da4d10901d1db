//! What was wrong with the Python PoCo, and where it is shown that it is not so here.

use poco_core::Outcome;
use poco_tests::{DIRECT, scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The faults that are known.
const FAULTS: usize = 61;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The file that a test of this name is in.
fn file(target: &str, module: &str) -> String {
    match target {
        "cli" => format!("runner/tests/cli/{module}.rs"),
        "config" => "crates/io/tests/config.rs".to_owned(),
        _ => format!("tests/{target}/{module}.rs"),
    }
}

#[test]
fn every_fault_is_answered_and_every_test_that_is_named_exists() {
    let text = read("docs/python-poco-faults.md");
    let mut answered = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let Ok(number) = cells[1].parse::<usize>() else { continue };
        assert!(answered.insert(number), "{number} is there twice");
        assert!(!cells[2].is_empty() && !cells[3].is_empty(), "{line}");
        let names: Vec<_> = cells[3].split('`').skip(1).step_by(2).collect();
        for name in names.iter().filter(|name| name.contains("::")) {
            let parts: Vec<_> = name.split("::").collect();
            let (file, test) = match parts[..] {
                [target, test] => (file(target, ""), test),
                [target, module, test] => (file(target, module), test),
                _ => panic!("{name} names no test"),
            };
            let is_there =
                fs::read_to_string(root().join(&file)).is_ok_and(|code| is_test(&code, test));
            assert!(is_there, "fault {number}: {file} has no test {test}");
        }
        assert!(names.iter().any(|name| name.contains("::")), "fault {number} names no test");
    }
    assert_eq!(answered, (1..=FAULTS).collect());
}

/// Whether a file has a function of this name, marked as a test just before.
fn is_test(code: &str, name: &str) -> bool {
    let Some(at) = code.find(&format!("fn {name}(")) else { return false };
    let before: Vec<_> = code[..at].lines().rev().take(4).collect();
    before.iter().any(|line| line.contains("test]") || line.contains("tokio::test("))
}

#[test]
fn every_command_of_the_readme_is_there() {
    let cli = read("runner/src/cli.rs");
    let readme = read("README.md");
    let commands = readme.split('`').filter_map(|it| it.strip_prefix("poco "));
    let words = commands.filter_map(|it| it.split_whitespace().next());
    let words: BTreeSet<_> =
        words.filter(|it| it.bytes().all(|b| b.is_ascii_lowercase())).collect();
    assert!(words.len() > 8, "{words:?}");
    for word in words {
        let (first, rest) = word.split_at(1);
        let variant = format!("    {}{rest}", first.to_uppercase());
        let is_there = cli.lines().any(|line| {
            line.starts_with(&variant) && line[variant.len()..].starts_with(['(', ' '])
        });
        assert!(is_there, "the README speaks of `poco {word}`");
    }
}

#[tokio::test]
async fn a_project_is_deleted_after_a_question_and_its_answers_stay() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "say hello").await;
        world.agent_starts().await;
        world.agent_ends(Outcome::Answered { answer: poco_core::Pages::one("p", "hello") }).await;
        let task = world.task("T1");
        world.skim();
        world.go(DIRECT).await;
        world.say("ann", "hi").await;
        world.press("ann", "Manage").await;
        let lobby = world.cards().join("\n");
        assert!(lobby.contains("Delete Project"), "{lobby}");
        world.press("ann", "Delete Project").await;
        world.skim();
        let kept = world.documents();
        let key = format!("task/{task}");
        assert!(kept.iter().any(|(it, _)| *it == key), "what was answered stays");
    })
    .await;
    // The question itself is the platform's: it is asked before the press is sent.
    assert!(read("crates/core/src/view/lobby.rs").contains(".confirm(words::delete_sure"));
}
