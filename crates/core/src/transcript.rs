//! What the agent is doing, as it does it. Kept in memory, never stored.

use crate::words::task as words;
use crate::{Lang, Text};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Progress lines kept; older ones go.
pub const STEPS_MAX: usize = 30;

/// Progress lines shown while the agent works.
const STEPS_SHOWN: usize = 5;

/// The longest progress line, in characters.
const STEP_CHARS_MAX: usize = 120;

/// The most bytes of an answer in progress that are shown; then a new window begins.
const WINDOW_BYTES: usize = 6_000;

/// One thing the agent did or wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// More of a message. A new `item` is a new paragraph.
    Wrote { item: String, text: String },
    /// A message is whole; what was streamed of it is replaced.
    Said { item: String, text: String },
    /// A message that had begun will not be finished; the agent starts it anew.
    Dropped { item: String },
    /// A command, a search, an edit: one short line.
    Did { what: Text },
    /// All that the turn has changed so far, as a unified diff.
    Changed { diff: String },
    /// What was written before we listened is not known.
    Gap,
}

/// All that a turn has brought so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    messages: Vec<(String, String)>,
    steps: VecDeque<Text>,
    diff: String,
    gap: bool,
}

impl Transcript {
    /// Takes in one step.
    pub fn apply(&mut self, step: Step) {
        match step {
            Step::Wrote { item, text } => match self.messages.iter_mut().find(|it| it.0 == item) {
                Some((_, so_far)) => so_far.push_str(&text),
                None => self.messages.push((item, text)),
            },
            Step::Said { item, text } => {
                self.gap = false;
                match self.messages.iter_mut().find(|it| it.0 == item) {
                    Some((_, so_far)) => *so_far = text,
                    None => self.messages.push((item, text)),
                }
            }
            Step::Dropped { item } => self.messages.retain(|it| it.0 != item),
            Step::Did { what } => {
                if self.steps.len() == STEPS_MAX {
                    self.steps.pop_front();
                }
                self.steps.push_back(what.map(line));
            }
            Step::Changed { diff } => self.diff = diff,
            Step::Gap => self.gap = true,
        }
    }

    /// Returns what the turn changed, as a unified diff; empty if nothing is known of it.
    pub fn diff(&self) -> &str {
        &self.diff
    }

    /// Returns the same with every text changed: `last` is told whether more of it may come.
    #[must_use]
    pub fn mapped(&self, text: impl Fn(&str, bool) -> String) -> Self {
        let end = self.messages.len();
        let message = |(at, (item, said)): (usize, &(String, String))| {
            (item.clone(), text(said, at + 1 == end))
        };
        Self {
            messages: self.messages.iter().enumerate().map(message).collect(),
            steps: self.steps.iter().cloned().map(|it| it.map(|step| text(step, false))).collect(),
            diff: String::new(),
            gap: self.gap,
        }
    }

    /// Returns everything the agent said, in markdown.
    pub fn answer(&self) -> String {
        let said = self.messages.iter().map(|(_, text)| text.as_str());
        said.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// Returns the progress lines, oldest first.
    pub fn steps(&self) -> Vec<Text> {
        self.steps.iter().cloned().collect()
    }

    /// Returns the newest progress lines as markdown.
    pub fn steps_shown(&self, lang: Lang) -> String {
        let skip = self.steps.len().saturating_sub(STEPS_SHOWN);
        let shown = self.steps.iter().skip(skip).map(|step| step.of(lang));
        shown.collect::<Vec<_>>().join("\n")
    }

    /// Returns the part of the answer to show while it is written: the end of it.
    ///
    /// It grows at its end until it is full, so that a platform can type the difference; then a
    /// new window begins.
    pub fn window(&self, lang: Lang) -> String {
        let gap = if self.gap { format!("{}\n\n", words::gap().of(lang)) } else { String::new() };
        let answer = self.answer();
        let start = answer.floor_char_boundary(answer.len() / WINDOW_BYTES * WINDOW_BYTES);
        if start == 0 {
            return format!("{gap}{answer}");
        }
        let start = answer[..start].rfind('\n').map_or(start, |at| at + 1);
        let fence = if in_fence(&answer[..start]) { "```\n" } else { "" };
        format!("…\n\n{fence}{}", &answer[start..])
    }
}

fn in_fence(text: &str) -> bool {
    text.lines().filter(|line| line.trim_start().starts_with("```")).count() % 2 == 1
}

fn line(what: &str) -> String {
    let mut chars = what.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = chars.by_ref().take(STEP_CHARS_MAX).collect();
    if chars.next().is_some() {
        line.push('…');
    }
    line
}
