//! Writes `docs/cards.md`: every card as it looks, and what each of its buttons does. Each button is
//! pressed on the way.

use poco_core::setup::{Folder, FolderQuery};
use poco_core::{
    Block, Button, Card, CardRef, ChatId, Choices, Command, Effect, Event, EventId, Fact, Field,
    Model, Offers, Outcome, Pages, Press, Room, Terms, Text, Timestamp, UserId, Via, decide,
};
use poco_io::feishu::render::render;
use poco_tests::{DIRECT, World, command, scenario};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Set to write the page anew.
const REWRITE: &str = "POCO_REWRITE";

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cards.md");

const HEAD: &str = "# The cards

Each card as Feishu is given it, drawn from its JSON as text: `[…]` is a button, `▾` a list, `____` a
field. Beside each button stand the name its press carries (`intent_key`) and what follows when the
owner presses. A form's button sends the fields of its form. Who may press what is one table
(`crates/core/src/policy.rs`); a press of anybody else changes nothing. Of buttons that only differ in
what they name, one is listed.

This page is written by a test: `POCO_REWRITE=1 cargo test -p poco-tests --test scenarios cards` writes
it anew after a change, and without that the test fails if a card looks otherwise or a button is dead.
";

struct Sheet {
    text: String,
    terms: Terms,
}

#[tokio::test]
async fn the_page_of_cards_is_up_to_date() {
    scenario(async |world| {
        let terms = world.app().terms().await.unwrap();
        let mut sheet = Sheet { text: HEAD.to_owned(), terms };
        lobby(world, &mut sheet).await;
        folders(world, &mut sheet).await;
        agent_and_session(world, &mut sheet).await;
        tasks(world, &mut sheet).await;
        world.skim();
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(PAGE, &sheet.text).unwrap();
        }
        let written = std::fs::read_to_string(PAGE).unwrap_or_default();
        assert!(written == sheet.text, "docs/cards.md is out of date: run this with {REWRITE}=1");
    })
    .await;
}

async fn lobby(world: &mut World, sheet: &mut Sheet) {
    world.say("ann", "hello").await;
    sheet.add(world, "Home", "PoCo Projects");
    world.press("ann", "New").await;
    sheet.add(world, "New project", "New Project");
    world.press("ann", "Cancel").await;
    world.project().await;
    world.go(DIRECT).await;
    world.press("ann", "Manage").await;
    sheet.add(world, "Projects", "Manage Projects");
    world.press("ann", "Open").await;
    sheet.add(world, "A project, in the direct chat", "Project: api");
    world.go("api").await;
    sheet.add(world, "Workspace", "Workspace: api");
    world.say("ann", "/help").await;
    sheet.add(world, "Help", "Commands");
    world.press("ann", "Project").await;
    sheet.add(world, "A project, in its group", "Project: api");
    world.press("ann", "Configure Repo").await;
    sheet.add(world, "Repo", "Repo: api");
    world.press("ann", "Cancel").await;
    sheet.add(world, "A card that was put away", "Closed.");
}

async fn folders(world: &mut World, sheet: &mut Sheet) {
    world.press("ann", "Working Dir").await;
    sheet.add(world, "Working dir, while the machine looks", "Looking at `/srv/api`");
    let query = FolderQuery { path: "/srv/api".into(), page: 1, ..FolderQuery::default() };
    let names = vec!["docs".to_owned(), "src".to_owned()];
    world.folders_are(Folder { query, parent: Some("/srv".into()), names, pages: 3 }).await;
    sheet.add(world, "Working dir", "Open a folder");
    world.press("ann", "Enter Path Manually").await;
    sheet.add(world, "Working dir, by its path", "Path on the machine");
    world.fill("ann", "Apply", &[("workdir", "/srv/web")]).await;
    world.folder_is("/srv/web").await;
    sheet.add(world, "Working dir, chosen", "works in");
    world.press("ann", "Project").await;
    world.press("ann", "Manage Dir Presets").await;
    world.fill("ann", "Add Preset", &[("workdir", "/srv/web")]).await;
    world.folder_is("/srv/web").await;
    sheet.add(world, "Presets, to add and remove", "Dir Presets: api");
    world.press("ann", "Project").await;
    world.press("ann", "Configure Default Dir").await;
    sheet.add(world, "Default dir", "Default Dir: api");
    for (title, button) in [("Recent dirs", "Recent"), ("Presets", "Presets")] {
        world.press("ann", "Working Dir").await;
        let query = FolderQuery { path: "/srv/web".into(), ..FolderQuery::default() };
        world.folders_are(Folder { query, parent: None, names: vec![], pages: 1 }).await;
        world.press("ann", button).await;
        sheet.add(world, title, "Use 1");
    }
}

