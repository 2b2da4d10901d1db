//! `poco import`: what the Python PoCo left, by its documented schema, taken over.

use crate::kit::{Machine, Said};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The tables of 0.4.0.
const TABLES: &str = "
    CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_by TEXT NOT NULL,
        backend TEXT NOT NULL, backend_config TEXT NOT NULL DEFAULT '{}', model TEXT,
        sandbox TEXT DEFAULT 'workspace-write', repo TEXT, workdir TEXT,
        workdir_presets TEXT NOT NULL DEFAULT '[]', group_chat_id TEXT, workspace_message_id TEXT,
        archived INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
    CREATE TABLE sessions (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, created_by TEXT NOT NULL,
        status TEXT NOT NULL, backend_session_id TEXT, latest_task_id TEXT, latest_prompt TEXT,
        latest_result_preview TEXT, latest_task_status TEXT, created_at TEXT, updated_at TEXT);
    CREATE TABLE workspace_contexts (project_id TEXT PRIMARY KEY, active_workdir TEXT,
        workdir_source TEXT NOT NULL, updated_at TEXT NOT NULL);
    CREATE TABLE tasks (id TEXT PRIMARY KEY, source TEXT, requester_id TEXT, prompt TEXT,
        agent_backend TEXT, project_id TEXT, session_id TEXT, status TEXT, created_at TEXT,
        updated_at TEXT, events TEXT);";

/// What 0.5.0 adds to them.
const ADDED: &str = "
    ALTER TABLE projects ADD COLUMN platform TEXT NOT NULL DEFAULT 'feishu';
    ALTER TABLE projects ADD COLUMN workspace_message_channel TEXT;
    ALTER TABLE tasks ADD COLUMN platform TEXT NOT NULL DEFAULT 'feishu';
    ALTER TABLE tasks ADD COLUMN reply_surface TEXT;
    ALTER TABLE sessions ADD COLUMN last_token_usage TEXT;";

/// A machine on which the Python PoCo was used, in a folder of its own.
struct Past {
    machine: Machine,
    folder: PathBuf,
}

impl Past {
    fn new() -> Self {
        let machine = Machine::new();
        let folder = machine.home().join("old");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(machine.home().join("api")).unwrap();
        std::fs::write(folder.join("poco.config.json"), "{}\n").unwrap();
        let past = Self { machine, folder };
        past.sql(TABLES);
        past
    }

    fn sql(&self, text: &str) {
        rusqlite::Connection::open(self.folder.join("poco.db"))
            .unwrap()
            .execute_batch(text)
            .unwrap();
    }

    /// Adds a project in a group, with a folder and a conversation.
    fn project(&self, id: &str, backend: &str) {
        let work = self.machine.home().join("api");
        let work = work.display();
        self.sql(&format!(
            "INSERT INTO projects (id, name, created_by, backend, backend_config, workdir,
                 workdir_presets, group_chat_id, created_at, updated_at)
             VALUES ('{id}', 'name of {id}', 'ou_ann', '{backend}',
                 '{{\"sandbox\": \"read-only\", \"mode\": \"plan\"}}', '/gone', '[\"/a\", \"{work}\"]',
                 'oc_{id}', '2025-01-0{n}T00:00:00+00:00', '2025-01-02T00:00:00+00:00');
             INSERT INTO workspace_contexts VALUES ('{id}', '{work}', 'manual', '2025');
             INSERT INTO sessions (id, project_id, created_by, status, backend_session_id, updated_at)
             VALUES ('s{id}', '{id}', 'ou_ann', 'active', 'thread-of-{id}', '2025');
             INSERT INTO tasks (id, project_id, status) VALUES ('t{id}', '{id}', 'queued');",
            n = 1 + id.len() % 9,
        ));
    }

    fn settings(&self, settings: &Value) {
        std::fs::write(self.folder.join("poco.config.json"), settings.to_string()).unwrap();
    }

    fn import(&self, more: &[&str]) -> Said {
        let config = self.folder.join("poco.config.json");
        let arguments = [&["import", config.to_str().unwrap()], more].concat();
        self.machine.run(&arguments)
    }

    fn told(&self, more: &[&str]) -> Value {
        let said = self.import(&[more, &["--json"]].concat());
        assert_eq!(said.code, 0, "{said:?}");
        serde_json::from_str(&said.stdout).unwrap()
    }

    /// What is stored under a key of ours.
    fn document(&self, key: &str) -> Option<Value> {
        let file = rusqlite::Connection::open(self.machine.path("poco.db")).unwrap();
        let query = "SELECT body FROM document WHERE key = ?1";
        let body: Option<String> = file.query_row(query, [key], |row| row.get(0)).ok();
        body.map(|body| serde_json::from_str(&body).unwrap())
    }
}

