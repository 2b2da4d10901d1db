//! What the Python PoCo left goes on here, with the agent's memory of it.

use crate::stage::{OWNER, Stage, until};
use serde_json::Value;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_the_python_poco_goes_on_with_its_conversation() {
    // A conversation that is in Codex's own record.
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "remember the heron");
    stage.titled(&group, "[Complete] Task:", "heron").await;
    stage.kill().await;
    stage.kill_codex();
    until("codex is gone", || stage.codex_pids().is_empty()).await;
    let thread = thread(&stage, &group);
    std::fs::remove_dir_all(stage.home()).unwrap();

    let old = stage.folder.join("old");
    std::fs::create_dir_all(&old).unwrap();
    std::fs::write(old.join("poco.config.json"), "{}").unwrap();
    let (work, database) = (stage.work(), old.join("poco.db"));
    let file = rusqlite::Connection::open(&database).unwrap();
    file.execute_batch(&format!(
        "CREATE TABLE projects (id, name, created_by, backend, backend_config, model, sandbox,
             workdir, workdir_presets, group_chat_id, archived, created_at);
         CREATE TABLE sessions (id, project_id, backend_session_id, updated_at);
         CREATE TABLE workspace_contexts (project_id, active_workdir, updated_at);
         INSERT INTO projects VALUES ('p1', 'heronry', 'ou_x', 'codex', '{{}}', NULL,
             'workspace-write', '{}', '[]', '{group}', 0, '2025');
         INSERT INTO sessions VALUES ('s1', 'p1', '{thread}', '2025');",
        work.display()
    ))
    .unwrap();
    let config = old.join("poco.config.json");
    let said = stage.command(&["import", config.to_str().unwrap(), "--apply"]).output().await;
    let said = said.unwrap();
    assert!(said.status.success(), "{said:?}");

    // The group was ours a moment ago; the platform remembers for an hour what was posted once.
    stage.feishu.advance(Duration::from_secs(2 * 60 * 60));
    stage.start().await;
    stage.titled(&group, "[Idle] Workspace: heronry", "").await;
    stage.say(&group, "what was it?");
    stage.titled(&group, "[Complete] Task:", "what was it?").await;
    let seen = stage.model.seen();
    let last = seen.last().unwrap().body.to_string();
    assert!(last.contains("remember the heron"), "the agent remembers: {last}");
    let chat = stage.feishu.direct_chat(OWNER).unwrap();
    stage.say(&chat, "hi");
    stage.card(&chat, |card| card.text.contains("Taken over from the PoCo before: 1 more")).await;
    stage.is_well();
}

/// Returns what the agent calls the conversation of a group.
fn thread(stage: &Stage, group: &str) -> String {
    let file = rusqlite::Connection::open(stage.home().join("poco.db")).unwrap();
    let query = "SELECT body FROM document WHERE key = ?1";
    let body: String = file.query_row(query, [format!("room/{group}")], |row| row.get(0)).unwrap();
    let record: Value = serde_json::from_str(&body).unwrap();
    record["room"]["desk"]["thread"].as_str().unwrap().to_owned()
}
