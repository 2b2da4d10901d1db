//! Tasks that were cut off, and what people make of them.

use insta::assert_snapshot;
use poco_core::{BROKEN_MAX, Outcome, Text};
use poco_tests::{World, scenario};

async fn cut_off(world: &mut World, begun: Option<bool>) {
    world.say("ann", "fix it").await;
    world.agent_starts().await;
    let partial = Some(world.pages(&["Half of it."]).await);
    let reason = Text::verbatim("codex ended.");
    world.skim();
    world.agent_ends(Outcome::Interrupted { reason, partial, begun }).await;
}

#[tokio::test]
async fn what_was_cut_off_can_be_resumed_once() {
    scenario(async |world| {
        world.project().await;
        cut_off(world, Some(true)).await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Interrupted] Task: T1 (codex, /srv/api)
        **Interrupted:** codex ended. It had begun; what it did until then stays.
        Half of it.
        [Resume] [Run again] [Discard]
        ");
        world.skim();
        let (card, resume) = world.button("Resume").await;
        let (_, again) = world.button("Run again").await;
        world.press("ann", "Resume").await;
        assert_snapshot!(world.shown(), @"
        [Interrupted] Task: T1 (codex, /srv/api)
        **Interrupted:** codex ended. It had begun; what it did until then stays.
        Half of it.
        ~ Resumed as task T2.
        ");
        assert_snapshot!(world.sent(), @"start T2 in thread: You were interrupted. Look at what is done already, then go on where you left off.");
        world.skim();
        world.press_on("ann", &card, &resume, &[]).await;
        assert_snapshot!(world.toast(), @"That was settled before.");
        world.press_on("ann", &card, &again, &[]).await;
        world.toast();
    })
    .await;
}

#[tokio::test]
async fn what_was_cut_off_can_be_run_again_or_left() {
    scenario(async |world| {
        world.project().await;
        cut_off(world, None).await;
        assert_snapshot!(world.shown_with("Task:"), @"
        [Unknown] Task: T1 (codex, /srv/api)
        **Interrupted:** codex ended. It is not known whether it had begun. Look at the folder before you run it again.
        Half of it.
        [Resume] [Run again] [Discard]
        ");
        world.skim();
        world.press("ann", "Run again").await;
        assert_snapshot!(world.sent(), @"start T2 in thread: fix it");
        world.agent_starts().await;
        let (reason, partial) = (Text::verbatim("codex ended."), None);
        world.agent_ends(Outcome::Interrupted { reason, partial, begun: Some(false) }).await;
        world.skim();
        let (card, discard) = world.button("Discard").await;
        world.press("ann", "Discard").await;
        assert_snapshot!(world.shown(), @"
        [Interrupted] Task: T2 (codex, /srv/api)
        **Interrupted:** codex ended. It had not begun.
        ~ Discarded.
        ");
        world.press_on("ann", &card, &discard, &[]).await;
        assert_snapshot!(world.toast(), @"That was settled before.");
    })
    .await;
}

#[tokio::test]
async fn resuming_gives_the_prompt_again_if_the_agent_may_not_have_it() {
    scenario(async |world| {
        world.project().await;
        cut_off(world, None).await;
        world.skim();
        world.press("ann", "Resume").await;
        assert_snapshot!(world.sent(), @"
        start T2 in thread: You were interrupted. Look at what is done already, then go on where you left off. This is what you were asked:

        fix it
        ");
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        cut_off(world, Some(false)).await;
        world.skim();
        world.press("ann", "Resume").await;
        assert_snapshot!(world.sent(), @"start T4 in thread: fix it");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_is_resumed_goes_on_in_its_own_conversation_before_what_waits() {
    scenario(async |world| {
        world.project().await;
        cut_off(world, Some(true)).await;
        world.say("ann", "/new").await;
        world.say("ann", "something else").await;
        world.say("ann", "and more").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in new thread: something else");
        world.press("ann", "Resume").await;
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T4 in thread: You were interrupted. Look at what is done already, then go on where you left off.");
    })
    .await;
}

#[tokio::test]
async fn only_the_newest_can_be_taken_up() {
    scenario(async |world| {
        world.project().await;
        let (card, resume) = {
            cut_off(world, Some(true)).await;
            world.button("Resume").await
        };
        for _ in 0..BROKEN_MAX {
            cut_off(world, Some(true)).await;
        }
        assert_snapshot!(world.shown_with("Task: T1"), @"
        [Interrupted] Task: T1 (codex, /srv/api)
        **Interrupted:** codex ended. It had begun; what it did until then stays.
        Half of it.
        ~ Left as it is; newer ones came.
        ");
        world.skim();
        world.press_on("ann", &card, &resume, &[]).await;
        assert_snapshot!(world.toast(), @"That was settled before.");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_taken_up_in_a_project_that_is_being_deleted() {
    scenario(async |world| {
        world.project().await;
        cut_off(world, Some(true)).await;
        let (card, resume) = world.button("Resume").await;
        world.say("ann", "next").await;
        world.agent_starts().await;
        world.go(poco_tests::DIRECT).await;
        world.press("ann", "Manage").await;
        world.press("ann", "Delete Project").await;
        world.go("api").await;
        world.skim();
        world.press_on("ann", &card, &resume, &[]).await;
        assert_snapshot!(world.toast(), @"This project is being deleted.");
        world.agent_ends(Outcome::Stopped { partial: None }).await;
        world.skim();
        world.press_on("ann", &card, &resume, &[]).await;
        assert_snapshot!(world.toast(), @"The project of this group was deleted. Send me a direct message to make a new one.");
    })
    .await;
}
