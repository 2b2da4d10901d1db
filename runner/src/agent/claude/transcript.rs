//! Claude Code's own file of a session. It is no interface: what is not understood is left out.

use super::super::program::Program;
use super::super::{End, Found};
use super::tail::Tail;
use poco_core::words::agent as words;
use poco_core::{Step, Transcript, TurnId};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Returns where Claude Code keeps its files.
pub(super) fn config_folder(program: &Program) -> Option<PathBuf> {
    let set = program.var("CLAUDE_CONFIG_DIR").filter(|it| !it.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(Path::new(program.var("HOME")?).join(".claude")))
}

/// Finds the file of a session: it lies in a folder named after where the session works.
pub(super) fn find(config: &Path, session: &str) -> Option<PathBuf> {
    let projects = config.join("projects").read_dir().ok()?.flatten();
    let files = projects.map(|folder| folder.path().join(format!("{session}.jsonl")));
    files.into_iter().find(|file| file.is_file())
}

/// Looks what became of a prompt; `None` if it is not there. A process that is not known to PoCo
/// may be at it, so that what has no end can't be judged.
pub(super) fn look(file: &Path, id: &str) -> Option<Found> {
    let mut lines = Tail::open(file).ok()?;
    let mut transcript: Option<Transcript> = None;
    let mut ended = false;
    while let Ok(Some(line)) = lines.next() {
        if line["isSidechain"] == true {
            continue;
        }
        let prompt = line["type"] == "user" && line["promptSource"].is_string();
        match &mut transcript {
            None if line["uuid"] == id => transcript = Some(Transcript::default()),
            None => {}
            // Another prompt.
            Some(_) if prompt => break,
            Some(transcript) if line["type"] == "assistant" => {
                ended = line["message"]["stop_reason"] == "end_turn";
                said(&line).for_each(|step| transcript.apply(step));
            }
            Some(_) => {}
        }
    }
    let answer = transcript?.answer();
    if ended {
        let turn = TurnId::new(id);
        return Some(Found::Over { turn, end: End::Completed, answer, steps: vec![] });
    }
    Some(Found::Unknown { reason: words::claude_unwritten() })
}

fn said(line: &Value) -> impl Iterator<Item = Step> {
    let item = line["uuid"].as_str().unwrap_or_default().to_owned();
    let blocks = line["message"]["content"].as_array().into_iter().flatten();
    let texts = blocks.filter_map(|block| block["text"].as_str());
    texts.map(move |text| Step::Said { item: item.clone(), text: text.to_owned() })
}
