//! One prompt, from what was said to what was answered.

use insta::assert_snapshot;
use poco_core::{Outcome, Report, Text, ThreadId, TurnId};
use poco_tests::scenario;

#[tokio::test]
async fn a_prompt_becomes_an_answer_on_one_card() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix the login test").await;
        assert_snapshot!(world.shown(), @"
        [Running] Workspace: api (codex, /srv/api, T1)
        Now: fix the login test
        [Stop]
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        [Created] Task: T1 (codex, /srv/api)
        ~ fix the login test
        [Stop]
        ");
        assert_snapshot!(world.sent(), @"start T1 in new thread: fix the login test");

        world.agent_is_given_it().await;
        world.assert_silent();
        world.agent_starts().await;
        assert_snapshot!(world.shown(), @"
        [Running] Task: T1 (codex, /srv/api)
        ~ fix the login test

        [Stop]
        ");

        world.agent_answers(&["Fixed: the clock was in local time."]).await;
        assert_snapshot!(world.shown(), @"
        [Complete] Task: T1 (codex, /srv/api)
        Fixed: the clock was in local time.
        ");
        assert_snapshot!(world.shown(), @"
        [Idle] Workspace: api (codex, /srv/api)
        Say what to do, in this group. `/help` lists the commands.
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_eq!(world.cards().len(), 2, "a workspace, and one card for the task");

        world.say("ann", "and the others").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in thread: and the others");
    })
    .await;
}

#[tokio::test]
async fn a_long_answer_has_pages_that_turn_for_ever() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "explain").await;
        world.agent_starts().await;
        world.skim();
        world.agent_answers(&["one", "two", "three"]).await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Complete] Task: T1 (codex, /srv/api) [1/3]
        one
        [Next Page]
        ");
        world.skim();
        let (card, _) = world.button("Next Page").await;

        world.say("ann", "next").await;
        world.agent_starts().await;
        world.skim();
        world.press("ann", "Next Page").await;
        assert_snapshot!(world.shown(), @"
        [Complete] Task: T1 (codex, /srv/api) [2/3]
        two
        [Previous Page] [Next Page]
        ");
        world.press("ann", "Next Page").await;
        assert_snapshot!(world.shown(), @"
        [Complete] Task: T1 (codex, /srv/api) [3/3]
        three
        [Previous Page]
        ");
        world.press("ann", "Previous Page").await;
        assert!(world.shown().contains("two"));

        let task = world.task("T1");
        world.say("ann", &format!("/status {task}")).await;
        assert!(world.shown().contains("one"));
        let far = poco_core::Action::Page { task, page: 7 };
        world.press_on("ann", &card, &far, &[]).await;
        assert_snapshot!(world.shown(), @"
        [Complete] Task: T1 (codex, /srv/api) [3/3]
        three
        [Previous Page]
        ");
        let current = poco_core::Action::Page { task: world.task("T2"), page: 0 };
        world.press_on("ann", &card, &current, &[]).await;
        assert_snapshot!(world.toast(), @"That task is not over yet.");
    })
    .await;
}

#[tokio::test]
async fn a_failure_says_why() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_starts().await;
        world.skim();
        let partial = Some(world.pages(&["I had a look."]).await);
        world
            .agent_ends(Outcome::Failed { reason: Text::verbatim("Out of *credits*."), partial })
            .await;
        assert_snapshot!(world.shown_with("Task:"), @r"
        [Error] Task: T1 (codex, /srv/api)
        **Failed:** Out of \*credits\*.
        I had a look.
        ");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_prompt_that_is_too_long_or_empty_is_refused() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", &"x".repeat(24 * 1024 + 1)).await;
        assert_snapshot!(world.shown(), @"
        PoCo
        That is too long: a prompt may have 24 KB. Put it into a file.
        ");
        world.say("ann", "confirm: ").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Say what you want done.
        ");
        world.say("ann", &"x".repeat(24 * 1024)).await;
        world.skim_cards();
        assert!(world.sent().starts_with("start T1"));
    })
    .await;
}

#[tokio::test]
async fn it_can_be_stopped_before_the_agent_has_it() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.skim();
        world.press("ann", "Stop").await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T1 (codex, /srv/api)
        fix it
        ~ Cancelled before it started.
        ");
        assert!(world.shown().contains("[Idle] Workspace"));
        // The job that is still on its way does nothing.
        world.agent_starts().await;
        world.assert_silent();
    })
    .await;
}

