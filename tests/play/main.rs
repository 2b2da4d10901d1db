//! The whole cloud on this machine, to play with: no account, no container, nothing but loopback.
//!
//! `cargo run -p poco-tests --bin poco-cloud` brings up an emulator of AWS, the functions under
//! `cargo lambda watch` (built anew when they change), a runner with the real Codex on a scripted
//! model, and a simulated Feishu. Ctrl-C ends it all. With `POCO_FEISHU_APP_ID` and the app's secrets
//! in the environment it is the real Feishu that calls, by whatever tunnel leads here; with
//! `CODEX_HOME` it is your own Codex.

#![expect(clippy::unwrap_used, reason = "what goes wrong must stop it")]
#![expect(clippy::print_stdout, reason = "the addresses are for people")]

use poco_sim::feishu::{Feishu, Options, Webhook};
use poco_sim::model::{Model, codex_program};
use poco_tests::cloud::{Cloud, RECEIVES_MAX, Watch};
use serde_json::json;
use std::env::var;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const RUNNER: &str = "laptop";
const EVENTS: &str = "platform/feishu/events";
const ACTIONS: &str = "platform/feishu/card-actions";

/// The app, and where its platform is.
struct App {
    id: String,
    secret: String,
    encrypt_key: String,
    token: String,
    url: String,
    owner: String,
    /// The platform itself, if it is simulated.
    feishu: Option<Feishu>,
}

#[tokio::main]
async fn main() {
    let folder = tempfile::Builder::new().prefix("poco-cloud-").tempdir().unwrap();
    let app = app().await;
    println!("Starting an emulator of AWS …");
    let cloud = tokio::task::spawn_blocking(Cloud::new).await.unwrap();
    let settings = settings(&cloud, &app);
    let watch = Watch::building(&of_functions(&cloud, &app, &settings), folder.path()).await;
    let (events, actions) = (watch.url("events"), watch.url("actions"));
    println!("Building the functions, which takes minutes the first time …");
    for function in [&events, &actions] {
        wait_for(&format!("{function}/health")).await;
    }
    if let Some(feishu) = &app.feishu {
        let encrypt_key = Some(app.encrypt_key.clone());
        feishu.webhook(Some(Webhook { url: format!("{events}/{EVENTS}"), encrypt_key }));
        feishu.callbacks_to(format!("{actions}/{ACTIONS}"));
    }
    let model = Model::start().await;
    println!("Building and starting the runner …");
    let mut runner = runner(&settings, &app, &model, folder.path());
    let mut runner = runner.kill_on_drop(true).spawn().unwrap();
    tell(&app, &events, &actions, folder.path());
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.unwrap(),
        ended = runner.wait() => println!("The runner has ended: {}", ended.unwrap()),
    }
    println!("Ending all of it …");
    // Its own Ctrl-C brings what runs to a safe point.
    let _ = tokio::time::timeout(Duration::from_secs(20), runner.wait()).await;
}

/// Takes the app that the environment names, or simulates a platform with one.
async fn app() -> App {
    let given = |name: &str| var(name).unwrap_or_default();
    if !given("POCO_FEISHU_APP_ID").is_empty() {
        let url = var("POCO_FEISHU_API_BASE_URL");
        return App {
            id: given("POCO_FEISHU_APP_ID"),
            secret: given("POCO_FEISHU_APP_SECRET"),
            encrypt_key: given("POCO_FEISHU_ENCRYPT_KEY"),
            token: given("POCO_FEISHU_VERIFICATION_TOKEN"),
            url: url.unwrap_or_else(|_| "https://open.feishu.cn".to_owned()),
            owner: given("POCO_OWNER_OPEN_ID"),
            feishu: None,
        };
    }
    let options = Options { answer_within: Duration::from_secs(3), ..Options::default() };
    let token = options.verification_token.clone();
    let feishu = Feishu::start(options).await.unwrap();
    App {
        id: feishu.app_id(),
        secret: feishu.app_secret(),
        encrypt_key: "simulated-encrypt-key".to_owned(),
        token,
        url: feishu.url().to_owned(),
        owner: feishu.open_id("ada").unwrap(),
        feishu: Some(feishu),
    }
}