fn outcomes(told: &Value, kind: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = told[kind].as_array().unwrap().iter();
    items.map(|item| (text(&item["name"]), text(&item["outcome"]))).collect()
}

fn pair(name: &str, outcome: &str) -> (String, String) {
    (name.to_owned(), outcome.to_owned())
}

#[test]
fn projects_of_both_versions_go_on_in_their_groups() {
    for added in ["", ADDED] {
        let past = Past::new();
        past.sql(added);
        past.project("a1", "codex");
        past.project("b22", "stub");
        let taken = [pair("name of a1", "taken"), pair("name of b22", "taken")];

        let told = past.told(&[]);
        assert_eq!(outcomes(&told, "projects"), taken);
        assert_eq!(told["applied"], false);
        assert_eq!(told["makers"], json!({ "ou_ann": 2 }));
        assert!(!past.machine.path("poco.db").exists(), "a look changes nothing");

        let told = past.told(&["--apply"]);
        assert_eq!(outcomes(&told, "projects"), taken);
        let notes = told["projects"][0]["notes"].to_string();
        for note in ["not over: 1", "preset /a did not come along", "mode did not come along"] {
            assert!(notes.contains(note), "{notes}");
        }
        let record = past.document("room/oc_a1").unwrap();
        let room = &record["room"];
        let project = &room["kind"]["Project"];
        assert_eq!(project["name"], "name of a1");
        assert_eq!(project["by"], "ou_ann");
        assert_eq!(project["settings"]["agent"], "codex");
        assert_eq!(project["settings"]["sandbox"], "workspace-write", "the column counts last");
        let work = past.machine.home().join("api").canonicalize().unwrap();
        assert_eq!(project["settings"]["workdir"], work.to_str().unwrap());
        assert_eq!(project["presets"], json!([work.to_str().unwrap()]));
        assert_eq!(room["desk"]["thread"], "thread-of-a1");
        let owed = record["owed"].as_array().unwrap();
        let is_card = |it: &Value| it["effect"]["Show"]["key"] == "Workspace";
        assert!(owed.iter().any(is_card), "at the next start");
        let house = past.document("room/house").unwrap();
        let listed = house["room"]["kind"]["House"]["adopted"].as_array().unwrap().len();
        assert_eq!(listed, 2);

        let again = past.told(&["--apply"]);
        let kept = [pair("name of a1", "kept"), pair("name of b22", "kept")];
        assert_eq!(outcomes(&again, "projects"), kept, "twice is once");
        assert_eq!(past.document("room/oc_a1").unwrap(), record);
        assert_eq!(past.document("room/house").unwrap(), house);
    }
}

/// What a project may do without asking, after it was taken over on a machine of these settings.
fn leave(settings: &[(&str, &str)], backend: &str, change: &str) -> (Value, String) {
    let mut past = Past::new();
    settings.iter().for_each(|(name, value)| past.machine.set(name, value));
    past.project("a1", backend);
    past.sql(&format!("UPDATE projects SET {change}"));
    let told = past.told(&["--apply"]);
    assert_eq!(told["projects"][0]["outcome"], "taken", "{told}");
    let notes = told["projects"][0]["notes"].to_string();
    let record = past.document("room/oc_a1").unwrap();
    (record["room"]["kind"]["Project"]["settings"].clone(), notes)
}

