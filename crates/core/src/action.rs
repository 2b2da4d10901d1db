//! What a person can ask for. A card button and a text command are two
//! spellings of the same [`Action`].

use crate::people::{Named, Role};
use crate::setup::{Dir, Session, Shelf, Tune};
use crate::words::{command as words, file as file_words};
use crate::{ApprovalId, ChatId, Danger, Enclosed, EventId, Lang, TaskId, Text, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Plain text: a prompt in a project, a greeting in a lobby.
    Say { text: String },
    /// Give the agent a prompt.
    Run { prompt: String },
    /// Like [`Action::Say`] or, if `run`, like [`Action::Run`], with what came along. Without text
    /// it waits for the person's next words.
    Attach { text: String, run: bool, enclosed: Enclosed },
    /// Leave files alone that wait for words.
    Drop { held: EventId },
    /// Show where things stand, or how one task stands.
    Status { task: Option<TaskId> },
    /// Let the agent, or a task that waits for its `confirm:`, go on.
    Approve { what: String, session: bool },
    /// Do not let it.
    Deny { what: String, why: Option<String> },
    /// Tell the agent what it asked, by question id.
    Answer { approval: ApprovalId, answers: BTreeMap<String, String> },
    /// Stop a task; the current one if none is named.
    Stop { task: Option<TaskId> },
    /// Add text to the running turn.
    Steer { text: String },
    /// Add a waiting prompt to the running turn.
    Merge { task: TaskId },
    /// List what waits.
    Queue,
    /// Start a fresh conversation with the next prompt.
    New,
    /// List the commands.
    Help,
    /// Turn to a page of a task's answer.
    Page { task: TaskId, page: usize },
    /// Turn to a page of what the agent asks leave for.
    AskPage { approval: ApprovalId, page: usize },
    /// Go on with a task that was cut off.
    Resume { task: TaskId },
    /// Run a task that was cut off once more, from its prompt.
    Again { task: TaskId },
    /// Run a task that did not begin without what could not be had.
    Without { task: TaskId },
    /// Show what a task changed, a page at a time; the last one that did if none is named.
    Changes { task: Option<TaskId>, page: usize },
    /// Send a file of the project into the chat.
    Deliver { path: String },
    /// Leave a task that was cut off as it is.
    Discard { task: TaskId },
    /// Tell whoever looks whether presses arrive that this one did.
    Tap,
    /// Show the home card.
    Home,
    /// Show the form for a new project.
    NewProject,
    /// Make a project.
    Create { name: String, agent: String, workdir: String, runner: String },
    /// List the projects, a page at a time.
    Manage { page: usize },
    /// Delete a project.
    Delete { project: ChatId },
    /// Show the workspace card.
    Workspace,
    /// Show which machine the project is on, and the others.
    Machines,
    /// Have the project run on another machine.
    Move { runner: String },
    /// Choose where the project works.
    Dir(Dir),
    /// Choose its agent, and how that is run.
    Tune(Tune),
    /// Choose the conversation that comes next.
    Session(Session),
    /// See to a project among others.
    Shelf(Shelf),
    /// Show a form for a prompt.
    Compose,
    /// Have a waiting task be next.
    Hasten { task: TaskId },
    /// Put a card away that was opened to choose something.
    Close {
        /// What it waits for, if it does.
        looking: Option<EventId>,
    },
    /// Show the people of a project: this one, or one that is named. With a page they are shown
    /// where they were, else on a card of their own.
    People { project: Option<ChatId>, page: Option<usize> },
    /// Let people into the project, or change what they are in it.
    Invite { people: Vec<Named>, role: Role },
    /// Let people into it no more.
    Remove { people: Vec<Named> },
    /// Show who answers what the agent asks.
    Rules,
    /// Set who answers what the agent asks.
    SetRules { members_approve: bool, two: BTreeSet<Danger> },
    /// Make somebody else the owner of all: first asked, then sure.
    HandOver { to: Named, sure: bool },
    /// Become the owner, as the owner offered.
    Accept,
    /// Speak this language in this chat; the other one if none is named.
    Speak { lang: Option<Lang> },
    /// Make something of what PoCo cannot read; `what` is what people call it.
    Unsupported { what: Text },
    /// Something unknown, in the words it came in.
    Unknown { what: String },
}

struct Spelling {
    word: &'static str,
    usage: fn() -> Text,
    help: fn() -> Text,
    /// Reads what follows the word, trimmed; `None` if it does not fit.
    read: fn(&str) -> Option<Action>,
}

