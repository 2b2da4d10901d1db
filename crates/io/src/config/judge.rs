//! Turns what was given into a [`Config`], or says everything that is wrong with it.

use super::given::Given;
use super::keys::key;
use super::mistake::{Mistake, Mistakes, Source, hint};
use super::{
    Acp, Agents, Backend, Claude, Cloud, Codex, Config, Cursor, Delivery, Feishu, Http, State,
    Transport,
};
use crate::secret::Secret;
use poco_core::{Lang, RunnerId, UserId};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The shortest `POCO_HTTP_TOKEN`.
const TOKEN_CHARS_MIN: usize = 16;

/// Reads values one by one. A wrong one is noted, and a stand-in goes on in its place, so that all
/// mistakes are found.
struct Judge<'a> {
    given: &'a Given,
    mistakes: Vec<Mistake>,
}

impl Given {
    /// Judges everything at once.
    pub fn judge(&self) -> Result<Config, Mistakes> {
        let mut judge = Judge { given: self, mistakes: self.mistakes.clone() };
        let mut config = Config {
            home: self.home.clone(),
            app_name: judge.text("POCO_APP_NAME"),
            lang: judge.lang(),
            owner: judge.optional("POCO_OWNER_OPEN_ID", open_id).map(UserId::new),
            http: judge.http(),
            feishu: judge.feishu(),
            state: judge.state(),
            cloud: judge.cloud(),
            runner: RunnerId::new(judge.read("POCO_RUNNER", runner).unwrap_or_default()),
            agents: judge.agents(),
            workdir_roots: judge.workdir_roots(),
            log: judge.log(),
            warnings: vec![],
        };
        if !judge.mistakes.is_empty() {
            return Err(Mistakes(judge.mistakes));
        }
        config.warnings = [self.warnings.clone(), odd(&config)].concat();
        Ok(config)
    }
}

