//! How long it takes from a webhook of Feishu's until codex is told to begin, across all processes.

use crate::stage::{Stage, WITHIN};
use crate::stats;
use crate::tap::{Call, Tap};
use poco_sim::feishu::Feishu;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const WARM: usize = 60;
const COLD: usize = 20;

/// What the machine's log says when codex is told to begin.
const BEGINS: &str = "method=\"turn/start\"";

pub(crate) async fn run() {
    let mut bench = Bench::new().await;
    for _ in 0..5 {
        bench.task().await;
    }
    bench.series("warm functions, a codex that is there", WARM, false).await;
    bench.series("functions that have to start", COLD, true).await;
}

struct Bench {
    stage: Stage,
    group: String,
    /// The calls of the functions, and of the machine.
    functions: Tap,
    machine: Tap,
    tasks: usize,
}

/// The times of one task, since the webhook was sent.
struct Times {
    /// The function's answer.
    acknowledged: Duration,
    /// The job is in the queue.
    sent: Duration,
    /// The machine has the job.
    received: Duration,
    /// `turn/start` goes to codex.
    started: Duration,
    /// Codex asks the model.
    asked: Duration,
    /// The calls of the function, and of the machine until then.
    calls: [Vec<Call>; 2],
}

impl Bench {
    async fn new() -> Self {
        let mut stage = Stage::owned().await;
        let endpoint = poco_tests::cloud::Cloud::endpoint();
        let (functions, machine) = (Tap::to(&endpoint).await, Tap::to(&endpoint).await);
        stage.set("AWS_ENDPOINT_URL", machine.url());
        stage.set("POCO_LOG", "info,poco_runner::rpc=trace");
        stage.start().await;
        for function in [&stage.place.functions.events, &stage.place.functions.actions] {
            function.set("AWS_ENDPOINT_URL", functions.url());
        }
        stage.place.kill_functions();
        let group = stage.project("api").await;
        Self { stage, group, functions, machine, tasks: 0 }
    }

    async fn series(&mut self, what: &str, count: usize, cold: bool) {
        let mut all = vec![];
        for _ in 0..count {
            if cold {
                self.stage.place.kill_functions();
            }
            all.push(self.task().await);
        }
        println!("  {what}, since the webhook was sent:");
        let tell = |what: &str, time: fn(&Times) -> Duration| {
            stats::tell(&format!("  {what}"), all.iter().map(time).collect());
        };
        tell("acknowledged", |it| it.acknowledged);
        tell("the job is in the queue", |it| it.sent);
        tell("the machine has it", |it| it.received);
        tell("turn/start goes to codex", |it| it.started);
        tell("codex asks the model", |it| it.asked);
        println!("  of it, from step to step:");
        tell("function: webhook to job", |it| it.sent);
        tell("queue: job sent to job received", |it| it.received.saturating_sub(it.sent));
        tell("machine: job to turn/start", |it| it.started.saturating_sub(it.received));
        tell("codex: turn/start to the model", |it| it.asked.saturating_sub(it.started));
        for (who, calls) in ["function", "machine until turn/start"].iter().zip(
            all.last()
                .map(|it| it.calls.each_ref().map(|calls| counted(calls)))
                .unwrap_or_default(),
        ) {
            println!("    calls of the {who}: {calls:?}");
        }
        let waits = all.iter().flat_map(|it| it.calls.iter().flatten());
        let waits = waits.filter(|call| call.operation != "ReceiveMessage");
        stats::tell("  one call of the emulator", waits.map(|it| it.ended - it.began).collect());
    }

    /// Has one task done, and says when what happened.
    async fn task(&mut self) -> Times {
        self.tasks += 1;
        let stage = &self.stage;
        let (asked, _) = stage.model.counts();
        let answered = stage.feishu.answered_in(0).len();
        let (begun, began) = (Instant::now(), SystemTime::now());
        stage.say(&self.group, &format!("say {}", self.tasks));
        let limit = tokio::time::timeout(WITHIN, stage.model.until_counts(|it, _| it > asked));
        assert!(limit.await.is_ok(), "codex does not ask\n{}", stage.log());
        let asked = begun.elapsed();
        let done = |feishu: &Feishu| (feishu.answered_in(0).len() > answered).then_some(());
        stage.feishu.wait_until(WITHIN, done).await.unwrap();
        let acknowledged = stage.feishu.answered_in(answered)[0];
        let started = self.told_to_begin(began);
        let (of_function, of_machine) = (self.functions.since(begun), self.machine.since(begun));
        let sent = of_function.iter().find(|it| it.operation == "SendMessage").unwrap().ended;
        let received = of_machine.iter().find(|it| it.job).unwrap().ended;
        let until = begun + started;
        let of_machine = of_machine.into_iter().filter(|it| it.ended < until).collect();
        // The next one finds all at rest: the card is final, the function idle.
        stage.over(self.tasks).await;
        stage.cards(&self.group, self.tasks, |it| it.text.starts_with("[Complete]")).await;
        Times {
            acknowledged,
            sent: sent - begun,
            received: received - begun,
            started,
            asked,
            calls: [of_function, of_machine],
        }
    }

    /// When the machine last told codex to begin, by its log.
    fn told_to_begin(&self, began: SystemTime) -> Duration {
        let log = std::fs::read_to_string(self.stage.folder.join("stderr.log")).unwrap();
        let line = log.lines().rev().find(|line| line.contains(BEGINS)).unwrap();
        let at: jiff::Timestamp = line.split_whitespace().next().unwrap().parse().unwrap();
        let began = began.duration_since(UNIX_EPOCH).unwrap();
        Duration::from_micros(u64::try_from(at.as_microsecond()).unwrap()) - began
    }
}

fn counted(calls: &[Call]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(call.operation.as_str()).or_default() += 1;
    }
    counted
}
