//! What a chat is to PoCo.

use crate::choices::Offers;
use crate::people::{People, Rules};
use crate::setup::{Conversation, Looking};
use crate::{CardRef, ChatId, Desk, EventId, Lang, RunnerId, Settings, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most projects one lobby lists.
pub const PROJECTS_MAX: usize = 50;

/// The longest name of a project, in characters; a group's name may have 60 with our prefix.
pub const NAME_CHARS_MAX: usize = 50;

/// How long a runner may be silent before it is taken to be asleep, in milliseconds: three of its
/// heartbeats.
pub const ASLEEP_AFTER: u64 = 90_000;

/// The silences that cards tell apart, in minutes.
const ASLEEP_STEPS: [u64; 10] = [1, 2, 5, 10, 20, 30, 60, 180, 720, 1_440];

/// A machine that has been silent for so many minutes may never come back: people may end what it
/// does not stop. One of the steps above.
const LOST_AFTER: u64 = 10;

/// How often a group without a project is told so when somebody just talks, in milliseconds.
const HINT_EVERY: u64 = 60 * 60 * 1_000;

/// One chat: what it is for, and the work going on in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Room {
    pub kind: Kind,
    pub desk: Desk,
    /// When people were last told that no project lives here.
    #[serde(default)]
    pub hinted: Option<Timestamp>,
    /// What is spoken here, if somebody chose it or their language was known.
    #[serde(default)]
    pub lang: Option<Lang>,
}

impl Room {
    /// Returns the one language of the cards in this chat.
    pub fn lang(&self, terms: &Terms) -> Lang {
        self.lang.unwrap_or(terms.lang)
    }

    /// Says whether people are to be told again that no project lives here, and notes that they
    /// are: they may have more to say to each other than to us.
    pub(crate) fn hint(&mut self, at: Timestamp) -> bool {
        let lately = self.hinted.is_some_and(|last| at.since(last) < HINT_EVERY);
        if !lately {
            self.hinted = Some(at);
        }
        !lately
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// Nothing was said here yet.
    #[default]
    Fresh,
    /// A direct chat, where a person keeps projects.
    Lobby(Lobby),
    /// A group in which one project lives.
    Project(Project),
    /// A group whose project was deleted.
    Gone,
    /// Not a chat: what holds for all of them.
    House(House),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lobby {
    pub projects: Vec<Listing>,
    /// Projects being made, by the event that asked for them.
    pub making: BTreeMap<EventId, Making>,
    /// The card projects were last listed on.
    pub list_card: Option<CardRef>,
    /// The page that was shown of the list.
    #[serde(default)]
    pub list_page: usize,
    /// Whoever is the owner instead of the one whose lobby this is.
    #[serde(default)]
    pub heir: Option<Heir>,
}

/// A new owner, and where they keep projects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heir {
    pub from: UserId,
    pub to: UserId,
    pub lobby: ChatId,
}

/// One line in a lobby.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    pub chat: ChatId,
    pub name: String,
    pub agent: String,
    pub workdir: String,
    /// It is being deleted.
    pub leaving: bool,
    /// It takes no tasks.
    #[serde(default)]
    pub archived: bool,
}

/// A project whose folder is looked at, or whose chat is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Making {
    pub name: String,
    pub by: UserId,
    pub settings: Settings,
    /// The card the form was on.
    pub card: Option<CardRef>,
    /// When it was asked for.
    #[serde(default)]
    pub since: Timestamp,
    /// Its machine has looked, and its group is being opened, which ends by itself.
    #[serde(default)]
    pub opening: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub name: String,
    pub by: UserId,
    pub settings: Settings,
    pub lobby: ChatId,
    /// It is deleted once its running task has ended.
    pub leaving: bool,
    /// Its runner takes nothing at this time.
    #[serde(default)]
    pub away: Option<Away>,
    /// It takes no tasks until it is restored.
    #[serde(default)]
    pub archived: bool,
    /// Where it works if nobody says otherwise; `None` for where it does.
    #[serde(default)]
    pub default_dir: Option<String>,
    /// Folders that are kept to choose from.
    #[serde(default)]
    pub presets: Vec<String>,
    /// Folders it worked in before, the last first.
    #[serde(default)]
    pub recent: Vec<String>,
    /// Folders the machine was asked about.
    #[serde(default)]
    pub looking: Vec<Looking>,
    /// Conversations it has had, the last used first.
    #[serde(default)]
    pub past: Vec<Conversation>,
    /// Who was let in. The owner needs no mention.
    #[serde(default)]
    pub people: People,
    #[serde(default)]
    pub rules: Rules,
}

