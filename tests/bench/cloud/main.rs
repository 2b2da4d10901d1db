//! Measures the cloud on this machine: `cargo bench -p poco-runner --bench cloud -- [name …]`.
//!
//! The functions are those that are deployed (profile `function`) and run as Lambda runs them; table
//! and queue are MiniStack's, Feishu is simulated, `poco` is the release build, codex the real one.

#![expect(clippy::unwrap_used, reason = "a figure that cannot be had must stop the bench")]
#![expect(clippy::print_stdout, reason = "figures are for people")]

mod burst;
#[path = "../../e2e/people.rs"]
#[expect(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod people;
#[path = "../../cloud/place.rs"]
#[expect(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod place;
#[path = "../../e2e/stage.rs"]
#[expect(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod stage;
#[path = "../stats.rs"]
#[expect(dead_code, reason = "another bench tells more")]
mod stats;
mod tap;
mod webhook;

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const NAMES: [&str; 2] = ["webhook", "burst"];

/// Names the folder of the functions as they are deployed.
const BOOTSTRAPS: &str = "POCO_BOOTSTRAPS";

fn main() {
    // Cargo adds flags of its own.
    let asked: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let unknown = asked.iter().find(|name| !NAMES.contains(&name.as_str()));
    assert!(unknown.is_none(), "no figure {unknown:?}; there are {NAMES:?}");
    if std::env::var_os(BOOTSTRAPS).is_none() {
        build_functions(&asked);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for name in NAMES.into_iter().filter(|it| asked.is_empty() || asked.iter().any(|a| a == it)) {
        println!("\n{name} (load {})", stats::load());
        runtime.block_on(async {
            match name {
                "webhook" => webhook::run().await,
                _ => burst::run().await,
            }
        });
    }
}

/// Builds the functions as they are deployed, and begins anew with them.
fn build_functions(asked: &[String]) {
    let build = ["build", "--profile", "function", "--locked", "-p", "poco-functions", "--bins"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = Command::new(env!("CARGO")).args(build).current_dir(root).status().unwrap();
    assert!(built.success(), "the functions could not be built");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    panic!("{}", again.args(asked).env(BOOTSTRAPS, target.join("function")).exec());
}
