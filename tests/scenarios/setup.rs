//! People set up where a project works, with which agent, and in which conversation.

use insta::assert_snapshot;
use poco_core::setup::{Folder, FolderQuery, Tokens, Usage};
use poco_core::{Action, Choices, Fact, Model, Offers, Outcome, Pages, Press, Report};
use poco_tests::{DIRECT, World, scenario};
use std::collections::BTreeMap;

fn folder(path: &str, names: &[&str]) -> Folder {
    let query = FolderQuery { path: path.to_owned(), ..FolderQuery::default() };
    let names = names.iter().map(|it| (*it).to_owned()).collect();
    Folder { query, parent: Some("/srv".to_owned()), names, pages: 1 }
}

fn offers() -> Offers {
    let model = |id: &str, efforts: &[&str]| Model {
        id: id.to_owned(),
        name: id.to_uppercase(),
        efforts: efforts.iter().map(|it| (*it).to_owned()).collect(),
    };
    let codex = Choices {
        models: vec![model("big", &["low", "high"]), model("small", &["low"])],
        sandboxes: vec!["read-only".into(), "workspace-write".into()],
        approval_policies: vec!["on-request".into(), "never".into()],
        ..Choices::default()
    };
    BTreeMap::from([("codex".to_owned(), codex), ("stub".to_owned(), Choices::default())])
}

async fn done(world: &mut World, answer: &str) {
    world.agent_ends(Outcome::Answered { answer: Pages::one("a", answer) }).await;
}

#[tokio::test]
async fn a_folder_is_found_by_browsing() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Working Dir").await;
        assert_snapshot!(world.sent(), @r#"list /srv/api page 0 filter "" hidden false"#);
        let shown = world.shown();
        assert!(shown.contains("Looking at `/srv/api` on the machine"), "{shown}");
        world.folders_are(folder("/srv/api", &["docs", "src"])).await;
        assert_snapshot!(world.shown(), @"
        Working Dir: api
        Now: `/srv/api`
        Looking at: `/srv/api`
        Open a folder: <>
        Only names with: _
        [Open Selected] [Work here] [Cancel]
        [Show hidden ones] [Enter Path Manually]
        ");
        let fields = [("open_path", "/srv/api/src"), ("filter", "x")];
        world.fill("ann", "Open Selected", &fields).await;
        assert_snapshot!(world.sent(), @r#"list /srv/api/src page 0 filter "" hidden false"#);
        world.folders_are(folder("/srv/api/src", &[])).await;
        world.skim();
        world.press("ann", "Work here").await;
        assert_snapshot!(world.sent(), @"look at /srv/api/src");
        world.skim();
        world.folder_is("/srv/api/src").await;
        let shown = world.shown_with("Working Dir");
        assert!(shown.contains("works in `/srv/api/src` now."), "{shown}");
        assert!(shown.contains("It holds from the next task on."), "{shown}");
        let cards = world.cards();
        assert!(cards.iter().any(|it| it.contains("Workspace: api (codex, /srv/api/src)")));
        world.go(DIRECT).await;
        world.skim();
        world.press("ann", "Manage").await;
        assert!(world.shown().contains("/srv/api/src"), "the list says so too");
    })
    .await;
}

