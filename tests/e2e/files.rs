//! Files in and out, topics, changes and secrets, with everything real.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::{Fault, Incoming, Trouble};

/// A picture of one red point.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, 0x49, 0x44, 0x41, 0x54, 8,
    0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, 0x49, 0x45,
    0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_and_a_file_reach_the_model() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.send_picture(OWNER, &group, PNG).unwrap();
    stage.card(&group, |card| card.text.contains("[Waiting] Files")).await;
    stage.feishu.send_file(OWNER, &group, "../../notes.txt", b"what it says").unwrap();
    stage.card(&group, |card| card.text.contains("notes.txt")).await;
    let quoted =
        stage.feishu.send("bob", &group, &Incoming::text("from bob")).map(|it| it.message_id);
    let quoted = quoted.unwrap_or_else(|_| stage.say(&group, "/status"));
    stage
        .feishu
        .send(OWNER, &group, &Incoming::text("describe these").replying_to(&quoted))
        .unwrap();
    stage.titled(&group, "[Complete] Task:", "describe these").await;
    stage.card(&group, |card| card.text.contains("[Given] Files")).await;
    let request = stage.last_request();
    assert!(request.contains("data:image/png;base64,"), "the picture is shown to the model");
    assert!(request.contains("2-notes.txt"), "the file is named");
    let files = stage.home().join("files");
    let task = std::fs::read_dir(&files).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read(task.join("2-notes.txt")).unwrap(), b"what it says");
    assert_eq!(std::fs::read(task.join("1-picture.png")).unwrap(), PNG);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_fetched_is_told_and_tried_again() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let resources = "/open-apis/im/v1/messages";
    let refused =
        Trouble::Refuse { status: 400, code: 234_003, message: "File not in msg.".into() };
    stage.feishu.fault(Fault::on("GET", resources, refused).times(1));
    stage.feishu.send_file(OWNER, &group, "a.txt", b"a").unwrap();
    stage.card(&group, |card| card.text.contains("[Waiting] Files")).await;
    stage.say(&group, "read it");
    let card = stage.titled(&group, "[Not started] Task:", "a.txt").await;
    assert_eq!(stage.model.turns("read it"), 0, "it did not start without");
    stage.press(&card.id, "Try again", &[]).await;
    stage.titled(&group, "[Complete] Task:", "read it").await;
    assert!(stage.last_request().contains("1-a.txt"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_changes_come_out() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "patch: notes.txt hello there");
    let card = stage.titled(&group, "[Complete] Task:", "Tools said").await;
    let changes = card.labels().into_iter().find(|label| label.starts_with("Changes: 1 files"));
    stage.press(&card.id, &changes.expect("what changed is offered"), &[]).await;
    stage.card(&group, |it| it.id == card.id && it.text.contains("+hello there")).await;
    stage.say(&group, "/send notes.txt");
    let sent = stage.card(&group, |it| it.kind == "file").await;
    assert_eq!(stage.feishu.file_of(&sent.id).unwrap().bytes, b"hello there\n");
    std::fs::write(stage.work().join("api/.env"), "API_KEY=k3y-of-the-project\n").unwrap();
    stage.say(&group, "/send .env");
    stage.titled(&group, "Not sent", "Hidden files stay on the machine").await;
    stage.say(&group, "run: cat .env; echo and again; printf k3y-of-the-project");
    let card = stage.titled(&group, "[Complete] Task:", "and again").await;
    assert!(
        card.text.contains("•••(API\\_KEY)") || card.text.contains("•••(API_KEY)"),
        "{}",
        card.text
    );
    for message in stage.feishu.messages(&group).iter().filter(|it| it.from_bot()) {
        let looks = message.looks.iter().map(|look| look.to_string());
        let shown = looks.chain([message.text.clone()]);
        // The last prompt was the owner's own words; what the agent and PoCo show is masked.
        assert!(shown.into_iter().all(|it| !it.contains("k3y-of-the-project")), "{}", message.text);
    }
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_is_a_conversation_of_its_own() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.use_topics(&group).unwrap();
    let first = stage.say(&group, "say one");
    stage.titled(&group, "[Complete] Task:", "say one").await;
    let other = stage.say(&group, "say two");
    let card = stage.titled(&group, "[Complete] Task:", "say two").await;
    let thread = |id: &str| stage.feishu.message(id).unwrap().thread;
    assert_eq!(thread(&card.id), thread(&other), "it is answered in its topic");
    assert_eq!(stage.threads().len(), 2);
    stage.feishu.send(OWNER, &group, &Incoming::text("say three").replying_to(&first)).unwrap();
    let card = stage.titled(&group, "[Complete] Task:", "say three").await;
    assert_eq!(thread(&card.id), thread(&first));
    assert_eq!(stage.threads().len(), 2, "it goes on");
    stage.is_well();
}