#[test]
fn approvals_are_not_switched_off_unless_this_machine_says_so() {
    let bypass = r#"backend_config = '{"permission_mode": "bypassPermissions"}'"#;
    let (settings, notes) = leave(&[], "claude_code", bypass);
    assert_eq!(settings["mode"], "default");
    assert!(notes.contains("permission_mode bypassPermissions did not come along"), "{notes}");
    let own = [("POCO_CLAUDE_PERMISSION_MODE", "bypassPermissions")];
    let (settings, notes) = leave(&own, "claude_code", bypass);
    assert_eq!(settings["mode"], "bypassPermissions");
    assert!(!notes.contains("bypassPermissions"), "{notes}");

    let full =
        "sandbox = 'danger-full-access', backend_config = '{\"approval_policy\": \"never\"}'";
    let (settings, notes) = leave(&[], "codex", full);
    assert_eq!(settings["sandbox"], "workspace-write");
    assert_eq!(settings["approval_policy"], "on-request");
    assert!(notes.contains("sandbox danger-full-access did not come along"), "{notes}");
    assert!(notes.contains("approval_policy never did not come along"), "{notes}");
    let own =
        [("POCO_CODEX_SANDBOX", "danger-full-access"), ("POCO_CODEX_APPROVAL_POLICY", "never")];
    let (settings, notes) = leave(&own, "codex", full);
    assert_eq!(settings["sandbox"], "danger-full-access");
    assert_eq!(settings["approval_policy"], "never");
    assert!(!notes.contains("danger-full-access"), "{notes}");
}

#[test]
fn what_can_not_go_on_is_said_and_left() {
    let past = Past::new();
    past.sql(ADDED);
    for id in ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"] {
        past.project(id, "codex");
    }
    past.sql(
        "UPDATE projects SET archived = 1 WHERE id = 'a';
         UPDATE projects SET platform = 'slack' WHERE id = 'bb';
         UPDATE projects SET group_chat_id = NULL WHERE id = 'ccc';
         UPDATE projects SET backend = 'gpt' WHERE id = 'dddd';
         UPDATE workspace_contexts SET active_workdir = '/nowhere' WHERE project_id = 'eeeee';
         UPDATE projects SET group_chat_id = 'oc_x' WHERE id IN ('ffffff', 'eeeee');",
    );
    let told = past.told(&["--apply"]);
    let why = |at: usize| told["projects"][at]["notes"][0].as_str().unwrap().to_owned();
    for (at, word) in
        ["archived", "slack", "no group", "gpt is not here", "is outside"].iter().enumerate()
    {
        assert_eq!(told["projects"][at]["outcome"], "not_taken", "{told}");
        assert!(why(at).contains(word), "{}", why(at));
    }
    assert_eq!(told["projects"][5]["outcome"], "taken");
    assert_eq!(past.document("room/oc_a"), None);
    // Once what was in the way is gone, it is taken too: but another lives in its group by now.
    let work = past.machine.home().join("api");
    past.sql(&format!("UPDATE workspace_contexts SET active_workdir = '{}'", work.display()));
    past.sql("UPDATE projects SET group_chat_id = 'oc_e' WHERE id = 'eeeee'");
    let told = past.told(&["--apply"]);
    assert_eq!(told["projects"][4]["outcome"], "taken");
    assert_eq!(told["projects"][5]["outcome"], "kept");
}

