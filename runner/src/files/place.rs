//! The folder of one task's files. Whoever sent a file chose its name, so nothing in it is trusted.

use super::{Fetched, is_shown, picture};
use crate::home::private_folder;
use poco_core::{Attachment, TaskId, hash};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The longest name, in bytes; a number comes before it.
const NAME_BYTES_MAX: usize = 100;

/// The longest ending that is kept of a name that is too long, in bytes.
const ENDING_BYTES_MAX: usize = 12;

pub(super) struct Place(PathBuf);

impl Place {
    /// Makes an empty folder for a task, in place of one that a try before left.
    pub(super) fn make(root: &Path, task: &TaskId) -> Result<Self, Error> {
        private_folder(root).map_err(Error::other)?;
        // Somebody could have put a link there, to somewhere else.
        if std::fs::symlink_metadata(root)?.is_symlink() {
            let why = format!("{} is a link; files are kept in a real folder only", root.display());
            return Err(Error::other(why));
        }
        let folder = root.join(folder_name(task));
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    /// Writes a file under a name that is safe.
    pub(super) async fn put(
        &self,
        number: usize,
        file: &Attachment,
        bytes: Vec<u8>,
    ) -> Result<Fetched, Error> {
        let is_picture = is_shown(file, &bytes);
        let path = self.0.join(file_name(number, &file.name, &bytes));
        let length = bytes.len();
        let target = path.clone();
        let written = tokio::task::spawn_blocking(move || write(&target, &bytes));
        written.await.map_err(Error::other)??;
        Ok(Fetched { path, bytes: length, is_picture })
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // Nothing that is there already is written to, nor followed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// The id of a task is ours, but it was stored.
fn folder_name(task: &TaskId) -> String {
    let id = task.as_str();
    let is_plain = (1..=40).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_alphanumeric());
    if is_plain { id.to_owned() } else { format!("{:016x}", hash(id)) }
}

/// Makes a name that is in no folder, hidden, or read as an option, and that no other file has.
fn file_name(number: usize, name: &str, bytes: &[u8]) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_fine = |c: &char| {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        !c.is_control()
            && !turns
            && !matches!(c, '`' | '"' | '\'' | '<' | '>' | '|' | ':' | '*' | '?' | '$')
    };
    let name: String =
        last.chars().filter(is_fine).map(|c| if c.is_whitespace() { '_' } else { c }).collect();
    let name = name.trim_matches('.');
    let name = if name.is_empty() { "file" } else { name };
    let ending = match (name.rsplit_once('.'), picture(bytes)) {
        (None, Some(kind)) => format!(".{kind}"),
        _ => String::new(),
    };
    format!("{number}-{}{ending}", shortened(name))
}

fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map(|(_, it)| it).filter(|it| it.len() <= ENDING_BYTES_MAX);
    let start = &name[..name.floor_char_boundary(NAME_BYTES_MAX - ENDING_BYTES_MAX - 1)];
    ending.map_or_else(|| start.to_owned(), |ending| format!("{start}.{ending}"))
}

/// Removes folders that are older than `kept`, and says how many.
pub(super) fn clear(root: &Path, now: SystemTime, kept: Duration) -> Result<usize, Error> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut cleared = 0;
    for entry in entries {
        let entry = entry?;
        // Of a link this is about the link itself.
        let about = entry.metadata()?;
        let age = now.duration_since(about.modified()?).unwrap_or_default();
        if age <= kept {
            continue;
        }
        if about.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
        cleared += 1;
    }
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poco_core::{Media, MessageRef};
    use std::os::unix::fs::PermissionsExt;

    const PNG: &[u8] = &[0x89, b'P', b'N', b'G', 0];

    #[test]
    fn names_are_made_safe() {
        for (name, safe) in [
            ("report.pdf", "1-report.pdf"),
            ("../../etc/passwd", "1-passwd"),
            ("..\\..\\evil.exe", "1-evil.exe"),
            (".bashrc", "1-bashrc"),
            ("..", "1-file"),
            ("", "1-file"),
            ("-rf x\n.txt", "1--rf_x.txt"),
            ("a\u{202e}txt.exe", "1-atxt.exe"),
            ("`$(id)`.txt", "1-(id).txt"),
        ] {
            assert_eq!(file_name(1, name, b"x"), safe, "{name:?}");
        }
        assert_eq!(file_name(2, "picture", PNG), "2-picture.png");
        let long = file_name(3, &format!("{}.pdf", "ü".repeat(300)), b"");
        assert!(long.len() <= NAME_BYTES_MAX + 2 && long.ends_with(".pdf"));
    }

    #[tokio::test]
    async fn files_are_private_and_the_old_ones_go() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("files");
        let file = Attachment {
            message: MessageRef::new("om"),
            key: "k".into(),
            media: Media::Picture,
            name: "../x".into(),
        };
        for _ in 0..2 {
            let place = Place::make(&root, &TaskId::new("t1")).unwrap();
            let put = place.put(1, &file, PNG.to_vec()).await.unwrap();
            assert!(put.is_picture);
            assert_eq!(put.path, root.join("t1/1-x.png"));
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&root.join("t1")), mode(&put.path)), (0o700, 0o600));
        }
        let (now, day) = (SystemTime::now(), Duration::from_secs(86_400));
        assert_eq!(clear(&root, now, day).unwrap(), 0);
        assert_eq!(clear(&root, now + 2 * day, day).unwrap(), 1);
        assert!(!root.join("t1").exists());
        assert_eq!(clear(&home.path().join("none"), now, day).unwrap(), 0);
    }

    #[test]
    fn a_link_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (root, other) = (home.path().join("files"), home.path().join("other"));
        std::fs::create_dir_all(&other).unwrap();
        std::os::unix::fs::symlink(&other, &root).unwrap();
        assert!(Place::make(&root, &TaskId::new("t1")).is_err());
        std::fs::remove_file(&root).unwrap();
        std::fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(&other, root.join("t1")).unwrap();
        std::fs::write(other.join("kept"), "").unwrap();
        let made = Place::make(&root, &TaskId::new("t1"));
        assert!(other.join("kept").exists(), "what a link points to stays");
        assert!(made.is_err() || !root.join("t1").is_symlink());
    }
}
