//! Writes `docs/cards.md`: every card as it looks, what each of its buttons does, and who may press it.
//! Each button is pressed on the way.

mod page;
mod picture;

use page::Sheet;
use poco_core::setup::{Folder, FolderQuery, Tokens, Usage};
use poco_core::{
    Action, Ask, CardRef, Choices, Model, Offers, Outcome, Pages, Question, Report, Runner,
    RunnerId, Text,
};
use poco_tests::{DIRECT, World, command, scenario};
use std::collections::BTreeMap;

#[tokio::test]
async fn the_page_of_cards_is_up_to_date() {
    scenario(async |world| {
        let mut sheet = Sheet::new(world.app().terms().await.unwrap());
        lobby(world, &mut sheet).await;
        folders(world, &mut sheet).await;
        agent_and_session(world, &mut sheet).await;
        tasks(world, &mut sheet).await;
        questions(world, &mut sheet).await;
        files(world, &mut sheet).await;
        people(world, &mut sheet).await;
        archived(world, &mut sheet).await;
        world.skim();
        every_action_is_on_a_card(&sheet);
        sheet.written();
    })
    .await;
}

async fn lobby(world: &mut World, sheet: &mut Sheet) {
    world.say("ann", "hello").await;
    sheet.add(world, "Home", "PoCo Projects");
    world.press("ann", "New").await;
    sheet.add(world, "New project", "New Project");
    world.press("ann", "Cancel").await;
    world.project().await;
    world.go(DIRECT).await;
    world.press("ann", "Manage").await;
    sheet.add(world, "Projects", "Manage Projects");
    world.press("ann", "Open").await;
    sheet.add(world, "A project, in the direct chat", "Project: api");
    world.go("api").await;
    sheet.add(world, "Workspace", "Workspace: api");
    world.say("ann", "/help").await;
    sheet.add(world, "Help", "Commands");
    world.press("ann", "Project").await;
    sheet.add(world, "A project, in its group", "Project: api");
    world.press("ann", "Configure Repo").await;
    sheet.add(world, "Repo", "Repo: api");
    world.press("ann", "Cancel").await;
    sheet.add(world, "A card that was put away", "Closed.");
}

async fn folders(world: &mut World, sheet: &mut Sheet) {
    world.press("ann", "Working Dir").await;
    sheet.add(world, "Working dir, while the machine looks", "Looking at `/srv/api`");
    let query = FolderQuery { path: "/srv/api".into(), page: 1, ..FolderQuery::default() };
    let names = vec!["docs".to_owned(), "src".to_owned()];
    world.folders_are(Folder { query, parent: Some("/srv".into()), names, pages: 3 }).await;
    sheet.add(world, "Working dir", "Open a folder");
    world.press("ann", "Enter Path Manually").await;
    sheet.add(world, "Working dir, by its path", "Path on the machine");
    world.fill("ann", "Apply", &[("workdir", "/srv/web")]).await;
    world.folder_is("/srv/web").await;
    sheet.add(world, "Working dir, chosen", "works in");
    world.press("ann", "Project").await;
    world.press("ann", "Manage Dir Presets").await;
    world.fill("ann", "Add Preset", &[("workdir", "/srv/web")]).await;
    world.folder_is("/srv/web").await;
    sheet.add(world, "Presets, to add and remove", "Dir Presets: api");
    world.press("ann", "Project").await;
    world.press("ann", "Configure Default Dir").await;
    sheet.add(world, "Default dir", "Default Dir: api");
    for (title, button) in [("Recent dirs", "Recent"), ("Presets", "Presets")] {
        world.press("ann", "Working Dir").await;
        let query = FolderQuery { path: "/srv/web".into(), ..FolderQuery::default() };
        world.folders_are(Folder { query, parent: None, names: vec![], pages: 1 }).await;
        if title == "Presets" {
            sheet.add(world, "Working dir, with presets and recent ones", "[Presets]");
        }
        world.press("ann", button).await;
        sheet.add(world, title, "Use 1");
    }
}

