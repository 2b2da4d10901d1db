//! What people write and press, as Feishu tells it.

use poco_core::words::platform as words;
use poco_core::{Action, Event, Fact, Lang, TaskId, Timestamp, Via};
use poco_io::feishu::inbound::{Inbound, read};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const BOT: &str = "ou_bot";

fn message(kind: &str, content: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": { "event_id": "e1", "event_type": "im.message.receive_v1", "create_time": "1" },
        "event": {
            "sender": { "sender_id": { "open_id": "ou_1" }, "sender_type": "user" },
            "message": {
                "message_id": "om_1",
                "chat_id": "oc_1",
                "chat_type": "group",
                "create_time": "1699999999000",
                "message_type": kind,
                "content": content.to_string(),
                "mentions": [
                    { "key": "@_user_1", "id": { "open_id": BOT, "user_id": null }, "name": "PoCo" },
                    { "key": "@_user_2", "id": { "open_id": "ou_2" }, "name": "Ann @_user_1" },
                    { "key": "@_user_10", "id": { "open_id": "ou_3" }, "name": "Bob" },
                ],
            },
        },
    })
}

fn event(payload: &Value) -> Event {
    let inbound = read(payload, Some(BOT), NOW);
    let Inbound::Event(event) = inbound else { panic!("no event: {inbound:?}") };
    event
}

fn acted(payload: &Value) -> (Via, Action) {
    let fact = event(payload).fact;
    let Fact::Acted { via, action, .. } = fact else { panic!("not acted: {fact:?}") };
    (via, action)
}

fn said(payload: &Value) -> String {
    let action = acted(payload).1;
    let Action::Say { text } = action else { panic!("not said: {action:?}") };
    text
}

#[test]
fn a_text_is_said() {
    let mut payload = message("text", &json!({ "text": "fix it" }));
    let event = event(&payload);
    assert_eq!((event.id.as_str(), event.chat.as_str()), ("om_1", "oc_1"), "named by its message");
    assert_eq!(event.at, Timestamp(1_699_999_999_000));
    assert_eq!(acted(&payload).0, Via::Group);
    payload["event"]["message"]["chat_type"] = "p2p".into();
    assert_eq!(acted(&payload), (Via::Direct, Action::Say { text: "fix it".to_owned() }));
}

#[test]
fn mentions_of_the_bot_go_and_others_have_names() {
    for (text, expected) in [
        ("@_user_1 fix it", "fix it"),
        ("@_user_1", ""),
        ("ask @_user_2 and @_user_10 @_user_1", "ask @Ann @_user_1 and @Bob"),
        ("@_all fix a@b.c", "fix a@b.c"),
        ("a @_user_1 b", "a b"),
    ] {
        assert_eq!(said(&message("text", &json!({ "text": text }))), expected);
    }
    let command = message("text", &json!({ "text": "@_user_1 /stop" }));
    assert_eq!(acted(&command).1, Action::Stop { task: None });
}

#[test]
fn a_formatted_message_becomes_markdown() {
    let content = json!({
        "title": "Fix this",
        "content": [
            [{ "tag": "at", "user_id": "@_user_1", "user_name": "PoCo" },
             { "tag": "text", "text": "See " },
             { "tag": "a", "text": "the docs", "href": "https://example.com" },
             { "tag": "at", "user_id": "@_user_2", "user_name": "Ann" }],
            [{ "tag": "code_block", "language": "RUST", "text": "let x = 1;\n" }],
            [{ "tag": "text", "text": "- a" }],
            [{ "tag": "hr" }],
            [{ "tag": "new thing", "content": [[{ "tag": "text", "text": "inside" }]] }],
        ],
    });
    let expected = "Fix this\n\nSee [the docs](https://example.com)@Ann @_user_1\n\
                    ```rust\nlet x = 1;\n```\n- a\n---\ninside";
    assert_eq!(said(&message("post", &content)), expected);
    assert_eq!(said(&message("post", &json!({ "en_us": content }))), expected);
}