impl Judge<'_> {
    fn http(&mut self) -> Http {
        Http {
            host: self.read("POCO_HOST", host).unwrap_or_default(),
            port: self.read("POCO_PORT", |text| number(text, 0..=65535)).unwrap_or_default(),
            token: self.optional("POCO_HTTP_TOKEN", token).map(Secret::new),
        }
    }

    fn feishu(&mut self) -> Feishu {
        let deliveries = [("longconn", Delivery::LongConnection), ("webhook", Delivery::Webhook)];
        let feishu = Feishu {
            base_url: self.read("POCO_FEISHU_API_BASE_URL", base_url).unwrap_or_default(),
            app_id: self.optional("POCO_FEISHU_APP_ID", word).unwrap_or_default(),
            app_secret: self.secret("POCO_FEISHU_APP_SECRET").unwrap_or_default(),
            delivery: self
                .read("POCO_FEISHU_DELIVERY_MODE", |text| one_of(text, &deliveries))
                .unwrap_or(Delivery::LongConnection),
            verification_token: self.secret("POCO_FEISHU_VERIFICATION_TOKEN"),
            encrypt_key: self.secret("POCO_FEISHU_ENCRYPT_KEY"),
        };
        let proof = feishu.verification_token.is_some() || feishu.encrypt_key.is_some();
        if feishu.is_set() && feishu.delivery == Delivery::Webhook && !proof {
            self.refuse(
                "POCO_FEISHU_DELIVERY_MODE",
                "webhooks need POCO_FEISHU_VERIFICATION_TOKEN or POCO_FEISHU_ENCRYPT_KEY, else \
                 anybody could send them; or use longconn",
            );
        }
        feishu
    }

    fn state(&mut self) -> State {
        let backends = [
            ("sqlite", Backend::Sqlite),
            ("memory", Backend::Memory),
            ("dynamodb", Backend::DynamoDb),
        ];
        let state = State {
            backend: self
                .read("POCO_STATE_BACKEND", |text| one_of(text, &backends))
                .unwrap_or(Backend::Sqlite),
            db_path: self.path("POCO_STATE_DB_PATH", |path| match path.is_dir() {
                true => Err("this is a folder; name a file".to_owned()),
                false => Ok(()),
            }),
            table: self.optional("POCO_STATE_TABLE", word).unwrap_or_default(),
            queue_url: self.optional("POCO_QUEUE_URL", word).unwrap_or_default(),
            keep: self
                .read("POCO_KEEP_DAYS", |text| number(text, 0..=36_500))
                .filter(|days: &u64| *days > 0)
                .map(|days| Duration::from_secs(days * 24 * 60 * 60)),
        };
        if state.backend == Backend::DynamoDb {
            for (key, value) in
                [("POCO_STATE_TABLE", &state.table), ("POCO_QUEUE_URL", &state.queue_url)]
            {
                if value.is_empty() {
                    self.refuse(key, "state in dynamodb needs this; the stack's outputs name it");
                }
            }
        }
        state
    }

    fn cloud(&mut self) -> Cloud {
        Cloud {
            url: self.optional("POCO_CLOUD_URL", web_address),
            region: self.optional("POCO_AWS_REGION", word),
            profile: self.optional("POCO_AWS_PROFILE", word),
        }
    }

    fn agents(&mut self) -> Agents {
        let transports = [("unix", Transport::Unix), ("stdio", Transport::Stdio)];
        let efforts = ["minimal", "low", "medium", "high", "xhigh"].map(|word| (word, word));
        let sandboxes =
            ["read-only", "workspace-write", "danger-full-access"].map(|word| (word, word));
        let codex = Codex {
            command: self.read("POCO_CODEX_COMMAND", command).unwrap_or_default(),
            workdir: self.folder("POCO_CODEX_WORKDIR"),
            model: self.optional("POCO_CODEX_MODEL", word),
            effort: self
                .optional("POCO_CODEX_REASONING_EFFORT", |text| one_of(text, &efforts))
                .map(str::to_owned),
            sandbox: self
                .read("POCO_CODEX_SANDBOX", |text| one_of(text, &sandboxes))
                .map(str::to_owned)
                .unwrap_or_default(),
            approval_policy: self
                .read("POCO_CODEX_APPROVAL_POLICY", approval_policy)
                .unwrap_or_default(),
            timeout: self.seconds("POCO_CODEX_TIMEOUT_SECONDS"),
            transport: self
                .read("POCO_CODEX_TRANSPORT", |text| one_of(text, &transports))
                .unwrap_or(Transport::Unix),
        };
        let usual = self.read("POCO_AGENT_BACKEND", agent).unwrap_or_default();
        let acp = self.acp();
        if usual == "acp" && acp.is_none() {
            self.refuse(
                "POCO_AGENT_BACKEND",
                "acp needs POCO_ACP_COMMAND: a name such as opencode, or a command line",
            );
        }
        let (claude, cursor, coco) = (self.claude(), self.cursor(), self.coco());
        let variables = self.optional("POCO_AGENT_ENV", variables).unwrap_or_default();
        Agents { usual, codex, claude, acp, cursor, coco, variables }
    }

    fn acp(&mut self) -> Option<Acp> {
        let (workdir, timeout) =
            (self.folder("POCO_ACP_WORKDIR"), self.seconds("POCO_ACP_TIMEOUT_SECONDS"));
        let (model, mode) =
            (self.optional("POCO_ACP_MODEL", word), self.optional("POCO_ACP_MODE", word));
        let command = self.optional("POCO_ACP_COMMAND", command)?;
        Some(Acp { command, workdir, model, mode, timeout })
    }

    fn cursor(&mut self) -> Cursor {
        let modes = [
            ("default", None),
            ("agent", Some("agent")),
            ("plan", Some("plan")),
            ("ask", Some("ask")),
        ];
        // The words of another agent's sandbox were kept by projects of the Python PoCo.
        let sandboxes = [
            ("default", None),
            ("enabled", Some("enabled")),
            ("disabled", Some("disabled")),
            ("read-only", Some("enabled")),
            ("workspace-write", Some("enabled")),
            ("danger-full-access", Some("disabled")),
        ];
        let mode = self.read("POCO_CURSOR_MODE", |text| one_of(text, &modes)).flatten();
        let sandbox = self.read("POCO_CURSOR_SANDBOX", |text| one_of(text, &sandboxes)).flatten();
        // The default of the Python PoCo, which Cursor no longer has.
        let model = self.optional("POCO_CURSOR_MODEL", word).filter(|model| model != "gpt-5");
        let acp = Acp {
            command: self.read("POCO_CURSOR_COMMAND", command).unwrap_or_default(),
            workdir: self.folder("POCO_CURSOR_WORKDIR"),
            model,
            mode: mode.map(str::to_owned),
            timeout: self.seconds("POCO_CURSOR_TIMEOUT_SECONDS"),
        };
        Cursor { acp, sandbox: sandbox.map(str::to_owned) }
    }

    fn coco(&mut self) -> Acp {
        let modes = [("default", None), ("yolo", Some("bypass_permissions"))];
        let mode = self.read("POCO_COCO_APPROVAL_MODE", |text| one_of(text, &modes)).flatten();
        Acp {
            command: self.read("POCO_COCO_COMMAND", command).unwrap_or_default(),
            workdir: self.folder("POCO_COCO_WORKDIR"),
            model: self.optional("POCO_COCO_MODEL", word),
            mode: mode.map(str::to_owned),
            timeout: self.seconds("POCO_COCO_TIMEOUT_SECONDS"),
        }
    }

    /// Reads a folder that must be there.
    fn folder(&mut self, name: &'static str) -> PathBuf {
        self.path(name, |path| folder(path))
    }

    fn seconds(&mut self, name: &'static str) -> Duration {
        let seconds = self.read(name, |text| number(text, 1..=86_400));
        Duration::from_secs(seconds.unwrap_or_default())
    }

    fn claude(&mut self) -> Claude {
        Claude {
            command: self.read("POCO_CLAUDE_COMMAND", command).unwrap_or_default(),
            workdir: self.folder("POCO_CLAUDE_WORKDIR"),
            model: self.optional("POCO_CLAUDE_MODEL", word),
            permission_mode: self
                .read("POCO_CLAUDE_PERMISSION_MODE", permission_mode)
                .unwrap_or_default(),
            timeout: self.seconds("POCO_CLAUDE_TIMEOUT_SECONDS"),
        }
    }

    /// Where tasks outside projects work is the operator's own word, so people may go there too.
    fn workdir_roots(&mut self) -> Vec<PathBuf> {
        let given = self.given;
        let read = |text: &str| {
            let named = text.split(':').map(str::trim).filter(|path| !path.is_empty());
            named.map(|path| given.path(path)).collect::<Result<Vec<_>, _>>()
        };
        let mut roots = self.read("POCO_WORKDIR_ROOTS", read).unwrap_or_default();
        roots.extend(given.path(&self.text("POCO_CODEX_WORKDIR")));
        roots
    }

    fn lang(&mut self) -> Lang {
        let languages = Lang::ALL.map(|lang| (lang.as_str(), lang));
        self.read("POCO_LANG", |text| one_of(text, &languages)).unwrap_or_default()
    }

    fn log(&mut self) -> String {
        let source = self.given.value(table("POCO_LOG")).1;
        match self.given.rust_log() {
            Some(filter) if source == Source::Default => filter.to_owned(),
            Some(_) | None => self.read("POCO_LOG", log_filter).unwrap_or_default(),
        }
    }

    fn text(&self, name: &'static str) -> String {
        self.given.value(table(name)).0
    }

    fn secret(&mut self, name: &'static str) -> Option<Secret> {
        self.optional(name, secret).map(Secret::new)
    }

    fn path(
        &mut self,
        name: &'static str,
        check: impl Fn(&PathBuf) -> Result<(), String>,
    ) -> PathBuf {
        let given = self.given;
        let read = |text: &str| given.path(text).and_then(|path| check(&path).map(|()| path));
        self.read(name, read).unwrap_or_default()
    }

    /// Reads a setting that may be left out.
    fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.text(name).is_empty() { None } else { self.read(name, parse) }
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        parse(&self.text(name)).map_err(|allowed| self.refuse(name, &allowed)).ok()
    }

    fn refuse(&mut self, name: &'static str, allowed: &str) {
        let key = table(name);
        let (value, source) = self.given.value(key);
        // A value that could be an address with a password in it is kept back as well.
        let given = Some(value).filter(|value| !key.secret && !value.contains('@'));
        let (key, allowed) = (name.to_owned(), allowed.to_owned());
        self.mistakes.push(Mistake { key, given, source, allowed });
    }
}

