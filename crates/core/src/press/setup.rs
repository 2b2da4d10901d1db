//! What people set up in a project, as buttons carry it.

use super::Press;
use crate::setup::{Dir, FolderQuery, Session, Shelf, Tune, Tuning};
use crate::{Action, ChatId, EventId, TaskId, ThreadId};

/// Folders may be named by a list, by a field, or by the button itself.
const OPENED: &str = "open_path";

impl Press {
    pub(super) fn of_dir(dir: &Dir) -> Self {
        match dir {
            Dir::Browse(query) => Self::intent("workspace.enter_path")
                .with("browse_path", &query.path)
                .with("page", &page(query.page))
                .with("filter", &query.filter)
                .with("hidden", if query.hidden { "yes" } else { "" }),
            Dir::Type { path } => {
                Self::intent("workspace.enter_path_manual").with("browse_path", path)
            }
            Dir::Apply { path } => {
                Self::intent("workspace.apply_entered_path").with("workdir", path)
            }
            Dir::UseDefault => Self::intent("workspace.use_default_dir"),
            Dir::Presets => Self::intent("workspace.choose_preset"),
            Dir::ApplyPreset { path } => {
                Self::intent("workspace.apply_preset_dir").with("workdir", path)
            }
            Dir::Recent => Self::intent("workspace.use_recent_dir"),
            Dir::Default => Self::intent("project.configure_default_dir"),
            Dir::SetDefault { path } => {
                Self::intent("project.set_default_dir").with("workdir", path)
            }
            Dir::ManagePresets => Self::intent("project.manage_dir_presets"),
            Dir::AddPreset { path } => Self::intent("project.add_dir_preset").with("workdir", path),
            Dir::RemovePreset { path } => {
                Self::intent("project.remove_dir_preset").with("workdir", path)
            }
        }
    }

    pub(super) fn of_tune(tune: &Tune) -> Self {
        let or = |it: &Option<String>| it.clone().unwrap_or_default();
        match tune {
            Tune::Choose { agent } => {
                Self::intent("workspace.choose_agent").with("backend", &or(agent))
            }
            Tune::Apply(it) => Self::intent("workspace.apply_agent")
                .with("backend", &or(&it.agent))
                .with("model", &or(&it.model))
                .with("reasoning_effort", &or(&it.effort))
                .with("sandbox", &or(&it.sandbox))
                .with("approval_policy", &or(&it.approval_policy))
                .with("permission_mode", &or(&it.mode)),
        }
    }

    pub(super) fn of_session(session: &Session) -> Self {
        match session {
            Session::Choose => Self::intent("workspace.choose_session"),
            Session::Apply { thread, fork: false } => {
                Self::intent("workspace.apply_session").with("backend_session_id", thread.as_str())
            }
            Session::Apply { thread, fork: true } => {
                Self::intent("workspace.fork_session").with("backend_session_id", thread.as_str())
            }
            Session::Enter => Self::intent("workspace.enter_session_id"),
            Session::Fresh => Self::intent("workspace.clear_session"),
        }
    }

    pub(super) fn of_shelf(shelf: &Shelf) -> Self {
        match shelf {
            Shelf::Open { project } => Self::intent("project.open").project(project.as_ref()),
            Shelf::Rename { project, name } => {
                Self::intent("project.rename").project(project.as_ref()).with("name", name)
            }
            Shelf::Archive { project, archived: true } => {
                Self::intent("project.archive").project(project.as_ref())
            }
            Shelf::Archive { project, archived: false } => {
                Self::intent("project.restore").project(project.as_ref())
            }
            Shelf::Repo => Self::intent("project.configure_repo"),
            Shelf::Bind => Self::intent("project.bind_group"),
        }
    }

