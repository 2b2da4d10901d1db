//! Finds out what became of tasks that an earlier process was at.

use super::report::Product;
use super::{Seat, Work, learn};
use crate::agent::{AgentError, End, Found};
use crate::home::random_hex;
use poco_core::words::agent as words;
use poco_core::{Outcome, Phase, Report, Step, Task, Text, Transcript};
use std::time::Duration;
use tokio::time::Instant;

/// How often an agent is asked about a task before it is given up, with growing waits between.
const TRIES_MAX: u32 = 6;

/// When a task that could not be taken over is looked at again: nobody else does.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The first wait between two tries.
const WAIT: Duration = Duration::from_millis(250);

impl Seat {
    /// Takes over whatever the chat is at, if an earlier process began it.
    pub(super) async fn recover(&mut self) {
        if !*self.shared.ours.borrow() {
            return;
        }
        self.again = None;
        let recovered = match self.shared.app.room(&self.chat).await {
            Ok(room) => match room.desk.current {
                Some(task) if task.held && task.phase == Phase::Starting => {
                    self.waits = true;
                    Ok(())
                }
                Some(task) => self.take_over(&task).await,
                None => Ok(()),
            },
            Err(error) => Err(error.context("look what runs")),
        };
        if let Err(error) = recovered {
            tracing::error!(chat.id = %self.chat, "could not take over, tried again: {error:#}");
            self.again = Some(Instant::now() + AGAIN_AFTER);
        }
    }

    /// Goes on with a task that had begun, or tells how it ended, or that this can't be known.
    ///
    /// Afterwards the seat is at the task, or it is over, or it is [`Phase::Starting`] again.
    pub(super) async fn take_over(&mut self, task: &Task) -> anyhow::Result<()> {
        let begun = match task.phase {
            Phase::Waiting | Phase::Confirming | Phase::Starting => return Ok(()),
            Phase::Claimed { .. } => None,
            Phase::Running | Phase::Stopping => task.turn.as_ref().map(|_| true),
        };
        if self.work.as_ref().is_some_and(|work| work.task == task.id) {
            return Ok(());
        }
        match self.find(task).await {
            Found::Running(mut turn) => {
                if task.phase == Phase::Stopping {
                    // The word to stop may have been struck off without having reached it.
                    turn.interrupt().await.unwrap_or_else(|error| {
                        tracing::warn!(task.id = %task.id, "could not be interrupted: {error}");
                    });
                }
                self.started(&task.id, turn.thread(), turn.id()).await?;
                let mut transcript = Transcript::default();
                transcript.apply(Step::Gap);
                let place = self.shared.places.clone().try_acquire_owned();
                let workdir = task.settings.workdir.clone();
                learn(&self.shared.mask, &workdir).await;
                self.work = Some(Work {
                    task: task.id.clone(),
                    workdir,
                    learned: Instant::now(),
                    turn,
                    transcript,
                    unseen: true,
                    usage: None,
                    glanced: Instant::now(),
                    closing: None,
                    _place: place.ok(),
                });
                Ok(())
            }
            Found::Over { turn, end, answer, steps } => {
                if let Some(thread) = &task.thread {
                    self.started(&task.id, thread.clone(), turn).await?;
                }
                let workdir = task.settings.workdir.as_str();
                let brought = Product { workdir, answer: &answer, diff: "", steps };
                self.conclude(&task.id, end, None, brought).await
            }
            Found::Never if task.phase == Phase::Stopping => {
                self.end(&task.id, Outcome::Stopped { partial: None }, vec![]).await
            }
            Found::Never if begun.is_none() => {
                let word = format!("unclaimed-{}", random_hex::<8>());
                self.report(&task.id, &word, Report::Unclaimed).await
            }
            Found::Never => {
                let reason = words::no_record();
                let brought = Product { workdir: "", answer: "", diff: "", steps: vec![] };
                self.conclude(&task.id, End::Lost { reason }, None, brought).await
            }
            Found::Unknown { reason } => {
                let outcome = Outcome::Interrupted { reason, partial: None, begun };
                self.end(&task.id, outcome, vec![]).await
            }
        }
    }

    /// Asks the agent's own record, patiently.
    async fn find(&self, task: &Task) -> Found {
        let Some(agent) = self.agent_of(task) else {
            let reason = words::gone_from_here(&task.settings.agent);
            return Found::Unknown { reason };
        };
        // Without a thread nothing can have been started: the claim names it.
        let Some(thread) = &task.thread else { return Found::Never };
        let mut wait = WAIT;
        let mut last = Text::default();
        for _ in 0..TRIES_MAX {
            match agent.find(thread, &task.id, &task.settings).await {
                Ok(found) => return found,
                Err(AgentError::Refused(reason) | AgentError::Forgotten(reason)) => {
                    return Found::Unknown { reason };
                }
                Err(AgentError::Later(reason) | AgentError::Unclear(reason)) => {
                    last = Text::verbatim(reason);
                }
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Found::Unknown { reason: last }
    }
}
