//! `poco doctor` sees what is well and names what is not, each part broken in turn.

use crate::stage::{OWNER, Stage, WITHIN};
use poco_sim::feishu::{Cut, Fault, Message, Options};
use serde_json::Value;
use std::process::{Output, Stdio};

/// What the doctor said: its exit code, and verdict, detail and fix by part.
struct Told {
    code: i32,
    findings: Vec<Value>,
}

impl Told {
    fn read(output: &Output) -> Self {
        let value: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        Self {
            code: output.status.code().unwrap(),
            findings: value["findings"].as_array().unwrap().clone(),
        }
    }

    fn of(&self, part: &str) -> &Value {
        let found = self.findings.iter().find(|it| it["name"] == part);
        found.unwrap_or_else(|| panic!("no {part} in {:?}", self.findings))
    }

    fn is_ok(&self, parts: &[&str]) {
        for part in parts {
            assert_eq!(self.of(part)["verdict"], "ok", "{:?}", self.findings);
        }
    }

    /// Asserts that this part alone failed, and how.
    fn fails(&self, part: &str, detail: &str, fix: &str) {
        assert_eq!(self.code, 1, "{:?}", self.findings);
        let failed: Vec<_> = self.findings.iter().filter(|it| it["verdict"] == "failed").collect();
        let names: Vec<_> = failed.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, [part], "{:?}", self.findings);
        let text = |field: &str| failed[0][field].as_str().unwrap().to_owned();
        assert!(text("detail").contains(detail), "{:?}", failed[0]);
        assert!(text("fix").contains(fix), "{:?}", failed[0]);
    }
}

/// Looks without waiting for a tap.
async fn look(stage: &Stage) -> Told {
    Told::read(&stage.command(&["doctor", "--no-tap", "--json"]).output().await.unwrap())
}

/// Looks, and taps the card as soon as it is there.
async fn look_and_tap(stage: &Stage) -> Told {
    let mut doctor = stage.command(&["doctor", "--json", "--wait", "30"]);
    let doctor = doctor.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    let card = stage.card(&chat, has_button).await;
    let pressed = stage.feishu.press(OWNER, &card.id, "I see it", &[]).await.unwrap();
    assert!(pressed.error.is_none(), "{pressed:?}");
    assert!(pressed.toast.unwrap().content.contains("arrived"), "the person is told too");
    Told::read(&doctor.wait_with_output().await.unwrap())
}

fn has_button(card: &Message) -> bool {
    card.labels().contains(&"I see it".to_owned())
}

