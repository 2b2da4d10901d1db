//! What is to be seen after a long history: nothing lost, nothing run twice, no card that lies.

use crate::history::History;
use crate::place::Place;
use poco_sim::feishu::Message;
use poco_sim::model::Seen;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be seen afterwards.
pub(crate) struct Found {
    /// Tasks by their prompts, as PoCo tells them.
    tasks: BTreeMap<String, Vec<Value>>,
    cards: Vec<Message>,
    seen: Vec<Seen>,
    /// What ran because it was allowed.
    ran: String,
}

impl Found {
    pub(crate) async fn of(history: &History) -> Self {
        let stage = &history.stage;
        let mut tasks: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for task in stage.tasks().await {
            tasks.entry(task["prompt"].as_str().unwrap().to_owned()).or_default().push(task);
        }
        let folders = std::fs::read_dir(stage.work()).unwrap().flatten();
        let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let ran = folders.map(|folder| read(folder.path().join("ran.txt"))).collect();
        Self { tasks, cards: history.cards(), seen: stage.model.seen(), ran }
    }

    fn card(&self, task: &Value) -> Vec<&Message> {
        let name = format!("] Task: {} ", task["id"].as_str().unwrap());
        self.cards.iter().filter(|card| card.text.lines().next().unwrap().contains(&name)).collect()
    }

    fn says(&self, task: &Value, word: &str) -> bool {
        self.card(task).iter().any(|card| card.text.starts_with(word))
    }

    fn turns(&self, prompt: &str) -> BTreeSet<&str> {
        let seen = self.seen.iter().filter(|it| it.prompt == prompt);
        seen.map(|it| it.turn.as_str()).collect()
    }

    pub(crate) fn nothing_is_lost_or_doubled(&self, history: &History) {
        for prompt in &history.prompts {
            let tasks = self.tasks.get(&prompt.text).map(Vec::as_slice).unwrap_or_default();
            let again = history.told.iter().filter(|it| it.starts_with("Run again on")).count();
            // What was added too late to the turn that ran became a task of its own.
            let added = tasks.iter().filter(|task| self.says(task, "[Added]")).count();
            if tasks.is_empty() || tasks.len() - added > 1 + again {
                history.fail(&format!("“{}” has {} tasks", prompt.text, tasks.len()));
            }
            if self.turns(&prompt.text).len() > tasks.len() {
                history.fail(&format!("“{}” was given to the model twice", prompt.text));
            }
            if self.ran.matches(&prompt.mark).count() > tasks.len() {
                history.fail(&format!("“{}” ran twice", prompt.text));
            }
        }
        for task in self.tasks.values().flatten() {
            let cards = self.card(task);
            if cards.len() != 1 {
                history.fail(&format!("{} cards for {task}", cards.len()));
            }
        }
        if self.cards.len() != self.tasks.values().flatten().count() {
            history.fail("a card has no task");
        }
        let violations = history.stage.violations();
        if Place::KEEPS_PACE && !violations.is_empty() {
            history.fail(&format!("{violations:?}"));
        }
        let complaints = history.stage.feishu.complaints();
        if !complaints.is_empty() {
            history.fail(&format!("{complaints:?}"));
        }
    }

    pub(crate) fn all_ran_in_order(&self, history: &History) {
        let first = |prompt: &str| self.seen.iter().position(|it| it.prompt == prompt);
        let added = |prompt: &str| self.tasks[prompt].iter().any(|it| self.says(it, "[Added]"));
        for prompt in history.prompts.iter().filter(|it| !added(&it.text)) {
            let Some(at) = first(&prompt.text) else { continue };
            for before in prompt.after.iter().map(|at| &history.prompts[*at]) {
                if !added(&before.text) && first(&before.text).is_some_and(|before| before > at) {
                    let (one, other) = (&before.text, &prompt.text);
                    history.fail(&format!("“{one}” was said before “{other}” and ran after it"));
                }
            }
        }
    }

    /// A card that says Complete has the answer, and the model had the prompt.
    pub(crate) fn answers_are_whole(&self, history: &History) {
        for prompt in &history.prompts {
            let turns = self.turns(&prompt.text);
            let alone = |it: &Seen| !turns.contains(it.turn.as_str()) || it.prompt == prompt.text;
            for card in self.tasks[&prompt.text].iter().flat_map(|task| self.card(task)) {
                if !card.text.starts_with("[Complete]") {
                    continue;
                }
                if turns.is_empty() {
                    history.fail(&format!("no model saw “{}”", prompt.text));
                }
                let says = match prompt.text.split([':', ' ']).next().unwrap() {
                    "say" => format!("Model answer to: {}", prompt.text),
                    "slow" => "piece 0 piece 1".to_owned(),
                    _ => "Tools said".to_owned(),
                };
                if self.seen.iter().all(alone) && !card.text.contains(&says) {
                    history.fail(&format!("not the answer to “{}”:\n{}", prompt.text, card.text));
                }
            }
        }
    }

    /// Codex lived, so whatever it was at was found again.
    pub(crate) fn all_was_found_again(&self, history: &History) {
        for card in &self.cards {
            let cut_off = ["[Interrupted]", "[Unknown]", "[Error]"];
            if cut_off.iter().any(|word| card.text.starts_with(word)) {
                history.fail(&format!("it was not found again:\n{}", card.plain()));
            }
        }
    }
}