async fn agent_and_session(world: &mut World, sheet: &mut Sheet) {
    world.press("ann", "Agent").await;
    sheet.add(world, "Agent, before it has said what it offers", "not known yet");
    let model = Model { id: "m1".into(), name: "Model 1".into(), efforts: vec!["low".into()] };
    let list = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    let codex = Choices {
        models: vec![model],
        sandboxes: list(["read-only", "workspace-write"]),
        approval_policies: list(["on-request", "never"]),
        ..Choices::default()
    };
    let offers: Offers = BTreeMap::from([("codex".to_owned(), codex)]);
    world.agents_offer(offers);
    sheet.terms = world.app().terms().await.unwrap();
    world.press("ann", "Look again").await;
    sheet.add(world, "Agent", "Choose for");
    world.fill("ann", "Apply", &[("model", "m1")]).await;
    sheet.add(world, "Agent, chosen", "has **codex** now");
    world.say("ann", "fix the login").await;
    world.agent_starts().await;
    world.agent_ends(Outcome::Answered { answer: Pages::one("a", "Done.") }).await;
    world.press("ann", "Session").await;
    sheet.add(world, "Session", "Session: api");
    world.press("ann", "Enter Session ID").await;
    sheet.add(world, "Session, by its id", "Session ID");
    world.fill("ann", "Apply", &[("backend_session_id", "0199-abc")]).await;
    sheet.add(world, "Session, picked", "goes on in “0199-abc”");
}

async fn tasks(world: &mut World, sheet: &mut Sheet) {
    sheet.add(world, "Task: complete", "[Complete]");
    world.say("ann", "confirm: drop the table").await;
    sheet.add(world, "Task: waits for a person's word", "Run this?");
    world.press("ann", "Approve").await;
    sheet.add(world, "Task: handed to its machine", "[Created]");
    world.agent_starts().await;
    sheet.add(world, "Task: running", "[Running] Task");
    world.press("ann", "Run Task").await;
    sheet.add(world, "Composer", "Run Task: api");
    world.say("ann", "then this").await;
    world.say("ann", "and then that").await;
    sheet.add(world, "Task: queued", "[Queued]");
    sheet.add(world, "Workspace, with a queue", "Workspace: api");
    world.agent_asks("a1", command("rm -r old")).await;
    sheet.add(world, "Task: the agent asks", "Run this command?");
    world.press("ann", "Allow once").await;
    let reason = Text::verbatim("The machine was switched off.");
    let outcome = Outcome::Interrupted { reason, partial: None, begun: Some(true) };
    world.agent_ends(outcome).await;
    sheet.add(world, "Task: interrupted", "[Interrupted]");
    let reason = Text::verbatim("The model is busy.");
    world.agent_starts().await;
    world.agent_ends(Outcome::Failed { reason, partial: None }).await;
    sheet.add(world, "Task: failed", "[Error]");
    world.press("ann", "Project").await;
    world.press("ann", "Archive").await;
    sheet.add(world, "Workspace of an archived project", "Workspace: api");
    world.press("ann", "Restore").await;
}