fn table(name: &'static str) -> &'static super::Key {
    key(name).expect("every name used here is in the table")
}

/// What works, but is probably not meant.
fn odd(config: &Config) -> Vec<String> {
    let (feishu, codex) = (&config.feishu, &config.agents.codex);
    let unasked = config.agents.claude.permission_mode == "bypassPermissions";
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let plain = feishu.base_url.starts_with("http://")
        && !local.iter().any(|address| feishu.base_url.starts_with(address));
    let trusting = config.agents.coco.mode.is_some();
    let reckless = codex.sandbox == "danger-full-access" && codex.approval_policy == "never";
    let findings = [
        (
            feishu.app_id.is_empty() && !feishu.app_secret.is_empty(),
            "POCO_FEISHU_APP_SECRET is set but POCO_FEISHU_APP_ID is not: Feishu stays off",
        ),
        (
            !feishu.app_id.is_empty() && feishu.app_secret.is_empty(),
            "POCO_FEISHU_APP_ID is set but POCO_FEISHU_APP_SECRET is not: Feishu stays off",
        ),
        (plain, "POCO_FEISHU_API_BASE_URL is plain http: the app secret travels in the clear"),
        (unasked, "Claude Code may be run without asking anybody: POCO_CLAUDE_PERMISSION_MODE"),
        (reckless, "Codex runs without a sandbox and without asking anybody"),
        (trusting, "POCO_COCO_APPROVAL_MODE is yolo: Coco does whatever it likes without asking"),
    ];
    findings.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text.to_owned()).collect()
}

