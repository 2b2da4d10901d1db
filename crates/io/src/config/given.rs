//! What was given: command line over environment over file over default, not judged yet.

use super::file::SettingsFile;
use super::keys::{KEYS, Key, Kind, key};
use super::mistake::{Mistake, Mistakes, Source, hint};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The environment's variables that matter here.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes them from this process.
    pub fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
    }

    /// Sets a variable, over what it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let ours = |name: &str| name.starts_with("POCO_") || ["HOME", "RUST_LOG"].contains(&name);
        Self(variables.into_iter().filter(|(name, _)| ours(name)).collect())
    }
}

/// Everything that was given, and what is already known to be wrong with it.
#[derive(Clone, Debug)]
pub struct Given {
    environment: Environment,
    flags: BTreeMap<&'static str, String>,
    /// What a secret of the cloud holds; it counts where nothing else was given.
    revealed: BTreeMap<&'static str, String>,
    file: Option<SettingsFile>,
    pub(super) home: PathBuf,
    /// Where the settings file is, or would be.
    pub file_path: PathBuf,
    pub(super) mistakes: Vec<Mistake>,
    pub(super) warnings: Vec<String>,
}

/// A setting as `poco config --list` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub key: &'static Key,
    /// What holds; a secret's is only said to be set.
    pub value: String,
    pub source: Source,
}

impl Given {
    /// Reads the environment and the file. Nothing fails here: mistakes are told by `judge`.
    pub fn gather(environment: Environment) -> Self {
        let mut given = Self {
            environment,
            flags: BTreeMap::new(),
            revealed: BTreeMap::new(),
            file: None,
            home: PathBuf::new(),
            file_path: PathBuf::new(),
            mistakes: vec![],
            warnings: vec![],
        };
        given.home = given.place("POCO_HOME");
        if !given.mistakes.is_empty() {
            return given;
        }
        given.file_path = given.place("POCO_CONFIG_PATH");
        match SettingsFile::read(&given.file_path) {
            Ok(file) => {
                let (mistakes, warnings) = file.judge();
                given.mistakes.extend(mistakes);
                given.warnings.extend(warnings);
                given.file = Some(file);
            }
            Err(mistake) => given.mistakes.push(mistake),
        }
        given.note_names();
        given.note_readable_by_others();
        given
    }

    /// Returns where PoCo keeps its files, however wrong all else is.
    pub fn home(&self) -> Result<&Path, Mistakes> {
        let about_home = self.mistakes.iter().filter(|mistake| mistake.key == "POCO_HOME");
        let mistakes: Vec<_> = about_home.cloned().collect();
        if mistakes.is_empty() { Ok(&self.home) } else { Err(Mistakes(mistakes)) }
    }

    /// Puts a value from the command line above all others.
    pub fn set_flag(&mut self, name: &'static str, value: String) {
        self.flags.insert(name, value);
    }

    /// Fills in what a secret of the cloud holds.
    pub fn reveal(&mut self, name: &'static str, value: String) {
        self.revealed.insert(name, value);
    }

    /// Returns the file to change, unless it can't be read.
    pub fn file(&self) -> Option<&SettingsFile> {
        self.file.as_ref()
    }

    /// Returns what was given for a setting; an empty value hides those below it.
    pub fn value(&self, key: &Key) -> (String, Source) {
        if let Some(value) = self.flags.get(key.name) {
            return (value.clone(), Source::Flag);
        }
        let environment = self.environment.get(key.name).map(str::to_owned);
        let in_environment = environment.map(|value| (value, Source::Environment));
        let in_file = || Some((self.file.as_ref()?.get(key)?, Source::File));
        match in_environment.or_else(in_file) {
            Some((value, source)) if !value.trim().is_empty() => (value.trim().to_owned(), source),
            Some(_) | None => match self.revealed.get(key.name) {
                Some(value) => (value.trim().to_owned(), Source::Secret),
                None => (key.default.to_owned(), Source::Default),
            },
        }
    }

    /// Lists every setting that is used, with what holds.
    pub fn list(&self) -> Vec<Shown> {
        let used = KEYS.iter().filter(|key| key.kind != Kind::Unused);
        used.map(|key| {
            let (value, source) = self.value(key);
            let value = if key.secret && !value.is_empty() { "(set)".to_owned() } else { value };
            Shown { key, value, source }
        })
        .collect()
    }

    fn place(&mut self, name: &'static str) -> PathBuf {
        let key = key(name).expect("the table has it");
        let (value, source) = self.value(key);
        self.path(&value).unwrap_or_else(|allowed| {
            self.mistakes.push(Mistake {
                key: name.to_owned(),
                given: Some(value),
                source,
                allowed,
            });
            PathBuf::from("/") // So that paths below it are no mistakes of their own.
        })
    }

    /// Reads a path: absolute, or below `~` or `$POCO_HOME`.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
        let (root, rest) = text.split_once('/').unwrap_or((text, ""));
        let path = match root {
            "~" => self.user_home()?.join(rest.trim_start_matches('/')),
            "$POCO_HOME" => self.home.join(rest.trim_start_matches('/')),
            _ => PathBuf::from(text),
        };
        if path.is_absolute() && !path.components().any(|part| part == Component::ParentDir) {
            return Ok(path.components().collect());
        }
        Err("use an absolute path without .., or one that begins with ~/".to_owned())
    }

    fn user_home(&self) -> Result<PathBuf, String> {
        let home = self.environment.get("HOME").filter(|home| Path::new(home).is_absolute());
        let home = home.map(PathBuf::from).or_else(std::env::home_dir);
        home.ok_or_else(|| "it begins with ~, but HOME is not set".to_owned())
    }

    /// Returns what `RUST_LOG` says, the second choice after `POCO_LOG`.
    pub(super) fn rust_log(&self) -> Option<&str> {
        self.environment.get("RUST_LOG").filter(|filter| !filter.is_empty())
    }

    /// Warns of names nobody reads, and of those this version does not use.
    fn note_names(&mut self) {
        let names = self.environment.0.keys().filter(|name| name.starts_with("POCO_"));
        for name in names.filter(|name| key(name).is_none()) {
            let known = hint(name, KEYS.iter().map(|key| key.name));
            self.warnings.push(format!("{name} in the environment is not a setting{known}"));
        }
        let unused = KEYS.iter().filter(|key| key.kind == Kind::Unused);
        let set = unused.filter(|key| self.value(key).1 != Source::Default).map(|key| key.name);
        let set: Vec<_> = set.collect();
        if !set.is_empty() {
            self.warnings.push(format!("not used by this version: {}", set.join(", ")));
        }
    }

    #[cfg(unix)]
    fn note_readable_by_others(&mut self) {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&self.file_path).map(|file| file.permissions().mode());
        let has =
            |file: &SettingsFile| KEYS.iter().any(|key| key.secret && file.get(key).is_some());
        if mode.is_ok_and(|mode| mode & 0o077 != 0) && self.file.as_ref().is_some_and(has) {
            let path = self.file_path.display();
            self.warnings.push(format!(
                "{path} holds secrets and others can read it; run: chmod 600 '{path}'"
            ));
        }
    }

    #[cfg(not(unix))]
    fn note_readable_by_others(&mut self) {}
}
