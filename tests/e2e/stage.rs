//! One PoCo with the world around it, and a way to kill it.

use poco_sim::feishu::{Feishu, Incoming, Message, Options, PressResult, Webhook};
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

const ENCRYPT_KEY: &str = "simulated-encrypt-key";

/// Who owns the PoCo under test.
pub(crate) const OWNER: &str = "ada";

pub(crate) struct Stage {
    pub(crate) feishu: Feishu,
    pub(crate) model: Model,
    pub(crate) folder: PathBuf,
    settings: Vec<(String, String)>,
    poco: Option<Child>,
}

impl Stage {
    /// Sets the stage with a PoCo that runs and has an owner.
    pub(crate) async fn new() -> Self {
        let mut stage = Self::empty(Options { limits: true, ..Options::default() }).await;
        let owner = stage.feishu.open_id(OWNER).unwrap();
        stage.set("POCO_OWNER_OPEN_ID", &owner);
        stage.start().await;
        stage
    }

    /// Sets the stage with a PoCo that Feishu calls by webhook, signed and encrypted.
    pub(crate) async fn webhooks() -> Self {
        let mut stage = Self::empty(Options { limits: true, ..Options::default() }).await;
        let owner = stage.feishu.open_id(OWNER).unwrap();
        stage.set("POCO_OWNER_OPEN_ID", &owner);
        stage.set("POCO_FEISHU_DELIVERY_MODE", "webhook");
        stage.set("POCO_FEISHU_ENCRYPT_KEY", ENCRYPT_KEY);
        stage.start().await;
        let (url, encrypt_key) =
            (stage.url("/platform/feishu/events"), Some(ENCRYPT_KEY.to_owned()));
        stage.feishu.webhook(Some(Webhook { url, encrypt_key }));
        stage.feishu.verify_url().await.unwrap();
        stage
    }

    /// Sets the stage; PoCo does not run yet.
    pub(crate) async fn empty(options: Options) -> Self {
        let (app, secret) = (options.app_id.clone(), options.app_secret.clone());
        let feishu = Feishu::start(options).await.unwrap();
        let model = Model::start().await;
        let folder = fresh_folder();
        std::fs::create_dir_all(folder.join("work")).unwrap();
        model.codex_home(&folder.join("codex")).unwrap();
        let url = feishu.url().to_owned();
        let mut stage = Self { feishu, model, folder, settings: vec![], poco: None };
        stage.set("POCO_FEISHU_API_BASE_URL", &url);
        stage.set("POCO_FEISHU_APP_ID", &app);
        stage.set("POCO_FEISHU_APP_SECRET", &secret);
        stage
    }

    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(it, _)| it != key);
        self.settings.push((key.to_owned(), value.to_owned()));
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
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("stderr.log"))
            .unwrap();
        let mut child = self
            .command(&["start", "--local", "--foreground", "--port", "0"])
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
        self.until_connected().await;
    }

    async fn until_connected(&self) {
        let deadline = tokio::time::Instant::now() + WITHIN;
        loop {
            let health = self.get("/health").await;
            if health["feishu_listener_ready"] == true {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{health}\n{}", self.log());
            tokio::task::yield_now().await;
        }
    }

    /// Kills PoCo as nothing can prepare for.
    pub(crate) async fn kill(&mut self) {
        let mut poco = self.poco.take().unwrap();
        poco.kill().await.unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// Kills the codex server at once, if one runs.
    pub(crate) fn kill_codex(&self) {
        for pid in self.codex_pids() {
            let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
        }
    }

    /// Processes whose environment names this stage's `CODEX_HOME`, but for PoCo itself.
    pub(crate) fn codex_pids(&self) -> Vec<String> {
        let mark = format!("CODEX_HOME={}", self.folder.join("codex").display());
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = |pid: &String| {
            let read =
                |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let environment = read("environ");
            let marked = environment.split(|byte| *byte == 0).any(|it| it == mark.as_bytes());
            marked && String::from_utf8_lossy(&read("cmdline")).contains("app-server")
        };
        let pids = processes.filter_map(|entry| entry.file_name().into_string().ok());
        pids.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter(ours).collect()
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
        let log = std::fs::read_to_string(self.folder.join("stderr.log")).unwrap_or_default();
        log.lines()
            .rev()
            .take(60)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
    }

    // What people do.

    /// Makes a project by its cards; returns its group.
    pub(crate) async fn project(&self, name: &str) -> String {
        let chat = self.feishu.direct_chat(OWNER).unwrap();
        self.feishu.say(OWNER, &chat, "hi").unwrap();
        let home = self.card(&chat, |card| card.labels().contains(&"New".to_owned())).await;
        self.press(&home.id, "New", &[]).await;
        let create = "Create Project + Group";
        self.card(&chat, |card| card.id == home.id && card.labels().contains(&create.to_owned()))
            .await;
        let work = self.work().join(name);
        std::fs::create_dir_all(&work).unwrap();
        let fields = [("name", name), ("workdir", work.to_str().unwrap())];
        self.press(&home.id, create, &fields).await;
        let ready = format!("“{name}” is ready");
        self.card(&chat, |card| card.id == home.id && card.text.contains(&ready)).await;
        let group = format!("PoCo | {name}");
        self.feishu.groups().into_iter().find(|chat| chat.name == group).unwrap().id
    }

    /// The owner says something; returns the message's id.
    pub(crate) fn say(&self, chat: &str, text: &str) -> String {
        self.feishu.send(OWNER, chat, &Incoming::text(text)).unwrap().message_id
    }

    pub(crate) async fn press(
        &self,
        message: &str,
        button: &str,
        fields: &[(&str, &str)],
    ) -> PressResult {
        let pressed = self.feishu.press(OWNER, message, button, fields).await.unwrap();
        assert_eq!(pressed.error, None, "pressing {button}\n{}", self.log());
        pressed
    }

    /// Waits for a card that fits; returns it as it is then.
    pub(crate) async fn card(&self, chat: &str, fits: impl Fn(&Message) -> bool) -> Message {
        let find = |messages: &[Message]| {
            messages.iter().rev().find(|it| it.from_bot() && !it.deleted && fits(it)).cloned()
        };
        match self.feishu.wait_for(chat, WITHIN, find).await {
            Ok(card) => card,
            Err(error) => panic!("{error:#}\n{}", self.log()),
        }
    }

    /// Waits for a card whose title begins so and whose text holds this.
    pub(crate) async fn titled(&self, chat: &str, title: &str, holds: &str) -> Message {
        self.card(chat, |card| card.text.starts_with(title) && card.text.contains(holds)).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // PoCo ends with its handle; codex was made to outlive it.
        self.poco.take();
        self.kill_codex();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn fresh_folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("e2e-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
