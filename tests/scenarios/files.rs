//! What goes with a prompt, and what comes out of a turn beside its answer.

use insta::assert_snapshot;
use poco_core::{Action, FILES_MAX};
use poco_tests::{DIRECT, MINUTE, scenario, scenario_with_faults};

const DIFF: &str = "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1,2 @@\n-old\n+new\n+more\n\
                    --- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+b\n";

#[tokio::test]
async fn pictures_wait_for_words() {
    scenario(async |world| {
        world.project().await;
        world.send("ann", &["one.png"], "").await;
        assert_snapshot!(world.shown(), @"
        [Waiting] Files
        one.png
        ~ Say within 10 minutes what to do with this: it goes with your next message.
        [Drop]
        ");
        world.send("ann", &["two.png", "a_b.pdf"], "").await;
        assert_snapshot!(world.shown(), @r"
        [Waiting] Files
        one.png
        two.png
        a\_b.pdf
        ~ Say within 10 minutes what to do with this: it goes with your next message.
        [Drop]
        ");
        world.say("ann", "compare them").await;
        assert_snapshot!(world.shown_with("Files"), @r"
        [Given] Files
        one.png
        two.png
        a\_b.pdf
        ~ It went with task T1.
        ");
        assert_snapshot!(world.shown_with("Task:"), @r"
        [Created] Task: T1 (codex, /srv/api)
        ~ compare them
        ~ With: one.png, two.png, a_b.pdf
        [Stop]
        ");
        assert_snapshot!(world.sent(), @"start T1 in new thread: compare them +one.png +two.png +a_b.pdf");
        world.say("ann", "and now without").await;
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T2 in thread: and now without");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_nobody_speaks_of_is_dropped() {
    scenario(async |world| {
        world.project().await;
        world.send("ann", &["one.png"], "").await;
        world.press("ann", "Drop").await;
        assert_snapshot!(world.shown_with("[Dropped]"), @"
        [Dropped] Files
        one.png
        ~ Left alone, as you said.
        ");
        world.send("ann", &["two.png"], "").await;
        let (card, drop) = world.button("Drop").await;
        world.wait(11 * MINUTE);
        world.say("ann", "something else").await;
        assert_snapshot!(world.shown_with("[Dropped]"), @"
        [Dropped] Files
        two.png
        ~ Nobody said in time what to do with it. Send it again if it is wanted.
        ");
        assert_snapshot!(world.sent(), @"start T1 in new thread: something else");
        world.skim();
        world.press_on("ann", &card, &drop, &[]).await;
        assert_snapshot!(world.toast(), @"This was settled before.");
    })
    .await;
}

#[tokio::test]
async fn a_prompt_brings_files_and_quotes() {
    scenario(async |world| {
        world.project().await;
        world.send("ann", &["log.txt"], "what is wrong?").await;
        assert_snapshot!(world.sent(), @"start T1 in new thread: what is wrong? +log.txt");
        world.quote("ann", "om_7", false, "/stop").await;
        world.skim();
        world.quote("ann", "om_7", false, "do as it says").await;
        assert_snapshot!(world.sent(), @"start T2 in new thread: do as it says >om_7");
        world.quote("ann", "om_8", true, "").await;
        assert!(world.shown_with("[Waiting] Files").contains("forwarded messages"));
        world.say("ann", "sum it up").await;
        world.skim();
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T3 in thread: sum it up >om_8");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn too_much_is_refused_and_nothing_else_happens() {
    scenario(async |world| {
        world.project().await;
        let many = vec!["x.png"; FILES_MAX + 1];
        world.send("ann", &many, "look").await;
        assert!(world.shown().contains("too much for one prompt"));
        world.send("ann", &many[1..], "").await;
        world.skim();
        world.send("ann", &["y.png"], "").await;
        assert!(world.shown().contains("too much for one prompt"));
        world.send("ann", &["y.png"], "/stop").await;
        assert!(world.shown().contains("files with a command"));
        world.go(DIRECT).await;
        world.send("ann", &["z.png"], "look").await;
        assert!(world.shown().contains("send them in its group"));
        world.assert_silent();
    })
    .await;
}

#[tokio::test]
async fn what_could_not_be_had_is_told_and_people_choose() {
    scenario(async |world| {
        world.project().await;
        world.send("ann", &["a.png", "b.pdf"], "look").await;
        world.say("ann", "next").await;
        world.skim();
        world.agent_lacks("b.pdf", "it is too large").await;
        assert_snapshot!(world.shown_with("Not started"), @"
        [Not started] Task: T1 (codex, /srv/api)
        look
        **Not started:** this could not be had.

        - b.pdf: it is too large
        [Try again] [Run without] [Discard]
        ");
        assert_snapshot!(world.sent(), @"start T2 in new thread: next");
        world.press("ann", "Run without").await;
        assert!(world.shown_with("Not started").contains("Run without it as task T3."));
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T3 in thread: look +a.png");
        world.agent_lacks("a.png", "no answer").await;
        world.press("ann", "Try again").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T4 in thread: look +a.png");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn files_stay_with_a_prompt_that_waits() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.skim();
        world.send("ann", &["a.png"], "second").await;
        let card = world.shown_with("[Queued]");
        assert!(card.contains("With: a.png") && !card.contains("Add to"), "{card}");
        let merge = Action::Merge { task: world.task("T2") };
        let (card, _) = world.button("Cancel").await;
        world.press_on("ann", &card, &merge, &[]).await;
        assert!(world.toast().contains("can't be added to a running turn"));
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T2 in thread: second +a.png");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_a_turn_changed_folds_by_file() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/diff").await;
        assert!(world.shown().contains("Nothing is known to have been changed yet."));
        world.say("ann", "change it").await;
        world.agent_starts().await;
        world.agent_brings(&["/srv/api/plot.png"], DIFF).await;
        world.skim();
        world.agent_answers(&["See plot.png."]).await;
        assert_snapshot!(world.shown_with("[Complete]"), @"
        [Complete] Task: T1 (codex, /srv/api)
        See plot.png.
        [Changes: 2 files, +3 −1] [Send plot.png]
        ");
        world.press("ann", "Changes: 2 files, +3 −1").await;
        assert_snapshot!(world.shown_with("[Changes]"), @"
        [Changes] Task: T1
        Changes: 2 files, +3 −1
        > src/a.rs +2 −1
          ```diff
          --- a/src/a.rs
          +++ b/src/a.rs
          @@ -1 +1,2 @@
          -old
          +new
          +more
          ```
        > b.txt +1 −0
          ```diff
          --- /dev/null
          +++ b/b.txt
          @@ -0,0 +1 @@
          +b
          ```
        [Back]
        ");
        world.press("ann", "Back").await;
        assert!(world.shown_with("[Complete]").contains("See plot.png."));
        world.press("ann", "Send plot.png").await;
        assert_snapshot!(world.toast(), @"Sending plot.png…");
        assert_snapshot!(world.sent(), @"deliver /srv/api/plot.png");
        world.say("ann", "/diff").await;
        assert!(world.shown().starts_with("[Changes] Task: T1"));
        world.say("ann", "/send notes.md").await;
        assert_snapshot!(world.sent(), @"deliver notes.md");
        world.not_sent("notes.md", "There is no such file.").await;
        assert_snapshot!(world.shown(), @"
        Not sent
        `notes.md`: There is no such file.
        ");
        world.go(DIRECT).await;
        world.say("ann", "/send notes.md").await;
        assert!(world.shown().contains("Files are sent from projects"));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_calls_fail() {
    scenario_with_faults(
        async |world| world.project().await,
        async |world| {
            world.send("ann", &["a.png"], "").await;
            world.send("ann", &["b.png"], "").await;
            world.say("ann", "first").await;
            world.agent_lacks("b.png", "gone").await;
            world.press("ann", "Run without").await;
            world.agent_starts().await;
            world.agent_brings(&["/srv/api/plot.png"], DIFF).await;
            world.agent_answers(&["ok"]).await;
            world.press("ann", "Changes: 2 files, +3 −1").await;
            world.press("ann", "Back").await;
            world.press("ann", "Send plot.png").await;
            world.not_sent("plot.png", "gone").await;
            world.say_in_topic("ann", "tip", "in a topic").await;
            world.send("ann", &["c.png"], "").await;
            world.press("ann", "Drop").await;
        },
    )
    .await;
}
