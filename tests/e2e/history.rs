//! A long history under load: several groups, all kinds of prompts, presses, stops, and deaths.
//!
//! Everything is chosen by a seed among what can be observed: the n-th call, request or
//! acknowledgement from now, never a time.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::{Feishu, Message};
use std::time::Duration;

/// How long a moment is waited for that may never come.
const MOMENT_MAX: Duration = Duration::from_secs(2);

/// The sides of the dice that are rolled for a strike.
pub(crate) const DICE: usize = 60;

const NAMES: [&str; 3] = ["one", "two", "three"];

/// A prompt that was given to PoCo.
pub(crate) struct Prompt {
    pub(crate) text: String,
    /// A word that stands in no other prompt.
    pub(crate) mark: String,
    pub(crate) group: String,
    pub(crate) event: String,
    /// Prompts of this group that PoCo had surely taken in when this one was said.
    pub(crate) after: Vec<usize>,
}

pub(crate) struct History {
    pub(crate) stage: Stage,
    pub(crate) prompts: Vec<Prompt>,
    /// What was done, for whoever looks for a fault.
    pub(crate) told: Vec<String>,
    groups: Vec<String>,
    dice: u64,
}

impl History {
    /// Begins one that its seed decides; `POCO_E2E_SEED` makes it another one.
    pub(crate) async fn new(seed: u64) -> Self {
        Self::on(Stage::for_deaths().await, seed).await
    }

