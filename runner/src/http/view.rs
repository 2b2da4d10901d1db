//! What the Python PoCo called an instruction: which view, where, in whose place, and its data.

use poco_core::{
    Block, Card, ChatId, Desk, Kind, Lang, Listing, Phase, Project, Room, Terms, Text, UserId,
};
use poco_io::chats::Chats;
use poco_io::feishu::render::render;
use serde_json::{Value, json};

/// Where a request led to.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) room: Room,
    pub(super) card: Option<Card>,
    /// Who is looking, if somebody said.
    pub(super) by: Option<UserId>,
    /// The task it is about.
    pub(super) task: Option<Value>,
    /// The page of its answer, from 0.
    pub(super) page: usize,
    /// What to tell beside the card.
    pub(super) news: Option<Text>,
    /// Why it was not done.
    pub(super) refusal: Option<Text>,
}

impl View {
    pub(super) fn refused(refusal: Text) -> Self {
        Self { refusal: Some(refusal), ..Self::default() }
    }

    pub(super) fn card_json(&self) -> Option<Value> {
        self.card.as_ref().map(render)
    }

    pub(super) fn instruction(&self, surface: &str, terms: &Terms) -> Value {
        let lang = self.room.lang(terms);
        let template = self.card.as_ref().and_then(template);
        let (target, mode) = match self.card {
            Some(_) => ("current_card", "replace_current"),
            None => ("ack", "ack_only"),
        };
        json!({
            "surface": surface,
            "render_target": target,
            "template_key": template,
            "template_data": template.map_or_else(|| json!({}), |it| self.data(it, terms)),
            "refresh_mode": mode,
            "message": self.refusal.as_ref().or(self.news.as_ref()).map_or("", |text| text.of(lang)),
        })
    }

    fn data(&self, template: &str, terms: &Terms) -> Value {
        let Room { kind, desk, .. } = &self.room;
        match (template, kind) {
            ("project_home", Kind::Lobby(lobby)) => {
                json!({ "project_count": lobby.projects.len(), "actor_id": self.by })
            }
            ("project_create", _) => json!({
                "actor_id": self.by,
                "default_backend": terms.settings.agent,
                "backend_options": terms.agents.iter()
                    .map(|agent| json!({ "label": agent, "value": agent }))
                    .collect::<Vec<_>>(),
            }),
            ("project_manage", Kind::Lobby(lobby)) => {
                json!({ "projects": lobby.projects.iter().map(listing).collect::<Vec<_>>() })
            }
            ("workspace_overview", Kind::Project(it)) => workspace(it, desk),
            ("task_status", _) => self.task_status(),
            (_, Kind::Fresh | Kind::Lobby(_) | Kind::Project(_) | Kind::Gone | Kind::House(_)) => {
                json!({})
            }
        }
    }

    fn task_status(&self) -> Value {
        let desk = &self.room.desk;
        let id = self.task.as_ref().and_then(|task| task["id"].as_str());
        let place = desk.waiting.iter().position(|task| Some(task.id.as_str()) == id);
        json!({
            "task": self.task,
            "result_page": self.page + 1,
            "queue_position": place.map(|at| at + 1),
            "blocking_task_id": place.and(desk.current.as_ref().map(|task| &task.id)),
        })
    }
}

/// The Python PoCo's name of a view, told by the card's title.
fn template(card: &Card) -> Option<&'static str> {
    let title = card.title.of(Lang::En);
    let title = title.strip_prefix('[').and_then(|it| it.split_once("] ")).map_or(title, |it| it.1);
    let known = [
        ("PoCo Projects", "project_home"),
        ("New Project", "project_create"),
        ("Manage Projects", "project_manage"),
        ("Workspace: ", "workspace_overview"),
        ("Task: ", "task_status"),
    ];
    known.iter().find(|(start, _)| title.starts_with(start)).map(|(_, template)| *template)
}

/// What is wrong with a form that was filled in; a form that was not has no text before it.
pub(super) fn mistake(card: &Card) -> Option<Text> {
    let [Block::Text(text), Block::Form(_)] = card.blocks.as_slice() else { return None };
    Some(text.clone().map(|text| text.trim_matches('*').replace('\\', "")))
}

fn listing(project: &Listing) -> Value {
    let Listing { chat, name, agent, workdir, leaving, archived } = project;
    json!({
        "id": chat,
        "name": name,
        "backend": agent,
        "workdir": workdir,
        "group_chat_id": group(chat),
        "archived": *leaving || *archived,
    })
}

/// A chat on the platform; those of this machine are none.
fn group(chat: &ChatId) -> Option<&ChatId> {
    (!Chats::is_local(chat)).then_some(chat)
}

fn workspace(project: &Project, desk: &Desk) -> Value {
    let settings = &project.settings;
    let current = desk.current.as_ref();
    json!({
        "project": { "name": project.name, "created_by": project.by, "backend": settings.agent },
        "active_session_id": desk.thread,
        "latest_task_id": current.map(|task| &task.id),
        "latest_task_status": current.map(|task| super::task_json::status(task, None)),
        "current_agent": settings.agent,
        "current_model": settings.model,
        "stop_enabled": current.is_some_and(|task| task.phase != Phase::Stopping),
        "pending_approvals": current.map_or(0, |task| task.pending.len()),
        "current_workdir": settings.workdir,
        "workdir_source": "default",
        "queue_count": desk.waiting.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::Tone;

    #[test]
    fn a_view_is_known_by_its_title_whatever_names_are_in_it() {
        let key = |title: &str| template(&Card::new(Tone::Plain, Text::verbatim(title)));
        assert_eq!(key("[Idle] Workspace: Task: x (stub, /w)"), Some("workspace_overview"));
        assert_eq!(key("[Complete] Task: 1 (stub, /w) [1/2]"), Some("task_status"));
        assert_eq!(key("PoCo Projects"), Some("project_home"));
        assert_eq!(key("PoCo"), None);
    }
}
