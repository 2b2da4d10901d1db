//! `poco logs`: the end of the log, and what comes after.

use super::Refusal;
use crate::out::Out;
use anyhow::Context;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// How often a followed log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  poco logs -n 100\n  poco logs -f | grep WARN")]
pub(crate) struct Args {
    /// Go on printing what is added
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many lines to begin with
    #[arg(short = 'n', long, default_value_t = 50)]
    pub(crate) lines: usize,
}

pub(crate) async fn run(args: Args, out: Out) -> anyhow::Result<u8> {
    let path = super::home()?.log();
    let Ok(file) = File::open(&path) else {
        let what = format!("there is no log at {}", path.display());
        return Err(Refusal::new(what, "poco start").into());
    };
    let mut log = BufReader::new(file);
    for line in last_lines(&mut log, args.lines).context("read the log")? {
        out.text(&line)?;
    }
    if args.follow { follow(log, &path, out).await } else { Ok(0) }
}

/// Prints what is added, until nobody reads.
async fn follow(mut log: BufReader<File>, path: &Path, out: Out) -> anyhow::Result<u8> {
    loop {
        let mut added = vec![];
        log.read_to_end(&mut added).context("read the log")?;
        if added.is_empty() {
            if let Some(next) = replaced(&log, path) {
                log = next;
                continue;
            }
            sleep(LOOK_EVERY).await;
        } else {
            out.text(&String::from_utf8_lossy(&added))?;
        }
    }
}

fn last_lines(log: &mut impl BufRead, count: usize) -> std::io::Result<VecDeque<String>> {
    let mut lines = VecDeque::new();
    let mut line = vec![];
    while log.read_until(b'\n', &mut line)? > 0 {
        lines.push_back(String::from_utf8_lossy(&line).into_owned());
        if lines.len() > count {
            lines.pop_front();
        }
        line.clear();
    }
    Ok(lines)
}

/// Opens the new file, if the one that is read has stepped aside.
fn replaced(log: &BufReader<File>, path: &Path) -> Option<BufReader<File>> {
    let next = File::open(path).ok()?;
    let place = |file: &File| file.metadata().map(|data| (data.dev(), data.ino())).ok();
    (place(&next) != place(log.get_ref())).then(|| BufReader::new(next))
}
