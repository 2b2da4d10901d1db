//! Questions people ask PoCo itself.

use insta::assert_snapshot;
use poco_tests::{DIRECT, scenario};

#[tokio::test]
async fn help_lists_the_commands() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/help").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This group is the project “api”. Just say what to do.
        **Commands**
        `/run <prompt>` give the agent a prompt
        `/status [id]` show where things stand, or one task
        `/approve <id>` let the agent do what it asked for
        `/reject <id> [why]` do not let it, and tell it why
        `/stop [id]` stop the current task, or this one
        `/steer <text>` add to the running task
        `/queue` list what waits
        `/new` start a fresh conversation
        `/diff [id]` show what the last task changed, or this one
        `/send <path>` send a file of the project here
        `/people` show who may do what here
        `/invite @person [role]` let somebody in, as viewer, member or admin, or change what they are
        `/remove @person` let somebody in no more
        `/rules` show who answers what the agent asks
        `/owner @person` make somebody else the owner of all projects
        `/accept` become the owner, as was offered to you
        `/lang [zh|en]` speak Chinese or English in this chat
        `/help` list the commands
        [中文]
        ");
        world.go(DIRECT).await;
        world.say("ann", "/HELP").await;
        assert!(world.shown().contains("Here you make projects"));
    })
    .await;
}

#[tokio::test]
async fn status_says_where_things_stand() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/status").await;
        assert_snapshot!(world.shown(), @"
        [Idle] PoCo
        Project api: codex in /srv/api
        Nothing is running.
        ");
        world.say("ann", "first").await;
        world.say("ann", "second").await;
        world.agent_starts().await;
        world.skim();
        world.say("ann", "/status").await;
        assert_snapshot!(world.shown(), @"
        [Running] PoCo
        Project api: codex in /srv/api
        Now: `T1` first
        1. `T2` second
        ");
        let second = world.task("T2");
        world.say("ann", &format!("/status {second}")).await;
        assert!(world.shown().starts_with("[Queued] Task: T2"));
        world.say("ann", "/status nonsense").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        There is no such task here.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_task_is_shown_in_its_own_chat_only() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.agent_answers(&["the secret"]).await;
        world.skim();
        let task = world.task("T1");
        world.go(DIRECT).await;
        world.say("ann", &format!("/status {task}")).await;
        assert!(world.shown().contains("There is no such task here."));
    })
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_said() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/dance now").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        I do not know how to do “/dance” like this. `/help` lists the commands.
        ");
        world.say("ann", "/approve").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        I do not know how to do “/approve” like this. `/help` lists the commands.
        ");
        world.say("ann", "/usr/bin/env is missing").await;
        world.skim_cards();
        assert!(world.sent().ends_with("/usr/bin/env is missing"));
        world.say("ann", "/approve nonsense").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        That is not asked, or not any more.
        ");
        world.fill("ann", "Stop", &[("intent_key", "task.explode\u{7}")]).await;
        assert_snapshot!(world.toast(), @"I do not know how to do “task.explode” like this. `/help` lists the commands.");
    })
    .await;
}

#[tokio::test]
async fn commands_work_in_the_direct_chat_too() {
    scenario(async |world| {
        world.say("ann", "/run say hi").await;
        assert!(world.shown().starts_with("[Created] Task: T1 (codex, /home/ann)"));
        assert_snapshot!(world.sent(), @"start T1 in new thread: say hi");
        world.say("ann", "hello").await;
        assert!(world.shown().contains("PoCo Projects"));
        world.say("ann", "/stop").await;
        assert!(world.shown().starts_with("[Stopped] Task: T1"));
    })
    .await;
}