#[tokio::test]
async fn what_the_machine_says_late_changes_nothing() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Working Dir").await;
        let first = world.looking().await;
        world.folders_are(folder("/srv/api", &["src"])).await;
        world.press("ann", "Show hidden ones").await;
        let second = world.looking().await;
        assert_ne!(first, second);
        world.press("ann", "Cancel").await;
        world.press("ann", "Working Dir").await;
        world.skim();
        for request in [first, second] {
            let result = Ok(folder("/old", &[]));
            world.tell(Fact::Browsed { request, result }).await;
        }
        world.assert_silent();
        world.folders_are_bad("“/srv/api” is gone.").await;
        let shown = world.shown();
        assert!(shown.contains("**“/srv/api” is gone.**"), "{shown}");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_path_is_checked_on_the_machine() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Working Dir").await;
        world.folders_are(folder("/srv/api", &["src"])).await;
        world.press("ann", "Enter Path Manually").await;
        world.skim();
        world.fill("ann", "Apply", &[("workdir", "/etc")]).await;
        assert_snapshot!(world.sent(), @"look at /etc");
        world.skim();
        world.folder_is_bad("“/etc” is outside.").await;
        let shown = world.shown();
        assert!(shown.contains("**“/etc” is outside.**"), "{shown}");
        assert!(shown.contains("Path on the machine: /etc_"), "{shown}");
        assert!(world.cards().iter().any(|it| it.contains("(codex, /srv/api)")), "as before");
        world.skim();
        world.fill("ann", "Apply", &[("workdir", &"x".repeat(2_000))]).await;
        assert!(world.toast().contains("too long"));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn folders_are_kept_and_come_back() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Project").await;
        world.press("ann", "Manage Dir Presets").await;
        assert!(world.shown_last().contains("No folders are kept yet."));
        world.fill("ann", "Add Preset", &[("workdir", "~/web")]).await;
        world.folder_is("/srv/web").await;
        assert!(world.shown_last().contains("1. `/srv/web`"));
        world.press("ann", "Working Dir").await;
        world.folders_are(folder("/srv/api", &["src"])).await;
        world.press("ann", "Presets").await;
        world.press("ann", "Use 1").await;
        world.folder_is("/srv/web").await;
        assert!(world.cards().iter().any(|it| it.contains("(codex, /srv/web)")));
        world.press("ann", "Working Dir").await;
        world.folders_are(folder("/srv/web", &[])).await;
        world.press("ann", "Recent").await;
        assert!(world.shown_last().contains("1. `/srv/api`"));
        world.press("ann", "Use 1").await;
        world.folder_is("/srv/api").await;
        assert!(world.cards().iter().any(|it| it.contains("(codex, /srv/api)")));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn only_what_the_agent_offers_can_be_chosen() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Agent").await;
        let shown = world.shown();
        assert!(shown.contains("It is not known yet what codex offers"), "{shown}");
        world.agents_offer(offers());
        world.press("ann", "Look again").await;
        assert_snapshot!(world.shown(), @"
        Config Agent: api
        Now: **codex**, model as the agent is set up, reasoning as the agent is set up
        [stub]
        Choose for **codex**:
        Model: <usual>
        Reasoning effort: <usual>
        What it may touch: <workspace-write>
        When it asks: <on-request>
        [Apply] [Cancel]
        ~ It holds from the next task on. What runs or waits goes on as it was.
        ");
        for (field, value) in [
            ("model", "huge"),
            ("sandbox", "danger-full-access"),
            ("permission_mode", "bypassPermissions"),
            ("approval_policy", "on-failure"),
        ] {
            world.fill("ann", "Apply", &[(field, value)]).await;
            let shown = world.shown();
            assert!(shown.contains("so nothing was changed."), "{field}: {shown}");
        }
        let fields = [("model", "small"), ("reasoning_effort", "high")];
        world.fill("ann", "Apply", &fields).await;
        assert!(world.shown().contains("codex does not offer “high”"), "not for that model");
        let fields = [("model", "big"), ("reasoning_effort", "high"), ("sandbox", "read-only")];
        world.fill("ann", "Apply", &fields).await;
        assert!(world.shown().contains("has **codex** now, model big, reasoning high."));
        world.say("ann", "go").await;
        let settings = world.room().desk.current.unwrap().settings;
        assert_eq!(settings.model.as_deref(), Some("big"));
        assert_eq!((settings.effort.as_deref(), &*settings.sandbox), (Some("high"), "read-only"));
        assert_eq!(settings.approval_policy, "on-request", "what was not given stays");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn another_agent_does_not_get_the_conversation_of_the_first() {
    scenario(async |world| {
        world.project().await;
        world.agents_offer(offers());
        world.say("ann", "one").await;
        world.agent_starts().await;
        done(world, "ok").await;
        world.press("ann", "Agent").await;
        world.press("ann", "stub").await;
        world.press("ann", "Use stub").await;
        world.skim();
        world.say("ann", "two").await;
        assert_snapshot!(world.sent(), @"start T2 in new thread: two");
        world.skim();
        world.agent_starts().await;
        done(world, "ok").await;
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_picked_forked_or_begun_afresh() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix the login").await;
        world.agent_starts().await;
        done(world, "ok").await;
        world.wait(5 * 60_000);
        world.skim();
        world.press("ann", "Session").await;
        assert_snapshot!(world.shown(), @"
        Session: api
        The next task goes on in “fix the login”.
        “fix the login” · used 5 min ago
        [Continue] [Fork]
        ----
        [Start Fresh] [Enter Session ID] [Cancel]
        ");
        world.press("ann", "Fork").await;
        assert!(world.shown().contains("in a copy of “fix the login”"));
        world.say("ann", "try it otherwise").await;
        assert_snapshot!(world.sent(), @"start T2 in a copy of thread: try it otherwise");
        world.agent_starts().await;
        done(world, "ok").await;
        world.press("ann", "Session").await;
        world.press("ann", "Start Fresh").await;
        world.skim();
        world.say("ann", "something new").await;
        assert_snapshot!(world.sent(), @"start T3 in new thread: something new");
        world.agent_starts().await;
        done(world, "ok").await;
        world.press("ann", "Session").await;
        world.press("ann", "Enter Session ID").await;
        world.skim();
        world.fill("ann", "Apply", &[("backend_session_id", "two words")]).await;
        assert!(world.toast().contains("That is no session id."));
        world.fill("ann", "Apply", &[("backend_session_id", "0199-abc")]).await;
        world.skim();
        // It was picked for the next task, and is not lost when that one never begins.
        world.say("ann", "never mind").await;
        assert_snapshot!(world.sent(), @"start T4 in 0199-abc: never mind");
        world.press("ann", "Stop").await;
        world.skim();
        world.say("ann", "go on").await;
        assert_snapshot!(world.sent(), @"start T5 in 0199-abc: go on");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_waiting_task_is_put_first_and_cancelled_from_the_workspace() {
    scenario(async |world| {
        world.project().await;
        for prompt in ["one", "two", "three"] {
            world.say("ann", prompt).await;
        }
        world.press("ann", "To the front").await;
        let workspace = world.cards().into_iter().find(|it| it.contains("Workspace")).unwrap();
        assert!(workspace.contains("1. `T3` three"), "{workspace}");
        assert!(workspace.contains("2. `T2` two"), "{workspace}");
        world.skim();
        world.agent_starts().await;
        world.skim();
        done(world, "ok").await;
        assert_snapshot!(world.sent(), @"start T3 in thread: three");
        world.skim();
    })
    .await;
}

async fn archive(world: &mut World) {
    world.press("ann", "Project").await;
    world.press("ann", "Archive").await;
    world.toast();
}

#[tokio::test]
async fn what_has_not_begun_does_not_begin_in_an_archived_project() {
    // It waits for a person's word.
    scenario(async |world| {
        world.project().await;
        world.say("ann", "confirm: go").await;
        let (card, approve) = world.button("Approve").await;
        archive(world).await;
        assert_eq!(world.room().desk.current, None);
        world.press_on("ann", &card, &approve, &[]).await;
        assert_eq!(world.room().desk.current, None);
        world.skim();
    })
    .await;
    // Its machine has not taken it yet.
    scenario(async |world| {
        world.project().await;
        world.say("ann", "go").await;
        archive(world).await;
        assert_eq!(world.room().desk.current, None);
        world.skim();
    })
    .await;
    // Its machine took it, and then surely never gave it to the agent.
    scenario(async |world| {
        world.project().await;
        world.say("ann", "go").await;
        world.agent_is_given_it().await;
        archive(world).await;
        assert!(world.room().desk.current.is_some(), "what runs may end");
        world.agent(Report::Unclaimed).await;
        assert_eq!(world.room().desk.current, None);
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn an_archived_project_takes_no_tasks() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Project").await;
        world.press("ann", "Archive").await;
        assert_snapshot!(world.toast(), @"Archived. It takes no tasks until it is restored.");
        world.skim();
        world.say("ann", "go").await;
        assert!(world.shown().contains("This project is archived and takes no tasks."));
        assert_eq!(world.room().desk.current, None);
        world.go(DIRECT).await;
        world.press("ann", "Manage").await;
        assert!(world.shown().contains("· archived"));
        world.press("ann", "Open").await;
        world.fill("ann", "Rename", &[("name", "web")]).await;
        assert!(world.cards().iter().any(|it| it.contains("Project: web")));
        world.press("ann", "Restore").await;
        world.go("api").await;
        world.skim();
        world.say("ann", "go").await;
        assert!(world.shown().contains("Workspace: web (codex"), "it is renamed and works");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_prompt_is_written_in_a_form_and_sent_once() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Run Task").await;
        assert_snapshot!(world.shown(), @"
        Run Task: api
        codex in `/srv/api`
        What is to be done: _
        [Submit Task] [Cancel]
        ");
        let (card, action) = world.button("Submit Task").await;
        world.press_on("ann", &card, &action, &[("prompt", " ")]).await;
        assert_snapshot!(world.toast(), @"Say what you want done.");
        world.press_on("ann", &card, &action, &[("prompt", "fix it")]).await;
        let shown = world.shown();
        assert!(shown.contains("It is task `T1` now."), "the form is gone: {shown}");
        world.agent_starts().await;
        world.press("ann", "Run Task").await;
        world.fill("ann", "Add to the running turn", &[("steer_prompt", "and test it")]).await;
        assert_snapshot!(world.toast(), @"Added to the running task.");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_a_task_took_is_on_its_card() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "go").await;
        world.agent_starts().await;
        let turn = Tokens { input: 12_345, cached: 8_000, output: 950, reasoning: 100 };
        let total = Tokens { input: 2_300_000, ..turn };
        world.agent(Report::Used { usage: Usage { turn, total } }).await;
        world.skim();
        done(world, "ok").await;
        let shown = world.shown_with("Complete");
        assert!(
            shown.contains("This turn: 12.3k in (8.0k cached), 950 out (100 reasoning)"),
            "{shown}"
        );
        assert!(shown.contains("conversation: 2.3M in"), "{shown}");
        world.skim();
    })
    .await;
}

/// Every name a button of the Python PoCo's cards has.
const INTENTS: &[&str] = &[
    "project.home",
    "project.new",
    "project.manage",
    "project.list",
    "project.create",
    "project.open",
    "project.configure_agent",
    "project.configure_repo",
    "project.configure_default_dir",
    "project.manage_dir_presets",
    "project.add_dir_preset",
    "project.bind_group",
    "project.archive",
    "workspace.open",
    "workspace.use_default_dir",
    "workspace.choose_preset",
    "workspace.apply_preset_dir",
    "workspace.use_recent_dir",
    "workspace.enter_path",
    "workspace.enter_path_manual",
    "workspace.apply_entered_path",
    "workspace.choose_agent",
    "workspace.apply_agent",
    "workspace.choose_model",
    "workspace.apply_model",
    "workspace.choose_session",
    "workspace.apply_session",
    "workspace.enter_session_id",
    "workspace.apply_entered_session_id",
    "workspace.clear_session",
    "task.open_composer",
    "task.submit",
    "task.open",
    "task.stop",
    "task.approve",
    "task.reject",
    "task.continue",
    "task.steer",
    "task.steer_queue",
    "project.delete",
];

#[tokio::test]
async fn every_button_of_the_python_poco_is_answered() {
    scenario(async |world| {
        world.project().await;
        world.press("ann", "Run Task").await;
        let (card, _) = world.button("Submit Task").await;
        world.skim();
        for intent in INTENTS {
            let fields = [
                ("intent_key", *intent),
                ("project_id", "api"),
                ("task_id", "t"),
                ("workdir", "/srv"),
                ("backend_session_id", "s"),
                ("surface", "group"),
            ];
            let press = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let action = Press(BTreeMap::from(press)).action();
            assert!(!matches!(action, Action::Unknown { .. }), "{intent} is not known");
            let before = world.room();
            world.press_on("ann", &card, &action, &[]).await;
            let after = world.room();
            if *intent == "project.bind_group" {
                assert_eq!(before, after, "no button takes a project elsewhere");
                assert!(world.toast().contains("stays in the group"));
            }
            if *intent == "project.archive" {
                world.press("ann", "Restore").await;
            }
            if *intent == "project.delete" {
                return world.skim();
            }
            world.skim();
        }
    })
    .await;
}
