//! Prompts wait in line.

use insta::assert_snapshot;
use poco_core::{Phase, Report, UserId, WAITING_MAX};
use poco_tests::{MINUTE, World, scenario};

async fn running(world: &mut World) {
    world.project().await;
    world.say("ann", "first").await;
    world.agent_starts().await;
    world.skim();
}

#[tokio::test]
async fn prompts_wait_their_turn_and_their_cards_say_where() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "second").await;
        assert_snapshot!(world.shown(), @"
        [Running] Workspace: api (codex, /srv/api, T1, queue 1)
        Now: first
        [Stop]
        1. `T2` second
        [Cancel]
        [Working Dir] [Agent] [Session] [Run Task] [Project]
        [People]
        ");
        assert_snapshot!(world.shown(), @"
        [Queued] Task: T2 (codex, /srv/api)
        second
        ~ Place 1 in line.
        [Cancel] [Add to the running turn]
        ");
        world.say("ann", "third").await;
        world.skim_cards();
        world.say("ann", "/queue").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        1. `T2` second
        2. `T3` third
        ");

        world.agent_answers(&["ok"]).await;
        assert!(world.shown().starts_with("[Complete] Task: T1"));
        assert!(world.shown().starts_with("[Running] Workspace"));
        assert!(world.shown().starts_with("[Created] Task: T2"));
        assert_snapshot!(world.shown(), @"
        [Queued] Task: T3 (codex, /srv/api)
        third
        ~ Place 1 in line.
        [Cancel]
        ");
        assert_snapshot!(world.sent(), @"start T2 in thread: second");
        world.agent_starts().await;
        world.skim();
        world.agent_answers(&["ok"]).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T3 in thread: third");
        world.say("ann", "/queue").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Nothing waits.
        ");
    })
    .await;
}

#[tokio::test]
async fn only_so_many_may_wait() {
    scenario(async |world| {
        running(world).await;
        for n in 0..WAITING_MAX {
            world.say("ann", &format!("more {n}")).await;
        }
        world.skim();
        world.say("ann", "one too many").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        10 prompts are waiting already. Cancel one or wait.
        ");
        world.press("ann", "Cancel").await;
        world.skim();
        world.say("ann", "now").await;
        assert!(world.shown_with("Task: T12").contains("Place 10 in line."));
    })
    .await;
}

#[tokio::test]
async fn what_waits_can_be_cancelled() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "second").await;
        world.say("ann", "third").await;
        world.skim();
        let (second, third) = (world.task("T2"), world.task("T3"));
        world.say("ann", &format!("/stop {second}")).await;
        assert_snapshot!(world.shown(), @"
        [Stopped] Task: T2 (codex, /srv/api)
        second
        ~ Cancelled before it started.
        ");
        assert!(world.shown().contains("queue 1"));
        assert!(world.shown().contains("Place 1 in line."));
        let (card, cancel) = world.button("Cancel").await;
        world.press("ann", "Cancel").await;
        assert!(world.shown().starts_with("[Stopped] Task: T3"));
        world.skim();
        world.press_on("ann", &card, &cancel, &[]).await;
        assert_snapshot!(world.toast(), @"That task is over.");
        world.say("ann", &format!("/status {third}")).await;
        assert!(world.shown().starts_with("[Stopped] Task: T3"));
    })
    .await;
}

#[tokio::test]
async fn text_can_be_added_to_the_running_turn() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "/steer use tabs").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Added to the running task.
        ");
        assert_snapshot!(world.sent(), @"steer T1: use tabs");

        world.say("ann", "and spaces").await;
        world.skim();
        let (card, merge) = world.button("Add to the running turn").await;
        world.press("ann", "Add to the running turn").await;
        assert_snapshot!(world.shown(), @"
        [Added] Task: T2 (codex, /srv/api)
        and spaces
        ~ Added to the running task T1.
        ");
        assert_snapshot!(world.sent(), @"steer T1: and spaces");
        world.skim();
        world.press_on("ann", &card, &merge, &[]).await;
        assert_snapshot!(world.toast(), @"That task does not wait any more.");
    })
    .await;
}

#[tokio::test]
async fn text_that_came_too_late_becomes_a_task() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "/steer use tabs").await;
        world.say("ann", "/new").await;
        world.agent_answers(&["ok"]).await;
        world.skim();
        let (id, by, text) = ("e9".to_owned(), UserId::new("ann"), "use tabs".to_owned());
        world.agent(Report::SteerMissed { id, by, text }).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in thread: use tabs");
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        world.say("ann", "afresh").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T3 in new thread: afresh");
    })
    .await;
}

