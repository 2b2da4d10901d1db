//! How long a delta takes from the model to the card that people look at.

use crate::stage::{Stage, WITHIN};
use crate::{past, stats};
use poco_sim::feishu::Feishu;
use std::time::{Duration, Instant};

const DELTAS: usize = 80;

pub(crate) async fn run() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, &format!("slow: {}", DELTAS + 1));
    let card = stage.titled(&group, "[Running] Task:", "piece 0").await;
    let file = past::open(&stage.home().join("poco.db"));
    let version = || file.pragma_query_value(None, "data_version", |row| row.get::<_, u64>(0));
    let (before, mut times) = (version().unwrap(), vec![]);
    for n in 1..DELTAS {
        // At any moment between two glances, not just after one.
        tokio::time::sleep(Duration::from_millis(300 + 37 * n as u64 % 250)).await;
        let began = Instant::now();
        stage.model.go(1);
        let shown = |feishu: &Feishu| {
            feishu.message(&card.id)?.text.contains(&format!("piece {n} ")).then_some(())
        };
        assert!(stage.feishu.wait_until(WITHIN, shown).await.is_some(), "{}", stage.log());
        times.push(began.elapsed());
    }
    let commits = version().unwrap() != before;
    stats::tell("codex, model's delta to card", times);
    println!("  the database was written while {DELTAS} deltas streamed: {commits}");
    stage.model.go(1);
    stage.titled(&group, "[Complete]", "piece").await;
    stub().await;
}

/// The stub writes a word each 20 ms: how far behind is what people see?
async fn stub() {
    let mut stage = past::stage().await;
    stage.start().await;
    let group = stage.project("api").await;
    stage.say(&group, &"word ".repeat(250));
    let card = stage.titled(&group, "[Running] Task:", "word").await;
    let (mut seen, mut grew) = (0, vec![]);
    loop {
        let more = |feishu: &Feishu| {
            let text = feishu.message(&card.id)?.text;
            let words = text.matches("word").count();
            (words > seen || text.starts_with("[Complete]")).then_some((words, text))
        };
        let began = Instant::now();
        let (words, text) = stage.feishu.wait_until(WITHIN, more).await.unwrap();
        if text.starts_with("[Complete]") {
            break;
        }
        grew.push(began.elapsed());
        seen = words;
    }
    stats::tell("stub, a word each 20 ms: time between two changes of the card", grew);
}
