//! Routes, fields, kinds and states, as clients of the Python PoCo know them.

use crate::kit::{Poco, Request};
use serde_json::{Value, json};

/// Fields with the kinds of their values: `s`tring, `b`ool, `l`ist, `o`bject, `n`ull, `i`nteger.
fn has(value: &Value, fields: &[(&str, &str)]) {
    for (name, kinds) in fields {
        let kind = match value.get(*name) {
            None => panic!("there is no {name} in {value}"),
            Some(Value::String(_)) => 's',
            Some(Value::Bool(_)) => 'b',
            Some(Value::Array(_)) => 'l',
            Some(Value::Object(_)) => 'o',
            Some(Value::Null) => 'n',
            Some(Value::Number(_)) => 'i',
        };
        assert!(kinds.contains(kind), "{name} in {value}");
    }
}

const HEALTH: &[(&str, &str)] = &[
    ("status", "s"),
    ("mode", "s"),
    ("feishu_enabled", "b"),
    ("feishu_delivery_mode", "s"),
    ("feishu_verification_enabled", "b"),
    ("feishu_signature_enabled", "b"),
    ("feishu_listener_ready", "b"),
    ("feishu_listener_detail", "s"),
    ("state_backend", "s"),
    ("state_db_path", "s"),
    ("agent_backend", "s"),
    ("agent_ready", "b"),
    ("agent_detail", "s"),
    ("missing", "l"),
    ("warnings", "l"),
];

const TASK: &[(&str, &str)] = &[
    ("id", "s"),
    ("source", "s"),
    ("requester_id", "s"),
    ("prompt", "s"),
    ("agent_backend", "s"),
    ("effective_backend_config", "o"),
    ("effective_model", "s"),
    ("effective_sandbox", "s"),
    ("backend_session_id", "sn"),
    ("project_id", "sn"),
    ("session_id", "sn"),
    ("effective_workdir", "s"),
    ("notification_message_id", "sn"),
    ("reply_receive_id", "sn"),
    ("reply_receive_id_type", "sn"),
    ("status", "s"),
    ("awaiting_confirmation_reason", "sn"),
    ("live_output", "s"),
    ("raw_result", "sn"),
    ("result_summary", "sn"),
    ("created_at", "s"),
    ("updated_at", "s"),
    ("events", "l"),
];

const COMMAND: &[(&str, &str)] = &[
    ("ok", "b"),
    ("mode", "s"),
    ("response_text", "s"),
    ("task_id", "sn"),
    ("dispatch_action", "sn"),
    ("task", "on"),
];

#[test]
fn health_tells_what_is_ready_and_what_is_missing() {
    let poco = Poco::start();
    let health = poco.get("/health");
    has(&health, HEALTH);
    let is = |name: &str, value: Value| assert_eq!(health[name], value, "{name}");
    is("status", json!("ok"));
    is("mode", json!("local"));
    is("feishu_enabled", json!(false));
    is("feishu_delivery_mode", json!("longconn"));
    is("state_backend", json!("sqlite"));
    is("agent_backend", json!("stub"));
    is("agent_ready", json!(true));
    is("missing", json!(["POCO_FEISHU_APP_ID", "POCO_FEISHU_APP_SECRET"]));
    assert!(health["agent_detail"].as_str().unwrap().starts_with("default=stub; "));
    assert!(health["warnings"][0].as_str().unwrap().contains("No Feishu app"));
}

#[test]
fn help_makes_no_task() {
    let poco = Poco::start();
    for text in ["/help", "hello there", "   ", "/HELP"] {
        let answer = poco.say(text);
        has(&answer, COMMAND);
        assert!(answer["response_text"].as_str().unwrap().contains("/run <prompt>"), "{answer}");
        assert_eq!((&answer["task_id"], &answer["task"]), (&Value::Null, &Value::Null));
        assert_eq!(answer["dispatch_action"], Value::Null);
    }
    assert_eq!(poco.get("/tasks"), json!({ "tasks": [], "next": null }));
}