impl Sheet {
    /// Adds the newest card in the chat that has this on it.
    fn add(&mut self, world: &World, title: &str, part: &str) {
        let cards = world.standing();
        let found = cards.iter().rev().find(|(_, card)| card.to_string().contains(part));
        let (at, card) = found.unwrap_or_else(|| panic!("no card for {title}: {part}"));
        write!(self.text, "\n## {title}\n\n```text\n{}```\n", drawn(&render(card))).unwrap();
        let mut rows: Vec<String> = vec![];
        for button in card.all_buttons() {
            let mut press = Press::of(&button.action);
            press.0.extend(filled(card, button));
            let effects = self.press(world.room(), at, &press);
            assert!(!effects.is_empty(), "[{}] of {title} is dead", button.label.of(card.lang));
            let label = button.label.of(card.lang).trim_end_matches(|c: char| c.is_ascii_digit());
            let sure = if button.confirm.is_some() { ", after a question" } else { "" };
            let intent = &press.0["intent_key"];
            let row = format!("| {} | `{intent}` | {}{sure} |\n", label.trim(), said(&effects));
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        if !rows.is_empty() {
            self.text += "\n| Button | Press | What follows |\n|---|---|---|\n";
            self.text.extend(rows);
        }
    }

    fn press(&self, mut room: Room, at: &CardRef, press: &Press) -> Vec<Effect> {
        let (by, via) = (UserId::new("ann"), Via::Press { card: at.clone() });
        let fact = Fact::Acted { by, via, action: press.action() };
        let (id, chat) = (EventId::new("pressed"), ChatId::new("api"));
        let at = Timestamp(1_800_000_900_000);
        decide(&self.terms, &mut room, &Event { id, chat, at, lang: None, fact })
    }
}

/// What a person types into the form whose button is pressed.
fn filled(card: &Card, button: &Button) -> Vec<(String, String)> {
    let forms = card.blocks.iter().filter_map(|block| match block {
        Block::Form(form) if form.submit == *button => Some(form),
        Block::Form(_)
        | Block::Text(_)
        | Block::Note(_)
        | Block::Code { .. }
        | Block::Live { .. }
        | Block::Stored { .. }
        | Block::Folds { .. }
        | Block::Person { .. }
        | Block::Fold { .. }
        | Block::Rule
        | Block::Buttons(_) => None,
    });
    let value = |field: &Field| match field {
        Field::Input { name, .. } => (name.clone(), "x".to_owned()),
        Field::Select { name, options, .. } => (name.clone(), options[0].value.clone()),
        Field::Person { name, .. } => (name.clone(), "ou_bob".to_owned()),
    };
    forms.flat_map(|form| &form.fields).map(value).collect()
}

fn said(effects: &[Effect]) -> String {
    let mut said: Vec<&str> = vec![];
    for effect in effects {
        let word = match effect {
            Effect::Show { .. } | Effect::Post { .. } => "a card",
            Effect::Toast { .. } => "a word to whoever pressed",
            Effect::Recall { .. } => "a page of the card",
            Effect::Open { .. } => "a new group",
            Effect::Tell { .. } => "word to the project or its lobby",
            Effect::Keep { .. } => "the task is kept",
            Effect::Audit { .. } => "it is noted for ever",
            Effect::Send { command, .. } => match command {
                Command::Start { .. } => "the agent starts",
                Command::Answer { .. } => "the agent is answered",
                Command::Steer { .. } => "the agent is told",
                Command::Stop { .. } => "the agent is stopped",
                Command::Settle => "what is owed is paid",
                Command::Unreadable => "nothing anybody can read",
                Command::Deliver { .. } => "a file is sent",
                Command::Look { .. } | Command::Browse { .. } => "the machine looks at a folder",
            },
        };
        if !said.contains(&word) {
            said.push(word);
        }
    }
    said.join(", ")
}

/// Draws a card from its JSON.
fn drawn(card: &Value) -> String {
    let header = &card["header"];
    let title = words(&header["title"]);
    let colour = header["template"].as_str().unwrap_or_default();
    let mut text = format!("{title}  ({colour})\n");
    draw(&card["body"]["elements"], 0, &mut text);
    text
}

fn draw(elements: &Value, indent: usize, text: &mut String) {
    for element in elements.as_array().into_iter().flatten() {
        let line = match element["tag"].as_str().unwrap_or_default() {
            "form" => {
                draw(&element["elements"], indent + 2, text);
                continue;
            }
            "collapsible_panel" => format!("▸ {}", words(&element["header"]["title"])),
            _ => inline(element),
        };
        for line in line.lines() {
            text.push_str(format!("{:indent$}{line}", "").trim_end());
            text.push('\n');
        }
    }
}

fn inline(element: &Value) -> String {
    match element["tag"].as_str().unwrap_or_default() {
        "markdown" => element["content"].as_str().unwrap_or_default().replace("```", "'''"),
        "div" => words(&element["text"]),
        "hr" => "────────".to_owned(),
        "button" => format!("[{}]", words(&element["text"])),
        "input" => {
            let value = element["default_value"].as_str().unwrap_or_default();
            let hint = words(&element["placeholder"]);
            match (value.is_empty(), hint.is_empty()) {
                (false, _) => format!("{value}____"),
                (true, false) => format!("({hint})____"),
                (true, true) => "____".to_owned(),
            }
        }
        "select_static" => {
            let options = element["options"].as_array().into_iter().flatten();
            let options: Vec<_> = options.map(|option| words(&option["text"])).collect();
            format!("▾ {}", options.join(" / "))
        }
        "column_set" => {
            let columns = element["columns"].as_array().into_iter().flatten();
            let columns = columns.flat_map(|it| it["elements"].as_array().into_iter().flatten());
            columns.map(inline).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other} is not drawn yet"),
    }
}

fn words(text: &Value) -> String {
    text["content"].as_str().unwrap_or_default().to_owned()
}
