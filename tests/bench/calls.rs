//! What one task costs the platform and the disk.

use crate::past;
use std::collections::BTreeMap;

const TASKS: usize = 10;

pub(crate) async fn run() {
    for (what, prompt) in [("short", "say hi".to_owned()), ("of 2.5 s", "word ".repeat(125))] {
        let mut stage = past::stage().await;
        stage.start().await;
        let group = stage.project("api").await;
        stage.say(&group, "the first");
        stage.over(1).await;
        let database = stage.home().join("poco.db");
        let (calls, writes) = (stage.feishu.calls().len(), past::writes(&database));
        for n in 0..TASKS {
            stage.say(&group, &prompt);
            stage.over(2 + n).await;
            stage.cards(&group, 2 + n, |card| card.text.starts_with("[Complete]")).await;
        }
        past::shut_down(&mut stage).await;
        let after = past::writes(&database);
        let each = |count: f64| count / TASKS as f64;
        let documents = each((after.0 - writes.0) as f64);
        let jobs = each((after.1 - writes.1) as f64);
        println!("  a task {what}: {documents:.1} documents written, {jobs:.1} jobs");
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for call in stage.feishu.calls().split_off(calls) {
            *kinds.entry(kind(&call.method, &call.path)).or_default() += 1;
        }
        for (kind, count) in kinds {
            println!("    {:.1} × {kind}", each(count as f64));
        }
    }
}

/// Names a call without the ids in it.
fn kind(method: &str, path: &str) -> String {
    let is_name =
        |part: &&str| part.len() < 16 && !part.contains(|c: char| c.is_ascii_digit() && c != '1');
    let parts: Vec<_> = path.split('/').map(|it| if is_name(&it) { it } else { "…" }).collect();
    format!("{method} {}", parts.join("/"))
}
