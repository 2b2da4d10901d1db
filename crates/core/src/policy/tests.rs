//! What everything that can be sent needs, as data.

use super::*;

#[test]
fn every_right_has_one_line() {
    for (at, row) in TABLE.iter().enumerate() {
        let same = |other: &Row| other.right == row.right || other.word == row.word;
        assert_eq!(TABLE.iter().position(same), Some(at), "{} is there twice", row.word);
        assert_eq!(row.right.word(), row.word);
    }
}

/// A room in which Ann's task runs and asks, and both Ann and Bob have more that is theirs.
fn room() -> Room {
    let event = |id: &str| EventId::new(id);
    let mut room = Room::default();
    let settings = crate::Settings {
        runner: crate::RunnerId::local(),
        agent: "codex".into(),
        workdir: "/srv".into(),
        model: None,
        effort: None,
        sandbox: "workspace-write".into(),
        approval_policy: "on-request".into(),
        mode: None,
    };
    let (ann, lobby) = (UserId::new("ann"), crate::ChatId::new("lobby"));
    let mut project = crate::Project::new("api".into(), ann, settings, lobby);
    let person = |role| crate::Person {
        name: String::new(),
        role,
        since: crate::Timestamp(1),
        by: UserId::new("ann"),
    };
    project.people.insert(UserId::new("bob"), person(Role::Member));
    project.people.insert(UserId::new("cat"), person(Role::Admin));
    project.past.push(crate::setup::Conversation {
        thread: crate::ThreadId::new("known"),
        agent: "codex".into(),
        runner: crate::RunnerId::local(),
        words: String::new(),
        used: crate::Timestamp(1),
    });
    project.looking.push(crate::setup::Looking {
        request: event("asked"),
        card: crate::CardKey::Workspace,
        why: crate::setup::Why::Browse,
        path: "/srv".into(),
    });
    room.kind = Kind::Project(project);
    for (by, text) in [("ann", "one"), ("ann", "two"), ("bob", "three")] {
        say(&mut room, by, text);
    }
    let ask = crate::Ask::Questions(vec![]);
    let (id, nature) = (crate::ApprovalId::new("asks"), crate::Nature::default());
    let approval = Approval { id, ask, nature };
    let task = room.desk.current.as_mut().unwrap();
    task.phase = crate::Phase::Running;
    task.pending.push(crate::Pending { number: 1, approval, page: 0, allowed: vec![] });
    for (by, id) in [("ann", "held-ann"), ("bob", "held-bob")] {
        room.desk.held.push(crate::Held {
            id: event(id),
            by: UserId::new(by),
            topic: None,
            enclosed: Default::default(),
            at: crate::Timestamp(1),
        });
    }
    let broken = |task: &crate::Task, id: &str| crate::Archive {
        chat: crate::ChatId::new("api"),
        task: crate::Task { id: TaskId::new(id), ..task.clone() },
        outcome: crate::Outcome::Stopped { partial: None },
        steps: vec![],
        ended: crate::Timestamp(1),
        settled: None,
    };
    let waiting = room.desk.waiting.clone();
    room.desk.broken.extend([broken(&waiting[0], "cut-ann"), broken(&waiting[1], "cut-bob")]);
    let tasks = room.desk.current.iter_mut().chain(&mut room.desk.waiting);
    for (task, name) in tasks.zip(["run-ann", "wait-ann", "wait-bob"]) {
        task.id = TaskId::new(name);
    }
    room
}

fn say(room: &mut Room, by: &str, text: &str) {
    let terms = Terms {
        owner: Some(UserId::new("ann")),
        house: crate::ChatId::new("house"),
        agents: vec!["codex".into()],
        settings: crate::Settings {
            runner: crate::RunnerId::local(),
            agent: "codex".into(),
            workdir: "/srv".into(),
            model: None,
            effort: None,
            sandbox: String::new(),
            approval_policy: String::new(),
            mode: None,
        },
        lang: crate::Lang::En,
        runners: vec![],
        offers: Default::default(),
    };
    let action = Action::Say { text: text.to_owned() };
    let event = Event {
        id: EventId::new(format!("say {text}")),
        chat: crate::ChatId::new("api"),
        at: crate::Timestamp(1),
        lang: None,
        fact: Fact::Acted { by: UserId::new(by), via: Via::Group, action },
    };
    crate::decide(&terms, room, &event);
}

