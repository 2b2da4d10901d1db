//! Whatever is done to the audit behind PoCo's back is noticed, wherever it is kept.

use crate::{BACKENDS, Bench, LEASE};
use async_trait::async_trait;
use poco_core::{Action, ChatId, Event, EventId, Fact, Timestamp, UserId, Via};
use poco_io::app::{App, Verified, verify};
use poco_io::chats::Chats;
use poco_io::config::Given;
use poco_io::port::{Document, PutError, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A store to which somebody else has been: documents are others than were put, or gone.
struct Meddled {
    inner: Arc<dyn Store>,
    /// What is there instead; `None` for nothing.
    instead: BTreeMap<String, Option<Document>>,
}

#[async_trait]
impl Store for Meddled {
    async fn get(&self, key: &str) -> anyhow::Result<Option<Document>> {
        match self.instead.get(key) {
            Some(document) => Ok(document.clone()),
            None => self.inner.get(key).await,
        }
    }

    async fn put(&self, key: &str, document: &Document) -> Result<(), PutError> {
        self.inner.put(key, document).await
    }

    async fn keys(&self, prefix: &str, after: Option<&str>) -> anyhow::Result<Vec<String>> {
        let mut keys = self.inner.keys(prefix, after).await?;
        keys.retain(|key| !matches!(self.instead.get(key), Some(None)));
        let is_new = |(key, document): &(&String, &Option<Document>)| {
            document.is_some()
                && key.starts_with(prefix)
                && after.is_none_or(|it| key.as_str() > it)
        };
        keys.extend(self.instead.iter().filter(is_new).map(|(key, _)| key.clone()));
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    async fn keys_down(&self, prefix: &str, before: Option<&str>) -> anyhow::Result<Vec<String>> {
        self.inner.keys_down(prefix, before).await
    }

    async fn due(&self, after: Option<&str>) -> anyhow::Result<Option<Vec<String>>> {
        self.inner.due(after).await
    }
}

const CHAT: &str = "local-api";

fn line(number: u64) -> String {
    format!("audit/{CHAT}/{number:012}")
}

fn room() -> String {
    format!("room/{CHAT}")
}

/// Has things done that are noted, a line each. `second` is one of them.
async fn live(bench: &Bench, second: &str) -> Arc<dyn Store> {
    let home =
        [("HOME".to_owned(), std::env::temp_dir().display().to_string())].into_iter().collect();
    let config = Given::gather(home).judge().unwrap();
    let terms = config.terms(vec!["stub".into()]);
    let clock = || Timestamp(1_800_000_000_000);
    let chats = Arc::new(Chats::default());
    let app = App::new(bench.store(), bench.queue(), chats, terms, clock);
    for (number, text) in ["/run one", second, "/run three", "/run four"].iter().enumerate() {
        let (by, via) = (UserId::new("local"), Via::Local { card: None });
        let event = Event {
            id: EventId::new(format!("e{number}")),
            chat: ChatId::new(CHAT),
            at: clock(),
            lang: None,
            fact: Fact::Acted { by, via, action: Action::parse(text) },
        };
        Box::pin(app.handle(event)).await.unwrap();
    }
    app.settle(&ChatId::new(CHAT)).await.unwrap();
    bench.store()
}

/// What is found where this is there instead.
async fn found(store: &Arc<dyn Store>, instead: &[(String, Option<Document>)]) -> Verified {
    let instead = instead.iter().cloned().collect();
    verify(&Meddled { inner: store.clone(), instead }).await.unwrap()
}

/// The lines that are found wanting.
async fn flaws(store: &Arc<dyn Store>, instead: &[(String, Option<Document>)]) -> Vec<String> {
    let flaws = found(store, instead).await.flaws;
    assert!(flaws.iter().all(|flaw| flaw.chat == CHAT), "{flaws:?}");
    flaws.iter().map(|flaw| format!("{} {}", flaw.number, flaw.what)).collect()
}

async fn there(store: &Arc<dyn Store>, key: &str) -> Document {
    store.get(key).await.unwrap().expect("it is there")
}

fn with(document: &Document, from: &str, to: &str) -> Document {
    assert!(document.body.contains(from), "{from}: {}", document.body);
    Document { body: document.body.replace(from, to), ..document.clone() }
}

#[tokio::test]
async fn whatever_is_done_to_the_audit_is_noticed() {
    for backend in BACKENDS {
        let (bench, other) = (Bench::new(*backend, LEASE), Bench::new(*backend, LEASE));
        let store = live(&bench, "/run two").await;
        // What a liar would like to have been: each line is as PoCo would have written it.
        let lie = live(&other, "/run 2").await;
        let whole = found(&store, &[]).await;
        assert_eq!((whole.lines, whole.flaws.len()), (4, 0), "{backend:?} {whole:?}");
        let head = whole.heads[0].2.clone();
        let mut lines = vec![];
        let mut lies = vec![];
        for number in 1..=4 {
            lines.push(there(&store, &line(number)).await);
            lies.push(there(&lie, &line(number)).await);
        }
        let gone = |number| (line(number), None);
        let put = |number, document: &Document| (line(number), Some(document.clone()));
        let lied = |number: u64| put(number, &lies[usize::try_from(number).unwrap() - 1]);
        let record = there(&store, &room()).await;
        let record_with = |from: &str, to: &str| (room(), Some(with(&record, from, to)));
        let (number, last) = ("\"number\":4", format!("\"hash\":\"{head}\""));
        let cut = format!("\"hash\":\"{}\"", hash_of(&lines[2]));
        let back = with(&record, number, "\"number\":3");
        let back = (room(), Some(with(&back, &last, &cut)));
        for (what, instead, expected) in [
            ("a line is removed", vec![gone(2)], vec!["2 is missing"]),
            ("the first line is removed", vec![gone(1)], vec!["1 is missing"]),
            ("the chain is cut off", vec![gone(4)], vec!["4 is missing"]),
            ("more of it is cut off", vec![gone(3), gone(4)], vec!["3 is missing"]),
            (
                "all of it is removed",
                vec![gone(1), gone(2), gone(3), gone(4)],
                vec!["1 is missing"],
            ),
            (
                "two lines change places",
                vec![put(2, &lines[2]), put(3, &lines[1])],
                vec![
                    "2 does not follow the line before it",
                    "2 was changed",
                    "3 does not follow the line before it",
                    "3 was changed",
                    "4 does not follow the line before it",
                ],
            ),
            ("a line is edited", vec![put(2, &with(&lines[1], "two", "2"))], vec!["2 was changed"]),
            (
                "the last line is edited",
                vec![put(4, &with(&lines[3], "four", "4"))],
                vec!["4 was changed"],
            ),
            (
                "a line is written anew, with its hash",
                vec![lied(2)],
                vec!["3 does not follow the line before it"],
            ),
            (
                "all that follows is written anew, too",
                vec![lied(2), lied(3), lied(4)],
                vec!["4 is not the last one that was written"],
            ),
            (
                "who did it is edited",
                vec![put(1, &with(&lines[0], "local\\\"", "other\\\""))],
                vec!["1 was changed"],
            ),
            (
                "a line is written over in the open",
                vec![put(3, &Document { version: 2, ..lines[2].clone() })],
                vec!["3 cannot be read", "3 is missing"],
            ),
            (
                "a line is nonsense",
                vec![put(3, &Document { body: "{}".into(), ..lines[2].clone() })],
                vec!["3 cannot be read", "3 is missing"],
            ),
            (
                "the head is another",
                vec![record_with(&last, "\"hash\":\"0000\"")],
                vec!["4 is not the last one that was written"],
            ),
            ("the head is set back", vec![back.clone()], vec!["4 was added"]),
            ("the record is removed", vec![(room(), None)], vec!["1 was added"]),
        ] {
            assert_eq!(flaws(&store, &instead).await, expected, "{backend:?}: {what}");
        }
        // Who cuts both can hide it from PoCo, and not from those who wrote the heads down.
        let both = found(&store, &[gone(4), back]).await;
        assert_eq!((both.flaws.len(), both.lines), (0, 3));
        assert_ne!(both.heads[0].2, head);
    }
}

fn hash_of(line: &Document) -> String {
    let link: serde_json::Value = serde_json::from_str(&line.body).unwrap();
    link["hash"].as_str().unwrap().to_owned()
}
