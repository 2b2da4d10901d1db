//! What can be read in the world, in the order it was shown.

use crate::World;
use poco_core::{Card, CardRef, Command, Verdict};

impl World {
    /// The next thing a chat shows, as text.
    pub fn shown(&mut self) -> String {
        let card = self.chat.next().expect("nothing more was shown");
        self.named(card)
    }

    /// The last thing a chat shows; skips what came before it.
    pub fn shown_last(&mut self) -> String {
        let mut last = None;
        while let Some(card) = self.chat.next() {
            last = Some(card);
        }
        self.named(last.expect("nothing was shown"))
    }

    /// The next thing shown whose text has `part`; skips what came before it.
    pub fn shown_with(&mut self, part: &str) -> String {
        loop {
            let shown = self.shown();
            if shown.contains(part) {
                return shown;
            }
        }
    }

    /// The next thing the runner is told, in a line.
    pub fn sent(&mut self) -> String {
        let job = self.queue.next().expect("nothing more was sent");
        self.named(told(&job.command))
    }

    /// What the person who pressed was told.
    pub fn toast(&mut self) -> String {
        let toast = self.toasts.pop_front().expect("no toast");
        self.named(toast)
    }

    /// Reads past all that was shown, sent and told so far.
    pub fn skim(&mut self) {
        while self.chat.next().is_some() {}
        while self.queue.next().is_some() {}
        self.toasts.clear();
    }

    /// Reads past all that was shown so far.
    pub fn skim_cards(&mut self) {
        while self.chat.next().is_some() {}
    }

    /// Checks that nothing was shown, sent or told.
    pub fn assert_silent(&self) {
        assert_eq!(self.chat.next(), None, "a card was shown");
        assert_eq!(self.queue.next(), None, "a command was sent");
        assert_eq!(self.toasts.front(), None, "somebody was told");
    }

    /// Every card here as it stands now, the oldest first.
    pub fn cards(&self) -> Vec<String> {
        self.chat.cards(&self.here).into_iter().map(|card| self.named(card)).collect()
    }

    /// Every card here as it stands now, the oldest first, with what a press on it says.
    pub fn standing(&self) -> Vec<(CardRef, Card)> {
        self.chat.standing(&self.here)
    }

    /// Every chat there is.
    pub fn chats(&self) -> Vec<String> {
        self.chat.chats()
    }

    pub(crate) async fn assert_at_rest(&self) {
        self.assert_silent();
        self.settle().await;
        self.assert_silent();
    }

    /// What there is to see in the end: every card in every chat, and every command in order.
    pub(crate) async fn outcome(&self) -> (Vec<String>, Vec<String>) {
        self.settle().await;
        let mut cards: Vec<_> = self.chat.all().into_iter().map(|card| self.named(card)).collect();
        cards.sort(); // One that could not be posted at once comes later.
        (cards, self.queue.commands().iter().map(told).map(|it| self.named(it)).collect())
    }

    /// Calls tasks by the order they came up in.
    fn named(&self, mut text: String) -> String {
        for (at, task) in self.tasks.iter().enumerate() {
            text = text.replace(task.as_str(), &format!("T{}", at + 1));
        }
        text
    }
}

/// Says what a command tells the runner, in a line.
pub(crate) fn told(command: &Command) -> String {
    match command {
        Command::Start { task, prompt, thread, fork, enclosed, .. } => {
            let thread = thread.as_ref().map_or("new thread", |thread| thread.as_str());
            let copy = if *fork { "a copy of " } else { "" };
            let files = enclosed.files.iter().map(|file| format!(" +{}", file.name));
            let quotes = enclosed.quotes.iter().map(|quote| format!(" >{}", quote.message));
            let with: String = files.chain(quotes).collect();
            format!("start {task} in {copy}{thread}: {prompt}{with}")
        }
        Command::Deliver { path, .. } => format!("deliver {path}"),
        Command::Answer { approval, verdict, .. } => format!("answer {approval}: {}", say(verdict)),
        Command::Steer { task, text, .. } => format!("steer {task}: {text}"),
        Command::Stop { task, thread, turn } => {
            let thread = thread.as_ref().map_or("-", |thread| thread.as_str());
            format!("stop {task} in {thread}, {}", if turn.is_some() { "in a turn" } else { "-" })
        }
        Command::Settle => "settle".to_owned(),
        Command::Unreadable => "unreadable".to_owned(),
        Command::Look { workdir, .. } => format!("look at {workdir}"),
        Command::Browse { query, .. } => format!(
            "list {} page {} filter {:?} hidden {}",
            query.path, query.page, query.filter, query.hidden
        ),
    }
}

fn say(verdict: &Verdict) -> String {
    match verdict {
        Verdict::AllowOnce => "allow once".to_owned(),
        Verdict::AllowSession => "allow for the session".to_owned(),
        Verdict::Deny { why: None } => "deny".to_owned(),
        Verdict::Deny { why: Some(why) } => format!("deny: {why}"),
        Verdict::Answers(answers) => format!("{answers:?}"),
    }
}
