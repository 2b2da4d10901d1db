//! Cards over HTTP: each press sends what the button of the last answer carries.

use crate::kit::{Poco, Request};
use serde_json::{Value, json};

/// Presses a button of a card by its label, with these fields filled in.
fn press(poco: &Poco, card: &Value, label: &str, fields: &Value) -> Value {
    poco.post("/demo/card-actions", &callback(&value_of(card, label), fields))
}

/// What the platform would send.
fn callback(value: &Value, fields: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": { "event_type": "card.action.trigger" },
        "event": {
            "operator": { "open_id": "ou_ada" },
            "action": { "tag": "button", "value": value, "form_value": fields },
            "context": { "open_message_id": "om_1", "open_chat_id": "oc_1" },
        },
    })
}

fn intent(poco: &Poco, value: &Value) -> Value {
    poco.post("/demo/card-actions", &callback(value, &json!({})))
}

/// What a button carries.
fn value_of(card: &Value, label: &str) -> Value {
    let button = tagged(card, "button").into_iter().find(|it| it["text"]["content"] == label);
    let button = button.unwrap_or_else(|| panic!("there is no button {label} on {card}"));
    button["behaviors"][0]["value"].clone()
}

fn labels(card: &Value) -> Vec<String> {
    let label = |it: &Value| it["text"]["content"].as_str().unwrap().to_owned();
    tagged(card, "button").into_iter().map(label).collect()
}

/// All elements of a kind, wherever they are.
fn tagged<'a>(value: &'a Value, tag: &str) -> Vec<&'a Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(|it| tagged(it, tag)).collect(),
        Value::Object(fields) => {
            let inner = fields.values().flat_map(|it| tagged(it, tag));
            (value["tag"] == tag).then_some(value).into_iter().chain(inner).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    }
}

fn title(answer: &Value) -> &str {
    let card = answer.get("card").unwrap_or(&Value::Null);
    let card = card.get("data").unwrap_or(card);
    card["header"]["title"]["content"].as_str().unwrap_or_default()
}

/// The card of an answer that was given in place of the pressed one, and what it is.
fn shown<'a>(answer: &'a Value, template: &str) -> &'a Value {
    let instruction = &answer["instruction"];
    assert_eq!(instruction["template_key"], template, "{answer}");
    assert_eq!(instruction["render_target"], "current_card");
    assert_eq!(instruction["refresh_mode"], "replace_current");
    assert_eq!((&answer["mode"], &answer["card"]["type"]), (&json!("demo"), &json!("raw")));
    assert_eq!(answer["card"]["data"]["schema"], "2.0");
    &answer["card"]["data"]
}

/// Makes a project as people do; returns what lists it.
fn project(poco: &Poco, name: &str) -> Value {
    let form = intent(poco, &json!({ "intent_key": "project.new" }));
    let fields = json!({ "name": name, "backend": "stub", "workdir": poco.work() });
    let made = press(poco, shown(&form, "project_create"), "Create Project + Group", &fields);
    assert_eq!(made["toast"]["type"], "success", "{made}");
    shown(&made, "project_home");
    let list = intent(poco, &json!({ "intent_key": "project.manage" }));
    let listed = list["instruction"]["template_data"]["projects"].as_array().unwrap();
    listed.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("{list}")).clone()
}

#[test]
fn the_home_card_leads_on() {
    let poco = Poco::start();
    let home = poco.get("/demo/cards/dm/projects");
    assert_eq!(home["mode"], "demo");
    assert_eq!(home["instruction"]["template_key"], "project_home");
    assert_eq!(home["instruction"]["surface"], "dm");
    let data = json!({ "project_count": 0, "actor_id": null });
    assert_eq!(home["instruction"]["template_data"], data);
    let card = &home["card"];
    assert_eq!((&card["schema"], title(&home)), (&json!("2.0"), "PoCo Projects"));
    let new = &card["body"]["elements"][1];
    assert_eq!((&new["tag"], &new["text"]["content"]), (&json!("button"), &json!("New")));
    assert_eq!(new["behaviors"][0]["value"]["intent_key"], "project.new");
    assert_eq!(labels(card), ["New", "Manage"]);
}

