//! 500 events within a second: how soon they are acknowledged, and what becomes of them.

use crate::stage::{OWNER, Stage};
use crate::stats;
use poco_io::port::{Document, Store};
use poco_io::store::Dynamo;
use poco_sim::feishu::{Feishu, Options};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const EVENTS: usize = 500;

/// As long as it takes to send all of them.
const SENT_WITHIN: Duration = Duration::from_secs(1);

/// How many functions are at work at once: each is a process, and this machine has few processors.
const PLACES: usize = 64;

/// The characters of the mark of an event in a record.
const MARK: usize = 12;

/// Until then all is acknowledged, and what was accepted is done.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) async fn run() {
    for chats in [500, 64, 1] {
        Burst::new(chats).await.run().await;
    }
}

struct Burst {
    stage: Stage,
    store: Dynamo,
    groups: Vec<String>,
}

impl Burst {
    /// Sets a stage with so many projects, on which the stub works.
    async fn new(chats: usize) -> Self {
        let mut stage = Stage::empty(Options::default()).await;
        let owner = stage.feishu.open_id(OWNER).unwrap();
        stage.set("POCO_OWNER_OPEN_ID", &owner);
        stage.set("POCO_AGENT_BACKEND", "stub");
        stage.set("POCO_CODEX_COMMAND", "codex-is-not-here");
        stage.start().await;
        stage.place.functions.events.add_places(PLACES - 8);
        let mut groups = vec![stage.project("api").await];
        let name = |n| format!("PoCo | api {n}");
        groups.extend((1..chats).map(|n| stage.feishu.group(&name(n), &[OWNER]).unwrap()));
        all_acknowledged(&stage).await;
        let store = Dynamo::new(&stage.place.cloud.config(), stage.place.cloud.table_name());
        let burst = Self { stage, store, groups };
        burst.copy_project().await;
        burst
    }

    /// Has the project of the first chat been made in the others too.
    async fn copy_project(&self) {
        let [first, others @ ..] = &self.groups[..] else { return };
        let body = self.record(first).await.unwrap().body;
        for chat in others {
            let version = self.record(chat).await.map_or(1, |it| it.version + 1);
            let copy = Document { version, body: body.clone(), due: false };
            self.store.put(&key(chat), &copy).await.unwrap();
        }
    }

    async fn record(&self, chat: &str) -> Option<Document> {
        self.store.get(&key(chat)).await.unwrap()
    }

    async fn run(self) {
        let Self { stage, groups, .. } = &self;
        // In truth the machine is elsewhere, and takes no processor from the functions.
        signal(stage, Signal::STOP);
        let mut before = 0;
        for chat in groups {
            before += remembered(&self.record(chat).await.unwrap());
        }
        let answers = stage.feishu.answered_in(0).len();
        let started = stage.place.functions.events.started();
        let busy = processor();
        let (begun, mut sent) = (Instant::now(), vec![]);
        for n in 0..EVENTS {
            let at =
                begun + SENT_WITHIN * u32::try_from(n).unwrap() / u32::try_from(EVENTS).unwrap();
            tokio::time::sleep_until(at.into()).await;
            let said = stage.feishu.say(OWNER, &groups[n % groups.len()], &format!("task {n}"));
            sent.push(said.unwrap().event_id.unwrap());
        }
        all_acknowledged(stage).await;
        let all = begun.elapsed();
        let answered = stage.feishu.answered_in(answers);
        let again = sent.iter().filter(|it| stage.feishu.attempts(it) > 1).count();
        let started = stage.place.functions.events.started() - started;
        let chats = groups.len();
        println!("  {EVENTS} events in {:.1} s over {chats} chats:", SENT_WITHIN.as_secs_f64());
        stats::tell("  acknowledged after", answered);
        let busy = processor().map(|(who, time)| {
            let before = busy.iter().find(|(it, _)| *it == who).map_or(0.0, |(_, time)| *time);
            format!("{who} {:.1} s", time - before)
        });
        println!("    processor time meanwhile: {}", busy.join(", "));
        println!(
            "    {again} delivered again; all acknowledged after {}; {started} processes started",
            stats::millis(all)
        );
        let (mut seen, mut longest) = (0, 0);
        for chat in groups {
            let record = self.record(chat).await.unwrap();
            seen += remembered(&record);
            longest = longest.max(record.body.len());
        }
        let lost = (before + EVENTS).saturating_sub(seen);
        println!("    {lost} lost; the longest record has {longest} bytes");
        assert_eq!(seen, before + EVENTS, "each is remembered, and once");
        signal(stage, Signal::CONT);
        self.check().await;
    }

