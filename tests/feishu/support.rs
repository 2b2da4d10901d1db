//! What these tests share.

use poco_core::{Action, Block, Button, Card, ChatId, TaskId, Text, Tone, Typing};
use poco_io::config::{Delivery, Feishu as Settings};
use poco_io::feishu::Feishu;
use poco_io::port::MessageId;
use poco_io::secret::Secret;
use poco_sim::feishu::{Feishu as Sim, Message, Options};

pub(crate) const SEND: &str = "/open-apis/im/v1/messages";
pub(crate) const CARDS: &str = "/open-apis/cardkit/v1/cards";
pub(crate) const TOKEN: &str = "/open-apis/auth";

pub(crate) async fn sim() -> Sim {
    Sim::start(Options::default()).await.expect("a simulator")
}

pub(crate) fn settings(sim: &Sim) -> Settings {
    let options = Options::default();
    Settings {
        base_url: sim.url().to_owned(),
        app_id: options.app_id,
        app_secret: Secret::new(options.app_secret),
        delivery: Delivery::LongConnection,
        verification_token: None,
        encrypt_key: None,
    }
}

pub(crate) fn client(sim: &Sim) -> Feishu {
    Feishu::new(&settings(sim)).expect("a client")
}

pub(crate) fn group(sim: &Sim) -> ChatId {
    ChatId::new(sim.group("a project", &["ada"]).expect("a group"))
}

pub(crate) fn messages(sim: &Sim, chat: &ChatId) -> Vec<Message> {
    sim.messages(chat.as_str())
}

/// The one message of a chat.
pub(crate) fn only(sim: &Sim, chat: &ChatId) -> Message {
    let messages = messages(sim, chat);
    assert_eq!(messages.len(), 1, "one message in the chat");
    messages.into_iter().next().expect("a message")
}

pub(crate) fn message(sim: &Sim, id: &MessageId) -> Message {
    let id = id.0.split(' ').next().unwrap_or_default();
    sim.message(id).expect("the message")
}

/// A card that changes in steps.
pub(crate) fn plain(text: &str) -> Card {
    Card::new(Tone::Plain, Text::verbatim("[Idle] Workspace")).text(Text::verbatim(text))
}

/// A task's card while nothing is typed onto it.
pub(crate) fn still(text: &str) -> Card {
    Card::new(Tone::Good, Text::verbatim("[Complete] Task"))
        .text(Text::verbatim(text))
        .typing(Typing::Idle)
}

/// A task's card while output comes.
pub(crate) fn running(steps: &str, answer: &str) -> Card {
    let stop = Action::Stop { task: Some(TaskId::new("t")) };
    Card::new(Tone::Busy, Text::verbatim("[Running] Task"))
        .block(Block::Live { steps: steps.into(), answer: answer.into() })
        .buttons(vec![Button::new(Text::verbatim("Stop"), stop).danger()])
        .typing(Typing::Now)
}

/// Nothing went over a limit or against the protocol.
pub(crate) fn assert_clean(sim: &Sim) {
    assert_eq!(sim.violations(), vec![]);
    assert_eq!(sim.complaints(), Vec::<String>::new());
}