/// What functions and runner are told alike.
fn settings(cloud: &Cloud, app: &App) -> Vec<(String, String)> {
    let (table, queue) = (cloud.table(), cloud.queue_of(RUNNER, RECEIVES_MAX));
    let mut settings = cloud.environment();
    let more = [
        ("POCO_STATE_BACKEND", "dynamodb"),
        ("POCO_STATE_TABLE", &table),
        ("POCO_QUEUE_URL", &queue),
        ("POCO_RUNNER", RUNNER),
        ("POCO_OWNER_OPEN_ID", &app.owner),
        ("POCO_FEISHU_APP_ID", &app.id),
        ("POCO_FEISHU_API_BASE_URL", &app.url),
    ];
    settings.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    settings
}

/// What functions are told: their secrets are where a deployment has them.
fn of_functions(cloud: &Cloud, app: &App, settings: &[(String, String)]) -> Vec<(String, String)> {
    let secret = json!({
        "app_secret": app.secret,
        "encrypt_key": app.encrypt_key,
        "verification_token": app.token,
    });
    let mut settings = settings.to_vec();
    settings.retain(|(name, _)| name != "POCO_RUNNER");
    settings.push(("POCO_SECRET_ARN".to_owned(), cloud.secret(&secret.to_string())));
    settings.push(("POCO_FEISHU_DELIVERY_MODE".to_owned(), "webhook".to_owned()));
    settings
}

/// The runner, built from this repository, with a home of its own.
fn runner(settings: &[(String, String)], app: &App, model: &Model, folder: &Path) -> Command {
    let work = folder.join("work");
    std::fs::create_dir_all(&work).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["run", "--quiet", "-p", "poco-runner", "--"])
        .args(["runner", "start", "--foreground", "--port", "0"])
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .env("POCO_HOME", folder.join("poco"))
        .env("POCO_FEISHU_APP_SECRET", &app.secret)
        .env("POCO_CODEX_WORKDIR", &work)
        .stdin(Stdio::null());
    if var("CODEX_HOME").is_err() {
        let home = folder.join("codex");
        model.codex_home(&home).unwrap();
        command.env("CODEX_HOME", home).env("POCO_CODEX_COMMAND", codex_program());
    }
    command
}

/// Waits until a function answers; it may have to be built.
async fn wait_for(url: &str) {
    let client = poco_io::feishu::http_client(url).unwrap();
    loop {
        let answer = client.get(url).timeout(Duration::from_secs(600)).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn tell(app: &App, events: &str, actions: &str, folder: &Path) {
    println!("\nThe cloud is up; the runner says below when it is too.");
    println!("  events     {events}/{EVENTS}");
    println!("  actions    {actions}/{ACTIONS}");
    println!("  health     {events}/health");
    println!("  AWS        {}", Cloud::endpoint());
    println!("  files      {}", folder.display());
    let Some(feishu) = &app.feishu else {
        println!(
            "\nGive Feishu the first two addresses, by a tunnel that leads here. Ctrl-C ends it."
        );
        return;
    };
    let (url, json) = (feishu.url(), "-H 'content-type: application/json'");
    println!("  Feishu     {url}\n\nPlay a person:");
    println!("  curl {url}/sim/say {json} -d '{{\"user\": \"ada\", \"text\": \"hi\"}}'");
    println!("  curl \"{url}/sim/messages?chat=CHAT\"      # `say` tells the chat");
    println!(
        "  curl {url}/sim/press {json} \\\n       -d '{{\"user\": \"ada\", \"message\": \"om_…\", \"button\": \"New\"}}'"
    );
    println!("\nCtrl-C ends all of it.\n");
}
