//! One turn of an agent: a prompt, whose answer ends it.

use super::ask::{Pending, Request};
use super::client::Ear;
use super::failure;
use super::inbox::Incoming;
use super::journal::{Journal, Over};
use super::notes::{self, Notes};
use crate::agent::{AgentError, End, Note, Turn};
use crate::rpc::{Awaited, CallError};
use agent_client_protocol_schema::v1::{PromptResponse, SessionUpdate, StopReason};
use async_trait::async_trait;
use poco_core::words::acp as words;
use poco_core::{ApprovalId, Step, TaskId, Text, ThreadId, Transcript, TurnId, Verdict, hash};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// The longest an agent may take to stop.
const CANCEL_MAX: Duration = Duration::from_secs(5);

/// What an agent is told that was not allowed something.
const DENIED: &str = "I did not allow that. Go on without it.";

pub(super) struct AcpTurn {
    ear: Ear,
    record: Record,
    workdir: String,
    notes: Notes,
    ready: VecDeque<Note>,
    pending: BTreeMap<ApprovalId, Pending>,
    /// How many questions were put.
    asked: usize,
    /// What a person said meanwhile. The protocol has no place for that, so it is told when the
    /// prompt is answered, as another one of the same turn.
    unsaid: Vec<String>,
    /// Names of texts the turn was given.
    given: HashSet<String>,
    /// How much was said when something was not allowed.
    denied: Option<usize>,
    /// It was told to go on without what was not allowed.
    reminded: bool,
    awaited: Awaited,
    stopping: Option<Instant>,
    /// Why it was given up, if it was.
    hopeless: Option<Text>,
    heard: Instant,
    silence_max: Duration,
    inquiry: Option<JoinHandle<Finding>>,
    over: bool,
}

/// What was found out about an agent.
enum Finding {
    AtWork,
    Hangs,
    Ended(Text),
}

impl AcpTurn {
    pub(super) fn new(
        ear: Ear,
        awaited: Awaited,
        record: Record,
        workdir: &str,
        silence_max: Duration,
    ) -> Self {
        Self {
            ear,
            record,
            workdir: workdir.to_owned(),
            notes: Notes::default(),
            ready: VecDeque::new(),
            pending: BTreeMap::new(),
            asked: 0,
            unsaid: vec![],
            given: HashSet::new(),
            denied: None,
            reminded: false,
            awaited,
            stopping: None,
            hopeless: None,
            heard: Instant::now(),
            silence_max,
            inquiry: None,
            over: false,
        }
    }

    fn title(&self) -> String {
        self.ear.client.launch.title()
    }

    fn take(&mut self, incoming: Incoming) {
        self.heard = Instant::now();
        match incoming {
            Incoming::Updated(update) => self.updated(*update),
            Incoming::Asked { id, request } => self.put(id, *request),
            Incoming::Closed { reason } => {
                // Its last words may have been the answer.
                if let Some(Ok(answer)) = self.awaited.ready() {
                    return self.stopped_by(&answer);
                }
                tracing::debug!(task.id = %self.record.task, "lost the agent: {reason}");
                let client = self.ear.client.clone();
                self.inquire(async move { Finding::Ended(client.last_words().await) });
            }
        }
    }

    fn updated(&mut self, update: SessionUpdate) {
        let steps = self.notes.take(update);
        self.show(steps);
        // What is done or given up needs no leave any more.
        let over = |tool: &str| self.notes.call(tool).is_some_and(notes::is_done);
        let gone: Vec<_> = self.pending.extract_if(.., |_, it| over(&it.tool)).collect();
        for (approval, pending) in gone {
            self.ear.client.rpc.answer(&pending.id, &pending.cancelled());
            self.ready.push_back(Note::Settled { approval });
        }
    }

    fn put(&mut self, id: Value, request: Request) {
        let call = request.tool().and_then(|tool| self.notes.call(tool));
        let (pending, question, nature) = request.word(id, call, &self.workdir);
        if self.stopping.is_some() {
            return self.ear.client.rpc.answer(&pending.id, &pending.cancelled());
        }
        self.asked += 1;
        let what = format!("{}\n{}\n{}", self.ear.session, self.record.task, self.asked);
        let approval = ApprovalId::new(format!("{:016x}", hash(&what)));
        self.pending.insert(approval.clone(), pending);
        self.ready.push_back(Note::Asked { approval, ask: question, nature });
    }

