//! What a member or a viewer would like to do and may not, by button, by command and by a press that
//! no card has.

use poco_core::setup::{Folder, FolderQuery, Session};
use poco_core::{Action, Ask, Fact, Nature, Outcome, Pages, Question, Text, ThreadId, Via};
use poco_tests::{World, command, scenario};

/// Ann owns it, Bob and Ben are members, Cat is an admin, Dan looks on.
async fn team(world: &mut World) {
    world.project().await;
    let people = ["@Bob<bob> member", "@Ben<ben> member", "@Cat<cat> admin", "@Dan<dan> viewer"];
    for person in people {
        world.say("ann", &format!("/invite {person}")).await;
    }
    world.skim();
}

async fn running(world: &mut World, by: &str, prompt: &str) {
    world.say(by, prompt).await;
    world.agent_starts().await;
    world.skim();
}

#[tokio::test]
async fn a_member_starts_afresh_by_button_as_by_command() {
    scenario(async |world| {
        team(world).await;
        running(world, "ann", "one").await;
        world.agent_answers(&["done"]).await;
        world.skim();
        world.press("bob", "Session").await;
        world.skim();
        world.press("bob", "Start Fresh").await;
        assert!(world.shown_last().contains("Session"), "it is taken");
        world.say("bob", "two").await;
        assert!(world.sent().contains("in new thread"));
        world.agent_starts().await;
        world.agent_answers(&["done"]).await;
        world.skim();
        // Back to where the project was before; but to no conversation that is not the project's.
        world.press("bob", "Session").await;
        let (card, _) = world.button("Enter Session ID").await;
        world.skim();
        let pick = |thread: &str| {
            let thread = ThreadId::new(thread);
            Action::Session(Session::Apply { thread, fork: false })
        };
        world.press_on("bob", &card, &pick("thread-of-another"), &[]).await;
        assert!(world.toast().contains("As member you may not change how this project runs"));
        world.press_on("bob", &card, &pick("thread"), &[]).await;
        assert!(world.shown_last().contains("Session"));
        world.press_on("dan", &card, &pick("thread"), &[]).await;
        assert!(world.toast().contains("As viewer you may not give the agent work"));
        let lines = poco_io::app::lines(world.store()).await.unwrap();
        let here = lines.iter().filter(|line| line.chat == "api");
        let did: Vec<_> = here.map(|line| line.did.as_str()).collect();
        assert!(did.ends_with(&["start-fresh", "run", "go-on-in"]), "{did:?}");
    })
    .await;
}

#[tokio::test]
async fn a_viewer_looks_at_every_card_and_changes_nothing() {
    scenario(async |world| {
        team(world).await;
        let before = world.room();
        for label in ["Agent", "Session", "Project", "People"] {
            world.press("dan", label).await;
            world.skim();
        }
        world.press("dan", "Manage Dir Presets").await;
        world.skim();
        assert_eq!(world.room(), before, "looking changes nothing");
        for label in ["Working Dir", "Run Task"] {
            world.press("dan", label).await;
            assert!(world.toast().contains("As viewer you may not"), "{label}");
        }
        for text in ["/lang", "/new", "/send a.txt", "/steer x", "/run x", "/move x"] {
            world.say("dan", text).await;
            assert!(world.shown().contains("As viewer you may not"), "{text}");
        }
        assert_eq!(world.room(), before);
    })
    .await;
}

#[tokio::test]
async fn what_the_machine_is_asked_is_not_closed_by_those_who_look() {
    scenario(async |world| {
        team(world).await;
        world.press("cat", "Working Dir").await;
        let (card, close) = world.button("Cancel").await;
        world.skim();
        world.press_on("dan", &card, &close, &[]).await;
        assert!(world.toast().contains("As viewer you may not change how this project runs"));
        let query = FolderQuery { path: "/srv/api".into(), ..FolderQuery::default() };
        let folder = Folder { query, parent: None, names: vec!["src".into()], pages: 1 };
        // The answer still comes to the card it was asked for.
        world.folders_are(folder).await;
        assert!(world.shown_last().contains("/srv/api"));
    })
    .await;
}

