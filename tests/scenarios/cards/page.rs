//! The page: a picture of each card, and a line for each of its buttons.

use super::picture::picture;
use poco_core::policy::{Leave, Right, right};
use poco_core::words::project::no_leave;
use poco_core::{
    Action, Block, Button, Card, CardRef, ChatId, Command, Effect, Event, EventId, Fact, Field,
    Kind, Lang, Person, Press, Role, Room, Terms, Timestamp, UserId, Via, decide,
};
use poco_io::feishu::render::render;
use poco_tests::World;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Set to write the page anew.
const REWRITE: &str = "POCO_REWRITE";

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

const HEAD: &str = "# The cards

Each card as people see it, in English and in Chinese, drawn from the JSON Feishu is given. Below it
stand its buttons: the name a press carries (`intent_key`), what follows when the owner presses, and
who may press, with the right that takes (`poco policy test` prints the whole table). A press of anybody
else changes nothing. A form's button sends the fields of its form. Of buttons that only differ in what
they name, one is listed.

This page and its pictures are written by a test: `POCO_REWRITE=1 cargo test -p poco-tests --test
scenarios cards` writes them anew after a change. Without that the test fails if a card looks otherwise,
a button is dead, or somebody's press does what this page does not let them.
";

/// When the buttons are pressed.
pub(super) const NOW: Timestamp = Timestamp(1_800_000_900_000);

/// Who owns the project, and sent the tasks on the cards.
const OWNER: &str = "ann";

pub(super) struct Sheet {
    text: String,
    pictures: BTreeMap<String, String>,
    pub(super) terms: Terms,
}

impl Sheet {
    pub(super) fn new(terms: Terms) -> Self {
        Self { text: HEAD.to_owned(), pictures: BTreeMap::new(), terms }
    }

    /// Adds the newest card in the chat that has this on it.
    pub(super) fn add(&mut self, world: &World, title: &str, part: &str) {
        let cards = world.standing();
        let found = cards.iter().rev().find(|(_, card)| card.to_string().contains(part));
        let (at, card) = found.unwrap_or_else(|| panic!("no card for {title}: {part}"));
        self.card(title, card, at, &world.room());
    }

