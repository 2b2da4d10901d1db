//! Files of a project on their way into its chat: which may go, and which an answer names.

use poco_core::words::file as words;
use poco_core::{Media, OFFERED_MAX, Text, unturned};
use poco_io::feishu::files::{FILE_BYTES_MAX, PICTURE_BYTES_MAX};
use poco_io::mask::Mask;
use poco_io::port::Parcel;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

/// Names of files that hold keys or passwords, whatever is in them.
const SECRET_NAMES: &[&str] = &[
    "credentials",
    "secrets",
    "secret",
    "passwords",
    "passwd",
    "shadow",
    "htpasswd",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "authorized_keys",
    "known_hosts",
    "service-account",
    "kubeconfig",
];

/// Endings of files that hold keys or passwords.
const SECRET_ENDINGS: &[&str] = &[
    "pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "ppk", "asc", "gpg", "tfstate", "env",
    "p8", "ovpn",
];

const PICTURES: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "bmp"];

/// Endings of what people would rather have than look at in a diff.
const PAPERS: &[&str] =
    &["pdf", "csv", "xlsx", "docx", "pptx", "html", "svg", "zip", "txt", "md", "json"];

/// The most words of an answer that are looked at, and the longest one, in bytes.
const WORDS_MAX: usize = 4_000;
const WORD_BYTES_MAX: usize = 300;

/// The most files of an answer that are looked for.
const TRIED_MAX: usize = 40;

/// Opens a file of a project that may go into a chat, or says why it may not.
pub(crate) fn open(workdir: &str, named: &str, mask: &Mask) -> Result<Parcel, Text> {
    let Found { mut file, about, path } = find(workdir, named)?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(words::no_path)?;
    let mut bytes = vec![];
    let read = file.by_ref().take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(words::unreadable)?;
    check_size(bytes.len() as u64)?;
    if let Some(secret) = mask.found_in(&bytes) {
        return Err(words::holds_secret(secret));
    }
    let is_picture = PICTURES.contains(&ending(name).as_str());
    let is_picture = is_picture && about.len() <= PICTURE_BYTES_MAX as u64;
    let media = if is_picture { Media::Picture } else { Media::File };
    Ok(Parcel { name: unturned(&mask.text(name)), media, bytes })
}

struct Found {
    file: File,
    about: Metadata,
    path: PathBuf,
}

/// Finds a file by its name in a project, or by its full path; both must lead into the project.
fn find(workdir: &str, named: &str) -> Result<Found, Text> {
    let root = Path::new(workdir).canonicalize();
    let root = root.map_err(|_| words::no_project_folder())?;
    let named = root.join(named.trim());
    let gone = |error: std::io::Error| {
        if error.kind() == ErrorKind::NotFound {
            return words::none_such();
        }
        words::unreadable(error)
    };
    // Looked at before it is opened, so that nothing outside is even touched.
    let path = named.canonicalize().map_err(gone)?;
    check_path(&root, &path)?;
    // A pipe must not be waited for.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(&path).map_err(gone)?;
    let about = file.metadata().map_err(gone)?;
    // What was opened is what was looked at, though somebody may have changed a link in between.
    let again = path.canonicalize().ok().filter(|again| *again == path);
    let same = again.and_then(|path| path.symlink_metadata().ok());
    if same.is_none_or(|same| (same.dev(), same.ino()) != (about.dev(), about.ino())) {
        return Err(words::changed_just_now());
    }
    if !about.is_file() {
        return Err(words::no_file());
    }
    check_size(about.len())?;
    Ok(Found { file, about, path })
}

fn check_size(bytes: u64) -> Result<(), Text> {
    if bytes == 0 {
        return Err(words::empty());
    }
    if bytes > FILE_BYTES_MAX as u64 {
        return Err(words::too_large(FILE_BYTES_MAX / 1024 / 1024));
    }
    Ok(())
}

/// Refuses what is outside of a project, hidden, or known by its name to hold secrets.
fn check_path(root: &Path, path: &Path) -> Result<(), Text> {
    let inside = path.strip_prefix(root).map_err(|_| words::outside())?;
    for part in inside.components() {
        let Component::Normal(part) = part else { return Err(words::no_path()) };
        let part = part.to_str().ok_or_else(words::no_path)?.to_lowercase();
        if part.starts_with('.') {
            return Err(words::hidden());
        }
        if is_secret_name(&part) {
            return Err(words::may_be_secret());
        }
    }
    Ok(())
}