/// Every command, as Bob would send it.
#[rustfmt::skip]
const COMMANDS: &[(&str, &str)] = &[
    ("do it",                     "run"),
    ("/run do it",                "run"),
    ("/status",                   "look"),
    ("/status wait-ann",          "look"),
    ("/approve run-ann",          "approve-other"),
    ("/approve asks",             "approve-other"),
    ("/approve wait-bob",         "approve-own"),
    ("/reject run-ann",           "approve-other"),
    ("/stop",                     "stop-other"),
    ("/stop run-ann",             "stop-other"),
    ("/stop wait-ann",            "stop-other"),
    ("/stop wait-bob",            "stop-own"),
    ("/stop nothing",             "stop-own"),
    ("/steer more",               "run"),
    ("/queue",                    "look"),
    ("/new",                      "run"),
    ("/diff",                     "look"),
    ("/send a.txt",               "run"),
    ("/move",                     "look"),
    ("/move laptop",              "configure"),
    ("/people",                   "look"),
    ("/invite @Eve<eve>",         "invite"),
    ("/invite @Eve<eve> viewer",  "invite"),
    ("/invite @Eve<eve> admin",   "make-admin"),
    ("/invite @Eve<eve> owner",   "hand-over"),
    ("/invite @Cat<cat> viewer",  "make-admin"),
    ("/remove @Eve<eve>",         "invite"),
    ("/remove @Bob<bob>",         "leave"),
    ("/remove @Cat<cat>",         "make-admin"),
    ("/remove @Bob<bob> @Eve<eve>", "invite"),
    ("/rules",                    "look"),
    ("/owner @Bob<bob>",          "hand-over"),
    ("/accept",                   "look"),
    ("/lang",                     "configure"),
    ("/lang en",                  "configure"),
    ("/help",                     "look"),
    ("/nonsense",                 "look"),
];

/// What a press carries beside its intent.
type Fields = &'static [(&'static str, &'static str)];

/// Every press, old names included, as Bob's client would send it.
#[rustfmt::skip]
const PRESSES: &[(&str, Fields, &str)] = &[
    ("doctor.tap",                     &[], "look"),
    ("project.home",                   &[], "look"),
    ("project.new",                    &[], "create"),
    ("project.manage",                 &[], "look"),
    ("project.list",                   &[], "look"),
    ("project.create",                 &[("name", "x")], "create"),
    ("project.delete",                 &[("project_id", "api")], "delete"),
    ("project.send_file",              &[("path", "a")], "run"),
    ("project.open",                   &[], "look"),
    ("project.rename",                 &[("name", "x")], "configure"),
    ("project.archive",                &[], "configure"),
    ("project.restore",                &[], "configure"),
    ("project.configure_repo",         &[], "look"),
    ("project.bind_group",             &[], "look"),
    ("project.configure_default_dir",  &[], "look"),
    ("project.set_default_dir",        &[("workdir", "/x")], "configure"),
    ("project.manage_dir_presets",     &[], "look"),
    ("project.add_dir_preset",         &[("workdir", "/x")], "configure"),
    ("project.remove_dir_preset",      &[("workdir", "/x")], "configure"),
    ("project.configure_agent",        &[], "look"),
    ("workspace.open",                 &[], "look"),
    ("workspace.choose_runner",        &[], "look"),
    ("workspace.apply_runner",         &[("runner", "x")], "configure"),
    ("workspace.enter_path",           &[], "configure"),
    ("workspace.enter_path_manual",    &[], "look"),
    ("workspace.apply_entered_path",   &[("workdir", "/x")], "configure"),
    ("workspace.use_default_dir",      &[], "configure"),
    ("workspace.choose_preset",        &[], "look"),
    ("workspace.apply_preset_dir",     &[("workdir", "/x")], "configure"),
    ("workspace.use_recent_dir",       &[], "look"),
    ("workspace.choose_agent",         &[], "look"),
    ("workspace.choose_model",         &[], "look"),
    ("workspace.apply_agent",          &[("model", "m")], "configure"),
    ("workspace.apply_model",          &[("model", "m")], "configure"),
    ("workspace.choose_session",       &[], "look"),
    ("workspace.enter_session_id",     &[], "look"),
    ("workspace.clear_session",        &[], "run"),
    ("workspace.apply_session",        &[("backend_session_id", "known")], "run"),
    ("workspace.fork_session",         &[("backend_session_id", "known")], "run"),
    ("workspace.apply_session",        &[("backend_session_id", "else")], "configure"),
    ("workspace.fork_session",         &[("backend_session_id", "else")], "configure"),
    ("workspace.apply_entered_session_id", &[("input_value", "else")], "configure"),
    ("workspace.close",                &[], "look"),
    ("workspace.close",                &[("looking", "over")], "look"),
    ("workspace.close",                &[("looking", "asked")], "configure"),
    ("task.submit",                    &[("prompt", "x")], "run"),
    ("task.open_composer",             &[], "run"),
    ("task.status",                    &[("task_id", "run-ann")], "look"),
    ("task.stop",                      &[("task_id", "run-ann")], "stop-other"),
    ("task.stop",                      &[("task_id", "wait-ann")], "stop-other"),
    ("task.stop",                      &[("task_id", "wait-bob")], "stop-own"),
    ("task.open",                      &[("task_id", "old")], "look"),
    ("task.continue",                  &[("task_id", "cut-ann")], "run"),
    ("task.again",                     &[("task_id", "cut-ann")], "run"),
    ("task.without",                   &[("task_id", "cut-ann")], "run"),
    ("task.discard",                   &[("task_id", "cut-ann")], "stop-other"),
    ("task.discard",                   &[("task_id", "cut-bob")], "run"),
    ("task.drop_files",                &[("held", "held-ann")], "stop-other"),
    ("task.drop_files",                &[("held", "held-bob")], "run"),
    ("task.hasten",                    &[("task_id", "wait-bob")], "run"),
    ("task.steer",                     &[("steer_prompt", "x")], "run"),
    ("task.steer_queue",               &[("task_id", "wait-ann")], "stop-other"),
    ("task.steer_queue",               &[("task_id", "wait-bob")], "run"),
    ("task.changes",                   &[], "look"),
    ("task.approve",                   &[("task_id", "run-ann")], "approve-other"),
    ("task.approve_session",           &[("task_id", "asks")], "approve-other"),
    ("task.reject",                    &[("task_id", "run-ann")], "approve-other"),
    ("task.answer",                    &[("approval_id", "asks")], "approve-other"),
    ("task.ask_page",                  &[("approval_id", "asks")], "approve-other"),
    ("task.ask_page",                  &[("approval_id", "over")], "approve-own"),
    ("task.queue",                     &[], "look"),
    ("task.new_conversation",          &[], "run"),
    ("people.open",                    &[], "look"),
    ("people.invite",                  &[("person", "eve"), ("as", "member")], "invite"),
    ("people.invite",                  &[("person", "bob"), ("as", "admin")], "make-admin"),
    ("people.invite",                  &[("person", "cat"), ("as", "viewer")], "make-admin"),
    ("people.invite",                  &[("person", "bob"), ("as", "owner")], "hand-over"),
    ("people.remove",                  &[("person", "eve")], "invite"),
    ("people.remove",                  &[("person", "cat")], "make-admin"),
    ("people.remove",                  &[("person", "bob")], "leave"),
    ("people.rules",                   &[], "look"),
    ("people.set_rules",               &[("approvers", "members"), ("two", "none")], "set-rules"),
    ("people.hand_over",               &[("person", "bob"), ("sure", "yes")], "hand-over"),
    ("people.accept",                  &[], "look"),
    ("room.language",                  &[], "configure"),
    ("help",                           &[], "look"),
    ("no.such_thing",                  &[], "look"),
];

