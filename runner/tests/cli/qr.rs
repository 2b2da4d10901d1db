//! `poco config --qr`: the platform makes the app, a person agrees.

use crate::kit::{Machine, Said};
use poco_sim::feishu::{Consent, Feishu, Flow, Options};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A platform that makes apps.
fn platform(runtime: &Runtime) -> Feishu {
    let flow = Flow { interval: 1, ..Flow::default() };
    let options = Options { flow, ..Options::default() };
    runtime.block_on(Feishu::start(options)).unwrap()
}

/// Runs the command; somebody follows the link as soon as it is shown.
fn run(machine: &Machine, sim: &Feishu, consent: Consent, more: &[&str]) -> Said {
    let mut child = machine.poco(&[&["config", "--qr"], more].concat()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    loop {
        let mut line = String::new();
        if told.read_line(&mut line).unwrap() == 0 {
            break;
        }
        stderr.push_str(&line);
        if line.starts_with("https://") {
            sim.follow("ada", line.trim(), consent).unwrap();
        }
    }
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    Said { code: child.wait().unwrap().code().unwrap(), stdout, stderr }
}

#[test]
fn an_app_is_made_and_its_secret_kept_where_only_we_can_read_it() {
    let runtime = Runtime::new().unwrap();
    let sim = platform(&runtime);
    let mut machine = Machine::new();
    machine.set("POCO_FEISHU_API_BASE_URL", sim.url());
    let said = run(&machine, &sim, Consent::Yes, &["--json"]);
    assert_eq!(said.code, 0, "{said:?}");
    let told: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(told["bot"], "PoCo", "it was tried at once");
    assert_eq!(told["made_by"], sim.open_id("ada").unwrap());
    let whole = format!("{said:?}");
    assert!(!whole.contains(&sim.app_secret()), "{whole}");
    let settings: serde_json::Value =
        serde_json::from_str(&machine.read("poco.config.json")).unwrap();
    assert_eq!(settings["POCO_FEISHU_APP_ID"], sim.app_id());
    assert_eq!(settings["POCO_FEISHU_APP_SECRET"], sim.app_secret());
    let mode = machine.path("poco.config.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // There is an app now: another must be meant.
    let said = machine.run(&["config", "--qr"]);
    assert!(said.code == 1 && said.stderr.contains("--force"), "{said:?}");
    assert_eq!(sim.complaints(), Vec::<String>::new());
}

#[test]
fn a_no_saves_nothing() {
    let runtime = Runtime::new().unwrap();
    let sim = platform(&runtime);
    let mut machine = Machine::new();
    machine.set("POCO_FEISHU_API_BASE_URL", sim.url());
    let said = run(&machine, &sim, Consent::No, &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("said no"), "{said:?}");
    assert!(!machine.path("poco.config.json").exists());
}

#[test]
fn a_link_that_nobody_follows_ends() {
    let runtime = Runtime::new().unwrap();
    let flow =
        Flow { interval: 1, expires_in: 1, second: Duration::from_secs(1), ..Flow::default() };
    let options = Options { flow, ..Options::default() };
    let sim = runtime.block_on(Feishu::start(options)).unwrap();
    let mut machine = Machine::new();
    machine.set("POCO_FEISHU_API_BASE_URL", sim.url());
    let said = machine.run(&["config", "--qr"]);
    assert!(said.code == 1 && said.stderr.contains("in time"), "{said:?}");
    machine.set("POCO_FEISHU_APP_ID", "cli_a1");
    let said = machine.run(&["config", "--qr"]);
    assert!(said.code == 1 && said.stderr.contains("environment sets"), "{said:?}");
    machine.set("POCO_FEISHU_APP_ID", "");
    machine.set("POCO_FEISHU_API_BASE_URL", "http://127.0.0.1:9");
    let said = machine.run(&["config", "--qr"]);
    assert!(said.code == 1 && said.stderr.contains("could not ask"), "{said:?}");
}

#[test]
fn no_app_is_made_whose_secrets_the_cloud_would_not_know() {
    let mut machine = Machine::new();
    machine.set("POCO_SECRET_ARN", "/poco/app");
    let said = machine.run(&["config", "--qr"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("POCO_SECRET_ARN names what holds"), "{said:?}");
}