const TRIP: [&str; 3] = ["card to the owner", "live line", "picture there and back"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_well_while_poco_runs() {
    let stage = Stage::new().await;
    let told = look_and_tap(&stage).await;
    assert_eq!(told.code, 0, "{:?}", told.findings);
    told.is_ok(&["settings", "lock", "store and queue", "agent", "Feishu app", "events", "owner"]);
    told.is_ok(&["groups"]);
    assert_eq!(told.of("messages")["verdict"], "could_not_tell", "none was written yet");
    told.is_ok(&TRIP);
    told.is_ok(&["tap comes back"]);
    assert!(told.of("agent")["detail"].as_str().unwrap().contains("codex"));
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    let card = stage.card(&chat, |card| card.text.contains("typed onto the card")).await;
    assert!(!card.streaming);
    stage.say(&chat, "hi");
    stage.card(&chat, |card| card.labels().contains(&"New".to_owned())).await;
    look(&stage).await.is_ok(&["messages"]);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_well_while_poco_is_stopped() {
    let stage = Stage::owned().await;
    let told = look_and_tap(&stage).await;
    assert_eq!(told.code, 0, "{:?}", told.findings);
    told.is_ok(&["settings", "lock", "store and queue", "agent codex", "Feishu app", "events"]);
    told.is_ok(&TRIP);
    told.is_ok(&["tap comes back"]);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_to_a_doctor_is_not_lost_on_poco() {
    let mut stage = Stage::owned().await;
    let mut doctor = stage.command(&["doctor", "--json", "--wait", "60"]);
    let doctor = doctor.stdout(Stdio::piped()).spawn().unwrap();
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    let card = stage.card(&chat, has_button).await;
    stage.say(&chat, "is anybody there?");
    let bob = stage.feishu.press("bob", &card.id, "I see it", &[]).await;
    assert!(bob.is_err() || bob.unwrap().error.is_some(), "not whose tap is waited for");
    stage.feishu.press(OWNER, &card.id, "I see it", &[]).await.unwrap();
    assert_eq!(Told::read(&doctor.wait_with_output().await.unwrap()).code, 0);
    stage.start().await;
    stage.feishu.advance(std::time::Duration::from_secs(60));
    stage.card(&chat, |card| card.labels().contains(&"New".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_of_the_round_trip_is_named_when_it_is_broken() {
    let stage = Stage::new().await;
    let cases = [
        ("POST", "/open-apis/cardkit/v1/cards", 99_991_672, "card to the owner", "permission"),
        ("PATCH", "/open-apis/cardkit", 99_991_672, "live line", "permission"),
        ("PUT", "/open-apis/cardkit", 300_310, "live line", "cards change in steps"),
        ("POST", "/open-apis/im/v1/images", 99_991_672, "picture there and back", "im:resource"),
        ("GET", "/open-apis/im/v1/messages", 99_991_672, "picture there and back", "im:resource"),
        ("GET", "/open-apis/im/v1/chats", 99_991_672, "groups", "permission"),
        ("GET", "/open-apis/bot", 99_991_662, "Feishu app", "enable"),
    ];
    for (method, path, code, part, fix) in cases {
        stage.feishu.fault(Fault::refuse(method, path, code));
        let told = look(&stage).await;
        let failed = told.findings.iter().find(|it| it["verdict"] == "failed");
        let failed = failed.unwrap_or_else(|| panic!("{part}: {:?}", told.findings));
        assert_eq!(failed["name"], part);
        let said = failed["fix"].as_str().unwrap().to_lowercase();
        assert!(said.contains(&fix.to_lowercase()), "{failed}");
        assert_eq!(told.code, 1);
        stage.feishu.clear_faults();
    }
    let told = look(&stage).await;
    assert_eq!(told.code, 0, "{:?}", told.findings);
    assert_eq!(told.of("tap comes back")["verdict"], "could_not_tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tap_that_does_not_come_is_told_with_what_to_do() {
    let stage = Stage::new().await;
    let doctor = stage.command(&["doctor", "--json", "--wait", "1"]).output().await.unwrap();
    Told::read(&doctor).fails("tap comes back", "within 1 s", "card.action.trigger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_named() {
    // No owner.
    let mut stage = Stage::empty(Options::default()).await;
    look(&stage).await.fails("owner", "nobody is the owner", "poco pair");
    // Another secret.
    let owner = stage.feishu.open_id(OWNER).unwrap();
    stage.set("POCO_OWNER_OPEN_ID", &owner);
    let secret = stage.feishu.app_secret();
    stage.set("POCO_FEISHU_APP_SECRET", "not-the-secret");
    look(&stage).await.fails("Feishu app", "secret", "App Secret");
    stage.set("POCO_FEISHU_APP_SECRET", &secret);
    // No program for the agent.
    stage.set("POCO_CODEX_COMMAND", "/nowhere/codex");
    look(&stage).await.fails("agent", "/nowhere/codex", "POCO_AGENT_BACKEND");
    stage.unset("POCO_CODEX_COMMAND");
    // A database of somebody else.
    std::fs::create_dir_all(stage.home()).unwrap();
    std::fs::write(stage.home().join("poco.db"), "no database at all, but as long as one").unwrap();
    look(&stage).await.fails("store and queue", "damaged", "poco import");
    std::fs::remove_file(stage.home().join("poco.db")).unwrap();
    // The long connection.
    stage.feishu.refuse_endpoint(1_000_040_351, 1);
    look(&stage).await.fails("events", "", "POCO_FEISHU_API_BASE_URL");
    // Settings.
    stage.set("POCO_CODEX_SANDBOX", "sandcastle");
    look(&stage).await.fails("settings", "POCO_CODEX_SANDBOX", "poco config --list");
    stage.unset("POCO_CODEX_SANDBOX");
    // No app at all.
    stage.unset("POCO_FEISHU_APP_ID");
    look(&stage).await.fails("Feishu app", "there is none", "poco config --qr");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poco_whose_connection_is_down_is_told() {
    let stage = Stage::new().await;
    stage.feishu.refuse_endpoint(1_000_040_351, 1_000);
    stage.feishu.cut(Cut::Close);
    stage
        .feishu
        .wait_until(WITHIN, |feishu| (feishu.connections() == 0).then_some(()))
        .await
        .unwrap();
    let told = look(&stage).await;
    assert_eq!(told.of("events")["verdict"], "failed", "{:?}", told.findings);
}