#[test]
fn what_is_no_text_is_named() {
    for (kind, name) in
        [("sticker", words::sticker()), ("folder", words::folder()), ("list", words::this_kind())]
    {
        let action = acted(&message(kind, &json!({ "file_key": "f" }))).1;
        assert_eq!(action, Action::Unsupported { what: name });
    }
    let empty = acted(&message("post", &json!({ "content": [[]] }))).1;
    assert!(matches!(empty, Action::Unsupported { .. }));
}

fn attached(payload: &Value) -> (String, Vec<String>, Vec<String>) {
    let action = acted(payload).1;
    let Action::Attach { text, enclosed, .. } = action else {
        panic!("nothing came along: {action:?}")
    };
    let files = enclosed
        .files
        .iter()
        .map(|it| format!("{:?} {} {} {}", it.media, it.message, it.key, it.name));
    let quotes = enclosed.quotes.iter().map(|it| format!("{} {}", it.message, it.bundle));
    (text, files.collect(), quotes.collect())
}

#[test]
fn files_come_along_by_their_keys() {
    for (kind, content, file) in [
        ("image", json!({ "image_key": "img_1" }), "Picture om_1 img_1 picture"),
        ("file", json!({ "file_key": "f1", "file_name": "../a.pdf" }), "File om_1 f1 ../a.pdf"),
        ("audio", json!({ "file_key": "f2", "duration": 1000 }), "File om_1 f2 voice.opus"),
        ("media", json!({ "file_key": "f3", "image_key": "i" }), "File om_1 f3 video.mp4"),
    ] {
        let expected = (String::new(), vec![file.to_owned()], vec![]);
        assert_eq!(attached(&message(kind, &content)), expected, "{kind}");
    }
    let long = format!("{}.pdf", "日".repeat(5_000));
    let content = json!({ "file_key": "f1", "file_name": long });
    let file = attached(&message("file", &content)).1.remove(0);
    assert!(
        file.len() < 1_100 && file.ends_with("日.pdf"),
        "of a name that is none, the end: {file}"
    );
    let post = json!({ "title": "", "content": [
        [{ "tag": "text", "text": "compare" }],
        [{ "tag": "img", "image_key": "img_2" }, { "tag": "img", "image_key": "img_3" }],
    ] });
    let (text, files, _) = attached(&message("post", &post));
    assert_eq!(text, "compare\n[picture][picture]");
    assert_eq!(files, ["Picture om_1 img_2 picture", "Picture om_1 img_3 picture"]);
    let alone = json!({ "title": "", "content": [[{ "tag": "img", "image_key": "img_2" }]] });
    assert_eq!(attached(&message("post", &alone)).0, "", "a picture alone waits for words");
    for key in ["", "a/b", "x".repeat(200).as_str()] {
        let action = acted(&message("image", &json!({ "image_key": key }))).1;
        assert!(matches!(action, Action::Unsupported { .. }), "{key}");
    }
}

#[test]
fn quotes_bundles_and_topics_are_told_apart() {
    let mut payload = message("text", &json!({ "text": "why?" }));
    payload["event"]["message"]["parent_id"] = "om_0".into();
    payload["event"]["message"]["root_id"] = "om_0".into();
    assert_eq!(attached(&payload), ("why?".to_owned(), vec![], vec!["om_0 false".to_owned()]));
    payload["event"]["message"]["content"] = json!({ "text": "/stop" }).to_string().into();
    assert_eq!(acted(&payload).1, Action::Stop { task: None }, "a command is a command");
    payload["event"]["message"]["thread_id"] = "omt_1".into();
    let (via, _) = acted(&payload);
    let Via::Topic { topic, root } = via else { panic!("no topic: {via:?}") };
    assert_eq!((topic.id.as_str(), topic.message.as_str()), ("omt_1", "om_1"));
    assert_eq!(root.unwrap().as_str(), "om_0");
    payload["event"]["message"]["content"] = json!({ "text": "why?" }).to_string().into();
    assert!(matches!(acted(&payload).1, Action::Say { .. }), "all in a topic answers its root");
    payload["event"]["message"]["parent_id"] = "om_5".into();
    assert_eq!(attached(&payload).2, ["om_5 false"]);
    let bundle = message("merge_forward", &json!({ "content": "Merged and Forwarded Message" }));
    assert_eq!(attached(&bundle), (String::new(), vec![], vec!["om_1 true".to_owned()]));
}

