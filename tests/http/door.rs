//! Who gets in: this machine, or whoever has the token; never a web page.

use crate::kit::{PATIENCE, Poco, Request};
use serde_json::{Value, json};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const ROUTES: &[(&str, &str)] = &[
    ("POST", "/demo/command"),
    ("POST", "/demo/tasks/x/approve"),
    ("POST", "/demo/tasks/x/reject"),
    ("GET", "/demo/cards/dm/projects"),
    ("POST", "/demo/card-actions"),
    ("GET", "/tasks"),
    ("GET", "/tasks/x"),
    ("GET", "/debug/feishu"),
];

/// A request to each guarded route that would have an effect if it got in.
fn requests() -> Vec<Request> {
    let body = json!({
        "text": "/run get in",
        "event": { "action": { "value": { "intent_key": "task.submit", "prompt": "get in" } } },
    });
    let request = |(method, path): &(&str, &str)| match *method {
        "POST" => Request::post(path, &body),
        method => Request::new(method, *path),
    };
    ROUTES.iter().map(request).collect()
}

/// Stops the test unless every route refuses this, and nothing came of it.
fn kept_out(poco: &Poco, change: impl Fn(Request) -> Request) {
    let before = poco.stored();
    for request in requests() {
        let answer = poco.ask(&change(request.clone()));
        assert_eq!(answer.status, 401, "{request:?}: {answer:?}");
        assert!(!answer.detail().is_empty());
    }
    assert_eq!(poco.stored(), before);
}

#[test]
fn web_pages_stay_outside() {
    let poco = Poco::start();
    for origin in ["https://evil.example", "null", "http://localhost", "http://127.0.0.1:1", "x"] {
        kept_out(&poco, |request| request.header("origin", origin));
    }
    for site in ["cross-site", "same-site", "odd"] {
        kept_out(&poco, |request| request.header("sec-fetch-site", site));
    }
    let own = format!("http://{}", poco.address);
    let same =
        Request::get("/tasks").header("origin", &own).header("sec-fetch-site", "same-origin");
    assert_eq!(poco.ask(&same).status, 200);
}

#[test]
fn what_a_page_can_send_without_asking_is_not_taken() {
    let poco = Poco::start();
    let before = poco.stored();
    let kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/jsonx",
    ];
    for request in requests().into_iter().filter(|it| format!("{it:?}").contains("POST")) {
        for kind in kinds {
            let answer = poco.ask(&request.clone().header("content-type", kind));
            assert_eq!(answer.status, 422, "{kind}: {answer:?}");
            assert!(answer.detail().contains("application/json"));
        }
    }
    let empty_form = Request::new("POST", "/demo/tasks/x/approve")
        .header("content-type", "application/x-www-form-urlencoded");
    poco.ask(&empty_form).refuses(422);
    assert_eq!(poco.stored(), before);
    let kind = "application/json; charset=utf-8";
    let good =
        Request::post("/demo/command", &json!({ "text": "/help" })).header("content-type", kind);
    assert_eq!(poco.ask(&good).status, 200);
}

#[test]
fn a_name_that_was_pointed_here_is_not_ours() {
    let poco = Poco::start();
    for host in [
        "evil.example",
        "evil.example:80",
        "",
        "localhost.evil.example",
        "127.0.0.1.evil.example:1",
        "192.0.2.1",
        "[::2]:80",
        "localhost:80@evil.example",
        "@",
        ":",
        "[]",
    ] {
        kept_out(&poco, |request| request.header("host", host));
    }
    let port = poco.address.port();
    for host in [
        "localhost",
        "LOCALHOST",
        &format!("localhost:{port}"),
        "127.0.0.1",
        "[::1]",
        "127.9.9.9:1",
    ] {
        assert_eq!(poco.ask(&Request::get("/tasks").header("host", host)).status, 200, "{host}");
    }
    // Old clients name no host, and may still ask how PoCo is.
    assert_eq!(poco.ask(&Request::get("/health").header("host", "")).status, 200);
}

