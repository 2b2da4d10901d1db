//! `poco config`, and what wrong settings do to a start.

use crate::kit::{Machine, Said};
use axum::Json;
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const SECRET: &str = "s3cret-of-the-app";

/// Serves a platform that knows one app, until the tests end; returns its address.
fn platform() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let routes = axum::Router::new()
                .route("/open-apis/auth/v3/tenant_access_token/internal", post(token))
                .route("/open-apis/bot/v3/info", get(bot));
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
    });
    url
}

async fn token(Json(login): Json<Value>) -> Json<Value> {
    Json(match login == json!({ "app_id": "cli_a1", "app_secret": SECRET }) {
        true => json!({ "code": 0, "msg": "ok", "tenant_access_token": "t-1", "expire": 7200 }),
        false => json!({ "code": 10014, "msg": "app secret invalid" }),
    })
}

async fn bot() -> Json<Value> {
    let bot = json!({ "activate_status": 2, "app_name": "Pocket", "open_id": "ou_bot" });
    Json(json!({ "code": 0, "msg": "ok", "bot": bot }))
}

/// A machine whose platform answers.
fn connected() -> Machine {
    let mut machine = Machine::new();
    machine.set("POCO_FEISHU_API_BASE_URL", &platform());
    machine
}

fn settings(machine: &Machine) -> Value {
    serde_json::from_str(&machine.read("poco.config.json")).unwrap()
}

fn mode(machine: &Machine, name: &str) -> u32 {
    machine.path(name).metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn an_app_is_checked_and_saved() {
    let machine = connected();
    let said = machine.pipe(&["config", "--app-id", "cli_a1", "--app-secret-stdin"], SECRET);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("its bot is called Pocket"), "{said:?}");
    assert!(said.stdout.ends_with("Next: poco start\n"), "{said:?}");
    let expected = json!({ "POCO_FEISHU_APP_ID": "cli_a1", "POCO_FEISHU_APP_SECRET": SECRET });
    assert_eq!(settings(&machine), expected);

    // Only what is new is given; the rest stays.
    let said = machine.run(&["config", "--owner", "ou_me"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(settings(&machine)["POCO_OWNER_OPEN_ID"], "ou_me");
    assert_eq!(settings(&machine)["POCO_FEISHU_APP_SECRET"], SECRET);
}

#[test]
fn a_wrong_secret_is_told_and_not_saved() {
    let machine = connected();
    let arguments = ["config", "--app-id", "cli_a1", "--app-secret-stdin"];
    let said = machine.pipe(&arguments, "another-s3cret");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("nothing was saved"), "{said:?}");
    assert!(said.stderr.contains("app secret invalid"), "{said:?}");
    assert!(!said.stderr.contains("another-s3cret"), "{said:?}");
    assert!(!machine.path("poco.config.json").exists());
}

#[test]
fn an_unreachable_platform_is_told_and_can_be_passed_over() {
    let machine = Machine::new();
    let arguments = ["config", "--app-id", "cli_a1", "--app-secret-stdin"];
    let said = machine.pipe(&arguments, SECRET);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("nothing was saved"), "{said:?}");
    let said = machine.pipe(&[&arguments[..], &["--no-check"]].concat(), SECRET);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(settings(&machine)["POCO_FEISHU_APP_ID"], "cli_a1");
}

