//! Tells the core what came of a task. What is reported is saved before anything else happens.

use super::{Seat, learn};
use crate::agent::{End, Question};
use crate::home::random_hex;
use crate::parcel;
use anyhow::Context;
use poco_core::{
    Approval, ApprovalId, Ask, Brought, Event, EventId, Fact, Missing, Nature, Outcome, Phase,
    Report, TaskId, Text, ThreadId, TurnId, UserId, fenced, seen,
};
use poco_io::mask::Mask;
use std::time::Duration;

/// How often a report is tried while the store does not answer, with growing waits between.
const TRIES_MAX: u32 = 60;

/// The first wait, and the longest.
const WAIT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What a turn has brought by its end.
pub(super) struct Product<'a> {
    pub(super) workdir: &'a str,
    pub(super) answer: &'a str,
    pub(super) diff: &'a str,
    pub(super) steps: Vec<Text>,
}

impl Seat {
    /// Reports on a task. `word` tells this report from others on it.
    pub(super) async fn report(
        &self,
        task: &TaskId,
        word: &str,
        report: Report,
    ) -> anyhow::Result<()> {
        let fact = Fact::Reported { task: task.clone(), report };
        self.tell(&format!("{task}-{word}"), fact).await
    }

    /// Saves a fact, then has what follows from it performed while the seat goes on.
    pub(super) async fn tell(&self, id: &str, fact: Fact) -> anyhow::Result<()> {
        let app = &self.shared.app;
        let at = (app.clock)();
        let event = Event { id: EventId::new(id), chat: self.chat.clone(), at, lang: None, fact };
        let mut wait = WAIT.0;
        for tries in 1.. {
            match app.take_in(event.clone()).await {
                Ok(taken) => {
                    self.shared.settler.soon(&taken.chat);
                    return Ok(());
                }
                Err(error) if tries >= TRIES_MAX => return Err(error.context("report")),
                Err(error) => {
                    tracing::error!(chat.id = %self.chat, event.id = %event.id, "not saved, tried again: {error:#}");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(WAIT.1);
                }
            }
        }
        Ok(())
    }

    /// The agent took the prompt.
    pub(super) async fn started(
        &self,
        task: &TaskId,
        thread: ThreadId,
        turn: TurnId,
    ) -> anyhow::Result<()> {
        let word = format!("started-{turn}");
        self.report(task, &word, Report::Started { thread, turn }).await
    }

    pub(super) async fn failed(&mut self, task: &TaskId, reason: Text) -> anyhow::Result<()> {
        let outcome = Outcome::Failed { reason, partial: None };
        self.end(task, outcome, vec![]).await
    }

    pub(super) async fn missed(
        &self,
        task: &TaskId,
        id: &str,
        by: &UserId,
        text: &str,
    ) -> anyhow::Result<()> {
        let (id, by, text) = (id.to_owned(), by.clone(), text.to_owned());
        let word = format!("missed-{id}");
        self.report(task, &word, Report::SteerMissed { id, by, text }).await
    }

    /// A task was to be stopped that no agent is at.
    pub(super) async fn stopped_unheard(&mut self, task: &TaskId) -> anyhow::Result<()> {
        let current = self.current(task).await?;
        if current.is_none_or(|task| task.phase != Phase::Stopping) {
            return Ok(());
        }
        self.end(task, Outcome::Stopped { partial: None }, vec![]).await
    }

    pub(super) async fn asked(&mut self, approval: ApprovalId, question: Question, nature: Nature) {
        let Some(task) = self.work.as_ref().map(|work| work.task.clone()) else { return };
        let told = self.ask(&task, &approval, question, nature).await;
        self.log_untold(&task, told);
    }

    async fn ask(
        &self,
        task: &TaskId,
        approval: &ApprovalId,
        question: Question,
        nature: Nature,
    ) -> anyhow::Result<()> {
        let (app, mask) = (&self.shared.app, &self.shared.mask);
        if let Some(work) = &self.work {
            learn(mask, &work.workdir).await;
        }
        let id = format!("{task}-{approval}");
        // What people decide on is masked, and nothing in it hides or turns the rest around.
        let hidden = |text: String| seen(&mask.text(&text));
        let told = |text: Text| mask.told(text).map(seen);
        let ask = match question {
            Question::Command { command, cwd, reason } => {
                let shown = fenced("sh", &seen(&mask.text(&command)));
                let command = app.keep_given(&id, &shown, &command).await?;
                Ask::Command { command, cwd: hidden(cwd), reason: told(reason) }
            }
            Question::Patch { diff, files, reason } => {
                let shown = fenced("diff", &seen(&mask.text(&diff)));
                let diff = app.keep_given(&id, &shown, &diff).await?;
                let files = files.into_iter().map(hidden).collect();
                Ask::Patch { diff, files, reason: told(reason) }
            }
            Question::Permission { what, reason } => {
                let shown = hidden(what.clone());
                let what = app.keep_given(&id, &shown, &what).await?;
                Ask::Permission { what, reason: told(reason) }
            }
            Question::Questions(questions) => {
                let plain = |it: poco_core::Question| {
                    // An option is what the answer says: it stays as the agent gave it, or goes.
                    let is_plain = |option: &String| hidden(option.clone()) == *option;
                    poco_core::Question {
                        id: it.id,
                        text: hidden(it.text),
                        options: it.options.into_iter().filter(is_plain).collect(),
                    }
                };
                Ask::Questions(questions.into_iter().map(plain).collect())
            }
        };
        let report = Report::Asked(Approval { id: approval.clone(), ask, nature });
        // Asked again after a reconnect it must be heard again: its answer may not have come through.
        let word = format!("asked-{approval}-{}", random_hex::<8>());
        self.report(task, &word, report).await
    }

