//! Projects of an earlier PoCo go on here, whoever owns this one and whenever they come.

use poco_core::{ChatId, Fact, Kind, Listing, RunnerId, Settings, ThreadId, UserId};
use poco_tests::{DIRECT, World, scenario, scenario_with_faults, scenario_without_owner};

fn settings() -> Settings {
    Settings {
        runner: RunnerId::local(),
        agent: "codex".into(),
        workdir: "/srv/old".into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
    }
}

/// Takes a project over into a chat, and lists it.
async fn take_over(world: &mut World, chat: &str, name: &str, lister: &str) {
    world.go(chat).await;
    let (name, by) = (name.to_owned(), UserId::new("ou_before"));
    let thread = Some(ThreadId::new("thread-before"));
    let presets = vec!["/srv/one".to_owned(), "/srv/two".to_owned()];
    let called = name.clone();
    world.tell(Fact::TakenOver { name: called, by, settings: settings(), thread, presets }).await;
    world.go(lister).await;
    let listing = Listing {
        chat: ChatId::new(chat),
        name,
        agent: "codex".into(),
        workdir: "/srv/old".into(),
        leaving: false,
        archived: false,
    };
    world.tell(Fact::Adopted { projects: vec![listing] }).await;
}

#[tokio::test]
async fn a_conversation_goes_on_where_it_was() {
    scenario(async |world| {
        take_over(world, "oc_old", "old", "house").await;
        assert!(world.shown().contains("Workspace: old (codex, /srv/old)"));
        world.go("oc_old").await;
        world.say("ann", "go on").await;
        assert!(world.sent().contains("thread-before"));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn the_folders_that_were_kept_are_there_to_choose_from() {
    scenario(async |world| {
        take_over(world, "oc_old", "old", "house").await;
        world.go("oc_old").await;
        world.press("ann", "Project").await;
        world.skim();
        world.press("ann", "Manage Dir Presets").await;
        let shown = world.shown_last();
        assert!(shown.contains("/srv/one") && shown.contains("/srv/two"), "{shown}");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn it_is_listed_once_the_owner_talks_to_the_bot() {
    scenario(async |world| {
        take_over(world, "oc_old", "old", "house").await;
        take_over(world, "oc_old", "old", "house").await;
        world.go(DIRECT).await;
        world.say("ann", "hello").await;
        assert!(world.shown_with("Taken over").contains("1 more"));
        world.skim();
        world.press("ann", "Manage").await;
        assert!(world.shown().contains("**old** (codex, /srv/old)"));
        world.press("ann", "Delete Project").await;
        world.skim();
        world.go("oc_old").await;
        assert!(matches!(world.room().kind, Kind::Gone));
    })
    .await;
}

#[tokio::test]
async fn whoever_is_paired_later_finds_it_too() {
    scenario_without_owner(async |world| {
        take_over(world, "oc_old", "old", "house").await;
        world.offer_pairing("ABCD2345").await;
        world.go(DIRECT).await;
        world.say("ann", "ABCD-2345").await;
        assert!(world.shown_with("Taken over").contains("1 more"));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_lobby_that_is_there_lists_it_at_once() {
    scenario(async |world| {
        world.project().await;
        take_over(world, "oc_old", "old", DIRECT).await;
        assert!(world.shown_with("Taken over").contains("1 more"));
        take_over(world, "oc_old", "old", DIRECT).await;
        world.skim();
        world.assert_silent();
    })
    .await;
}

#[tokio::test]
async fn what_lives_here_is_never_overwritten() {
    scenario(async |world| {
        world.project().await;
        let before = world.room();
        let (name, by) = ("other".to_owned(), UserId::new("ou_before"));
        let (thread, presets) = (None, vec![]);
        world.tell(Fact::TakenOver { name, by, settings: settings(), thread, presets }).await;
        assert_eq!(world.room(), before);
    })
    .await;
}

#[tokio::test]
async fn taking_over_survives_any_failing_call() {
    scenario_with_faults(
        async |_| {},
        async |world| {
            take_over(world, "oc_old", "old", "house").await;
            world.go(DIRECT).await;
            world.say("ann", "hello").await;
            world.press("ann", "Manage").await;
        },
    )
    .await;
}
