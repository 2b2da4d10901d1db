//! The agent asks for leave; a person answers, once.

use insta::assert_snapshot;
use poco_core::{ApprovalId, Ask, Outcome, Pages, Question, Report, Text};
use poco_tests::{World, command, scenario};

async fn running(world: &mut World) {
    world.project().await;
    world.say("ann", "tidy the database").await;
    world.agent_starts().await;
    world.skim();
}

#[tokio::test]
async fn a_command_is_allowed_once() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", command("rm -rf data/")).await;
        assert_snapshot!(world.shown(), @"
        [Waiting] Workspace: api (codex, /srv/api, T1)
        Now: tidy the database
        [Stop]
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **Run this command?** `T1.1`
        in /srv/api
        rm -rf data/
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        [Stop]
        ");

        let (card, deny) = world.button("Deny").await;
        world.press("ann", "Allow once").await;
        assert_snapshot!(world.sent(), @"answer a1: allow once");
        assert_snapshot!(world.toast(), @"Allowed once.");
        assert!(world.shown().contains("[Running] Workspace"));
        assert!(world.shown().starts_with("[Running] Task: T1"));

        world.press_on("ann", &card, &deny, &[]).await;
        assert_snapshot!(world.toast(), @"You answered this already: allowed once.");
    })
    .await;
}