#[tokio::test]
async fn text_that_came_too_late_for_a_full_line_is_not_lost() {
    scenario(async |world| {
        running(world).await;
        for n in 0..WAITING_MAX {
            world.say("ann", &format!("more {n}")).await;
        }
        world.skim();
        let (id, by, text) = ("e9".to_owned(), UserId::new("ann"), "use tabs".to_owned());
        world.agent(Report::SteerMissed { id, by, text }).await;
        assert_snapshot!(world.shown(), @"
        Not added
        The task was over before this could be added to it. 10 prompts are waiting already. Cancel one or wait.
        ```
        use tabs
        ```
        ");
    })
    .await;
}

#[tokio::test]
async fn there_is_nothing_to_add_to_when_nothing_runs() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/steer use tabs").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Nothing is running that could be added to. Send it as a prompt.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_fresh_conversation_begins_with_the_next_prompt_that_runs() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "/new").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        The next prompt starts a fresh conversation.
        ");
        world.say("ann", "second").await;
        world.say("ann", "third").await;
        let second = world.task("T2");
        world.say("ann", &format!("/stop {second}")).await;
        world.agent_answers(&["ok"]).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T3 in new thread: third");
        world.agent_starts().await;
        world.agent_answers(&["ok"]).await;
        world.say("ann", "/new").await;
        world.say("ann", "fourth").await;
        world.press("ann", "Stop").await;
        world.skim();
        world.say("ann", "fifth").await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T5 in new thread: fifth");
    })
    .await;
}

#[tokio::test]
async fn two_may_write_at_once() {
    scenario(async |world| {
        world.project().await;
        let said: Vec<_> = ["one", "two", "three", "four"].map(|text| ("ann", text)).into();
        world.say_at_once(&said).await;
        world.settle().await;
        let cards = world.cards();
        assert_eq!(cards.len(), 5, "{cards:#?}");
        let count = |word| cards.iter().filter(|card| card.starts_with(word)).count();
        assert_eq!((count("[Created] Task"), count("[Queued] Task")), (1, 3), "{cards:#?}");
        for place in 1..=3 {
            assert!(cards.iter().any(|card| card.contains(&format!("Place {place} in line."))));
        }
        assert!(cards[0].contains("queue 3"), "{cards:#?}");
        world.skim_cards();
        assert!(world.sent().starts_with("start "));
    })
    .await;
}

#[tokio::test]
async fn two_may_answer_at_once() {
    scenario(async |world| {
        running(world).await;
        world.agent_asks("a1", poco_tests::command("ls")).await;
        world.skim();
        let task = world.task("T1");
        let (yes, no) = (format!("/approve {task}.1"), format!("/reject {task}.1"));
        world.say_at_once(&[("ann", &yes), ("ann", &no)]).await;
        world.sent();
        let shown: Vec<_> = world.cards().into_iter().filter(|it| it.starts_with("PoCo")).collect();
        assert_eq!(shown.len(), 2);
        assert!(shown.iter().any(|text| text.contains("You answered this already")), "{shown:?}");
        world.skim_cards();
    })
    .await;
}

#[tokio::test]
async fn many_may_write_at_once() {
    scenario(async |world| {
        world.project().await;
        let texts: Vec<_> = (0..40).map(|n| format!("prompt {n}")).collect();
        let said: Vec<_> = texts.iter().map(|text| ("ann", text.as_str())).collect();
        world.say_at_once(&said).await;
        world.settle().await;
        let cards = world.cards();
        let count = |part: &str| cards.iter().filter(|card| card.contains(part)).count();
        assert_eq!(count("[Created] Task"), 1);
        assert_eq!(count("[Queued] Task"), WAITING_MAX);
        assert_eq!(count("are waiting already"), 40 - 1 - WAITING_MAX);
        assert_eq!(cards.len(), 1 + 40, "each has one answer");
        world.skim_cards();
        assert!(world.sent().starts_with("start "));
    })
    .await;
}

#[tokio::test]
async fn a_stop_that_comes_late_stops_no_other_task() {
    scenario(async |world| {
        running(world).await;
        world.say("ann", "second").await;
        world.wait(10 * MINUTE);
        world.agent_answers(&["ok"]).await;
        world.agent_starts().await;
        world.skim();
        for late in ["/stop", "/steer use tabs"] {
            // Whoever wrote it saw the first one run; it was long over when it came.
            world.say_late("ann", late, 5 * MINUTE).await;
            assert!(world.shown().contains("That task is over."), "{late}");
            world.say_late("ann", late, 30 * MINUTE).await;
            assert!(world.shown().contains("That task is over."), "{late}");
        }
        world.assert_silent();
        assert_eq!(world.room().desk.current.unwrap().phase, Phase::Running);
        world.say("ann", "/stop").await;
        assert_eq!(world.room().desk.current.unwrap().phase, Phase::Stopping);
        world.skim();
    })
    .await;
}
