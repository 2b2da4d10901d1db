//! Does what jobs say. A job is struck off once its command has taken effect.

use super::{Seat, Work, learn};
use crate::agent::{Agent, AgentError, Prompt, Turn};
use crate::files::{Ungathered, wrap};
use crate::home::random_hex;
use poco_core::words::agent as words;
use poco_core::{
    ApprovalId, Command, Enclosed, Fact, Lang, Outcome, Phase, Report, Settings, Step, Task,
    TaskId, Text, ThreadId, Transcript, UserId, Verdict,
};
use poco_io::port::{Delivery, Job};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// How often a job is tried before its task is told that it failed.
const TRIES_MAX: u32 = 4;

/// How often a command may be begun without an end before it is put aside: a machine may be restarted
/// many times for reasons of its own.
const ENDS_MAX: u32 = 40;

/// How long a job waits before it is tried again; it grows with every try.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How often a job is tried; always less often than its queue delivers it, for whatever the queue takes
/// out by itself nobody is told of.
#[derive(Clone, Copy)]
struct Limits {
    /// With an error each time.
    tries: u32,
    /// With the end of this program each time.
    ends: u32,
}

impl Limits {
    fn of(deliveries_max: Option<u32>) -> Self {
        // The last delivery is there to say so.
        let begun = deliveries_max.map_or(u32::MAX, |most| most.saturating_sub(1)).max(1);
        Self { tries: TRIES_MAX.min(begun), ends: ENDS_MAX.min(begun) }
    }
}

/// What became of a command.
pub(super) enum Done {
    /// It has taken effect, or never will.
    Yes,
    /// It did not, and may later.
    Later(String),
}

/// What [`Command::Start`] carries.
struct Start<'a> {
    task: &'a TaskId,
    prompt: &'a str,
    thread: Option<&'a ThreadId>,
    /// In a copy of that conversation.
    fork: bool,
    settings: &'a Settings,
    enclosed: &'a Enclosed,
}

impl Seat {
    pub(super) async fn command(&mut self, delivery: &Delivery) {
        let job = &delivery.job;
        // The first delivery is within any limit.
        let limits = match delivery.tries {
            0 | 1 => Limits::of(None),
            _ => Limits::of(self.shared.queue.deliveries_max().await),
        };
        let ended_each_time = delivery.tries > limits.ends;
        let done = if ended_each_time {
            // Whatever ended this program each time must not do so once more.
            Done::Later(words::ended_each_time().of(Lang::En).to_owned())
        } else {
            match self.perform(&job.command, &job.id, delivery.tries).await {
                Ok(done) => done,
                Err(error) => Done::Later(format!("{error:#}")),
            }
        };
        let struck = match done {
            Done::Yes => self.shared.queue.done(delivery).await,
            Done::Later(reason) if delivery.tries >= limits.tries => {
                tracing::error!(chat.id = %self.chat, job.id, "a command failed for good: {reason}");
                // The last time was not one of them.
                let (tries, reason) = match ended_each_time {
                    true => (limits.ends, words::ended_each_time()),
                    false => (delivery.tries, Text::verbatim(reason)),
                };
                match self.give_up(job, tries, &reason).await {
                    Ok(()) => self.shared.queue.put_aside(delivery).await,
                    // It must not be out of sight before people were told.
                    Err(error) => {
                        tracing::error!(chat.id = %self.chat, "nobody could be told: {error:#}");
                        self.shared.queue.retry(delivery, RETRY_AFTER).await
                    }
                }
            }
            Done::Later(reason) => {
                tracing::warn!(chat.id = %self.chat, job.id, "a command is tried again: {reason}");
                let after = RETRY_AFTER * delivery.tries.max(1);
                self.shared.queue.retry(delivery, after).await
            }
        };
        if let Err(error) = struck {
            // It comes again, and is known then for what it is.
            tracing::warn!(chat.id = %self.chat, job.id, "a job could not be struck off: {error:#}");
        }
    }

