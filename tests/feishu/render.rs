//! Any card within every limit of the platform.

use poco_core::markdown::{Kind, lines};
use poco_core::{
    Action, Block, Button, Card, Choice, Field, Form, Role, TaskId, Text, Tone, Typing, UserId,
    paginate, unturned,
};
use poco_io::feishu::render::{
    ANSWER_ID, CARD_BYTES_MAX, CARD_TABLES_MAX, CARD_TAGS_MAX, STEPS_ID, content, render,
};
use poco_sim::feishu::{Feishu, Options, validate_card};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Renders a card and checks that the platform would take it.
fn check(card: &Card) -> Value {
    let value = render(card);
    let bytes = value.to_string().len();
    assert!(bytes <= CARD_BYTES_MAX, "{bytes} bytes");
    if let Err(error) = validate_card(&value) {
        panic!("{error:?}\n{value:#}");
    }
    let mut seen = Seen::default();
    seen.look(&value);
    assert!(seen.tags <= CARD_TAGS_MAX, "{} tags", seen.tags);
    assert!(seen.tables <= CARD_TABLES_MAX, "{} tables", seen.tables);
    value
}

#[derive(Default)]
struct Seen {
    tags: usize,
    tables: usize,
    names: BTreeSet<String>,
}

impl Seen {
    fn look(&mut self, value: &Value) {
        match value {
            Value::Object(object) => {
                self.tags += usize::from(object.contains_key("tag"));
                for key in ["name", "element_id"] {
                    if let Some(name) = object.get(key).and_then(Value::as_str) {
                        assert!(self.names.insert(format!("{key} {name}")), "{key} {name} twice");
                    }
                }
                if object.get("tag").is_some_and(|tag| tag == "markdown") {
                    let text = object["content"].as_str().expect("markdown has content");
                    assert!(!text.is_empty());
                    self.tables += lines(text).iter().filter(|it| it.kind == Kind::Dashes).count();
                }
                object.values().for_each(|value| self.look(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.look(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn stop() -> Button {
    Button::new(Text::verbatim("Stop"), Action::Stop { task: Some(TaskId::new("t")) }).danger()
}

/// A card as full as PoCo makes them, around one page.
fn around(page: &str) -> Card {
    let steps: Vec<_> = (0..30).map(|n| format!("{n} {}", "步".repeat(118))).collect();
    Card::new(
        Tone::Good,
        Text::verbatim(format!("[Complete] Task: t (codex, {})", "/home/me".repeat(9))),
    )
    .note(Text::verbatim("word ".repeat(16)))
    .text(Text::verbatim(page))
    .buttons(vec![
        Button::new(Text::verbatim("Previous Page"), Action::Home),
        Button::new(Text::verbatim("Next"), Action::Home),
    ])
    .block(Block::Fold {
        title: Text::verbatim("30 steps"),
        text: Text::verbatim(steps.join("\n")),
    })
}

/// What of a text all readers see alike.
fn bare(text: &str) -> String {
    let text = text.replace("&#60;", "<").replace("&#33;", "!").replace("&#40;", "(");
    let text = text.replace("&#58;", ":").replace("&#45;", "-").replace('\u{200b}', "");
    let text = text.replace("\\<", "<").replace("\\!", "!");
    // A code block that ends with what it is in is closed, for simpler readers.
    let closes = |line: &str| {
        let bare = line.trim_matches(['>', ' ', '\t', '\r']);
        bare.len() >= 3 && bare.chars().all(|c| matches!(c, '`' | '~'))
    };
    text.lines().filter(|line| !closes(line)).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn first_markdown(card: &Value) -> &str {
    let elements = card["body"]["elements"].as_array().expect("a card has elements");
    let found = elements.iter().find(|it| it["tag"] == "markdown");
    found.and_then(|it| it["content"].as_str()).expect("there is a text")
}

#[test]
fn an_answer_is_typed_onto_its_elements() {
    let card = Card::new(Tone::Busy, Text::verbatim("[Running] Task: t"))
        .block(Block::Live { steps: String::new(), answer: "so <b>far</b>".to_owned() })
        .buttons(vec![stop()])
        .typing(Typing::Now);
    let value = check(&card);
    assert_eq!(content(&value, STEPS_ID), Some("…"));
    assert_eq!(content(&value, ANSWER_ID), Some("so &#60;b>far&#60;/b>"));
    assert_eq!(value["config"]["streaming_mode"], true);
    let idle = check(&card.typing(Typing::Idle));
    assert_eq!(idle["config"]["streaming_mode"], Value::Null);
}

#[test]
fn a_button_carries_its_action() {
    let value = check(
        &Card::new(Tone::Plain, Text::verbatim("a"))
            .buttons(vec![stop().confirm(Text::verbatim("Really?"))]),
    );
    let plain = |text: &str| json!({ "tag": "plain_text", "content": text });
    let value = &value["body"]["elements"][0];
    assert_eq!(
        *value,
        json!({
            "tag": "button",
            "text": plain("Stop"),
            "type": "danger",
            "behaviors": [{
                "type": "callback",
                "value": { "intent_key": "task.stop", "task_id": "t" },
            }],
            "confirm": { "title": plain("Stop"), "text": plain("Really?") },
        })
    );
}

#[test]
fn fields_of_one_name_are_told_apart() {
    let field = |_| Field::Input {
        name: "answer_0".to_owned(),
        label: Text::verbatim("Which <at id=all></at>?"),
        placeholder: Text::default(),
        value: String::new(),
        required: true,
    };
    let form = |n| {
        Block::Form(Form {
            name: format!("answer_{n}"),
            fields: vec![field(n)],
            submit: Button::new(Text::verbatim("Answer"), Action::Home),
            others: vec![stop()],
        })
    };
    let value = check(&Card::new(Tone::Asking, Text::verbatim("a")).block(form(1)).block(form(2)));
    let text = value.to_string();
    assert!(text.contains(r#""name":"answer_0""#) && text.contains(r#""name":"answer_0__2""#));
}

#[test]
fn as_many_buttons_as_fit_survive_and_the_rest_is_counted() {
    let line = |card: Card, n: usize| {
        card.text(Text::verbatim(format!("**project {n}**")))
            .buttons(vec![stop().confirm(Text::verbatim("Delete it? What runs in it is stopped."))])
    };
    let card = (0..50).fold(Card::new(Tone::Plain, Text::verbatim("Manage")), line);
    let value = check(&card.buttons(vec![Button::new(Text::verbatim("Back"), Action::Home)]));
    let text = value.to_string();
    let buttons = text.matches(r#""tag":"button""#).count();
    assert!(buttons > 30, "{buttons}");
    assert!(text.contains(&format!("…({} more buttons", 51 - buttons)), "{text}");
    assert!(text.contains(r#""content":"Back""#) && text.contains("project 49"));
}

#[test]
fn a_text_beyond_all_bounds_says_how_much_more_there_is() {
    let card = around(&"<a![".repeat(200_000)).text(Text::verbatim("And this stays."));
    let text = check(&card).to_string();
    assert!(text.contains(" more characters)") && text.contains("And this stays."));
}

#[test]
fn lists_too_long_become_fields_to_type_into() {
    let options =
        (0..20).map(|n| Choice { label: Text::verbatim(n.to_string()), value: n.to_string() });
    let fields = (0..9).map(|n| Field::Select {
        name: format!("answer_{n}"),
        label: Text::verbatim("Which?"),
        options: options.clone().collect(),
        value: None,
    });
    let form = Form {
        name: "answer_1".to_owned(),
        fields: fields.collect(),
        submit: Button::new(Text::verbatim("Answer"), Action::Home),
        others: vec![],
    };
    let text =
        check(&Card::new(Tone::Asking, Text::verbatim("a")).block(Block::Form(form))).to_string();
    assert_eq!(text.matches(r#""tag":"input""#).count(), 9);
    assert!(text.contains("Which?: 0 / 1 / 2"));
}

#[test]
fn tables_of_several_texts_are_counted_together() {
    let table = "| a |\n|---|\n| 1 |\n\n".repeat(3);
    let card = Card::new(Tone::Plain, Text::verbatim("a"))
        .text(Text::verbatim(&table))
        .text(Text::verbatim(&table));
    assert_eq!(check(&card).to_string().matches("```").count(), 4);
}

#[test]
fn an_empty_card_is_a_card() {
    check(&Card::new(Tone::Plain, Text::verbatim("")));
    check(
        &Card::new(Tone::Plain, Text::verbatim("a")).text(Text::verbatim(" \n")).block(Block::Rule),
    );
}

fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("```\n".to_owned()),
        Just("\n```rust\n".to_owned()),
        Just("\n~~~~\n".to_owned()),
        Just("`".to_owned()),
        Just("> ".to_owned()),
        Just("- ".to_owned()),
        Just("    ".to_owned()),
        Just("\n# ".to_owned()),
        Just("<at id=all></at>".to_owned()),
        Just("![a](img_v3_0)".to_owned()),
        Just("[a](lark://b)".to_owned()),
        Just("[a](https://example.com)".to_owned()),
        Just("\\".to_owned()),
        Just("\n| a | b |\n|---|---|\n".to_owned()),
        (1..99usize).prop_map(|n| "| `1` | <b> |\n".repeat(n)),
        (1..900usize).prop_map(|n| "word ".repeat(n)),
        (1..9_000usize).prop_map(|n| "<x".repeat(n)),
        "\\PC{1,40}",
        ".{1,40}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![markdown(), ".{0,200}", (0..12_000usize).prop_map(|n| "字".repeat(n))].boxed()
}

fn told() -> BoxedStrategy<Text> {
    text().prop_map(Text::verbatim).boxed()
}

fn block() -> impl Strategy<Value = Block> {
    let button =
        (told(), "[a-z]{0,900}", proptest::option::of(told())).prop_map(|(label, id, sure)| {
            let button = Button::new(label, Action::Again { task: TaskId::new(id) });
            Button { confirm: sure, ..button }
        });
    let field = ("[a-c]", told(), text(), 0..40usize).prop_map(|(name, label, value, options)| {
        let options: Vec<_> =
            (0..options).map(|n| Choice { label: label.clone(), value: n.to_string() }).collect();
        if options.is_empty() {
            let placeholder = Text::verbatim(&value);
            return Field::Input { name, label, placeholder, value, required: false };
        }
        Field::Select { name, label, options, value: Some(value) }
    });
    prop_oneof![
        told().prop_map(Block::Text),
        told().prop_map(Block::Note),
        (text(), text()).prop_map(|(language, text)| Block::Code { language, text }),
        (told(), told()).prop_map(|(title, text)| Block::Fold { title, text }),
        (text(), text()).prop_map(|(steps, answer)| Block::Live { steps, answer }),
        Just(Block::Rule),
        proptest::collection::vec(button.clone(), 1..40).prop_map(Block::Buttons),
        (proptest::collection::vec(field, 0..9), button).prop_map(|(fields, submit)| {
            Block::Form(Form {
                name: String::new(),
                fields,
                submit: submit.clone(),
                others: vec![submit],
            })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pages_on_cards_hold_the_whole_text(text in markdown()) {
        for page in paginate(&text) {
            let card = check(&around(&page));
            let shown = if page.trim().is_empty() { "" } else { first_markdown(&card) };
            prop_assert_eq!(bare(shown), bare(&unturned(&page)));
        }
    }

    #[test]
    fn any_card_is_within_the_limits(title in text(), blocks in proptest::collection::vec(block(), 0..16)) {
        let mut card = Card::new(Tone::Asking, Text::verbatim(title));
        for (at, mut block) in blocks.into_iter().enumerate() {
            if let Block::Form(form) = &mut block {
                form.name = format!("form_{at}");
            }
            card = card.block(block);
        }
        check(&card);
    }
}

/// Some of the values a strategy makes, the same each time.
fn some<T>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    let make = |_| strategy.new_tree(&mut runner).expect("it makes values").current();
    (0..count).map(make).collect()
}

#[tokio::test]
async fn the_platform_takes_any_text_and_nobody_is_pinged() {
    let options = Options { limits: false, ..Options::default() };
    let feishu = Feishu::start(options).await.expect("the simulator starts");
    let chat = feishu.direct_chat("ada").expect("ada is there");
    let ping = prop_oneof![
        Just("<at id=ou_stranger></at>"),
        Just("<at id=\"ou_stranger\">"),
        Just("`"),
        Just("``"),
        Just("\n```\n"),
        Just("\n~~~\n"),
        Just("\n> ```\n> "),
        Just("\n- ```\n  "),
        Just("\n    ```\n"),
        Just("\\"),
        Just("\n\n"),
        Just("\n"),
        Just("| "),
        Just("\n| a |\n|---|\n"),
        Just("![a](img_v3_none)"),
        Just("x"),
    ];
    let texts = some(proptest::collection::vec(ping, 1..30).prop_map(|it| it.concat()), 1_000);
    let bot = Bot::of(&feishu).await;
    for text in texts {
        let answer = bot
            .post(
                &chat,
                &render(&Card::new(Tone::Plain, Text::verbatim("a")).text(Text::verbatim(&text))),
            )
            .await;
        assert_eq!(answer["code"], 0, "{answer}\n{text}");
    }
}

/// The bot's end of the platform's API.
pub(crate) struct Bot {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Bot {
    pub(crate) async fn of(feishu: &Feishu) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let Options { app_id, app_secret, .. } = Options::default();
        let url = format!("{}/open-apis", feishu.url());
        let token = http
            .post(format!("{url}/auth/v3/tenant_access_token/internal"))
            .json(&json!({ "app_id": app_id, "app_secret": app_secret }));
        let token: Value = token.send().await.expect("an answer").json().await.expect("JSON");
        let token = token["tenant_access_token"].as_str().expect("a token").to_owned();
        Self { http, url, token }
    }

    /// Posts a card and returns what the platform says.
    pub(crate) async fn post(&self, chat: &str, card: &Value) -> Value {
        let content = card.to_string();
        let sent = self
            .http
            .post(format!("{}/im/v1/messages?receive_id_type=chat_id", self.url))
            .bearer_auth(&self.token)
            .json(&json!({ "receive_id": chat, "msg_type": "interactive", "content": content }));
        sent.send().await.expect("an answer").json().await.expect("JSON")
    }
}

/// A card that names people and lets one be chosen, as the platform takes it.
#[test]
fn people_are_shown_and_chosen() {
    let text = || Text::verbatim("member");
    let person = Block::Person { id: UserId::new("ou_bob"), name: "Bob".into(), text: text() };
    let action = Action::Invite { people: vec![], role: Role::Member };
    let form = Form {
        name: "invite_form".into(),
        fields: vec![Field::Person { name: "person".into(), label: text() }],
        submit: Button::new(text(), action),
        others: vec![],
    };
    let card = Card::new(Tone::Plain, text()).block(person).block(Block::Form(form));
    let value = check(&card).to_string();
    assert!(value.contains("\"tag\":\"person\"") && value.contains("\"tag\":\"select_person\""));
    assert!(value.contains("ou_bob"));
}

/// Text that turns others around would have a card read as another.
#[test]
fn nothing_on_a_card_turns_text_around() {
    let turned = || Text::verbatim("a\u{202e}b\u{2066}c");
    let card = Card::new(Tone::Plain, turned())
        .text(turned())
        .note(turned())
        .block(Block::Code { language: String::new(), text: "x\u{202e}".into() })
        .block(Block::Live { steps: "s\u{202e}".into(), answer: "a\u{202e}".into() })
        .block(Block::Fold { title: turned(), text: turned() })
        .block(Block::Person { id: UserId::new("ou_a"), name: String::new(), text: turned() })
        .buttons(vec![Button::new(turned(), Action::Help).confirm(turned())]);
    let shown = render(&card).to_string();
    assert!(!shown.contains(['\u{202e}', '\u{2066}']), "{shown}");
    assert!(shown.contains("a⟨U+202E⟩b⟨U+2066⟩c"), "{shown}");
}