    /// Reads what people set up; the old names are those of the Python PoCo's cards.
    pub(super) fn setup(&self, intent: &str) -> Option<Action> {
        let typed = || self.text("workdir").or(self.text("input_value"));
        let thread = || self.text("backend_session_id").or(self.text("input_value"));
        let action = match intent {
            "workspace.enter_path" => Action::Dir(Dir::Browse(self.query())),
            "workspace.enter_path_manual" => {
                Action::Dir(Dir::Type { path: self.text("browse_path").unwrap_or_default() })
            }
            "workspace.apply_entered_path" => {
                let browsed = self.text("mode").is_some_and(|mode| mode == "browse");
                let path = if browsed { self.text("browse_path") } else { typed() };
                Action::Dir(Dir::Apply { path: path.unwrap_or_default() })
            }
            "workspace.use_default_dir" => Action::Dir(Dir::UseDefault),
            "workspace.choose_preset" => Action::Dir(Dir::Presets),
            "workspace.apply_preset_dir" => Action::Dir(Dir::ApplyPreset { path: typed()? }),
            "workspace.use_recent_dir" => Action::Dir(Dir::Recent),
            "project.configure_default_dir" => Action::Dir(Dir::Default),
            "project.set_default_dir" => {
                Action::Dir(Dir::SetDefault { path: typed().unwrap_or_default() })
            }
            "project.manage_dir_presets" => Action::Dir(Dir::ManagePresets),
            "project.add_dir_preset" => {
                Action::Dir(Dir::AddPreset { path: typed().unwrap_or_default() })
            }
            "project.remove_dir_preset" => Action::Dir(Dir::RemovePreset { path: typed()? }),
            "workspace.choose_agent" | "workspace.choose_model" | "project.configure_agent" => {
                Action::Tune(Tune::Choose { agent: self.text("backend") })
            }
            "workspace.apply_agent" | "workspace.apply_model" => {
                Action::Tune(Tune::Apply(self.tuning()))
            }
            "workspace.choose_session" => Action::Session(Session::Choose),
            "workspace.apply_session" | "workspace.apply_entered_session_id" => {
                let thread = ThreadId::new(thread().unwrap_or_default());
                Action::Session(Session::Apply { thread, fork: false })
            }
            "workspace.fork_session" => {
                let thread = ThreadId::new(thread()?);
                Action::Session(Session::Apply { thread, fork: true })
            }
            "workspace.enter_session_id" => Action::Session(Session::Enter),
            "workspace.clear_session" => Action::Session(Session::Fresh),
            "project.open" => Action::Shelf(Shelf::Open { project: self.project_id() }),
            "project.rename" => Action::Shelf(Shelf::Rename {
                project: self.project_id(),
                name: self.text("name").or(self.text("input_value")).unwrap_or_default(),
            }),
            "project.archive" | "project.restore" => Action::Shelf(Shelf::Archive {
                project: self.project_id(),
                archived: intent == "project.archive",
            }),
            "project.configure_repo" => Action::Shelf(Shelf::Repo),
            "project.bind_group" => Action::Shelf(Shelf::Bind),
            "task.open_composer" => Action::Compose,
            "task.hasten" => Action::Hasten { task: TaskId::new(self.text("task_id")?) },
            "workspace.close" => Action::Close { looking: self.text("looking").map(EventId::new) },
            _ => return None,
        };
        Some(action)
    }

    fn query(&self) -> FolderQuery {
        let base = self.text("browse_path");
        let opened = self.text(OPENED);
        // Another folder begins at its first page, and what was looked for in this one is not there.
        let elsewhere = opened.is_some() && opened != base;
        FolderQuery {
            page: if elsewhere { 0 } else { self.page() },
            filter: if elsewhere { None } else { self.text("filter") }.unwrap_or_default(),
            hidden: self.text("hidden").is_some(),
            path: opened.or(base).unwrap_or_default(),
        }
    }

    fn tuning(&self) -> Tuning {
        let mode = self.text("permission_mode").or(self.text("mode"));
        Tuning {
            agent: self.text("backend"),
            model: self.text("model"),
            effort: self.text("reasoning_effort"),
            sandbox: self.text("sandbox"),
            approval_policy: self.text("approval_policy"),
            mode: mode.or(self.text("approval_mode")),
        }
    }

    fn project(self, project: Option<&ChatId>) -> Self {
        self.with("project_id", project.map(ChatId::as_str).unwrap_or_default())
    }

    fn project_id(&self) -> Option<ChatId> {
        self.text("project_id").map(ChatId::new)
    }
}

fn page(page: usize) -> String {
    if page == 0 { String::new() } else { page.to_string() }
}