    async fn perform(&mut self, command: &Command, job: &str, tries: u32) -> anyhow::Result<Done> {
        match command {
            Command::Start { task, prompt, thread, fork, settings, enclosed } => {
                let (thread, fork) = (thread.as_ref(), *fork);
                self.start(&Start { task, prompt, thread, fork, settings, enclosed }).await
            }
            Command::Answer { task, approval, verdict } => {
                self.answer(task, approval, verdict).await
            }
            Command::Steer { task, id, by, text } => self.steer(task, id, by, text).await,
            Command::Stop { task, thread: _, turn: _ } => self.stop(task).await,
            Command::Settle => {
                self.shared.settler.soon(&self.chat);
                Ok(Done::Yes)
            }
            Command::Deliver { .. } => self.deliver(command, tries).await,
            // Another process of a newer version may be able to, before it is given up.
            Command::Unreadable => Ok(Done::Later("it cannot be read".to_owned())),
            Command::Look { request, workdir } => {
                let result = self.shared.roots.look(workdir);
                let fact = Fact::Looked { request: request.clone(), result };
                self.tell(&format!("{job}-looked"), fact).await?;
                Ok(Done::Yes)
            }
            Command::Browse { request, query } => {
                let (roots, query) = (self.shared.roots.clone(), query.clone());
                let result = tokio::task::spawn_blocking(move || roots.browse(&query)).await?;
                let fact = Fact::Browsed { request: request.clone(), result };
                self.tell(&format!("{job}-browsed"), fact).await?;
                Ok(Done::Yes)
            }
        }
    }

    /// Says so where people look, for a command that can't be performed.
    async fn give_up(&mut self, job: &Job, tries: u32, reason: &Text) -> anyhow::Result<()> {
        match &job.command {
            Command::Start { task, .. } => self.put_aside(task, tries, reason).await,
            Command::Answer { task, approval, .. } => {
                let report = Report::Settled { approval: approval.clone() };
                self.report(task, approval.as_str(), report).await
            }
            Command::Steer { task, id, by, text } => self.missed(task, id, by, text).await,
            Command::Stop { task, .. } => self.stopped_unheard(task).await,
            Command::Deliver { request, path, topic, .. } => {
                let why = reason.clone();
                self.not_sent(request, path, why, topic.as_ref()).await
            }
            // Once a minute it is looked for anyway.
            Command::Settle => Ok(()),
            Command::Unreadable => {
                let fact = Fact::Unreadable { runner: self.shared.runner.clone() };
                self.tell(&format!("{}-unreadable", job.id), fact).await
            }
            Command::Browse { request, .. } => {
                let result = Err(words::folder_not_looked_at(reason));
                let fact = Fact::Browsed { request: request.clone(), result };
                self.tell(&format!("{request}-unlooked"), fact).await
            }
            Command::Look { request, .. } => {
                let result = Err(words::folder_not_looked_at(reason));
                let fact = Fact::Looked { request: request.clone(), result };
                self.tell(&format!("{request}-unlooked"), fact).await
            }
        }
    }

    /// Ends a task that could not be started however often it was tried; people say what becomes of
    /// it. What an agent may have begun is not said to have never been.
    async fn put_aside(&mut self, id: &TaskId, tries: u32, reason: &Text) -> anyhow::Result<()> {
        let Some(task) = self.current(id).await? else { return Ok(()) };
        if self.work.as_ref().is_some_and(|work| work.task == *id) {
            return Ok(());
        }
        let begun = match task.phase {
            Phase::Waiting | Phase::Confirming | Phase::Starting => Some(false),
            Phase::Claimed { .. } => None,
            Phase::Running | Phase::Stopping => Some(true),
        };
        let reason = words::put_aside(tries, reason);
        let outcome = Outcome::Interrupted { reason, partial: None, begun };
        self.end(id, outcome, vec![]).await
    }

