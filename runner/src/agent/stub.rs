//! An agent that only echoes, to try the whole flow without a real one.

use super::{Agent, AgentError, End, Found, Note, Prompt, Question, Turn};
use async_trait::async_trait;
use poco_core::words::agent as say;
use poco_core::{
    ApprovalId, Choices, Nature, Settings, Step, TaskId, Text, ThreadId, TurnId, Verdict,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What people call this agent.
pub const NAME: &str = "stub";

/// A prompt that begins so is asked about before it is echoed.
const ASK: &str = "ask:";

/// The pause before each word, so that it can be seen to type.
const PAUSE: Duration = Duration::from_millis(20);

/// The name of its one message.
const ITEM: &str = "echo";

/// How tasks ended that this process was given; `None` while they run.
type Ends = Arc<Mutex<HashMap<TaskId, (Option<End>, String)>>>;

#[derive(Debug, Default)]
pub struct Stub {
    ends: Ends,
}

#[async_trait]
impl Agent for Stub {
    async fn ready(&self) -> Result<String, Text> {
        Ok("stub: echoes each prompt".to_owned())
    }

    async fn open(
        &self,
        thread: Option<&ThreadId>,
        settings: &Settings,
    ) -> Result<ThreadId, AgentError> {
        Ok(thread.cloned().unwrap_or_else(|| ThreadId::new(format!("stub-{}", settings.agent))))
    }

    async fn start(
        &self,
        thread: &ThreadId,
        task: &TaskId,
        prompt: &Prompt,
        settings: &Settings,
    ) -> Result<Box<dyn Turn>, AgentError> {
        crate::rpc::lock(&self.ends).insert(task.clone(), (None, String::new()));
        let echo = StubTurn::new(thread, task, &prompt.text, settings, self.ends.clone());
        Ok(Box::new(echo))
    }

    async fn find(
        &self,
        _thread: &ThreadId,
        task: &TaskId,
        _settings: &Settings,
    ) -> Result<Found, AgentError> {
        let known = crate::rpc::lock(&self.ends).get(task).cloned();
        Ok(match known {
            Some((Some(end), answer)) => {
                Found::Over { turn: turn_id(task), end, answer, steps: vec![] }
            }
            // Somebody watches it, and nobody else can.
            Some((None, _)) => Found::Unknown { reason: say::stub_busy() },
            None => Found::Unknown { reason: say::stub_forgot() },
        })
    }

    async fn choices(&self) -> Result<Choices, AgentError> {
        Ok(Choices::default())
    }

    async fn shutdown(&self) {}
}

struct StubTurn {
    thread: ThreadId,
    task: TaskId,
    /// What is to be told, each after a pause.
    words: VecDeque<String>,
    written: String,
    question: Option<Question>,
    asked: Option<ApprovalId>,
    settled: bool,
    ending: Option<End>,
    given: Vec<String>,
    ends: Ends,
    over: bool,
}

impl StubTurn {
    fn new(
        thread: &ThreadId,
        task: &TaskId,
        prompt: &str,
        settings: &Settings,
        ends: Ends,
    ) -> Self {
        let question = prompt.strip_prefix(ASK).map(|rest| Question::Command {
            command: rest.trim().to_owned(),
            cwd: settings.workdir.clone(),
            reason: say::stub_asks(),
        });
        Self {
            thread: thread.clone(),
            task: task.clone(),
            words: words(&format!("Stub result for: {prompt}")),
            written: String::new(),
            question,
            asked: None,
            settled: false,
            ending: None,
            given: vec![],
            ends,
            over: false,
        }
    }

    fn end(&mut self, end: End) -> Note {
        self.over = true;
        let how = (Some(end.clone()), self.written.clone());
        crate::rpc::lock(&self.ends).insert(self.task.clone(), how);
        Note::Ended(end)
    }
}

#[async_trait]
impl Turn for StubTurn {
    fn thread(&self) -> ThreadId {
        self.thread.clone()
    }

    fn id(&self) -> TurnId {
        turn_id(&self.task)
    }

    async fn next(&mut self) -> Note {
        if let Some(end) = self.ending.take() {
            return self.end(end);
        }
        if let Some(ask) = self.question.take() {
            let approval = ApprovalId::new(format!("{}-ask", self.task));
            self.asked = Some(approval.clone());
            return Note::Asked { approval, ask, nature: Nature::default() };
        }
        if self.asked.is_some() {
            return std::future::pending().await;
        }
        tokio::time::sleep(PAUSE).await;
        let Some(text) = self.words.pop_front() else {
            if self.settled {
                return self.end(End::Completed);
            }
            self.settled = true;
            return Note::Step(Step::Said { item: ITEM.to_owned(), text: self.written.clone() });
        };
        self.written.push_str(&text);
        Note::Step(Step::Wrote { item: ITEM.to_owned(), text })
    }

    async fn answer(
        &mut self,
        approval: &ApprovalId,
        verdict: &Verdict,
    ) -> Result<bool, AgentError> {
        if self.asked.take_if(|asked| asked == approval).is_none() {
            return Ok(false);
        }
        match verdict {
            Verdict::AllowOnce | Verdict::AllowSession | Verdict::Answers(_) => {}
            Verdict::Deny { why: None } => self.words = words("Stub was not allowed to."),
            Verdict::Deny { why: Some(why) } => {
                self.words = words(&format!("Stub was not allowed to, for: {why}"));
            }
        }
        Ok(true)
    }

    async fn steer(&mut self, id: &str, text: &str) -> Result<bool, AgentError> {
        if self.over || self.settled {
            return Ok(false);
        }
        if !self.given.iter().any(|it| it == id) {
            self.given.push(id.to_owned());
            self.words.extend(words(&format!("\n\nAnd for: {text}")));
        }
        Ok(true)
    }

    async fn interrupt(&mut self) -> Result<(), AgentError> {
        if !self.over {
            self.ending = Some(End::Stopped);
        }
        Ok(())
    }
}

impl Drop for StubTurn {
    fn drop(&mut self) {
        if !self.over {
            self.end(End::Lost { reason: say::stub_unwatched() });
        }
    }
}

fn turn_id(task: &TaskId) -> TurnId {
    TurnId::new(format!("stub-{task}"))
}

fn words(text: &str) -> VecDeque<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}
