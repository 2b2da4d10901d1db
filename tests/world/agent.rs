//! What the runner and the agent report.

use crate::World;
use poco_core::setup::Folder;
use poco_core::{
    Approval, ApprovalId, Ask, Brought, EventId, Fact, Missing, Nature, Outcome, Pages, PagesId,
    Report, RunnerId, Step, TaskId, Text, ThreadId, Transcript, TurnId,
};
use poco_io::port::{Document, Store};

impl World {
    /// The runner found the folder of the newest project that is being made.
    pub async fn folder_is(&mut self, path: &str) {
        self.looked(Ok(path.to_owned())).await;
    }

    /// The runner did not find it.
    pub async fn folder_is_bad(&mut self, why: &str) {
        self.looked(Err(Text::verbatim(why))).await;
    }

    /// The runner lists these folders for whoever looked last.
    pub async fn folders_are(&mut self, folder: Folder) {
        let request = self.looking().await;
        self.tell(Fact::Browsed { request, result: Ok(folder) }).await;
    }

    /// The runner can't list what was asked for last.
    pub async fn folders_are_bad(&mut self, why: &str) {
        let request = self.looking().await;
        self.tell(Fact::Browsed { request, result: Err(Text::verbatim(why)) }).await;
    }

    /// The last question about a folder.
    pub async fn looking(&self) -> EventId {
        self.settle_if(|world| world.queue.looking().is_none()).await;
        self.queue.looking().expect("no folder is looked at")
    }

    async fn looked(&mut self, result: Result<String, Text>) {
        let request = self.looking().await;
        self.tell(Fact::Looked { request, result }).await;
    }

    /// The agent reports on the task it was last started on.
    pub async fn agent(&mut self, report: Report) {
        self.settle_if(|world| world.current_is_not_sent()).await;
        let task = self.queue.started().last().cloned().expect("no task was started");
        self.report(&task, report).await;
    }

    /// The agent reports on a task.
    pub async fn report(&mut self, task: &TaskId, report: Report) {
        self.tell(Fact::Reported { task: task.clone(), report }).await;
    }

    fn current_is_not_sent(&self) -> bool {
        let current = self.room().desk.current;
        current.is_some_and(|task| !self.queue.started().contains(&task.id))
    }

    /// The runner is about to hand the prompt over.
    pub async fn agent_is_given_it(&mut self) {
        let (claim, thread) = (format!("claim-{}", self.events), Some(ThreadId::new("thread")));
        self.agent(Report::Claimed { claim, runner: RunnerId::local(), thread }).await;
    }

    /// The agent takes the prompt.
    pub async fn agent_starts(&mut self) {
        self.agent_is_given_it().await;
        let turn = TurnId::new(format!("turn-{}", self.events));
        self.agent(Report::Started { thread: ThreadId::new("thread"), turn }).await;
    }

    /// The agent has done and written this so far; people may have a glance at it.
    pub async fn agent_types(&mut self, did: &str, text: &str) {
        let task = self.queue.started().last().cloned().expect("no task was started");
        let mut transcript = Transcript::default();
        transcript.apply(Step::Did { what: Text::verbatim(did) });
        transcript.apply(Step::Wrote { item: "m".to_owned(), text: text.to_owned() });
        self.app.glance(&self.here, &task, &transcript).await.unwrap();
    }

    /// The agent asks for leave.
    pub async fn agent_asks(&mut self, id: &str, ask: Ask) {
        self.agent_asks_of(id, ask, Nature::default()).await;
    }

    /// The same, of which its protocol says more than its words.
    pub async fn agent_asks_of(&mut self, id: &str, ask: Ask, nature: Nature) {
        self.agent(Report::Asked(Approval { id: ApprovalId::new(id), ask, nature })).await;
    }

    /// The agent is done; the answer has a page for each text.
    pub async fn agent_answers(&mut self, pages: &[&str]) {
        let answer = self.pages(pages).await;
        self.agent_ends(Outcome::Answered { answer }).await;
    }

    pub async fn agent_ends(&mut self, outcome: Outcome) {
        self.agent(Report::Ended { outcome, steps: vec![] }).await;
    }

    /// What goes with the prompt could not be had.
    pub async fn agent_lacks(&mut self, name: &str, why: &str) {
        let (name, why, key) = (Text::verbatim(name), Text::verbatim(why), format!("key-{name}"));
        let missing = vec![Missing { key, name, why }];
        self.agent_ends(Outcome::Lacking { missing }).await;
    }

    /// A file that was asked for could not be sent.
    pub async fn not_sent(&mut self, path: &str, why: &str) {
        let (path, why) = (path.to_owned(), Text::verbatim(why));
        self.tell(Fact::NotSent { path, why, topic: None }).await;
    }

    /// The turn has brought this beside its answer.
    pub async fn agent_brings(&mut self, files: &[&str], diff: &str) {
        let mut kept = self.app.keep_changes("t", diff).await;
        while kept.is_err() {
            kept = self.app.keep_changes("t", diff).await;
        }
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        self.agent(Report::Brought(Brought { files, changes: kept.unwrap() })).await;
    }

    /// Puts a text of several pages where PoCo keeps them.
    pub async fn pages(&mut self, pages: &[&str]) -> Pages {
        let id = PagesId::new(format!("pages-{}", self.events));
        for (at, body) in pages.iter().enumerate().skip(1) {
            let document = Document { version: 1, body: (*body).to_owned(), due: false };
            let key = format!("page/{id}/{at:05}");
            while self.store.put(&key, &document).await.is_err() {
                if self.store.get(&key).await.is_ok_and(|got| got.is_some()) {
                    break; // It was the answer that was lost.
                }
            }
        }
        let (first, digest) = (pages[0].to_owned(), String::new());
        Pages { id, first, count: pages.len(), digest }
    }
}

/// Returns what the agent wants to run, as it asks for it.
pub fn command(command: &str) -> Ask {
    let command = Pages::one("c", command);
    Ask::Command { command, cwd: "/srv/api".into(), reason: Text::default() }
}
