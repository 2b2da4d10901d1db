//! At the door: the owner comes in with the code, everybody else stays outside.

use insta::assert_snapshot;
use poco_tests::{HOUR, MINUTE, scenario, scenario_without_owner};

#[tokio::test]
async fn whoever_has_the_code_becomes_the_owner() {
    scenario_without_owner(async |world| {
        world.say("ann", "hello").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This PoCo has no owner yet. If it is yours, run `poco pair` on its machine and send me the code it prints, in a direct message.
        ");

        world.offer_pairing("ABCD-2345").await;
        world.say("ann", "abcd2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo Projects
        Welcome. You are the owner now; nobody else can make me act.
        You have no projects yet.
        [New]
        [Manage]
        ");

        world.say("ann", "hello").await;
        assert_snapshot!(world.shown(), @"
        PoCo Projects
        You have no projects yet.
        [New]
        [Manage]
        ");
        world.say("bob", "ABCD-2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Sorry, this PoCo works for its owner only.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_good_for_five_tries() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        for left in (1..5).rev() {
            world.say("eve", "AAAA1111").await;
            let tries = if left == 1 { "1 more try.".to_owned() } else { format!("{left} more tries.") };
            assert!(world.shown().contains(&tries));
        }
        world.say("eve", "AAAA1111").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This pairing code is no longer good. Run `poco pair` on the machine for a new one.
        ");
        world.say("ann", "ABCD2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This PoCo has no owner yet. If it is yours, run `poco pair` on its machine and send me the code it prints, in a direct message.
        ");
        world.offer_pairing("WXYZ6789").await;
        world.say("ann", "ABCD2345").await;
        assert!(world.shown().contains("not the code"));
        world.say("ann", "wxyz-6789").await;
        assert!(world.shown().contains("You are the owner now"));
    })
    .await;
}

#[tokio::test]
async fn a_code_gets_old() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.wait(10 * MINUTE);
        world.say("ann", "ABCD2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This pairing code is no longer good. Run `poco pair` on the machine for a new one.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_good_to_its_last_moment() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        // The offer and the message take a second each.
        world.wait(10 * MINUTE - 2_000);
        world.say("ann", "ABCD2345").await;
        assert!(world.shown().contains("You are the owner now"));
    })
    .await;
}

#[tokio::test]
async fn a_code_counts_for_nothing_in_a_group() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.go("group").await;
        world.say("ann", "ABCD2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        This PoCo has no owner yet. If it is yours, run `poco pair` on its machine and send me the code it prints, in a direct message.
        ");
        world.go("dm-ann").await;
        world.say("ann", "ABCD2345").await;
        assert!(world.shown().contains("You are the owner now"));
    })
    .await;
}

#[tokio::test]
async fn two_tries_in_one_second_are_one() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.say_in_haste("eve", "AAAA1111").await;
        assert!(world.shown().contains("4 more tries"));
        world.say_in_haste("eve", "AAAA2222").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Too fast. Wait a moment and try again.
        ");
        world.say_in_haste("eve", "AAAA3333").await;
        world.assert_silent();
        world.wait(1_000);
        world.say("ann", "ABCD2345").await;
        assert!(world.shown().contains("You are the owner now"));
    })
    .await;
}

#[tokio::test]
async fn the_machine_can_not_be_paired_twice() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.say("ann", "ABCD2345").await;
        world.skim();
        world.offer_pairing("WXYZ6789").await;
        world.say("eve", "WXYZ6789").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Sorry, this PoCo works for its owner only.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_stranger_is_told_once_an_hour_and_can_do_nothing() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "first").await;
        world.agent_starts().await;
        world.skim();
        let (card, stop) = world.button("Stop").await;
        let room = world.room();

        world.say("eve", "delete everything").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Sorry, this PoCo works for its owner only.
        ");
        world.say("eve", "/stop").await;
        world.press_on("eve", &card, &stop, &[]).await;
        world.fill("eve", "Stop", &[("intent_key", "task.approve"), ("task_id", "T1")]).await;
        world.assert_silent();
        assert_eq!(world.room(), room);

        world.wait(HOUR);
        world.press_on("eve", &card, &stop, &[]).await;
        assert_snapshot!(world.toast(), @"Sorry, this PoCo works for its owner only.");
        world.say("eve", "please").await;
        world.assert_silent();
        world.say("mallory", "me too").await;
        assert!(world.shown().contains("works for its owner only"));
        assert_eq!(world.room(), room);
    })
    .await;
}

#[tokio::test]
async fn where_the_operator_named_the_owner_there_is_no_pairing() {
    scenario(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.say("eve", "ABCD2345").await;
        assert_snapshot!(world.shown(), @"
        PoCo
        Sorry, this PoCo works for its owner only.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_sits_at_the_machine_needs_no_leave() {
    scenario_without_owner(async |world| {
        world.go("demo").await;
        world.say_at_the_machine("hello").await;
        assert!(world.shown().contains("**Commands**"));
        world.say_at_the_machine("/run confirm: say hi").await;
        assert_snapshot!(world.shown(), @"
        [Waiting] Task: T1 (codex, /home/ann)
        Run this?
        ```
        say hi
        ```
        [Approve] [Reject]
        ");
        world.say_at_the_machine(&format!("/approve {}", world.task("T1"))).await;
        world.skim_cards();
        assert!(world.sent().starts_with("start T1"));
        assert_eq!(world.room().desk.current.unwrap().source, "demo");
    })
    .await;
}
