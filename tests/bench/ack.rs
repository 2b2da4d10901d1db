//! How long people and the platform wait for an acknowledgement, which comes after the save.

use crate::stage::{ENCRYPT_KEY, OWNER, Stage, WITHIN};
use crate::{past, stats};
use poco_sim::feishu::{Feishu, Webhook};
use std::time::{Duration, Instant};

const CHATS: usize = 64;
const ROUNDS: usize = 4;
const PRESSES: usize = 60;

/// A pause in which what an event caused is done.
const REST: Duration = Duration::from_millis(40);

pub(crate) async fn run() {
    println!("  a bare 4 KiB write with fsync on this disk: {}", stats::millis(fsync()));
    for webhook in [false, true] {
        let (mut stage, groups) = groups(CHATS).await;
        if webhook {
            stage.listen_to_webhooks();
        }
        stage.start().await;
        if webhook {
            let url = stage.url("/platform/feishu/events");
            stage.feishu.webhook(Some(Webhook { url, encrypt_key: Some(ENCRYPT_KEY.to_owned()) }));
        }
        let way = if webhook { "webhook" } else { "long connection" };
        // The platform told of each group while nobody listened, and does so again after a while.
        stage.feishu.advance(Duration::from_secs(15));
        stage.until_acknowledged().await;
        all(&stage, &groups, way).await;
    }
}

async fn all(stage: &Stage, groups: &[String], way: &str) {
    one_by_one(stage, &groups[..8], 1, "hi").await;
    let idle = one_by_one(stage, groups, ROUNDS, "say something short").await;
    stats::tell(&format!("{way}, prompts, idle"), idle);
    stats::tell(&format!("{way}, presses, idle"), presses(stage).await);
    // Four chats are typed onto for longer than the rest takes.
    let (streaming, others) = groups.split_at(4);
    for group in streaming {
        stage.say(group, &"word ".repeat(2_000));
        stage.titled(group, "[Running] Task:", "word word").await;
    }
    let busy = one_by_one(stage, others, ROUNDS, "say something short").await;
    stats::tell(&format!("{way}, prompts, 4 turns streaming"), busy);
    for group in streaming {
        stage.say(group, "/stop");
        stage.titled(group, "[Stopped]", "").await;
    }
    let began = Instant::now();
    let burst = at_once(stage, groups, 16).await;
    let each_second = burst.len() as f64 / began.elapsed().as_secs_f64();
    stats::tell(&format!("{way}, commands, {CHATS} chats at once"), burst);
    println!("  {way}, {CHATS} chats at once: {each_second:.0} acknowledged a second");
}

async fn one_by_one(stage: &Stage, groups: &[String], rounds: usize, text: &str) -> Vec<Duration> {
    let before = stage.feishu.answered_in(0).len();
    for _ in 0..rounds {
        for group in groups {
            let answered = stage.feishu.answered_in(0).len();
            stage.say(group, text);
            until_answered(&stage.feishu, answered + 1).await;
            tokio::time::sleep(REST).await;
        }
    }
    stage.feishu.answered_in(before)
}

/// Sends one command to every chat, and the next when all are acknowledged.
async fn at_once(stage: &Stage, groups: &[String], rounds: usize) -> Vec<Duration> {
    let before = stage.feishu.answered_in(0).len();
    for _ in 0..rounds {
        let answered = stage.feishu.answered_in(0).len();
        for group in groups {
            stage.say(group, "/queue");
        }
        until_answered(&stage.feishu, answered + groups.len()).await;
    }
    stage.feishu.answered_in(before)
}

/// Goes back and forth between two cards.
async fn presses(stage: &Stage) -> Vec<Duration> {
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    stage.say(&chat, "hi");
    let home = stage.card(&chat, |card| card.labels().contains(&"Manage".to_owned())).await;
    let before = stage.feishu.answered_in(0).len();
    for button in ["Manage", "Back"].into_iter().cycle().take(PRESSES) {
        stage.card(&chat, |it| it.id == home.id && it.labels().iter().any(|it| it == button)).await;
        stage.press(&home.id, button, &[]).await;
    }
    stage.feishu.answered_in(before)
}

async fn until_answered(feishu: &Feishu, count: usize) {
    let done = |feishu: &Feishu| (feishu.answered_in(0).len() >= count).then_some(());
    assert!(feishu.wait_until(WITHIN, done).await.is_some(), "events are not acknowledged");
}

/// Sets a stage with so many projects; PoCo does not run.
pub(crate) async fn groups(count: usize) -> (Stage, Vec<String>) {
    let (stage, group) = past::begun().await;
    let name = |n| format!("PoCo | api {n}");
    let mut groups: Vec<_> =
        (1..count).map(|n| stage.feishu.group(&name(n), &[OWNER]).unwrap()).collect();
    past::projects(&stage.home().join("poco.db"), &group, &groups);
    groups.push(group);
    (stage, groups)
}

fn fsync() -> Duration {
    use std::io::Write;
    let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut times: Vec<_> = (0..50)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4_096]).unwrap();
            file.as_file().sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}
