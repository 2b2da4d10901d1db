//! What the SQLite file is like from outside.

use poco_io::port::{Document, Store};
use poco_io::store::Sqlite;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn refusal(path: &Path) -> String {
    format!("{:#}", Sqlite::open(path).expect_err("it is not ours"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/home/poco.db");
    let file = Sqlite::open(&path).unwrap();
    file.put("k", &Document { version: 1, body: "secret".into(), due: false }).await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.db");
    fs::write(&path, "some notes of mine, long enough to be taken for a header of a file").unwrap();
    let before = fs::read(&path).unwrap();
    let refusal = refusal(&path);
    assert!(refusal.contains(path.to_str().unwrap()), "{refusal}");
    assert!(refusal.contains("damaged") && refusal.contains("move it away"), "{refusal}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE tasks (id TEXT)").unwrap();
    drop(other);
    let refusal = refusal(&path);
    assert!(refusal.contains("another program"), "{refusal}");
    assert!(refusal.contains("POCO_STATE_DB_PATH"), "{refusal}");
}

#[test]
fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.db");
    drop(Sqlite::open(&path).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 999).unwrap();
    drop(newer);
    let refusal = refusal(&path);
    assert!(refusal.contains("newer PoCo") && refusal.contains("999"), "{refusal}");
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_not_an_empty_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.db");
    let file = Sqlite::open(&path).unwrap();
    for n in 0..200 {
        let body = "x".repeat(2_000);
        file.put(&format!("k{n}"), &Document { version: 1, body, due: false }).await.unwrap();
    }
    drop(file);
    let mut bytes = fs::read(&path).unwrap();
    bytes[3 * 4096..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let Ok(file) = Sqlite::open(&path) else { return };
    assert!(file.get("k7").await.is_err());
}