    /// Takes the answer to the prompt.
    fn answered(&mut self, answer: Result<Value, CallError>) {
        let client = self.ear.client.clone();
        match answer {
            Ok(answer) => self.stopped_by(&answer),
            Err(_) if client.is_closed() => {}
            Err(CallError::Refused { code, message }) => {
                let end = failure::of_prompt(&client.launch, &client.hello, code, &message);
                self.end(end);
            }
            Err(CallError::NotSent(reason) | CallError::Unanswered(reason)) => {
                self.end(End::Lost { reason: Text::verbatim(reason) });
            }
        }
    }

    fn stopped_by(&mut self, answer: &Value) {
        if self.unsaid.is_empty() && self.denied == Some(self.notes.messages()) && !self.reminded {
            // Some end their turn there; they are to go on without.
            self.reminded = true;
            self.unsaid.push(DENIED.to_owned());
        }
        if !self.unsaid.is_empty() && self.stopping.is_none() {
            let text = std::mem::take(&mut self.unsaid).join("\n\n");
            return self.go_on(&text);
        }
        let stop =
            serde_json::from_value::<PromptResponse>(answer.clone()).map(|it| it.stop_reason);
        let end = match stop {
            Ok(StopReason::Cancelled) if self.denied.is_some() => End::Completed,
            Ok(reason) => failure::of_stop(&self.title(), reason),
            Err(_) => {
                let word = answer["stopReason"].as_str().unwrap_or("nothing");
                let reason = words::odd_end(self.title(), word);
                End::Failed { reason }
            }
        };
        self.end(end);
    }

    /// Says more in the same turn.
    fn go_on(&mut self, text: &str) {
        match self.ear.give_now(text) {
            Ok(awaited) => self.awaited = awaited,
            Err(error) => self.end(End::Lost { reason: Text::verbatim(error.to_string()) }),
        }
    }

    fn end(&mut self, end: End) {
        if self.over {
            return;
        }
        self.over = true;
        self.ear.close();
        let steps = self.notes.finish();
        self.show(steps);
        let gone = std::mem::take(&mut self.pending);
        for (approval, pending) in gone {
            self.ear.client.rpc.answer(&pending.id, &pending.cancelled());
            self.ready.push_back(Note::Settled { approval });
        }
        let end = match (end, &self.hopeless) {
            _ if self.stopping.is_some() && self.hopeless.is_none() => End::Stopped,
            (_, Some(reason)) => End::Failed { reason: reason.clone() },
            (end, None) => end,
        };
        if end == End::Completed && self.denied == Some(self.notes.messages()) {
            self.show([Step::Did { what: words::stopped_there(self.title()) }]);
        }
        for text in std::mem::take(&mut self.unsaid) {
            self.show([notes::did("⊘", words::untold(text))]);
        }
        self.record.finish(&self.ear.session, &end);
        self.ready.push_back(Note::Ended(end));
    }

    fn show(&mut self, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            self.record.transcript.apply(step.clone());
            self.ready.push_back(Note::Step(step));
        }
    }

    /// Nothing was heard for too long, or it does not stop.
    fn alarm(&mut self) {
        self.heard = Instant::now();
        if self.stopping.is_some() {
            return self.force();
        }
        if self.notes.is_at_work() {
            let client = self.ear.client.clone();
            return self.inquire(async move {
                if client.is_alive().await { Finding::AtWork } else { Finding::Hangs }
            });
        }
        let minutes = self.silence_max.as_secs().div_ceil(60);
        self.hopeless = Some(words::silent(self.title(), minutes));
        self.cancel();
    }

    fn cancel(&mut self) {
        self.stopping = Some(Instant::now() + CANCEL_MAX);
        for (approval, pending) in std::mem::take(&mut self.pending) {
            self.ear.client.rpc.answer(&pending.id, &pending.cancelled());
            self.ready.push_back(Note::Settled { approval });
        }
        self.ear.cancel();
    }

    /// Ends an agent that does not stop, with whatever else it is at in this folder.
    fn force(&mut self) {
        self.ear.client.end_soon("it did not stop when it was told to");
        self.end(End::Stopped);
    }

    fn found(&mut self, finding: Finding) {
        match finding {
            Finding::AtWork => {}
            Finding::Hangs => {
                let reason = words::hung(self.title());
                self.ear.client.end_soon("it hung");
                self.end(End::Lost { reason });
            }
            Finding::Ended(reason) => self.end(End::Lost { reason }),
        }
    }

    fn inquire(&mut self, inquiry: impl Future<Output = Finding> + Send + 'static) {
        if let Some(before) = self.inquiry.replace(tokio::spawn(inquiry)) {
            before.abort();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.stopping.is_some() {
            return self.stopping;
        }
        let silent = self.inquiry.is_none() && self.pending.is_empty();
        silent.then(|| self.heard + self.silence_max)
    }
}