/// `server.key.bak` is a key, and `prod.env.local` holds what an `.env` holds.
fn is_secret_name(part: &str) -> bool {
    let mut pieces = part.split('.');
    let stem = pieces.next().unwrap_or_default().replace('_', "-");
    let named = |name: &&str| {
        let name = name.replace('_', "-");
        stem == name || stem.ends_with(&format!("-{name}"))
    };
    SECRET_NAMES.iter().any(named) || pieces.any(|it| SECRET_ENDINGS.contains(&it))
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// Returns the full paths of files of a project that an answer names and that may be sent: pictures
/// and papers first.
pub(crate) fn named(workdir: &str, answer: &str) -> Vec<String> {
    let apart = |c: char| c.is_whitespace() || "`\"'()[]<>,;*|".contains(c);
    let words = answer.split(apart).take(WORDS_MAX).map(bare);
    let mut paths: Vec<PathBuf> = vec![];
    let mut tried: Vec<&str> = vec![];
    for word in words {
        let is_path = word.contains('.') && word.len() <= WORD_BYTES_MAX && !word.contains("://");
        if !is_path || tried.contains(&word) {
            continue;
        }
        if tried.len() == TRIED_MAX {
            break;
        }
        tried.push(word);
        if let Ok(Found { path, .. }) = find(workdir, word)
            && !paths.contains(&path)
        {
            paths.push(path);
        }
    }
    let rank = |path: &PathBuf| {
        let ending = ending(&path.to_string_lossy());
        let lists = [PICTURES, PAPERS];
        lists.iter().position(|list| list.contains(&ending.as_str())).unwrap_or(lists.len())
    };
    paths.sort_by_key(rank);
    let texts = paths.iter().filter_map(|path| path.to_str().map(str::to_owned));
    texts.take(OFFERED_MAX).collect()
}

/// Leaves out what stands around a path in a sentence, and the line behind it.
fn bare(word: &str) -> &str {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    match word.split_once(':') {
        Some((path, line)) if line.starts_with(|c: char| c.is_ascii_digit()) => path,
        Some(_) | None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn project() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("project"), dir.path().join("outside.txt"));
        std::fs::create_dir_all(root.join("out")).unwrap();
        std::fs::create_dir_all(root.join(".ssh")).unwrap();
        std::fs::write(&outside, "outside").unwrap();
        for (name, text) in [
            ("out/plot.png", "png"),
            ("notes.md", "notes"),
            ("main.rs", "fn"),
            (".env", "A=1"),
            ("server.key.bak", "x"),
            ("prod.env.local", "x"),
            ("client_secret.json", "x"),
            ("a\u{202e}gpj.exe", "x"),
            (".ssh/config", "x"),
            ("server.pem", "x"),
            ("credentials.json", "x"),
            ("ID_RSA", "x"),
            ("empty.txt", ""),
            ("leak.txt", "it is hunter22-secret"),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        symlink(&outside, root.join("link.txt")).unwrap();
        symlink(root.join(".env"), root.join("env.txt")).unwrap();
        symlink(root.join("notes.md"), root.join("alias.md")).unwrap();
        dir
    }

    #[test]
    fn only_what_may_leave_does() {
        let dir = project();
        let root = dir.path().join("project");
        let root = root.to_str().unwrap();
        let mask = Mask::default();
        mask.learn([("DB_PASSWORD".to_owned(), "hunter22-secret".to_owned())]);
        let sent = |named: &str| open(root, named, &mask);
        assert_eq!(sent("out/plot.png").unwrap().media, Media::Picture);
        assert_eq!(sent(" notes.md ").unwrap().bytes, b"notes");
        assert_eq!(sent("out/../notes.md").unwrap().name, "notes.md");
        assert_eq!(sent("alias.md").unwrap().bytes, b"notes", "a link inside is fine");
        assert_eq!(sent(&format!("{root}/notes.md")).unwrap().bytes, b"notes");
        assert_eq!(sent("a\u{202e}gpj.exe").unwrap().name, "a⟨U+202E⟩gpj.exe");
        for (named, why) in [
            ("../outside.txt", "outside"),
            ("/etc/hostname", "outside"),
            ("link.txt", "outside"),
            ("env.txt", "Hidden"),
            (".env", "Hidden"),
            (".ssh/config", "Hidden"),
            ("server.pem", "keys"),
            ("server.key.bak", "keys"),
            ("prod.env.local", "keys"),
            ("client_secret.json", "keys"),
            ("credentials.json", "keys"),
            ("ID_RSA", "keys"),
            ("empty.txt", "empty"),
            ("none.txt", "no such file"),
            ("out", "no file"),
            ("leak.txt", "DB_PASSWORD"),
        ] {
            let refused = sent(named).unwrap_err().of(poco_core::Lang::En).to_owned();
            assert!(refused.contains(why), "{named}: {refused}");
            assert!(!refused.contains("hunter22"), "{refused}");
        }
    }

    #[test]
    fn an_answer_offers_what_it_names() {
        let dir = project();
        let root = dir.path().join("project");
        let answer = "I changed `main.rs:12`, wrote [notes](notes.md) and ![plot](out/plot.png). \
                      See .env, link.txt, https://example.com/a.png and none.txt.";
        let named = named(root.to_str().unwrap(), answer);
        let names: Vec<_> = named.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["plot.png", "notes.md", "main.rs"]);
    }
}