    async fn start(&mut self, start: &Start<'_>) -> anyhow::Result<Done> {
        let Some(task) = self.current(start.task).await? else { return Ok(Done::Yes) };
        match &task.phase {
            Phase::Starting if self.shared.draining.load(Ordering::Relaxed) => {
                // It is saved with the task, so that no count of tries runs out meanwhile.
                let word = format!("held-{}", random_hex::<8>());
                self.report(start.task, &word, Report::Held).await?;
                return Ok(Done::Yes);
            }
            Phase::Starting => {}
            Phase::Claimed { .. } | Phase::Running | Phase::Stopping => {
                // It was begun before. If that was not us, its end must be found out.
                self.take_over(&task).await?;
                if self.current(start.task).await?.is_none_or(|it| it.phase != Phase::Starting) {
                    return Ok(Done::Yes);
                }
            }
            Phase::Waiting | Phase::Confirming => return Ok(Done::Yes),
        }
        let name = &start.settings.agent;
        let Some(agent) = self.shared.agents.get(name).cloned() else {
            let reason = words::not_here(name, self.shared.agents.names().join(", "));
            self.failed(start.task, reason).await?;
            return Ok(Done::Yes);
        };
        learn(&self.shared.mask, &start.settings.workdir).await;
        let prompt = match self.shared.enclosures.gather(start.task, start.enclosed).await {
            Ok(gathered) => wrap(start.prompt, &gathered),
            Err(Ungathered::Missing(missing)) => {
                self.end(start.task, Outcome::Lacking { missing }, vec![]).await?;
                return Ok(Done::Yes);
            }
            Err(Ungathered::Broken(error)) => {
                return Ok(Done::Later(format!("the files could not be kept: {error}")));
            }
        };
        let place = self.shared.places.clone().acquire_owned().await?;
        match self.hand_over(agent.as_ref(), start, &prompt).await? {
            Handed::Turn { turn, note } => {
                let mut transcript = Transcript::default();
                note.into_iter().for_each(|what| transcript.apply(Step::Did { what }));
                let work = Work {
                    task: start.task.clone(),
                    workdir: start.settings.workdir.clone(),
                    learned: Instant::now(),
                    turn,
                    transcript,
                    unseen: false,
                    usage: None,
                    glanced: Instant::now(),
                    closing: None,
                    _place: Some(place),
                };
                self.work = Some(work);
                Ok(Done::Yes)
            }
            Handed::Not(done) => Ok(done),
        }
    }

    /// Gives the agent the prompt: at most once, for the claim on it is saved before.
    async fn hand_over(
        &mut self,
        agent: &dyn Agent,
        start: &Start<'_>,
        prompt: &Prompt,
    ) -> anyhow::Result<Handed> {
        if let Err(reason) = agent.ready().await {
            return self.refused(start.task, reason).await;
        }
        if let Err(reason) = self.shared.roots.look(&start.settings.workdir) {
            // It was looked at when it was chosen; what a link in it leads to may be another now.
            return self.refused(start.task, reason).await;
        }
        let opened = match start.thread.filter(|_| start.fork) {
            Some(thread) => agent.fork(thread, start.settings).await,
            None => agent.open(start.thread, start.settings).await,
        };
        let (opened, note) = match opened {
            Err(AgentError::Forgotten(reason)) => {
                let note = words::fresh(reason);
                (agent.open(None, start.settings).await, Some(note))
            }
            opened => (opened, None),
        };
        let thread = match opened {
            Ok(thread) => thread,
            Err(AgentError::Refused(reason) | AgentError::Forgotten(reason)) => {
                return self.refused(start.task, reason).await;
            }
            Err(AgentError::Later(reason) | AgentError::Unclear(reason)) => {
                return Ok(Handed::Not(Done::Later(reason)));
            }
        };
        let claim = self.shared.claim.clone();
        let runner = self.shared.runner.clone();
        let report = Report::Claimed { claim: claim.clone(), runner, thread: Some(thread.clone()) };
        let attempt = random_hex::<8>();
        self.report(start.task, &format!("claimed-{attempt}"), report).await?;
        let ours = self.current(start.task).await?.is_some_and(
            |task| matches!(&task.phase, Phase::Claimed { claim: it } if *it == claim),
        );
        if !ours {
            // Somebody stopped it in between.
            return Ok(Handed::Not(Done::Yes));
        }
        match agent.start(&thread, start.task, prompt, start.settings).await {
            Ok(turn) => {
                self.started(start.task, turn.thread(), turn.id()).await?;
                Ok(Handed::Turn { turn, note })
            }
            Err(AgentError::Refused(reason)) => self.refused(start.task, reason).await,
            // The prompt went nowhere: the next try opens another conversation.
            Err(error @ (AgentError::Forgotten(_) | AgentError::Later(_))) => {
                self.report(start.task, &format!("unclaimed-{attempt}"), Report::Unclaimed).await?;
                Ok(Handed::Not(Done::Later(error.to_string())))
            }
            Err(AgentError::Unclear(reason)) => {
                tracing::warn!(task.id = %start.task, "it is not known whether a turn began: {reason}");
                if let Some(task) = self.current(start.task).await? {
                    self.take_over(&task).await?;
                }
                let again = self.current(start.task).await?;
                let again = again.is_some_and(|task| task.phase == Phase::Starting);
                Ok(Handed::Not(if again { Done::Later(reason) } else { Done::Yes }))
            }
        }
    }

