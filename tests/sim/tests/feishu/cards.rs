//! The strict check of cards.

use crate::app::{button, card, markdown};
use poco_sim::feishu::{card_plain, validate_card};
use serde_json::{Value, json};

/// Returns the codes for messages and for card entities; 0 if the card is taken.
fn codes(card: &Value) -> (i64, i64) {
    validate_card(card).map_or_else(|error| (error.code, error.kit), |()| (0, 0))
}

fn code(elements: &Value) -> i64 {
    codes(&card(elements)).0
}

fn submit(name: &str) -> Value {
    json!({"tag": "button", "name": name, "form_action_type": "submit", "text": plain("Send")})
}

fn plain(text: &str) -> Value {
    json!({"tag": "plain_text", "content": text})
}

fn form(elements: &Value) -> Value {
    json!({"tag": "form", "name": "form", "elements": elements})
}

#[test]
fn a_rich_card_is_taken() {
    let select = json!({
        "tag": "select_static", "name": "agent", "required": true, "placeholder": plain("Agent"),
        "options": [{"text": plain("Codex"), "value": "codex"}], "initial_option": "codex",
    });
    let input = json!({"tag": "input", "name": "text", "label": plain("Text"), "max_length": 1000});
    let panel = json!({
        "tag": "collapsible_panel", "expanded": false,
        "header": {"title": plain("More"), "icon": {"tag": "standard_icon", "token": "down", "size": "16px 16px"},
            "icon_position": "right", "icon_expanded_angle": -180},
        "elements": [markdown("inside")],
    });
    let columns = json!({"tag": "column_set", "columns": [
        {"tag": "column", "width": "auto", "elements": [button("Yes", &json!({"a": 1}))]},
    ]});
    let elements = json!([markdown("# Hi"), {"tag": "hr"}, columns, panel, form(&json!([input, select, submit("go")]))]);
    assert_eq!(validate_card(&card(&elements)), Ok(()));
    let seen = "Title\n# Hi\n----\n[Yes]\nMore\ninside\nText <text>: _\nAgent <agent>: codex_ (Codex)\n[Send]";
    assert_eq!(card_plain(&card(&elements)), seen);
}

#[test]
fn unknown_properties_and_tags_are_refused() {
    assert_eq!(code(&json!([{"tag": "markdown", "content": "x", "colour": "red"}])), 200_621);
    assert_eq!(code(&json!([{"tag": "blink"}])), 200_621);
    assert_eq!(code(&json!([{"tag": "action", "actions": []}])), 200_861);
    assert_eq!(code(&json!([{"tag": "column", "elements": []}])), 200_621);
    assert_eq!(code(&json!([{"tag": "markdown", "content": 1}])), 200_621);
    assert_eq!(code(&json!([{"tag": "markdown"}])), 200_621);
    let mut bad = card(&json!([]));
    bad["header"]["template"] = "pink".into();
    assert_eq!(codes(&bad).0, 200_621);
    bad["header"]["template"] = "red".into();
    bad["extra"] = json!(1);
    assert_eq!(codes(&bad).0, 200_621);
}

#[test]
fn size_and_counts_are_limited() {
    let many = |count: usize| card(&(0..count).map(|_| markdown("x")).collect());
    assert_eq!(codes(&many(199)), (0, 0));
    assert_eq!(codes(&many(200)), (11310, 300_305));
    assert_eq!(codes(&card(&json!([markdown(&"x".repeat(30_720))]))), (230_025, 200_860));
    let table = "| a |\n|---|\n| b |\n\n";
    assert_eq!(code(&json!([markdown(&table.repeat(4)), markdown(table)])), 0);
    assert_eq!(code(&json!([markdown(&table.repeat(5))])), 11310);
    assert_eq!(code(&json!([markdown(&table.repeat(3)), markdown(&table.repeat(3))])), 11310);
    let nested = |depth: usize| {
        (0..depth).fold(markdown("x"), |inner, _| {
            json!({"tag": "collapsible_panel", "header": {"title": plain("t")}, "elements": [inner]})
        })
    };
    assert_eq!(code(&json!([nested(5)])), 0);
    assert_eq!(code(&json!([nested(6)])), 11310);
}

#[test]
fn element_ids_are_well_formed_and_unique() {
    let with = |id: &str| json!({"tag": "hr", "element_id": id});
    assert_eq!(code(&json!([with("a"), with("b_1")])), 0);
    assert_eq!(code(&json!([with("a"), with("a")])), 300_301);
    for bad in ["", "1a", "a-b", "abcdefghijklmnopqrstu"] {
        assert_eq!(code(&json!([with(bad)])), 300_301, "{bad}");
    }
}

#[test]
fn forms_obey_their_rules() {
    let input = |name: &str| json!({"tag": "input", "name": name});
    assert_eq!(code(&json!([form(&json!([input("a"), submit("s")]))])), 0);
    assert_eq!(code(&json!([form(&json!([input("a")]))])), 11310);
    assert_eq!(code(&json!([form(&json!([input("a"), input("a"), submit("s")]))])), 11310);
    assert_eq!(code(&json!([form(&json!([{"tag": "input"}, submit("s")]))])), 11310);
    assert_eq!(code(&json!([form(&json!([form(&json!([])), submit("s")]))])), 11310);
    let inside = json!({"tag": "interactive_container", "behaviors": [], "elements": [form(&json!([submit("s")]))]});
    assert_eq!(code(&json!([inside])), 11310);
    let twice = json!([form(&json!([submit("s")])), form(&json!([submit("t")]))]);
    assert_eq!(code(&twice), 11310);
    let multi = json!({"tag": "multi_select_static", "name": "m", "options": [{"text": plain("a"), "value": "a"}]});
    assert_eq!(code(&json!([multi])), 11310);
    assert_eq!(code(&json!([form(&json!([multi, submit("s")]))])), 0);
    let long = json!({"tag": "input", "name": "a", "max_length": 1001});
    assert_eq!(code(&json!([long])), 11310);
}

#[test]
fn values_targets_options_and_colors_are_checked() {
    assert_eq!(code(&json!([button("A", &json!("text"))])), 200_621);
    let open = |url: &str| json!({"tag": "button", "behaviors": [{"type": "open_url", "default_url": url}]});
    assert_eq!(code(&json!([open("https://a.b")])), 0);
    assert_eq!(code(&json!([open("file:///etc/passwd")])), 200_621);
    let select = |options: Value| json!([{"tag": "select_static", "options": options}]);
    assert_eq!(code(&select(json!([]))), 11310);
    assert_eq!(code(&select(json!([{"text": plain("a"), "value": ""}]))), 200_621);
    let color = |color: &str| json!([{"tag": "div", "text": {"tag": "plain_text", "content": "x", "text_color": color}}]);
    assert_eq!(code(&color("grey-500")), 0);
    assert_eq!(code(&color("#ff0000")), 11310);
    assert_eq!(code(&json!([markdown("![x](https://a.b/c.png)")])), 200_570);
    assert_eq!(code(&json!([markdown("`![x](y)`")])), 0);
    let mut exclusive = card(&json!([]));
    exclusive["config"] = json!({"update_multi": false});
    assert_eq!(codes(&exclusive), (11310, 300_302));
}