    /// Like [`History::new`], on a stage of one's own.
    pub(crate) async fn on(stage: Stage, seed: u64) -> Self {
        let more = std::env::var("POCO_E2E_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed + more.unwrap_or(0);
        let mut groups = vec![];
        for name in NAMES {
            groups.push(stage.project(name).await);
        }
        Self { stage, prompts: vec![], told: vec![format!("seed {seed}")], groups, dice: seed }
    }

    /// Strikes so often, with life between; what a strike does may depend on a roll of the dice.
    pub(crate) async fn run(&mut self, strikes: usize, strike: impl AsyncFn(&mut Stage, usize)) {
        for n in 0..strikes {
            self.told.push(format!("— {n}"));
            let before = self.counts();
            for _ in 0..=self.roll(5) {
                self.act();
            }
            self.moment(before).await;
            let dice = self.roll(DICE);
            strike(&mut self.stage, dice).await;
            for event in self.stage.feishu.unacknowledged() {
                self.stage.feishu.redeliver(&event);
            }
        }
    }

    /// Lets everything come to its end.
    pub(crate) async fn end(&mut self) {
        self.stage.until_acknowledged().await;
        let deadline = tokio::time::Instant::now() + crate::stage::WITHIN;
        loop {
            self.stage.model.go(100);
            let open: Vec<_> = self.cards().into_iter().filter(|card| !is_final(card)).collect();
            if open.is_empty() && self.stage.at_work().await == 0 && self.all_have_cards().await {
                return;
            }
            if tokio::time::Instant::now() > deadline {
                let open: Vec<_> = open.iter().map(Message::plain).collect();
                self.fail(&format!("these cards lie:\n{}", open.join("\n\n")));
            }
            for card in open.iter().filter(|card| card.text.starts_with("[Waiting]")) {
                // There may be several, and any of them will do.
                let button = card.buttons().into_iter().find(|it| it.label == "Allow once");
                if let Some(value) = button.and_then(|button| button.value) {
                    let _ = self.stage.feishu.forge(OWNER, &card.id, &value).await;
                }
            }
            let changes = self.stage.feishu.count_calls("*", "/");
            let moved = |feishu: &Feishu| (feishu.count_calls("*", "/") > changes).then_some(());
            self.stage.feishu.wait_until(Duration::from_millis(200), moved).await;
        }
    }

    /// Whether everything is shown by now: a group takes four cards a second, and no more.
    async fn all_have_cards(&self) -> bool {
        let cards = self.cards();
        let shown = |id: &str| cards.iter().any(|card| self.stage.task_of(card) == id);
        self.stage.tasks().await.iter().all(|task| shown(task["id"].as_str().unwrap()))
    }

    /// Does one thing that people, or the model, do.
    fn act(&mut self) {
        match self.roll(20) {
            0..=3 => self.say("say"),
            4..=5 => self.say("run: echo"),
            6..=8 => self.say("slow: 2"),
            9..=11 => self.say("escalate: echo >> ran.txt"),
            12..=17 => self.press(),
            18 => self.say("/new"),
            _ => {
                self.told.push("the model goes on".to_owned());
                self.stage.model.go(2);
            }
        }
    }

    fn say(&mut self, what: &str) {
        let number = self.roll(self.groups.len());
        let group = self.groups[number].clone();
        if what != "/new" && self.is_full(&group) {
            return self.press();
        }
        let at = self.prompts.len();
        let mark = format!("mark{at}x");
        let text = match what {
            "escalate: echo >> ran.txt" => format!("escalate: echo {mark} >> ran.txt"),
            "/new" => what.to_owned(),
            what => format!("{what} {mark}"),
        };
        self.told.push(format!("in {}: {text}", NAMES[number]));
        let open = self.stage.feishu.unacknowledged();
        let said = self.stage.feishu.say(OWNER, &group, &text).unwrap();
        if what == "/new" {
            return;
        }
        let earlier = self.prompts.iter().enumerate();
        let taken = earlier.filter(|(_, it)| it.group == group && !open.contains(&it.event));
        let after = taken.map(|(at, _)| at).collect();
        let event = said.event_id.unwrap();
        self.prompts.push(Prompt { text, mark, group, event, after });
    }

    /// Whether a group may have nearly as many prompts as can wait; some may have no card yet.
    fn is_full(&self, group: &str) -> bool {
        let said = self.prompts.iter().filter(|it| it.group == group).count();
        let cards = self.cards().into_iter().filter(|card| card.chat == group);
        let (over, open): (Vec<_>, Vec<_>) = cards.partition(is_final);
        said.saturating_sub(over.len()).max(open.len()) > 5
    }

    /// Presses something on a card that has buttons; nobody waits for what comes of it.
    fn press(&mut self) {
        let cards = self.cards();
        let cards: Vec<_> = cards.iter().filter(|card| !card.buttons().is_empty()).collect();
        if cards.is_empty() {
            return;
        }
        let asking = cards.iter().find(|card| card.text.starts_with("[Waiting]"));
        let card = match asking {
            Some(card) if self.roll(2) == 0 => card,
            Some(_) | None => cards[self.roll(cards.len())],
        };
        let buttons: Vec<_> = card.buttons().into_iter().filter(|it| !it.submits).collect();
        let Some(button) = buttons.get(self.roll(buttons.len().max(1))) else { return };
        if button.label == "Stop" && self.roll(3) > 0 {
            return;
        }
        let title = card.text.lines().next().unwrap_or_default().to_owned();
        self.told.push(format!("{} on {title}", button.label));
        let (feishu, id) = (self.stage.feishu.clone(), card.id.clone());
        let value = button.value.clone().unwrap();
        tokio::spawn(async move { feishu.forge(OWNER, &id, &value).await });
    }

    /// Waits for the moment of a death.
    async fn moment(&mut self, before: Counts) {
        let (kind, nth) = (self.roll(8), 1 + self.roll(4));
        let stage = &self.stage;
        let feishu = stage.feishu.clone();
        let calls = before.calls + nth;
        let word = match kind {
            0 => "at once".to_owned(),
            1..=3 => format!("at call {nth}"),
            4..=5 => format!("at request {}", nth.min(2)),
            6 => "as an answer ends".to_owned(),
            _ => "as all is acknowledged".to_owned(),
        };
        let moment = async {
            match kind {
                0 => {}
                1..=3 => {
                    let is_so = |it: &Feishu| (it.count_calls("*", "/") >= calls).then_some(());
                    feishu.wait_until(MOMENT_MAX, is_so).await;
                }
                4..=5 => {
                    let asked = before.asked + nth.min(2);
                    stage.model.until_counts(|now, _| now >= asked).await;
                }
                6 => stage.model.until_counts(|_, ended| ended > before.ended).await,
                _ => stage.until_acknowledged().await,
            }
        };
        let came = tokio::time::timeout(MOMENT_MAX, moment).await.is_ok();
        self.told.push(if came { word } else { format!("{word}, which never came") });
    }

    fn counts(&self) -> Counts {
        let (asked, ended) = self.stage.model.counts();
        Counts { calls: self.stage.feishu.count_calls("*", "/"), asked, ended }
    }

    /// All cards of tasks.
    pub(crate) fn cards(&self) -> Vec<Message> {
        let messages = self.groups.iter().flat_map(|group| self.stage.feishu.messages(group));
        messages.filter(|it| it.from_bot() && !it.deleted && it.text.contains("] Task: ")).collect()
    }

    pub(crate) fn fail(&self, why: &str) -> ! {
        let messages = self.groups.iter().flat_map(|group| self.stage.feishu.messages(group));
        let seen: Vec<_> = messages.map(|it| it.plain()).collect();
        let (told, seen) = (self.told.join("\n"), seen.join("\n\n"));
        panic!("{why}\n\n{told}\n\n{seen}\n\n{}", self.stage.log());
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.dice;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % sides as u64).unwrap()
    }
}

#[derive(Clone, Copy)]
struct Counts {
    calls: usize,
    asked: usize,
    ended: usize,
}

pub(crate) fn is_final(card: &Message) -> bool {
    let words = ["[Complete]", "[Stopped]", "[Interrupted]", "[Error]", "[Unknown]", "[Added]"];
    words.iter().any(|word| card.text.starts_with(word))
}
