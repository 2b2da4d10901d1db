//! Nothing that can be sent is answered with a 500, ends PoCo, or brings it out of step.

use crate::kit::{Poco, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

const WORDS: &[&str] = &[
    "text",
    "user_id",
    "event",
    "action",
    "value",
    "form_value",
    "intent_key",
    "operator",
    "open_id",
    "context",
    "open_message_id",
    "header",
    "event_id",
    "request_id",
    "task_id",
    "project_id",
    "surface",
    "page",
    "prompt",
    "name",
    "backend",
    "workdir",
    "project.create",
    "project.home",
    "project.delete",
    "task.submit",
    "task.open",
    "task.stop",
    "task.answer",
    "task.ask_page",
    "task.steer",
    "task.steer_queue",
    "task.continue",
    "workspace.open",
    "house",
    "local-local_demo_user",
    "group",
    "/run x",
    "/approve x.1",
    "/status ../..",
    "confirm:",
    "ask:",
    "stub",
    "/",
    "~",
    "",
    "\0",
    "\u{202e}",
    "’; DROP TABLE documents; --",
    "room/house",
    "%",
    "x.y.z",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z0-9._/-]{0,40}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => vec((word(), inner), 0..6).prop_map(|it| it.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// A press with arbitrary fields where a press has fields.
fn press() -> impl Strategy<Value = Value> {
    let fields = || vec((word(), value()), 0..5);
    (word(), fields(), fields(), value(), value()).prop_map(|(intent, value, form, by, id)| {
        let mut value: Map<String, Value> = value.into_iter().collect();
        value.insert("intent_key".to_owned(), intent.into());
        let form: Map<String, Value> = form.into_iter().collect();
        json!({
            "header": { "event_id": id },
            "event": {
                "operator": { "open_id": by },
                "action": { "value": value, "form_value": form },
            },
        })
    })
}

const PATHS: &[&str] = &[
    "/demo/command",
    "/demo/card-actions",
    "/demo/tasks/x/approve",
    "/demo/tasks/x/reject",
    "/admin/pair",
];

fn request() -> impl Strategy<Value = Request> {
    let path = || prop::sample::select(PATHS);
    let commands = (word(), prop::option::of(value())).prop_map(|(text, by)| {
        Request::post("/demo/command", &json!({ "text": text, "user_id": by }))
    });
    prop_oneof![
        2 => press().prop_map(|it| Request::post("/demo/card-actions", &it)),
        2 => commands,
        1 => (path(), value()).prop_map(|(path, it)| Request::post(path, &it)),
        1 => (path(), vec(any::<u8>(), 0..300)).prop_map(|(path, it)| Request::raw(path, it)),
        1 => odd_path(),
    ]
}

/// Any method on a path whose name is odd.
fn odd_path() -> impl Strategy<Value = Request> {
    let methods = prop::sample::select(
        &["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "ODD"][..],
    );
    let before = prop::sample::select(
        &["/tasks/", "/demo/tasks/", "/tasks?before=", "/tasks?limit=", "/"][..],
    );
    let after = prop::sample::select(&["", "/approve", "/reject", "?limit=1"][..]);
    let name = prop_oneof![
        vec(any::<u8>(), 0..40)
            .prop_map(|it| it.iter().map(|byte| format!("%{byte:02x}")).collect::<String>()),
        "[!-~&&[^ ]]{0,60}".prop_map(|it| it),
        Just("x".repeat(9_000)),
    ];
    (methods, before, name, after).prop_map(|(method, before, name, after)| {
        Request::new(method, format!("{before}{name}{after}"))
    })
}

/// Statuses that say that something is wrong with a request, or nothing.
const GOOD: &[u16] = &[200, 400, 401, 404, 405, 413, 414, 422, 431];

#[test]
fn no_request_is_answered_with_a_fault() {
    let mut poco = Poco::start();
    let mut runner =
        TestRunner::new(Config { cases: 1_500, failure_persistence: None, ..Config::default() });
    let run = runner.run(&request(), |request| {
        let answer = poco.ask(&request);
        prop_assert!(GOOD.contains(&answer.status), "{request:?}: {answer:?}");
        Ok(())
    });
    run.unwrap();
    assert!(poco.is_alive());
    let list = poco.get("/tasks?limit=100");
    assert!(list["tasks"].is_array());
    let body = json!({ "text": "/run still here", "user_id": "somebody-else" });
    let task = poco.post("/demo/command", &body);
    poco.task_in(&task["task_id"], "completed");
}

#[test]
fn wrong_bodies_are_told_what_is_wrong() {
    let poco = Poco::start();
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let bodies: [&[u8]; 14] = [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"\"text\"",
        b"{\"text\":1}",
        b"{\"text\":null}",
        b"{\"text\":\"\"}",
        b"{\"text\":\"\xff\"}",
        b"\xff\xfe\x00",
        b"{\"text\":\"x\"",
        b"text=x",
        deep.as_bytes(),
    ];
    for body in bodies {
        poco.ask(&Request::raw("/demo/command", body)).refuses(422);
    }
    for user in [json!(""), json!("a b"), json!("ü"), json!("x".repeat(65)), json!(7), json!([])] {
        let body = json!({ "text": "/help", "user_id": user });
        poco.ask(&Request::post("/demo/command", &body)).refuses(422);
    }
    let bad_path = Request::new("GET", b"/tasks/%ff%fe".to_vec());
    poco.ask(&bad_path).refuses(400);
    let bad_path = Request::new("POST", b"/demo/tasks/%ff/approve".to_vec());
    poco.ask(&bad_path).refuses(400);
    assert_eq!(poco.get("/tasks"), json!({ "tasks": [], "next": null }));
}

#[test]
fn many_at_once_are_all_answered() {
    let poco = Poco::start();
    std::thread::scope(|scope| {
        for n in 0..24 {
            let poco = &poco;
            scope.spawn(move || {
                for at in 0..5 {
                    let answer = poco.say(&format!("/run {n}-{at}"));
                    assert!(answer["response_text"].is_string());
                    poco.get("/tasks?limit=5");
                    poco.get("/demo/cards/dm/projects");
                }
            });
        }
    });
}