/// What is kept of a turn, for whoever asks later.
pub(super) struct Record {
    pub(super) journal: Arc<Journal>,
    pub(super) task: TaskId,
    pub(super) transcript: Transcript,
}

impl Record {
    /// Keeps how the turn ended.
    pub(super) fn finish(&self, thread: &str, end: &End) {
        let (answer, steps) = (self.transcript.answer(), self.transcript.steps());
        let over = Over::new(self.task.as_str(), end, answer, steps);
        if let Err(error) = self.journal.finish(thread, &over) {
            tracing::warn!(task.id = %self.task, "what came of it was not kept: {error:#}");
        }
    }
}

/// Names the turn of a task: the protocol has no names for turns.
pub(super) fn name(task: &TaskId) -> TurnId {
    TurnId::new(format!("acp-{task}"))
}

#[async_trait]
impl Turn for AcpTurn {
    fn thread(&self) -> ThreadId {
        ThreadId::new(&self.ear.session)
    }

    fn id(&self) -> TurnId {
        name(&self.record.task)
    }

    async fn next(&mut self) -> Note {
        loop {
            if let Some(note) = self.ready.pop_front() {
                return note;
            }
            let deadline = self.deadline();
            tokio::select! {
                // What was said before the answer comes before it.
                biased;
                incoming = self.ear.next() => self.take(incoming),
                finding = conclusion(&mut self.inquiry) => {
                    self.inquiry = None;
                    self.found(finding);
                }
                answer = self.awaited.answer(), if !self.ear.client.is_closed() => {
                    self.answered(answer);
                }
                () = at(deadline) => self.alarm(),
            }
        }
    }

    async fn answer(
        &mut self,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> Result<bool, AgentError> {
        if self.ear.client.is_closed() {
            return Ok(false);
        }
        let Some(pending) = self.pending.remove(approval) else { return Ok(false) };
        if let Verdict::Deny { why } = verdict {
            self.denied = Some(self.notes.messages());
            self.notes.deny(&pending.tool);
            if let Some(why) = why.as_ref().filter(|_| !pending.carries_reason()) {
                self.unsaid.push(format!("{DENIED} Reason: {why}"));
            }
        }
        self.ear.client.rpc.answer(&pending.id, &pending.reply(verdict));
        self.heard = Instant::now();
        Ok(true)
    }

    async fn steer(&mut self, id: &str, text: &str) -> Result<bool, AgentError> {
        if self.over || self.stopping.is_some() || self.ear.client.is_closed() {
            return Ok(false);
        }
        if self.given.insert(id.to_owned()) {
            self.unsaid.push(text.to_owned());
        }
        Ok(true)
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        if !self.over && self.stopping.is_none() {
            self.cancel();
        }
        Ok(())
    }
}

/// Waits for what an inquiry finds; for ever if there is none. Cancel safe.
async fn conclusion(inquiry: &mut Option<JoinHandle<Finding>>) -> Finding {
    let Some(inquiry) = inquiry else { return std::future::pending().await };
    inquiry.await.unwrap_or(Finding::Hangs)
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

impl Drop for AcpTurn {
    fn drop(&mut self) {
        if let Some(inquiry) = self.inquiry.take() {
            inquiry.abort();
        }
        if !self.over && !self.ear.client.is_closed() {
            // Nothing runs that nobody watches.
            self.ear.cancel();
        }
    }
}