#[test]
fn what_the_environment_gives_is_not_written_down() {
    let mut machine = connected();
    machine.set("POCO_FEISHU_APP_SECRET", SECRET);
    let said = machine.run(&["config", "--app-id", "cli_a1"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(settings(&machine), json!({ "POCO_FEISHU_APP_ID": "cli_a1" }));
}

#[test]
fn without_a_terminal_it_names_the_flags() {
    let said = Machine::new().run(&["config"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("--app-id") && said.stderr.contains("--app-secret-stdin"));
}

#[test]
fn other_keys_and_their_order_stay_and_a_broken_file_is_not_written_over() {
    let machine = Machine::new();
    machine.write("poco.config.json", r#"{"POCO_PORT": 0, "feishu": {"app_id": "x"}, "a": [1]}"#);
    let arguments = ["config", "--app-id", "cli_a1", "--app-secret-stdin", "--no-check"];
    let said = machine.pipe(&arguments, SECRET);
    assert_eq!(said.code, 0, "{said:?}");
    let lines = machine.read("poco.config.json").lines().map(str::trim).collect::<String>();
    let secret = format!(r#""POCO_FEISHU_APP_SECRET": "{SECRET}""#);
    let expected = r#"{"POCO_PORT": 0,"feishu": {"app_id": "cli_a1"},"a": [1],"#;
    assert_eq!(lines, format!("{expected}{secret}}}"));

    machine.write("poco.config.json", r#"{"POCO_FEISHU_APP_SECRET": "s3cret" oops"#);
    let said = machine.pipe(&arguments, SECRET);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("line 1, column 37"), "{said:?}");
    assert!(!said.stderr.contains("s3cret"), "{said:?}");
    assert!(machine.read("poco.config.json").ends_with("oops"));
}

#[test]
fn a_start_tells_every_mistake_at_once() {
    let mut machine = Machine::new();
    machine
        .write("poco.config.json", r#"{"POCO_CODEX_SANDBOX": "none", "POCO_HTTP_TOKEN": "shrt"}"#);
    machine.set("POCO_PORT", "many");
    machine.set("POCO_STATE_BACKEND", "redis");
    for start in [&["start"][..], &["start", "--foreground"], &["restart"]] {
        let said = machine.run(start);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.starts_with("poco: 4 settings are wrong:\n"), "{said:?}");
        for key in ["POCO_CODEX_SANDBOX", "POCO_HTTP_TOKEN", "POCO_PORT", "POCO_STATE_BACKEND"] {
            assert!(said.stderr.contains(&format!("\n  {key} ")), "{key}: {said:?}");
        }
        assert!(!said.stderr.contains("shrt"), "{said:?}");
    }
    assert_eq!(machine.run(&["start", "--port", "80000"]).code, 1);
}

#[test]
fn secrets_are_never_printed_and_files_are_private() {
    let mut machine = connected();
    machine.set("POCO_HTTP_TOKEN", "t0ken-that-is-long-enough");
    machine.set("POCO_LOG", "trace");
    let arguments = ["config", "--app-id", "cli_a1", "--app-secret-stdin"];
    let mut all = vec![machine.pipe(&arguments, SECRET)];
    let commands: [&[&str]; 8] = [
        &["config", "--list"],
        &["config", "--list", "--json"],
        &["start"],
        &["status", "--json"],
        &["restart", "--json"],
        &["config"],
        &["logs"],
        &["config", "--json", "--no-check"],
    ];
    all.extend(commands.iter().map(|command| machine.run(command)));
    let instance: Value = serde_json::from_str(&machine.read("instance.json")).unwrap();
    let admin = instance["admin_token"].as_str().unwrap();
    let log = machine.read("poco.log");
    for secret in [SECRET, "t0ken-that-is-long-enough", admin] {
        for Said { stdout, stderr, .. } in &all {
            assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout} {stderr}");
        }
        assert!(!log.contains(secret), "{log}");
    }
    assert_eq!(mode(&machine, ""), 0o700);
    for file in ["poco.config.json", "instance.json", "poco.log", "poco.lock"] {
        assert_eq!(mode(&machine, file), 0o600, "{file}");
    }
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["000", "077", "277"] {
        let mut machine = Machine::new();
        machine.set("POCO", env!("CARGO_BIN_EXE_poco"));
        machine.set("POCO_HTTP_TOKEN", "t0ken-that-is-long-enough");
        let script = format!("umask {umask}; \"$POCO\" config --owner ou_me && \"$POCO\" start");
        let said = Said::from(machine.command("sh", &["-c", &script]).output().unwrap());
        assert_eq!(said.code, 0, "{umask}: {said:?}");
        assert_eq!(mode(&machine, ""), 0o700, "{umask}");
        for file in ["poco.config.json", "instance.json", "poco.log", "poco.lock"] {
            assert_eq!(mode(&machine, file), 0o600, "{umask}: {file}");
        }
    }
}