fn one_of<T: Clone>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let word = text.to_lowercase();
    let found = choices.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("use {}{}", names.join(" or "), hint(&word, names.iter().copied()))
    })
}

fn number<T>(text: &str, range: RangeInclusive<T>) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let allowed = || format!("use a whole number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(allowed)
}

fn approval_policy(text: &str) -> Result<String, String> {
    if text.to_lowercase() == "on-failure" {
        return Err("Codex no longer has it; use on-request, which asks before a command leaves \
                    the sandbox"
            .to_owned());
    }
    let policies = ["untrusted", "on-request", "never"].map(|word| (word, word));
    one_of(text, &policies).map(str::to_owned)
}

/// Claude Code minds the case of its words; people need not.
fn permission_mode(text: &str) -> Result<String, String> {
    let modes = ["default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions"];
    let lower: Vec<_> = modes.iter().map(|mode| mode.to_lowercase()).collect();
    let choices: Vec<_> = lower.iter().map(String::as_str).zip(modes).collect();
    one_of(text, &choices).map(str::to_owned)
}

fn folder(path: &Path) -> Result<(), String> {
    match path.is_dir() {
        true => Ok(()),
        false => Err("there is no such folder; make it, or name another".to_owned()),
    }
}

fn runner(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=32).contains(&text.len()) && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a machine's name has 1 to 32 lower-case letters, digits and dashes".to_owned())
}

fn agent(text: &str) -> Result<String, String> {
    let agents =
        ["codex", "claude_code", "cursor_agent", "coco", "acp", "stub"].map(|word| (word, word));
    one_of(text, &agents).map(str::to_owned)
}

/// A single word is a level; whoever writes a filter of several parts knows what they do.
fn log_filter(text: &str) -> Result<String, String> {
    if text.contains(['=', ',', '[']) {
        return Ok(text.to_owned());
    }
    let levels = ["error", "warn", "info", "debug", "trace", "off"].map(|word| (word, word));
    one_of(text, &levels).map(str::to_owned)
}

fn open_id(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("ou_").unwrap_or_default();
    match !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
        true => Ok(text.to_owned()),
        false => Err("use the owner's open id, which begins with ou_".to_owned()),
    }
}

fn host(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    match bare.parse::<std::net::IpAddr>().is_ok() || text.chars().all(is_name) {
        true => Ok(bare.to_owned()),
        false => Err("use an address such as 127.0.0.1, or a host name; no port".to_owned()),
    }
}

/// Keeps scheme, host and port; as ever, a path is not used.
fn base_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| {
        let scheme = ["http", "https"].contains(&url.scheme());
        scheme && url.host().is_some() && url.username().is_empty() && url.password().is_none()
    });
    let allowed = "use scheme and host, such as https://open.feishu.cn";
    url.map(|url| url.origin().ascii_serialization()).ok_or_else(|| allowed.to_owned())
}

/// Keeps the path too: a stage of an API may be in it.
fn web_address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).ok().filter(|url| {
        ["http", "https"].contains(&url.scheme()) && url.host().is_some() && url.query().is_none()
    });
    let url = url.map(|_| text.trim_end_matches('/').trim_end_matches("/health").to_owned());
    url.ok_or_else(|| {
        "use a URL, such as https://abc.execute-api.eu-central-1.amazonaws.com".into()
    })
}

fn command(text: &str) -> Result<Vec<String>, String> {
    let words = shlex::split(text).filter(|words| words.first().is_some_and(|w| !w.is_empty()));
    words.ok_or_else(|| "use a program and its arguments, with every quote closed".to_owned())
}

/// Names of variables that are not given to agents unless they are named. PoCo's own never are.
fn variables(text: &str) -> Result<Vec<String>, String> {
    let fits = |name: &str| {
        let rest = name.strip_prefix("AWS_").unwrap_or_default();
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    match names.iter().all(|name| fits(name)) {
        true => Ok(names.into_iter().map(str::to_owned).collect()),
        false => Err("name variables that begin with AWS_, with , between; all others but PoCo's \
                      own are given to agents anyway"
            .to_owned()),
    }
}

fn token(text: &str) -> Result<String, String> {
    match text.len() >= TOKEN_CHARS_MIN && text.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "use at least {TOKEN_CHARS_MIN} letters, digits and signs; openssl rand -hex 32 makes \
             a good one"
        )),
    }
}

fn word(text: &str) -> Result<String, String> {
    match text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        true => Err("use one word, without spaces".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn secret(text: &str) -> Result<String, String> {
    word(text).map_err(|_| "it has spaces or line breaks in it; copy it again".to_owned())
}
