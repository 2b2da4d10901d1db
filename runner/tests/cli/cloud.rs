//! A machine of the cloud and the cloud itself, played by an emulator: joining, draining, looking.

use crate::kit::{Machine, Said, until};
use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, TimeToLiveSpecification};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use poco_core::{Action, Event, EventId, Fact, Runner, RunnerId, TaskId, Timestamp, UserId, Via};
use poco_io::app::App;
use poco_io::chats::Chats;
use poco_io::config::{Config, Environment};
use poco_io::port::{Document, Store};
use poco_io::queue::Sqs;
use poco_io::store::Dynamo;
use poco_tests::cloud::Cloud;
use serde_json::{Value, json};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SECRET: &str = "s3cret-of-the-app";

/// A cloud, and a machine that may join it.
struct Place {
    cloud: Cloud,
    table: String,
    queue: String,
    aside: String,
    secret: String,
    machine: Machine,
}

/// Does what the SDK offers, from a test that is not async.
fn now<T>(it: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(it)
}

impl Place {
    fn new() -> Self {
        let cloud = Cloud::new();
        let (table, (queue, aside)) = (cloud.table(), cloud.queue());
        let text = json!({ "app_secret": SECRET, "encrypt_key": "k", "verification_token": "v" });
        let secret = now(async {
            let client = aws_sdk_secretsmanager::Client::new(&cloud.config());
            let create = client.create_secret().name("feishu").secret_string(text.to_string());
            create.send().await.unwrap().arn.unwrap()
        });
        let mut machine = Machine::new();
        for (name, value) in cloud.environment() {
            machine.set(&name, &value);
        }
        Self { cloud, table, queue, aside, secret, machine }
    }

    /// What `aws cloudformation describe-stacks` would print.
    fn outputs(&self, health: &str) -> String {
        let outputs = [
            ("TableName", self.table.as_str()),
            ("QueueUrl", &self.queue),
            ("SecretArn", &self.secret),
            ("RunnerName", "laptop"),
            ("KeepDays", "30"),
            ("Language", "zh"),
            ("HealthUrl", health),
        ];
        let outputs = outputs.map(|(key, value)| json!({ "OutputKey": key, "OutputValue": value }));
        let parameters = [
            json!({ "ParameterKey": "FeishuAppId", "ParameterValue": "cli_a1" }),
            json!({ "ParameterKey": "FeishuAppSecret", "ParameterValue": "****" }),
        ];
        json!({ "Stacks": [{ "Outputs": outputs, "Parameters": parameters }] }).to_string()
    }

    fn join(&self, words: &[&str]) -> Said {
        let words = [&["runner", "join", "--stack-outputs", "-"], words].concat();
        self.machine.pipe(&words, &self.outputs("http://127.0.0.1:9/health"))
    }

    /// A machine that has joined and runs.
    fn running() -> Self {
        let place = Self::new();
        let said = place.join(&[]);
        assert_eq!(said.code, 0, "{said:?}");
        place.machine.json(&["runner", "start", "--json"]);
        place
    }

    fn store(&self) -> Dynamo {
        Dynamo::new(&self.cloud.config(), &self.table)
    }

    /// What a machine says of itself.
    fn heard(&self, id: &str) -> Option<Runner> {
        let key = poco_io::app::runner_key(&RunnerId::new(id));
        let document = now(self.store().get(&key)).unwrap()?;
        Some(serde_json::from_str(&document.body).unwrap())
    }

    /// Another machine says that it is there.
    fn hear(&self, id: &str, seen: Timestamp) {
        let runner = json!({
            "id": id, "host": "elsewhere", "version": "0", "agents": ["stub"], "turns": 1,
            "draining": false, "seen": seen,
        });
        let key = poco_io::app::runner_key(&RunnerId::new(id));
        let document = Document { version: 1, body: runner.to_string(), due: false };
        now(self.store().put(&key, &document)).unwrap();
    }

    fn status(&self) -> Value {
        self.machine.json(&["runner", "status", "--json"])
    }

