//! A past: many tasks that are over and many chats, copied from one that was really had.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::Options;
use rusqlite::{Connection, params};
use serde_json::Value;
use std::ops::Range;
use std::path::Path;

/// Sets a stage on which the stub works and codex is not there; PoCo does not run yet.
pub(crate) async fn stage() -> Stage {
    let mut stage = Stage::empty(Options { limits: false, ..Options::default() }).await;
    let owner = stage.feishu.open_id(OWNER).unwrap();
    stage.set("POCO_OWNER_OPEN_ID", &owner);
    stage.set("POCO_AGENT_BACKEND", "stub");
    stage.set("POCO_CODEX_COMMAND", "codex-is-not-here");
    stage
}

/// Sets such a stage with one project in which one task is over; PoCo does not run.
pub(crate) async fn begun() -> (Stage, String) {
    let mut stage = stage().await;
    stage.start().await;
    let group = stage.project("api").await;
    stage.say(&group, "a prompt of some length, as people write them, about a file and a test");
    stage.titled(&group, "[Complete]", "Stub result").await;
    stage.over(1).await;
    shut_down(&mut stage).await;
    (stage, group)
}

pub(crate) async fn shut_down(stage: &mut Stage) {
    let said = stage.command(&["shutdown"]).output().await.unwrap();
    assert!(said.status.success(), "{said:?}");
    stage.ended().await;
}

/// Has one task been done many times before.
pub(crate) fn tasks(database: &Path, numbers: Range<usize>) {
    let file = open(database);
    let (key, body): (String, String) = file
        .query_row("SELECT key, body FROM document WHERE key LIKE 'task/%' LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let id = key.trim_start_matches("task/");
    file.execute_batch("BEGIN").unwrap();
    for n in numbers {
        let past = format!("20200101T000000-{n:08}");
        insert(&file, &format!("task/{past}"), &body.replace(id, &past));
    }
    file.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// Has the project of one chat been made in these chats too.
pub(crate) fn projects(database: &Path, chat: &str, others: &[String]) {
    let file = open(database);
    let select = "SELECT body FROM document WHERE key = ?1";
    let key = format!("room/{chat}");
    let body: String = file.query_row(select, [key], |row| row.get(0)).unwrap();
    file.execute_batch("BEGIN").unwrap();
    for other in others {
        file.execute("DELETE FROM document WHERE key = ?1", [format!("room/{other}")]).unwrap();
        insert(&file, &format!("room/{other}"), &body);
    }
    file.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// How often documents were written, and how many jobs were sent.
pub(crate) fn writes(database: &Path) -> (u64, u64) {
    let file = open(database);
    let number = |sql| file.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    let jobs = number("SELECT count(*) FROM job");
    (number("SELECT sum(version) FROM document"), jobs)
}

pub(crate) fn open(database: &Path) -> Connection {
    let file = Connection::open(database).unwrap();
    file.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    file
}

fn insert(file: &Connection, key: &str, body: &str) {
    let insert = "INSERT INTO document (key, version, body) VALUES (?1, 1, ?2)";
    file.prepare_cached(insert).unwrap().execute(params![key, body]).unwrap();
}

/// What PoCo says of itself while it runs.
pub(crate) fn pid(stage: &Stage) -> u64 {
    let instance = std::fs::read_to_string(stage.home().join("instance.json")).unwrap();
    serde_json::from_str::<Value>(&instance).unwrap()["pid"].as_u64().unwrap()
}