#[tokio::test]
async fn it_is_allowed_for_the_session_or_denied_with_a_why() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", command("ls")).await;
        world.press("ann", "Allow for this session").await;
        world.agent_asks("a2", command("rm x")).await;
        world.press("ann", "Deny").await;
        world.agent_asks("a3", command("rm y")).await;
        world.fill("ann", "Deny and tell it why", &[("why_3", "move it instead")]).await;
        world.agent_asks("a4", command("rm z")).await;
        let task = world.task("T1");
        world.say("ann", &format!("/reject {task}.4 not now")).await;
        world.agent_asks("a5", command("ls z")).await;
        world.say("ann", &format!("/approve {task}")).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"answer a1: allow for the session");
        assert_snapshot!(world.sent(), @"answer a2: deny");
        assert_snapshot!(world.sent(), @"answer a3: deny: move it instead");
        assert_snapshot!(world.sent(), @"answer a4: deny: not now");
        assert_snapshot!(world.sent(), @"answer a5: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_question_is_shown_exactly() {
    scenario(async |world| {
        running(world).await;
        let files = vec!["src/main.rs".to_owned(), "a_b.rs".to_owned()];
        let diff =
            Pages { count: 2, ..world.pages(&["```diff\n+one\n```", "```diff\n+two\n```"]).await };
        world
            .agent_asks("a1", Ask::Patch { diff, files, reason: Text::verbatim("as asked") })
            .await;
        assert_snapshot!(world.shown_with("Task:"), @r"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **Change these files?** `T1.1`
        src/main.rs
        a\_b.rs
        ~ This is part 1 of 2.
        ```diff
        +one
        ```
        [Next Page]
        ~ Why: as asked
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        [Stop]
        ");
        world.press("ann", "Next Page").await;
        assert_snapshot!(world.shown_with("+two"), @r"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **Change these files?** `T1.1`
        src/main.rs
        a\_b.rs
        ~ This is part 2 of 2.
        ```diff
        +two
        ```
        [Previous Page]
        ~ Why: as asked
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        [Stop]
        ");
        world.press("ann", "Previous Page").await;
        world.press("ann", "Allow once").await;
        world.skim();

        let what = Pages::one("w", "network access");
        world.agent_asks("a2", Ask::Permission { what, reason: Text::default() }).await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **Give these permissions?** `T1.2`
        network access
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        [Stop]
        ");
        world.press("ann", "Deny").await;
        world.skim();

        let free = Question { id: "q1".into(), text: "Which name?".into(), options: vec![] };
        let options = vec!["red".to_owned(), "blue".to_owned()];
        let choice = Question { id: "q2".into(), text: "Which colour?".into(), options };
        world.agent_asks("a3", Ask::Questions(vec![free, choice])).await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **The agent asks** `T1.3`
        Which name?: _
        Which colour?: <>
        [Answer]
        [Deny]
        ----
        [Stop]
        ");
        world.fill("ann", "Answer", &[("answer_0", "Bo")]).await;
        assert_snapshot!(world.toast(), @"Answer “Which colour?” too.");
        let task = world.task("T1");
        world.say("ann", &format!("/approve {task}.3")).await;
        assert_snapshot!(world.shown_with("PoCo"), @"
        PoCo
        This wants an answer in words. Fill in the card.
        ");
        world.fill("ann", "Answer", &[("answer_0", "Bo"), ("answer_1", "red")]).await;
        assert_snapshot!(world.sent(), @r#"answer a3: {"q1": "Bo", "q2": "red"}"#);
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn several_questions_are_shown_as_several() {
    scenario(async |world| {
        running(world).await;
        for n in 1..=4 {
            world.agent_asks(&format!("a{n}"), command(&format!("step {n}"))).await;
        }
        assert_snapshot!(world.shown_last(), @"
        [Waiting] Task: T1 (codex, /srv/api)
        ~ tidy the database
        ----
        **Run this command?** `T1.1`
        in /srv/api
        step 1
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        **Run this command?** `T1.2`
        in /srv/api
        step 2
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ----
        **Run this command?** `T1.3`
        in /srv/api
        step 3
        [Allow once] [Allow for this session] [Deny]
        : _
        [Deny and tell it why]
        ~ 1 more question follows when these are answered.
        ----
        [Stop]
        ");
        let task = world.task("T1");
        world.say("ann", &format!("/approve {task}")).await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Several things are asked. Say which: T1.1, T1.2, T1.3, T1.4.
        ");
        world.say("ann", &format!("/approve {task}.2")).await;
        assert_snapshot!(world.sent(), @"answer a2: allow once");
        world.skim();
        // The agent gave up on one by itself.
        let approval = ApprovalId::new("a1");
        world.agent(Report::Settled { approval }).await;
        let shown = world.shown();
        assert!(!shown.contains("step 1") && !shown.contains("step 2") && shown.contains("step 4"));
        world.say("ann", &format!("/approve {task}.1")).await;
        assert_snapshot!(world.shown(), @"
        PoCo
        That is not asked, or not any more.
        ");
        // Nor is the number of the last one given to another: a card that is out of date names it.
        world.agent(Report::Settled { approval: ApprovalId::new("a4") }).await;
        world.agent_asks("a5", command("rm -rf build")).await;
        world.skim();
        world.say("ann", &format!("/approve {task}.4")).await;
        assert_snapshot!(world.shown(), @"
        PoCo
        That is not asked, or not any more.
        ");
        world.say("ann", &format!("/approve {task}.5")).await;
        assert_snapshot!(world.sent(), @"answer a5: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_again_after_it_was_answered_is_answered_again() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", command("ls")).await;
        world.agent_asks("a1", command("ls")).await;
        assert!(world.shown_last().matches("Allow once").count() == 1);
        world.press("ann", "Allow once").await;
        world.skim();
        world.agent_asks("a1", command("ls")).await;
        assert_snapshot!(world.sent(), @"answer a1: allow once");
    })
    .await;
}

#[tokio::test]
async fn what_was_asked_before_it_was_heard_to_start_is_shown() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "tidy").await;
        world.agent_is_given_it().await;
        world.skim();
        world.agent_asks("a1", command("ls")).await;
        world.press("ann", "Allow once").await;
        assert_snapshot!(world.sent(), @"answer a1: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_press_that_comes_after_the_task_is_told_who_decided() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", command("ls")).await;
        let (card, deny) = world.button("Deny").await;
        world.press("ann", "Allow once").await;
        world.agent_answers(&["done"]).await;
        world.skim();
        world.press_on("ann", &card, &deny, &[]).await;
        assert_snapshot!(world.toast(), @"You answered this already: allowed once.");
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_is_void_once_the_task_is_over() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", command("ls")).await;
        let (card, allow) = world.button("Allow once").await;
        world.press("ann", "Stop").await;
        world.skim();
        world.agent_asks("a2", command("ls")).await;
        world.assert_silent();
        world.press_on("ann", &card, &allow, &[]).await;
        assert_snapshot!(world.toast(), @"That is not asked, or not any more.");
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        world.skim();
        world.press_on("ann", &card, &allow, &[]).await;
        assert_snapshot!(world.toast(), @"Nothing is asked.");
    })
    .await;
}

#[tokio::test]
async fn a_prompt_may_ask_to_be_confirmed() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "Confirm: drop the table").await;
        assert_snapshot!(world.shown(), @"
        [Waiting] Workspace: api (codex, /srv/api, T1)
        Now: drop the table
        [Stop]
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        [Waiting] Task: T1 (codex, /srv/api)
        Run this?
        ```
        drop the table
        ```
        [Approve] [Reject]
        ");
        let (card, approve) = world.button("Approve").await;
        world.press("ann", "Approve").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T1 in new thread: drop the table");
        world.press_on("ann", &card, &approve, &[]).await;
        assert_snapshot!(world.toast(), @"You answered this already: allowed once.");

        world.say("ann", "confirm: drop another").await;
        world.agent_starts().await;
        world.agent_answers(&["Dropped."]).await;
        world.skim();
        world.press("ann", "Reject").await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T2 (codex, /srv/api)
        drop another
        ~ Cancelled before it started.
        ");
        assert!(world.shown().contains("[Idle] Workspace"));
        world.say("ann", "confirm: a third").await;
        world.skim();
        let task = world.task("T3");
        world.say("ann", &format!("/approve {task}")).await;
        world.skim_cards();
        assert!(world.sent().starts_with("start T3"));
    })
    .await;
}