impl Project {
    /// Makes a project that has done nothing yet.
    pub fn new(name: String, by: UserId, settings: Settings, lobby: ChatId) -> Self {
        let default_dir = Some(settings.workdir.clone());
        let (leaving, archived, away) = Default::default();
        let (presets, recent, looking, past) = Default::default();
        let (people, rules) = Default::default();
        Self {
            name,
            by,
            settings,
            lobby,
            leaving,
            away,
            archived,
            default_dir,
            presets,
            recent,
            looking,
            past,
            people,
            rules,
        }
    }

    /// Whether its agent, as it is set up now, can know of a conversation.
    pub(crate) fn can_go_on(&self, it: &Conversation) -> bool {
        it.agent == self.settings.agent && it.runner == self.settings.runner
    }

    /// Whether its machine has been silent for so long that it may never come back.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.away, Some(Away::Asleep { minutes }) if minutes >= LOST_AFTER)
    }

    /// Where it works if nobody says otherwise.
    pub(crate) fn default_dir(&self) -> &str {
        self.default_dir.as_deref().unwrap_or(&self.settings.workdir)
    }
}

/// Why a runner takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Away {
    /// It has been silent for at least so many minutes: it sleeps, or is off.
    Asleep { minutes: u64 },
    /// Its operator lets it finish what runs.
    Draining,
}

/// Who the house belongs to, and who knocked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct House {
    pub owner: Option<UserId>,
    pub pairing: Option<Pairing>,
    /// When each stranger was last told that they may not.
    pub refused: BTreeMap<UserId, Timestamp>,
    /// Projects that were taken over, until there is a lobby to list them in.
    #[serde(default)]
    pub adopted: Vec<Listing>,
    /// Where the owner's projects are listed, as far as the house has heard.
    #[serde(default)]
    pub lobby: Option<ChatId>,
    /// To whom the owner wants to hand over.
    #[serde(default)]
    pub offer: Option<Offer>,
}

/// The owner's word that somebody else may become the owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub by: UserId,
    pub to: UserId,
    pub until: Timestamp,
    /// Where the owner's projects are listed.
    pub lobby: ChatId,
}

/// A one-time code that makes whoever sends it the owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pairing {
    pub code: String,
    pub until: Timestamp,
    pub tries_left: u8,
    pub last_try: Timestamp,
}

/// What holds in every chat: given to each decision, never changed by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub owner: Option<UserId>,
    /// Where [`House`] is kept.
    pub house: ChatId,
    /// Agents that can be chosen, the first being the usual one.
    pub agents: Vec<String>,
    /// For tasks outside projects, and as the start of new projects.
    pub settings: Settings,
    /// What is spoken where nothing else is chosen.
    pub lang: Lang,
    /// The machines there are; none if PoCo is all in one process.
    pub runners: Vec<Runner>,
    /// What this process's own agents offer, if PoCo is all in one.
    pub offers: Offers,
}

impl Terms {
    /// What the agents of a machine offer, as far as they have said by now.
    pub(crate) fn offers(&self, runner: &RunnerId) -> &Offers {
        let named = self.runners.iter().find(|it| it.id == *runner);
        named.map_or(&self.offers, |it| &it.offers)
    }

    /// The agents of a machine, whether it is there or not.
    pub(crate) fn agents_of(&self, runner: &RunnerId) -> &[String] {
        let named = self.runners.iter().find(|it| it.id == *runner);
        named.map_or(&self.agents, |it| &it.agents)
    }
}

/// A machine that runs agents, as it last said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runner {
    pub id: RunnerId,
    pub host: String,
    pub version: String,
    /// The first being the usual one.
    pub agents: Vec<String>,
    /// For tasks outside projects, and as the start of new ones.
    #[serde(default)]
    pub settings: Option<Settings>,
    /// The models of each agent, as far as it named any; the first being the usual one.
    #[serde(default)]
    pub models: BTreeMap<String, Vec<String>>,
    /// What can be chosen for each agent that has said so.
    #[serde(default)]
    pub offers: Offers,
    /// Turns that run there.
    pub turns: usize,
    /// The most turns it runs at once; 0 if it did not say.
    #[serde(default)]
    pub seats: usize,
    /// When its process began.
    #[serde(default)]
    pub since: Timestamp,
    pub draining: bool,
    /// When it was last heard.
    pub seen: Timestamp,
}

impl Runner {
    /// Says whether it takes nothing, as far as is known at a time.
    pub fn away(&self, now: Timestamp) -> Option<Away> {
        let silent = now.since(self.seen);
        if silent > ASLEEP_AFTER {
            // In steps, so that cards do not change every minute.
            let mut steps = ASLEEP_STEPS.iter().rev().copied();
            let minutes = steps.find(|step| step * 60_000 <= silent).unwrap_or_default();
            return Some(Away::Asleep { minutes });
        }
        self.draining.then_some(Away::Draining)
    }
}