#[test]
fn the_language_of_a_person_is_taken_where_it_is_said() {
    let mut payload = message("text", &json!({ "text": "a" }));
    assert_eq!(event(&payload).lang, None);
    payload["event"]["sender"]["locale"] = json!("zh_cn");
    assert_eq!(event(&payload).lang, Some(Lang::Zh));
    payload["event"]["sender"]["locale"] = json!("ja_jp");
    assert_eq!(event(&payload).lang, None);
}

#[test]
fn messages_of_bots_are_ignored() {
    let mut payload = message("text", &json!({ "text": "fix it" }));
    for kind in [json!("app"), json!("bot"), Value::Null] {
        payload["event"]["sender"]["sender_type"] = kind;
        assert!(matches!(read(&payload, Some(BOT), NOW), Inbound::Ignored(_)));
    }
}

#[test]
fn nothing_comes_from_the_future() {
    let mut payload = message("text", &json!({ "text": "a" }));
    for (time, expected) in [
        (json!("1800000000000"), NOW),
        (json!("1600000000000"), Timestamp(1_600_000_000_000)),
        (json!("x"), NOW),
        (Value::Null, NOW),
    ] {
        payload["event"]["message"]["create_time"] = time;
        assert_eq!(event(&payload).at, expected);
    }
}

fn press(action: &Value) -> Value {
    json!({
        "schema": "2.0",
        "header": {
            "event_id": "e1",
            "event_type": "card.action.trigger",
            "create_time": "1699999999000000",
        },
        "event": {
            "operator": { "open_id": "ou_1" },
            "token": "c-1",
            "action": action,
            "context": { "open_message_id": "om_1", "open_chat_id": "oc_1" },
        },
    })
}

#[test]
fn a_press_is_the_action_of_its_button() {
    let value = json!({ "intent_key": "task.stop", "task_id": "t" });
    let payload = press(&json!({ "tag": "button", "value": value }));
    let event = event(&payload);
    assert_eq!((event.id.as_str(), event.at), ("e1", Timestamp(1_699_999_999_000)));
    let (via, action) = acted(&payload);
    assert!(matches!(via, Via::Press { card } if card.as_str() == "om_1"));
    assert_eq!(action, Action::Stop { task: Some(TaskId::new("t")) });
}

#[test]
fn fields_go_with_the_button_and_do_not_replace_what_it_carries() {
    let payload = press(&json!({
        "tag": "button",
        "name": "form_0_submit",
        "value": { "intent_key": "project.create" },
        "form_value": { "name__2": "a", "backend": "codex", "workdir": "~", "intent_key": "help" },
    }));
    let create = Action::Create {
        name: "a".into(),
        agent: "codex".into(),
        workdir: "~".into(),
        runner: String::new(),
    };
    assert_eq!(acted(&payload).1, create);
}

#[test]
fn a_press_on_an_old_card_counts() {
    let payload = json!({
        "open_id": "ou_1", "open_message_id": "om_1", "open_chat_id": "oc_1", "token": "c-1",
        "action": { "tag": "button", "value": { "intent_key": "help" } },
    });
    assert_eq!(acted(&payload).1, Action::Help);
    assert!(event(&payload).id.as_str().starts_with("press-"));
}

