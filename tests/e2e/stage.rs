//! One PoCo with the world around it, and a way to kill it.

use crate::place::Place;
use poco_sim::feishu::{Feishu, Options, Violation};
use poco_sim::model::{Model, codex_program};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The longest anything may take; nothing waits this long when all is well.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

pub(crate) const ENCRYPT_KEY: &str = "simulated-encrypt-key";

/// Who owns the PoCo under test.
pub(crate) const OWNER: &str = "ada";

pub(crate) struct Stage {
    pub(crate) feishu: Feishu,
    pub(crate) model: Model,
    pub(crate) folder: PathBuf,
    /// What is there beside the process of `poco start`.
    pub(crate) place: Place,
    settings: Vec<(String, String)>,
    poco: Option<Child>,
    /// When each PoCo was started, by the simulator's clock.
    started: Vec<u64>,
}

impl Stage {
    /// Sets the stage with a PoCo that runs and has an owner.
    pub(crate) async fn new() -> Self {
        let mut stage = Self::owned().await;
        stage.start().await;
        stage
    }

    /// Sets the stage with a PoCo for which hard times come.
    pub(crate) async fn for_deaths() -> Self {
        let mut stage = Self::owned().await;
        for (key, value) in stage.place.for_deaths().await {
            stage.set(&key, &value);
        }
        stage.start().await;
        stage
    }

    /// Sets the stage with a PoCo that Feishu calls by webhook, signed and encrypted.
    pub(crate) async fn webhooks() -> Self {
        let mut stage = Self::owned().await;
        stage.listen_to_webhooks();
        stage.start().await;
        stage.feishu.verify_url().await.unwrap();
        stage
    }

    /// Sets the stage with an owner who is known from the settings; PoCo does not run yet.
    pub(crate) async fn owned() -> Self {
        let mut stage = Self::empty(Options { limits: true, ..Options::default() }).await;
        let owner = stage.feishu.open_id(OWNER).unwrap();
        stage.set("POCO_OWNER_OPEN_ID", &owner);
        stage
    }

    /// Has events come by webhook from the next start on.
    pub(crate) fn listen_to_webhooks(&mut self) {
        self.set("POCO_FEISHU_DELIVERY_MODE", "webhook");
        self.set("POCO_FEISHU_ENCRYPT_KEY", ENCRYPT_KEY);
        self.place.listen_to_webhooks();
    }

    /// Sets the stage; PoCo does not run yet.
    pub(crate) async fn empty(options: Options) -> Self {
        let (app, secret) = (options.app_id.clone(), options.app_secret.clone());
        let token = options.verification_token.clone();
        let feishu = Feishu::start(options).await.unwrap();
        let model = Model::start().await;
        let folder = fresh_folder();
        std::fs::create_dir_all(folder.join("work")).unwrap();
        model.codex_home(&folder.join("codex")).unwrap();
        let url = feishu.url().to_owned();
        let place = Place::new(&feishu, &token).await;
        let settings = place.settings();
        let (poco, started) = (None, vec![]);
        let mut stage = Self { feishu, model, folder, place, settings, poco, started };
        stage.set("POCO_FEISHU_API_BASE_URL", &url);
        stage.set("POCO_FEISHU_APP_ID", &app);
        stage.set("POCO_FEISHU_APP_SECRET", &secret);
        stage
    }

    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(it, _)| it != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    pub(crate) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(it, _)| it == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn unset(&mut self, key: &str) {
        self.settings.retain(|(it, _)| it != key);
    }

    /// A `poco` command on this stage.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poco"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.folder)
            .env("POCO_HOME", self.home())
            .env("POCO_LOG", "info")
            .env("CODEX_HOME", self.folder.join("codex"))
            .env("POCO_CODEX_COMMAND", codex_program())
            .env("POCO_CODEX_WORKDIR", self.work())
            .envs(self.settings.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts PoCo and waits until it listens to Feishu.
    pub(crate) async fn start(&mut self) {
        self.started.push(self.feishu.now());
        self.place.open(&self.settings);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("stderr.log"))
            .unwrap();
        let mut child = self
            .command(&[Place::START, &["--foreground"]].concat())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = tokio::time::timeout(WITHIN, lines.next_line()).await.unwrap().unwrap();
        assert!(told.is_some(), "PoCo did not start:\n{}", self.log());
        // Whatever else it says must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        self.poco = Some(child);
        self.connected().await;
    }

    /// Starts PoCo in the background, as people do.
    pub(crate) async fn start_behind(&mut self) {
        self.place.open(&self.settings);
        let mut start = self.command(&[Place::START, &["--json"]].concat());
        let said = start.output().await.unwrap();
        assert!(said.status.success(), "{said:?}");
        self.connected().await;
    }