#[test]
fn a_prompt_runs_to_its_end() {
    let poco = Poco::start();
    let answer = poco.say("/run say marker-4711");
    has(&answer, COMMAND);
    has(&answer["task"], TASK);
    assert_eq!((&answer["ok"], &answer["mode"]), (&json!(true), &json!("demo")));
    assert_eq!(answer["dispatch_action"], "start");
    assert_eq!(answer["task"]["id"], answer["task_id"]);
    assert_eq!(answer["task"]["status"], "created");
    assert_eq!(answer["task"]["source"], "demo");
    assert_eq!(answer["task"]["requester_id"], "local_demo_user");
    let lines: Vec<_> = answer["response_text"].as_str().unwrap().lines().collect();
    let id = answer["task_id"].as_str().unwrap();
    assert_eq!(lines[0], "Task created.");
    assert_eq!(lines[1], format!("task_id={id}"));
    for line in ["agent_backend=stub", "status=created", "source=demo", "prompt=say marker-4711"] {
        assert!(lines.contains(&line), "{line} in {lines:?}");
    }
    let task = poco.task_in(&answer["task_id"], "completed");
    has(&task, TASK);
    assert!(task["result_summary"].as_str().unwrap().contains("marker-4711"));
    assert!(task["raw_result"].as_str().unwrap().contains("marker-4711"));
    assert_eq!((&task["project_id"], &task["reply_receive_id"]), (&Value::Null, &Value::Null));
    let kinds: Vec<_> = task["events"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds.first(), Some(&&json!("task_created")));
    assert!(kinds.contains(&&json!("task_started")));
    let time = task["updated_at"].as_str().unwrap();
    assert!(time.ends_with("+00:00") && time.as_bytes()[10] == b'T' && time.len() == 32, "{time}");
    assert!(task["created_at"].as_str().unwrap() <= time);
    let status = poco.say(&format!("/status {id}"));
    assert!(status["response_text"].as_str().unwrap().starts_with("Task status.\n"));
    assert!(status["response_text"].as_str().unwrap().contains("result=Stub result for:"));
    assert_eq!((&status["task"], &status["dispatch_action"]), (&task, &Value::Null));
}

#[test]
fn a_prompt_with_confirm_waits_for_a_word() {
    let poco = Poco::start();
    for way in ["route", "command"] {
        let asked = poco.say(&format!("/run confirm: write marker-{way}"));
        let id = asked["task_id"].as_str().unwrap();
        assert_eq!(asked["task"]["status"], "waiting_for_confirmation");
        assert!(asked["task"]["awaiting_confirmation_reason"].is_string());
        let next = format!("next=/approve {id} or /reject {id}");
        assert!(asked["response_text"].as_str().unwrap().ends_with(&next), "{asked}");
        let approved = match way {
            "route" => poco.post(&format!("/demo/tasks/{id}/approve"), &json!({})),
            _ => poco.say(&format!("/approve {id}")),
        };
        assert_eq!((&approved["ok"], &approved["mode"]), (&json!(true), &json!("demo")));
        assert!(approved["response_text"].as_str().unwrap().starts_with("Task approved.\n"));
        assert_eq!(approved["task"]["status"], "running");
        let done = poco.task_in(&asked["task_id"], "completed");
        assert!(done["result_summary"].as_str().unwrap().contains(&format!("marker-{way}")));
        assert_eq!(done["awaiting_confirmation_reason"], Value::Null);
        // A word that comes too late changes nothing and is told so.
        let late = poco.post(&format!("/demo/tasks/{id}/reject"), &json!({}));
        assert!(!late["response_text"].as_str().unwrap().starts_with("Task rejected."), "{late}");
        assert_eq!(late["task"], done);
    }
}