    /// Asks the machine itself, as `curl` would.
    fn http(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = self.status()["address"].as_str().unwrap().to_owned();
        now(async {
            let http = poco_io::feishu::http_client(&address).unwrap();
            let request = http.request(method.parse().unwrap(), format!("{address}{path}"));
            let request = if body.is_null() { request } else { request.json(body) };
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap_or_default())
        })
    }

    /// Gives the machine a task, and returns its id.
    fn ask(&self, text: &str) -> String {
        let (status, body) = self.http("POST", "/demo/command", &json!({ "text": text }));
        assert_eq!(status, 200, "{body}");
        body["task_id"].as_str().unwrap().to_owned()
    }

    /// The chat of whoever asks at the machine.
    fn chat(&self) -> String {
        let keys = now(self.store().keys("room/local-", None)).unwrap();
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys[0]["room/".len()..].to_owned()
    }

    fn room(&self) -> String {
        now(self.store().get(&format!("room/{}", self.chat()))).unwrap().unwrap().body
    }

    fn task(&self, id: &str) -> Value {
        self.http("GET", &format!("/tasks/{id}"), &Value::Null).1
    }

    fn is_over(&self, id: &str) -> bool {
        self.task(id)["status"] == "completed"
    }

    fn put_aside(&self) -> usize {
        now(self.cloud.waiting(&self.aside))
    }
}

fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Timestamp(u64::try_from(now).unwrap())
}

