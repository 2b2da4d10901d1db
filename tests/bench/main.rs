//! Measures what PoCo costs: `cargo bench -p poco-runner --bench figures -- [name …]`.

#![expect(clippy::unwrap_used, reason = "a figure that cannot be had must stop the bench")]
#![expect(clippy::print_stdout, reason = "figures are for people")]

mod ack;
mod calls;
mod cost;
mod memory;
mod past;
#[path = "../e2e/people.rs"]
#[expect(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod people;
#[path = "../e2e/place.rs"]
#[allow(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod place;
#[path = "../e2e/stage.rs"]
#[expect(dead_code, reason = "the stage of the tests has more than a bench needs")]
mod stage;
mod start;
mod stats;
mod typing;

const NAMES: [&str; 6] = ["start", "memory", "ack", "typing", "calls", "cost"];

fn main() {
    // Cargo adds flags of its own.
    let asked: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with("--")).collect();
    let unknown = asked.iter().find(|name| !NAMES.contains(&name.as_str()));
    assert!(unknown.is_none(), "no figure {unknown:?}; there are {NAMES:?}");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wanted = |name: &&str| asked.is_empty() || asked.iter().any(|it| it == name);
    for name in NAMES.into_iter().filter(wanted) {
        println!("\n{name} (load {})", stats::load());
        runtime.block_on(async {
            match name {
                "start" => start::run().await,
                "memory" => memory::run().await,
                "ack" => ack::run().await,
                "typing" => typing::run().await,
                "calls" => calls::run().await,
                _ => cost::run().await,
            }
        });
    }
}
