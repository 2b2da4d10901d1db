//! How an [`Action`] is written into a button and read back: the names the Python PoCo used, so
//! that old cards in chats keep working.

mod setup;

use crate::danger::{kinds, words};
use crate::people::{Named, Role};
use crate::{Action, ApprovalId, ChatId, EventId, Lang, TaskId, UserId};
use std::collections::BTreeMap;

/// What a button carries, and what comes back with a press, by field name. The fields of a form
/// come back beside those of the button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Press(pub BTreeMap<String, String>);

/// Names the action; the other fields are its details.
const INTENT: &str = "intent_key";

impl Press {
    /// Writes an action. Fields that a form supplies are left out when they are empty.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Tap => Self::intent("doctor.tap"),
            Action::Home => Self::intent("project.home"),
            Action::NewProject => Self::intent("project.new"),
            Action::Manage { page: 0 } => Self::intent("project.manage"),
            Action::Manage { page } => {
                Self::intent("project.manage").with("page", &page.to_string())
            }
            Action::Create { name, agent, workdir, runner } => Self::intent("project.create")
                .with("name", name)
                .with("backend", agent)
                .with("workdir", workdir)
                .with("runner", runner),
            Action::Delete { project } => {
                Self::intent("project.delete").with("project_id", project.as_str())
            }
            Action::Workspace => Self::intent("workspace.open"),
            Action::Machines => Self::intent("workspace.choose_runner"),
            Action::Move { runner } => {
                Self::intent("workspace.apply_runner").with("runner", runner)
            }
            Action::Say { text } | Action::Run { prompt: text } => {
                Self::intent("task.submit").with("prompt", text)
            }
            Action::Attach { text, .. } => Self::intent("task.submit").with("prompt", text),
            Action::Drop { held } => Self::intent("task.drop_files").with("held", held.as_str()),
            Action::Without { task } => Self::intent("task.without").task(Some(task)),
            Action::Changes { task, page } => {
                Self::intent("task.changes").task(task.as_ref()).with("page", &page.to_string())
            }
            Action::Deliver { path } => Self::intent("project.send_file").with("path", path),
            Action::Status { task } => Self::intent("task.status").task(task.as_ref()),
            Action::Stop { task } => Self::intent("task.stop").task(task.as_ref()),
            Action::Page { task, page } => {
                Self::intent("task.open").task(Some(task)).with("page", &page.to_string())
            }
            Action::Resume { task } => Self::intent("task.continue").task(Some(task)),
            Action::Again { task } => Self::intent("task.again").task(Some(task)),
            Action::Discard { task } => Self::intent("task.discard").task(Some(task)),
            Action::Merge { task } => Self::intent("task.steer_queue").task(Some(task)),
            Action::Steer { text } => Self::intent("task.steer").with("steer_prompt", text),
            Action::Approve { what, session: false } => {
                Self::intent("task.approve").with("task_id", what)
            }
            Action::Approve { what, session: true } => {
                Self::intent("task.approve_session").with("task_id", what)
            }
            Action::Deny { what, why } => Self::intent("task.reject")
                .with("task_id", what)
                .with("why", why.as_deref().unwrap_or_default()),
            Action::Answer { approval, answers } => answers
                .iter()
                .fold(Self::intent("task.answer"), |press, (id, answer)| {
                    press.with(&format!("{ANSWER}{id}"), answer)
                })
                .with("approval_id", approval.as_str()),
            Action::AskPage { approval, page } => Self::intent("task.ask_page")
                .with("approval_id", approval.as_str())
                .with("page", &page.to_string()),
            Action::Dir(dir) => Self::of_dir(dir),
            Action::Tune(tune) => Self::of_tune(tune),
            Action::Session(session) => Self::of_session(session),
            Action::Shelf(shelf) => Self::of_shelf(shelf),
            Action::Compose => Self::intent("task.open_composer"),
            Action::Hasten { task } => Self::intent("task.hasten").task(Some(task)),
            Action::Close { looking } => {
                let looking = looking.as_ref().map(EventId::as_str).unwrap_or_default();
                Self::intent("workspace.close").with("looking", looking)
            }
            Action::People { project, page } => Self::intent("people.open")
                .with("project_id", project.as_ref().map(ChatId::as_str).unwrap_or_default())
                .with("page", &page.map(|page| page.to_string()).unwrap_or_default()),
            Action::Invite { people, role } => {
                Self::intent("people.invite").person(people.first()).with("role", role.word())
            }
            Action::Remove { people } => Self::intent("people.remove").person(people.first()),
            Action::Rules => Self::intent("people.rules"),
            Action::SetRules { members_approve, two } => Self::intent("people.set_rules")
                .with("approvers", if *members_approve { MEMBERS } else { SENDER })
                .with("two", &if two.is_empty() { "none".to_owned() } else { words(two) }),
            Action::HandOver { to, sure } => Self::intent("people.hand_over")
                .person(Some(to))
                .with("sure", if *sure { "yes" } else { "" }),
            Action::Accept => Self::intent("people.accept"),
            Action::Queue => Self::intent("task.queue"),
            Action::New => Self::intent("task.new_conversation"),
            Action::Help => Self::intent("help"),
            Action::Speak { lang } => Self::intent("room.language")
                .with("lang", lang.map(Lang::as_str).unwrap_or_default()),
            Action::Unsupported { what } => Self::intent(what.of(Lang::En)),
            Action::Unknown { what } => Self::intent(what),
        }
    }

    /// Reads an action back. Anybody can forge a press, so nothing in it is trusted: what is
    /// unknown or incomplete becomes [`Action::Unknown`].
    pub fn action(&self) -> Action {
        let intent = self.0.get(INTENT).map(String::as_str).unwrap_or_default();
        self.known(intent).unwrap_or_else(|| Action::Unknown { what: intent.to_owned() })
    }

    fn known(&self, intent: &str) -> Option<Action> {
        let action = match intent {
            "doctor.tap" => Action::Tap,
            "project.home" => Action::Home,
            "project.new" => Action::NewProject,
            "project.manage" | "project.list" => Action::Manage { page: self.page() },
            "project.create" => Action::Create {
                name: self.text("name").or(self.text("input_value")).unwrap_or_default(),
                agent: self.text("backend").unwrap_or_default(),
                workdir: self.text("workdir").unwrap_or_default(),
                runner: self.text("runner").unwrap_or_default(),
            },
            "project.delete" => Action::Delete { project: ChatId::new(self.text("project_id")?) },
            "workspace.open" => Action::Workspace,
            "workspace.choose_runner" => Action::Machines,
            "workspace.apply_runner" => Action::Move { runner: self.text("runner")? },
            "task.submit" => Action::Run {
                prompt: self.text("prompt").or(self.text("input_value")).unwrap_or_default(),
            },
            "task.status" => Action::Status { task: self.text("task_id").map(TaskId::new) },
            "task.stop" => Action::Stop { task: self.text("task_id").map(TaskId::new) },
            "task.open" => Action::Page { task: self.task_id()?, page: self.page() },
            "task.continue" => Action::Resume { task: self.task_id()? },
            "task.again" => Action::Again { task: self.task_id()? },
            "task.drop_files" => Action::Drop { held: EventId::new(self.text("held")?) },
            "task.without" => Action::Without { task: self.task_id()? },
            "task.changes" => {
                let task = self.text("task_id").map(TaskId::new);
                Action::Changes { task, page: self.page() }
            }
            "project.send_file" => Action::Deliver { path: self.text("path")? },
            "task.discard" => Action::Discard { task: self.task_id()? },
            "task.steer_queue" => Action::Merge { task: self.task_id()? },
            "task.steer" => Action::Steer { text: self.text("steer_prompt").unwrap_or_default() },
            "task.approve" => Action::Approve { what: self.text("task_id")?, session: false },
            "task.approve_session" => {
                Action::Approve { what: self.text("task_id")?, session: true }
            }
            "task.reject" => {
                Action::Deny { what: self.text("task_id")?, why: self.prefixed("why") }
            }
            "task.answer" => Action::Answer { approval: self.approval()?, answers: self.answers() },
            "task.ask_page" => Action::AskPage { approval: self.approval()?, page: self.page() },
            "people.open" => Action::People {
                project: self.text("project_id").map(ChatId::new),
                page: self.text("page").map(|page| page.parse().unwrap_or_default()),
            },
            "people.invite" => {
                let people = self.people().into_iter().collect();
                let role = self.text("as").or(self.text("role"))?;
                Action::Invite { people, role: Role::read(&role)? }
            }
            "people.remove" => Action::Remove { people: vec![self.people()?] },
            "people.rules" => Action::Rules,
            "people.set_rules" => {
                // What was chosen counts, and where nothing was it stays as it is.
                let approvers = self.text("who_answers").or(self.text("approvers"))?;
                let members_approve = match approvers.as_str() {
                    MEMBERS => true,
                    SENDER => false,
                    _ => return None,
                };
                let two = self.text("when_two").or(self.text("two"))?;
                Action::SetRules { members_approve, two: kinds(&two)? }
            }
            "people.hand_over" => {
                Action::HandOver { to: self.people()?, sure: self.text("sure").is_some() }
            }
            "people.accept" => Action::Accept,
            "task.queue" => Action::Queue,
            "task.new_conversation" => Action::New,
            "room.language" => {
                Action::Speak { lang: self.text("lang").and_then(|name| Lang::read(&name)) }
            }
            "help" => Action::Help,
            _ => return self.setup(intent),
        };
        Some(action)
    }

    fn intent(intent: &str) -> Self {
        Self(BTreeMap::from([(INTENT.to_owned(), intent.to_owned())]))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    fn task(self, task: Option<&TaskId>) -> Self {
        self.with("task_id", task.map(TaskId::as_str).unwrap_or_default())
    }

    fn person(self, person: Option<&Named>) -> Self {
        let Some(person) = person else { return self };
        self.with("person", person.id.as_str()).with("name", &person.name)
    }

    fn people(&self) -> Option<Named> {
        let name = self.text("name").unwrap_or_default();
        let id = self.text("person").filter(|id| UserId::new(id).is_plausible())?;
        Some(Named::new(&id, &name))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn page(&self) -> usize {
        self.text("page").and_then(|page| page.parse().ok()).unwrap_or_default()
    }

    fn task_id(&self) -> Option<TaskId> {
        self.text("task_id").map(TaskId::new)
    }

    fn approval(&self) -> Option<ApprovalId> {
        self.text("approval_id").map(ApprovalId::new)
    }

    /// A field whose name needs a number behind it, because a card may hold several.
    fn prefixed(&self, prefix: &str) -> Option<String> {
        self.0.keys().filter(|name| name.starts_with(prefix)).find_map(|name| self.text(name))
    }

    fn answers(&self) -> BTreeMap<String, String> {
        let answer = |(name, text): (&String, &String)| {
            Some((name.strip_prefix(ANSWER)?.to_owned(), text.trim().to_owned()))
        };
        self.0.iter().filter_map(answer).collect()
    }
}

/// Who answers what an agent asks, in a form.
pub(crate) const MEMBERS: &str = "members";
pub(crate) const SENDER: &str = "sender";

/// Begins the names of fields that answer a question; the rest says which.
const ANSWER: &str = "answer_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Danger;
    use crate::ThreadId;
    use crate::setup::{Dir, FolderQuery, Session, Shelf, Tune, Tuning};

    #[test]
    fn every_action_of_a_button_reads_back() {
        let task = TaskId::new("t");
        let actions = [
            Action::Home,
            Action::NewProject,
            Action::Manage { page: 0 },
            Action::Manage { page: 2 },
            Action::Create {
                name: "a".into(),
                agent: "codex".into(),
                workdir: "~".into(),
                runner: "laptop".into(),
            },
            Action::Machines,
            Action::Move { runner: "laptop".into() },
            Action::Delete { project: ChatId::new("c") },
            Action::Workspace,
            Action::Run { prompt: "p".into() },
            Action::Status { task: Some(task.clone()) },
            Action::Stop { task: None },
            Action::Stop { task: Some(task.clone()) },
            Action::Page { task: task.clone(), page: 3 },
            Action::Resume { task: task.clone() },
            Action::Again { task: task.clone() },
            Action::Discard { task: task.clone() },
            Action::Without { task: task.clone() },
            Action::Changes { task: Some(task.clone()), page: 2 },
            Action::Changes { task: None, page: 0 },
            Action::Deliver { path: "a/b c.png".into() },
            Action::Drop { held: EventId::new("om_1") },
            Action::Merge { task },
            Action::Steer { text: "s".into() },
            Action::Approve { what: "t.1".into(), session: false },
            Action::Approve { what: "t.1".into(), session: true },
            Action::Deny { what: "t.1".into(), why: Some("no".into()) },
            Action::Answer {
                approval: ApprovalId::new("a"),
                answers: BTreeMap::from([("0".into(), "yes".into())]),
            },
            Action::AskPage { approval: ApprovalId::new("a"), page: 1 },
            Action::Compose,
            Action::Close { looking: None },
            Action::Close { looking: Some(EventId::new("e")) },
            Action::Hasten { task: TaskId::new("t") },
            Action::Queue,
            Action::New,
            Action::Help,
            Action::People { project: None, page: None },
            Action::People { project: Some(ChatId::new("c")), page: Some(2) },
            Action::Invite { people: vec![Named::new("ou_b", "Bob")], role: Role::Admin },
            Action::Remove { people: vec![Named::new("ou_b", "")] },
            Action::Rules,
            Action::SetRules { members_approve: true, two: Default::default() },
            Action::SetRules { members_approve: false, two: Danger::ALL.into() },
            Action::HandOver { to: Named::new("ou_b", "Bob"), sure: false },
            Action::HandOver { to: Named::new("ou_b", "Bob"), sure: true },
            Action::Accept,
            Action::Speak { lang: Some(Lang::Zh) },
            Action::Speak { lang: None },
        ];
        for action in actions {
            assert_eq!(Press::of(&action).action(), action);
        }
    }

    #[test]
    fn every_action_that_sets_up_reads_back() {
        let path = || "/srv/x".to_owned();
        let query = FolderQuery { path: path(), page: 2, filter: "f".into(), hidden: true };
        let dirs = [
            Dir::Browse(query),
            Dir::Browse(FolderQuery::default()),
            Dir::Type { path: path() },
            Dir::Apply { path: path() },
            Dir::UseDefault,
            Dir::Presets,
            Dir::ApplyPreset { path: path() },
            Dir::Recent,
            Dir::Default,
            Dir::SetDefault { path: path() },
            Dir::ManagePresets,
            Dir::AddPreset { path: path() },
            Dir::RemovePreset { path: path() },
        ];
        let some = |text: &str| Some(text.to_owned());
        let tuning = Tuning {
            agent: some("codex"),
            model: some("m"),
            effort: some("low"),
            sandbox: some("read-only"),
            approval_policy: some("never"),
            mode: some("plan"),
        };
        let tunes = [Tune::Choose { agent: None }, Tune::Apply(tuning)];
        let thread = || ThreadId::new("th");
        let sessions = [
            Session::Choose,
            Session::Enter,
            Session::Fresh,
            Session::Apply { thread: thread(), fork: false },
            Session::Apply { thread: thread(), fork: true },
        ];
        let project = || Some(ChatId::new("c"));
        let shelves = [
            Shelf::Open { project: project() },
            Shelf::Rename { project: project(), name: "n".into() },
            Shelf::Archive { project: None, archived: true },
            Shelf::Archive { project: project(), archived: false },
            Shelf::Repo,
            Shelf::Bind,
        ];
        let actions = dirs.map(Action::Dir).into_iter().chain(tunes.map(Action::Tune));
        let actions =
            actions.chain(sessions.map(Action::Session)).chain(shelves.map(Action::Shelf));
        for action in actions {
            assert_eq!(Press::of(&action).action(), action);
        }
    }

    #[test]
    fn a_form_supplies_what_the_button_lacks() {
        let mut press = Press::of(&Action::Deny { what: "t.2".into(), why: None });
        press.0.insert("why_2".into(), " too risky ".into());
        let why = Some("too risky".to_owned());
        assert_eq!(press.action(), Action::Deny { what: "t.2".into(), why });
    }

    #[test]
    fn what_is_forged_is_unknown() {
        let forged = ["", "task.open", "task.stop_all", "project.delete", "people.remove"];
        for intent in forged.into_iter().chain(["people.invite", "people.set_rules"]) {
            let press = Press(BTreeMap::from([(INTENT.into(), intent.into())]));
            assert_eq!(press.action(), Action::Unknown { what: intent.into() });
        }
    }
}
