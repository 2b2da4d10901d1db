//! Everything that can be set, as a table: documents and `poco config --list` are printed from it.

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the environment, and as a flat key of the settings file.
    pub name: &'static str,
    /// Its place in the file's sections (`feishu.app_id`), if it has one.
    pub section: Option<&'static str>,
    /// What holds if it is not set; empty for nothing.
    pub default: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    pub kind: Kind,
    /// Its value is never shown.
    pub secret: bool,
}

/// Where a setting counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In the environment and in the file.
    Usual,
    /// In the environment only, because it says where the file is.
    Environment,
    /// Nowhere yet: the Python PoCo knows it, this version does not use it.
    Unused,
}

/// Finds a setting by its name.
pub fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Finds a setting by its place in the sections of the file.
pub(super) fn key_in_section(section: &str, field: &str) -> Option<&'static Key> {
    let is_it =
        |key: &&Key| key.section.and_then(|path| path.split_once('.')) == Some((section, field));
    KEYS.iter().find(is_it)
}

const fn key_of(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, section: None, default, help, kind: Kind::Usual, secret: false }
}

const fn unused(name: &'static str, help: &'static str) -> Key {
    Key { kind: Kind::Unused, ..key_of(name, "", help) }
}

impl Key {
    const fn at(self, section: &'static str) -> Self {
        Self { section: Some(section), ..self }
    }

    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    const fn environment_only(self) -> Self {
        Self { kind: Kind::Environment, ..self }
    }
}