#[test]
fn a_project_is_made_worked_in_and_deleted_by_its_cards() {
    let poco = Poco::start();
    let home = poco.get("/demo/cards/dm/projects");
    let form = press(&poco, &home["card"], "New", &json!({}));
    let card = shown(&form, "project_create");
    let data = &form["instruction"]["template_data"];
    assert_eq!((&data["actor_id"], &data["default_backend"]), (&json!("ou_ada"), &json!("stub")));
    for option in data["backend_options"].as_array().unwrap() {
        let backend = option["value"].as_str().unwrap();
        let fields =
            json!({ "name": format!("by {backend}"), "backend": backend, "workdir": poco.work() });
        let made = press(&poco, card, "Create Project + Group", &fields);
        shown(&made, "project_home");
        assert_eq!((title(&made), &made["toast"]["type"]), ("PoCo Projects", &json!("success")));
    }
    // The list of whoever looked, and of nobody else.
    let home = intent(&poco, &json!({ "intent_key": "project.home" }));
    let list = press(&poco, shown(&home, "project_home"), "Manage", &json!({}));
    let card = shown(&list, "project_manage");
    let listed = list["instruction"]["template_data"]["projects"].as_array().unwrap();
    assert_eq!(listed.len(), data["backend_options"].as_array().unwrap().len());
    let gone = press(&poco, card, "Delete Project", &json!({}));
    shown(&gone, "project_manage");
    let begun = std::time::Instant::now();
    loop {
        let list = intent(&poco, &json!({ "intent_key": "project.list" }));
        if list["instruction"]["template_data"]["projects"].as_array().unwrap().len() < listed.len()
        {
            break;
        }
        assert!(begun.elapsed() < crate::kit::PATIENCE, "{list}");
    }
    let back = press(&poco, card, "Back", &json!({}));
    shown(&back, "project_home");
}

#[test]
fn a_form_that_is_wrong_is_shown_again_with_what_is_wrong() {
    let poco = Poco::start();
    let form = intent(&poco, &json!({ "intent_key": "project.new" }));
    let card = shown(&form, "project_create");
    let nowhere = format!("{}/nowhere", poco.work());
    for (name, backend, workdir, word) in [
        ("", "stub", poco.work(), "name"),
        ("a\nb", "stub", poco.work(), "name"),
        ("x", "no-such-agent", poco.work(), "no-such-agent"),
        ("x", "stub", nowhere, "no folder"),
        ("x", "stub", "relative".to_owned(), "full path"),
    ] {
        let fields = json!({ "name": name, "backend": backend, "workdir": workdir });
        let wrong = press(&poco, card, "Create Project + Group", &fields);
        shown(&wrong, "project_create");
        assert_eq!(wrong["toast"]["type"], "warning", "{wrong}");
        assert!(wrong["toast"]["content"].as_str().unwrap().contains(word), "{wrong}");
        assert_eq!(wrong["instruction"]["message"], wrong["toast"]["content"]);
    }
    let home = intent(&poco, &json!({ "intent_key": "project.home" }));
    assert_eq!(home["instruction"]["template_data"]["project_count"], 0);
}

#[test]
fn the_same_press_makes_one_project() {
    let poco = Poco::start();
    let mut body = callback(
        &json!({ "intent_key": "project.create" }),
        &json!({ "name": "once", "backend": "stub", "workdir": poco.work() }),
    );
    body["header"]["event_id"] = "ev-1".into();
    for _ in 0..3 {
        let made = poco.post("/demo/card-actions", &body);
        shown(&made, "project_home");
        assert_eq!(made["toast"]["type"], "success");
        assert_eq!(made["instruction"]["template_data"]["project_count"], 1);
    }
    // Somebody else's press of the same name is another one.
    body["event"]["operator"]["open_id"] = "ou_bob".into();
    let made = poco.post("/demo/card-actions", &body);
    assert_eq!(made["instruction"]["template_data"]["actor_id"], "ou_bob");
    assert_eq!(made["instruction"]["template_data"]["project_count"], 1, "{made}");
}

#[test]
fn a_project_has_its_own_tasks() {
    let poco = Poco::start();
    let project = project(&poco, "tasks");
    let (id, open) = (
        &project["id"],
        json!({ "intent_key": "workspace.open", "project_id": project["id"], "surface": "group" }),
    );
    let answer = intent(&poco, &open);
    shown(&answer, "workspace_overview");
    assert_eq!(answer["instruction"]["surface"], "group");
    let data = &answer["instruction"]["template_data"];
    assert_eq!(
        data["current_workdir"].as_str().unwrap(),
        std::fs::canonicalize(poco.work()).unwrap().to_str().unwrap()
    );
    assert_eq!((&data["queue_count"], &data["stop_enabled"]), (&json!(0), &json!(false)));
    let submit = json!({ "intent_key": "task.submit", "project_id": id, "prompt": "confirm: go" });
    let asked = intent(&poco, &submit);
    let card = shown(&asked, "task_status");
    let task = &asked["instruction"]["template_data"]["task"];
    assert_eq!((&task["project_id"], &task["status"]), (id, &json!("waiting_for_confirmation")));
    let behind = json!({ "intent_key": "task.submit", "project_id": id, "prompt": "then" });
    let behind = intent(&poco, &behind);
    let data = &behind["instruction"]["template_data"];
    assert_eq!((&data["queue_position"], &data["blocking_task_id"]), (&json!(1), &task["id"]));
    assert!(title(&behind).starts_with("[Queued] Task: "));
    let approved = press(&poco, card, "Approve", &json!({}));
    let shown_task = &approved["instruction"]["template_data"]["task"];
    assert_eq!((&shown_task["id"], &shown_task["status"]), (&task["id"], &json!("running")));
    poco.task_in(&task["id"], "completed");
    poco.task_in(&data["task"]["id"], "completed");
    let late = press(&poco, card, "Reject", &json!({}));
    assert_eq!((&late["toast"]["type"], late.get("card")), (&json!("warning"), None), "{late}");
    assert_eq!(late["instruction"]["render_target"], "ack");
    assert_eq!(late["instruction"]["refresh_mode"], "ack_only");
    assert_eq!(late["instruction"]["template_key"], Value::Null);
}

