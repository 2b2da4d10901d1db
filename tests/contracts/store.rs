//! A shelf of versioned documents.

use crate::{BACKENDS, Bench, LEASE};
use poco_io::port::{Document, KEYS_MAX, PutError, Store};
use std::sync::Arc;
use tokio::task::JoinSet;

fn benches() -> impl Iterator<Item = Bench> {
    BACKENDS.iter().map(|backend| Bench::new(*backend, LEASE))
}

fn document(version: u64, body: &str) -> Document {
    Document { version, body: body.to_owned(), due: false }
}

async fn body(store: &Arc<dyn Store>, key: &str) -> Option<String> {
    store.get(key).await.unwrap().map(|document| document.body)
}

#[tokio::test]
async fn what_was_put_is_got_back() {
    let long = "long ☃ \u{0} \" \\ \n".repeat(100_000);
    for mut bench in benches() {
        let bodies = ["", "{}", long.as_str(), "日本語 🚀"];
        for (at, body) in bodies.iter().enumerate() {
            bench.store().put(&format!("k{at}"), &document(1, body)).await.unwrap();
        }
        bench.reopen();
        for (at, body) in bodies.iter().enumerate() {
            let got = bench.store().get(&format!("k{at}")).await.unwrap();
            assert_eq!(got, Some(document(1, body)), "{:?}", bench.backend);
        }
        assert_eq!(bench.store().get("k").await.unwrap(), None);
    }
}

