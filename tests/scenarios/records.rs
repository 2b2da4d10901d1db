//! What any released version has written can be read, and lived on with.
//!
//! A folder holds what one version wrote; it never changes once that version is released. To write
//! one for a new version, name it: `POCO_WRITE_RECORDS=0.2 cargo test -p poco-tests records`.

use poco_core::{Ask, ChatId, Outcome, Pages, Question, Report, TaskId, Text, UserId};
use poco_io::port::Job;
use poco_tests::{DIRECT, World, command, scenario};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/records")
}

/// Returns the JSON texts of a file, by their names.
fn read(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap();
    let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    // A page is a text and no JSON.
    let text =
        |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    values.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn write(file: &Path, values: impl Iterator<Item = (String, serde_json::Value)>) {
    let values: serde_json::Map<_, _> = values.collect();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, serde_json::to_string_pretty(&values).unwrap() + "\n").unwrap();
}

/// Fills a world with one of everything that is stored.
async fn one_of_everything(world: &mut World) {
    world.offer_pairing("ABCD2345").await;
    world.say("eve", "let me in").await;
    world.project().await;
    for (number, outcome) in outcomes(world).await.into_iter().enumerate() {
        world.say("ann", &format!("task {number}")).await;
        world.agent_starts().await;
        world.agent_ends(outcome).await;
    }
    world.press("ann", "Discard").await;
    world.say("ann", "/new").await;
    world.say("ann", "confirm: run").await;
    world.say("ann", "cancelled").await;
    world.press("ann", "Cancel").await;
    world.press("ann", "Approve").await;
    world.agent_starts().await;
    world.agent_asks("a1", command("ls")).await;
    world.press("ann", "Allow for this session").await;
    world.agent_asks("a2", command("rm x")).await;
    world.fill("ann", "Deny and tell it why", &[("why_2", "keep it")]).await;
    world.say("ann", "merged").await;
    world.press("ann", "Add to the running turn").await;
    for (number, ask) in asks(world).await.into_iter().enumerate() {
        world.agent_asks(&format!("b{number}"), ask).await;
    }
    world.fill("ann", "Answer", &[("answer_0", "yes")]).await;
    world.say("ann", "waits").await;
    world.go("other").await;
    world.go(DIRECT).await;
    world.press("ann", "New").await;
    let fields = [("name", "web"), ("backend", "stub"), ("workdir", "~/web")];
    world.fill("ann", "Create Project + Group", &fields).await;
    world.say("ann", "/run in the lobby").await;
    world.agent_is_given_it().await;
    world.say("ann", "/stop").await;
    world.platform_goes_down();
    world.go("api").await;
    world.say("ann", "owed").await;
    world.say("ann", "/help").await;
    world.skim();
}

async fn outcomes(world: &mut World) -> Vec<Outcome> {
    let (answer, partial) = (world.pages(&["one", "two"]).await, Some(Pages::one("p", "half")));
    let reason = Text::verbatim("codex ended.");
    vec![
        Outcome::Answered { answer },
        Outcome::Failed { reason: reason.clone(), partial: partial.clone() },
        Outcome::Stopped { partial: None },
        Outcome::Interrupted { reason: reason.clone(), partial, begun: Some(true) },
        Outcome::Interrupted { reason, partial: None, begun: None },
    ]
}

async fn asks(world: &mut World) -> Vec<Ask> {
    let question = |options| Question { id: "q".into(), text: "Sure?".into(), options };
    let diff = world.pages(&["```diff\n+a\n```", "```diff\n+b\n```"]).await;
    vec![
        Ask::Questions(vec![question(vec!["yes".into(), "no".into()])]),
        Ask::Patch { diff, files: vec!["a".into()], reason: Text::verbatim("as asked") },
        Ask::Permission { what: Pages::one("w", "network"), reason: Text::default() },
        Ask::Questions(vec![question(vec![])]),
    ]
}

#[tokio::test]
async fn what_this_version_writes_can_be_lived_on_with() {
    scenario(async |world| {
        one_of_everything(world).await;
        live_on(&mut World::left_with(&world.documents()).await).await;
        write_down(world);
        world.platform_comes_back();
        world.settle().await;
        world.skim();
    })
    .await;
}

/// Writes the folder of a version, if one is named.
fn write_down(world: &World) {
    let Ok(version) = std::env::var("POCO_WRITE_RECORDS") else { return };
    let parse = |(key, body): (String, String)| {
        let value = serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body));
        (key, value)
    };
    let folder = folder().join(version);
    write(&folder.join("documents.json"), world.documents().into_iter().map(parse));
    let job = |job: Job| (job.id.clone(), serde_json::to_value(&job).unwrap());
    write(&folder.join("jobs.json"), world.jobs().into_iter().map(job));
}

#[tokio::test]
async fn what_every_version_wrote_can_be_lived_on_with() {
    let mut versions = 0;
    for version in fs::read_dir(folder()).unwrap() {
        let version = version.unwrap().path();
        versions += 1;
        for (id, body) in read(&version.join("jobs.json")) {
            let job: Job = serde_json::from_str(&body).unwrap();
            assert_eq!(job.id, id);
        }
        let documents = read(&version.join("documents.json"));
        let mut world = World::left_with(&documents).await;
        for (key, _) in &documents {
            if let Some(task) = key.strip_prefix("task/") {
                assert!(world.app().task(&TaskId::new(task)).await.unwrap().is_some(), "{key}");
            }
        }
        let rooms = world.app().rooms().await.unwrap();
        for chat in ["house", DIRECT, "api"] {
            assert!(rooms.iter().any(|(it, _)| *it == ChatId::new(chat)), "no room {chat}");
        }
        live_on(&mut world).await;
    }
    assert!(versions > 0, "nothing was read");
}

/// Ends the running task and sees what waits begin.
async fn live_on(world: &mut World) {
    world.go("api").await;
    let task = world.room().desk.current.expect("a task runs").id;
    let (id, by, text) = ("s".to_owned(), UserId::new("ann"), "late".to_owned());
    world.report(&task, Report::SteerMissed { id, by, text }).await;
    let answer = world.pages(&["ok"]).await;
    world
        .report(&task, Report::Ended { outcome: Outcome::Answered { answer }, steps: vec![] })
        .await;
    assert!(world.shown_with("[Complete]").contains("ok"));
    let desk = world.room().desk;
    assert_eq!(desk.current.unwrap().prompt, "waits");
    assert!(desk.waiting.iter().any(|task| task.prompt == "late"));
    assert!(desk.waiting.iter().any(|task| task.prompt == "owed"));
}
