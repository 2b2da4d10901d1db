//! A life of one room: whatever people and the agent do, and what comes of it.

use super::made::{approval, enclosed, outcome, settings};
use poco_core::setup::{Folder, FolderQuery};
use poco_core::{
    Action, Archive, Block, Brought, Button, Card, CardKey, CardRef, Changes, ChatId, Command,
    Effect, Event, EventId, Fact, Field, Kind, Lang, Listing, Lobby, MessageRef, PagesId, Phase,
    Press, Project, Report, Room, RunnerId, TaskId, Terms, Text, ThreadId, Timestamp, Tone, Topic,
    TopicId, TurnId, UserId, Via, WAITING_MAX, decide,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Project,
    Lobby,
}

/// A step the world might take; a number picks among what is possible then.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Say(String),
    /// Something comes along, with words or without.
    Attach(String, usize),
    /// In one of a few topics.
    SayInTopic(String, usize),
    Bring(usize),
    /// On a card as it stands.
    Press(usize),
    /// Of all buttons there ever were.
    PressStale(usize),
    Claim(usize),
    Unclaim(usize),
    Hold(usize),
    Start(usize),
    Ask(usize, usize),
    Settle(usize),
    SteerMiss(usize),
    End(usize, usize),
    Look(usize),
    Open(usize),
    Wait(u64),
    Remove,
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let any = any::<usize>;
    let words = "[a-z]{1,8}|confirm: [a-z]{1,3}|/stop|/status|/queue|/new|/steer x|/run y|/help|/z|/lang|/lang zh|/lang en";
    let step = prop_oneof![
        6 => words.prop_map(Step::Say),
        2 => ("[a-z]{0,3}", any()).prop_map(|(text, pick)| Step::Attach(text, pick)),
        2 => (words, any()).prop_map(|(text, pick)| Step::SayInTopic(text, pick)),
        1 => any().prop_map(Step::Bring),
        6 => any().prop_map(Step::Press),
        2 => any().prop_map(Step::PressStale),
        4 => any().prop_map(Step::Claim),
        1 => any().prop_map(Step::Unclaim),
        1 => any().prop_map(Step::Hold),
        4 => any().prop_map(Step::Start),
        3 => (any(), any()).prop_map(|(task, kind)| Step::Ask(task, kind)),
        1 => any().prop_map(Step::Settle),
        1 => any().prop_map(Step::SteerMiss),
        3 => (any(), any()).prop_map(|(task, kind)| Step::End(task, kind)),
        2 => any().prop_map(Step::Look),
        2 => any().prop_map(Step::Open),
        1 => (0..10_000_000u64).prop_map(Step::Wait),
    ];
    let step = prop_oneof![60 => step, 1 => Just(Step::Remove)];
    prop::collection::vec(step, 0..most)
}

#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) terms: Terms,
    pub(crate) room: Room,
    /// Each command, with the tasks that were over when it was sent.
    pub(crate) sent: Vec<(Command, BTreeSet<TaskId>)>,
    pub(crate) kept: BTreeMap<TaskId, Archive>,
    /// Cards as they stand, by what a press on them says.
    pub(super) cards: BTreeMap<CardRef, Card>,
    ever: Vec<(CardRef, Button)>,
    asked: Vec<EventId>,
    browsed: Vec<(EventId, FolderQuery)>,
    opening: Vec<EventId>,
    events: u64,
    pub(super) now: u64,
}

/// Whether a title is one of a task that is over.
pub(crate) fn final_title(title: &Text) -> bool {
    let title = title.of(Lang::En);
    ["Complete", "Error", "Stopped", "Unknown", "Interrupted", "Added", "Not started"]
        .iter()
        .any(|word| title.starts_with(&format!("[{word}] Task:")))
}

