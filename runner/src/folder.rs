//! Looks at folders of this machine that people name.

use poco_core::Text;
use poco_core::words::agent as words;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Returns the full path of a folder that can be worked in, or says what is wrong with it.
pub(crate) fn look(named: &str) -> Result<String, Text> {
    let path = expand(named.trim())?;
    let full = path.canonicalize().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            return words::folder_missing(named);
        }
        words::folder_unusable(named, error)
    })?;
    if !full.is_dir() {
        return Err(words::not_a_folder(named));
    }
    let text = full.to_str().ok_or_else(|| words::not_text(named))?;
    Ok(text.to_owned())
}

fn expand(named: &str) -> Result<PathBuf, Text> {
    if named.chars().any(char::is_control) {
        return Err(words::no_line_breaks());
    }
    let path = match named.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = std::env::home_dir().ok_or_else(words::no_home)?;
            home.join(rest.trim_start_matches('/'))
        }
        Some(_) | None => Path::new(named).to_owned(),
    };
    if !path.is_absolute() {
        return Err(words::not_full(named));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::Lang;

    #[test]
    fn folders_are_looked_at_as_people_name_them() {
        let wrong = |named: &str| look(named).unwrap_err().of(Lang::En).to_owned();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let full = dir.path().canonicalize().unwrap();
        assert_eq!(look(&format!(" {path}/./ ")), Ok(full.to_str().unwrap().to_owned()));
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(wrong(file.to_str().unwrap()).contains("not a folder"));
        assert!(wrong(&format!("{path}/none")).contains("There is no folder"));
        assert!(wrong("src").contains("full path"));
        assert!(wrong("").contains("full path"));
        assert!(wrong("/tmp\n/x").contains("line breaks"));
        assert!(look("~").is_ok() || std::env::home_dir().is_none());
    }
}
