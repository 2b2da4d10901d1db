//! What is not known to be Feishu's, or is no request at all, has no effect.

use crate::stage::{ACTIONS, Answer, EVENTS, Protection, Stage, answer};
use poco_core::Timestamp;
use poco_io::clock;
use serde_json::{Value, json};

/// Stops the test unless the requests are refused and nothing was written, sent or even read.
async fn refused(stage: &Stage, status: u16, requests: Vec<reqwest::RequestBuilder>) {
    for request in requests {
        let answer = answer(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body["detail"].is_string(), "{answer:?}");
    }
    assert_eq!(stage.faults().fired(), Vec::<String>::new());
}

/// Has every call counted that is made from here on: what a function reads as it starts is no answer
/// to anybody.
async fn watched(stage: &Stage) {
    for path in [EVENTS, ACTIONS] {
        assert_eq!(answer(post(stage, path, "{}")).await.status, 401);
    }
    stage.faults().count();
}

fn post(stage: &Stage, path: &str, body: impl Into<String>) -> reqwest::RequestBuilder {
    stage.request(path).header("content-type", "application/json").body(body.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_for_what_is_not_feishus() {
    let stage = Stage::new().await;
    watched(&stage).await;
    let now = clock::now();
    for (path, payload) in [(EVENTS, stage.message("e1", "/run x")), (ACTIONS, stage.press("e2"))] {
        let signed = |at: Timestamp, body: Option<&str>, change: Option<(&str, &str)>| {
            let (sealed, headers) = stage.sealed(&payload, at);
            let mut request = post(&stage, path, body.map_or(sealed, str::to_owned));
            for (name, value) in headers {
                let value = change.filter(|(it, _)| *it == name).map_or(value, |(_, it)| it.into());
                request = request.header(name, value);
            }
            request
        };
        let (sealed, _) = stage.sealed(&payload, now);
        let stale = Timestamp(now.0 - 6 * 60_000);
        let early = Timestamp(now.0 + 6 * 60_000);
        let requests = vec![
            post(&stage, path, payload.to_string()),
            post(&stage, path, sealed.clone()),
            signed(now, None, Some(("x-lark-signature", "00"))),
            signed(now, None, Some(("x-lark-request-nonce", "other"))),
            // Sent again later by somebody who overheard it.
            signed(stale, None, None),
            signed(stale, None, Some(("x-lark-request-timestamp", &(now.0 / 1_000).to_string()))),
            signed(early, None, None),
            signed(now, Some(r#"{"encrypt":"AAAA"}"#), None),
            signed(now, Some(&sealed.replacen('A', "B", 1)), None),
            post(&stage, path, "{}"),
        ];
        refused(&stage, 401, requests).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_the_next_one_served() {
    let stage = Stage::protected(Protection::Token).await;
    watched(&stage).await;
    let long = stage.message("e1", &"x".repeat(600 * 1_024)).to_string();
    refused(&stage, 413, vec![post(&stage, EVENTS, long.clone()), post(&stage, ACTIONS, long)])
        .await;
    let odd = ["", "{", "[]", "null", "7", "\u{0}", "{\"a\":"];
    refused(&stage, 400, odd.iter().map(|odd| post(&stage, EVENTS, *odd)).collect()).await;
    let binary = stage.request(EVENTS).body(vec![0xff, 0xfe, 0x00]);
    refused(&stage, 400, vec![binary]).await;
    let mut wrong = stage.message("e1", "/run x");
    wrong["header"]["token"] = "wrong".into();
    refused(&stage, 401, vec![post(&stage, EVENTS, wrong.to_string())]).await;
    assert_eq!(stage.functions.events.started(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_much_for_the_program_ends_only_itself() {
    let stage = Stage::protected(Protection::Token).await;
    let events = &stage.functions.events;
    let odd = [
        Value::Null,
        json!({}),
        json!([]),
        json!("x"),
        json!({ "version": "2.0", "rawPath": EVENTS, "body": "%%%", "isBase64Encoded": true,
            "headers": {}, "requestContext": { "http": { "method": "POST", "path": EVENTS } } }),
    ];
    for odd in odd {
        // An answer or an error, and never silence.
        if let Err(error) = events.invoke(odd).await {
            assert!(error.get("ended").is_none() && error.get("timeout").is_none(), "{error}");
        }
    }
    let good: Answer = stage.send(EVENTS, &stage.message("e1", "/run x")).await;
    assert_eq!(good.status, 200);
    assert_eq!(events.started(), 1, "one process bore them all");
}
