//! Projects are made and deleted in the direct chat.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::{Fault, Message};

/// Brings up the form for a new project; returns the card it is on.
async fn form(stage: &Stage, chat: &str) -> String {
    stage.say(chat, "hi");
    let home = stage.card(chat, |card| has(card, "New")).await;
    stage.press(&home.id, "New", &[]).await;
    stage.card(chat, |card| card.id == home.id && has(card, "Create Project + Group")).await.id
}

fn has(card: &Message, label: &str) -> bool {
    card.labels().iter().any(|it| it == label)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_gets_a_group_with_its_workspace_card() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let card = stage.titled(&group, "[Idle] Workspace: api", "").await;
    assert!(card.text.contains("work/api"), "{}", card.text);
    stage.say(&group, "slow: 2");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    let busy = stage.titled(&group, "[Running] Workspace: api", "slow: 2").await;
    assert_eq!(busy.id, card.id);
    stage.model.go(1);
    stage.titled(&group, "[Idle] Workspace: api", "").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_can_not_be_made_leaves_nothing_behind() {
    let stage = Stage::new().await;
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    let card = form(&stage, &chat).await;
    let create = "Create Project + Group";
    let nowhere = stage.folder.join("nowhere");
    let fields = [("name", "api"), ("workdir", nowhere.to_str().unwrap())];
    stage.press(&card, create, &fields).await;
    let told =
        stage.card(&chat, |it| it.id == card && it.text.contains("There is no folder")).await;
    assert!(told.plain().contains("api"), "what was filled in stays: {}", told.plain());
    assert!(!nowhere.exists());

    stage.feishu.fault(Fault::refuse("POST", "/open-apis/im/v1/chats", 232_024));
    let work = stage.work();
    let fields = [("name", "api"), ("workdir", work.to_str().unwrap())];
    stage.press(&card, create, &fields).await;
    let failed = |it: &Message| it.id == card && it.text.contains("could not be made");
    stage.card(&chat, failed).await;
    assert_eq!(stage.feishu.groups().len(), 0);
    stage.press(&card, "Cancel", &[]).await;
    stage.card(&chat, |it| it.id == card && has(it, "Manage")).await;
    stage.press(&card, "Manage", &[]).await;
    stage.card(&chat, |it| it.id == card && it.text.contains("You have no projects.")).await;

    // The name is free, and once the platform is willing, it works.
    stage.feishu.clear_faults();
    stage.project("api").await;
    assert_eq!(stage.feishu.groups().len(), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_does_not_make_a_second_group() {
    let stage = Stage::new().await;
    let lost = Fault::on("POST", "/open-apis/im/v1/chats", poco_sim::feishu::Trouble::LoseAnswer);
    stage.feishu.fault(lost.times(1));
    let group = stage.project("api").await;
    assert_eq!(stage.feishu.groups().len(), 1);
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "hello").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_is_deleted_stops_first() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 2");
    stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.say(&group, "next");
    stage.titled(&group, "[Queued] Task:", "next").await;
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    stage.say(&chat, "hi again");
    stage.cards(&chat, 2, |card| has(card, "Manage")).await;
    let home = stage.card(&chat, |card| has(card, "Manage")).await;
    stage.press(&home.id, "Manage", &[]).await;
    let list = stage.card(&chat, |it| it.id == home.id && has(it, "Delete Project")).await;
    let button = list.buttons().into_iter().find(|it| it.label == "Delete Project").unwrap();
    assert!(button.confirm.is_some(), "it asks first");
    stage.press(&home.id, "Delete Project", &[]).await;
    stage.card(&chat, |it| it.id == home.id && it.text.contains("You have no projects.")).await;
    stage.titled(&group, "[Stopped] Task:", "piece 0").await;
    stage.titled(&group, "Deleted: api", "").await;
    assert_eq!(stage.model.turns("next"), 0);
    stage.say(&group, "still there?");
    stage.titled(&group, "PoCo", "was deleted").await;
    assert!(stage.work().join("api").exists(), "the folder stays");
    stage.is_well();
}