/// Commands with which people are meant: their mentions are read with their ids.
const ABOUT_PEOPLE: [&str; 3] = ["/invite", "/remove", "/owner"];

/// The command that is of use only where there are several machines.
const MOVE: &str = "move";

/// Every text command. `/help` is written from this table.
const SPELLINGS: &[Spelling] = &[
    Spelling {
        word: "run",
        usage: words::run_usage,
        help: words::run,
        read: |rest| some(rest).map(|prompt| Action::Run { prompt }),
    },
    Spelling {
        word: "status",
        usage: words::status_usage,
        help: words::status,
        read: |rest| Some(Action::Status { task: some(rest).map(TaskId::new) }),
    },
    Spelling {
        word: "approve",
        usage: words::approve_usage,
        help: words::approve,
        read: |rest| some(rest).map(|what| Action::Approve { what, session: false }),
    },
    Spelling {
        word: "reject",
        usage: words::reject_usage,
        help: words::reject,
        read: |rest| {
            let (what, why) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            some(what).map(|what| Action::Deny { what, why: some(why) })
        },
    },
    Spelling {
        word: "stop",
        usage: words::stop_usage,
        help: words::stop,
        read: |rest| Some(Action::Stop { task: some(rest).map(TaskId::new) }),
    },
    Spelling {
        word: "steer",
        usage: words::steer_usage,
        help: words::steer,
        read: |rest| some(rest).map(|text| Action::Steer { text }),
    },
    Spelling {
        word: "queue",
        usage: words::queue_usage,
        help: words::queue,
        read: |rest| rest.is_empty().then_some(Action::Queue),
    },
    Spelling {
        word: "new",
        usage: words::new_usage,
        help: words::new,
        read: |rest| rest.is_empty().then_some(Action::New),
    },
    Spelling {
        word: "diff",
        usage: words::diff_usage,
        help: words::diff,
        read: |rest| Some(Action::Changes { task: some(rest).map(TaskId::new), page: 0 }),
    },
    Spelling {
        word: "send",
        usage: words::send_usage,
        help: words::send,
        read: |rest| some(rest).map(|path| Action::Deliver { path }),
    },
    Spelling {
        word: MOVE,
        usage: words::move_usage,
        help: words::relocate,
        read: |rest| Some(some(rest).map_or(Action::Machines, |runner| Action::Move { runner })),
    },
    Spelling {
        word: "people",
        usage: words::people_usage,
        help: words::people,
        read: |rest| rest.is_empty().then_some(Action::People { project: None, page: None }),
    },
    Spelling {
        word: "invite",
        usage: words::invite_usage,
        help: words::invite,
        read: |rest| {
            let (people, rest) = people(rest)?;
            let role = if rest.is_empty() { Some(Role::Member) } else { Role::read(&rest) };
            role.map(|role| Action::Invite { people, role })
        },
    },
    Spelling {
        word: "remove",
        usage: words::remove_usage,
        help: words::remove,
        read: |rest| {
            let (people, rest) = people(rest)?;
            rest.is_empty().then_some(Action::Remove { people })
        },
    },
    Spelling {
        word: "rules",
        usage: words::rules_usage,
        help: words::rules,
        read: |rest| rest.is_empty().then_some(Action::Rules),
    },
    Spelling {
        word: "owner",
        usage: words::owner_usage,
        help: words::owner,
        read: |rest| {
            let (mut people, rest) = people(rest)?;
            let to = people.pop().filter(|_| people.is_empty() && rest.is_empty());
            to.map(|to| Action::HandOver { to, sure: false })
        },
    },
    Spelling {
        word: "accept",
        usage: words::accept_usage,
        help: words::accept,
        read: |rest| rest.is_empty().then_some(Action::Accept),
    },
    Spelling {
        word: "lang",
        usage: words::lang_usage,
        help: words::lang,
        read: |rest| match some(rest) {
            None => Some(Action::Speak { lang: None }),
            Some(name) => Lang::read(&name).map(|lang| Action::Speak { lang: Some(lang) }),
        },
    },
    Spelling {
        word: "help",
        usage: words::help_usage,
        help: words::help,
        read: |rest| rest.is_empty().then_some(Action::Help),
    },
];

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads mentions as [`Action::mention`] writes them, and returns what else there is.
fn people(text: &str) -> Option<(Vec<Named>, String)> {
    let (mut people, mut others, mut rest) = (vec![], vec![], text);
    while let Some((before, after)) = rest.split_once('@') {
        let (name, after) = after.split_once('<')?;
        let (id, after) = after.split_once('>')?;
        let named = Named::new(id, name);
        // They all fit into a project; one that is named twice is meant once.
        if !named.id.is_plausible() || people.len() == crate::PEOPLE_MAX {
            return None;
        }
        others.extend(before.split_whitespace());
        if !people.contains(&named) {
            people.push(named);
        }
        rest = after;
    }
    others.extend(rest.split_whitespace());
    Some((people, others.join(" ")))
}

