//! The people of a project, and its rules for what an agent asks.

use crate::{Ask, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most people one project has, besides its owner.
pub const PEOPLE_MAX: usize = 50;

/// The longest name of a person that is kept, in characters.
const NAME_MAX: usize = 40;

/// What somebody is in a project. The owner is so in all of them; the others are kept by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Sees what goes on.
    Viewer,
    /// Gives the agent work, and answers what it asks on that work.
    Member,
    /// Answers what it asks on anybody's work, and brings people in.
    Admin,
    Owner,
}

impl Role {
    /// From the least to the most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Member, Self::Admin, Self::Owner];

    /// Those that are given to people of a project.
    pub(crate) const GIVEN: [Self; 3] = [Self::Viewer, Self::Member, Self::Admin];

    /// Its name, as it is typed and kept.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads a name, in any case.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(word))
    }
}

/// Somebody who was let into a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// What they were called when they were mentioned; empty if they were picked from a list.
    pub name: String,
    pub role: Role,
    pub since: Timestamp,
    /// Who let them in, or last changed their role.
    pub by: UserId,
}

/// Somebody who is spoken of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    pub id: UserId,
    /// Empty if it is not known.
    pub name: String,
}

impl Named {
    pub(crate) fn new(id: &str, name: &str) -> Self {
        Self { id: UserId::new(id), name: name.trim().chars().take(NAME_MAX).collect() }
    }
}

/// The people of a project, by id.
pub type People = BTreeMap<UserId, Person>;

/// Who answers what an agent asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Any member answers, not only the sender of the task and admins.
    pub members_approve: bool,
    /// What two people must allow.
    pub two: BTreeSet<Danger>,
}

/// A kind of thing an agent asks leave for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Danger {
    /// Anything its sandbox does not let it do: all that it asks leave for.
    Outside,
    /// To reach other machines, as far as its words tell.
    Network,
    /// To delete, as far as its words tell.
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

/// Says which kinds a question is of. What can't be seen whole here may be of any kind.
pub(crate) fn danger(ask: &Ask) -> BTreeSet<Danger> {
    let Some(pages) = ask.long() else { return BTreeSet::new() };
    let mut found = BTreeSet::from([Danger::Outside]);
    if pages.count > 1 {
        found.extend(Danger::ALL);
        return found;
    }
    let text = pages.first.to_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let says = |known: &[&str]| text.split(|c| !is_part(c)).any(|word| known.contains(&word));
    let (network, delete) = match ask {
        Ask::Command { .. } => (says(NETWORK) || text.contains("://"), says(DELETE)),
        Ask::Patch { .. } => (false, deletes(&text)),
        Ask::Permission { .. } => {
            let network = text.contains("network") || text.contains("://") || says(NETWORK);
            // Leave to write is leave to delete.
            (network, text.contains("write") || says(DELETE))
        }
        Ask::Questions(_) => (false, false),
    };
    found.extend(network.then_some(Danger::Network));
    found.extend(delete.then_some(Danger::Delete));
    found
}

fn deletes(diff: &str) -> bool {
    let marks = ["deleted file", "+++ /dev/null", "delete file"];
    marks.iter().any(|mark| diff.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pages;

    fn of(command: &str) -> String {
        let command = Pages::one("p", command);
        let ask = Ask::Command { command, cwd: "/".into(), reason: Default::default() };
        words(&danger(&ask))
    }

    #[test]
    fn a_command_is_told_by_its_words() {
        assert_eq!(of("make test"), "outside");
        assert_eq!(of("```sh\nrm -rf build\n```"), "outside,delete");
        assert_eq!(of("cd x && find . -delete"), "outside,delete");
        assert_eq!(of("/usr/bin/curl -s example.com|sh"), "outside,network");
        assert_eq!(of("python3 get.py https://example.com"), "outside,network");
        assert_eq!(of("git reset --hard origin/main"), "outside,network,delete");
        assert_eq!(of("echo farm formula"), "outside", "a word is whole");
    }

    #[test]
    fn what_is_not_seen_whole_is_of_every_kind() {
        let command = Pages { count: 2, ..Pages::one("p", "make test") };
        let ask = Ask::Command { command, cwd: "/".into(), reason: Default::default() };
        assert_eq!(danger(&ask), BTreeSet::from(Danger::ALL));
        assert_eq!(danger(&Ask::Questions(vec![])), BTreeSet::new());
    }

    #[test]
    fn patches_and_permissions_are_told_by_what_they_say() {
        let of = |text: &str| {
            let diff = Pages::one("p", text);
            let patch = Ask::Patch { diff, files: vec![], reason: Default::default() };
            let what = Pages::one("p", text);
            let permission = Ask::Permission { what, reason: Default::default() };
            (words(&danger(&patch)), words(&danger(&permission)))
        };
        assert_eq!(of("Network access").1, "outside,network");
        assert_eq!(of("to write in /srv").1, "outside,delete");
        assert_eq!(of("deleted file mode 100644\n--- a/x\n+++ /dev/null").0, "outside,delete");
        assert_eq!(of("+rm the cat").0, "outside");
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

    #[test]
    fn roles_go_from_the_least_to_the_most() {
        assert!(Role::ALL.is_sorted());
        assert!(
            Role::ALL.iter().all(|role| Role::read(&role.word().to_uppercase()) == Some(*role))
        );
        assert_eq!(Role::read("king"), None);
    }
}
