//! People are let in, do what their role lets them, and are let in no more.

use poco_core::{Action, ChatId, Fact, Kind, Listing, UserId};
use poco_io::app::{lines, verify};
use poco_io::port::Document;
use poco_tests::{DIRECT, World, command, scenario, scenario_with_faults, scenario_without_owner};

async fn running(world: &mut World, by: &str) {
    world.say(by, "tidy the database").await;
    world.agent_starts().await;
    world.skim();
}

async fn team(world: &mut World) {
    world.project().await;
    world.say("ann", "/invite @Bob<bob> member").await;
    world.say("ann", "/invite @Cat<cat> admin").await;
    world.say("ann", "/invite @Dan<dan> viewer").await;
    world.skim();
}

#[tokio::test]
async fn whoever_is_invited_may_work_and_a_viewer_may_look() {
    scenario(async |world| {
        world.project().await;
        world.say("bob", "let me").await;
        assert!(world.shown().contains("owner only"));
        world.say("ann", "/invite @Bob<bob>").await;
        assert!(world.shown().contains("Bob is member now."));
        world.say("bob", "hello").await;
        assert!(world.sent().contains("hello"));
        world.skim();
        world.say("ann", "/invite @Bob<bob> viewer").await;
        assert!(world.shown_with("Bob is viewer now.").contains("@Bob viewer"));
        world.skim();
        world.say("bob", "/run more").await;
        assert!(world.shown().contains("As viewer you may not give the agent work."));
        world.say("bob", "/queue").await;
        assert!(world.shown().contains("Nothing waits."));
        world.say("bob", "/invite @Eve<eve> admin").await;
        assert!(world.shown().contains("you may not say who is an admin. The owner may."));
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_the_senders_or_an_admins() {
    scenario(async |world| {
        team(world).await;
        running(world, "bob").await;
        world.agent_asks("a1", command("ls")).await;
        world.press("dan", "Allow once").await;
        assert!(world.toast().contains("As viewer you may not"));
        world.press("bob", "Allow once").await;
        assert_eq!(world.toast(), "Allowed once.");
        world.agent_asks("a2", command("ls")).await;
        world.press("cat", "Deny").await;
        assert_eq!(world.toast(), "Denied.");
        let answer = poco_core::Outcome::Stopped { partial: None };
        world.agent_ends(answer).await;
        world.skim();
        running(world, "ann").await;
        world.agent_asks("a3", command("ls")).await;
        world.press("bob", "Allow once").await;
        assert!(world.toast().contains("on another's task"));
        world.press("bob", "Stop").await;
        assert!(world.toast().contains("stop what others began"));
        world.say("ann", "/rules").await;
        world.fill("bob", "Set", &[("who_answers", "members")]).await;
        assert!(world.toast().contains("set the rules"));
        world.fill("ann", "Set", &[("who_answers", "members")]).await;
        world.press("bob", "Allow once").await;
        assert_eq!(world.toast(), "Allowed once.");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn two_people_must_allow_what_the_rules_say() {
    scenario(async |world| {
        world.project().await;
        world.say("ann", "/rules").await;
        world.fill("ann", "Set", &[("when_two", "delete")]).await;
        assert!(world.toast().contains("make somebody an admin first"));
        world.say("ann", "/invite @Cat<cat> admin").await;
        world.say("ann", "/invite @Bob<bob> member").await;
        world.say("ann", "/rules").await;
        world.fill("ann", "Set", &[("when_two", "delete")]).await;
        world.skim();
        running(world, "bob").await;
        world.agent_asks("a1", command("rm -rf data")).await;
        let asked = world.shown_with("Task:");
        assert!(asked.contains("Two people must allow this.") && !asked.contains("session"));
        world.press("bob", "Allow once").await;
        assert!(world.toast().starts_with("Noted: 1 of 2."));
        assert!(world.shown_with("Task:").contains("@Bob allowed this: 1 of 2."));
        world.press("bob", "Allow once").await;
        assert!(world.toast().starts_with("You allowed this before."));
        world.redeliver().await;
        // Who may not any more has not allowed anything either.
        world.say("ann", "/invite @Bob<bob> viewer").await;
        assert!(!world.shown_with("Task:").contains("1 of 2"));
        world.press("ann", "Allow once").await;
        assert!(world.toast().starts_with("Noted: 1 of 2."));
        world.press("cat", "Allow once").await;
        assert_eq!(world.toast(), "Allowed once.");
        assert_eq!(world.sent(), "answer a1: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn the_owner_counts_once_in_the_chat_and_at_the_machine() {
    scenario(async |world| {
        team(world).await;
        world.say("ann", "/rules").await;
        world.fill("ann", "Set", &[("when_two", "delete")]).await;
        world.skim();
        running(world, "bob").await;
        world.agent_asks("a1", command("rm -rf data")).await;
        let allow = format!("/approve {}", world.task("T1"));
        world.say_at_the_machine(&allow).await;
        world.skim();
        world.say("ann", &allow).await;
        assert!(world.shown_last().contains("You allowed this before."));
        world.say_at_the_machine(&allow).await;
        assert!(world.shown_last().contains("You allowed this before."));
        world.say("cat", &allow).await;
        assert_eq!(world.sent(), "answer a1: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn who_is_removed_or_leaves_loses_access_at_once() {
    scenario(async |world| {
        team(world).await;
        running(world, "cat").await;
        world.agent_asks("a1", command("ls")).await;
        world.say("bob", "waits").await;
        world.skim();
        let (card, allow) = world.button("Allow once").await;
        world.say("ann", "/remove @Cat<cat>").await;
        assert!(world.shown().contains("Cat is no longer in this project."));
        world.press_on("cat", &card, &allow, &[]).await;
        assert!(world.toast().contains("owner only"));
        world.tell(Fact::Left { people: vec![UserId::new("bob")] }).await;
        assert!(world.shown_with("Bob left").contains("is no longer in this project"));
        world.say("bob", "still here?").await;
        assert!(world.shown_last().contains("owner only"));
        assert!(world.room().desk.waiting.is_empty());
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn what_was_refused_stays_so_when_it_is_delivered_again() {
    scenario(async |world| {
        world.project().await;
        world.say("bob", "rm everything").await;
        world.skim();
        let event = world.last_event();
        world.say("ann", "/invite @Bob<bob>").await;
        world.skim();
        world.app().handle(event).await.unwrap();
        world.assert_silent();
        assert!(world.room().desk.current.is_none());
    })
    .await;
}

#[tokio::test]
async fn people_come_by_buttons_too() {
    scenario(async |world| {
        world.project().await;
        world.go(DIRECT).await;
        world.press("ann", "Manage").await;
        world.skim();
        world.press("ann", "People").await;
        assert!(world.toast().contains("shown in its group"));
        world.skim();
        world.go("api").await;
        world.fill("ann", "Invite", &[("person", "bob"), ("as", "viewer")]).await;
        assert!(world.shown_last().contains("bob is viewer now."));
        world.press("ann", "Make admin").await;
        assert!(world.shown_last().contains("bob is admin now."));
        world.press("ann", "Remove").await;
        assert!(world.shown_last().contains("bob is no longer in this project."));
        world.fill("ann", "Invite", &[]).await;
        assert!(world.toast().starts_with("Say whom"));
    })
    .await;
}

#[tokio::test]
async fn what_counts_is_noted_once_in_a_chain() {
    scenario(async |world| {
        team(world).await;
        running(world, "bob").await;
        world.agent_asks("a1", command("API_TOKEN=x rm data")).await;
        world.press("bob", "Allow once").await;
        world.redeliver().await;
        world.say("bob", "/status").await;
        world.skim();
        let lines = lines(world.store()).await.unwrap();
        let lines: Vec<_> = lines.iter().filter(|line| line.chat == "api").collect();
        let did: Vec<_> = lines.iter().map(|line| line.did.as_str()).collect();
        assert_eq!(did, ["create", "make-member", "make-admin", "make-viewer", "run", "allow"]);
        let last = lines.last().unwrap();
        assert_eq!(last.rule, "member may approve-own");
        assert!(last.card.is_some() && last.text == "API_TOKEN=… rm data", "{last:?}");
        assert!(verify(world.store()).await.unwrap().flaws.is_empty());

        let key = "audit/api/000000000005";
        let whole = world.store().get(key).await.unwrap().unwrap();
        let body = whole.body.replace("tidy", "wipe");
        world.store().put(key, &Document { version: 2, body, due: false }).await.unwrap();
        let flaws = verify(world.store()).await.unwrap().flaws;
        assert!(flaws.iter().any(|flaw| flaw.number == 5), "{flaws:?}");
    })
    .await;
}

#[tokio::test]
async fn whoever_fails_and_whenever_people_and_the_audit_are_the_same() {
    scenario_with_faults(
        async |world| world.project().await,
        async |world| {
            world.say("ann", "/invite @Bob<bob> member").await;
            world.say("bob", "first").await;
            world.agent_starts().await;
            world.agent_asks("a1", command("ls")).await;
            world.press("bob", "Allow once").await;
            world.say("bob", "second").await;
            world.say("ann", "/remove @Bob<bob>").await;
        },
    )
    .await;
}

#[tokio::test]
async fn nobody_but_the_owner_hands_over() {
    scenario(async |world| {
        team(world).await;
        world.say("cat", "/owner @Cat<cat>").await;
        assert!(world.shown().contains("you may not hand PoCo over"));
        let to = poco_core::Named { id: UserId::new("cat"), name: "Cat".into() };
        let (card, _) = world.button("People").await;
        let sure = Action::HandOver { to, sure: true };
        world.press_on("cat", &card, &sure, &[]).await;
        assert!(world.toast().contains("you may not hand PoCo over"));
        world.say("ann", "/owner @Cat<cat>").await;
        world.press("ann", "Hand over").await;
        // The operator named the owner of this world.
        assert!(world.shown_with("POCO_OWNER").contains("restart"));
    })
    .await;
}

#[tokio::test]
async fn no_project_of_a_former_owner_is_lost_to_a_limit() {
    scenario(async |world| {
        world.say("ann", "hello").await;
        world.skim();
        let project = |n: usize| Listing {
            chat: ChatId::new(format!("oc_{n}")),
            name: format!("p{n}"),
            agent: "codex".into(),
            workdir: "/srv".into(),
            leaving: false,
            archived: false,
        };
        let of = |range: std::ops::Range<usize>| range.map(project).collect::<Vec<_>>();
        world.tell(Fact::Inherited { projects: of(0..50) }).await;
        assert!(!world.shown().contains("more than"));
        world.tell(Fact::Inherited { projects: of(50..51) }).await;
        assert!(world.shown().contains("That is more than 50."));
        world.tell(Fact::Adopted { projects: of(51..52) }).await;
        assert!(world.shown().contains("That is more than 50."));
        let Kind::Lobby(lobby) = world.room().kind else { panic!("no lobby") };
        assert_eq!(lobby.projects.len(), 52);
    })
    .await;
}

#[tokio::test]
async fn the_owner_hands_over_and_the_other_accepts() {
    scenario_without_owner(async |world| {
        world.offer_pairing("ABCD2345").await;
        world.say("ann", "ABCD2345").await;
        world.project().await;
        world.say("ann", "/owner @Cat<cat>").await;
        world.say("cat", "/accept").await;
        world.press("ann", "Hand over").await;
        assert!(world.shown_with("It is offered to Cat").contains("/accept"));
        world.go("dm-eve").await;
        world.say("eve", "/accept").await;
        world.go("api").await;
        world.say("ann", "still mine").await;
        assert!(world.sent().contains("still mine"));
        world.skim();
        world.go("dm-cat").await;
        world.say("cat", "/accept").await;
        assert!(world.shown_with("Projects that are yours now: 1.").contains("You have 1 project"));
        world.skim();
        world.press("cat", "Manage").await;
        assert!(world.shown().contains("**api**"));
        world.go("api").await;
        // Whoever was the owner is an admin, and no more.
        world.say("ann", "/invite @Bob<bob> admin").await;
        assert!(world.shown().contains("As admin you may not say who is an admin."));
        world.say("ann", "/invite @Bob<bob> member").await;
        assert!(world.shown().contains("Bob is member now."));
        world.go(DIRECT).await;
        world.say("ann", "hello").await;
        assert!(world.shown().contains("owner only"));
        let lines = lines(world.store()).await.unwrap();
        let count = |did: &str| lines.iter().filter(|line| line.did == did).count();
        assert_eq!((count("become-owner"), count("offer-owner")), (3, 2), "{lines:?}");
    })
    .await;
}