#[test]
fn who_comes_by_a_proxy_is_not_from_here() {
    let poco = Poco::start();
    for name in ["x-forwarded-for", "x-real-ip", "forwarded", "via", "x-forwarded-host"] {
        kept_out(&poco, |request| request.header(name, "192.0.2.1"));
    }
    let health = Request::get("/health").header("x-forwarded-for", "192.0.2.1");
    let health = poco.ask(&health).json();
    assert_eq!((&health["state_db_path"], &health["agent_detail"]), (&Value::Null, &json!("")));
}

/// Another address of this machine than the loopback one, if it has one.
fn other_address(port: u16) -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this only picks a way out.
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then(|| SocketAddr::new(ip, port))
}

#[test]
fn other_machines_stay_outside_without_a_token() {
    let poco = Poco::with(&[], &["--host", "0.0.0.0"]);
    let Some(address) = other_address(poco.address.port()) else { return };
    let before = poco.stored();
    for request in requests() {
        for host in [address.to_string(), "localhost".to_owned()] {
            poco.ask_at(address, &request.clone().header("host", &host)).refuses(401);
        }
    }
    let pair = Request::post("/admin/pair", &json!({}));
    poco.ask_at(address, &pair).refuses(401);
    assert_eq!(poco.stored(), before);
    let health = poco.ask_at(address, &Request::get("/health")).json();
    assert_eq!((&health["status"], &health["state_db_path"]), (&json!("ok"), &Value::Null));
    assert_eq!(poco.ask(&Request::get("/tasks")).status, 200);
}

#[test]
fn whoever_has_the_token_gets_in_from_anywhere() {
    let token = "correct-horse-battery-staple";
    let poco = Poco::with(&[("POCO_HTTP_TOKEN", token)], &["--host", "0.0.0.0"]);
    kept_out(&poco, |request| request);
    let almost = [&token[1..], &token[..token.len() - 1], "", "x", &token.to_uppercase()];
    for wrong in almost.map(|it| format!("Bearer {it}")) {
        kept_out(&poco, |request| request.header("authorization", &wrong));
    }
    kept_out(&poco, |request| request.header("authorization", token));
    kept_out(&poco, |request| request.header("authorization", &format!("Basic {token}")));
    let right = format!("Bearer {token}");
    kept_out(&poco, |request| {
        request.header("authorization", &right).header("origin", "https://evil.example")
    });
    let address = other_address(poco.address.port()).unwrap_or(poco.address);
    for host in ["poco.example", "localhost", "", "192.0.2.1:80"] {
        let request = Request::get("/tasks").header("host", host).header("authorization", &right);
        assert_eq!(poco.ask_at(address, &request).status, 200, "{host}");
    }
    let told = poco.ask(&Request::get("/health"));
    assert!(!format!("{told:?}").contains(token));
}

#[test]
fn pairing_is_offered_to_the_command_only() {
    let poco = Poco::start();
    let before = poco.stored();
    for token in ["", "Bearer x", "Bearer "] {
        let request = Request::post("/admin/pair", &json!({})).header("authorization", token);
        poco.ask(&request).refuses(401);
    }
    assert_eq!(poco.stored(), before);
}

#[test]
fn not_anybody_has_the_agent_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (program, asked) = (folder.path().join("claude"), folder.path().join("asked"));
    let script = format!("#!/bin/sh\necho >> {}\necho broken >&2\nexit 1\n", asked.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let program = program.to_str().unwrap();
    let settings = [("POCO_AGENT_BACKEND", "claude_code"), ("POCO_CLAUDE_COMMAND", program)];
    let poco = Poco::with(&settings, &[]);
    let times = || std::fs::read(&asked).map_or(0, |it| it.len());
    // PoCo itself asks how it is, and what it offers.
    let end = Instant::now() + PATIENCE;
    while times() < 2 {
        assert!(Instant::now() < end, "PoCo does not ask");
        std::thread::sleep(Duration::from_millis(10));
    }
    let from_elsewhere = Request::get("/health").header("x-forwarded-for", "192.0.2.1");
    let before = times();
    for _ in 0..20 {
        assert_eq!(poco.ask(&from_elsewhere).json()["agent_ready"], false);
    }
    // PoCo itself may ask once more meanwhile.
    assert!(times() < before + 10, "{before} {}", times());
    let said = || poco.ask(&Request::get("/health")).json()["agent_detail"].to_string();
    while !said().contains("broken") {
        assert!(Instant::now() < end, "it is not asked");
    }
}
