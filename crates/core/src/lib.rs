//! What PoCo does, without touching anything.
//!
//! Something happens ([`Event`]), PoCo makes up its mind ([`decide()`]), and what
//! should follow comes back as data ([`Effect`]). There is no clock, no network,
//! no disk, and no `async` in this crate; `poco-io` supplies them.

mod action;
mod card;
mod choices;
mod danger;
mod decide;
mod desk;
mod diff;
mod effect;
mod enclosed;
mod event;
mod id;
pub mod markdown;
mod page;
mod people;
mod plain;
pub mod policy;
mod press;
mod room;
pub mod setup;
mod transcript;
mod view;
pub mod words;

pub use action::Action;
pub use card::{Block, Button, Card, Choice, Field, Form, Look, Tone, Typing};
pub use choices::{Choices, Model, Offers};
pub use danger::{Danger, Nature};
pub use decide::decide;
pub(crate) use desk::CONFIRMATION;
pub use desk::{
    ANSWERED_MAX, Answered, Archive, BROKEN_MAX, Desk, HISTORY_MAX, Moment, PROMPT_BYTES_MAX,
    Pending, Phase, Settings, TOPICS_MAX, Talk, Task, WAITING_MAX,
};
pub use diff::{FileDiff, Folded, fold};
pub use effect::{CardKey, Command, Effect, Entry, Part, What};
pub use enclosed::{
    Attachment, Brought, Changes, Enclosed, FILES_MAX, HELD_MAX, HOLD_FOR, Held, Media, Missing,
    OFFERED_MAX, PICTURE, QUOTES_MAX, Quote,
};
pub use event::{
    Approval, Ask, Event, Fact, Outcome, Pages, Question, Report, Topic, Verdict, Via,
};
pub use id::{
    ApprovalId, CardRef, ChatId, EventId, MessageRef, PagesId, RunnerId, TaskId, ThreadId,
    Timestamp, TopicId, TurnId, UserId, hash,
};
pub use page::{PAGE_BYTES, PAGE_TABLES, json_bytes, paginate, shorten};
pub use people::{Named, PEOPLE_MAX, People, Person, Role, Rules};
pub use plain::{code, plain_line, prose, seen, seen_line, unturned};
pub use policy::admit;
pub use press::Press;
pub use room::{
    ASLEEP_AFTER, Away, Heir, House, Kind, Listing, Lobby, Making, NAME_CHARS_MAX, Offer,
    PROJECTS_MAX, Pairing, Project, Room, Runner, Terms,
};
pub use transcript::{STEPS_MAX, Step, Transcript};
pub use view::{changes, escape, fenced, live, recalled};
pub use words::{Lang, Text};