#[tokio::test]
async fn only_the_next_version_is_taken() {
    for mut bench in benches() {
        let refused = [(0, "none"), (2, "a first that is second"), (u64::MAX >> 1, "far ahead")];
        for (version, why) in refused {
            let put = bench.store().put("k", &document(version, "x")).await;
            assert!(matches!(put, Err(PutError::Conflict)), "{why}");
        }
        for version in 1..=3 {
            bench.store().put("k", &document(version, "x")).await.unwrap();
            bench.reopen();
            for stale in 0..=version {
                let put = bench.store().put("k", &document(stale, "stale")).await;
                assert!(matches!(put, Err(PutError::Conflict)), "{stale} after {version}");
            }
        }
        assert_eq!(body(&bench.store(), "k").await.as_deref(), Some("x"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_one_wins_each_version() {
    for bench in benches() {
        for version in 1..=20 {
            let mut writers = JoinSet::new();
            for writer in 0..20 {
                let (store, body) = (bench.store(), format!("{writer}"));
                writers.spawn(async move {
                    store.put("k", &document(version, &body)).await.map(|()| body)
                });
            }
            let results = writers.join_all().await;
            let won: Vec<_> = results.iter().filter_map(|it| it.as_ref().ok()).collect();
            assert_eq!(won.len(), 1, "{:?}", bench.backend);
            let conflict = |it: &&Result<String, PutError>| matches!(it, Err(PutError::Conflict));
            assert_eq!(results.iter().filter(conflict).count(), 19);
            assert_eq!(bench.store().get("k").await.unwrap(), Some(document(version, won[0])));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_was_told_sees_what_they_wrote() {
    for bench in benches() {
        let mut writers = JoinSet::new();
        for writer in 0..20 {
            let store = bench.store();
            writers.spawn(async move {
                for version in 1..=10 {
                    let key = format!("k{writer}");
                    store.put(&key, &document(version, "x")).await.unwrap();
                    assert_eq!(store.get(&key).await.unwrap(), Some(document(version, "x")));
                }
            });
        }
        writers.join_all().await;
    }
}

/// Keys of every kind, in byte order.
fn nasty() -> Vec<String> {
    let mut keys: Vec<_> = (0..2 * KEYS_MAX + 50).map(|at| format!("a/{at:04}")).collect();
    let odd = [
        "a",
        "a.",
        "a/",
        "a/\u{0}",
        "a/%",
        "a/_",
        "a/'",
        "a/\"",
        "a/é",
        "a/日本",
        "a/\u{d7ff}",
        "a/\u{e000}",
        "a/🚀",
        "a/\u{10ffff}",
        "a/\u{10ffff}z",
        "a0",
        "a0/x",
        "A/x",
        "b/x",
        "é/1",
        "\u{d7ff}/x",
        "\u{10ffff}",
        "\u{10ffff}/x",
        "%",
        "_",
        " ",
    ];
    keys.extend(odd.map(str::to_owned));
    keys.sort();
    keys
}

#[tokio::test]
async fn keys_are_listed_in_pages_both_ways() {
    let keys = nasty();
    let prefixes =
        ["", "a", "a/", "a/0", "a/é", "a/\u{10ffff}", "\u{d7ff}", "\u{10ffff}", "%", "_", "z"];
    for mut bench in benches() {
        // In an order of no meaning, so that none comes of itself.
        for at in 0..keys.len() {
            let key = &keys[at * 7 % keys.len()];
            bench.store().put(key, &document(1, "x")).await.unwrap();
        }
        bench.reopen();
        for prefix in prefixes {
            let mut expected: Vec<_> =
                keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
            assert_eq!(all(&bench, prefix, false).await, expected, "{prefix:?} up");
            expected.reverse();
            assert_eq!(all(&bench, prefix, true).await, expected, "{prefix:?} down");
        }
    }
}

/// Lists all keys of a prefix, page by page.
async fn all(bench: &Bench, prefix: &str, down: bool) -> Vec<String> {
    let (store, mut keys) = (bench.store(), Vec::<String>::new());
    loop {
        let last = keys.last().map(String::as_str);
        let page = if down { store.keys_down(prefix, last) } else { store.keys(prefix, last) };
        let page = page.await.unwrap();
        assert!(page.len() <= KEYS_MAX);
        let full = page.len() == KEYS_MAX;
        keys.extend(page);
        if !full {
            return keys;
        }
    }
}

#[tokio::test]
async fn what_is_due_is_listed_until_it_is_not() {
    for mut bench in benches() {
        let at = |version, due| Document { due, ..document(version, "x") };
        let keys: Vec<_> = (0..=KEYS_MAX).map(|n| format!("room/{n:03}")).collect();
        for (n, key) in keys.iter().enumerate() {
            // One in seven owes nothing from the beginning, one in five settles.
            bench.store().put(key, &at(1, n % 7 != 0)).await.unwrap();
            if n % 5 == 0 {
                bench.store().put(key, &at(2, false)).await.unwrap();
            }
        }
        let body = "☃".repeat(200_000);
        bench
            .store()
            .put("room/long", &Document { due: true, ..document(1, &body) })
            .await
            .unwrap();
        bench.reopen();
        let mut expected: Vec<_> = (0..=KEYS_MAX).filter(|n| n % 7 != 0 && n % 5 != 0).collect();
        let expected = expected.drain(..).map(|n| keys[n].clone()).chain(["room/long".to_owned()]);
        let due = bench.store().due(None).await.unwrap().unwrap();
        assert_eq!(due, expected.collect::<Vec<_>>(), "{:?}", bench.backend);
        let rest = bench.store().due(Some(&due[3])).await.unwrap().unwrap();
        assert_eq!(rest, due[4..], "{:?}", bench.backend);
        assert!(bench.store().get("room/001").await.unwrap().unwrap().due);
        assert!(!bench.store().get("room/005").await.unwrap().unwrap().due);
        assert!(bench.store().get("room/long").await.unwrap().unwrap().due);
    }
}

#[tokio::test]
async fn of_what_is_due_a_page_holds_no_more_than_a_page() {
    for bench in benches() {
        for n in 0..KEYS_MAX + 3 {
            let due = Document { due: true, ..document(1, "x") };
            bench.store().put(&format!("k{n:03}"), &due).await.unwrap();
        }
        let page = bench.store().due(None).await.unwrap().unwrap();
        assert_eq!(page.len(), KEYS_MAX, "{:?}", bench.backend);
        let rest = bench.store().due(page.last().map(String::as_str)).await.unwrap().unwrap();
        assert_eq!(rest, ["k100", "k101", "k102"], "{:?}", bench.backend);
    }
}

#[tokio::test]
async fn a_page_may_begin_at_a_key_that_is_not_there() {
    for bench in benches() {
        for key in ["p/a", "p/c", "q/a"] {
            bench.store().put(key, &document(1, "x")).await.unwrap();
        }
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("p/b", &["p/c"], &["p/a"]),
            ("p/c", &[], &["p/a"]),
            ("o", &["p/a", "p/c"], &[]),
            ("z", &[], &["p/a", "p/c"]),
        ];
        for (from, up, down) in cases {
            assert_eq!(bench.store().keys("p/", Some(from)).await.unwrap(), *up, "up from {from}");
            let mut got = bench.store().keys_down("p/", Some(from)).await.unwrap();
            got.reverse();
            assert_eq!(got, *down, "down from {from}");
        }
    }
}
