//! The people of a project, and its rules for what an agent asks.

use crate::{Danger, Timestamp, UserId};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_go_from_the_least_to_the_most() {
        assert!(Role::ALL.is_sorted());
        assert!(
            Role::ALL.iter().all(|role| Role::read(&role.word().to_uppercase()) == Some(*role))
        );
        assert_eq!(Role::read("king"), None);
    }
}
