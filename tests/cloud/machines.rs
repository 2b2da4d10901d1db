//! Two machines and two projects: each task goes to its own, waits while that is away, and moves.

use crate::place::{LAPTOP, Place};
use crate::stage::{OWNER, Stage, WITHIN};
use poco_sim::feishu::Message;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// The other machine.
const OFFICE: &str = "office";

struct Machine {
    child: Child,
    folder: PathBuf,
}

impl Machine {
    /// Starts the other machine, and waits until it has left word of itself.
    async fn start(stage: &Stage) -> Self {
        let folder = stage.folder.join(OFFICE);
        std::fs::create_dir_all(&folder).unwrap();
        stage.model.codex_home(&folder.join("codex")).unwrap();
        stage.place.add_machine(OFFICE);
        Self { child: Self::run(stage, &folder).await, folder }
    }

    async fn run(stage: &Stage, folder: &Path) -> Child {
        let before = stage.place.last_heard(OFFICE).await;
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log"));
        let mut command = Self::command(stage, folder, &[Place::START, &["--foreground"]].concat());
        command.stdout(Stdio::null()).stderr(log.unwrap()).kill_on_drop(true);
        let child = command.spawn().unwrap();
        let end = tokio::time::Instant::now() + WITHIN;
        while stage.place.last_heard(OFFICE).await == before {
            assert!(tokio::time::Instant::now() < end, "the other machine does not start");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // What functions know of the machines is some seconds old.
        stage.place.kill_functions();
        child
    }

    /// A `poco` command on that machine.
    fn command(stage: &Stage, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = stage.command(arguments);
        command
            .env("HOME", folder)
            .env("POCO_HOME", folder.join("poco"))
            .env("CODEX_HOME", folder.join("codex"))
            .env("POCO_RUNNER", OFFICE);
        command
    }

    async fn drain(&self, stage: &Stage, more: &[&str]) {
        let arguments = [&["runner", "drain"], more].concat();
        let said = Self::command(stage, &self.folder, &arguments).output().await.unwrap();
        assert!(said.status.success(), "{said:?}");
        // What functions know of the machines is some seconds old.
        stage.place.kill_functions();
    }

    async fn restart(&mut self, stage: &Stage) {
        self.child.kill().await.unwrap();
        self.child = Self::run(stage, &self.folder).await;
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// How many conversations its codex has had.
    fn conversations(&self) -> usize {
        rollouts(&self.folder.join("codex/sessions"))
    }
}

fn rollouts(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let count = entries.map(|entry| match entry.path() {
        path if path.is_dir() => rollouts(&path),
        path => usize::from(path.extension().is_some_and(|it| it == "jsonl")),
    });
    count.sum()
}

fn on_laptop(stage: &Stage) -> usize {
    rollouts(&stage.folder.join("codex/sessions"))
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its codex was made to outlive it.
        let mark = format!("CODEX_HOME={}", self.folder.join("codex").display());
        for pid in crate::stage::codex_pids(&mark) {
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_project_works_on_its_own_machine_and_moves_to_another() {
    let stage = Stage::new().await;
    let office = Machine::start(&stage).await;
    let here = stage.project_on("here", Some("laptop")).await;
    let there = stage.project_on("there", Some(OFFICE)).await;
    stage.say(&here, "slow: 2");
    stage.say(&there, "slow: 2");
    for group in [&here, &there] {
        stage.titled(group, "[Running] Task:", "piece 0").await;
    }
    assert_eq!((on_laptop(&stage), office.conversations()), (1, 1), "one on each");
    // What runs is not taken away from under its agent.
    stage.say(&here, &format!("/move {OFFICE}"));
    stage.titled(&here, "PoCo", "A task runs.").await;
    stage.model.go(9);
    for group in [&here, &there] {
        stage.titled(group, "[Complete] Task:", "piece 1").await;
    }
    stage.say(&here, "/move nowhere");
    stage.titled(&here, "PoCo", "There is no machine “nowhere”").await;
    stage.say(&here, &format!("/move {OFFICE}"));
    stage.titled(&here, "PoCo", &format!("is on “{OFFICE}” now")).await;
    stage.say(&here, "say moved");
    stage.titled(&here, "[Complete] Task:", "Model answer to: say moved").await;
    assert_eq!((on_laptop(&stage), office.conversations()), (1, 2), "it runs where it moved to");
    assert!(!stage.last_request().contains("slow: 2"), "and begins afresh");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_of_a_machine_that_sleeps_waits_and_the_card_says_so() {
    let stage = Stage::new().await;
    let office = Machine::start(&stage).await;
    let here = stage.project_on("here", Some("laptop")).await;
    let there = stage.project_on("there", Some(OFFICE)).await;
    stage.say(&there, "slow: 2");
    let running = stage.titled(&there, "[Running] Task:", "piece 0").await;
    office.signal(Signal::STOP);
    stage.place.heard(OFFICE, 12).await;
    stage.say(&there, "say late");
    stage.titled(&there, "[Queued] Task:", "say late").await;
    let asleep = |it: &Message| it.text.contains("Workspace: there") && it.text.contains("asleep");
    stage.card(&there, asleep).await;
    // The others do not mind.
    stage.say(&here, "say awake");
    stage.titled(&here, "[Complete] Task:", "Model answer to: say awake").await;
    assert_eq!(stage.model.turns("say late"), 0);
    office.signal(Signal::CONT);
    stage.model.go(9);
    let done = stage.titled(&there, "[Complete] Task:", "piece 1").await;
    assert_eq!(done.id, running.id);
    stage.titled(&there, "[Complete] Task:", "Model answer to: say late").await;
    assert_eq!(stage.model.turns("slow: 2"), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_off_gets_its_tasks_when_it_is_back() {
    let stage = Stage::new().await;
    let mut office = Machine::start(&stage).await;
    let there = stage.project_on("there", Some(OFFICE)).await;
    office.child.kill().await.unwrap();
    stage.place.heard(OFFICE, 200).await;
    stage.say(&there, "say hello");
    let card = stage.titled(&there, "[Created] Task:", "asleep").await;
    assert!(card.text.contains("waits"), "{}", card.text);
    assert_eq!(stage.model.seen().len(), 0);
    office.restart(&stage).await;
    let done = stage.titled(&there, "[Complete] Task:", "Model answer to: say hello").await;
    assert_eq!(done.id, card.id);
    let awake = |it: &Message| it.text.contains("Workspace: there") && !it.text.contains("asleep");
    stage.card(&there, awake).await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_killed_hard_finds_its_turn_again_and_the_other_goes_on() {
    let stage = Stage::new().await;
    let mut office = Machine::start(&stage).await;
    let here = stage.project_on("here", Some("laptop")).await;
    let there = stage.project_on("there", Some(OFFICE)).await;
    stage.say(&here, "escalate: touch made.txt");
    stage.say(&there, "slow: 2");
    let asking = stage.asking(&here).await;
    let running = stage.titled(&there, "[Running] Task:", "piece 0").await;
    office.restart(&stage).await;
    stage.press(&asking.id, "Allow once", &[]).await;
    stage.titled(&here, "[Complete] Task:", "Tools said").await;
    stage.model.go(9);
    let done = stage.titled(&there, "[Complete] Task:", "piece 1").await;
    assert_eq!(done.id, running.id);
    assert_eq!(stage.model.turns("slow: 2"), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_only_machine_is_killed_the_cloud_says_so_by_itself() {
    let mut stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.say(&group, "slow: 2");
    let running = stage.titled(&group, "[Running] Task:", "piece 0").await;
    stage.kill().await;
    stage.place.heard(LAPTOP, 3).await;
    let looked = stage.place.look().await;
    assert_eq!((&looked["told"], &looked["more"]), (&1.into(), &false.into()), "{looked}");
    let said = stage.titled(&group, "[Running] Task:", "is asleep").await;
    assert_eq!(said.id, running.id);
    let asleep = |it: &Message| it.text.contains("Workspace: api") && it.text.contains("asleep");
    stage.card(&group, asleep).await;
    assert_eq!(stage.place.look().await["told"], 0, "once");
    // The turn went on without it, and is told when it is back.
    stage.start().await;
    stage.model.go(9);
    let done = stage.titled(&group, "[Complete] Task:", "piece 1").await;
    assert_eq!((done.id, done.text.contains("asleep")), (running.id, false));
    assert_eq!(stage.model.turns("slow: 2"), 1);
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_machine_cannot_read_is_told_in_its_chat_and_holds_up_nothing() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    stage.place.ask_what_nobody_can_read(&group).await;
    stage.titled(&group, "Not Done", "laptop** could not read something").await;
    stage.say(&group, "say hello");
    stage.titled(&group, "[Complete] Task:", "Model answer to: say hello").await;
    let told = stage.feishu.messages(&group);
    assert_eq!(told.iter().filter(|it| it.text.starts_with("Not Done")).count(), 1, "once");
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_drains_finishes_what_runs_and_takes_nothing_new() {
    let stage = Stage::new().await;
    let office = Machine::start(&stage).await;
    let there = stage.project_on("there", Some(OFFICE)).await;
    stage.say(&there, "slow: 2");
    let running = stage.titled(&there, "[Running] Task:", "piece 0").await;
    office.drain(&stage, &[]).await;
    stage.say(&there, "say later");
    stage.titled(&there, "[Queued] Task:", "say later").await;
    stage.model.go(9);
    let done = stage.titled(&there, "[Complete] Task:", "piece 1").await;
    assert_eq!(done.id, running.id, "what ran was finished");
    let waits = |it: &Message| it.text.contains("say later") && it.text.contains("nothing new");
    stage.card(&there, waits).await;
    assert_eq!(stage.model.turns("say later"), 0);
    office.drain(&stage, &["--undo"]).await;
    stage.titled(&there, "[Complete] Task:", "Model answer to: say later").await;
    stage.is_well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_prompts_at_once_none_is_lost_and_none_runs_twice() {
    let stage = Stage::new().await;
    let group = stage.project("api").await;
    let prompts: Vec<_> = (0..20).map(|n| format!("say p{n}x")).collect();
    for prompt in &prompts {
        stage.feishu.say(OWNER, &group, prompt).unwrap();
    }
    stage.until_acknowledged().await;
    let told = |card: &Message, prompt: &str| {
        card.text.starts_with("[Complete]") && card.text.contains(prompt)
    };
    let full = |card: &Message| card.text.contains("10 prompts are waiting already");
    let all = |messages: &[Message]| {
        let cards = || messages.iter().filter(|it| it.from_bot());
        let done = prompts.iter().filter(|it| cards().any(|card| told(card, it))).count();
        let refused = cards().filter(|card| full(card)).count();
        (done + refused == prompts.len()).then_some(done)
    };
    let done = stage.feishu.wait_for(&group, WITHIN, all).await.unwrap();
    assert!(done > 10, "{done} ran");
    let turns: usize = prompts.iter().map(|it| stage.model.turns(it)).sum();
    assert_eq!(turns, done, "each once");
    assert!(stage.place.functions.events.started() > 1, "several functions were at it");
    stage.is_well();
}
