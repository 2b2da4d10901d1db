//! A real codex on a scripted model, in a folder of its own.

use poco_core::{ApprovalId, RunnerId, Settings, Step, TaskId, ThreadId, Transcript};
use poco_io::config::{self, Transport};
use poco_runner::agent::codex::Codex;
use poco_runner::agent::{Agent, End, Note, Question, Surroundings, Turn};
use poco_sim::model::{Model, codex_program};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The longest a test waits for a note.
const NOTE_MAX: Duration = Duration::from_secs(60);

pub(crate) const BOTH: [Transport; 2] = [Transport::Unix, Transport::Stdio];

pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) folder: PathBuf,
    pub(crate) config: config::Codex,
    pub(crate) settings: Settings,
    pub(crate) agent: Codex,
}

impl Stage {
    pub(crate) async fn new(transport: Transport) -> Self {
        Self::with(transport, |_| {}).await
    }

    pub(crate) async fn with(transport: Transport, change: impl Fn(&mut config::Codex)) -> Self {
        let model = Model::start().await;
        let folder = fresh_folder();
        let workdir = folder.join("work");
        std::fs::create_dir_all(&workdir).unwrap();
        model.codex_home(&folder.join("home")).unwrap();
        let mut config = config::Codex {
            command: vec![codex_program().to_str().unwrap().to_owned()],
            workdir: workdir.clone(),
            model: None,
            effort: None,
            sandbox: "workspace-write".to_owned(),
            approval_policy: "on-request".to_owned(),
            timeout: Duration::from_secs(600),
            transport,
        };
        change(&mut config);
        let settings = Settings {
            runner: RunnerId::local(),
            agent: "codex".to_owned(),
            workdir: workdir.to_str().unwrap().to_owned(),
            model: None,
            effort: None,
            sandbox: config.sandbox.clone(),
            approval_policy: config.approval_policy.clone(),
            mode: None,
        };
        let agent = codex(&config, &folder);
        Self { model, folder, config, settings, agent }
    }

    /// Another PoCo on the same state.
    pub(crate) fn another(&self) -> Codex {
        codex(&self.config, &self.folder)
    }

    /// This PoCo dies, and another takes its place. What it watched must be dropped by then.
    pub(crate) fn restart(&mut self) {
        self.agent = self.another();
    }

    pub(crate) async fn open(&self) -> ThreadId {
        self.agent.open(None, &self.settings).await.unwrap()
    }

    pub(crate) async fn start(&self, thread: &ThreadId, task: &str, prompt: &str) -> Box<dyn Turn> {
        self.agent.start(thread, &TaskId::new(task), &prompt.into(), &self.settings).await.unwrap()
    }

    /// Runs a prompt to its end.
    pub(crate) async fn run(&self, thread: &ThreadId, task: &str, prompt: &str) -> (End, String) {
        let mut turn = self.start(thread, task, prompt).await;
        let (end, transcript) = finish(turn.as_mut()).await;
        (end, transcript.answer())
    }

    pub(crate) fn work(&self, file: &str) -> PathBuf {
        Path::new(&self.settings.workdir).join(file)
    }

    /// Kills the codex server at once.
    pub(crate) async fn kill(&self) {
        let pid = self.agent.pid().await.unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        // Killed is not yet gone, and until then it holds its socket.
        let stat = format!("/proc/{pid}/stat");
        let alive = || std::fs::read_to_string(&stat).is_ok_and(|it| !it.contains(") Z"));
        let gone = async {
            while alive() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(NOTE_MAX, gone).await.expect("codex does not die");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let (config, folder) = (self.config.clone(), self.folder.clone());
        let end = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { codex(&config, &folder).shutdown().await });
            // Codex may still be tidying up.
            let _ = std::fs::remove_dir_all(folder);
        };
        std::thread::spawn(end).join().unwrap();
    }
}

fn codex(config: &config::Codex, folder: &Path) -> Codex {
    let home = OsString::from(folder.join("home"));
    // What the tester's own shell does at login is none of the tests' business.
    let env = [("CODEX_HOME", home.clone()), ("HOME", home)];
    Codex::new(config, &folder.join("state"), &surroundings(&env))
}

/// The environment of a machine in the cloud, and more. The operator lets `AWS_REGION` through.
pub(crate) fn surroundings(more: &[(&str, OsString)]) -> Surroundings {
    let secret = "the-app-secret";
    let of_poco = [
        ("POCO_FEISHU_APP_SECRET", secret),
        ("AWS_ACCESS_KEY_ID", "not-for-the-agent"),
        ("AWS_SECRET_ACCESS_KEY", "not-for-the-agent"),
        ("AWS_PROFILE", "not-for-the-agent"),
        ("AWS_REGION", "eu-central-1"),
        ("MY_BOT", "its secret is the-app-secret"),
    ];
    let more = more.iter().map(|(name, value)| (OsString::from(name), value.clone()));
    let of_poco = of_poco.map(|(name, value)| (name.into(), value.into()));
    let all = std::env::vars_os().chain(of_poco).chain(more);
    Surroundings::of(all, &["AWS_REGION".to_owned()], &[secret.to_owned()])
}

/// Looks at what `env` said in an agent.
pub(crate) fn keeps_our_secrets(environment: &str) {
    assert!(environment.contains("PATH="), "{environment}");
    assert!(environment.contains("AWS_REGION=eu-central-1"), "{environment}");
    for ours in ["POCO_", "AWS_ACCESS", "AWS_SECRET", "AWS_PROFILE", "MY_BOT", "the-app-secret"] {
        assert!(!environment.contains(ours), "{ours} in {environment}");
    }
}

pub(crate) fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("agents-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Waits for the next note.
pub(crate) async fn next(turn: &mut dyn Turn) -> Note {
    tokio::time::timeout(NOTE_MAX, turn.next()).await.expect("the agent said nothing")
}

/// Waits until it asks.
pub(crate) async fn asked(turn: &mut dyn Turn) -> (ApprovalId, Question) {
    loop {
        match next(turn).await {
            Note::Asked { approval, ask, .. } => return (approval, ask),
            Note::Step(_) | Note::Settled { .. } | Note::Used(_) => {}
            Note::Ended(end) => panic!("it ended and did not ask: {end:?}"),
        }
    }
}

/// Waits until it writes this.
pub(crate) async fn wrote(turn: &mut dyn Turn, what: &str) {
    let mut transcript = Transcript::default();
    while !transcript.answer().contains(what) {
        match next(turn).await {
            Note::Step(step) => transcript.apply(step),
            Note::Asked { .. } | Note::Settled { .. } | Note::Used(_) => {}
            Note::Ended(end) => panic!("it ended and did not write {what:?}: {end:?}"),
        }
    }
}

/// Waits for the end. Nothing may be asked by then.
pub(crate) async fn finish(turn: &mut dyn Turn) -> (End, Transcript) {
    let (end, steps) = collect(turn).await;
    let mut transcript = Transcript::default();
    steps.into_iter().for_each(|step| transcript.apply(step));
    (end, transcript)
}

pub(crate) async fn collect(turn: &mut dyn Turn) -> (End, Vec<Step>) {
    let mut steps = vec![];
    loop {
        match next(turn).await {
            Note::Step(step) => steps.push(step),
            Note::Settled { .. } | Note::Used(_) => {}
            Note::Asked { ask, .. } => panic!("it asked {ask:?}"),
            Note::Ended(end) => return (end, steps),
        }
    }
}