#[test]
fn other_payloads_are_known_for_what_they_are() {
    let challenge = json!({ "type": "url_verification", "challenge": "c" });
    assert_eq!(read(&challenge, None, NOW), Inbound::Challenge("c".to_owned()));
    let gone = json!({ "header": { "event_type": "im.chat.disbanded_v1" } });
    assert_eq!(read(&gone, None, NOW), Inbound::Ignored("a group was dissolved"));
    for id in ["", "../x", "a b", "ä", &"x".repeat(200)] {
        let mut payload = message("text", &json!({ "text": "a" }));
        payload["event"]["message"]["chat_id"] = id.into();
        assert!(matches!(read(&payload, None, NOW), Inbound::Ignored(_)), "{id}");
    }
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "@_(all|user_[12]|)[@ ]?".prop_map(Value::from),
        "\\{\"text\":\"[@_a-z1 ]{0,20}\"\\}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = "[a-z]{1,4}|tag|text|content|value|form_value|key|id";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Every place in a payload.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), all));
        }
        Value::Array(values) => {
            (0..).zip(values).for_each(|(n, value)| places(value, &format!("{at}/{n}"), all));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_fall_over(any in anything(), place in any::<usize>(), kind in 0..4usize) {
        let post = json!({ "content": [[{ "tag": "text", "text": "@_user_1 a" }]] });
        let mut payload = match kind {
            0 => message("text", &json!({ "text": "@_user_2 a" })),
            1 => message("post", &post),
            2 => press(&json!({ "value": { "intent_key": "help" }, "form_value": { "a": 1 } })),
            _ => message("post", &any),
        };
        let mut all = vec![];
        places(&payload, "", &mut all);
        if let Some(spot) = payload.pointer_mut(&all[place % all.len()]) {
            *spot = any;
        }
        let _ = read(&payload, Some(BOT), NOW);
    }
}

#[test]
fn people_are_meant_by_their_ids_where_it_matters() {
    let mentions = json!([
        { "key": "@_user_1", "id": { "open_id": BOT }, "mentioned_type": "bot", "name": "PoCo" },
        { "key": "@_user_2", "id": { "open_id": "ou_bob" }, "name": "Bob <x>" },
    ]);
    let said = |text: &str| {
        let mut payload = message("text", &json!({ "text": text }));
        payload["event"]["message"]["mentions"] = mentions.clone();
        acted(&payload).1
    };
    let invited = said("@_user_1 /invite @_user_2 admin");
    let Action::Invite { people, role } = invited else { panic!("{invited:?}") };
    assert_eq!((people.len(), people[0].id.as_str(), role.word()), (1, "ou_bob", "admin"));
    assert_eq!(people[0].name, "Bob x");
    // Words that look like a mention mean nobody.
    assert!(matches!(said("/invite @Bob"), Action::Unknown { .. }));
    let text = "ask @Bob <x> first".to_owned();
    assert_eq!(said("ask @_user_2 first"), Action::Say { text });
}

#[test]
fn people_who_leave_a_group_are_told() {
    let left = |users: Value| {
        json!({
            "schema": "2.0",
            "header": {
                "event_id": "e2", "event_type": "im.chat.member.user.deleted_v1",
                "create_time": "1699999999000",
            },
            "event": { "chat_id": "oc_1", "users": users },
        })
    };
    let gone = event(&left(json!([{ "name": "Bob", "user_id": { "open_id": "ou_bob" } }])));
    let Fact::Left { people } = &gone.fact else { panic!("{gone:?}") };
    assert_eq!(
        (people[0].as_str(), gone.chat.as_str(), gone.id.as_str()),
        ("ou_bob", "oc_1", "e2")
    );
    for users in [json!([]), json!(null), json!([{ "user_id": {} }])] {
        assert!(matches!(read(&left(users), Some(BOT), NOW), Inbound::Ignored(_)));
    }
}
