//! Each topic of a group is a conversation of its own; all share the folder and the line.

use insta::assert_snapshot;
use poco_core::{Action, Report, ThreadId, TurnId, UserId};
use poco_tests::{World, scenario};

async fn starts_in(world: &mut World, thread: &str) {
    world.agent_is_given_it().await;
    let turn = TurnId::new(format!("turn of {thread}"));
    world.agent(Report::Started { thread: ThreadId::new(thread), turn }).await;
}

#[tokio::test]
async fn a_topic_goes_on_where_it_left_off() {
    scenario(async |world| {
        world.project().await;
        world.say_in_topic("ann", "login", "fix the login").await;
        assert_snapshot!(world.sent(), @"start T1 in new thread: fix the login >login-root");
        world.say_in_topic("ann", "docs", "write the docs").await;
        world.say("ann", "in the chat itself").await;
        world.say_in_topic("ann", "login", "and the logout").await;
        starts_in(world, "th-login").await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T2 in new thread: write the docs >docs-root");
        starts_in(world, "th-docs").await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T3 in new thread: in the chat itself");
        starts_in(world, "th-main").await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T4 in th-login: and the logout");
        starts_in(world, "th-login").await;
        world.say_in_topic("ann", "login", "/new").await;
        world.say_in_topic("ann", "login", "afresh").await;
        world.say_in_topic("ann", "docs", "more docs").await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T5 in new thread: afresh");
        starts_in(world, "th-login-2").await;
        world.agent_answers(&["ok"]).await;
        assert_snapshot!(world.sent(), @"start T6 in th-docs: more docs");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_came_too_late_stays_in_its_topic() {
    scenario(async |world| {
        world.project().await;
        world.say_in_topic("ann", "login", "fix it").await;
        starts_in(world, "th-login").await;
        let task = world.task("T1");
        world.agent_answers(&["ok"]).await;
        world.skim();
        let (id, by, text) = ("s".to_owned(), UserId::new("ann"), "late".to_owned());
        world.report(&task, Report::SteerMissed { id, by, text }).await;
        assert_snapshot!(world.sent(), @"start T2 in th-login: late");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_is_put_first_leaves_the_other_conversations_as_they_are() {
    scenario(async |world| {
        world.project().await;
        world.say_in_topic("ann", "login", "fix it").await;
        starts_in(world, "th-login").await;
        world.say("ann", "/new").await;
        world.say("ann", "afresh").await;
        world.say_in_topic("ann", "login", "more").await;
        let (card, _) = world.button("Stop").await;
        let first = Action::Hasten { task: world.task("T3") };
        world.press_on("ann", &card, &first, &[]).await;
        world.agent_answers(&["ok"]).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T1 in new thread: fix it >login-root");
        assert_snapshot!(world.sent(), @"start T3 in th-login: more");
        starts_in(world, "th-login").await;
        world.agent_answers(&["ok"]).await;
        world.skim_cards();
        assert_snapshot!(world.sent(), @"start T2 in new thread: afresh");
    })
    .await;
}
