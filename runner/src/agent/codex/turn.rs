//! One turn of codex, as it is watched and steered.

use super::ask::{self, Pending, Request};
use super::client::Ear;
use super::inbox::{DELTA, Incoming};
use super::keeper::Keeper;
use super::notes::{Notes, Patch};
use super::watch::{self, Finding, Watch};
use super::{failure, record};
use crate::agent::{AgentError, End, Note, Turn};
use async_trait::async_trait;
use poco_core::setup::{Tokens, Usage};
use poco_core::words::agent as words;
use poco_core::{ApprovalId, Step, TaskId, Text, ThreadId, TurnId, Verdict};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

/// Tells the model that nobody can give it a secret here.
const NO_SECRETS: &str = "Secrets can't be entered in this chat. Go on without, or say what the \
                          person has to set up on the machine itself.";

pub(super) struct CodexTurn {
    keeper: Arc<Keeper>,
    ear: Ear,
    id: String,
    notes: Notes,
    ready: VecDeque<Note>,
    pending: BTreeMap<ApprovalId, Pending>,
    /// Answers codex has taken, and those of which that is not known.
    taken: HashMap<ApprovalId, usize>,
    untaken: HashMap<ApprovalId, Value>,
    /// Texts the turn was given.
    given: HashSet<String>,
    watch: Watch,
    usage: Usage,
    stopping: bool,
    /// Why it can't go on, if it can't.
    hopeless: Option<Text>,
    over: bool,
    /// Something that is being found out.
    inquiry: Option<JoinHandle<Finding>>,
}

/// Where a turn takes place.
pub(super) struct Place {
    pub(super) keeper: Arc<Keeper>,
    pub(super) ear: Ear,
}

impl CodexTurn {
    pub(super) fn new(place: Place, id: String, task: &TaskId, silence_max: Duration) -> Self {
        let Place { keeper, ear } = place;
        Self {
            keeper,
            ear,
            id,
            notes: Notes::default(),
            ready: VecDeque::new(),
            pending: BTreeMap::new(),
            taken: HashMap::new(),
            untaken: HashMap::new(),
            given: HashSet::from([task.to_string()]),
            watch: Watch::new(silence_max),
            usage: Usage::default(),
            stopping: false,
            hopeless: None,
            over: false,
            inquiry: None,
        }
    }

    /// Learns what open questions may be about.
    pub(super) fn recall(&mut self, calls: BTreeMap<String, Patch>) {
        self.notes.recall_calls(calls);
    }

    /// Goes on with a turn that was at work before we listened.
    pub(super) fn catch_up(&mut self, turn: &Value) {
        self.given.extend(record::given(turn).map(str::to_owned));
        for item in turn["items"].as_array().into_iter().flatten() {
            self.notes.recall(item);
            self.item_over(item);
        }
        let steps = record::steps(turn).into_iter().chain([Step::Gap]);
        self.ready.extend(steps.map(Note::Step));
    }

    fn take(&mut self, incoming: Incoming) {
        self.watch.heard();
        match incoming {
            Incoming::Told { method, params } => self.told(&method, &params),
            Incoming::Asked { id, method, params } => self.asked(&id, &method, &params),
            Incoming::Closed { reason } => {
                tracing::debug!(turn = self.id, "lost codex: {reason}");
                let seek =
                    watch::rejoin(self.keeper.clone(), self.ear.thread.clone(), self.id.clone());
                self.inquire(tokio::spawn(seek));
            }
        }
    }

    fn told(&mut self, method: &str, params: &Value) {
        if method == "serverRequest/resolved" {
            return self.resolved(&params["requestId"]);
        }
        // Sub-agents have threads of their own; what they say is for the agent.
        let elsewhere = params["threadId"] != self.ear.thread.as_str();
        let another = params["turnId"].as_str().is_some_and(|turn| turn != self.id);
        if elsewhere || another {
            return;
        }
        match method {
            "turn/completed" if params["turn"]["id"] == self.id.as_str() => {
                return self.end(self.end_of(&params["turn"]));
            }
            "error" if params["willRetry"] == true => self.watch.retrying(),
            "item/started" | "item/completed" => {
                self.watch.moved();
                if method == "item/completed" {
                    self.item_over(&params["item"]);
                }
                self.given.extend(params["item"]["clientId"].as_str().map(str::to_owned));
            }
            DELTA => self.watch.moved(),
            "thread/tokenUsage/updated" => self.used(&params["tokenUsage"]),
            _ => {}
        }
        self.ready.extend(self.notes.take(method, params).into_iter().map(Note::Step));
    }