#[test]
fn a_prompt_can_be_rejected() {
    let poco = Poco::start();
    for way in ["route", "command"] {
        let asked = poco.say("/run confirm: never do this");
        let behind = poco.say("/run and this after it");
        assert_eq!(behind["task"]["status"], "queued");
        assert_eq!(behind["dispatch_action"], Value::Null);
        assert!(behind["response_text"].as_str().unwrap().starts_with("Task queued.\n"));
        let id = asked["task_id"].as_str().unwrap();
        let rejected = match way {
            "route" => poco.ask(&Request::new("POST", format!("/demo/tasks/{id}/reject"))).json(),
            _ => {
                let rejected = poco.say(&format!("/reject {id} not now"));
                assert_eq!(rejected["dispatch_action"], "advance_queue");
                rejected
            }
        };
        assert!(rejected["response_text"].as_str().unwrap().starts_with("Task rejected.\n"));
        assert_eq!(rejected["task"]["status"], "cancelled", "{rejected}");
        assert_eq!(rejected["task"]["raw_result"], Value::Null);
        poco.task_in(&behind["task_id"], "completed");
        assert_eq!(poco.task_in(&asked["task_id"], "cancelled")["raw_result"], Value::Null);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let poco = Poco::start();
    let detail = poco.ask(&Request::get("/tasks/0badc0de")).detail();
    assert!(detail.contains("0badc0de"), "{detail}");
    poco.ask(&Request::get("/tasks/0badc0de")).refuses(404);
    poco.ask(&Request::post("/demo/tasks/0badc0de/approve", &json!({}))).refuses(404);
    poco.ask(&Request::post("/demo/tasks/0badc0de/reject", &json!({}))).refuses(404);
    for command in ["/status 0badc0de", "/approve 0badc0de", "/reject 0badc0de", "/stop 0badc0de"] {
        let answer = poco.say(command);
        assert_eq!(answer["response_text"], "There is no task 0badc0de.");
        assert_eq!((&answer["task_id"], &answer["task"]), (&Value::Null, &Value::Null));
    }
    for path in ["/", "/docs", "/tasks/", "/demo", "/platform/feishu/events", "/admin"] {
        poco.ask(&Request::get(path)).refuses(404);
    }
    for (method, path) in [("GET", "/demo/command"), ("POST", "/health"), ("DELETE", "/tasks/x")] {
        poco.ask(&Request::new(method, path)).refuses(405);
    }
}

#[test]
fn a_task_can_be_stopped() {
    let poco = Poco::start();
    let asked = poco.say(&format!("/run {}", "word ".repeat(2_000)));
    poco.task_in(&asked["task_id"], "running");
    let answer = poco.say(&format!("/stop {}", asked["task_id"].as_str().unwrap()));
    assert!(answer["response_text"].as_str().unwrap().starts_with("Task stopped."), "{answer}");
    let task = poco.task_in(&asked["task_id"], "cancelled");
    let longest = 6 * 2_000;
    assert!(task["raw_result"].as_str().is_none_or(|result| result.len() < longest));
}

#[test]
fn tasks_are_listed_in_pages_and_each_once() {
    let poco = Poco::start();
    for n in 0..7 {
        let body = json!({ "text": format!("/run task {n}"), "user_id": format!("user-{n}") });
        let task = poco.post("/demo/command", &body);
        poco.task_in(&task["task_id"], "completed");
    }
    let waits = poco.say("/run confirm: later");
    let (mut seen, mut path) = (vec![], "/tasks?limit=3".to_owned());
    loop {
        let page = poco.get(&path);
        let tasks = page["tasks"].as_array().unwrap();
        tasks.iter().for_each(|task| has(task, TASK));
        seen.extend(tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/tasks?limit=3&before={next}");
    }
    assert_eq!(seen[0], waits["task_id"].as_str().unwrap());
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert!(seen[1..].is_sorted_by(|one, other| one > other), "newest first: {seen:?}");
    assert_eq!(poco.get("/tasks")["tasks"].as_array().unwrap().len(), 8);
    for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1&limit=2", "before=%ff"] {
        let status = poco.ask(&Request::get(&format!("/tasks?{query}"))).status;
        assert!([200, 422].contains(&status), "{query}: {status}");
    }
    poco.ask(&Request::get("/tasks?limit=x")).refuses(422);
    assert_eq!(poco.get("/tasks?before=0"), json!({ "tasks": [], "next": null }));
}

#[test]
fn debug_tells_nothing_where_nothing_happened() {
    let poco = Poco::start();
    let debug = poco.get("/debug/feishu");
    has(
        &debug,
        &[("inbound_events", "l"), ("outbound_attempts", "l"), ("errors", "l"), ("listener", "o")],
    );
    has(
        &debug["listener"],
        &[
            ("enabled", "b"),
            ("delivery_mode", "s"),
            ("ready", "b"),
            ("detail", "s"),
            ("running", "b"),
            ("last_event_at", "sn"),
            ("last_error", "sn"),
        ],
    );
    assert_eq!(debug["listener"]["enabled"], false);
}
