//! One turn of Claude Code, as it is watched and steered.

use super::ask::{self, Pending};
use super::notes::Notes;
use super::run::{LOOK_EVERY, Run, Stand};
use super::{BEGIN_MAX, Watch, failure, grants, wire};
use crate::agent::{AgentError, End, Note, Turn};
use async_trait::async_trait;
use poco_core::words::agent as words;
use poco_core::{ApprovalId, Step, TaskId, Text, ThreadId, Transcript, TurnId, Verdict};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long an interrupted turn may take to end by itself.
const STOP_MAX: Duration = Duration::from_secs(10);

/// How long a silent process may take to show that it is alive: as long as it was silent, within
/// these limits.
const ALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30));

/// How much is taken in before what it means is told.
const LINES_MAX: usize = 256;

/// What PoCo's own requests are called.
const INTERRUPT: &str = "poco-interrupt";
const PROBE: &str = "poco-probe";

pub(super) struct ClaudeTurn {
    run: Run,
    watch: Option<Watch>,
    session: String,
    workdir: String,
    silence_max: Duration,
    notes: Notes,
    ready: VecDeque<Note>,
    pending: BTreeMap<ApprovalId, (Pending, String)>,
    /// Texts it was given and has not dealt with, by id; the prompt is the first.
    given: BTreeSet<String>,
    /// Texts it was ever given.
    known: BTreeSet<String>,
    /// It says of each text what becomes of it. Older ones do not.
    tells: bool,
    begun: bool,
    /// How it says that it ended, until it goes on with another text.
    result: Option<End>,
    stopping: Option<Instant>,
    heard: Instant,
    probed: bool,
    over: bool,
}

impl ClaudeTurn {
    pub(super) fn new(
        run: Run,
        watch: Watch,
        task: &TaskId,
        workdir: &str,
        silence_max: Duration,
    ) -> Self {
        let prompt = wire::uuid_of(task.as_str());
        Self {
            session: watch.session.clone(),
            run,
            watch: Some(watch),
            workdir: workdir.to_owned(),
            silence_max,
            notes: Notes::default(),
            ready: VecDeque::new(),
            pending: BTreeMap::new(),
            given: BTreeSet::from([prompt.clone()]),
            known: BTreeSet::from([prompt]),
            tells: false,
            begun: false,
            result: None,
            stopping: None,
            heard: Instant::now(),
            probed: false,
            over: false,
        }
    }

