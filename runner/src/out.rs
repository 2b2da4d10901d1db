//! What the commands print.

use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// How a command prints: for people, or as JSON for programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) json: bool,
    plain: bool,
}

impl Out {
    pub(crate) fn new(json: bool, no_colour: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let plain = json || no_colour || set("NO_COLOR") || dumb;
        Self { json, plain }
    }

    /// Prints a line for people; programs do not get it.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.text(&format!("{text}\n")) }
    }

    /// Prints text as it is, for people and programs.
    #[expect(clippy::unused_self, reason = "everything that is printed goes through here")]
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Prints a value for programs; people do not get it.
    pub(crate) fn value(self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(value)?;
        self.text(&format!("{text}\n"))
    }

    /// Whether colours are wanted on a stream.
    pub(crate) fn colours(self, stream: &impl IsTerminal) -> bool {
        !self.plain && stream.is_terminal()
    }

    pub(crate) fn strong(self, text: &str) -> String {
        if self.colours(&io::stdout()) {
            format!("\u{1b}[1m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Tells on standard error how far things are, to somebody who waits at a terminal.
pub(crate) fn progress(text: &str) {
    let mut stderr = io::stderr().lock();
    if stderr.is_terminal() {
        let _ = writeln!(stderr, "{text}");
    }
}

/// Tells what is wrong on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether printing failed because nobody reads any more, as in `poco logs | head`.
pub(crate) fn nobody_reads(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_pipe)
}