impl History {
    pub(crate) fn new(place: Place) -> Self {
        let terms = Terms {
            owner: Some(UserId::new("ann")),
            house: ChatId::new("house"),
            agents: vec!["codex".into()],
            settings: settings(),
            lang: Lang::En,
            runners: vec![],
            offers: Default::default(),
        };
        let kind = match place {
            Place::Lobby => Kind::Lobby(Lobby::default()),
            Place::Project => Kind::Project(Project::new(
                "api".into(),
                UserId::new("ann"),
                settings(),
                ChatId::new("lobby"),
            )),
        };
        let room = Room { kind, ..Room::default() };
        let (sent, kept, cards, ever, asked, browsed, opening) = Default::default();
        Self {
            terms,
            room,
            sent,
            kept,
            cards,
            ever,
            asked,
            browsed,
            opening,
            events: 0,
            now: 1_000_000,
        }
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Say(text) => {
                self.act(Via::Group, Action::parse(text));
            }
            Step::Attach(text, pick) => {
                self.act(via(*pick), Action::parse_with(text, enclosed(*pick)));
            }
            Step::SayInTopic(text, pick) => {
                self.act(via(*pick), Action::parse(text));
            }
            Step::Bring(pick) => {
                let id = PagesId::new("changes");
                let changes = Changes { id, pages: 1 + pick % 3, files: 1, added: 2, removed: 0 };
                let changes = (!pick.is_multiple_of(3)).then_some(changes);
                let brought = Brought { files: vec!["/srv/a.png".to_owned()], changes };
                self.report(*pick, Report::Brought(brought));
            }
            Step::Press(pick) => {
                let buttons = self.buttons();
                if let Some((card, button)) = picked(&buttons, *pick) {
                    self.press(&card, &button);
                }
            }
            Step::PressStale(pick) => {
                if let Some((card, button)) = picked(&self.ever, *pick) {
                    self.press(&card, &button);
                }
            }
            Step::Claim(pick) => {
                let claim = format!("claim {}", self.events);
                self.report(
                    *pick,
                    Report::Claimed {
                        claim,
                        runner: RunnerId::local(),
                        thread: Some(ThreadId::new("th")),
                    },
                );
            }
            Step::Unclaim(pick) => self.report(*pick, Report::Unclaimed),
            Step::Hold(pick) => self.report(*pick, Report::Held),
            Step::Start(pick) => {
                let turn = TurnId::new(format!("turn {}", self.events));
                self.report(*pick, Report::Started { thread: ThreadId::new("th"), turn });
            }
            Step::Ask(pick, kind) => self.report(*pick, Report::Asked(approval(*kind))),
            Step::Settle(pick) => {
                let approval = approval(*pick).id;
                self.report(*pick, Report::Settled { approval });
            }
            Step::SteerMiss(pick) => self.steer_miss(*pick),
            Step::End(pick, kind) => {
                let (outcome, steps) = (outcome(*kind), vec![Text::verbatim("did it")]);
                self.report(*pick, Report::Ended { outcome, steps });
            }
            Step::Look(pick) => self.look(*pick),
            Step::Open(pick) => self.open(*pick),
            Step::Wait(time) => self.now += time,
            Step::Remove => self.remove(),
        }
    }

    /// Somebody who may act does so.
    pub(crate) fn act(&mut self, via: Via, action: Action) -> Vec<Effect> {
        self.tell(Fact::Acted { by: UserId::new("ann"), via, action })
    }

    /// A press, with its form filled in, as it comes from the platform.
    pub(crate) fn press(&mut self, card: &CardRef, button: &Button) -> Vec<Effect> {
        let mut press = Press::of(&button.action);
        press.0.extend(self.cards.get(card).into_iter().flat_map(|card| filled(card, button)));
        self.act(Via::Press { card: card.clone() }, press.action())
    }

    pub(crate) fn stop(&mut self) {
        self.act(Via::Group, Action::Stop { task: None });
    }

    pub(crate) fn remove(&mut self) {
        if matches!(self.room.kind, Kind::Project(_)) {
            let (by, lobby) = (UserId::new("ann"), ChatId::new("lobby"));
            self.tell(Fact::Removed { by, lobby });
        }
    }

    /// Lets everything that was begun end.
    pub(crate) fn finish(&mut self) {
        for _ in 0..=2 * WAITING_MAX {
            self.end_current();
        }
    }

    pub(crate) fn end_current(&mut self) {
        let Some(task) = self.room.desk.current.clone() else { return };
        if task.phase == Phase::Confirming {
            self.stop();
        } else {
            let report = Report::Ended { outcome: outcome(0), steps: vec![] };
            self.tell(Fact::Reported { task: task.id, report });
        }
    }

    /// Reports come late, twice and in any order; mostly they are about the task under way.
    fn report(&mut self, pick: usize, report: Report) {
        let started: Vec<_> =
            self.sent.iter().filter_map(|(command, _)| started(command)).collect();
        let Some(last) = started.last() else { return };
        let task = if pick.is_multiple_of(6) {
            started[pick / 6 % started.len()].clone()
        } else {
            last.clone()
        };
        self.tell(Fact::Reported { task, report });
    }

    fn steer_miss(&mut self, pick: usize) {
        let Some((Command::Steer { id, by, text, .. }, _)) = picked(&self.sent, pick) else {
            return;
        };
        let report = Report::SteerMissed { id, by, text: text.clone() };
        let before = self.clone();
        self.report(1, report);
        let going = matches!(&before.room.kind, Kind::Lobby(_))
            || matches!(&before.room.kind, Kind::Project(project) if !project.leaving && !project.archived);
        if going && before.room.desk.waiting.len() < WAITING_MAX {
            let desk = &self.room.desk;
            let mut tasks = desk.current.iter().chain(&desk.waiting);
            assert!(tasks.any(|task| task.prompt == text), "what came too late was lost");
        }
    }

    fn look(&mut self, pick: usize) {
        if pick.is_multiple_of(2)
            && let Some((request, query)) = picked(&self.browsed, pick / 2)
        {
            let (names, parent) = (vec!["src".to_owned()], Some("/".to_owned()));
            let folder = Folder { query, parent, names, pages: 1 + pick % 3 };
            let result =
                if pick.is_multiple_of(10) { Err(Text::verbatim("no")) } else { Ok(folder) };
            self.tell(Fact::Browsed { request, result });
            return;
        }
        if let Some(request) = picked(&self.asked, pick) {
            let found = !pick.is_multiple_of(3);
            let result = if found { Ok("/srv/x".to_owned()) } else { Err(Text::verbatim("no")) };
            self.tell(Fact::Looked { request, result });
        }
    }

    fn open(&mut self, pick: usize) {
        let Some(request) = picked(&self.opening, pick) else { return };
        if pick.is_multiple_of(3) {
            self.tell(Fact::OpenFailed { request, reason: Text::verbatim("no") });
        } else {
            let project = Listing {
                chat: ChatId::new(format!("group {request}")),
                name: "x".into(),
                agent: "codex".into(),
                workdir: "/srv/x".into(),
                leaving: false,
                archived: false,
            };
            self.tell(Fact::Listed { request, project });
        }
    }

    fn tell(&mut self, fact: Fact) -> Vec<Effect> {
        self.events += 1;
        self.now += 1_000;
        let event = Event {
            id: EventId::new(format!("e{}", self.events)),
            chat: ChatId::new("chat"),
            at: Timestamp(self.now),
            lang: None,
            fact,
        };
        let before = self.room.clone();
        let effects = decide(&self.terms, &mut self.room, &event);
        for effect in &effects {
            self.perform(effect);
        }
        self.check(&before, &event);
        effects
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::Show { key, card } => {
                let name = name(key);
                if let CardKey::Task(task) = key {
                    let over = self.kept.contains_key(task);
                    assert!(!over || final_title(&card.title), "{task} is shown again as {card}");
                }
                self.put(name, card);
            }
            Effect::Post { card, .. } => {
                let name = CardRef::new(format!("post {}", self.cards.len()));
                self.put(name, card);
            }
            Effect::Send { command, .. } => {
                if let Command::Look { request, .. } = command {
                    self.asked.push(request.clone());
                }
                if let Command::Browse { request, query } = command {
                    self.browsed.push((request.clone(), query.clone()));
                }
                let over = self.kept.keys().cloned().collect();
                self.sent.push((command.clone(), over));
            }
            Effect::Open { request, .. } => self.opening.push(request.clone()),
            Effect::Keep { archive } => self.keep(archive),
            Effect::Toast { text } => assert_unmixed(&Card::new(Tone::Plain, text.clone())),
            Effect::Tell { .. } | Effect::Recall { .. } | Effect::Audit { .. } => {}
        }
    }

    fn put(&mut self, name: CardRef, card: &Card) {
        assert_eq!(card.lang, self.room.lang(&self.terms), "another language: {card}");
        assert_unmixed(card);
        let buttons = card.all_buttons().into_iter().cloned();
        self.ever.extend(buttons.map(|button| (name.clone(), button)));
        self.cards.insert(name, card.clone());
    }

    /// What is over stays over; only what people make of it may be added, once.
    fn keep(&mut self, archive: &Archive) {
        assert!(archive.task.pending.is_empty(), "questions outlive their task");
        let id = archive.task.id.clone();
        if let Some(old) = self.kept.insert(id, archive.clone()) {
            assert!(old.settled.is_none(), "settled twice: {archive:?}");
            assert_eq!(Archive { settled: archive.settled.clone(), ..old }, *archive);
        }
    }

    /// Whether a card is kept as the room is, rather than left as it was posted.
    pub(crate) fn follows(&self, card: &CardRef) -> bool {
        !card.as_str().starts_with("post ")
    }

    pub(crate) fn following(&self) -> impl Iterator<Item = (&CardRef, &Card)> {
        self.cards.iter().filter(|(name, _)| self.follows(name))
    }

    pub(crate) fn task_cards(&self) -> impl Iterator<Item = (TaskId, &Card)> {
        self.cards.iter().filter_map(|(name, card)| {
            Some((TaskId::new(name.as_str().strip_prefix("task ")?), card))
        })
    }

    /// Every button there is to press now.
    pub(crate) fn buttons(&self) -> Vec<(CardRef, Button)> {
        let of = |(name, card): (&CardRef, &Card)| {
            let buttons = card.all_buttons().into_iter().cloned();
            buttons.map(|button| (name.clone(), button)).collect::<Vec<_>>()
        };
        self.cards.iter().flat_map(of).collect()
    }
}