    async fn refused(&mut self, task: &TaskId, reason: Text) -> anyhow::Result<Handed> {
        self.failed(task, reason).await?;
        Ok(Handed::Not(Done::Yes))
    }

    async fn answer(
        &mut self,
        task: &TaskId,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> anyhow::Result<Done> {
        let Some(turn) = self.turn(task).await? else { return Ok(Done::Yes) };
        match turn.answer(approval, verdict).await {
            // What it does not wait for is settled; what it was told it will say itself.
            Ok(true) => Ok(Done::Yes),
            Ok(false) | Err(AgentError::Refused(_) | AgentError::Forgotten(_)) => {
                self.settled(approval.clone()).await;
                Ok(Done::Yes)
            }
            Err(AgentError::Later(reason) | AgentError::Unclear(reason)) => Ok(Done::Later(reason)),
        }
    }

    async fn steer(
        &mut self,
        task: &TaskId,
        id: &str,
        by: &UserId,
        text: &str,
    ) -> anyhow::Result<Done> {
        let steered = match self.turn(task).await? {
            Some(turn) => turn.steer(id, text).await,
            None => Ok(false),
        };
        match steered {
            Ok(true) => Ok(Done::Yes),
            Ok(false) | Err(AgentError::Refused(_) | AgentError::Forgotten(_)) => {
                self.missed(task, id, by, text).await?;
                Ok(Done::Yes)
            }
            Err(AgentError::Later(reason) | AgentError::Unclear(reason)) => Ok(Done::Later(reason)),
        }
    }

    async fn stop(&mut self, task: &TaskId) -> anyhow::Result<Done> {
        let Some(turn) = self.turn(task).await? else {
            self.stopped_unheard(task).await?;
            return Ok(Done::Yes);
        };
        match turn.interrupt().await {
            Ok(()) => Ok(Done::Yes),
            Err(AgentError::Refused(reason) | AgentError::Forgotten(reason)) => {
                let reason = reason.of(Lang::En);
                tracing::warn!(task.id = %task, "could not be interrupted: {reason}");
                Ok(Done::Yes)
            }
            Err(AgentError::Later(reason) | AgentError::Unclear(reason)) => Ok(Done::Later(reason)),
        }
    }

    /// Returns the turn of a task, taking it over from an earlier process if need be.
    async fn turn(&mut self, id: &TaskId) -> anyhow::Result<Option<&mut Box<dyn Turn>>> {
        if self.work.as_ref().is_none_or(|work| work.task != *id)
            && let Some(task) = self.current(id).await?
        {
            self.take_over(&task).await?;
        }
        Ok(self.work.as_mut().filter(|work| work.task == *id).map(|work| &mut work.turn))
    }

    /// Returns a task if the chat is at it now, on this machine.
    pub(super) async fn current(&self, id: &TaskId) -> anyhow::Result<Option<Task>> {
        let room = self.shared.app.room(&self.chat).await?;
        let ours = |task: &Task| task.id == *id && task.settings.runner == self.shared.runner;
        Ok(room.desk.current.filter(ours))
    }

    pub(super) fn agent_of(&self, task: &Task) -> Option<Arc<dyn Agent>> {
        self.shared.agents.get(&task.settings.agent).cloned()
    }
}

enum Handed {
    /// The agent is at it. `note` is what people should know of how it began.
    Turn {
        turn: Box<dyn Turn>,
        note: Option<Text>,
    },
    Not(Done),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_given_up_before_its_queue_takes_it_out() {
        let limits = |most| {
            let Limits { tries, ends } = Limits::of(most);
            (tries, ends)
        };
        assert_eq!(limits(None), (4, 40), "a queue that never does leaves it to us");
        assert_eq!(limits(Some(1_000)), (4, 40));
        assert_eq!(limits(Some(10)), (4, 9));
        assert_eq!(limits(Some(5)), (4, 4), "as in the template");
        assert_eq!(limits(Some(3)), (2, 2));
        assert_eq!(limits(Some(1)), (1, 1), "there is no time to say so after a death");
    }
}