#[test]
fn settings_are_taken_over_where_none_are_set() {
    let mut past = Past::new();
    past.machine.write("poco.config.json", r#"{"POCO_CODEX_MODEL": "mine"}"#);
    past.settings(&json!({
        "feishu": { "app_id": "cli_a1", "app_secret": "s3cret", "delivery_mode": "carrier-pigeon" },
        "POCO_CODEX_MODEL": "theirs",
        "POCO_CODEX_SANDBOX": "read-only",
        "POCO_CLAUDE_COMMAND": "claude",
        "POCO_STATE_DB_PATH": past.folder.join("poco.db"),
    }));
    let before = past.machine.read("poco.config.json");
    let told = past.told(&["--dry-run"]);
    assert_eq!(past.machine.read("poco.config.json"), before);
    let outcomes = outcomes(&told, "settings");
    for (name, outcome) in [
        ("POCO_FEISHU_APP_ID", "taken"),
        ("POCO_FEISHU_APP_SECRET", "taken"),
        ("POCO_FEISHU_DELIVERY_MODE", "not_taken"),
        ("POCO_CODEX_MODEL", "kept"),
        ("POCO_CODEX_SANDBOX", "taken"),
    ] {
        assert!(outcomes.contains(&pair(name, outcome)), "{name}: {outcomes:?}");
    }
    let said = past.import(&["--apply", "--owner", "ou_ann"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.stdout.contains("s3cret"), "{said:?}");
    let settings: Value = serde_json::from_str(&past.machine.read("poco.config.json")).unwrap();
    assert_eq!(settings["POCO_FEISHU_APP_SECRET"], "s3cret");
    assert_eq!(settings["POCO_CODEX_MODEL"], "mine");
    assert_eq!(settings["POCO_OWNER_OPEN_ID"], "ou_ann");
    assert_eq!(settings.get("POCO_STATE_DB_PATH"), None);
    use std::os::unix::fs::PermissionsExt;
    let mode = past.machine.path("poco.config.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = past.import(&["--owner", "ou_bob"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("has an owner already"), "{said:?}");
    past.machine.set("POCO_OWNER_OPEN_ID", "");
    let said = past.import(&["--owner", "bob"]);
    assert_eq!(said.code, 1, "{said:?}");
}

#[test]
fn an_old_database_in_our_place_is_kept_beside_ours() {
    let mut past = Past::new();
    past.folder = past.machine.path("");
    past.machine.write("poco.config.json", "{}");
    past.sql(TABLES);
    past.project("a1", "codex");
    let told = past.told(&["--apply"]);
    assert_eq!(told["projects"][0]["outcome"], "taken");
    assert!(past.machine.path("poco-python.db").exists());
    assert!(past.document("room/oc_a1").is_some());
    assert_eq!(past.told(&["--apply"])["projects"][0]["outcome"], "kept", "found where it was put");
    let said = past.machine.run(&["start", "--local"]);
    assert_eq!(said.code, 0, "{said:?}");
    let said = past.import(&["--apply"]);
    assert!(said.code == 1 && said.stderr.contains("PoCo runs here"), "{said:?}");
}

#[test]
fn what_is_no_past_of_ours_is_refused() {
    let past = Past::new();
    let cases: [(&str, &str); 3] = [
        (
            "ALTER TABLE projects RENAME COLUMN group_chat_id TO place",
            "lacks the column projects.group_chat_id",
        ),
        ("DROP TABLE projects", "lacks the table projects"),
        ("PRAGMA application_id = 0x506f436f", "is the database of this PoCo"),
    ];
    let database = past.folder.join("poco.db");
    let database = database.to_str().unwrap();
    for (change, told) in cases {
        past.sql(change);
        let said = past.import(&[database, "--apply"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.stderr.contains(told), "{said:?}");
    }
    std::fs::write(database, "no database at all, but long enough to be looked at").unwrap();
    let said = past.import(&[database]);
    assert!(said.code == 1 && said.stderr.contains("not a database"), "{said:?}");
    let said = past.import(&["/nowhere/poco.db"]);
    assert!(said.code == 1 && said.stderr.contains("there is no database"), "{said:?}");
    std::fs::write(past.folder.join("poco.config.json"), "[]").unwrap();
    let said = past.import(&[]);
    assert!(said.code == 1 && said.stderr.contains("not an object"), "{said:?}");
    let said = past.machine.run(&["import", "/nowhere.json"]);
    assert!(said.code == 1 && said.stderr.contains("there is no settings file"), "{said:?}");
    assert!(
        past.document("room/oc_a1").is_none() && !past.machine.path("poco.config.json").exists()
    );
}
