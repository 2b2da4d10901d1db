//! What a person can ask for. A card button and a text command are two
//! spellings of the same [`Action`].

use crate::setup::{Dir, Session, Shelf, Tune};
use crate::words::command as words;
use crate::{ApprovalId, ChatId, EventId, Lang, TaskId, Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Plain text: a prompt in a project, a greeting in a lobby.
    Say { text: String },
    /// Give the agent a prompt.
    Run { prompt: String },
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
    /// Leave a task that was cut off as it is.
    Discard { task: TaskId },
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
        word: MOVE,
        usage: words::move_usage,
        help: words::relocate,
        read: |rest| Some(some(rest).map_or(Action::Machines, |runner| Action::Move { runner })),
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

impl Action {
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

    /// Returns the list of commands, in markdown. Where there is but one machine, nothing moves.
    pub(crate) fn help(machines: usize) -> Text {
        let line = |it: &Spelling| words::usage((it.usage)(), (it.help)());
        let shown = SPELLINGS.iter().filter(|it| it.word != MOVE || machines > 1);
        Text::join(shown.map(line), "\n")
    }
}
