//! What goes wrong is told with its reason and the next step.

use crate::stage::{Stage, finish, wrote};
use poco_core::{Lang, TaskId};
use poco_io::config::{self, Backend, Config, Delivery, Feishu, Http, State, Transport};
use poco_io::secret::Secret;
use poco_runner::agent::{self, Agent, AgentError, End};
use std::time::Duration;

#[tokio::test]
async fn codex_is_not_installed() {
    let stage = Stage::with(Transport::Unix, |config| {
        config.command = vec!["no-such-codex".to_owned()];
    })
    .await;
    let why = stage.agent.ready().await.unwrap_err();
    assert!(why.of(Lang::En).contains("npm install -g @openai/codex"), "{why:?}");
    let opened = stage.agent.open(None, &stage.settings).await;
    assert!(matches!(opened, Err(AgentError::Refused(_))));
}

#[tokio::test]
async fn nobody_is_logged_in() {
    for transport in crate::stage::BOTH {
        let stage = Stage::new(transport).await;
        let home = stage.folder.join("home/config.toml");
        let fake = std::fs::read_to_string(&home).unwrap();
        let builtin = fake.replace("model_provider = \"fake\"", "model_provider = \"openai\"");
        std::fs::write(&home, builtin).unwrap();
        let why = stage.agent.ready().await.unwrap_err();
        assert!(why.of(Lang::En).contains("codex login"), "{why:?}");
        let opened = stage.agent.open(None, &stage.settings).await;
        assert!(
            matches!(opened, Err(AgentError::Refused(why)) if why.of(Lang::En).contains("codex login"))
        );
        // Once that is mended it works, without a restart of PoCo.
        std::fs::write(&home, fake).unwrap();
        stage.agent.ready().await.unwrap();
    }
}

#[tokio::test]
async fn codex_can_not_start() {
    for transport in crate::stage::BOTH {
        let stage = Stage::new(transport).await;
        let home = stage.folder.join("home/config.toml");
        std::fs::write(&home, "approval_policy = \"untrusted\"").unwrap();
        let why = stage.agent.ready().await.unwrap_err();
        assert!(why.of(Lang::En).contains("could not be started"), "{why:?}");
        assert!(why.of(Lang::En).contains("untrusted"), "{why:?}");
    }
}

#[tokio::test]
async fn the_settings_of_codex_can_not_be_read() {
    let stage = Stage::new(Transport::Unix).await;
    std::fs::write(stage.folder.join("home/config.toml"), "model = ").unwrap();
    let why = stage.agent.ready().await.unwrap_err();
    assert!(
        why.of(Lang::En).contains("codex login") && why.of(Lang::En).contains("config"),
        "{why:?}"
    );
}

#[tokio::test]
async fn the_folder_is_missing() {
    let mut stage = Stage::new(Transport::Unix).await;
    stage.settings.workdir = stage.work("nowhere").to_str().unwrap().to_owned();
    let opened = stage.agent.open(None, &stage.settings).await;
    assert!(
        matches!(opened, Err(AgentError::Refused(why)) if why.of(Lang::En).contains("nowhere"))
    );
}

#[tokio::test]
async fn the_model_fails() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    for (how, words) in [
        ("400", "scripted bad request"),
        ("401", "codex login"),
        ("429", "too many requests"),
        ("quota", "usage limit"),
        ("500", "trouble"),
        ("cut", "Codex failed"),
    ] {
        let prompt = format!("fail: {how}");
        let (end, _) = stage.run(&thread, how, &prompt).await;
        let End::Failed { reason } = end else { panic!("{how}: {end:?}") };
        assert!(reason.of(Lang::En).contains(words), "{how}: {reason:?}");
        assert_eq!(stage.model.turns(&prompt), 1);
    }
    assert_eq!(stage.run(&thread, "on", "go on").await.0, End::Completed);
}

#[tokio::test]
async fn a_broken_answer_is_not_shown_twice() {
    let stage = Stage::new(Transport::Unix).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "fail: cut").await;
    let (_, transcript) = finish(turn.as_mut()).await;
    assert!(transcript.answer().matches("This will be cut").count() <= 1);
}