/// Whether a card speaks one language only. What people and agents say in a history are one or two
/// words: a sentence of English in Chinese is ours.
fn assert_unmixed(card: &Card) {
    let (en, zh) = (card.clone().told(Lang::En), card.clone().told(Lang::Zh));
    assert!(!en.title.of(Lang::En).is_empty() && !zh.title.of(Lang::Zh).is_empty(), "{card}");
    // The prompt an agent goes on with stays in the language it was given in.
    let ours = |line: &&str| !line.contains("You were interrupted.");
    let zh: String = zh
        .to_string()
        .replace("[English]", "")
        .lines()
        .filter(ours)
        .map(|line| line.to_owned() + "\n")
        .collect();
    let english = zh.split(|c: char| !c.is_ascii_alphabetic() && c != ' ' && c != '\'');
    let longest = english.map(|words| words.split_whitespace().count()).max();
    assert!(longest < Some(3), "English in Chinese: {zh}");
    let ours = |line: &&str| !line.contains("刚才的工作被中断了");
    let en: String = en.to_string().replace("[中文]", "").lines().filter(ours).collect();
    assert!(!en.contains(|c: char| ('\u{3000}'..='\u{ffef}').contains(&c)), "Chinese in: {en}");
}

pub(super) fn name(key: &CardKey) -> CardRef {
    match key {
        CardKey::Workspace => CardRef::new("workspace"),
        CardKey::Task(task) => CardRef::new(format!("task {task}")),
        // It is left as it was shown, until somebody presses on it.
        CardKey::Page(opened) => CardRef::new(format!("post {opened}")),
        CardKey::Held(event) => CardRef::new(format!("held {event}")),
        CardKey::This(pressed) => pressed.clone(),
    }
}