#[tokio::test]
async fn it_can_be_stopped_while_the_agent_is_given_it() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_is_given_it().await;
        world.skim();
        world.press("ann", "Stop").await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Stopping] Task: T1 (codex, /srv/api)
        ~ fix it
        ");
        assert_snapshot!(world.sent(), @"stop T1 in thread, -");
        world.skim();
        let (thread, turn) = (ThreadId::new("thread"), TurnId::new("turn"));
        world.agent(Report::Started { thread, turn }).await;
        world.assert_silent();
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T1 (codex, /srv/api)
        Stopped before it said anything.
        ");
        world.skim();
        world.say("ann", "again").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in thread: again");
    })
    .await;
}

#[tokio::test]
async fn what_was_stopped_and_never_given_is_over() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.say("ann", "then this").await;
        world.agent_is_given_it().await;
        world.say("ann", "/stop").await;
        world.skim();
        world.agent(Report::Unclaimed).await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T1 (codex, /srv/api)
        Stopped before it said anything.
        ");
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in new thread: then this");
    })
    .await;
}

#[tokio::test]
async fn it_can_be_stopped_while_it_runs() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_starts().await;
        world.skim();
        let (card, stop) = world.button("Stop").await;
        world.say("ann", "/stop").await;
        assert_snapshot!(world.shown(), @"
        [Stopping] Workspace: api (codex, /srv/api, T1)
        Now: fix it
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        [Stopping] Task: T1 (codex, /srv/api)
        ~ fix it
        ");
        assert_snapshot!(world.sent(), @"stop T1 in thread, in a turn");
        world.press_on("ann", &card, &stop, &[]).await;
        assert_snapshot!(world.toast(), @"It is stopping already.");

        let partial = Some(world.pages(&["Half of it."]).await);
        world.agent_ends(Outcome::Stopped { partial }).await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T1 (codex, /srv/api)
        ~ Stopped. This is what it had said:
        Half of it.
        ");
        world.skim_cards();
        world.press_on("ann", &card, &stop, &[]).await;
        assert_snapshot!(world.toast(), @"That task is over.");
        world.say("ann", "/stop").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Nothing is running.
        ");
    })
    .await;
}

#[tokio::test]
async fn what_is_cut_off_while_it_stops_was_stopped() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_starts().await;
        world.say("ann", "/stop").await;
        world.skim();
        let (reason, partial) = (Text::verbatim("codex ended."), None);
        world.agent_ends(Outcome::Interrupted { reason, partial, begun: Some(true) }).await;
        assert!(world.shown().starts_with("[Stopped] Task: T1"));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_ends_before_it_was_heard_to_start_is_answered_all_the_same() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_is_given_it().await;
        world.skim();
        let task = world.task("T1");
        world.agent_answers(&["Done."]).await;
        assert!(world.shown().starts_with("[Complete] Task: T1"));
        world.skim();
        let (thread, turn) = (ThreadId::new("thread"), TurnId::new("turn"));
        world.report(&task, Report::Started { thread, turn }).await;
        world.agent_answers(&["Done once more."]).await;
        world.assert_silent();
        world.say("ann", "next").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in thread: next");
    })
    .await;
}

#[tokio::test]
async fn what_is_delivered_twice_is_done_once() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.skim();
        world.redeliver().await;
        world.assert_silent();
        world.agent_starts().await;
        world.skim();
        world.redeliver().await;
        world.agent_answers(&["Done."]).await;
        world.skim();
        world.redeliver().await;
    })
    .await;
}

#[tokio::test]
async fn a_press_that_brought_a_word_does_no_more_when_it_comes_again() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "confirm: fix it").await;
        world.skim();
        let (card, approve) = world.button("Approve").await;
        world.press("ann", "Approve").await;
        world.press_on("ann", &card, &approve, &[]).await;
        world.skim();
        world.agent_starts().await;
        world.agent_asks("a1", poco_tests::command("rm -rf /")).await;
        world.skim();
        world.redeliver().await;
        world.press_on("ann", &card, &approve, &[]).await;
        assert_snapshot!(world.toast(), @"You answered this already: allowed once.");
    })
    .await;
}

#[tokio::test]
async fn people_have_a_glance_while_the_agent_types() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "fix it").await;
        world.agent_types("ls", "Too early").await;
        world.agent_starts().await;
        world.skim();
        let room = world.room();
        world.agent_types("ls", "I am looking").await;
        assert_snapshot!(world.shown(), @"
        [Running] Task: T1 (codex, /srv/api)
        ~ fix it
        ls
        I am looking
        [Stop]
        ");
        assert_eq!(world.room(), room, "a glance is not stored");

        world.agent_asks("a1", poco_tests::command("ls")).await;
        world.skim();
        world.agent_types("ls", "What is asked is not covered").await;
        world.assert_silent();
        world.press("ann", "Allow once").await;
        world.agent_answers(&["Done."]).await;
        world.skim();
        world.agent_types("ls", "Too late").await;
        world.assert_silent();
    })
    .await;
}