    /// Codex counts what each answer of the model took; the turn's are added up.
    fn used(&mut self, usage: &Value) {
        let tokens = |it: &Value| {
            let count = |name: &str| it[name].as_u64().unwrap_or_default();
            Tokens {
                input: count("inputTokens"),
                cached: count("cachedInputTokens"),
                output: count("outputTokens"),
                reasoning: count("reasoningOutputTokens"),
            }
        };
        let (last, turn) = (tokens(&usage["last"]), &mut self.usage.turn);
        turn.input += last.input;
        turn.cached += last.cached;
        turn.output += last.output;
        turn.reasoning += last.reasoning;
        self.usage.total = tokens(&usage["total"]);
        self.ready.push_back(Note::Used(self.usage));
    }

    fn asked(&mut self, id: &Value, method: &str, params: &Value) {
        let patch = self.notes.patch(params["itemId"].as_str().unwrap_or_default());
        match ask::read(id, method, params, patch) {
            Request::Ask { approval, pending, question, nature } => {
                let approval = self.distinct(approval);
                if let Some(reply) = self.untaken.remove(&approval) {
                    // It was answered over a connection that was lost.
                    return self.ear.client.answer_at_once(id, &reply);
                }
                if self.pending.insert(approval.clone(), pending).is_none() {
                    self.ready.push_back(Note::Asked { approval, ask: question, nature });
                }
            }
            Request::Reply { result, what } => {
                self.ear.client.answer_at_once(id, &result);
                self.ready.push_back(Note::Step(Step::Did { what }));
                if method == "item/tool/requestUserInput" {
                    self.mention(&format!("secret-{}", params["itemId"]), NO_SECRETS);
                }
            }
            Request::Unknown => self.ear.client.refuse(id, &format!("PoCo can't answer {method}")),
        }
    }

    /// Tells a question from an equal one before it that was answered.
    fn distinct(&self, approval: ApprovalId) -> ApprovalId {
        match self.taken.get(&approval) {
            Some(times) => ApprovalId::new(format!("{approval}-{}", times + 1)),
            None => approval,
        }
    }

    fn resolved(&mut self, id: &Value) {
        self.settle(|pending| pending.live && pending.id == *id);
    }

    /// Nobody needs leave any more for what is done or left.
    fn item_over(&mut self, item: &Value) {
        if item["status"] != "inProgress" {
            self.settle(|pending| item["id"] == pending.item.as_str());
        }
    }

    fn settle(&mut self, over: impl Fn(&Pending) -> bool) {
        let gone = self.pending.extract_if(.., |_, pending| over(pending));
        self.ready.extend(gone.map(|(approval, _)| Note::Settled { approval }));
    }

    fn end_of(&self, turn: &Value) -> End {
        match (record::end(turn), &self.hopeless) {
            (End::Lost { .. }, _) if self.stopping => End::Stopped,
            (End::Lost { .. }, Some(reason)) => End::Failed { reason: reason.clone() },
            (End::Lost { .. }, None) if turn["status"] == "interrupted" => {
                End::Lost { reason: words::somebody_else() }
            }
            (end, _) => end,
        }
    }

    fn end(&mut self, end: End) {
        if !self.over {
            self.over = true;
            self.ear.close();
            self.ready.push_back(Note::Ended(end));
        }
    }

    /// Nothing was heard for too long.
    fn alarm(&mut self) {
        self.watch.heard();
        let (client, thread, id) =
            (self.ear.client.clone(), self.ear.thread.clone(), self.id.clone());
        let inquiry = if self.watch.is_cut_off() {
            let minutes = self.watch.limit().as_secs().div_ceil(60);
            self.hopeless = Some(words::unreachable(minutes));
            tokio::spawn(watch::give_up(client, thread, id))
        } else {
            tokio::spawn(watch::probe(self.keeper.clone(), client, thread, id))
        };
        self.inquire(inquiry);
    }

    fn inquire(&mut self, inquiry: JoinHandle<Finding>) {
        if let Some(before) = self.inquiry.replace(inquiry) {
            before.abort();
        }
    }