#[test]
fn every_command_and_every_press_needs_what_the_table_says() {
    let (room, bob) = (room(), UserId::new("bob"));
    for (text, word) in COMMANDS {
        let needed = right(&room, &bob, &Action::parse(text));
        assert_eq!(needed.word(), *word, "{text}");
    }
    for (intent, fields, word) in PRESSES {
        let mut press = crate::Press::default();
        let intent = [("intent_key", *intent)];
        for (name, value) in intent.iter().chain(*fields) {
            press.0.insert((*name).to_owned(), (*value).to_owned());
        }
        let needed = right(&room, &bob, &press.action());
        assert_eq!(needed.word(), *word, "{press:?}");
    }
}

#[test]
fn nothing_that_can_be_sent_is_left_out() {
    let source = [include_str!("../press.rs"), include_str!("../press/setup.rs")].concat();
    let literal = source.split('"').skip(1).step_by(2);
    let is_intent = |it: &&str| {
        let name = |part: &str| {
            !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
        };
        it.split_once('.').is_some_and(|(area, what)| name(area) && name(what))
    };
    for intent in literal.filter(is_intent) {
        let known = PRESSES.iter().any(|(it, ..)| *it == intent);
        assert!(known || intent == "task.stop_all", "{intent} is in no line");
    }
    let source = include_str!("../action.rs");
    let words = source.split("word: \"").skip(1).filter_map(|it| it.split('"').next());
    for word in words.chain(["move"]) {
        let spelled = format!("/{word}");
        let known = COMMANDS.iter().any(|(it, _)| it.split(' ').next() == Some(&spelled));
        assert!(known, "{spelled} is in no line");
    }
}

#[test]
fn whoever_is_more_may_more() {
    let rank = |leave| match leave {
        Leave::Deny => 0,
        Leave::Rule => 1,
        Leave::Allow => 2,
    };
    for row in TABLE {
        assert!(row.leave.map(rank).is_sorted(), "{}", row.word);
        assert_eq!(row.leave[Role::Owner as usize], Leave::Allow, "{}", row.word);
    }
}
