//! The settings file: flat keys as in the environment, or sections, as the Python PoCo wrote it.

use super::json::{Json, find, find_mut};
use super::keys::{KEYS, Key, Kind, key, key_in_section};
use super::mistake::{Mistake, Source, hint};
use std::path::{Path, PathBuf};

/// A settings file as it was read.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    path: PathBuf,
    text: String,
    entries: Vec<(String, Json)>,
}

impl SettingsFile {
    /// Reads a file; one that is not there is empty.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| mistake(path, None, "it is not UTF-8 text".to_owned()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
            Err(error) => return Err(mistake(path, None, format!("it can't be read: {error}"))),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
        let root = serde_json::from_str(&text).map_err(|error| {
            // The error's own words may hold a piece of the file, and the file holds secrets.
            let at = Some((error.line(), error.column()));
            mistake(path, at, "this is not JSON; mend it or move the file away".to_owned())
        })?;
        let Json::Object(entries) = root else {
            let kind = root.kind();
            return Err(mistake(path, Some((1, 1)), format!("it holds {kind}, not an object")));
        };
        Ok(Self { path: path.to_owned(), text, entries })
    }

    /// Returns the value of a setting as text: its flat key counts before its section.
    pub fn get(&self, key: &Key) -> Option<String> {
        if key.kind == Kind::Environment {
            return None;
        }
        let flat = find(&self.entries, key.name).and_then(scalar);
        flat.or_else(|| self.in_section(key).and_then(scalar))
    }

    fn in_section(&self, key: &Key) -> Option<&Json> {
        let (section, field) = key.section?.split_once('.')?;
        let Json::Object(fields) = find(&self.entries, section)? else { return None };
        find(fields, field)
    }

    /// Sets a value where it stands, else as a flat key at the end.
    pub fn set(&mut self, key: &Key, text: &str) {
        let value = Json::Text(text.to_owned());
        if let Some(old) = find_mut(&mut self.entries, key.name) {
            *old = value;
            return;
        }
        let place = key.section.and_then(|path| path.split_once('.'));
        let fields = place.and_then(|(section, _)| find_mut(&mut self.entries, section));
        if let (Some((_, field)), Some(Json::Object(fields))) = (place, fields)
            && let Some(old) = find_mut(fields, field)
        {
            *old = value;
            return;
        }
        self.entries.push((key.name.to_owned(), value));
    }

    /// Returns the file's new text, indented.
    pub fn to_text(&self) -> String {
        let root = Json::Object(self.entries.clone());
        let text = serde_json::to_string_pretty(&root);
        text.expect("plain JSON can always be written") + "\n"
    }

    /// Looks through all keys: values of a wrong type are mistakes, unknown keys are warnings.
    pub(super) fn judge(&self) -> (Vec<Mistake>, Vec<String>) {
        let (mut mistakes, mut warnings) = (vec![], vec![]);
        for (name, value) in &self.entries {
            match (key(name), value) {
                (Some(key), _) if key.kind == Kind::Environment => {
                    warnings
                        .push(format!("{name} counts in the environment only, not in the file"));
                }
                (Some(key), _) if key.kind == Kind::Unused => {}
                (Some(_), Json::List(_) | Json::Object(_)) => {
                    mistakes.push(self.wrong_type(name, None, value));
                }
                (Some(_), _) => {}
                (None, Json::Object(fields)) if is_section(name) => {
                    self.judge_section(name, fields, &mut mistakes, &mut warnings);
                }
                (None, _) if is_section(name) => {
                    let allowed = format!("a section must be an object, not {}", value.kind());
                    let at = self.place(name, None);
                    mistakes.push(mistake(&self.path, at, format!("{name}: {allowed}")));
                }
                (None, _) => {
                    let known = KEYS.iter().map(|key| key.name).chain(SECTIONS);
                    warnings
                        .push(format!("{name} in the file is not a setting{}", hint(name, known)));
                }
            }
        }
        (mistakes, warnings)
    }

    fn judge_section(
        &self,
        section: &str,
        fields: &[(String, Json)],
        mistakes: &mut Vec<Mistake>,
        warnings: &mut Vec<String>,
    ) {
        for (field, value) in fields {
            match (key_in_section(section, field), value) {
                (Some(key), _) if key.kind == Kind::Unused => {}
                (Some(_), Json::List(_) | Json::Object(_)) => {
                    mistakes.push(self.wrong_type(section, Some(field), value));
                }
                (Some(_), _) => {}
                (None, _) => {
                    let name = format!("{section}.{field}");
                    let known = hint(&name, KEYS.iter().filter_map(|key| key.section));
                    warnings.push(format!("{name} in the file is not a setting{known}"));
                }
            }
        }
    }

    fn wrong_type(&self, name: &str, field: Option<&str>, value: &Json) -> Mistake {
        let full = field.map_or(name.to_owned(), |field| format!("{name}.{field}"));
        let allowed = format!("{full} must be text, a number, true or false, not {}", value.kind());
        mistake(&self.path, self.place(name, field), allowed)
    }

    /// Finds the line and column of a key, by its spelling.
    fn place(&self, name: &str, field: Option<&str>) -> Option<(usize, usize)> {
        let mut at = self.text.find(&format!("\"{name}\""))?;
        if let Some(field) = field {
            at += self.text[at..].find(&format!("\"{field}\""))?;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

const SECTIONS: [&str; 3] = ["feishu", "slack", "state"];

fn is_section(name: &str) -> bool {
    SECTIONS.contains(&name)
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(value) => Some(value.to_string()),
        Json::Text(value) => Some(value.clone()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

fn mistake(path: &Path, at: Option<(usize, usize)>, allowed: String) -> Mistake {
    let place = at.map(|(line, column)| format!(", line {line}, column {column}"));
    let key = format!("{}{}", path.display(), place.unwrap_or_default());
    Mistake { key, given: None, source: Source::File, allowed }
}