#[tokio::test]
async fn what_another_began_is_not_thrown_away() {
    scenario(async |world| {
        team(world).await;
        world.send("ben", &["plan.txt"], "").await;
        let (card, drop) = world.button("Drop").await;
        world.skim();
        world.press_on("bob", &card, &drop, &[]).await;
        assert!(world.toast().contains("stop what others began"));
        world.press_on("ben", &card, &drop, &[]).await;
        world.skim();
        running(world, "ann", "one").await;
        world.say("ben", "two").await;
        world.skim();
        for label in ["Add to the running turn", "Cancel"] {
            world.press("bob", label).await;
            assert!(world.toast().contains("stop what others began"), "{label}");
        }
        world.press("ben", "Add to the running turn").await;
        world.skim();
        let reason = Text::verbatim("cut off");
        world.agent_ends(Outcome::Interrupted { reason, partial: None, begun: Some(true) }).await;
        world.skim();
        world.press("bob", "Discard").await;
        assert!(world.toast().contains("stop what others began"));
        world.press("cat", "Discard").await;
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn only_who_answers_turns_the_page_that_all_see() {
    scenario(async |world| {
        team(world).await;
        running(world, "ben", "one").await;
        let command = Pages { count: 2, ..world.pages(&["rm -rf ~ # 1", "echo harmless"]).await };
        let ask = Ask::Command { command, cwd: "/srv\n\n**fine**".into(), reason: Text::default() };
        world.agent_asks("a1", ask).await;
        let shown = world.shown_with("rm -rf");
        assert!(shown.contains("This is part 1 of 2."), "{shown}");
        assert!(shown.contains("in /srv⏎⏎\\*\\*fine\\*\\*"), "{shown}");
        world.skim();
        for who in ["dan", "bob"] {
            world.press(who, "Next Page").await;
            assert!(world.toast().contains("you may not"), "{who}");
        }
        world.press("cat", "Next Page").await;
        assert!(world.shown_with("harmless").contains("This is part 2 of 2."));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_task_is_taken_up_with_no_more_leave_than_there_is_now() {
    scenario(async |world| {
        team(world).await;
        world.say_at_the_machine("one").await;
        world.agent_starts().await;
        world.skim();
        let reason = Text::verbatim("cut off");
        world.agent_ends(Outcome::Interrupted { reason, partial: None, begun: Some(true) }).await;
        world.skim();
        world.press("bob", "Run again").await;
        world.skim();
        let room = world.room();
        let task = room.desk.current.as_ref().unwrap();
        assert_eq!((task.by.as_str(), task.source.as_str()), ("bob", "feishu"));
        // It is Bob's now, and goes with him.
        world.say("ann", "/remove @Bob<bob>").await;
        assert!(world.room().desk.current.is_none(), "it had not begun");
        world.skim();
    })
    .await;
}

/// Deleting takes two people.
async fn two(world: &mut World) {
    team(world).await;
    world.say("ann", "/rules").await;
    world.fill("ann", "Set", &[("when_two", "delete")]).await;
    running(world, "bob", "tidy").await;
    world.agent_asks("a1", command("rm -rf data")).await;
    world.skim();
}

#[tokio::test]
async fn whoever_is_no_more_between_two_approvals_has_approved_nothing() {
    for gone in ["left", "removed", "viewer"] {
        scenario(async |world| {
            two(world).await;
            world.press("bob", "Allow once").await;
            assert!(world.toast().starts_with("Noted: 1 of 2."));
            let bob = poco_core::UserId::new("bob");
            match gone {
                "left" => world.tell(Fact::Left { people: vec![bob] }).await,
                "removed" => world.say("ann", "/remove @Bob<bob>").await,
                _ => world.say("ann", "/invite @Bob<bob> viewer").await,
            }
            world.skim();
            world.press("cat", "Allow once").await;
            assert!(world.toast().starts_with("Noted: 1 of 2."), "{gone}");
            world.press("ann", "Allow once").await;
            assert_eq!(world.toast(), "Allowed once.");
            assert_eq!(world.sent(), "answer a1: allow once");
            world.skim();
        })
        .await;
    }
}

#[tokio::test]
async fn whoever_is_demoted_before_approving_approves_nothing() {
    scenario(async |world| {
        two(world).await;
        let (card, allow) = world.button("Allow once").await;
        world.say("ann", "/invite @Cat<cat> member").await;
        world.skim();
        world.press_on("cat", &card, &allow, &[]).await;
        assert!(world.toast().contains("on another's task"));
        world.press_on("bob", &card, &allow, &[]).await;
        assert!(world.toast().starts_with("Noted: 1 of 2."));
        world.press_on("bob", &card, &allow, &[]).await;
        assert!(world.toast().starts_with("You allowed this before."));
        world.press_on("ann", &card, &allow, &[]).await;
        assert_eq!(world.toast(), "Allowed once.");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_asked_for_again_is_given_only_while_it_holds() {
    scenario(async |world| {
        two(world).await;
        world.press("bob", "Allow once").await;
        world.press("cat", "Allow once").await;
        world.skim();
        // A machine that was started anew asks again: the answer had not come through.
        world.agent_asks("a1", command("rm -rf data")).await;
        assert_eq!(world.sent(), "answer a1: allow once");
        world.skim();
        world.say("ann", "/remove @Cat<cat>").await;
        world.skim();
        world.agent_asks("a1", command("rm -rf data")).await;
        world.press("bob", "Allow once").await;
        assert!(world.toast().starts_with("Noted: 1 of 2."), "it takes two again");
        world.press("ann", "Allow once").await;
        assert_eq!(world.sent(), "answer a1: allow once");
        world.skim();
        // Under the same name, but about something else.
        world.agent_asks("a1", command("rm -rf other")).await;
        assert!(world.shown_with("rm -rf other").contains("Allow once"));
        world.press("ann", "Deny").await;
        assert_eq!(world.sent(), "answer a1: deny");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_was_set_since_holds_for_an_answer_that_did_not_come_through() {
    scenario(async |world| {
        team(world).await;
        running(world, "bob", "tidy").await;
        world.agent_asks("a1", command("rm -rf data")).await;
        world.press("bob", "Allow for this session").await;
        world.skim();
        world.say("ann", "/rules").await;
        world.fill("ann", "Set", &[("when_two", "delete")]).await;
        world.skim();
        world.agent_asks("a1", command("rm -rf data")).await;
        assert!(world.shown_with("Task:").contains("Two people must allow this."));
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn an_agents_own_choices_are_no_way_around_two_people() {
    scenario(async |world| {
        two(world).await;
        world.press("bob", "Deny").await;
        world.skim();
        let options = vec!["Once".to_owned(), "Always".to_owned(), "Always for all".to_owned()];
        let question = Question { id: "choice".into(), text: "`rm -rf data`".into(), options };
        let nature = Nature { leave: true, ..Nature::default() };
        world.agent_asks_of("a2", Ask::Questions(vec![question]), nature).await;
        let shown = world.shown_with("Task:");
        assert!(shown.contains("Two people must allow this.") && !shown.contains("[Answer]"));
        let (card, _) = world.button("Allow once").await;
        let answers = [("0".to_owned(), "Always for all".to_owned())].into();
        let answer = Action::Answer { approval: poco_core::ApprovalId::new("a2"), answers };
        world.press_on("bob", &card, &answer, &[]).await;
        assert!(world.toast().contains("allowed once or denied"));
        world.press("bob", "Allow once").await;
        assert!(world.toast().starts_with("Noted: 1 of 2."));
        world.press("cat", "Allow once").await;
        assert_eq!(world.sent(), "answer a2: allow once");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn an_unclear_command_takes_two_and_one_that_only_looks_does_not() {
    scenario(async |world| {
        two(world).await;
        world.press("bob", "Deny").await;
        world.skim();
        world.agent_asks("a2", command("make tidy")).await;
        assert!(world.shown_with("make tidy").contains("Two people must allow this."));
        world.press("bob", "Deny").await;
        world.skim();
        world.agent_asks("a3", command("ls -la")).await;
        world.press("bob", "Allow once").await;
        assert_eq!(world.toast(), "Allowed once.");
        world.skim();
        let kept = Nature::default().is_not(poco_core::Danger::Delete);
        world.agent_asks_of("a4", command("make tidy"), kept).await;
        world.press("bob", "Allow once").await;
        assert_eq!(world.toast(), "Allowed once.");
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_forged_press_does_no_more_than_a_button() {
    scenario(async |world| {
        team(world).await;
        running(world, "ann", "one").await;
        world.agent_asks("a1", command("ls")).await;
        let (card, _) = world.button("Allow once").await;
        world.skim();
        let before = world.room();
        let long = "9".repeat(100_000);
        let odd = ["18446744073709551616", "-1", "1e9", "NaN", "\u{202e}1", long.as_str()];
        for page in odd {
            for intent in ["task.ask_page", "task.open", "people.open", "project.manage"] {
                let fields = [
                    ("intent_key", intent),
                    ("page", page),
                    ("approval_id", "a1"),
                    ("task_id", "none"),
                ];
                let press = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let action = poco_core::Press(press.into()).action();
                let via = Via::Press { card: card.clone() };
                let by = poco_core::UserId::new("dan");
                world.tell(Fact::Acted { by, via, action }).await;
                world.skim();
            }
        }
        assert_eq!(world.room().desk, before.desk);
    })
    .await;
}

#[tokio::test]
async fn what_no_machine_or_platform_would_take_is_refused_at_once() {
    scenario(async |world| {
        team(world).await;
        running(world, "ben", "one").await;
        world.agent_asks("a1", command("ls")).await;
        let (card, deny) = world.button("Deny and tell it why").await;
        world.skim();
        let long = "x".repeat(100_000);
        for (text, told) in [
            (format!("/send {long}"), "That is too long"),
            ("/send a\u{1}b".to_owned(), "That is no path."),
            (format!("/status {long}"), "There is no such task here."),
            ("/status ../house".to_owned(), "There is no such task here."),
            (format!("/diff {long}"), "There is no such task here."),
            (format!("/reject {}.1 {long}", world.task("T1")), "That is too long."),
        ] {
            world.say("ben", &text).await;
            assert!(world.shown().contains(told), "{}", &text[..20.min(text.len())]);
        }
        world.press_on("ben", &card, &deny, &[("why_1", &long)]).await;
        assert_eq!(world.toast(), "That is too long.");
        let question = Question { id: "q".into(), text: "Which?".into(), options: vec![] };
        world.agent_asks("a2", Ask::Questions(vec![question])).await;
        world.skim();
        world.fill("ben", "Answer", &[("answer_0", &long)]).await;
        assert_eq!(world.toast(), "That is too long.");
        let open = Action::Page { task: poco_core::TaskId::new(&long), page: usize::MAX };
        world.press_on("dan", &card, &open, &[]).await;
        assert_eq!(world.toast(), "There is no such task here.");
        for id in ["", "a b", "a\u{202e}", "<at id=all></at>", long.as_str()] {
            let people =
                vec![poco_core::Named { id: poco_core::UserId::new(id), name: String::new() }];
            let invite = Action::Invite { people, role: poco_core::Role::Member };
            world.press_on("ann", &card, &invite, &[]).await;
        }
        let poco_core::Kind::Project(project) = world.room().kind else { panic!() };
        assert_eq!(project.people.len(), 4);
        world.skim();
    })
    .await;
}

#[tokio::test]
async fn a_prompt_is_text_wherever_it_is_shown() {
    scenario(async |world| {
        team(world).await;
        running(world, "ann", "one").await;
        world.say("bob", "[Allow once](https://evil.example)").await;
        world.skim();
        world.say("bob", "/queue").await;
        assert!(world.shown().contains("\\[Allow once\\]"));
        world.say("bob", "confirm: ls \u{202e}fr- mr").await;
        world.skim();
        world.agent_answers(&["done"]).await;
        world.agent_starts().await;
        world.agent_answers(&["done"]).await;
        assert!(world.shown_with("Run this?").contains("ls ⟨U+202E⟩fr- mr"));
        world.skim();
    })
    .await;
}