impl Action {
    /// Says whether a message is a command with which people are meant, so that it must be parsed
    /// with each mention written by [`Action::mention`].
    pub fn is_about_people(text: &str) -> bool {
        let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        ABOUT_PEOPLE.contains(&word.as_str())
    }

    /// Writes a mention with the person's id.
    pub fn mention(id: &UserId, name: &str) -> String {
        let plain = |c: &char| !matches!(c, '<' | '>' | '@');
        format!("@{}<{id}>", name.chars().filter(plain).collect::<String>())
    }

    /// Reads a chat message. What does not start with a command's word is said as it is.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let Some(command) = text.strip_prefix('/') else {
            return Self::Say { text: text.to_owned() };
        };
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphabetic()) {
            // A path, say: people begin prompts with those.
            return Self::Say { text: text.to_owned() };
        }
        SPELLINGS
            .iter()
            .find(|spelling| spelling.word == word.to_ascii_lowercase())
            .and_then(|spelling| (spelling.read)(rest.trim()))
            .unwrap_or_else(|| Self::Unknown { what: format!("/{word}") })
    }

    /// Reads a chat message that brings something along. A command that quotes a message is just
    /// that command; files go with prompts only.
    pub fn parse_with(text: &str, enclosed: Enclosed) -> Self {
        if enclosed.is_empty() {
            return Self::parse(text);
        }
        let command = Self::parse(text);
        if let Self::Say { text } = command {
            return Self::Attach { text, run: false, enclosed };
        }
        if let Self::Run { prompt: text } = command {
            return Self::Attach { text, run: true, enclosed };
        }
        if enclosed.files.is_empty() {
            return command;
        }
        Self::Unsupported { what: file_words::with_a_command() }
    }

    /// Returns the list of commands, in markdown. Where there is but one machine, nothing moves.
    pub(crate) fn help(machines: usize) -> Text {
        let line = |it: &Spelling| words::usage((it.usage)(), (it.help)());
        let shown = SPELLINGS.iter().filter(|it| it.word != MOVE || machines > 1);
        Text::join(shown.map(line), "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invited(text: &str) -> Option<(Vec<String>, Role)> {
        let action = Action::parse(text);
        if let Action::Invite { people, role } = action {
            let line = |it: &Named| format!("{}={}", it.name, it.id);
            return Some((people.iter().map(line).collect(), role));
        }
        assert!(matches!(action, Action::Unknown { .. }), "{action:?}");
        None
    }

    #[test]
    fn people_are_read_with_their_ids() {
        let bob = Action::mention(&UserId::new("ou_b"), "Bob <the @ Builder>");
        assert_eq!(bob, "@Bob the  Builder<ou_b>");
        let one = |name: &str, id: &str| vec![format!("{name}={id}")];
        assert_eq!(
            invited(&format!("/invite {bob}")),
            Some((one("Bob the  Builder", "ou_b"), Role::Member))
        );
        assert_eq!(invited("/invite viewer @Bo<b>"), Some((one("Bo", "b"), Role::Viewer)));
        let both = vec!["Bo=b".to_owned(), "=c".to_owned()];
        assert_eq!(invited("/INVITE @Bo<b> @<c> @Bo<b> Admin"), Some((both, Role::Admin)));
        assert_eq!(invited("/invite"), Some((vec![], Role::Member)), "the card asks whom");
        for wrong in ["/invite @Bo", "/invite @Bo<b> king", "/invite @Bo<b", "/invite @<>"] {
            assert_eq!(invited(wrong), None, "{wrong}");
        }
        assert!(Action::is_about_people("/Invite x") && Action::is_about_people("/owner"));
        assert!(!Action::is_about_people("/invited") && !Action::is_about_people("say /invite"));
        assert!(matches!(Action::parse("/owner @a<a> @b<b>"), Action::Unknown { .. }));
        assert!(matches!(Action::parse("/owner @a<a>"), Action::HandOver { sure: false, .. }));
    }
}