async fn agent_and_session(world: &mut World, sheet: &mut Sheet) {
    world.press("ann", "Agent").await;
    sheet.add(world, "Agent, before it has said what it offers", "not known yet");
    let model = Model { id: "m1".into(), name: "Model 1".into(), efforts: vec!["low".into()] };
    let list = |words: [&str; 2]| words.map(str::to_owned).to_vec();
    let codex = Choices {
        models: vec![model],
        sandboxes: list(["read-only", "workspace-write"]),
        approval_policies: list(["on-request", "never"]),
        ..Choices::default()
    };
    let offers: Offers = BTreeMap::from([("codex".to_owned(), codex)]);
    world.agents_offer(offers);
    sheet.terms = world.app().terms().await.unwrap();
    world.press("ann", "Look again").await;
    sheet.add(world, "Agent", "Choose for");
    world.fill("ann", "Apply", &[("model", "m1")]).await;
    sheet.add(world, "Agent, chosen", "has **codex** now");
    world.say("ann", "fix the login").await;
    world.agent_starts().await;
    world.agent_ends(Outcome::Answered { answer: Pages::one("a", "Done.") }).await;
    world.press("ann", "Session").await;
    sheet.add(world, "Session", "Session: api");
    world.press("ann", "Enter Session ID").await;
    sheet.add(world, "Session, by its id", "Session ID");
    world.fill("ann", "Apply", &[("backend_session_id", "0199-abc")]).await;
    sheet.add(world, "Session, picked", "goes on in “0199-abc”");
}

async fn tasks(world: &mut World, sheet: &mut Sheet) {
    sheet.add(world, "Task: complete", "[Complete]");
    world.say("ann", "confirm: drop the table").await;
    sheet.add(world, "Task: waits for a person's word", "Run this?");
    world.press("ann", "Approve").await;
    sheet.add(world, "Task: handed to its machine", "[Created]");
    world.agent_starts().await;
    sheet.add(world, "Task: running", "[Running] Task");
    world.press("ann", "Run Task").await;
    sheet.add(world, "Composer", "Run Task: api");
    world.say("ann", "then this").await;
    world.say("ann", "and then that").await;
    sheet.add(world, "Task: queued", "[Queued]");
    sheet.add(world, "Workspace, with a queue", "Workspace: api");
    world.agent_asks("a1", command("rm -r old")).await;
    sheet.add(world, "Task: the agent asks", "Run this command?");
    world.press("ann", "Allow once").await;
    let reason = Text::verbatim("The machine was switched off.");
    let outcome = Outcome::Interrupted { reason, partial: None, begun: Some(true) };
    world.agent_ends(outcome).await;
    sheet.add(world, "Task: interrupted", "[Interrupted]");
    let reason = Text::verbatim("The model is busy.");
    world.agent_starts().await;
    world.agent_ends(Outcome::Failed { reason, partial: None }).await;
    sheet.add(world, "Task: failed", "[Error]");
    world.agent_starts().await;
    world.agent_ends(Outcome::Answered { answer: Pages::one("b", "Done, too.") }).await;
}

async fn questions(world: &mut World, sheet: &mut Sheet) {
    world.say("ann", "ask me").await;
    world.agent_starts().await;
    let free = Question { id: "q1".into(), text: "Which name?".into(), options: vec![] };
    let options = vec!["red".to_owned(), "blue".to_owned()];
    let choice = Question { id: "q2".into(), text: "Which colour?".into(), options };
    world.agent_asks("a2", Ask::Questions(vec![free, choice])).await;
    sheet.add(world, "Task: the agent has questions", "Which colour?");
    world.fill("ann", "Answer", &[("answer_0", "Bo"), ("answer_1", "red")]).await;
    let command = world.pages(&["first\n", "second\n"]).await;
    let ask = Ask::Command { command, cwd: "/srv/api".into(), reason: Text::default() };
    world.agent_asks("a3", ask).await;
    world.press("ann", "Next Page").await;
    sheet.add(world, "Task: a long question", "Previous Page");
    world.press("ann", "Deny").await;
    world.agent(Report::Used { usage: USED }).await;
    world.agent_brings(&["/srv/web/plot.png"], DIFF).await;
    world.agent_answers(&["See plot.png.", "And the rest."]).await;
    sheet.add(world, "Task: complete, with pages, changes and files", "See plot.png.");
    world.press("ann", "Next Page").await;
    sheet.add(world, "Task: complete, its last page", "And the rest.");
    world.press("ann", "Changes: 2 files, +3 −1").await;
    sheet.add(world, "Changes", "[Changes]");
}

