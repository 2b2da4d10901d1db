//! Projects are made and unmade in the direct chat.

use insta::assert_snapshot;
use poco_core::Outcome;
use poco_tests::{DIRECT, HOUR, MINUTE, Refusal, scenario};

const FIELDS: &[(&str, &str)] = &[("name", "api"), ("backend", "codex"), ("workdir", "~/api")];

#[tokio::test]
async fn a_project_is_made_with_its_group() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        assert_snapshot!(world.shown(), @"
        PoCo Projects
        You have no projects yet.
        [New]
        [Manage]
        ");
        world.press("ann", "New").await;
        assert_snapshot!(world.shown(), @"
        New Project
        Project name: _
        Agent: <codex>
        Working directory on the machine: /home/ann_
        [Create Project + Group] [Cancel]
        ");
        world.fill("ann", "Create Project + Group", FIELDS).await;
        assert_snapshot!(world.shown(), @"
        New Project
        Making “api”…
        ");
        assert_snapshot!(world.sent(), @"look at ~/api");
        world.folder_is("/srv/api").await;
        assert_snapshot!(world.shown(), @"
        [Idle] Workspace: api (codex, /srv/api)
        Say what to do, in this group. `/help` lists the commands.
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        PoCo Projects
        “api” is ready. Go to its group and say what to do.
        You have 1 project.
        [New]
        [Manage]
        ");
        assert_eq!(world.chats(), ["api"]);
        assert_eq!(world.cards().len(), 1, "one card in the direct chat, updated in place");

        world.press("ann", "Manage").await;
        assert_snapshot!(world.shown(), @"
        Manage Projects
        **api** (codex, /srv/api)
        [Open] [People] [Delete Project]
        [Back]
        ");
        world.press("ann", "Back").await;
        assert!(world.shown().contains("You have 1 project."));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_said_on_the_form() {
    scenario(async |world| {
        world.project().await;
        world.go(DIRECT).await;
        let long = "x".repeat(51);
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[("name", " ")], "A project needs a name."),
            (&[("name", &long)], "A name has at most 50 characters"),
            (&[("name", "a\nb")], "A name has at most 50 characters"),
            (&[("name", "api")], "There is a project “api” already."),
            (&[("name", "web"), ("backend", "gpt")], "There is no agent “gpt” here."),
        ];
        world.press("ann", "New").await;
        world.skim();
        for (fields, wrong) in cases {
            world.fill("ann", "Create Project + Group", fields).await;
            let shown = world.shown();
            assert!(shown.contains(wrong), "{shown}");
        }
        world.fill("ann", "Create Project + Group", &[("name", "web"), ("workdir", "/no")]).await;
        world.skim();
        world.folder_is_bad("There is no folder /no.").await;
        assert_snapshot!(world.shown(), @"
        New Project
        **There is no folder /no.**
        Project name: web_
        Agent: <codex>
        Working directory on the machine: /no_
        [Create Project + Group] [Cancel]
        ");
        world.press("ann", "Cancel").await;
        assert!(world.shown().contains("You have 1 project."), "nothing is left behind");
        assert_eq!(world.chats(), ["api"]);
    })
    .await;
}

#[tokio::test]
async fn fifty_projects_are_enough_with_those_in_the_making() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        for n in 0..50 {
            world.press("ann", "New").await;
            let fields = [("name", &*format!("p{n}")), ("backend", "codex"), ("workdir", "~")];
            world.fill("ann", "Create Project + Group", &fields).await;
            if n < 49 {
                world.folder_is("/home/ann").await;
            }
        }
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        world.skim();
        world.fill("ann", "Create Project + Group", FIELDS).await;
        assert!(world.shown().contains("You have 50 projects already. Delete one first."));
        world.folder_is("/home/ann").await;
        assert_eq!(world.chats().len(), 50);
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_group_that_is_refused_leaves_nothing_behind() {
    scenario(async |world| {
        world.groups_are_refused(Refusal::ForEver);
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        world.fill("ann", "Create Project + Group", FIELDS).await;
        world.skim();
        world.folder_is("/srv/api").await;
        assert_snapshot!(world.shown(), @"
        New Project
        **The group could not be made, so there is no project. The app may not make groups.**
        Project name: api_
        Agent: <codex>
        Working directory on the machine: /srv/api_
        [Create Project + Group] [Cancel]
        ");
        world.say("ann", "hello").await;
        assert!(world.shown().contains("You have no projects yet."));
    })
    .await;
}

#[tokio::test]
async fn a_group_that_can_not_be_opened_is_given_up_in_the_end() {
    scenario(async |world| {
        world.groups_are_refused(Refusal::ForNow);
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        world.fill("ann", "Create Project + Group", FIELDS).await;
        world.skim();
        world.folder_is("/srv/api").await;
        world.assert_silent();
        world.wait(3 * 60_000);
        world.settle().await;
        assert_snapshot!(world.shown(), @"
        New Project
        **The group could not be made, so there is no project. The chat platform did not answer. If a group of this name turns up later, it can be deleted.**
        Project name: api_
        Agent: <codex>
        Working directory on the machine: /srv/api_
        [Create Project + Group] [Cancel]
        ");
    })
    .await;
}

#[tokio::test]
async fn a_project_is_deleted_when_what_runs_in_it_has_stopped() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.say("ann", "second").await;
        world.go(DIRECT).await;
        world.press("ann", "Manage").await;
        world.skim();

        let (card, delete) = world.button("Delete Project").await;
        world.press("ann", "Delete Project").await;
        assert_snapshot!(world.shown(), @"
        Manage Projects
        **api** (codex, /srv/api)
        ~ Being deleted: what runs in it is stopped first.
        [Back]
        ");
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T2 (codex, /srv/api)
        second
        ~ Cancelled before it started.
        ");
        assert_snapshot!(world.shown(), @"
        [Stopping] Workspace: api (codex, /srv/api, T1)
        This project is being deleted.
        ");
        assert_snapshot!(world.shown(), @"
        [Stopping] Task: T1 (codex, /srv/api)
        ~ first
        ");
        assert_snapshot!(world.sent(), @"stop T1 in thread, in a turn");
        world.press_on("ann", &card, &delete, &[]).await;
        assert_snapshot!(world.toast(), @"That project is being deleted already.");

        world.go("api").await;
        world.say("ann", "third").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This project is being deleted.
        ");
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T1 (codex, /srv/api)
        Stopped before it said anything.
        ");
        assert_snapshot!(world.shown(), @"
        Deleted: api
        This project was deleted. Its folder and this chat stay as they are.
        ");
        assert_snapshot!(world.shown(), @"
        Deleted: api
        This project was deleted. Its folder and this chat stay as they are.
        ");
        assert_snapshot!(world.shown(), @"
        Manage Projects
        You have no projects.
        [Back]
        ");

        world.say("ann", "fourth").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        The project of this group was deleted. Send me a direct message to make a new one.
        ");
        world.go(DIRECT).await;
        world.press_on("ann", &card, &delete, &[]).await;
        assert_snapshot!(world.toast(), @"That project is gone already.");
    })
    .await;
}

#[tokio::test]
async fn a_project_in_which_nothing_runs_is_deleted_at_once() {
    scenario(async |world| {
        world.project().await;
        world.go(DIRECT).await;
        world.press("ann", "Manage").await;
        world.press("ann", "Delete Project").await;
        world.skim();
        assert_snapshot!(world.cards().join("\n\n"), @"
        Manage Projects
        You have no projects.
        [Back]
        ");
        world.go("api").await;
        assert_snapshot!(world.cards().join("\n\n"), @"
        Deleted: api
        This project was deleted. Its folder and this chat stay as they are.

        Deleted: api
        This project was deleted. Its folder and this chat stay as they are.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_group_that_is_no_project_says_so() {
    scenario(async |world| {
        world.go("elsewhere").await;
        world.say("ann", "fix it").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This group is no PoCo project. Send me a direct message to make one.
        ");
        world.say("ann", "never mind, I was talking to bob").await;
        world.assert_silent();
        world.say("ann", "/status").await;
        assert!(world.shown().contains("no PoCo project"), "whoever asks is told");
        world.wait(HOUR);
        world.say("ann", "so, again").await;
        assert!(world.shown().contains("no PoCo project"));
    })
    .await;
}

#[tokio::test]
async fn a_card_that_was_removed_is_posted_anew() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        let (card, new) = world.button("New").await;
        world.message_is_gone(&card);
        world.press_on("ann", &card, &new, &[]).await;
        world.skim();
        assert_eq!(world.cards().len(), 2);
        world.fill("ann", "Create Project + Group", FIELDS).await;
        assert!(world.shown().contains("Making “api”"));
        world.sent();
    })
    .await;
}

#[tokio::test]
async fn many_projects_are_listed_in_pages() {
    scenario(async |world| {
        for number in 1..=10 {
            world.go(DIRECT).await;
            world.say("ann", "hello").await;
            world.press("ann", "New").await;
            let name = format!("p{number}");
            let fields = [("name", name.as_str()), ("backend", "codex"), ("workdir", "~/p")];
            world.fill("ann", "Create Project + Group", &fields).await;
            world.folder_is("/srv/p").await;
        }
        world.skim();
        world.press("ann", "Manage").await;
        let first = world.shown();
        assert!(first.starts_with("Manage Projects [1/2]"), "{first}");
        assert!(first.contains("**p8**") && !first.contains("**p9**"), "{first}");
        world.press("ann", "Next Page").await;
        let second = world.shown();
        assert!(second.starts_with("Manage Projects [2/2]"), "{second}");
        assert!(second.contains("**p10**") && !second.contains("**p8**"), "{second}");
        world.press("ann", "Previous Page").await;
        assert_eq!(world.shown(), first);
    })
    .await;
}

#[tokio::test]
async fn a_project_whose_machine_never_looked_makes_way() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        world.fill("ann", "Create Project + Group", FIELDS).await;
        world.wait(9 * MINUTE);
        world.say("ann", "hello").await;
        world.press("ann", "New").await;
        world.fill("ann", "Create Project + Group", FIELDS).await;
        assert!(world.shown_last().contains("There is a project “api” already."), "it may yet be");
        world.wait(2 * MINUTE);
        world.fill("ann", "Create Project + Group", FIELDS).await;
        assert!(world.shown_with("The machine “local” is not there.").contains("api_"));
        assert!(world.shown_with("Making").contains("“api”"));
        world.skim();
        world.folder_is("/srv/api").await;
        assert_eq!(world.chats(), ["api"]);
        world.skim();
    })
    .await;
}