    /// What was accepted is done once and in order, and who was refused is told so.
    async fn check(&self) {
        let (stage, chats) = (&self.stage, self.groups.len());
        let accepted = EVENTS.min(chats * 11);
        let tasks = over(stage, accepted).await;
        let mut by_chat = BTreeMap::<_, Vec<(&str, usize)>>::new();
        let mut counted = BTreeMap::<_, usize>::new();
        for task in &tasks {
            let prompt = task["prompt"].as_str().unwrap();
            let number: usize = prompt.trim_start_matches("task ").parse().unwrap();
            let ended = task["updated_at"].as_str().unwrap();
            let chat = task["reply_receive_id"].as_str().unwrap();
            by_chat.entry(chat).or_default().push((ended, number));
            *counted.entry(number).or_default() += 1;
        }
        let doubled = counted.values().filter(|count| **count > 1).count();
        let overtaken = by_chat.values_mut().map(|done| {
            done.sort_unstable();
            done.windows(2).filter(|pair| pair[0].1 > pair[1].1).count()
        });
        let overtaken: usize = overtaken.sum();
        println!("    {} tasks done, {doubled} of them twice, {overtaken} overtaken", tasks.len());
        assert_eq!((counted.len(), doubled), (accepted, 0));
    }
}

/// How much processor time has gone into the functions, the emulator, and what plays Feishu and
/// Lambda, in seconds.
fn processor() -> [(&'static str, f64); 3] {
    let mut times = [("functions", 0.0), ("emulator of AWS", 0.0), ("Feishu and Lambda", 0.0)];
    let us = std::process::id();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let Some((head, rest)) = stat.rsplit_once(')') else { continue };
        let (pid, name) = head.split_once(" (").unwrap();
        let fields: Vec<_> = rest.split_whitespace().collect();
        let who = match name {
            _ if pid == us.to_string() => 2,
            _ if fields[1] != us.to_string() => continue,
            "events" | "actions" | "bootstrap" => 0,
            "python" => 1,
            _ => continue,
        };
        // In hundredths of a second, as Linux counts them for programs: of itself, and for it.
        let ticks: f64 = fields[11..13].iter().map(|it| it.parse::<f64>().unwrap()).sum();
        times[who].1 += ticks / 100.0;
    }
    times
}

/// How many events a record remembers.
fn remembered(record: &Document) -> usize {
    let record: Value = serde_json::from_str(&record.body).unwrap();
    let marks = record["seen"].as_object().unwrap().values();
    marks.map(|marks| marks.as_str().unwrap().len() / MARK).sum()
}

/// Waits until all that was sent is acknowledged.
async fn all_acknowledged(stage: &Stage) {
    let all = |feishu: &Feishu| feishu.unacknowledged().is_empty().then_some(());
    let done = stage.feishu.wait_until(PATIENCE, all).await;
    assert!(done.is_some(), "{} events are not acknowledged", stage.feishu.unacknowledged().len());
}

/// Waits until so many tasks are over; returns them.
async fn over(stage: &Stage, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut tasks = stage.tasks().await;
        tasks.retain(|task| task["status"] == "completed");
        if tasks.len() >= count {
            return tasks;
        }
        assert!(Instant::now() < end, "{} tasks are over\n{}", tasks.len(), stage.log());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn signal(stage: &Stage, signal: Signal) {
    let instance = std::fs::read_to_string(stage.home().join("instance.json")).unwrap();
    let instance: Value = serde_json::from_str(&instance).unwrap();
    let pid = i32::try_from(instance["pid"].as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn key(chat: &str) -> String {
    format!("room/{chat}")
}