/// All settings, in the order in which they are printed.
pub const KEYS: &[Key] = &[
    key_of("POCO_HOME", "~/.poco", "Folder of PoCo's files").environment_only(),
    key_of("POCO_CONFIG_PATH", "$POCO_HOME/poco.config.json", "The settings file")
        .environment_only(),
    key_of("POCO_APP_NAME", "PoCo", "Name of this PoCo"),
    key_of("POCO_LANG", "en", "What chats speak that chose no language: zh or en"),
    key_of("POCO_OWNER_OPEN_ID", "", "Who owns this PoCo: an open id (ou_…); empty for pairing"),
    key_of("POCO_LOG", "info", "What is logged: error, warn, info, debug, trace, or a filter"),
    key_of("POCO_HOST", "127.0.0.1", "Address the HTTP routes listen on"),
    key_of("POCO_PORT", "8000", "Port of the HTTP routes; 0 takes any free one"),
    key_of("POCO_HTTP_TOKEN", "", "Lets other machines use the demo, tasks and debug routes")
        .secret(),
    key_of("POCO_FEISHU_APP_ID", "", "App ID of the Feishu app").at("feishu.app_id"),
    key_of("POCO_FEISHU_APP_SECRET", "", "App Secret of the Feishu app")
        .at("feishu.app_secret")
        .secret(),
    key_of(
        "POCO_FEISHU_API_BASE_URL",
        "https://open.feishu.cn",
        "The platform; https://open.larksuite.com for Lark",
    )
    .at("feishu.api_base_url"),
    key_of("POCO_FEISHU_DELIVERY_MODE", "longconn", "How events come in: longconn or webhook")
        .at("feishu.delivery_mode"),
    key_of("POCO_FEISHU_VERIFICATION_TOKEN", "", "Verification Token, for webhooks")
        .at("feishu.verification_token")
        .secret(),
    key_of("POCO_FEISHU_ENCRYPT_KEY", "", "Encrypt Key, for webhooks")
        .at("feishu.encrypt_key")
        .secret(),
    key_of("POCO_STATE_BACKEND", "sqlite", "Where state is kept: sqlite, memory or dynamodb")
        .at("state.backend"),
    key_of("POCO_STATE_DB_PATH", "$POCO_HOME/poco.db", "The database file").at("state.db_path"),
    key_of("POCO_STATE_TABLE", "", "The DynamoDB table, in the cloud").at("state.table"),
    key_of("POCO_QUEUE_URL", "", "The SQS queue; {runner} in it stands for a machine's name")
        .at("state.queue_url"),
    key_of(
        "POCO_SECRET_ARN",
        "",
        "What holds the app's secrets in the cloud: a secret's ARN, or an SSM parameter's ARN or /name",
    ),
    key_of(
        "POCO_CLOUD_URL",
        "",
        "Where the functions answer: the outputs' HealthUrl without /health",
    ),
    key_of("POCO_AWS_REGION", "", "The region of the cloud; empty for AWS's own settings"),
    key_of(
        "POCO_AWS_PROFILE",
        "",
        "The AWS profile this machine signs in with; empty for AWS's own",
    ),
    key_of("POCO_KEEP_DAYS", "0", "Days that tasks which are over are kept; 0 for ever"),
    key_of("POCO_RUNNER", "local", "The name of this machine, in the cloud"),
    key_of(
        "POCO_AGENT_BACKEND",
        "codex",
        "Agent of tasks outside projects: codex, claude_code, cursor_agent, coco, acp or stub",
    ),
    key_of(
        "POCO_AGENT_ENV",
        "",
        "Variables AWS_… that agents are given all the same, with , between, as for Bedrock",
    ),
    key_of("POCO_CODEX_COMMAND", "codex", "The codex program and its first arguments"),
    key_of("POCO_CODEX_WORKDIR", "~", "Where tasks outside projects work"),
    key_of(
        "POCO_WORKDIR_ROOTS",
        "~",
        "Folders that projects may work in, and those inside them; several with : between",
    ),
    key_of("POCO_CODEX_MODEL", "", "The model; empty for Codex's own choice"),
    key_of("POCO_CODEX_REASONING_EFFORT", "", "How long the model thinks; empty as Codex is set"),
    key_of(
        "POCO_CODEX_SANDBOX",
        "workspace-write",
        "What commands may touch: read-only, workspace-write or danger-full-access",
    ),
    key_of(
        "POCO_CODEX_APPROVAL_POLICY",
        "on-request",
        "When Codex asks: untrusted, on-request or never",
    ),
    key_of("POCO_CODEX_TIMEOUT_SECONDS", "900", "The longest silence of a turn, 1 to 86400"),
    key_of("POCO_CODEX_TRANSPORT", "unix", "How Codex is run: unix (outlives PoCo) or stdio"),
    unused("POCO_CODEX_TRANSPORT_IDLE_SECONDS", "When an idle Codex was ended"),
    key_of("POCO_CLAUDE_COMMAND", "claude", "The claude program and its first arguments"),
    key_of("POCO_CLAUDE_WORKDIR", "~", "Where tasks outside projects work"),
    key_of("POCO_CLAUDE_MODEL", "", "The model; empty for Claude Code's own choice"),
    key_of(
        "POCO_CLAUDE_PERMISSION_MODE",
        "default",
        "What it does without asking: default, acceptEdits, plan, auto, dontAsk, bypassPermissions",
    ),
    key_of("POCO_CLAUDE_TIMEOUT_SECONDS", "900", "The longest silence of a turn, 1 to 86400"),
    key_of("POCO_ACP_COMMAND", "", "An agent that speaks ACP: opencode, gemini, or a command line"),
    key_of("POCO_ACP_WORKDIR", "~", "Where it works outside projects, as the usual agent"),
    key_of("POCO_ACP_MODEL", "", "Its model; empty for its own choice"),
    key_of("POCO_ACP_MODE", "", "What it does without asking, as it calls it; empty as it is set"),
    key_of("POCO_ACP_TIMEOUT_SECONDS", "900", "Its longest silence in a turn, 1 to 86400"),
    key_of(
        "POCO_CURSOR_COMMAND",
        "cursor-agent",
        "The cursor-agent program and its first arguments",
    ),
    key_of("POCO_CURSOR_WORKDIR", "~", "Where Cursor works outside projects, as the usual agent"),
    key_of("POCO_CURSOR_MODEL", "", "Cursor's model; empty for its own choice"),
    key_of("POCO_CURSOR_MODE", "default", "Cursor's mode: default, agent, plan or ask"),
    key_of("POCO_CURSOR_SANDBOX", "default", "Cursor's sandbox: default, enabled or disabled"),
    key_of("POCO_CURSOR_TIMEOUT_SECONDS", "900", "The longest silence of Cursor, 1 to 86400"),
    key_of("POCO_COCO_COMMAND", "traecli", "The traecli program and its first arguments"),
    key_of("POCO_COCO_WORKDIR", "~", "Where Coco works outside projects, as the usual agent"),
    key_of("POCO_COCO_MODEL", "", "Coco's model; empty for its own choice"),
    key_of("POCO_COCO_APPROVAL_MODE", "default", "default (Coco asks) or yolo (it does not)"),
    key_of("POCO_COCO_TIMEOUT_SECONDS", "900", "The longest silence of Coco, 1 to 86400"),
    unused("POCO_SLACK_BOT_TOKEN", "Slack's bot token").at("slack.bot_token").secret(),
    unused("POCO_SLACK_APP_TOKEN", "Slack's app token").at("slack.app_token").secret(),
    unused("POCO_SLACK_SIGNING_SECRET", "Slack's signing secret")
        .at("slack.signing_secret")
        .secret(),
    unused("POCO_SLACK_DELIVERY_MODE", "How Slack's events come in").at("slack.delivery_mode"),
];
