//! The flows of a day, by a person with a phone.

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_becomes_an_answer_on_one_card() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "say hello");
    let card = stage.titled(&group, "[Complete] Task:", "hello").await;
    assert!(card.looks.len() > 1, "it was updated in place");
    let tasks = stage.feishu.messages(&group);
    let tasks = tasks.iter().filter(|it| it.text.contains("Task:")).count();
    assert_eq!(tasks, 1, "one card for one task");
    assert_eq!(stage.model.turns("say hello"), 1);
    assert_eq!(stage.feishu.violations(), []);
    assert_eq!(stage.feishu.complaints(), Vec::<String>::new());
}
