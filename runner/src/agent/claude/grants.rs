//! What was allowed for a whole conversation. Each turn is a process of its own, so it is kept in a
//! file that Claude Code reads as settings.

use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What `grants.settings` allowed in earlier versions may be more than was shown: it is not read.
const NAME: &str = "allowed.settings";

/// Returns the file of a session, if anything was allowed in it.
pub(super) fn file(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(NAME)).filter(|file| file.is_file())
}

/// Words rules as Claude Code's settings want them.
fn words(rules: &Value) -> impl Iterator<Item = Value> {
    rules.as_array().into_iter().flatten().map(|rule| {
        let tool = rule["toolName"].as_str().unwrap_or_default();
        match rule["ruleContent"].as_str() {
            Some(content) => json!(format!("{tool}({content})")),
            None => json!(tool),
        }
    })
}

/// Adds rules to a session's.
pub(super) fn add(folder: &Path, rules: &Value) -> std::io::Result<()> {
    let path = folder.join(NAME);
    let known = std::fs::read(&path).ok();
    let known: Option<Value> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut allowed = known
        .and_then(|known| known["permissions"]["allow"].as_array().cloned())
        .unwrap_or_default();
    for rule in words(rules) {
        if !allowed.contains(&rule) {
            allowed.push(rule);
        }
    }
    let draft = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(json!({ "permissions": { "allow": allowed } }).to_string().as_bytes())?;
    std::fs::rename(draft, path)
}
