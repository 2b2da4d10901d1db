//! Settings: what wins, what is refused, what is never shown.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use poco_core::Lang;
use poco_io::config::{
    Backend, Config, Delivery, Environment, Given, KEYS, Mistakes, SettingsFile, Source, Transport,
    key,
};
use std::path::Path;
use std::time::Duration;

/// A home folder with a settings file, and variables.
fn given(file: Option<&str>, variables: &[(&str, &str)]) -> (tempfile::TempDir, Given) {
    let home = tempfile::tempdir().unwrap();
    let poco = home.path().join(".poco");
    std::fs::create_dir(&poco).unwrap();
    if let Some(text) = file {
        std::fs::write(poco.join("poco.config.json"), text).unwrap();
    }
    let at_home = ("HOME".to_owned(), home.path().display().to_string());
    let others = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment: Environment = [at_home].into_iter().chain(others).collect();
    (home, Given::gather(environment))
}

fn read(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Config, Mistakes> {
    given(file, variables).1.judge().map(|config| Config { home: Path::new("/").into(), ..config })
}

fn mistakes(file: Option<&str>, variables: &[(&str, &str)]) -> String {
    read(file, variables).unwrap_err().to_string()
}

#[test]
fn nothing_set_works() {
    let (home, given) = given(None, &[]);
    let config = given.judge().unwrap();
    assert_eq!(config.home, home.path().join(".poco"));
    assert_eq!(config.http.host, "127.0.0.1");
    assert_eq!(config.http.port, 8000);
    assert_eq!(config.feishu.base_url, "https://open.feishu.cn");
    assert_eq!(config.feishu.delivery, Delivery::LongConnection);
    assert!(!config.feishu.is_set());
    assert_eq!(config.state.backend, Backend::Sqlite);
    assert_eq!(config.state.db_path, home.path().join(".poco/poco.db"));
    assert_eq!(config.agents.codex.workdir, home.path());
    assert_eq!(config.agents.codex.command, ["codex"]);
    assert_eq!(config.agents.codex.approval_policy, "on-request");
    assert_eq!(config.agents.codex.sandbox, "workspace-write");
    assert_eq!(config.agents.codex.timeout, Duration::from_secs(900));
    assert_eq!(config.agents.codex.transport, Transport::Unix);
    assert_eq!(config.log, "info");
    assert_eq!(config.warnings, [] as [&str; 0]);
}

#[test]
fn environment_wins_over_flat_key_over_section_over_default() {
    let file = r#"{"POCO_FEISHU_APP_ID": "flat", "POCO_PORT": 8123,
        "feishu": {"app_id": "section", "delivery_mode": "webhook", "app_secret": null},
        "state": {"backend": "memory"}}"#;
    let config = read(Some(file), &[]).unwrap();
    assert_eq!(config.feishu.app_id, "flat");
    assert_eq!(config.feishu.delivery, Delivery::Webhook);
    assert_eq!(config.state.backend, Backend::Memory);
    assert_eq!(config.http.port, 8123);

    let variables = [("POCO_FEISHU_APP_ID", "env"), ("POCO_FEISHU_DELIVERY_MODE", "")];
    let config = read(Some(file), &variables).unwrap();
    assert_eq!(config.feishu.app_id, "env");
    assert_eq!(config.feishu.delivery, Delivery::LongConnection, "set to nothing is the default");

    let (_home, mut given) = given(Some(file), &[("POCO_PORT", "9")]);
    given.set_flag("POCO_PORT", "10".to_owned());
    assert_eq!(given.judge().unwrap().http.port, 10);
    assert_eq!(given.value(key("POCO_PORT").unwrap()), ("10".to_owned(), Source::Flag));
}

#[test]
fn every_mistake_is_told_at_once_with_what_is_allowed() {
    let variables = [
        ("POCO_LOG", "inof"),
        ("POCO_PORT", "80000"),
        ("POCO_HOST", "http://x"),
        ("POCO_HTTP_TOKEN", "tiny-secret"),
        ("POCO_OWNER_OPEN_ID", "me"),
        ("POCO_FEISHU_API_BASE_URL", "open.feishu.cn"),
        ("POCO_FEISHU_DELIVERY_MODE", "websocket"),
        ("POCO_STATE_BACKEND", "postgres"),
        ("POCO_STATE_DB_PATH", "poco.db"),
        ("POCO_AGENT_BACKEND", "nobody"),
        ("POCO_AGENT_ENV", "AWS_PROFILE, POCO_HTTP_TOKEN"),
        ("POCO_CLAUDE_PERMISSION_MODE", "yolo"),
        ("POCO_CLAUDE_TIMEOUT_SECONDS", "0"),
        ("POCO_CODEX_COMMAND", "codex 'x"),
        ("POCO_CODEX_WORKDIR", "/no/such/folder"),
        ("POCO_CODEX_SANDBOX", "workspace-wriet"),
        ("POCO_CODEX_APPROVAL_POLICY", "on-failure"),
        ("POCO_CODEX_TIMEOUT_SECONDS", "0"),
        ("POCO_CODEX_TRANSPORT", "tcp"),
        ("POCO_CODEX_REASONING_EFFORT", "lots"),
    ];
    let Mistakes(list) = read(None, &variables).unwrap_err();
    let mut keys: Vec<_> = list.iter().map(|mistake| mistake.key.as_str()).collect();
    let mut expected = variables.map(|(name, _)| name);
    keys.sort_unstable();
    expected.sort_unstable();
    assert_eq!(keys, expected);

    let text = Mistakes(list).to_string();
    assert!(text.starts_with("20 settings are wrong:\n"), "{text}");
    assert!(text.contains("POCO_PORT is \"80000\" (environment): use a whole number from 0 to"));
    assert!(text.contains("did you mean workspace-write?"), "{text}");
    assert!(text.contains("Codex no longer has it; use on-request"), "{text}");
    assert!(!text.contains("tiny-secret"), "{text}");
}

