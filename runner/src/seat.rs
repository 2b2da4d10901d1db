//! One chat's place at the runner: takes its commands in order, and follows the turn they start.

mod command;
mod deliver;
mod recover;
mod report;
#[cfg(test)]
mod tests;

use crate::agent::{Agents, Note, Turn};
use crate::files::Enclosures;
use crate::folder::Roots;
use crate::live::Live;
use crate::secrets;
use crate::settle::Settler;
use poco_core::setup::Usage;
use poco_core::{ChatId, Lang, RunnerId, Step, TaskId, Text, Transcript};
use poco_io::app::App;
use poco_io::mask::Mask;
use poco_io::port::{Delivery, Queue};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// How often people get to see what an agent writes.
const GLANCE_EVERY: Duration = Duration::from_millis(250);

/// When the same is shown again, for a glance may be missed. One that was not costs no call then.
const GLANCE_AGAIN: Duration = Duration::from_secs(2);

/// How often a project is looked through for secrets while an agent works in it: it may make some.
const LEARN_EVERY: Duration = Duration::from_secs(5);

/// How long a seat stays when there is nothing to do.
const IDLE: Duration = Duration::from_secs(30);

/// What all seats share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) settler: Settler,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) agents: Agents,
    pub(crate) live: Live,
    /// Where people may have agents work.
    pub(crate) roots: Roots,
    /// The machine this is; tasks of another are not ours.
    pub(crate) runner: RunnerId,
    /// Names this process: a claim of another one is not ours.
    pub(crate) claim: String,
    /// What must not be seen in a chat.
    pub(crate) mask: Mask,
    /// What goes with prompts.
    pub(crate) enclosures: Enclosures,
    /// How many turns may run at once.
    pub(crate) places: Arc<Semaphore>,
    /// Nothing new is begun here.
    pub(crate) draining: Arc<AtomicBool>,
}

/// What a seat is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Do what a job says.
    Do(Delivery),
    /// See what became of a task that an earlier process was at.
    Recover,
    /// Bring what runs to a safe point and leave.
    Close { reason: Text },
}

/// A turn under way, and what it has brought.
struct Work {
    task: TaskId,
    workdir: String,
    /// When its project was last looked through for secrets.
    learned: Instant,
    turn: Box<dyn Turn>,
    transcript: Transcript,
    /// Something was written that nobody saw yet.
    unseen: bool,
    glanced: Instant,
    /// What it took of the model so far.
    usage: Option<Usage>,
    /// Why it was cut off, if it was us.
    closing: Option<Text>,
    _place: Option<tokio::sync::OwnedSemaphorePermit>,
}

pub(crate) struct Seat {
    shared: Shared,
    chat: ChatId,
    work: Option<Work>,
}

/// Says whether it may have been seen.
type Glance = Pin<Box<dyn Future<Output = bool> + Send>>;

impl Seat {
    pub(crate) fn new(shared: Shared, chat: ChatId) -> Self {
        Self { shared, chat, work: None }
    }

    /// Serves until there has been nothing to do for a while, or until told to close.
    pub(crate) async fn serve(mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Stay {
        let mut glance: Option<Glance> = None;
        let mut tick = ticker();
        let mut last = Instant::now();
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Do(delivery)) => self.command(&delivery).await,
                    Some(Order::Recover) => self.recover().await,
                    Some(Order::Close { reason }) => {
                        self.close(reason).await;
                        return Stay::Closed;
                    }
                    None => return Stay::Closed,
                },
                note = next(&mut self.work) => self.note(note).await,
                seen = done(&mut glance) => {
                    glance = None;
                    self.work.iter_mut().for_each(|work| work.unseen |= !seen);
                    continue;
                }
                _ = tick.tick() => {
                    if glance.is_none() {
                        glance = self.glance();
                    }
                    if self.work.is_none() && glance.is_none() && last.elapsed() > IDLE {
                        return Stay::Idle;
                    }
                    continue;
                }
            }
            last = Instant::now();
        }
    }

    async fn note(&mut self, note: Note) {
        let Some(work) = &mut self.work else { return };
        match note {
            Note::Step(step) => {
                if !matches!(step, Step::Wrote { .. }) && work.learned.elapsed() > LEARN_EVERY {
                    work.learned = Instant::now();
                    learn(&self.shared.mask, &work.workdir).await;
                }
                work.transcript.apply(hidden(&self.shared.mask, step));
                work.unseen = true;
            }
            Note::Asked { approval, ask, nature } => self.asked(approval, ask, nature).await,
            Note::Settled { approval } => self.settled(approval).await,
            Note::Used(usage) => work.usage = Some(usage),
            Note::Ended(end) => self.ended(end).await,
        }
    }

    /// Shows what was written since the last glance, or the same again after a while.
    fn glance(&mut self) -> Option<Glance> {
        let is_due = |work: &&mut Work| work.unseen || work.glanced.elapsed() > GLANCE_AGAIN;
        let work = self.work.as_mut().filter(is_due)?;
        (work.unseen, work.glanced) = (false, Instant::now());
        let mask = &self.shared.mask;
        // Of the message that is being written, the end may be half a secret.
        let transcript = work.transcript.mapped(|text, last| match last {
            true => mask.growing(text),
            false => mask.text(text),
        });
        self.shared.live.put(&work.task, transcript.window(Lang::En));
        let (app, chat, task) = (self.shared.app.clone(), self.chat.clone(), work.task.clone());
        Some(Box::pin(async move {
            let seen = app.glance(&chat, &task, &transcript).await;
            if let Err(error) = &seen {
                tracing::debug!(chat.id = %chat, task.id = %task, "a glance was missed: {error:#}");
            }
            seen.is_ok()
        }))
    }

    /// Interrupts what runs, and sees it to its end within the agent's bounds.
    async fn close(&mut self, reason: Text) {
        let Some(work) = &mut self.work else { return };
        work.closing = Some(reason);
        if let Err(error) = work.turn.interrupt().await {
            tracing::warn!(chat.id = %self.chat, task.id = %work.task, "could not interrupt: {error}");
            return;
        }
        while self.work.is_some() {
            let note = next(&mut self.work).await;
            self.note(note).await;
        }
    }
}

/// Looks through a project for secrets, which are masked from now on.
async fn learn(mask: &Mask, workdir: &str) {
    let (mask, workdir) = (mask.clone(), workdir.to_owned());
    let learned = tokio::task::spawn_blocking(move || mask.learn(secrets::of_project(&workdir)));
    if let Err(error) = learned.await {
        tracing::warn!("a project could not be looked through for secrets: {error}");
    }
}

/// Masks what is cut to a line before it is. Messages are masked whole, when they are seen.
fn hidden(mask: &Mask, step: Step) -> Step {
    match step {
        Step::Did { what } => Step::Did { what: mask.told(what) },
        Step::Wrote { .. }
        | Step::Said { .. }
        | Step::Dropped { .. }
        | Step::Changed { .. }
        | Step::Gap => step,
    }
}

/// Why a seat was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    Idle,
    Closed,
}

fn ticker() -> Interval {
    let mut tick = interval(GLANCE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

async fn next(work: &mut Option<Work>) -> Note {
    match work {
        Some(work) => work.turn.next().await,
        None => pending().await,
    }
}

async fn done(glance: &mut Option<Glance>) -> bool {
    match glance {
        Some(glance) => glance.await,
        None => pending().await,
    }
}