async fn files(world: &mut World, sheet: &mut Sheet) {
    world.send("ann", &["one.png"], "").await;
    sheet.add(world, "Files that wait for words", "[Waiting] Files");
    world.press("ann", "Drop").await;
    sheet.add(world, "Files, dropped", "[Dropped]");
    world.send("ann", &["a.png", "b.pdf"], "look").await;
    world.agent_lacks("b.pdf", "it is too large").await;
    sheet.add(world, "Task: a file could not be had", "Run without");
    world.press("ann", "Discard").await;
    world.not_sent("plot.png", "It is not there.").await;
    sheet.add(world, "A file that was not sent", "plot.png");
}

async fn people(world: &mut World, sheet: &mut Sheet) {
    world.say("ann", "/invite @Bob<bob> admin").await;
    sheet.add(world, "People", "People: api");
    world.press("ann", "Make owner").await;
    sheet.add(world, "Hand over", "Hand PoCo over?");
    world.press("ann", "Cancel").await;
    world.press("ann", "Approval rules").await;
    sheet.add(world, "Approval rules", "Approval rules: api");
    world.fill("ann", "Set", &[("when_two", "outside")]).await;
    world.say("ann", "deploy").await;
    world.agent_starts().await;
    world.agent_asks("a4", command("make deploy")).await;
    world.press("ann", "Allow once").await;
    sheet.add(world, "Task: two people must allow", "1 of 2");
    world.agent_ends(Outcome::Stopped { partial: None }).await;
    sheet.add(world, "Task: stopped", "[Stopped]");
    sheet.terms.runners = ["laptop", "tower"].map(runner).to_vec();
    let card = sheet.shown(world.room(), &Action::Machines);
    sheet.card("Machines", &card, &CardRef::new("m1"), &world.room());
    sheet.terms.runners.clear();
}

async fn archived(world: &mut World, sheet: &mut Sheet) {
    world.press("ann", "Project").await;
    world.press("ann", "Archive").await;
    sheet.add(world, "Workspace of an archived project", "Workspace: api");
    world.press("ann", "Restore").await;
}

/// Checks that no action a button may carry is missing on the page.
fn every_action_is_on_a_card(sheet: &Sheet) {
    let source = [
        include_str!("../../crates/core/src/press.rs"),
        include_str!("../../crates/core/src/press/setup.rs"),
    ];
    // These are typed, or were on cards of older versions; `doctor.tap` is on the card of `poco doctor`.
    let elsewhere = [
        "doctor.tap",
        "help",
        "people.accept",
        "project.bind_group",
        "task.new_conversation",
        "task.queue",
        "task.status",
        "workspace.choose_runner",
    ];
    let names = source.iter().flat_map(|text| text.split("Self::intent(\"").skip(1));
    for name in names.filter_map(|rest| rest.split('"').next()) {
        assert_eq!(sheet.has(name), !elsewhere.contains(&name), "{name}");
    }
}

const USED: Usage = Usage {
    turn: Tokens { input: 1_200, cached: 800, output: 90, reasoning: 0 },
    total: Tokens { input: 5_400, cached: 3_000, output: 410, reasoning: 0 },
};

const DIFF: &str = "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1,2 @@\n-old\n+new\n+more\n\
                    --- /dev/null\n+++ b/b.txt\n@@ -0,0 +1 @@\n+b\n";

fn runner(id: &str) -> Runner {
    Runner {
        id: RunnerId::new(id),
        host: id.to_owned(),
        version: "0".into(),
        agents: vec!["codex".into()],
        settings: None,
        models: Default::default(),
        offers: Default::default(),
        turns: 1,
        seats: 16,
        since: page::NOW,
        draining: false,
        seen: page::NOW,
    }
}