#[test]
fn a_machine_joins_by_what_its_stack_says() {
    let place = Place::new();
    let said = place.join(&[]);
    assert_eq!(said.code, 0, "{said:?}");
    for right in ["read documents", "write on a condition", "receive jobs", "read the secret"] {
        let is_ok = |line: &str| line.trim_start().starts_with("ok") && line.contains(right);
        assert!(said.stdout.lines().any(is_ok), "{right}: {said:?}");
    }
    assert!(said.stdout.contains("may also read the whole table at once"), "{said:?}");
    assert!(said.stdout.contains("Next: poco runner start"), "{said:?}");
    let text = place.machine.read("poco.config.json");
    assert!(!text.contains(SECRET), "no secret is written down");
    let file: Value = serde_json::from_str(&text).unwrap();
    for (setting, value) in [
        ("POCO_STATE_BACKEND", "dynamodb"),
        ("POCO_STATE_TABLE", &place.table),
        ("POCO_QUEUE_URL", &place.queue),
        ("POCO_SECRET_ARN", &place.secret),
        ("POCO_RUNNER", "laptop"),
        ("POCO_FEISHU_APP_ID", "cli_a1"),
        ("POCO_KEEP_DAYS", "30"),
        ("POCO_LANG", "zh"),
        ("POCO_CLOUD_URL", "http://127.0.0.1:9/health"),
    ] {
        assert_eq!(file[setting], value, "{setting}");
    }
    let mode = place.machine.path("poco.config.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Trying left nothing in the table.
    assert!(now(place.store().keys("", None)).unwrap().is_empty());
}

#[test]
fn nothing_is_saved_if_a_right_is_missing_or_the_name_is_taken() {
    let place = Place::new();
    let said = place.join(&["--table", "nowhere"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("FAILED"), "{said:?}");
    assert!(said.stdout.contains("RunnerPolicyArn"), "{said:?}");
    assert!(said.stderr.contains("nothing was saved"), "{said:?}");
    assert!(!place.machine.path("poco.config.json").exists());

    place.hear("laptop", clock());
    let said = place.join(&["--json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    let failed = answer["findings"].as_array().unwrap().iter();
    let failed: Vec<_> = failed.filter(|it| it["verdict"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{answer}");
    assert!(failed[0]["detail"].as_str().unwrap().contains("on elsewhere was heard"), "{answer}");
    assert_eq!(place.join(&["--name", "office"]).code, 0, "another name is free");
}

#[test]
fn what_is_not_known_is_asked_for_or_told() {
    let machine = Machine::new();
    let said = machine.run(&["runner", "join", "--name", "laptop"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("this is not known: Table (output TableName)"), "{said:?}");
    for odd in ["", "[]", "no json"] {
        let said = machine.pipe(&["runner", "join", "--stack-outputs", "-"], odd);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains("holds no outputs of a stack"), "{said:?}");
    }
    let said = machine.run(&["runner", "join", "--stack-outputs", "/nowhere"]);
    assert!(said.stderr.contains("read the stack's outputs from /nowhere"), "{said:?}");
}

#[test]
fn a_machine_that_drains_finishes_and_takes_nothing_new_until_that_is_undone() {
    let place = Place::running();
    let running = place.ask("/run ask: one");
    patiently("it asks", || place.task(&running)["status"] == "waiting_for_confirmation");
    let said = place.machine.json(&["runner", "drain", "--json"]);
    assert_eq!(
        (&said["runner"]["draining"], &said["runner"]["running"]),
        (&true.into(), &1.into())
    );
    assert!(place.heard("laptop").unwrap().draining, "all others know");
    let said = place.machine.run(&["runner", "status"]);
    assert!(said.stdout.contains("1 of 16 seats taken; draining: takes nothing new"), "{said:?}");
    let late = place.machine.run(&["runner", "drain", "--wait", "0"]);
    assert_eq!(late.code, 1, "{late:?}");

    // What runs is answered and finished; what stood behind it is not begun.
    let waits = place.ask("/run two");
    let approve = format!("/approve {running}.1");
    place.http("POST", "/demo/command", &json!({ "text": approve }));
    patiently("it is finished", || place.is_over(&running));
    patiently("the next is held", || place.room().contains(r#""held":true"#));
    assert_eq!(place.machine.run(&["runner", "drain", "--wait", "30"]).code, 0);

    // It is the same after it was started again.
    assert_eq!(place.machine.run(&["runner", "stop"]).code, 0);
    place.machine.json(&["runner", "start", "--json"]);
    assert_eq!(place.status()["health"]["runner"]["draining"], true);
    assert!(place.room().contains(r#""held":true"#));
    let said = place.machine.json(&["runner", "drain", "--undo", "--json"]);
    assert_eq!(said["runner"]["draining"], false, "{said}");
    patiently("it is done", || place.is_over(&waits));
}

#[test]
fn only_the_operator_has_a_machine_drain_and_only_a_runner_does() {
    let machine = Machine::new();
    machine.json(&["start", "--local", "--json"]);
    let said = machine.run(&["runner", "drain"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("is no runner"), "{said:?}");
    let place = Place::running();
    for method in ["POST", "DELETE"] {
        assert_eq!(place.http(method, "/admin/drain", &Value::Null).0, 401);
    }
    assert_eq!(place.status()["health"]["runner"]["draining"], false);
    assert_eq!(Machine::new().run(&["runner", "drain"]).code, 3);
}

#[test]
fn a_machine_says_who_it_is_how_busy_and_since_when() {
    let begun = clock();
    let place = Place::running();
    let heard = until("its word", || place.heard("laptop"));
    assert_eq!((heard.turns, heard.seats, heard.draining), (0, 16, false));
    assert!(heard.since >= begun && heard.seen >= heard.since, "{heard:?}");
    assert!(heard.agents.contains(&"stub".to_owned()));
    let health = &place.status()["health"];
    assert_eq!(health["mode"], "runner");
    assert_eq!(health["state_backend"], "dynamodb");
    assert_eq!(health["feishu_enabled"], true, "the secret was read from the cloud");
    let missing = health["missing"].to_string();
    assert!(!missing.contains("listener"), "a runner has none: {missing}");
}

#[test]
fn a_job_that_ends_its_machine_every_time_is_put_aside_and_its_task_says_so() {
    let place = Place::new();
    assert_eq!(place.join(&["--no-check"]).code, 0);
    let id = place.given("/run three");
    // Whatever takes the job ends before it can say anything: four times over.
    now(async {
        let client = aws_sdk_sqs::Client::new(&place.cloud.config());
        for _ in 0..4 {
            let receive = client.receive_message().queue_url(&place.queue).visibility_timeout(0);
            let received = receive.wait_time_seconds(5).send().await.unwrap();
            assert_eq!(received.messages.map(|it| it.len()), Some(1));
        }
    });
    place.machine.json(&["runner", "start", "--json"]);
    patiently("it is put aside", || place.put_aside() == 1);
    let task = place.task(&id);
    assert_eq!(task["status"], "failed", "{task}");
    let room = place.room();
    assert!(room.contains("It was tried 4 times and put aside: PoCo ended"), "{room}");
    // People say what becomes of it.
    let again = Action::Again { task: TaskId::new(&id) };
    let taken = now(place.app().handle(place.event("again", again))).unwrap();
    let again = taken.room.desk.current.unwrap().id;
    patiently("it runs again", || place.is_over(again.as_str()));
}

impl Place {
    /// What takes in what people say, in another place than the machine.
    fn app(&self) -> App {
        let environment = Environment::default()
            .with("HOME", self.machine.home().display().to_string())
            .with("POCO_RUNNER", "laptop");
        let terms = Config::read(environment).unwrap().terms(vec!["stub".to_owned()]);
        let queue = Sqs::sender(&self.cloud.config(), &self.queue);
        let (store, chats) = (Arc::new(self.store()), Arc::new(Chats::new(None)));
        App::new(store, Arc::new(queue), chats, terms, poco_io::clock::now)
    }

    fn event(&self, id: &str, action: Action) -> Event {
        let via = Via::Local { card: None };
        let fact = Fact::Acted { by: UserId::new("ann"), via, action };
        Event { id: EventId::new(id), chat: Chats::local("ann"), at: clock(), lang: None, fact }
    }

    /// Gives the machine a task, whether or not it is there, and returns its id.
    fn given(&self, text: &str) -> String {
        let event = self.event("given", Action::parse(text));
        let taken = now(self.app().handle(event)).unwrap();
        taken.room.desk.current.unwrap().id.to_string()
    }
}

/// Waits longer than a job may be with a machine that has just ended.
fn patiently(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(90), "never came: {what}");
        std::thread::yield_now();
    }
}

/// Serves what the functions would, until the tests end; returns where.
fn functions(health: Value, unsigned: StatusCode) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        now(async move {
            let routes = Router::new()
                .route("/health", get(async move || Json(health.clone())))
                .route("/platform/feishu/events", post(async move || unsigned))
                .route("/platform/feishu/card-actions", post(async move || unsigned));
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
    });
    url
}

fn well() -> Value {
    json!({
        "status": "ok", "version": "0.1.0", "state_backend": "dynamodb", "queue": "sqs",
        "delivery": "webhook", "feishu": true,
    })
}

impl Place {
    /// Looks at the cloud; returns the exit code, and the verdict on each thing by its name.
    fn look(&self, health: &str) -> (i32, Vec<(String, String)>) {
        let words = ["cloud", "check", "--json", "--stack-outputs", "-"];
        let said = self.machine.pipe(&words, &self.outputs(health));
        let answer: Value = serde_json::from_str(&said.stdout).unwrap();
        let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
        let findings = answer["findings"].as_array().unwrap().iter();
        let found = findings.map(|it| (text(it, "name"), text(it, "verdict"))).collect();
        (said.code, found)
    }

    /// Makes the table as the template does.
    fn mend_table(&self) {
        now(async {
            let client = aws_sdk_dynamodb::Client::new(&self.cloud.config());
            let lives = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true);
            let update = client.update_time_to_live().table_name(&self.table);
            let update = update.time_to_live_specification(lives.build().unwrap());
            update.send().await.unwrap();
            let recovery = PointInTimeRecoverySpecification::builder();
            let recovery = recovery.point_in_time_recovery_enabled(true).build().unwrap();
            let update = client.update_continuous_backups().table_name(&self.table);
            update.point_in_time_recovery_specification(recovery).send().await.unwrap();
        });
    }
}

fn failed(found: &[(String, String)]) -> Vec<&str> {
    let failed = found.iter().filter(|(_, verdict)| verdict == "failed");
    failed.map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_deployment_is_looked_at_part_by_part() {
    let place = Place::new();
    let url = functions(well(), StatusCode::UNAUTHORIZED);
    let (code, found) = place.look(&url);
    assert_eq!(code, 1);
    let wrong = ["table forgets by itself", "table can be put back", "machines"];
    assert_eq!(failed(&found), wrong, "{found:?}");

    place.mend_table();
    place.hear("laptop", clock());
    let (code, found) = place.look(&url);
    assert_eq!((code, failed(&found)), (0, vec![]), "{found:?}");
    assert!(found.iter().all(|(_, verdict)| verdict == "ok"), "{found:?}");
    assert_eq!(found.len(), 10, "{found:?}");

    // A job is put aside, a machine falls asleep, a function lets anybody in.
    now(async {
        let client = aws_sdk_sqs::Client::new(&place.cloud.config());
        let send = client.send_message().queue_url(&place.aside).message_body("odd");
        send.message_group_id("a").message_deduplication_id("a").send().await.unwrap();
    });
    place.hear_no_more("laptop");
    let open = functions(well(), StatusCode::OK);
    let (code, found) = place.look(&open);
    assert_eq!(code, 1);
    let wrong = [
        "events that are not signed",
        "presses that are not signed",
        "jobs of laptop put aside",
        "machine laptop",
    ];
    assert_eq!(failed(&found), wrong, "{found:?}");
}

impl Place {
    fn hear_no_more(&self, id: &str) {
        let mut runner = self.heard(id).unwrap();
        runner.seen = Timestamp(clock().0 - 10 * 60_000);
        let key = poco_io::app::runner_key(&RunnerId::new(id));
        let body = serde_json::to_string(&runner).unwrap();
        now(self.store().put(&key, &Document { version: 2, body, due: false })).unwrap();
    }
}

#[test]
fn what_is_wrong_or_not_there_is_told_with_the_fix() {
    let place = Place::new();
    let (code, found) = place.look("http://127.0.0.1:9/health");
    assert_eq!(code, 1);
    assert!(failed(&found).contains(&"functions answer"), "{found:?}");
    let unknown = ("events that are not signed".to_owned(), "could_not_tell".to_owned());
    assert!(found.contains(&unknown), "{found:?}");
    let mut local = well();
    local["state_backend"] = "sqlite".into();
    let (_, found) = place.look(&functions(local, StatusCode::UNAUTHORIZED));
    assert!(failed(&found).contains(&"functions answer"), "{found:?}");

    let words = ["cloud", "check", "--stack-outputs", "-"];
    let outputs = place.outputs("http://127.0.0.1:9").replace(&place.table, "nowhere");
    let said = place.machine.pipe(&words, &outputs.replace(&place.secret, "no-secret"));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("fix: see POCO_STATE_TABLE"), "{said:?}");
    assert!(said.stdout.contains("fix: see POCO_SECRET_ARN"), "{said:?}");
    assert!(!(said.stdout + &said.stderr).contains(SECRET));
    let said = Machine::new().run(&["cloud", "check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("POCO_STATE_TABLE"), "{said:?}");
}

#[test]
fn a_secret_that_cannot_be_read_stops_the_start_with_its_reason() {
    let place = Place::new();
    assert_eq!(place.join(&["--no-check", "--secret", "/nowhere"]).code, 0);
    let said = place.machine.run(&["runner", "start"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("the app's secrets can't be read"), "{said:?}");
    assert!(said.stderr.contains("ParameterNotFound"), "{said:?}");
    assert!(said.stderr.contains("the right to read /nowhere"), "{said:?}");
}
