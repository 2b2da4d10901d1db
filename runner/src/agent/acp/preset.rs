//! What PoCo knows of particular agents beside what they say themselves.

use poco_core::Text;
use poco_core::words::acp as words;

/// An agent that is known by name.
#[derive(Debug)]
pub(super) struct Preset {
    /// Its name in the settings.
    pub(super) name: &'static str,
    /// What people call it.
    pub(super) title: &'static str,
    /// How it is started.
    pub(super) command: &'static [&'static str],
    /// What installs it.
    install: &'static str,
    /// What logs somebody in.
    login: &'static str,
    /// The variable that does as well, if there is one.
    key: Option<&'static str>,
    /// The way of logging in that it wants named before anything else.
    pub(super) authenticate: Option<&'static str>,
}

/// The agents that are known. Only the first four and the adapters were seen at work; see
/// `docs/agents.md`.
const PRESETS: &[Preset] = &[
    Preset {
        name: "opencode",
        title: "opencode",
        command: &["opencode", "acp"],
        install: "`npm install -g opencode-ai`",
        login: "`opencode auth login`",
        key: None,
        authenticate: None,
    },
    Preset {
        name: "gemini",
        title: "Gemini CLI",
        command: &["gemini", "--acp"],
        install: "`npm install -g @google/gemini-cli`",
        login: "`gemini`",
        key: Some("GEMINI_API_KEY"),
        authenticate: None,
    },
    Preset {
        name: "codex-acp",
        title: "Codex (ACP)",
        command: &["codex-acp"],
        install: "`npm install -g @agentclientprotocol/codex-acp`",
        login: "`codex login`",
        key: None,
        authenticate: None,
    },
    Preset {
        name: "claude-acp",
        title: "Claude Code (ACP)",
        command: &["claude-agent-acp"],
        install: "`npm install -g @agentclientprotocol/claude-agent-acp`",
        login: "`claude /login`",
        key: None,
        authenticate: None,
    },
    Preset {
        name: "cursor",
        title: "Cursor Agent",
        command: &["cursor-agent", "acp"],
        install: "`curl https://cursor.com/install -fsS | bash`",
        login: "`cursor-agent login`",
        key: Some("CURSOR_API_KEY"),
        authenticate: Some("cursor_login"),
    },
    Preset {
        name: "coco",
        title: "Coco",
        command: &["traecli", "acp", "serve"],
        install: "Trae CLI (`traecli`)",
        login: "`traecli`",
        key: None,
        authenticate: None,
    },
];

/// Finds an agent by its name.
pub(super) fn named(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// Finds an agent by the program it is started with.
pub(super) fn of_program(program: &str) -> Option<&'static Preset> {
    let file = program.rsplit('/').next().unwrap_or_default();
    PRESETS.iter().find(|preset| preset.command[0] == file)
}

impl Preset {
    /// Returns the whole command line.
    pub(super) fn words(&self) -> Vec<String> {
        self.command.iter().map(|&word| word.to_owned()).collect()
    }

    pub(super) fn how_to_install(&self) -> Text {
        words::install(self.install)
    }

    pub(super) fn how_to_log_in(&self) -> Text {
        match self.key {
            Some(key) => words::log_in(words::or_key(self.login, key)),
            None => words::log_in(self.login),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_known_by_its_name_and_by_its_program() {
        assert_eq!(named("cursor").unwrap().words(), ["cursor-agent", "acp"]);
        assert_eq!(of_program("/usr/local/bin/opencode").unwrap().name, "opencode");
        assert!(named("nobody").is_none() && of_program("vim").is_none());
    }
}
