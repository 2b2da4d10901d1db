//! Nothing is lost or doubled, whatever fails: each story is told once for every call that can fail.

use poco_core::{Outcome, Report, Text, UserId};
use poco_tests::{DIRECT, World, command, scenario_with_faults};

async fn project(world: &mut World) {
    world.project().await;
}

#[tokio::test]
async fn from_a_project_to_an_answer() {
    scenario_with_faults(
        async |_| {},
        async |world| {
            world.project().await;
            world.say("ann", "first").await;
            world.say("ann", "second").await;
            world.agent_starts().await;
            world.agent_answers(&["one", "two"]).await;
            world.agent_starts().await;
            world.press("ann", "Next Page").await;
            world.agent_answers(&["ok"]).await;
            world.say("ann", "/help").await;
        },
    )
    .await;
}

#[tokio::test]
async fn questions_and_answers() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "confirm: first").await;
        world.press("ann", "Approve").await;
        world.agent_starts().await;
        world.agent_asks("a1", command("rm -rf data/")).await;
        world.agent_asks("a2", command("ls")).await;
        world.press("ann", "Deny").await;
        world.press("ann", "Allow once").await;
        world.agent_asks("a1", command("rm -rf data/")).await;
        world.say("ann", "second").await;
        world.press("ann", "Stop").await;
        world.agent_ends(Outcome::Stopped { partial: None }).await;
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_merged_cancelled_and_started() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.say("ann", "second").await;
        world.press("ann", "Add to the running turn").await;
        world.say("ann", "/steer third").await;
        let (id, by, text) = ("s".to_owned(), UserId::new("ann"), "third".to_owned());
        world.agent(Report::SteerMissed { id, by, text }).await;
        world.say("ann", "fourth").await;
        world.press("ann", "Cancel").await;
        world.agent_answers(&["ok"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_cut_off_goes_on() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.agent_is_given_it().await;
        world.agent(Report::Unclaimed).await;
        world.agent_starts().await;
        let (reason, partial) = (Text::verbatim("codex ended."), None);
        world.agent_ends(Outcome::Interrupted { reason, partial, begun: Some(true) }).await;
        world.press("ann", "Resume").await;
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_project_comes_and_goes() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.say("ann", "second").await;
        world.go(DIRECT).await;
        world.press("ann", "Manage").await;
        world.press("ann", "Delete Project").await;
        world.go("api").await;
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        world.go(DIRECT).await;
        world.say("ann", "hello").await;
    })
    .await;
}

#[tokio::test]
async fn a_stranger_is_refused_and_changes_nothing() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.say("eve", "do bad things").await;
        world.press("eve", "Stop").await;
        world.agent_answers(&["ok"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_form_is_filled_in_until_it_is_right() {
    scenario_with_faults(
        async |_| {},
        async |world| {
            world.say("ann", "hello").await;
            world.press("ann", "New").await;
            let fields = [("name", "api"), ("backend", "codex"), ("workdir", "~/nowhere")];
            world.fill("ann", "Create Project + Group", &fields).await;
            world.folder_is_bad("There is no such folder.").await;
            world.settle().await;
            world.fill("ann", "Create Project + Group", &fields).await;
            // The runner must have heard of this folder too before it looks.
            world.settle().await;
            world.folder_is("/srv/api").await;
            world.settle().await;
            world.press("ann", "Manage").await;
            world.press("ann", "Back").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_prompt_that_is_not_confirmed_never_starts() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "confirm: first").await;
        world.say("ann", "second").await;
        world.press("ann", "Reject").await;
        world.agent_starts().await;
        world.say("ann", "/new").await;
        world.say("ann", "third").await;
        world.agent_answers(&["ok"]).await;
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
    })
    .await;
}

#[tokio::test]
async fn what_was_cut_off_is_run_again_or_left() {
    scenario_with_faults(project, async |world| {
        for (prompt, choice) in [("first", "Run again"), ("second", "Discard")] {
            world.say("ann", prompt).await;
            world.agent_starts().await;
            let (reason, partial) = (Text::verbatim("codex ended."), None);
            world.agent_ends(Outcome::Interrupted { reason, partial, begun: None }).await;
            world.press("ann", choice).await;
            if choice == "Run again" {
                world.agent_starts().await;
                world.agent_answers(&["ok"]).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_is_stopped_while_it_is_handed_over() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.agent_is_given_it().await;
        world.press("ann", "Stop").await;
        world.agent_starts().await;
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        world.say("ann", "second").await;
        world.press("ann", "Stop").await;
        world.say("ann", "/status").await;
        world.say("ann", "/queue").await;
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_told_and_the_next_one_starts() {
    scenario_with_faults(project, async |world| {
        world.say("ann", "first").await;
        world.say("ann", "second").await;
        let reason = Text::verbatim("Codex is not logged in.");
        world.agent_ends(Outcome::Failed { reason, partial: None }).await;
        world.agent_starts().await;
        let partial = Some(world.pages(&["half", "of it"]).await);
        world.agent_ends(Outcome::Failed { reason: Text::verbatim("quota"), partial }).await;
        world.press("ann", "Next Page").await;
        world.press("ann", "Previous Page").await;
    })
    .await;
}
