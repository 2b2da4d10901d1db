//! Codex's own file of a thread, read for what its server does not tell again: the change a pending
//! question is about.

use super::notes::Patch;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// How much of the end of a file is read.
const TAIL_BYTES: u64 = 8 << 20;

/// How a patch names the files it is about.
const FILE_LINES: [&str; 3] = ["*** Add File: ", "*** Update File: ", "*** Delete File: "];

/// Returns the tool calls that have no result yet, as the patches they may be, by their ids.
///
/// The file is no interface: what is not understood is left out.
pub(super) async fn open_calls(path: PathBuf) -> BTreeMap<String, Patch> {
    tokio::task::spawn_blocking(move || read(path)).await.ok().flatten().unwrap_or_default()
}

fn read(path: PathBuf) -> Option<BTreeMap<String, Patch>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = vec![];
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    let mut calls = BTreeMap::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let Ok(entry) = serde_json::from_str::<Value>(line) else { continue };
        let payload = &entry["payload"];
        let (Some(kind), Some(id)) = (payload["type"].as_str(), payload["call_id"].as_str()) else {
            continue;
        };
        match kind {
            "custom_tool_call" => {
                let input = payload["input"].as_str().unwrap_or_default();
                calls.insert(id.to_owned(), patch(input));
            }
            "custom_tool_call_output" => {
                calls.remove(id);
            }
            _ => {}
        }
    }
    Some(calls)
}

fn patch(input: &str) -> Patch {
    let file =
        |line: &str| FILE_LINES.iter().find_map(|it| line.strip_prefix(it)).map(str::to_owned);
    let begins = |mark: &str| input.lines().any(|line| line.starts_with(mark));
    let kinds = [("*** Add", "add"), ("*** Update", "update"), ("*** Delete", "delete")];
    let kinds = kinds.into_iter().chain([("*** Move", "move")]);
    Patch {
        diff: input.to_owned(),
        files: input.lines().filter_map(file).collect(),
        kinds: kinds.filter(|(mark, _)| begins(mark)).map(|(_, kind)| kind.to_owned()).collect(),
    }
}