    /// Waits until the prompt was taken.
    pub(super) async fn begun(&mut self) -> Result<(), AgentError> {
        let end = Instant::now() + BEGIN_MAX;
        while !self.begun {
            // Whatever it says after its death it had said before.
            let alive = self.run.is_alive();
            if self.take_in() {
                continue;
            }
            if !alive {
                self.close();
                // What was not begun never reached the model.
                return Err(AgentError::Refused(self.run.last_words().await));
            }
            if Instant::now() > end {
                self.run.end().await;
                self.take_in();
                let reason = format!("Claude Code did not begin within {} s.", BEGIN_MAX.as_secs());
                self.close();
                return Err(if self.begun {
                    AgentError::Unclear(reason)
                } else {
                    AgentError::Later(reason)
                });
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Reads all that was said so far, and judges how the turn stands.
    pub(super) async fn catch_up(&mut self) -> Result<Stand, AgentError> {
        while self.take_in() {}
        if !self.begun && self.run.is_alive() {
            // It may not have been given its prompt, or not all of it. Ended, it can't begin.
            self.run.end().await;
            while self.take_in() {}
        }
        if self.is_done() {
            self.run.end_soon();
            return Ok(Stand::Over);
        }
        let alive = self.run.is_alive();
        while self.take_in() {}
        match (alive, self.begun) {
            (_, false) => {
                self.close();
                Ok(Stand::Never)
            }
            (true, true) if !self.is_done() => {
                self.heard = Instant::now();
                self.ready.push_back(Note::Step(Step::Gap));
                Ok(Stand::Running)
            }
            (_, true) => Ok(Stand::Over),
        }
    }

    /// Says how a turn that is over ended, and what it brought.
    pub(super) fn sum_up(&mut self) -> (End, String, Vec<Text>) {
        let mut transcript = Transcript::default();
        for note in self.ready.drain(..) {
            if let Note::Step(step) = note {
                transcript.apply(step);
            }
        }
        let lost = || End::Lost { reason: words::claude_died() };
        let end = self.result.take().unwrap_or_else(lost);
        self.close();
        (end, transcript.answer(), transcript.steps())
    }

    /// Takes in what was said by now; `false` if it was nothing.
    fn take_in(&mut self) -> bool {
        let mut any = false;
        for _ in 0..LINES_MAX {
            let Some(line) = self.run.said() else { break };
            any = true;
            self.told(&line);
        }
        if any {
            (self.heard, self.probed) = (Instant::now(), false);
        }
        any
    }

    fn told(&mut self, line: &Value) {
        match line["type"].as_str().unwrap_or_default() {
            "control_request" => self.asked(line),
            "control_cancel_request" => self.settled(line["request_id"].as_str()),
            // It repeats the answers it was given.
            "control_response" => self.answered(line["response"]["request_id"].as_str()),
            "command_lifecycle" => self.moved(line),
            "result" => self.ended(line),
            kind => {
                // Both come as a turn begins, before the model is asked.
                self.begun |= line["subtype"] == "init" || kind == "user";
                let steps = self.notes.take(line);
                self.ready.extend(steps.into_iter().map(Note::Step));
            }
        }
    }

    /// Notes what becomes of a text.
    fn moved(&mut self, line: &Value) {
        let Some(text) = line["command_uuid"].as_str() else { return };
        self.tells = true;
        match line["state"].as_str().unwrap_or_default() {
            "queued" => {
                self.known.insert(text.to_owned());
                self.given.insert(text.to_owned());
            }
            "started" => {
                self.begun = true;
                self.result = None;
            }
            _ => {
                self.given.remove(text);
            }
        }
    }

    fn ended(&mut self, line: &Value) {
        self.begun = true;
        self.result = Some(failure::end(line));
        for text in line["user_message_uuids"].as_array().into_iter().flatten() {
            self.given.remove(text.as_str().unwrap_or_default());
        }
    }

    /// Whether it has nothing more to do.
    fn is_done(&self) -> bool {
        self.result.is_some() && (self.given.is_empty() || !self.tells || self.stopping.is_some())
    }

    fn asked(&mut self, line: &Value) {
        let request = &line["request"];
        let Some(id) = line["request_id"].as_str() else { return };
        if request["subtype"] != "can_use_tool" {
            let refusal = wire::refusal(id, "PoCo can't do that");
            self.ready.push_back(Note::Step(Step::Did {
                what: words::asked_unknown(request["subtype"].as_str().unwrap_or("?")),
            }));
            return self.tell(refusal);
        }
        let (pending, ask, nature) = ask::read(request, &self.workdir);
        let approval = ApprovalId::new(id);
        let call = request["tool_use_id"].as_str().unwrap_or_default().to_owned();
        self.pending.insert(approval.clone(), (pending, call));
        self.ready.push_back(Note::Asked { approval, ask, nature });
    }

    /// It no longer waits for this.
    fn settled(&mut self, request: Option<&str>) {
        let approval = ApprovalId::new(request.unwrap_or_default());
        if self.pending.remove(&approval).is_some() {
            self.ready.push_back(Note::Settled { approval });
        }
    }

    /// An answer has arrived: of this PoCo, or of one before it.
    fn answered(&mut self, request: Option<&str>) {
        let answered = ApprovalId::new(request.unwrap_or_default());
        self.pending.remove(&answered);
        self.ready
            .retain(|note| !matches!(note, Note::Asked { approval, .. } if *approval == answered));
    }

    /// Tells it something that need not be waited for.
    fn tell(&self, message: Value) {
        let pipe = self.run.pipe();
        tokio::spawn(async move {
            if let Err(error) = pipe.give(&message).await {
                tracing::debug!("Claude Code was not told: {error}");
            }
        });
    }

    fn end(&mut self, end: End) {
        self.over = true;
        let gone = std::mem::take(&mut self.pending).into_keys();
        self.ready.extend(gone.map(|approval| Note::Settled { approval }));
        self.ready.push_back(Note::Ended(end));
        self.close();
    }

    /// Lets go of the process; nothing is left to it.
    fn close(&mut self) {
        self.over = true;
        self.run.end_soon();
        self.watch = None;
    }

    /// Looks whether there is an end, or a silence that means one.
    async fn look(&mut self, alive: bool) {
        if self.is_done() {
            let stopped = self.stopping.is_some();
            let end = match self.result.take() {
                Some(End::Lost { .. }) | None if stopped => End::Stopped,
                Some(end) => end,
                None => return,
            };
            return self.end(end);
        }
        if !alive {
            let reason = self.run.last_words().await;
            let stopped = self.stopping.is_some();
            return self.end(if stopped { End::Stopped } else { End::Lost { reason } });
        }
        if self.stopping.is_some_and(|since| since.elapsed() > STOP_MAX) {
            self.run.end().await;
            return;
        }
        let silence = self.heard.elapsed();
        if !self.pending.is_empty() || silence < self.silence_max {
            return;
        }
        if !self.probed {
            self.probed = true;
            // It knows no such request, and any live one says so.
            self.tell(wire::request(PROBE, "poco_probe"));
        } else if silence > self.silence_max + self.silence_max.clamp(ALIVE.0, ALIVE.1) {
            self.run.end().await;
            let reason = words::claude_unanswering();
            self.end(End::Lost { reason });
        }
    }
}

#[async_trait]
impl Turn for ClaudeTurn {
    fn thread(&self) -> ThreadId {
        ThreadId::new(&self.session)
    }

    fn id(&self) -> TurnId {
        TurnId::new(self.run.id())
    }

    async fn next(&mut self) -> Note {
        loop {
            if let Some(note) = self.ready.pop_front() {
                return note;
            }
            // Whatever it says after its death it had said before.
            let alive = self.run.is_alive();
            if !self.take_in() {
                self.look(alive).await;
                if self.ready.is_empty() {
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    async fn answer(
        &mut self,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> Result<bool, AgentError> {
        while self.take_in() {}
        let Some((pending, call)) = self.pending.get(approval) else { return Ok(false) };
        let reply = pending.reply(verdict);
        let call = call.clone();
        self.run.pipe().give(&wire::answer(approval.as_str(), &reply.response)).await?;
        self.pending.remove(approval);
        if reply.denied {
            self.notes.deny(&call);
        }
        if let Some(rules) = &reply.granted
            && let Err(error) = grants::add(self.run.folder(), rules)
        {
            tracing::warn!("leave for a conversation was not kept: {error}");
        }
        self.heard = Instant::now();
        Ok(true)
    }

    /// It has no ear while it thinks: a text is read with the next result of a tool or, if there is
    /// none, as soon as it is done. The turn lasts until then.
    async fn steer(&mut self, id: &str, text: &str) -> Result<bool, AgentError> {
        let name = wire::uuid_of(id);
        if self.known.contains(&name) {
            return Ok(true);
        }
        while self.take_in() {}
        if self.over || self.is_done() || self.stopping.is_some() {
            return Ok(false);
        }
        self.run.pipe().give(&wire::prompt(&name, text, &[])).await?;
        self.known.insert(name.clone());
        if self.tells {
            self.given.insert(name);
        }
        Ok(true)
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        if self.over || self.stopping.is_some() {
            return Ok(());
        }
        self.stopping = Some(Instant::now());
        // If it does not listen any more, it is ended after a while.
        self.tell(wire::request(INTERRUPT, "interrupt"));
        Ok(())
    }
}