    /// Adds a card.
    pub(super) fn card(&mut self, title: &str, card: &Card, at: &CardRef, room: &Room) {
        self.draw(title, card);
        let mut rows: Vec<String> = vec![];
        for button in card.all_buttons() {
            let mut press = Press::of(&button.action);
            press.0.extend(filled(card, button));
            let effects = self.press(room.clone(), at, OWNER, &press);
            assert!(!effects.is_empty(), "[{}] of {title} is dead", button.label.of(card.lang));
            self.check(title, room, at, &press);
            let label = button.label.of(card.lang).trim_end_matches(|c: char| c.is_ascii_digit());
            let sure = if button.confirm.is_some() { ", after a question" } else { "" };
            let (intent, said, who) = (&press.0["intent_key"], said(&effects), who(room, &press));
            let row = format!("| {} | `{intent}` | {said}{sure} | {who} |\n", label.trim());
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        if !rows.is_empty() {
            self.text += "\n| Button | Press | What follows | Who may press |\n|---|---|---|---|\n";
            self.text.extend(rows);
        }
    }

    fn draw(&mut self, title: &str, card: &Card) {
        let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        let name = words.collect::<Vec<_>>().join("-").to_lowercase();
        write!(self.text, "\n## {title}\n\n").unwrap();
        for lang in Lang::ALL {
            let file = format!("{name}.{lang}.svg");
            writeln!(self.text, "![{title}, {lang}](cards/{file})").unwrap();
            let drawn = picture(&render(&card.clone().told(lang)));
            let twice = self.pictures.insert(file, drawn);
            assert!(twice.is_none(), "two cards are called {title}");
        }
    }

    /// Has people of each role press, and a stranger: it must be as the page says.
    fn check(&self, title: &str, room: &Room, at: &CardRef, press: &Press) {
        let word = &press.0["intent_key"];
        let given = [Role::Viewer, Role::Member, Role::Admin].map(Some);
        for role in given.into_iter().chain([None]) {
            let (by, mut room) = (role.map_or("eve", Role::word), room.clone());
            let listed = match (&mut room.kind, role) {
                (Kind::Project(project), Some(role)) => {
                    let (at, id) = (Timestamp(0), UserId::new(by));
                    let person = Person { name: by.into(), role, since: at, by: id.clone() };
                    project.people.insert(id, person);
                    true
                }
                _ => false,
            };
            let needed = right(&room, &UserId::new(by), &press.action());
            let may = listed && role.is_some_and(|role| needed.leave(role) == Leave::Allow);
            let effects = self.press(room, at, by, press);
            let refused = matches!(effects.as_slice(), [Effect::Toast { text }]
                if *text == no_leave() || text.of(Lang::En).starts_with("As "));
            assert_eq!(!refused, may, "{by} presses {word} on {title}: {effects:?}");
        }
    }

    fn press(&self, mut room: Room, at: &CardRef, by: &str, press: &Press) -> Vec<Effect> {
        let (by, via) = (UserId::new(by), Via::Press { card: at.clone() });
        let fact = Fact::Acted { by, via, action: press.action() };
        let (id, chat) = (EventId::new("pressed"), ChatId::new("api"));
        decide(&self.terms, &mut room, &Event { id, chat, at: NOW, lang: None, fact })
    }

    /// The card an action shows.
    pub(super) fn shown(&self, room: Room, action: &Action) -> Card {
        let mut effects = self.press(room, &CardRef::new("m0"), OWNER, &Press::of(action));
        let Some(Effect::Show { card, .. }) = effects.pop() else { panic!("it shows no card") };
        card
    }

    /// Says whether a button on the page carries an action of that name.
    pub(super) fn has(&self, intent: &str) -> bool {
        self.text.contains(&format!("| `{intent}` |"))
    }

    /// Checks that what is written is this, or writes it.
    pub(super) fn written(self) {
        let folder = Path::new(DOCS).join("cards");
        let mut all = self.pictures;
        let sizes = all.values().map(String::len).sum::<usize>();
        assert!(sizes < 1_000_000, "the pictures take {sizes} bytes");
        if std::env::var_os(REWRITE).is_some() {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, picture) in &all {
                std::fs::write(folder.join(name), picture).unwrap();
            }
            std::fs::write(Path::new(DOCS).join("cards.md"), &self.text).unwrap();
        }
        let mut old = vec![];
        for file in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if all.remove(&name) != std::fs::read_to_string(&path).ok() {
                old.push(name);
            }
        }
        old.extend(all.into_keys());
        if std::fs::read_to_string(Path::new(DOCS).join("cards.md")).ok() != Some(self.text) {
            old.push("../cards.md".to_owned());
        }
        assert!(old.is_empty(), "out of date: {old:?}. Run this with {REWRITE}=1");
    }
}

/// Says who may press, as the table has it.
fn who(room: &Room, press: &Press) -> String {
    let action = press.action();
    let [own, others] = [OWNER, "somebody"].map(|by| right(room, &UserId::new(by), &action));
    if own == others {
        return holders(room, own);
    }
    let (own, others) = (holders(room, own), holders(room, others));
    format!("on one's own task: {own}; on another's: {others}")
}

fn holders(room: &Room, right: Right) -> String {
    let in_project = matches!(room.kind, Kind::Project(_));
    // Elsewhere the owner is all there is.
    let roles = Role::ALL.into_iter().filter(|role| in_project || *role == Role::Owner);
    let role = |role: Role| match right.leave(role) {
        Leave::Allow => Some(role.word().to_owned()),
        Leave::Rule => Some(format!("{} if the rules say so", role.word())),
        Leave::Deny => None,
    };
    format!("{} (`{}`)", roles.filter_map(role).collect::<Vec<_>>().join(", "), right.word())
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
