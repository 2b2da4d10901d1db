//! What local mode forgets by age, and what it never does.

#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use poco_core::{EventId, TaskId, Timestamp};
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::clock;
use poco_io::config::{Config, Environment};
use poco_io::open::open;
use poco_io::port::{Document, Store};
use std::path::Path;
use std::sync::Arc;

const DAY: u64 = 24 * 60 * 60 * 1_000;

fn config(home: &Path, days: &str) -> Config {
    let environment =
        Environment::default().with("HOME", home.to_str().unwrap()).with("POCO_KEEP_DAYS", days);
    Config::read(environment).unwrap()
}

/// Opens the file as PoCo does when it starts.
async fn started(home: &Path, days: &str) -> (App, Arc<dyn Store>) {
    let config = config(home, days);
    let (store, queue) = open(&config).await.unwrap();
    let chats = Arc::new(Chats::new(None));
    (App::new(store.clone(), queue, chats, config.terms(vec!["stub".into()]), clock::now), store)
}

/// A task that came up so many days ago.
fn task(days: u64) -> TaskId {
    TaskId::of(&EventId::new(format!("e{days}")), Timestamp(clock::now().0 - days * DAY))
}

async fn keys(store: &dyn Store) -> Vec<String> {
    store.keys("", None).await.unwrap()
}

#[tokio::test]
async fn tasks_and_texts_are_forgotten_by_age_when_poco_starts_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (app, store) = started(home, "0").await;
    let (old, young) = (task(31), task(29));
    // Long enough for pages beside the first.
    let long = "A line of many.\n".repeat(4_000);
    for task in [&old, &young] {
        let document = Document { version: 1, body: "{}".to_owned(), due: false };
        store.put(&format!("task/{task}"), &document).await.unwrap();
        let pages = app.keep_pages(&format!("{task}-answer"), &long).await.unwrap();
        assert!(pages.count > 1);
        app.keep_changes(task.as_str(), "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n").await.unwrap();
    }
    let kept_for_ever = ["audit/oc_1/0000", "room/oc_1", "runner/laptop", "tasks", "page"];
    for key in kept_for_ever {
        let document = Document { version: 1, body: "{}".to_owned(), due: false };
        store.put(key, &document).await.unwrap();
    }
    let all = keys(store.as_ref()).await;
    let of = |keys: &[String], task: &TaskId| {
        keys.iter().filter(|key| key.contains(task.as_str())).cloned().collect::<Vec<_>>()
    };
    assert!(of(&all, &old).len() > 3, "{all:?}");
    drop((app, store));

    let (app, store) = started(home, "0").await;
    assert_eq!(keys(store.as_ref()).await, all, "for ever, unless it is set");
    drop((app, store));

    let (app, store) = started(home, "30").await;
    // Nobody waits for it, but what is written later comes later.
    let document = Document { version: 1, body: "{}".to_owned(), due: false };
    store.put("room/oc_2", &document).await.unwrap();
    let left = keys(store.as_ref()).await;
    assert_eq!(of(&left, &old), Vec::<String>::new());
    assert_eq!(of(&left, &young), of(&all, &young));
    assert!(kept_for_ever.iter().all(|key| left.iter().any(|it| it == key)), "{left:?}");
    drop((app, store));

    // Forgotten is forgotten, whatever is set later.
    let (_app, store) = started(home, "0").await;
    assert_eq!(keys(store.as_ref()).await, left);
}
