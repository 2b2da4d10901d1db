//! The flows of a day, by a person with a phone.

use crate::stage::{OWNER, Stage};
use poco_sim::feishu::{Fault, Incoming, Message, Trouble};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_becomes_an_answer_on_one_card() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "say hello");
    let card = stage.titled(&group, "[Complete] Task:", "hello").await;
    assert!(card.looks.len() > 1, "it was updated in place");
    stage.feishu.mention(OWNER, &group, "say it again").unwrap();
    stage.titled(&group, "[Complete] Task:", "Model answer to: say it again").await;
    let post = Incoming::post("A post", &["with two", "lines"]);
    stage.feishu.send(OWNER, &group, &post).unwrap();
    stage.titled(&group, "[Complete] Task:", "lines").await;
    let tasks = stage.feishu.messages(&group);
    let tasks = tasks.iter().filter(|it| it.text.contains("Task:")).count();
    assert_eq!(tasks, 3, "one card for one task");
    assert_eq!(stage.model.turns("say hello"), 1);
    assert_eq!(stage.model.turns("say it again"), 1, "the mention is not part of the prompt");
    assert_eq!(stage.model.turns("A post\n\nwith two\nlines"), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_poco_signs_in_with_is_not_in_an_agents_environment() {
    let mut stage = Stage::owned().await;
    let setting = |name: &str| stage.setting(name).unwrap().to_owned();
    let bot = format!("its secret is {}", setting("POCO_FEISHU_APP_SECRET"));
    stage.set("MY_BOT", &bot);
    stage.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/for-poco-alone");
    stage.set("AWS_SDK_UA_APP_ID", "let-through");
    stage.set("POCO_AGENT_ENV", "AWS_SDK_UA_APP_ID");
    stage.start().await;
    let group = stage.project("api").await;
    stage.say(&group, "run: env | sort");
    let card = stage.titled(&group, "[Complete] Task:", "AWS_SDK_UA_APP_ID=let-through").await;
    let kept_back = ["MY_BOT", "POCO_", "AWS_CONTAINER", "AWS_ENDPOINT", "AWS_ACCESS"];
    for name in kept_back {
        assert!(!card.text.contains(name), "{name} in {}", card.text);
    }
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_typed_while_the_model_writes_it() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 4");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    assert!(card.is_entity() && card.streaming, "it is typed onto");
    for n in 1..=3 {
        let puts = stage.feishu.count_calls("PUT", "/open-apis/cardkit");
        stage.model.go(1);
        if n < 3 {
            let grown = stage.titled(&group, "[Running] Task:", &format!("piece {n}")).await;
            assert_eq!(grown.id, card.id);
            assert!(stage.feishu.count_calls("PUT", "/open-apis/cardkit") > puts);
        }
    }
    let done = stage.titled(&group, "[Complete]", "piece 3").await;
    assert_eq!(done.id, card.id);
    assert!(!done.streaming, "and the typing has ended");
    let typed = stage.feishu.calls();
    let typed = typed.iter().filter(|call| call.path.ends_with("/content") && call.code == 0);
    assert!(typed.count() > 1, "element by element");
    assert_eq!(stage.feishu.count_calls("PATCH", "/open-apis/im/v1/messages"), patches(&stage));
    stage.is_well();
}

/// Those of the workspace card, which nothing is typed onto.
fn patches(stage: &Stage) -> usize {
    let calls = stage.feishu.calls();
    let patches = calls.iter().filter(|call| call.method == "PATCH" && call.path.contains("/im/"));
    patches.filter(|call| !call.body["content"].to_string().contains("Task:")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_leave_to_type_the_message_is_replaced_as_it_grows() {
    let stage = Stage::new().await;
    stage.feishu.fault(Fault::refuse("POST", "/open-apis/cardkit/v1/cards", 99_991_672));
    let group = stage.project("api").await;
    stage.say(&group, "slow: 3");
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    assert!(!card.is_entity());
    stage.model.go(1);
    let grown = stage.titled(&group, "[Running] Task:", "piece 1").await;
    assert_eq!(grown.id, card.id);
    stage.model.go(1);
    let done = stage.titled(&group, "[Complete]", "piece 2").await;
    assert_eq!(done.id, card.id);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nothing_can_be_changed_the_answer_is_still_shown() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.fault(Fault::refuse("POST", "/open-apis/cardkit/v1/cards", 99_991_672));
    // The message is too old to be changed, says the platform.
    stage.feishu.fault(Fault::refuse("PATCH", "/open-apis/im/v1/messages", 230_031));
    stage.say(&group, "slow: 2");
    stage.model.until(|seen| !seen.is_empty()).await;
    stage.model.go(1);
    stage.titled(&group, "[Complete]", "piece 1").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_changes_fail_for_a_while_the_last_one_is_shown() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.feishu.fault(Fault::refuse("POST", "/open-apis/cardkit/v1/cards", 99_991_672));
    let down = Trouble::Gateway { status: 502, body: "<html>".to_owned() };
    stage.feishu.fault(Fault::on("PATCH", "/open-apis/im/v1/messages", down));
    stage.say(&group, "slow: 2");
    stage.model.until(|seen| !seen.is_empty()).await;
    stage.model.go(1);
    stage.model.until(|seen| seen.iter().all(|it| it.done)).await;
    stage.feishu.clear_faults();
    stage.titled(&group, "[Complete]", "piece 1").await;
    let cards = stage.feishu.messages(&group);
    assert_eq!(cards.iter().filter(|card| card.text.contains("Task:")).count(), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_has_pages_that_turn_for_good() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "long: 60000");
    let card = stage.titled(&group, "[Complete]", "## Section 1\n").await;
    // Another task, and another codex: the past one can still be read.
    stage.say(&group, "hello");
    stage.titled(&group, "[Complete]", "Model answer to: hello").await;
    let mut pages = vec![stage.feishu.message(&card.id).unwrap()];
    let count = page_count(&pages[0]);
    assert!(count > 2, "{}", pages[0].text.lines().next().unwrap());
    for page in 2..=count {
        stage.press(&card.id, "Next Page", &[]).await;
        pages.push(stage.page(&group, &card.id, page, count).await);
    }
    let last = pages.last().unwrap();
    assert!(!last.labels().contains(&"Next Page".to_owned()));
    let whole: String = pages.iter().map(|page| page.text.as_str()).collect();
    let sections = (1..).take_while(|n| whole.contains(&format!("## Section {n}\n"))).count();
    assert!(whole.contains(&format!("let value_{sections}_11 = 11;")), "to the last line");
    assert!(sections > 60, "{sections}");
    for page in &pages {
        assert_eq!(page.text.matches("```").count() % 2, 0, "no fence is cut in half");
    }
    stage.press(&card.id, "Previous Page", &[]).await;
    stage.page(&group, &card.id, count - 1, count).await;
    stage.is_well();
}

fn page_count(card: &Message) -> usize {
    let title = card.text.lines().next().unwrap();
    let (_, count) = title.rsplit_once('/').unwrap();
    count.trim_end_matches(']').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_work_in_the_group_and_in_the_direct_chat() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    for place in [&group, &chat] {
        stage.say(place, "/help");
        let help = stage.titled(place, "PoCo", "/run <prompt>").await;
        for command in ["/status", "/approve", "/reject", "/stop", "/steer", "/queue", "/new"] {
            assert!(help.text.contains(command), "{command}: {}", help.text);
        }
        stage.say(place, "/queue");
        stage.titled(place, "PoCo", "Nothing waits.").await;
        stage.say(place, "/status");
        stage.titled(place, "[Idle] PoCo", "Nothing is running.").await;
        stage.say(place, "/stop");
        stage.titled(place, "PoCo", "Nothing is running.").await;
        stage.say(place, "/steer this way");
        stage.titled(place, "PoCo", "Nothing is running that could be added to").await;
        stage.say(place, "/fly away");
        stage.titled(place, "PoCo", "I do not know how to do “/fly”").await;
        stage.say(place, "/run say where");
        stage.titled(place, "[Complete]", "Model answer to: say where").await;
    }
    let card = stage.titled(&group, "[Complete]", "").await;
    let id = stage.task_of(&card);
    stage.say(&group, &format!("/status {id}"));
    stage.cards(&group, 2, |card| card.text.contains(&id)).await;
    stage.say(&group, "/status 20200101-nothing");
    stage.titled(&group, "PoCo", "There is no such task here.").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_read_gets_one_helpful_line() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let sent = [
        ("sticker", json!({ "file_key": "file_v2_z" }), "anything of a sticker"),
        ("location", json!({ "name": "here" }), "anything of a place"),
    ];
    for (kind, content, line) in sent {
        stage.feishu.send(OWNER, &group, &Incoming::other(kind, content)).unwrap();
        stage.titled(&group, "PoCo", line).await;
    }
    assert_eq!(stage.model.seen().len(), 0);
    stage.is_well();
}