#[tokio::test]
async fn a_model_out_of_reach_ends_the_turn() {
    let stage =
        Stage::with(Transport::Unix, |config| config.timeout = Duration::from_secs(2)).await;
    let home = stage.folder.join("home");
    // A port that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    poco_sim::model::write_home(&home, &format!("http://{free}/v1")).unwrap();
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "anyone there?").await;
    let (end, transcript) = finish(turn.as_mut()).await;
    let End::Failed { reason } = end else { panic!("{end:?}") };
    assert!(reason.of(Lang::En).contains("network"), "{reason:?}");
    assert!(transcript.steps().iter().any(|step| step.of(Lang::En).starts_with("↻")));
}

#[tokio::test]
async fn a_silent_turn_that_is_alive_goes_on() {
    let stage =
        Stage::with(Transport::Unix, |config| config.timeout = Duration::from_millis(100)).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "slow: 2").await;
    wrote(turn.as_mut(), "piece 0").await;
    let silent = tokio::time::timeout(Duration::from_secs(1), turn.next()).await;
    assert!(silent.is_err(), "{silent:?}");
    stage.model.go(1);
    assert_eq!(finish(turn.as_mut()).await.0, End::Completed);
}

#[tokio::test]
async fn a_codex_that_hangs_ends_the_turn() {
    let stage =
        Stage::with(Transport::Unix, |config| config.timeout = Duration::from_millis(500)).await;
    let thread = stage.open().await;
    let mut turn = stage.start(&thread, "t", "slow: 2").await;
    wrote(turn.as_mut(), "piece 0").await;
    let pid = stage.agent.pid().await.unwrap().to_string();
    let stop = std::process::Command::new("kill").args(["-STOP", &pid]).status();
    assert!(stop.unwrap().success());
    let end = finish(turn.as_mut()).await.0;
    assert!(matches!(end, End::Lost { .. }), "{end:?}");
    let refused =
        stage.agent.start(&thread, &TaskId::new("t2"), &"next".into(), &stage.settings).await;
    let (end, _) = finish(refused.unwrap().as_mut()).await;
    assert_eq!(end, End::Completed);
}

#[tokio::test]
async fn without_codex_the_stub_is_the_usual_agent() {
    let stage = Stage::new(Transport::Unix).await;
    let claude = config::Claude {
        command: vec!["no-such-claude".to_owned()],
        workdir: stage.config.workdir.clone(),
        model: None,
        permission_mode: "default".to_owned(),
        timeout: Duration::from_secs(600),
    };
    let absent = config::Acp {
        command: vec!["/nowhere/agent".to_owned()],
        workdir: stage.folder.clone(),
        model: None,
        mode: None,
        timeout: Duration::from_secs(1),
    };
    let mut config = Config {
        lang: Lang::En,
        home: stage.folder.join("state"),
        app_name: "PoCo".to_owned(),
        owner: None,
        http: Http { host: "127.0.0.1".to_owned(), port: 0, token: None },
        feishu: Feishu {
            base_url: String::new(),
            app_id: String::new(),
            app_secret: Secret::default(),
            delivery: Delivery::LongConnection,
            verification_token: None,
            encrypt_key: None,
        },
        state: State {
            backend: Backend::Memory,
            db_path: stage.folder.join("poco.db"),
            table: String::new(),
            queue_url: String::new(),
            keep: None,
        },
        cloud: Default::default(),
        runner: poco_core::RunnerId::local(),
        agents: config::Agents {
            usual: "codex".to_owned(),
            codex: stage.config.clone(),
            claude,
            acp: None,
            cursor: config::Cursor { acp: absent.clone(), sandbox: None },
            coco: absent,
            variables: vec![],
        },
        workdir_roots: vec![],
        log: "info".to_owned(),
        warnings: vec![],
    };
    let agents = agent::open(&config);
    assert_eq!(
        (agents.names(), agents.instead),
        (vec!["codex".into(), "claude_code".into(), "stub".into()], None)
    );
    config.agents.codex.command = vec!["no-such-codex".to_owned()];
    let agents = agent::open(&config);
    assert_eq!(agents.names(), ["stub", "claude_code", "codex"]);
    assert!(agents.instead.unwrap().of(Lang::En).contains("npm install"));
}