    /// Waits until what people do reaches PoCo.
    pub(crate) async fn connected(&mut self) {
        self.place.call(&self.feishu, self.url("/platform/feishu/events"));
        let deadline = tokio::time::Instant::now() + WITHIN;
        loop {
            let health = self.get("/health").await;
            if self.place.is_open(&health).await {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{health}\n{}", self.log());
            tokio::task::yield_now().await;
        }
    }

    /// Where Feishu delivers events, if by webhook.
    pub(crate) fn door(&self) -> String {
        self.place.door(self.url("/platform/feishu/events"))
    }

    /// Calls that came too early for a rate limit, and that PoCo could have known to be early. One that
    /// follows upon two others within a second can't: it counts what one before it may have done,
    /// takes the refusal, and tries again.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        let starts_before = |at: u64| {
            let lately = at.saturating_sub(1_000)..=at;
            self.started.iter().filter(|start| lately.contains(start)).count()
        };
        let violations = self.feishu.violations().into_iter();
        violations.filter(|violation| starts_before(violation.at) < 2).collect()
    }

    /// Kills PoCo as nothing can prepare for.
    pub(crate) async fn kill(&mut self) {
        let mut poco = self.poco.take().unwrap();
        poco.kill().await.unwrap();
    }

    /// Waits for the end of a PoCo that was told to end.
    pub(crate) async fn ended(&mut self) {
        let mut poco = self.poco.take().unwrap();
        let status = tokio::time::timeout(WITHIN, poco.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }

    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// Kills a PoCo that was started in the background, if it still holds its lock.
    fn kill_background(&self) {
        let Ok(instance) = std::fs::read_to_string(self.home().join("instance.json")) else {
            return;
        };
        let instance: Value = serde_json::from_str(&instance).unwrap();
        let pid = instance["pid"].to_string();
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = format!("POCO_HOME={}", self.home().display());
        if environment.split(|byte| *byte == 0).any(|it| it == mark.as_bytes()) {
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
        }
    }

    /// Kills the codex server at once, if one runs.
    pub(crate) fn kill_codex(&self) {
        for pid in self.codex_pids() {
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
        }
    }

    /// Processes of this stage's codex.
    pub(crate) fn codex_pids(&self) -> Vec<String> {
        codex_pids(&format!("CODEX_HOME={}", self.folder.join("codex").display()))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(self.url(path)).send().await.unwrap().json().await.unwrap()
    }

    /// Where a route is answered.
    pub(crate) fn url(&self, path: &str) -> String {
        let instance = std::fs::read_to_string(self.home().join("instance.json")).unwrap();
        let instance: Value = serde_json::from_str(&instance).unwrap();
        format!("http://{}{path}", instance["address"].as_str().unwrap())
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("poco")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    pub(crate) fn log(&self) -> String {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let log = read(self.folder.join("stderr.log")) + &read(self.home().join("poco.log"));
        log.lines()
            .rev()
            .take(60)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Returns all tasks, as PoCo itself tells them.
    pub(crate) async fn tasks(&self) -> Vec<Value> {
        let mut tasks = vec![];
        let mut path = "/tasks?limit=100".to_owned();
        loop {
            let page = self.get(&path).await;
            tasks.extend(page["tasks"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { return tasks };
            path = format!("/tasks?limit=100&before={next}");
        }
    }

    /// Waits until PoCo itself says that so many tasks are completed.
    pub(crate) async fn over(&self, count: usize) {
        let deadline = tokio::time::Instant::now() + WITHIN;
        loop {
            let tasks = self.tasks().await;
            if tasks.iter().filter(|task| task["status"] == "completed").count() == count {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{tasks:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Counts the tasks that are not over.
    pub(crate) async fn at_work(&self) -> usize {
        let over = ["completed", "failed", "cancelled"];
        let is_over = |task: &Value| over.iter().any(|word| task["status"] == *word);
        self.tasks().await.iter().filter(|task| !is_over(task)).count()
    }

    /// Whether a process runs whose command line holds this word.
    pub(crate) fn runs(&self, word: &str) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut lines =
            processes.map(|it| std::fs::read(it.path().join("cmdline")).unwrap_or_default());
        lines.any(|line| line.split(|byte| *byte == 0).any(|it| it == word.as_bytes()))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // PoCo ends with its handle, but for one in the background; codex was made to outlive it.
        self.poco.take();
        self.kill_background();
        self.kill_codex();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Codex servers in whose environment this stands.
pub(crate) fn codex_pids(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let ours = |pid: &String| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let environment = read("environ");
        let marked = environment.split(|byte| *byte == 0).any(|it| it == mark.as_bytes());
        marked && String::from_utf8_lossy(&read("cmdline")).contains("app-server")
    };
    let pids = processes.filter_map(|entry| entry.file_name().into_string().ok());
    pids.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter(ours).collect()
}

/// Waits for something outside of PoCo and Feishu, which nobody tells us of.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(WITHIN, waiting).await.is_ok(), "{what}");
}

fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("e2e-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
