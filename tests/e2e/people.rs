//! What people do on a stage, and what they see.

use crate::place::Place;
use crate::stage::{OWNER, Stage, WITHIN};
use poco_sim::feishu::{Feishu, Incoming, Message, PressResult};
use std::collections::BTreeSet;

impl Stage {
    /// Makes a project by its cards; returns its group.
    pub(crate) async fn project(&self, name: &str) -> String {
        self.project_on(name, None).await
    }

    /// Makes a project on one of several machines.
    pub(crate) async fn project_on(&self, name: &str, machine: Option<&str>) -> String {
        let chat = self.feishu.direct_chat(OWNER).unwrap();
        self.feishu.say(OWNER, &chat, "hi").unwrap();
        let home = self.card(&chat, |card| card.labels().contains(&"New".to_owned())).await;
        self.press(&home.id, "New", &[]).await;
        let create = "Create Project + Group";
        self.card(&chat, |card| card.id == home.id && card.labels().contains(&create.to_owned()))
            .await;
        let work = self.work().join(name);
        std::fs::create_dir_all(&work).unwrap();
        let mut fields = vec![("name", name), ("workdir", work.to_str().unwrap())];
        fields.extend(machine.map(|machine| ("runner", machine)));
        self.press(&home.id, create, &fields).await;
        let ready = format!("“{name}” is ready");
        self.card(&chat, |card| card.id == home.id && card.text.contains(&ready)).await;
        let group = format!("PoCo | {name}");
        self.feishu.groups().into_iter().find(|chat| chat.name == group).unwrap().id
    }

    /// The owner says something; returns the message's id.
    pub(crate) fn say(&self, chat: &str, text: &str) -> String {
        self.feishu.send(OWNER, chat, &Incoming::text(text)).unwrap().message_id
    }

    pub(crate) async fn press(
        &self,
        message: &str,
        button: &str,
        fields: &[(&str, &str)],
    ) -> PressResult {
        let mut pressed = self.feishu.press(OWNER, message, button, fields).await.unwrap();
        let end = tokio::time::Instant::now() + WITHIN;
        // Where a machine may be too slow for the platform, people press again.
        while Place::MAY_BE_SLOW && pressed.error.is_some() && tokio::time::Instant::now() < end {
            pressed = self.feishu.press(OWNER, message, button, fields).await.unwrap();
        }
        assert_eq!(pressed.error, None, "pressing {button}\n{}", self.log());
        pressed
    }

    /// Waits for a card that fits; returns it as it is then.
    pub(crate) async fn card(&self, chat: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let find = |messages: &[Message]| {
            messages.iter().rev().find(|it| it.from_bot() && !it.deleted && fits(it)).cloned()
        };
        match self.feishu.wait_for(chat, WITHIN, find).await {
            Ok(card) => card,
            Err(error) => panic!("{error:#}\n{}", self.log()),
        }
    }

    /// Waits until so many cards fit.
    pub(crate) async fn cards(&self, chat: &str, count: usize, fits: impl Fn(&Message) -> bool) {
        let find = |messages: &[Message]| {
            (messages.iter().filter(|it| it.from_bot() && fits(it)).count() == count).then_some(())
        };
        if let Err(error) = self.feishu.wait_for(chat, WITHIN, find).await {
            panic!("{error:#}\n{}", self.log());
        }
    }

    /// Waits for a card on which the agent asks something.
    pub(crate) async fn asking(&self, chat: &str) -> Message {
        let asks = |card: &Message| {
            let labels = card.labels();
            card.text.starts_with("[Waiting] Task:") && labels.iter().any(|label| label == "Deny")
        };
        self.card(chat, asks).await
    }

    /// Waits until a card shows a page of its answer.
    pub(crate) async fn page(&self, chat: &str, card: &str, page: usize, of: usize) -> Message {
        let title = format!(" [{page}/{of}]");
        let shows = |it: &Message| it.text.lines().next().is_some_and(|it| it.ends_with(&title));
        self.card(chat, |it| it.id == card && shows(it)).await
    }

    /// Presses a button on a card as it was.
    pub(crate) async fn press_on(&self, card: &Message, button: &str) -> PressResult {
        let look = card.card.as_ref().unwrap();
        self.feishu.press_on(OWNER, &card.id, look, button, &[]).await.unwrap()
    }

    /// Waits until PoCo has taken in everything that was sent.
    pub(crate) async fn until_acknowledged(&self) {
        let all = |feishu: &Feishu| feishu.unacknowledged().is_empty().then_some(());
        self.feishu.wait_until(WITHIN, all).await.unwrap();
    }

    /// The id of the task that a card is about.
    pub(crate) fn task_of(&self, card: &Message) -> String {
        let (_, rest) = card.text.split_once("Task: ").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The conversations the model has had, by the name codex gives them.
    pub(crate) fn threads(&self) -> BTreeSet<String> {
        let seen = self.model.seen();
        seen.iter().map(|it| it.body["prompt_cache_key"].to_string()).collect()
    }

    /// All that the model was last told.
    pub(crate) fn last_request(&self) -> String {
        self.model.seen().last().unwrap().body.to_string()
    }

    /// Nothing was done that Feishu does not like.
    pub(crate) fn is_well(&self) {
        if Place::KEEPS_PACE {
            assert_eq!(self.feishu.violations(), []);
        }
        assert_eq!(self.feishu.complaints(), Vec::<String>::new());
    }

    /// Waits for a card whose title begins so and whose text holds this.
    pub(crate) async fn titled(&self, chat: &str, title: &str, holds: &str) -> Message {
        self.card(chat, |card| card.text.starts_with(title) && card.text.contains(holds)).await
    }
}