#[test]
fn a_webhook_needs_a_proof() {
    let feishu = [
        ("POCO_FEISHU_APP_ID", "cli_x"),
        ("POCO_FEISHU_APP_SECRET", "s3cret"),
        ("POCO_FEISHU_DELIVERY_MODE", "webhook"),
    ];
    assert!(mistakes(None, &feishu).contains("webhooks need POCO_FEISHU_VERIFICATION_TOKEN"));
    for proof in ["POCO_FEISHU_VERIFICATION_TOKEN", "POCO_FEISHU_ENCRYPT_KEY"] {
        read(None, &[&feishu[..], &[(proof, "proof")]].concat()).unwrap();
    }
}

#[test]
fn a_bad_file_is_refused_by_line_and_column_without_its_content() {
    let text = mistakes(Some("{\n  \"POCO_FEISHU_APP_SECRET\": \"s3cret\" oops}"), &[]);
    assert!(
        text.contains("poco.config.json, line 2, column 38 (file): this is not JSON"),
        "{text}"
    );
    assert!(!text.contains("s3cret"));
    assert!(mistakes(Some("\"s3cret\""), &[]).contains("it holds text, not an object"));

    let file = "{\n \"POCO_PORT\": [1],\n \"feishu\": {\n  \"app_id\": {}},\n \"state\": 3}";
    let text = mistakes(Some(file), &[("POCO_STATE_BACKEND", "x")]);
    for expected in [
        "line 2, column 2 (file): POCO_PORT must be text",
        "line 4, column 3 (file): feishu.app_id must be text",
        "line 5, column 2 (file): state: a section must be an object, not a number",
        "POCO_STATE_BACKEND is \"x\"",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn unknown_and_unused_names_are_warnings() {
    let file = r#"{"POCO_PROT": 1, "feishu": {"appid": "x"}, "slack": {"bot_token": "xoxb"},
        "POCO_HOME": "/x", "theme": "dark"}"#;
    let variables = [("POCO_CODEX_MODLE", "x"), ("OTHER", "x")];
    let warnings = read(Some(file), &variables).unwrap().warnings.join("\n");
    for expected in [
        "POCO_PROT in the file is not a setting; did you mean POCO_PORT?",
        "feishu.appid in the file is not a setting; did you mean feishu.app_id?",
        "POCO_HOME counts in the environment only",
        "theme in the file is not a setting",
        "POCO_CODEX_MODLE in the environment is not a setting; did you mean POCO_CODEX_MODEL?",
        "not used by this version: POCO_SLACK_BOT_TOKEN",
    ] {
        assert!(warnings.contains(expected), "{expected} is not in {warnings}");
    }
    assert!(!warnings.contains("xoxb"));
    assert!(!warnings.contains("OTHER"));
}

#[test]
fn home_is_expanded_and_relative_paths_are_refused() {
    let variables = [
        ("POCO_HOME", "~/elsewhere"),
        ("POCO_STATE_DB_PATH", "$POCO_HOME/state/x.db"),
        ("POCO_CODEX_WORKDIR", "~"),
    ];
    let (home, given) = given(None, &variables);
    let config = given.judge().unwrap();
    assert_eq!(config.state.db_path, home.path().join("elsewhere/state/x.db"));
    assert_eq!(config.agents.codex.workdir, home.path());
    for bad in ["poco", "./poco", "~other/poco", "/a/../b"] {
        let text = mistakes(None, &[("POCO_HOME", bad)]);
        assert!(text.starts_with("One setting is wrong:\n  POCO_HOME is"), "{text}");
    }
}

#[test]
fn urls_are_cut_to_their_origin() {
    let url = |text| read(None, &[("POCO_FEISHU_API_BASE_URL", text)]).map(|c| c.feishu.base_url);
    assert_eq!(url("https://open.larksuite.com/").unwrap(), "https://open.larksuite.com");
    assert_eq!(url("http://127.0.0.1:99/x?y").unwrap(), "http://127.0.0.1:99");
    assert!(!url("https://me:pass@x.com").unwrap_err().to_string().contains("pass"));
    url("ftp://x").unwrap_err();
}

#[test]
fn the_list_shows_sources_and_no_secret() {
    let file = r#"{"feishu": {"app_id": "cli_x", "app_secret": "s3cret"}}"#;
    let (_home, given) = given(Some(file), &[("POCO_HTTP_TOKEN", "0123456789abcdef")]);
    let list = given.list();
    let shown = |name| list.iter().find(|shown| shown.key.name == name).unwrap();
    assert_eq!(shown("POCO_FEISHU_APP_ID").source, Source::File);
    assert_eq!(shown("POCO_FEISHU_APP_SECRET").value, "(set)");
    assert_eq!(shown("POCO_HTTP_TOKEN").source, Source::Environment);
    assert_eq!(shown("POCO_PORT").source, Source::Default);
    let all = format!("{list:?}{:?}", given.judge().unwrap());
    assert!(!all.contains("s3cret") && !all.contains("0123456789abcdef"), "{all}");
}

#[test]
fn setting_a_value_keeps_the_rest_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("poco.config.json");
    let text =
        r#"{"z": [1, {"b": 1.5, "a": null}], "feishu": {"x": "中", "app_id": "old"}, "a": -1}"#;
    std::fs::write(&path, text).unwrap();
    let mut file = SettingsFile::read(&path).unwrap();
    file.set(key("POCO_FEISHU_APP_ID").unwrap(), "new");
    file.set(key("POCO_FEISHU_APP_SECRET").unwrap(), "s");
    let expected = r#"{
  "z": [
    1,
    {
      "b": 1.5,
      "a": null
    }
  ],
  "feishu": {
    "x": "中",
    "app_id": "new"
  },
  "a": -1,
  "POCO_FEISHU_APP_SECRET": "s"
}
"#;
    assert_eq!(file.to_text(), expected);
}