/// The chat itself, or one of its topics.
fn via(pick: usize) -> Via {
    let root = pick.is_multiple_of(2).then(|| MessageRef::new("root"));
    match pick % 4 {
        0 => Via::Group,
        topic => {
            let id = TopicId::new(format!("topic {topic}"));
            Via::Topic { topic: Topic { id, message: MessageRef::new(format!("m{pick}")) }, root }
        }
    }
}

fn started(command: &Command) -> Option<TaskId> {
    match command {
        Command::Start { task, .. } => Some(task.clone()),
        Command::Answer { .. }
        | Command::Steer { .. }
        | Command::Stop { .. }
        | Command::Settle
        | Command::Unreadable
        | Command::Browse { .. }
        | Command::Deliver { .. }
        | Command::Look { .. } => None,
    }
}

fn picked<T: Clone>(all: &[T], pick: usize) -> Option<T> {
    all.get(pick.checked_rem(all.len())?).cloned()
}

/// What a person types into the form whose button is pressed.
fn filled(card: &Card, button: &Button) -> Vec<(String, String)> {
    let forms = card
        .blocks
        .iter()
        .filter_map(|block| if let Block::Form(form) = block { Some(form) } else { None });
    let forms = forms.filter(|form| form.submit == *button);
    let value = |field: &Field| match field {
        Field::Input { name, .. } => (name.clone(), format!("text {}", name.len())),
        Field::Person { name, .. } => (name.clone(), "bob".to_owned()),
        Field::Select { name, options, .. } => (name.clone(), options[0].value.clone()),
    };
    forms.flat_map(|form| &form.fields).map(value).collect()
}
