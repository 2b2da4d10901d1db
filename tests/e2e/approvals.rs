//! The agent asks, a person answers.

use crate::stage::{OWNER, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_allowed_once() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    assert!(card.text.contains("touch made.txt"), "{}", card.text);
    assert!(card.text.contains("work/api"), "it says where: {}", card.text);
    for label in ["Allow once", "Allow for this session", "Deny", "Deny and tell it why", "Stop"] {
        assert!(card.labels().iter().any(|it| it == label), "{label}: {}", card.plain());
    }
    assert!(!stage.work().join("api/made.txt").exists(), "not before somebody says so");
    let pressed = stage.press(&card.id, "Allow once", &[]).await;
    assert!(pressed.toast.is_some_and(|toast| toast.content.contains("Allowed once")));
    stage.titled(&group, "[Complete]", "Tools said").await;
    assert!(stage.work().join("api/made.txt").exists());
    // It was for once.
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    stage.press(&card.id, "Deny", &[]).await;
    stage.titled(&group, "[Complete]", "rejected by user").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_for_the_session_is_not_asked_again() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    stage.press(&card.id, "Allow for this session", &[]).await;
    stage.titled(&group, "[Complete]", "Tools said").await;
    std::fs::remove_file(stage.work().join("api/made.txt")).unwrap();
    stage.say(&group, "escalate: touch made.txt");
    let second = |card: &poco_sim::feishu::Message| card.text.starts_with("[Complete]");
    stage.cards(&group, 2, second).await;
    assert!(stage.work().join("api/made.txt").exists());
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_is_told_why_it_was_denied() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    stage.press(&card.id, "Deny and tell it why", &[("why_1", "use a branch instead")]).await;
    stage.titled(&group, "[Complete]", "use a branch instead").await;
    let last = stage.model.seen().last().unwrap().body.to_string();
    assert!(last.contains("rejected by user") && last.contains("use a branch instead"));
    assert!(!stage.work().join("api/made.txt").exists());
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_is_an_answer_too() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "escalate: touch made.txt");
    let card = stage.asking(&group).await;
    stage.press(&card.id, "Stop", &[]).await;
    let stopped = stage.titled(&group, "[Stopped] Task:", "").await;
    assert_eq!(stopped.id, card.id);
    assert!(!stopped.labels().iter().any(|label| label.starts_with("Allow")));
    // Somebody whose screen was late is told, and nothing runs.
    let late = stage.press_on(&card, "Allow once").await;
    assert!(late.toast.is_some(), "{late:?}");
    assert!(!stage.work().join("api/made.txt").exists());
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_outside_is_shown_as_a_diff() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let outside = stage.folder.join("out.txt");
    stage.say(&group, &format!("patch: {} word-of-the-diff", outside.display()));
    let card = stage.asking(&group).await;
    assert!(card.text.contains("word-of-the-diff"), "{}", card.text);
    assert!(card.text.contains("out.txt"), "{}", card.text);
    assert!(!outside.exists());
    stage.press(&card.id, "Allow once", &[]).await;
    stage.titled(&group, "[Complete]", "").await;
    assert!(outside.exists());
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_with_a_choice() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "question: Which colour?");
    let card = stage.asking(&group).await;
    assert!(card.plain().contains("Which colour?"), "{}", card.plain());
    stage.press(&card.id, "Answer", &[("answer_0", "Blue")]).await;
    stage.titled(&group, "[Complete]", "Blue").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_wait_side_by_side_and_the_first_answer_to_each_wins() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "two: touch one ; touch other");
    let both = |card: &poco_sim::feishu::Message| {
        card.labels().iter().filter(|label| *label == "Allow once").count() == 2
    };
    let card = stage.card(&group, both).await;
    let first = card.buttons().into_iter().find(|button| button.label == "Allow once").unwrap();
    let value = first.value.unwrap();
    stage.feishu.forge(OWNER, &card.id, &value).await.unwrap();
    let late = stage.feishu.forge(OWNER, &card.id, &value).await.unwrap();
    let told = late.toast.unwrap().content;
    assert!(told.contains("answered this already: allowed once"), "{told}");
    let one = |card: &poco_sim::feishu::Message| {
        card.labels().iter().filter(|label| *label == "Allow once").count() == 1
    };
    let card = stage.card(&group, one).await;
    stage.press(&card.id, "Deny", &[]).await;
    stage.titled(&group, "[Complete]", "rejected by user").await;
    let made = ["one", "other"].map(|name| stage.work().join("api").join(name).exists());
    assert_ne!(made[0], made[1], "one was allowed, the other was not");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_do_what_buttons_do() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "/run escalate: touch made.txt");
    let card = stage.asking(&group).await;
    let name = stage.task_of(&card);
    stage.say(&group, &format!("/approve {name}"));
    stage.titled(&group, "[Complete]", "Tools said").await;
    assert!(stage.work().join("api/made.txt").exists());
    stage.say(&group, "escalate: touch never.txt");
    let card = stage.asking(&group).await;
    let name = stage.task_of(&card);
    stage.say(&group, &format!("/reject {name} not on a Friday"));
    stage.titled(&group, "[Complete]", "not on a Friday").await;
    assert!(!stage.work().join("api/never.txt").exists());
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_that_wants_a_word_first_waits_for_it() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "confirm: deploy it");
    let card = stage.titled(&group, "[Waiting] Task:", "deploy it").await;
    assert_eq!(stage.model.turns("deploy it"), 0);
    stage.press(&card.id, "Approve", &[]).await;
    let done = stage.titled(&group, "[Complete]", "deploy it").await;
    assert_eq!(done.id, card.id);
    stage.say(&group, "confirm: delete it");
    let card = stage.titled(&group, "[Waiting] Task:", "delete it").await;
    stage.press(&card.id, "Reject", &[]).await;
    stage.titled(&group, "[Stopped] Task:", "").await;
    assert_eq!(stage.model.turns("delete it"), 0);
    stage.is_well();
}