#[cfg(unix)]
#[test]
fn a_file_of_secrets_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("poco.config.json");
    std::fs::write(&path, r#"{"POCO_FEISHU_APP_SECRET": "s"}"#).unwrap();
    let warnings = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let home = home.path().display().to_string();
        let environment = [("POCO_HOME".to_owned(), home.clone()), ("HOME".to_owned(), home)];
        Config::read(environment.into_iter().collect()).unwrap().warnings.join("\n")
    };
    assert!(warnings(0o644).contains("chmod 600"));
    assert!(!warnings(0o600).contains("chmod 600"));
}

#[test]
fn the_language_is_one_poco_speaks() {
    let read = |lang: Option<&str>| {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().display().to_string();
        let mut environment = vec![("POCO_HOME", home.clone()), ("HOME", home)];
        environment.extend(lang.map(|lang| ("POCO_LANG", lang.to_owned())));
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        Config::read(environment.collect()).map(|config| config.lang)
    };
    assert_eq!(read(None).unwrap(), Lang::En);
    assert_eq!(read(Some("zh")).unwrap(), Lang::Zh);
    assert!(read(Some("fr")).unwrap_err().to_string().contains("use en or zh"));
}

#[test]
fn the_table_is_sound() {
    let mut names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KEYS.len());
    assert!(KEYS.iter().all(|key| key.name.starts_with("POCO_") && !key.help.is_empty()));
}

#[test]
fn an_app_whose_secret_is_in_the_cloud_is_not_said_to_lack_one() {
    let (id, note) = (("POCO_FEISHU_APP_ID", "cli_a1"), "Feishu stays off");
    let notes = |variables: &[_]| read(None, variables).unwrap().warnings.join("\n");
    assert!(notes(&[id]).contains(note));
    let named = notes(&[id, ("POCO_SECRET_ARN", "/poco/app")]);
    assert!(!named.contains(note), "{named}");
}

#[test]
fn the_work_folder_of_every_agent_is_a_root_where_it_was_named() {
    let roots = |variables: &[_]| read(None, variables).unwrap().workdir_roots;
    let (narrow, codex) = (("POCO_WORKDIR_ROOTS", "/usr"), ("POCO_CODEX_WORKDIR", "/usr"));
    assert_eq!(roots(&[narrow, codex]), [Path::new("/usr"); 2], "no default opens more");
    for name in
        ["POCO_CLAUDE_WORKDIR", "POCO_ACP_WORKDIR", "POCO_CURSOR_WORKDIR", "POCO_COCO_WORKDIR"]
    {
        let roots = roots(&[narrow, codex, (name, "/tmp")]);
        assert_eq!(roots, [Path::new("/usr"), Path::new("/usr"), Path::new("/tmp")], "{name}");
    }
}
