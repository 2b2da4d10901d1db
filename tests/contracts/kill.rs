//! What was acknowledged is there after `kill -9`.

use poco_core::{ChatId, Command, EventId, RunnerId};
use poco_io::port::{Document, Job, Queue, Store};
use poco_io::store::Sqlite;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;
use tokio::time::timeout;

/// Names the file to the process that is killed.
const FILE: &str = "POCO_TEST_KILL_FILE";

/// By then a job that is there has come.
const DEADLINE: Duration = Duration::from_secs(10);

/// How often a process is killed, each time after it has said a few more numbers.
const KILLS: u64 = 8;

/// Writes one document and one job after the other, and says the number of each pair once both are
/// acknowledged. It is this test program again, as a process of its own.
#[tokio::test]
#[ignore = "runs as a child of the test below"]
async fn writer() {
    let file = Sqlite::open(Path::new(&std::env::var_os(FILE).unwrap())).unwrap();
    let last = file.get("last").await.unwrap().map_or(0, |document| document.version);
    file.send(&job(last)).await.unwrap(); // It may have been killed between the two.
    for number in last + 1.. {
        file.put("last", &Document { version: number, body: "x".repeat(3_000), due: false })
            .await
            .unwrap();
        file.send(&job(number)).await.unwrap();
        writeln!(std::io::stdout(), "said {number}").unwrap();
    }
}

fn job(number: u64) -> Job {
    let command = Command::Look { request: EventId::new(""), workdir: String::new() };
    Job {
        id: format!("job {number}"),
        chat: ChatId::new(format!("c{number}")),
        runner: RunnerId::local(),
        command,
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.db");
    for kill in 1..=KILLS {
        let said = run_and_kill(&path, kill * 7);
        let file = Sqlite::open(&path).unwrap();
        let last = file.get("last").await.unwrap().unwrap().version;
        assert!(last >= said, "{said} was acknowledged, {last} is there");
        let mut missing: BTreeSet<_> = (1..=said).map(|number| job(number).id).collect();
        while !missing.is_empty() {
            let received = timeout(DEADLINE, file.receive()).await;
            let received = received.unwrap_or_else(|_| panic!("{missing:?} is missing")).unwrap();
            for delivery in received {
                missing.remove(&delivery.job.id);
            }
        }
    }
}

/// Runs the writer until it has said so many numbers, and returns the last one.
fn run_and_kill(path: &Path, count: u64) -> u64 {
    let mut writer = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::writer", "--ignored", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let numbers = lines.filter_map(|line| line.unwrap().strip_prefix("said ")?.parse().ok());
    let mut numbers = numbers.skip(usize::try_from(count).unwrap() - 1);
    let said = numbers.next().unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();
    numbers.last().unwrap_or(said) // What it had still said is acknowledged too.
}
