//! How much memory PoCo holds: idle, connected, and after thousands of tasks.

use crate::stage::{Stage, WITHIN};
use crate::{past, stats};
use std::time::Duration;

const CHATS: usize = 64;

/// What allocators need to come to rest after a start or a burst.
const REST: Duration = Duration::from_secs(2);

pub(crate) async fn run() {
    let mut stage = past::stage().await;
    for key in ["POCO_FEISHU_APP_ID", "POCO_FEISHU_APP_SECRET"] {
        stage.unset(key);
    }
    let mut poco = stage
        .command(&["start", "--local", "--foreground", "--port", "0"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    tokio::time::sleep(REST).await;
    tell(&stage, "idle, no Feishu");
    poco.kill().await.unwrap();
    let (mut stage, groups) = crate::ack::groups(CHATS).await;
    stage.start().await;
    tokio::time::sleep(REST).await;
    tell(&stage, "idle, connected to Feishu");
    let mut done = stage.tasks().await.len();
    for goal in [250, 500, 1_000, 2_000, 3_000] {
        while done < goal {
            for group in &groups {
                stage.say(group, &format!("do the {done}th thing of many"));
                done += 1;
            }
            over(&stage, done).await;
        }
        tokio::time::sleep(REST).await;
        tell(&stage, &format!("after {done} tasks in {CHATS} chats"));
    }
}

/// Waits until so many tasks are kept, looking into the file for the sake of PoCo's memory.
async fn over(stage: &Stage, count: usize) {
    let file = past::open(&stage.home().join("poco.db"));
    let select = "SELECT count(*) FROM document WHERE key LIKE 'task/%'";
    let deadline = tokio::time::Instant::now() + 2 * WITHIN;
    while file.query_row(select, [], |row| row.get::<_, usize>(0)).unwrap() < count {
        assert!(tokio::time::Instant::now() < deadline, "tasks do not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn tell(stage: &Stage, what: &str) {
    let pid = past::pid(stage);
    let [all, own] = ["VmRSS", "RssAnon"].map(|field| stats::memory(pid, field));
    println!("  {what}: {all:.1} MB resident, {own:.1} MB of it its own (not the program file)");
}
