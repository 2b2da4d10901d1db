//! Looks at folders of this machine that people name.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Returns the full path of a folder that can be worked in, or says what is wrong with it.
pub(crate) fn look(named: &str) -> Result<String, String> {
    let path = expand(named.trim())?;
    let full = path.canonicalize().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            return format!("There is no folder “{named}” on the machine.");
        }
        format!("“{named}” can't be used: {error}.")
    })?;
    if !full.is_dir() {
        return Err(format!("“{named}” is not a folder."));
    }
    let text = full.to_str().ok_or_else(|| format!("The path of “{named}” is no valid text."))?;
    Ok(text.to_owned())
}

fn expand(named: &str) -> Result<PathBuf, String> {
    if named.chars().any(char::is_control) {
        return Err("A path has no line breaks or control characters.".to_owned());
    }
    let path = match named.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home = std::env::home_dir().ok_or("It is not known where the home folder is.")?;
            home.join(rest.trim_start_matches('/'))
        }
        Some(_) | None => Path::new(named).to_owned(),
    };
    if !path.is_absolute() {
        return Err(format!("“{named}” is not a full path. Begin it with / or ~/."));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_looked_at_as_people_name_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let full = dir.path().canonicalize().unwrap();
        assert_eq!(look(&format!(" {path}/./ ")), Ok(full.to_str().unwrap().to_owned()));
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(look(file.to_str().unwrap()).unwrap_err().contains("not a folder"));
        assert!(look(&format!("{path}/none")).unwrap_err().contains("There is no folder"));
        assert!(look("src").unwrap_err().contains("full path"));
        assert!(look("").unwrap_err().contains("full path"));
        assert!(look("/tmp\n/x").unwrap_err().contains("line breaks"));
        assert!(look("~").is_ok() || std::env::home_dir().is_none());
    }
}