    pub(super) async fn settled(&mut self, approval: ApprovalId) {
        let Some(task) = self.work.as_ref().map(|work| work.task.clone()) else { return };
        let word = format!("settled-{approval}");
        let told = self.report(&task, &word, Report::Settled { approval }).await;
        self.log_untold(&task, told);
    }

    pub(super) async fn ended(&mut self, end: End) {
        let Some(work) = self.work.take() else { return };
        // What had begun and will not be finished stays as far as it came.
        let answer = work.transcript.answer();
        let (diff, steps) = (work.transcript.diff(), work.transcript.steps());
        if let Some(usage) = work.usage {
            let told = self.report(&work.task, "used", Report::Used { usage }).await;
            self.log_untold(&work.task, told);
        }
        let product = Product { workdir: &work.workdir, answer: &answer, diff, steps };
        let told = self.conclude(&work.task, end, work.closing, product).await;
        self.log_untold(&work.task, told);
    }

    /// Reports the end of a turn, its text kept whole.
    pub(super) async fn conclude(
        &mut self,
        task: &TaskId,
        end: End,
        closing: Option<Text>,
        product: Product<'_>,
    ) -> anyhow::Result<()> {
        let mask = &self.shared.mask;
        learn(mask, product.workdir).await;
        // Masked before it is cut into pages, and before it is stored.
        let answer = mask.text(product.answer);
        if let Err(error) = self.bring(task, &product).await {
            // The end of a task must not be lost for what comes beside it.
            tracing::warn!(task.id = %task, "what a turn brought is not told: {error:#}");
        }
        let pages = self.shared.app.keep_pages(task.as_str(), &answer).await;
        let pages = pages.context("keep what an agent said")?;
        let partial = Some(pages.clone()).filter(|_| !answer.trim().is_empty());
        let outcome = match (end, closing) {
            (End::Completed, _) => Outcome::Answered { answer: pages },
            (End::Failed { reason }, _) => Outcome::Failed { reason, partial },
            (End::Stopped, None) => Outcome::Stopped { partial },
            (End::Stopped, Some(reason)) | (End::Lost { reason }, _) => {
                Outcome::Interrupted { reason, partial, begun: Some(true) }
            }
        };
        self.end(task, outcome, product.steps).await
    }

    /// Tells what a turn brought beside its answer, if it brought anything.
    async fn bring(&self, task: &TaskId, product: &Product<'_>) -> anyhow::Result<()> {
        let (workdir, answer) = (product.workdir.to_owned(), product.answer.to_owned());
        let files = match self.shared.enclosures.source() {
            Some(_) => {
                tokio::task::spawn_blocking(move || parcel::named(&workdir, &answer)).await?
            }
            None => vec![],
        };
        let diff = self.shared.mask.text(product.diff);
        let changes = self.shared.app.keep_changes(task.as_str(), &diff).await;
        let changes = changes.context("keep what an agent changed")?;
        // A path that holds a secret could only be shown as another.
        let mask = &self.shared.mask;
        let files: Vec<_> =
            files.into_iter().filter(|it| mask.found_in(it.as_bytes()).is_none()).collect();
        if files.is_empty() && changes.is_none() {
            return Ok(());
        }
        self.report(task, "brought", Report::Brought(Brought { files, changes })).await
    }

    pub(super) async fn end(
        &mut self,
        task: &TaskId,
        outcome: Outcome,
        steps: Vec<Text>,
    ) -> anyhow::Result<()> {
        // Whoever sees that it is over must not see it write.
        self.shared.live.forget(task);
        // Other processes show what is stored, and know no secret of this machine's.
        let mask = &self.shared.mask;
        let outcome = hidden(mask, outcome);
        let steps = steps.into_iter().map(|step| mask.told(step)).collect();
        self.report(task, "ended", Report::Ended { outcome, steps }).await?;
        self.work = self.work.take().filter(|work| work.task != *task);
        Ok(())
    }

    fn log_untold(&self, task: &TaskId, told: anyhow::Result<()>) {
        if let Err(error) = told {
            tracing::error!(chat.id = %self.chat, task.id = %task, "a report was lost: {error:#}");
        }
    }
}

/// Masks the words of an outcome. Its pages were masked before they were cut.
fn hidden(mask: &Mask, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Failed { reason, partial } => {
            Outcome::Failed { reason: mask.told(reason), partial }
        }
        Outcome::Interrupted { reason, partial, begun } => {
            Outcome::Interrupted { reason: mask.told(reason), partial, begun }
        }
        Outcome::Lacking { missing } => {
            let one = |it: Missing| Missing { why: mask.told(it.why), ..it };
            Outcome::Lacking { missing: missing.into_iter().map(one).collect() }
        }
        Outcome::Answered { .. }
        | Outcome::Stopped { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Merged { .. } => outcome,
    }
}