#[test]
fn a_long_answer_is_read_page_by_page() {
    let poco = Poco::start();
    let prompt = (0..500).map(|n| format!("line-{n:04}-{}\n", "x".repeat(30))).collect::<String>();
    let asked = poco.say(&format!("/run {prompt}"));
    let task = poco.task_in(&asked["task_id"], "completed");
    let open = json!({ "intent_key": "task.open", "task_id": task["id"], "page": "0" });
    let mut page = intent(&poco, &open);
    let (mut text, mut at) = (String::new(), 1);
    loop {
        let card = shown(&page, "task_status");
        assert_eq!(page["instruction"]["template_data"]["result_page"], at);
        text.push_str(&card["body"]["elements"].to_string());
        if !labels(card).contains(&"Next Page".to_owned()) {
            break;
        }
        page = press(&poco, card, "Next Page", &json!({}));
        at += 1;
    }
    assert!(at > 2, "{at} pages");
    let missing: Vec<_> = (0..500).filter(|n| !text.contains(&format!("line-{n:04}-"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let back = press(&poco, shown(&page, "task_status"), "Previous Page", &json!({}));
    assert_eq!(back["instruction"]["template_data"]["result_page"], at - 1);
    let far = json!({ "intent_key": "task.open", "task_id": task["id"], "page": "999999999999999999999" });
    shown(&intent(&poco, &far), "task_status");
}

#[test]
fn a_running_task_is_opened_and_stopped() {
    let poco = Poco::start();
    let asked = poco.say(&format!("/run {}", "word ".repeat(2_000)));
    poco.task_in(&asked["task_id"], "running");
    let open = json!({ "intent_key": "task.open", "task_id": asked["task_id"] });
    let opened = intent(&poco, &open);
    let stopped = press(&poco, shown(&opened, "task_status"), "Stop", &json!({}));
    assert!(title(&stopped).starts_with("[Stopping] Task: "), "{stopped}");
    poco.task_in(&asked["task_id"], "cancelled");
    let again = intent(&poco, &open);
    assert!(title(&again).starts_with("[Stopped] Task: "), "{again}");
}

#[test]
fn an_agent_that_asks_is_answered_by_its_card() {
    let poco = Poco::start();
    let asked = poco.say("/run ask: rm -rf nothing");
    poco.task_in(&asked["task_id"], "waiting_for_confirmation");
    let status = json!({ "intent_key": "task.status", "task_id": asked["task_id"] });
    let card = intent(&poco, &status);
    let why = tagged(&card["card"], "input")[0]["name"].as_str().unwrap().to_owned();
    let denied = press(
        &poco,
        shown(&card, "task_status"),
        "Deny and tell it why",
        &json!({ why: "too risky" }),
    );
    assert_eq!(denied["toast"]["type"], "success", "{denied}");
    let task = poco.task_in(&asked["task_id"], "completed");
    assert!(task["raw_result"].as_str().unwrap().contains("too risky"));
}

#[test]
fn what_is_not_there_or_not_known_is_refused() {
    let poco = Poco::start();
    for value in [
        json!({ "intent_key": "task.open", "task_id": "0badc0de" }),
        json!({ "intent_key": "task.stop", "task_id": "0badc0de" }),
        json!({ "intent_key": "workspace.open", "project_id": "oc_nowhere" }),
        json!({ "intent_key": "workspace.open", "project_id": "house" }),
        json!({ "intent_key": "project.delete", "project_id": "oc_nowhere" }),
        json!({ "intent_key": "task.submit", "prompt": "" }),
    ] {
        let answer = intent(&poco, &value);
        assert_eq!(answer["toast"]["type"], "warning", "{answer}");
        assert_eq!(answer.get("card"), None, "{answer}");
    }
    for value in [
        json!({}),
        json!({ "intent_key": "" }),
        json!({ "intent_key": "task.explode" }),
        json!({ "intent_key": "task.open" }),
        json!({ "intent_key": "project.delete" }),
        json!({ "intent_key": ["project.home"] }),
        json!("project.home"),
        json!(null),
    ] {
        let request = Request::post("/demo/card-actions", &callback(&value, &json!({})));
        poco.ask(&request).refuses(400);
    }
    for body in [json!([]), json!("x"), json!(1), json!(null)] {
        poco.ask(&Request::post("/demo/card-actions", &body)).refuses(422);
    }
    assert_eq!(poco.get("/tasks"), json!({ "tasks": [], "next": null }));
}