    fn found(&mut self, finding: Finding) {
        match finding {
            Finding::AtWork => {}
            Finding::Rejoined { ear, turn } => {
                self.ear = ear;
                // Those that still wait are asked again.
                self.pending.values_mut().for_each(|pending| pending.live = false);
                self.watch.heard();
                self.catch_up(&turn);
            }
            Finding::Over(turn) => {
                self.ready.extend(record::steps(&turn).into_iter().map(Note::Step));
                self.end(self.end_of(&turn));
            }
            Finding::Lost(_) if self.stopping => self.end(End::Stopped),
            Finding::Lost(reason) => self.end(End::Lost { reason }),
            Finding::GivenUp => {
                let reason = self.hopeless.clone().unwrap_or_default();
                self.end(End::Failed { reason });
            }
        }
    }

    /// Adds text to the turn, as far as it goes.
    fn mention(&self, id: &str, text: &str) {
        let (client, params) = (self.ear.client.clone(), self.steering(id, text));
        tokio::spawn(async move {
            if let Err(error) = client.call("turn/steer", params).await {
                tracing::debug!("codex was not told: {error}");
            }
        });
    }

    fn steering(&self, id: &str, text: &str) -> Value {
        json!({
            "threadId": self.ear.thread, "expectedTurnId": self.id, "clientUserMessageId": id,
            "input": [{ "type": "text", "text": text }],
        })
    }
}

#[async_trait]
impl Turn for CodexTurn {
    fn thread(&self) -> ThreadId {
        ThreadId::new(&self.ear.thread)
    }

    fn id(&self) -> TurnId {
        TurnId::new(&self.id)
    }

    async fn next(&mut self) -> Note {
        loop {
            if let Some(note) = self.ready.pop_front() {
                return note;
            }
            let silent = self.inquiry.is_none() && self.pending.is_empty();
            let deadline = self.watch.deadline();
            tokio::select! {
                incoming = self.ear.next() => self.take(incoming),
                finding = conclusion(&mut self.inquiry) => {
                    self.inquiry = None;
                    self.found(finding);
                }
                () = sleep_until(deadline), if silent => self.alarm(),
            }
        }
    }

    async fn answer(
        &mut self,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> Result<bool, AgentError> {
        let Some(pending) = self.pending.get(approval) else { return Ok(false) };
        if !pending.live || self.ear.client.is_closed() {
            let reason = "The connection to codex is being made anew.".to_owned();
            return Err(AgentError::Later(reason));
        }
        let (id, reply) = (pending.id.clone(), pending.reply(verdict));
        if let Err(error) = self.ear.client.answer(&id, &reply).await {
            self.pending.remove(approval);
            self.untaken.insert(approval.clone(), reply);
            return Err(failure::of_deed(error));
        }
        self.pending.remove(approval);
        *self.taken.entry(approval.clone()).or_insert(0) += 1;
        self.watch.heard();
        if let Verdict::Deny { why: Some(why) } = verdict {
            let text = format!("I did not allow that. Reason: {why}");
            if let Err(error) = self.steer(&format!("deny-{approval}"), &text).await {
                tracing::warn!("codex was not told why it was denied: {error}");
            }
        }
        Ok(true)
    }

    async fn steer(&mut self, id: &str, text: &str) -> Result<bool, AgentError> {
        if self.given.contains(id) {
            return Ok(true);
        }
        match self.ear.client.call("turn/steer", self.steering(id, text)).await {
            Ok(_) => {
                self.given.insert(id.to_owned());
                Ok(true)
            }
            Err(error) if failure::is_over(&error) => Ok(false),
            Err(error) => Err(failure::of_deed(error)),
        }
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        self.stopping = true;
        if self.over {
            return Ok(());
        }
        watch::interrupt(&self.ear.client, &self.ear.thread, &self.id)
            .await
            .map_err(failure::of_query)
    }
}

/// Waits for what an inquiry finds; for ever if there is none. Cancel safe.
async fn conclusion(inquiry: &mut Option<JoinHandle<Finding>>) -> Finding {
    let Some(inquiry) = inquiry else { return std::future::pending().await };
    inquiry.await.unwrap_or_else(|_| Finding::Lost(words::unwatchable()))
}

impl Drop for CodexTurn {
    fn drop(&mut self) {
        if let Some(inquiry) = self.inquiry.take() {
            inquiry.abort();
        }
    }
}
